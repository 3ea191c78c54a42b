"""``docs/analyst.md`` is followed word for word, from a round to the answers."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "analyst.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(not shutil.which("bash"), reason="it takes a shell")
def test_every_command_works_and_prints_what_the_page_shows(tmp_path: Path) -> None:
    script, expected = ["set -e"], []
    for language, text in BLOCK.findall(PAGE):
        if language == "sh":
            script.append(text)
        else:
            expected += [re.sub(r"\s+", " ", line).strip() for line in text.splitlines()]
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
    printed = {re.sub(r"\s+", " ", line).strip() for line in ran.stdout.splitlines()}
    assert expected
    assert [line for line in expected if line not in printed] == []
    assert (tmp_path / "compared.xlsx").is_file()
