"""Writes ``docs/cli.md`` from the code: every command with its arguments, options, exit codes."""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import typer

from allocator.cli import app
from allocator.errors import Exit
from allocator.texts import say

PAGE = Path("docs/cli.md")


def commands() -> Iterator[tuple[str, str, Any]]:
    """Yield every command: its full name (``policy check``), whom it is for, and its parser."""
    for name, command in _group(typer.main.get_command(app)).items():
        for full, each in _below(name, command):
            yield full, command.rich_help_panel, each


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield a command by its full name, or the commands of a group."""
    below = _group(command)
    if not below:
        yield name, command
    for inner, each in below.items():
        yield from _below(f"{name} {inner}", each)


def page() -> str:
    """Return the reference as Markdown."""
    parts = [
        f"# {say('cli.reference.title')}",
        say("cli.reference.opening"),
        *_exit_codes(),
        f"## {say('cli.reference.environment')}",
        say("cli.reference.debug"),
    ]
    for panel, together in groupby(commands(), key=lambda each: each[1]):
        parts.append(f"## {panel}")
        for name, _, command in together:
            parts += _section(name, command)
    return "\n\n".join(parts) + "\n"


def _group(command: Any) -> dict[str, Any]:
    return getattr(command, "commands", {})


def _exit_codes() -> list[str]:
    rows = [f"| {code.value} | {say(f'cli.reference.exit.{code.name.lower()}')} |" for code in Exit]
    header = f"| {say('cli.reference.code')} | {say('cli.reference.meaning')} |\n|---|---|\n"
    return [f"## {say('cli.reference.exit-codes')}", header + "\n".join(rows)]


def _section(name: str, command: Any) -> list[str]:
    """Return the heading, usage, description and parameters of one command."""
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [
        each
        for each in command.params
        if each.param_type_name == "option" and each.name not in ("as_json", "help")
    ]
    places = " ".join(each.metavar if each.required else f"[{each.metavar}]" for each in arguments)
    usage = " ".join(part for part in ("allocator", name, places, "[OPTIONS]") if part)
    rows = [f"| `{each.metavar}` | {each.help}{_default(each)} |" for each in arguments]
    rows += [f"| `{_option(each)}` | {each.help}{_default(each)} |" for each in options]
    if any(each.name == "as_json" for each in command.params):
        rows.append(f"| `--json` | {say('cli.option.json')} |")
    return [
        f"### allocator {name}",
        f"    {usage}",
        str(command.help).strip(),
        "| | |\n|---|---|\n" + "\n".join(rows),
    ]


def _option(option: Any) -> str:
    names = ", ".join(sorted(option.opts, key=len))
    return names if option.is_flag else f"{names} {option.metavar or 'TEXT'}"


def _default(parameter: Any) -> str:
    """Return what holds where the parameter is left out; nothing where that is nothing."""
    flag = getattr(parameter, "is_flag", False)
    if parameter.required or flag or parameter.default in (None, (), []):
        return ""
    return " " + say("cli.reference.default", value=parameter.default)


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
    print(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
