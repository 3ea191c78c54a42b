"""The bytes of a file from a stranger become one table: headers, and rows of text below them.

Nothing is understood here but the header row, which is found by the names of known columns.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from allocator.errors import Problem, Where, problem
from allocator.intake.columns import APPLICATIONS, Vocabulary, score
from allocator.intake.csv_text import read_csv
from allocator.intake.folding import word
from allocator.intake.raw import MAX_BYTES, RawRow, RawSheet, refuse
from allocator.intake.words import TOTAL
from allocator.intake.xlsx import read_xlsx
from allocator.model import Severity
from allocator.texts import say

HEADER_WITHIN = 30
"""Rows of a sheet in which the header is looked for."""
_KNOWN_NEEDED = 2
_MOST_FILLED = 1_000_000
_MERGES_NAMED = 50

_KINDS = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "intake-ole"),
    (b"%PDF", "intake-pdf"),
    (b"\x89PNG", "intake-picture"),
    (b"\xff\xd8\xff", "intake-picture"),
    (b"GIF8", "intake-picture"),
    (b"II*\x00", "intake-picture"),
    (b"MM\x00*", "intake-picture"),
    (b"{\\rtf", "intake-not-table"),
    (b"<?xml", "intake-not-table"),
    (b"<html", "intake-not-table"),
    (b"<!doctype", "intake-not-table"),
    (b"\x1f\x8b", "intake-not-table"),
    (b"rar!", "intake-not-table"),
    (b"7z\xbc\xaf", "intake-not-table"),
)


@dataclass(frozen=True, slots=True)
class Table:
    """A header row and the rows below it.

    Every row has at least as many cells as there are headers; see ``RawRow`` for their form.
    ``problems`` are those met on the way here; an error among them names a row that is not to be
    used.
    """

    file: str
    sheet: str
    header_row: int
    headers: tuple[str, ...]
    rows: tuple[RawRow, ...]
    problems: tuple[Problem, ...]

    def where(self, row: int = 0, column: str = "") -> Where:
        """Return a place in this table."""
        return Where(self.file, self.sheet, row, column)


def read_table(data: bytes, file: str, vocabulary: Vocabulary = APPLICATIONS) -> Table:
    """Read a CSV or XLSX file as the table whose headers the vocabulary knows.

    Parameters
    ----------
    data : bytes
        The file.
    file : str
        Its name, for messages; the content alone tells the kind of file.
    vocabulary : Vocabulary
        The columns to look for.

    Raises
    ------
    AllocatorError
        The file cannot be read as a table, or has no header row.
    """
    _check_kind(data, file)
    problems: list[Problem] = []
    if data.startswith(b"PK"):
        sheets = read_xlsx(data, file)
    else:
        sheet, problems = read_csv(data, file, lambda cells: score(cells, vocabulary))
        sheets = [sheet]
    if not any(sheet.rows for sheet in sheets):
        raise refuse("intake-empty", Where(file))
    filled = [_fill_merged(sheet, file) for sheet in sheets]
    chosen, about_choice = _choose(filled, file, vocabulary)
    table = _below_header(chosen, file, vocabulary)
    merges = _merges_named(chosen, table)
    return replace(table, problems=(*problems, *about_choice, *merges, *table.problems))


def _check_kind(data: bytes, file: str) -> None:
    if len(data) > MAX_BYTES:
        raise refuse("intake-file-large", Where(file), most=MAX_BYTES // 1_000_000)
    if not data.strip(b"\x00 \r\n\t,;"):
        raise refuse("intake-empty", Where(file))
    start = data[:64].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    for mark, code in _KINDS:
        if start.startswith(mark.lower()):
            encrypted = code == "intake-ole" and "EncryptedPackage".encode("utf-16-le") in data
            raise refuse("intake-encrypted" if encrypted else code, Where(file))


def _fill_merged(sheet: RawSheet, file: str) -> RawSheet:
    """Give every row of cells merged downwards the value that stands in the topmost."""
    downwards = [area for area in sheet.merged if area[2] > area[0]]
    if not downwards:
        return sheet
    numbers = [row.number for row in sheet.rows]
    rows = [list(row.cells) for row in sheet.rows]
    filled = 0
    for top, left, low, _ in downwards:
        first, end = bisect_left(numbers, top), bisect_right(numbers, low)
        filled += end - first
        if filled > _MOST_FILLED:
            raise refuse("intake-merged-many", Where(file, sheet.name))
        if first < len(numbers) and numbers[first] == top and left < len(rows[first]):
            for cells in rows[first + 1 : end]:
                cells.extend([""] * (left + 1 - len(cells)))
                cells[left] = rows[first][left]
    raws = tuple(RawRow(number, tuple(cells)) for number, cells in zip(numbers, rows, strict=True))
    return replace(sheet, rows=raws)


def _merges_named(sheet: RawSheet, table: Table) -> list[Problem]:
    below = [
        area for area in sorted(sheet.merged) if area[0] > table.header_row and area[2] > area[0]
    ]
    return [
        problem(
            "intake-merged",
            table.where(top, table.headers[left] if left < len(table.headers) else ""),
            severity=Severity.WARNING,
            first=top,
            last=low,
        )
        for top, left, low, _ in below[:_MERGES_NAMED]
    ]


def _choose(
    sheets: Sequence[RawSheet], file: str, vocabulary: Vocabulary
) -> tuple[RawSheet, list[Problem]]:
    """Choose the sheet with the best header row, visible before hidden, the first of equals."""
    scores = [_header(sheet, vocabulary)[0] for sheet in sheets]
    if max(scores) < _KNOWN_NEEDED:
        code = "intake-no-header"
        raise refuse(code, Where(file), rows=HEADER_WITHIN, columns=", ".join(vocabulary.required))
    best = max(
        range(len(sheets)),
        key=lambda at: (scores[at] >= _KNOWN_NEEDED and sheets[at].visible, scores[at], -at),
    )
    chosen = sheets[best]
    problems = []
    for at, other in enumerate(sheets):
        alike = scores[at] >= max(_KNOWN_NEEDED, scores[best] - 2)
        if at == best or not other.rows or (other.name in _our_sheets() and not alike):
            continue
        problems.append(
            problem(
                "intake-sheet-alike" if alike else "intake-sheet-not-read",
                Where(file, other.name),
                severity=Severity.WARNING if alike else Severity.NOTE,
                chosen=chosen.name,
            )
        )
    return chosen, problems


def _our_sheets() -> tuple[str, ...]:
    """Return the sheets of explanations in the workbook that ``allocator new`` makes."""
    return say("template.sheet.guide"), say("template.sheet.lists")


def _header(sheet: RawSheet, vocabulary: Vocabulary) -> tuple[int, int]:
    """Return how many known columns the best header row names, and its place among the rows."""
    best = (0, 0)
    for place, row in enumerate(sheet.rows[:HEADER_WITHIN]):
        if row.number > HEADER_WITHIN:
            break
        found = score(row.cells, vocabulary)
        if found > best[0]:
            best = (found, place)
    return best


def _below_header(sheet: RawSheet, file: str, vocabulary: Vocabulary) -> Table:
    _, place = _header(sheet, vocabulary)
    header = sheet.rows[place]
    width = len(header.cells)
    rows: list[RawRow] = []
    table = Table(file, sheet.name, header.number, header.cells, (), ())
    problems: list[Problem] = []
    unnamed = {position for position, text in enumerate(header.cells) if not text}
    used: set[int] = set()
    needed = _needed(header, vocabulary)
    for row in sheet.rows[place + 1 :]:
        if row.cells == header.cells:
            problems.append(
                problem("intake-header-again", table.where(row.number), severity=Severity.NOTE)
            )
            continue
        if _is_total(row, needed):
            problems.append(
                problem("intake-total", table.where(row.number), severity=Severity.WARNING)
            )
            continue
        if len(row.cells) > width:
            problems.append(_too_long(row, table))
        used.update(at for at in unnamed if at < len(row.cells) and row.cells[at])
        rows.append(RawRow(row.number, row.cells + ("",) * (width - len(row.cells))))
    problems.extend(_unnamed(used, table))
    if not rows and not vocabulary.may_be_empty:
        raise refuse("intake-no-rows", table.where(header.number))
    return replace(table, rows=tuple(rows), problems=tuple(problems))


def _needed(header: RawRow, vocabulary: Vocabulary) -> tuple[int, ...]:
    """Return the positions of the columns that no row can do without."""
    return tuple(
        at
        for at, text in enumerate(header.cells)
        if text and vocabulary.known(text) in vocabulary.required
    )


def _is_total(row: RawRow, needed: tuple[int, ...]) -> bool:
    """Tell whether a row says "total" first and nothing else that an application must say."""
    first = next((at for at, cell in enumerate(row.cells) if cell), -1)
    return (
        first >= 0
        and word(row.cells[first][:20]) in TOTAL
        and not any(at < len(row.cells) and row.cells[at] for at in needed if at != first)
    )


def _too_long(row: RawRow, table: Table) -> Problem:
    """In a text file, cells beyond the headers mean that a delimiter shifted the row."""
    if table.sheet:
        beyond = letters(len(row.cells) - 1)
        place = table.where(row.number, beyond)
        return problem("intake-cell-beyond", place, severity=Severity.WARNING)
    return problem(
        "intake-row-long", table.where(row.number), cells=len(row.cells), headers=len(table.headers)
    )


def _unnamed(used: set[int], table: Table) -> list[Problem]:
    return [
        problem(
            "intake-column-unnamed",
            table.where(table.header_row, letters(position)),
            severity=Severity.WARNING,
            letter=letters(position),
        )
        for position in sorted(used)
    ]


def letters(position: int) -> str:
    """Return a column's letters by its position: 0 is ``A``, 26 is ``AA``."""
    text = ""
    position += 1
    while position:
        position, letter = divmod(position - 1, 26)
        text = chr(65 + letter) + text
    return text
