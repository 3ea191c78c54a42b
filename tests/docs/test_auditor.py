"""``docs/auditor.md`` is followed word for word, from the zip to a verdict."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from allocator.record.check_all import FROM_INPUTS
from allocator.record.check_container import OPTIONAL, REQUIRED
from allocator.texts import catalogue

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "auditor.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TOOLS = ("bash", "openssl", "sha256sum", "xxd")


@pytest.mark.skipif(not all(map(shutil.which, TOOLS)), reason=f"it takes {', '.join(TOOLS)}")
def test_every_command_works_and_prints_what_the_page_shows(tmp_path: Path) -> None:
    script, expected = ["set -e"], []
    for language, text in BLOCK.findall(PAGE):
        if language == "sh":
            script.append(text)
        else:
            expected += text.splitlines()
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("python3", "allocator"):
        code = '"$@"' if name == "python3" else '-m allocator "$@"'
        (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {code}\n')
        (folder / name).chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    printed = {line.rstrip() for line in ran.stdout.splitlines()}
    assert [line for line in expected if line not in printed] == []
    assert "Verified Successfully" in ran.stdout.replace("Signature ", "")


def test_every_check_and_every_part_is_on_the_page() -> None:
    from_inputs = {f"verify.check.{name}" for name in FROM_INPUTS[2:]}
    for key, title in catalogue().items():
        if key.startswith("verify.check."):
            assert (title.partition(",")[0] if key in from_inputs else title) in PAGE, title
    for name in (*REQUIRED, *OPTIONAL):
        assert f"`{name}`" in PAGE, name
