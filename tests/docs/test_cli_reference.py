"""The command line's reference is current, and no command goes without help and documentation."""

import re
from pathlib import Path

import pytest

from allocator.cli_reference import commands, page
from allocator.texts import say

ROOT = Path(__file__).parent.parent.parent
COMMANDS = list(commands())


def test_the_reference_is_what_the_program_says_now() -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == page(), "run: make docs"


@pytest.mark.parametrize("name, panel, command", COMMANDS, ids=[each[0] for each in COMMANDS])
def test_every_command_has_help_documentation_and_a_reader(
    name: str, panel: str, command: object
) -> None:
    assert panel in {
        say(f"cli.panel.{each}") for each in ("start", "officer", "auditor", "analyst")
    }
    help_text = str(getattr(command, "help", ""))
    assert len(help_text.strip()) > 20
    for parameter in getattr(command, "params", ()):
        assert parameter.help, f"{name}: {parameter.name} has no help"
    assert f"### allocator {name}\n" in page()


def test_documents_link_to_files_that_exist() -> None:
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"
