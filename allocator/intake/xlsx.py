"""An XLSX file becomes sheets of rows, read by a guarded process that may die in our place."""

import json
import subprocess
import sys
from pathlib import Path
from threading import Thread, Timer
from typing import IO, Any

from allocator.errors import Where
from allocator.intake import xlsx_child
from allocator.intake.raw import MAX_CELL, RawRow, RawSheet, refuse
from allocator.intake.xlsx_scan import ErrorCells, scan

_MOST_OUTPUT = 300_000_000
_PATIENCE = 30.0
"""Seconds on the clock; the child's own limit is on the processor's time."""


def read_xlsx(data: bytes, file: str) -> list[RawSheet]:
    """Read every worksheet of a workbook; formulas are read as the values they last had.

    Raises
    ------
    AllocatorError
        The file is no workbook, must not be opened, or could not be read within the limits.
    """
    failed = scan(data, file)
    output = _child_output(data, Where(file))
    try:
        sheets = _sheets(output, failed, file)
    except (ValueError, TypeError, KeyError, IndexError):
        raise refuse("intake-unreadable", Where(file)) from None
    return sheets


def _child_output(data: bytes, where: Where) -> bytes:
    """Run the child on the bytes; nothing is written to a disk on the way."""
    command = [sys.executable, "-I", str(Path(xlsx_child.__file__))]
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert child.stdin is not None and child.stdout is not None
    clock = Timer(_PATIENCE, child.kill)
    feeder = Thread(target=_feed, args=(child.stdin, data), daemon=True)
    clock.start()
    feeder.start()
    try:
        output = child.stdout.read(_MOST_OUTPUT + 1)
    finally:
        clock.cancel()
        child.kill()
        child.wait()
        feeder.join()
        child.stdout.close()
    if len(output) > _MOST_OUTPUT or not output.endswith(b'{"end": true}\n'):
        raise refuse("intake-unreadable", where)
    return output


def _feed(stdin: IO[bytes], data: bytes) -> None:
    try:
        with stdin:
            stdin.write(data)
    except OSError:
        # The child ended early; what it wrote, or did not write, says so.
        return


def _sheets(output: bytes, failed: dict[str, ErrorCells], file: str) -> list[RawSheet]:
    sheets: list[RawSheet] = []
    about: dict[str, Any] = {}
    rows: list[RawRow] = []
    for line in output.splitlines():
        content = json.loads(line)
        if isinstance(content, list):
            number, cells = content
            _check_cells(number, cells, Where(file, about["sheet"]))
            rows.append(RawRow(number, tuple(cells)))
            continue
        if about:
            sheets.append(_sheet(about, rows, failed.get(about["sheet"], {})))
        about, rows = content, []
    return sheets


def _check_cells(number: int, cells: list[str], where: Where) -> None:
    if max(map(len, cells)) > MAX_CELL:
        place = Where(where.file, where.sheet, number)
        raise refuse("intake-cell-long", place, most=f"{MAX_CELL:,}")


def _sheet(about: dict[str, Any], rows: list[RawRow], failed: ErrorCells) -> RawSheet:
    merged = tuple((top, left, low, right) for top, left, low, right in about["merged"])
    return RawSheet(about["sheet"], about["visible"], tuple(_with_errors(rows, failed)), merged)


def _with_errors(rows: list[RawRow], failed: ErrorCells) -> list[RawRow]:
    """Put back what failed formulas show: the reader gives them as blanks."""
    if not failed:
        return rows
    by_number = {row.number: list(row.cells) for row in rows}
    for (number, column), shown in sorted(failed.items()):
        cells = by_number.setdefault(number, [])
        cells.extend([""] * (column + 1 - len(cells)))
        cells[column] = shown
    return [RawRow(number, tuple(cells)) for number, cells in sorted(by_number.items())]
