"""The officer's page: its commands are carried out, each by the person who is said to type it."""

import os
import re
import shlex
from pathlib import Path

import pytest

from allocator.cli import main
from allocator.commands import office_after, office_desk
from allocator.office.identity import Identity
from allocator.office.roles import Source
from allocator.office.store import open_store
from allocator.office.store_rows import SignoffRow

PAGE = (Path(__file__).parents[2] / "docs" / "officer.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```sh (\w+)\n(.*?)```", re.DOTALL)


def test_every_command_of_the_page_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    store = tmp_path / "store" / "office.db"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALLOCATOR_DATABASE_URL", str(store))
    monkeypatch.delenv("ALLOCATOR_KEY_PASSWORD", raising=False)
    for login, block in BLOCK.findall(PAGE):
        who = Identity(login, login.title(), Source.SYSTEM)
        for module in (office_desk, office_after):
            monkeypatch.setattr(module, "from_system", lambda who=who: who)
        for line in block.splitlines():
            words = shlex.split(line.replace("$FINGERPRINT", proposed(store)))
            assert words[0] == "allocator"
            with pytest.raises(SystemExit) as ended:
                main(words[1:])
            said = capsys.readouterr()
            assert ended.value.code == 0, f"{line}\n{said.out}\n{said.err}"
    assert {"decisions.csv", "record.zip"} <= set(os.listdir(tmp_path / "published"))


def proposed(store: Path) -> str:
    """Return what an approver reads off the screen: how the proposal's fingerprint begins."""
    with open_store(store) as opened, opened.reading() as reader:
        found = reader.find(SignoffRow, order=("-id",), limit=1)
    return found[0].fingerprint[:16] if found else "-"


def test_the_page_tells_of_every_setting() -> None:
    from allocator.office.settings import SETTINGS

    assert all(f"`{name}`" in PAGE for name in SETTINGS)
