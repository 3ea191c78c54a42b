"""An answer becomes lines: with colours and boxes on a terminal, plain ones elsewhere, or JSON.

Text that came from a file is never read as markup and cannot steer the terminal.
"""

import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, TextIO

from allocator import __version__
from allocator.commands.answer import Answer, Block, Heading, Items, Problems, Table, Text
from allocator.errors import Problem
from allocator.model import Severity
from allocator.texts import say

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_SUBSTITUTES = str.maketrans({"\u202f": " ", "\u2212": "-", "\u2019": "'", "\u2026": "..."})


def show(answer: Answer, command: str, as_json: bool) -> None:
    """Print an answer: JSON to standard output, words to where they belong."""
    if as_json:
        envelope = {"allocator": __version__, "command": command}
        data = envelope | {"exit_code": int(answer.exit_code)} | answer.data
        _write(sys.stdout, json.dumps(data, indent=2, ensure_ascii=True))
        return
    stream = sys.stderr if answer.refusal else sys.stdout
    if stream.isatty():
        _show_rich(answer.blocks, stream)
    else:
        _write(stream, "\n".join(plain_lines(answer.blocks)))


def plain_lines(blocks: Iterable[Block]) -> Iterator[str]:
    """Yield the lines of an answer without colours or boxes, as a file or a pipe gets them."""
    for number, block in enumerate(blocks):
        if number and isinstance(block, Heading):
            yield ""
        match block:
            case Heading(text) | Text(text):
                yield from map(harmless, text.splitlines())
            case Items(texts):
                yield from (f"- {harmless(text)}" for text in texts)
            case Table():
                yield from _plain_table(block)
            case Problems(problems):
                yield from (f"{each.severity}: {harmless(str(each))}" for each in problems)


def harmless(text: str) -> str:
    """Return a text without characters that steer a terminal or turn the direction of writing."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(sign) in ("Cc", "Cf", "Cs") else sign
        for sign in text
    )


def _plain_table(table: Table) -> Iterator[str]:
    rows = [tuple(map(harmless, row)) for row in (table.headers, *table.rows)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(table.headers))]
    for row in rows:
        cells = (
            cell.rjust(width) if place in table.right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield f"  {'  '.join(cells)}".rstrip()


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text + "\n")
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        simpler = unicodedata.normalize("NFC", text.translate(_SUBSTITUTES))
        stream.write(simpler.encode(encoding, "replace").decode(encoding) + "\n")
    stream.flush()


def _show_rich(blocks: Iterable[Block], stream: TextIO) -> None:
    console = _console(stream)
    for number, block in enumerate(blocks):
        if number and isinstance(block, Heading):
            console.print()
        console.print(_renderable(block))


@cache
def _console(stream: TextIO) -> "Console":
    from rich.console import Console

    return Console(file=stream, highlight=False, markup=False, emoji=False)


def _renderable(block: Block) -> "RenderableType":
    from rich.text import Text as RichText

    match block:
        case Heading(text):
            return RichText(harmless(text), style="bold")
        case Text(text):
            return RichText("\n".join(map(harmless, text.splitlines())))
        case Items(texts):
            return _rich_items(texts)
        case Table():
            return _rich_table(block)
        case Problems(problems):
            return _rich_problems(problems)


def _rich_items(texts: Iterable[str]) -> "RenderableType":
    from rich.table import Table as RichTable
    from rich.text import Text as RichText

    made = RichTable.grid(padding=(0, 1))
    for text in texts:
        made.add_row("-", RichText(harmless(text)))
    return made


def _rich_table(table: Table) -> "RenderableType":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text as RichText

    made = RichTable(box=SIMPLE_HEAD, pad_edge=False)
    for place, header in enumerate(table.headers):
        made.add_column(header, justify="right" if place in table.right else "left")
    for row in table.rows:
        made.add_row(*(RichText(harmless(cell)) for cell in row))
    return made


def _rich_problems(problems: Iterable[Problem]) -> "RenderableType":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text as RichText

    made = RichTable(box=SIMPLE_HEAD, pad_edge=False, show_lines=True)
    made.add_column(say("cli.problems.severity"), no_wrap=True)
    made.add_column(say("cli.problems.where"), ratio=2)
    made.add_column(say("cli.problems.what"), ratio=3)
    made.add_column(say("cli.problems.do"), ratio=3)
    for each in problems:
        cells = (str(each.where), each.what, each.do)
        severity = RichText(each.severity.value, style=STYLES[each.severity])
        made.add_row(severity, *(RichText(harmless(cell)) for cell in cells))
    return made
