"""Bytes of a delimited text file become rows: encoding and delimiter found out, nothing trusted."""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from allocator.errors import Problem, Where, problem
from allocator.intake.raw import MAX_CELL, MAX_COLUMNS, MAX_ROWS, RawRow, RawSheet, refuse
from allocator.model import Severity

_DELIMITERS = (",", ";", "\t")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_ALL_BYTES = bytes(range(256))
_NO_LETTER = bytes(byte for byte in _ALL_BYTES if byte > 127 or not chr(byte).isalpha())
_NO_ACCENT = bytes(
    byte
    for byte in _ALL_BYTES
    if byte < 128 or not bytes([byte]).decode("cp1252", "replace").isalpha()
)
_MOST_LINES_IN_A_ROW = 500
_LONGEST_LINE = 1_000_000
# More delimiters than this in a line are columns, not the commas of a text.
_MOST_DELIMITERS_IN_A_LINE = 5_000
_SAMPLE_ROWS = 40


def read_csv(
    data: bytes, file: str, score: Callable[[Sequence[str]], int]
) -> tuple[RawSheet, list[Problem]]:
    """Read delimited text.

    Parameters
    ----------
    data : bytes
        UTF-8 with or without byte order mark, UTF-16, or Windows-1252.
    file : str
        Name for messages.
    score : callable
        How much a row looks like the header; it decides between delimiters.

    Returns
    -------
    tuple of RawSheet and list of Problem
        The rows, and notes on what was assumed.

    Raises
    ------
    AllocatorError
        The bytes are no such text, or break a limit.
    """
    text, notes = _decoded(data, file)
    delimiter, text, skipped = _delimiter(text, file, score)
    rows: list[RawRow] = []
    for number, cells in _records(text, delimiter, file, skipped):
        kept = _trimmed(cells)
        if not kept:
            continue
        _check_limits(number, kept, len(rows), file)
        rows.append(RawRow(number, tuple(kept)))
    return RawSheet("", True, tuple(rows)), notes


def _trimmed(cells: list[str]) -> list[str]:
    kept = [cell.strip() for cell in cells]
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _check_limits(number: int, cells: list[str], rows: int, file: str) -> None:
    if rows >= MAX_ROWS:
        raise refuse("intake-rows", Where(file), most=f"{MAX_ROWS:,}")
    if len(cells) > MAX_COLUMNS:
        raise refuse("intake-columns", Where(file, row=number), most=MAX_COLUMNS)
    if max(map(len, cells)) > MAX_CELL:
        raise refuse("intake-cell-long", Where(file, row=number), most=f"{MAX_CELL:,}")


def _decoded(data: bytes, file: str) -> tuple[str, list[Problem]]:
    """Turn bytes into text without a guess that could garble a name unseen."""
    encoding = _encoding(data)
    notes: list[Problem] = []
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8":
            raise refuse("intake-encoding", Where(file)) from None
        text = _windows_1252(data, file)
        notes.append(problem("intake-windows-1252", Where(file), severity=Severity.NOTE))
    text = text.removesuffix("\x1a")
    if control := _CONTROL.search(text):
        line = text.count("\n", 0, control.start()) + 1
        raise refuse("intake-binary", Where(file, line=line))
    return text, notes


def _encoding(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without a mark, Latin letters in UTF-16 show as a NUL in every second byte.
    start = data[: 4096 // 2 * 2]
    even, odd = start[::2].count(0), start[1::2].count(0)
    if odd > len(start) // 5 and not even:
        return "utf-16-le"
    if even > len(start) // 5 and not odd:
        return "utf-16-be"
    return "utf-8"


def _windows_1252(data: bytes, file: str) -> str:
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        raise refuse("intake-encoding", Where(file)) from None
    plain, accented = len(data.translate(None, _NO_LETTER)), len(data.translate(None, _NO_ACCENT))
    # Another alphabet in another encoding would come out as accented letters throughout.
    if accented * 3 > plain:
        raise refuse("intake-encoding", Where(file))
    return text


def _delimiter(text: str, file: str, score: Callable[[Sequence[str]], int]) -> tuple[str, str, int]:
    """Return the delimiter, the text to read and the number of rows left out before it."""
    first, _, rest = text.partition("\n")
    declared = re.fullmatch(r'"?sep=(.)"?\r?', first)
    if declared and declared[1] in _DELIMITERS:
        return declared[1], rest, 1
    return max(_DELIMITERS, key=lambda each: _fit(text, each, score)), text, 0


def _fit(text: str, delimiter: str, score: Callable[[Sequence[str]], int]) -> tuple[int, int]:
    best = (0, 0)
    sample = csv.reader(io.StringIO(text[:200_000], newline=""), delimiter=delimiter)
    try:
        for cells in islice(sample, _SAMPLE_ROWS):
            some = [cell.strip() for cell in cells[:MAX_COLUMNS]]
            best = max(best, (score(some), len(some)))
    except csv.Error:
        return best
    return best


class _Lines:
    """Physical lines for ``csv.reader``, which would otherwise join them without end."""

    def __init__(self, text: str, delimiter: str, file: str):
        self.lines = _LINE.finditer(text)
        self.delimiter = delimiter
        self.file = file
        self.row = 1
        self.taken = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self.lines)[0]
        self.taken += 1
        where = Where(self.file, row=self.row)
        if self.taken > _MOST_LINES_IN_A_ROW:
            raise refuse("intake-quotes", where)
        if line.count(self.delimiter) > _MOST_DELIMITERS_IN_A_LINE:
            raise refuse("intake-columns", where, most=MAX_COLUMNS)
        if len(line) > _LONGEST_LINE:
            raise refuse("intake-line-long", where, most=f"{_LONGEST_LINE:,}")
        return line


def _records(text: str, delimiter: str, file: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    lines = _Lines(text, delimiter, file)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = skipped
    while True:
        number += 1
        lines.row, lines.taken = number, 0
        try:
            cells = next(reader, None)
        except csv.Error as error:
            code = "intake-cell-long" if "field limit" in str(error) else "intake-quotes"
            where = Where(file, row=number)
            raise refuse(code, where, most=f"{MAX_CELL:,}") from None
        if cells is None:
            return
        yield number, cells
