"""Writes ``docs/roles.md`` from the one table of who may do what."""

from pathlib import Path

from allocator.office.roles import PERMITTED, Command, Role
from allocator.office.states import TRANSITIONS
from allocator.texts import say

PAGE = Path("docs/roles.md")


def page() -> str:
    """Return the table of roles and that of states as Markdown."""
    roles = [say(f"office.role.{role}") for role in Role]
    lines = [
        f"# {say('office.reference.title')}",
        "",
        say("office.reference.opening"),
        "",
        f"| {say('office.reference.command')} | {' | '.join(roles)} |",
        f"|---|{':---:|' * len(roles)}",
        *(_row(command) for command in Command),
        "",
        f"## {say('office.reference.states')}",
        "",
        say("office.reference.states-opening"),
        "",
        f"| {say('office.reference.before')} | {say('office.reference.command')} | "
        f"{say('office.reference.after')} |",
        "|---|---|---|",
        *(
            f"| {each.before} | {say(f'office.command.{each.command}')} | {each.after} |"
            for each in TRANSITIONS
        ),
    ]
    return "\n".join(lines) + "\n"


def _row(command: Command) -> str:
    marks = ("yes" if role in PERMITTED[command] else "" for role in Role)
    return f"| {say(f'office.command.{command}')} | {' | '.join(marks)} |"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
    print(PAGE)


if __name__ == "__main__":
    main()
