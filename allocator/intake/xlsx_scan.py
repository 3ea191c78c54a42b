"""An XLSX package is looked through in one streaming pass before any reader may unfold it.

It refuses what could harm (bombs, encryption, macros, document types, far cells) and finds what the
reader would drop without a word: the cells in which a formula failed.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from posixpath import join, normpath
from xml.etree import ElementTree

from allocator.errors import Where
from allocator.intake.raw import MAX_COLUMNS, MAX_ROWS, refuse
from allocator.intake.values import UNCALCULATED

MAX_UNFOLDED = 400_000_000
MAX_RATIO = 150
MAX_PARTS = 2_000
MAX_CELLS = 8_000_000
_RATIO_MATTERS_FROM = 5_000_000
_CHUNK = 1 << 20
_OVERLAP = 1 << 16
_SMALL_PART = 4_000_000
_MOST_ERROR_CELLS = 100_000

type ErrorCells = dict[tuple[int, int], str]
"""What failed formulas show, by (row from 1, column from 0)."""

_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Z]{1,9})(\d{1,12})["']""")
_FAR = re.compile(
    rb"""\sr\s*=\s*["'](?:[A-Z]{3,9}\d|[L-Z][A-Z]\d|K[O-Z]\d|[A-Z]+(?:\d{7,}|[2-9]\d{5}))"""
)
_ERROR_CELL = re.compile(
    rb"""<(?:\w{1,20}:)?c(\s[^>]*\bt\s*=\s*["']e["'][^>]*)>(.*?)</(?:\w{1,20}:)?c\s*>""", re.DOTALL
)
# A formula without a value was never calculated; an empty text (t="str") is a value.
_UNCALCULATED = re.compile(
    rb"""<(?:\w{1,20}:)?c(\s[^>]*)>\s*<(?:\w{1,20}:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w{1,20}:)?f\s*>)\s*"""
    rb"""(?:<(?:\w{1,20}:)?v\s*/>|<(?:\w{1,20}:)?v\s*></(?:\w{1,20}:)?v\s*>)?\s*</(?:\w{1,20}:)?c\s*>"""
)
_TEXT_RESULT = re.compile(rb"""\bt\s*=\s*["']str["']""")
_VALUE = re.compile(rb"<(?:\w{1,20}:)?v\b[^>]*>([^<]{1,40})<")


def scan(data: bytes, file: str) -> dict[str, ErrorCells]:
    """Look through an XLSX file and return its failed formulas by name of the sheet.

    Raises
    ------
    AllocatorError
        The file is no workbook, or must not be opened.
    """
    where = Where(file)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            _check_parts(package, where)
            failed = _look_through(package, where)
            return _by_sheet(package, failed)
    except (zipfile.BadZipFile, zlib.error, EOFError, ElementTree.ParseError):
        raise refuse("intake-zip-broken", where) from None
    except (NotImplementedError, RuntimeError, ValueError, OverflowError, UnicodeError, KeyError):
        raise refuse("intake-zip-broken", where) from None


def _check_parts(package: zipfile.ZipFile, where: Where) -> None:
    """Refuse by the directory of the package alone, before anything is unfolded."""
    parts = package.infolist()
    names = {part.filename.casefold() for part in parts}
    if "mimetype" in names or "xl/workbook.bin" in names:
        raise refuse("intake-other-workbook", where)
    if "xl/workbook.xml" not in names:
        raise refuse("intake-not-workbook", where)
    if any(name.endswith("vbaproject.bin") or "/macrosheets/" in name for name in names):
        raise refuse("intake-macros", where)
    if len(parts) > MAX_PARTS or len(names) < len(parts):
        raise refuse("intake-zip-parts", where)
    for part in parts:
        if part.flag_bits & 0x1:
            raise refuse("intake-encrypted", where)
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise refuse("intake-zip-broken", where)
        if _is_bomb(part):
            raise refuse("intake-bomb", where)
    if sum(part.file_size for part in parts) > MAX_UNFOLDED:
        raise refuse("intake-bomb", where)


def _is_bomb(part: zipfile.ZipInfo) -> bool:
    large = part.file_size > _RATIO_MATTERS_FROM
    return large and part.file_size > MAX_RATIO * max(part.compress_size, 1)


def _look_through(package: zipfile.ZipFile, where: Where) -> dict[str, ErrorCells]:
    failed: dict[str, ErrorCells] = {}
    cells = 0
    for part in package.infolist():
        is_sheet = "worksheets/" in part.filename.casefold()
        for window, fresh in _windows(package, part):
            if _DECLARATION.search(window) or (is_sheet and b"\x00" in window):
                raise refuse("intake-xml-declaration", where)
            if is_sheet:
                # Also counts a few tags that are none: this is a cap, not a census.
                cells += window.count(b"<c", fresh) + window.count(b":c", fresh)
                _check_reach(window, cells, where)
                _note_errors(window, failed.setdefault(part.filename, {}), where)
    return failed


def _windows(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[tuple[bytes, int]]:
    """Give a part piece by piece, each with the end of the one before, and where the new begins."""
    end = b""
    with package.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            yield end + chunk, len(end)
            end = (end + chunk)[-_OVERLAP:]


def _check_reach(window: bytes, cells: int, where: Where) -> None:
    if cells > MAX_CELLS:
        raise refuse("intake-cells", where, most=f"{MAX_CELLS:,}")
    for found in _FAR.finditer(window):
        reference = _REFERENCE.match(window, found.start())
        if reference is None:
            continue
        if _column(reference[1]) >= MAX_COLUMNS or int(reference[2]) > MAX_ROWS:
            raise refuse(
                "intake-far-cell",
                where,
                value=(reference[1] + reference[2]).decode(),
                rows=f"{MAX_ROWS:,}",
                columns=MAX_COLUMNS,
            )


def _column(letters: bytes) -> int:
    """Return the position of a column from 0: ``A`` is 0, ``AA`` is 26."""
    position = 0
    for letter in letters:
        position = position * 26 + letter - 64
    return position - 1


def _note_errors(window: bytes, into: ErrorCells, where: Where) -> None:
    if b't="e"' in window or b"t='e'" in window:
        for cell in _ERROR_CELL.finditer(window):
            value = _VALUE.search(cell[2])
            _note(cell[1], value[1].decode("ascii", "replace") if value else "#N/A", into)
    if b"<f" in window or b":f" in window:
        for cell in _UNCALCULATED.finditer(window):
            if not _TEXT_RESULT.search(cell[1]):
                _note(cell[1], UNCALCULATED, into)
    if len(into) > _MOST_ERROR_CELLS:
        raise refuse("intake-formula-errors", where, most=f"{_MOST_ERROR_CELLS:,}")


def _note(attributes: bytes, shown: str, into: ErrorCells) -> None:
    if reference := _REFERENCE.search(attributes):
        into[int(reference[2]), _column(reference[1])] = shown


def _by_sheet(package: zipfile.ZipFile, failed: dict[str, ErrorCells]) -> dict[str, ErrorCells]:
    """Give the parts the names that their sheets have in the workbook."""
    if not any(failed.values()):
        return {}
    targets = {
        each.get("Id"): normpath(join("/xl", each.get("Target", "")))[1:]
        for each in _small_part(package, "xl/_rels/workbook.xml.rels")
    }
    names: dict[str, ErrorCells] = {}
    for sheet in _small_part(package, "xl/workbook.xml").iter():
        relation = [value for key, value in sheet.items() if key.endswith("}id")]
        if sheet.tag.endswith("}sheet") and relation:
            names[sheet.get("name", "")] = failed.get(targets.get(relation[0], ""), {})
    return names


def _small_part(package: zipfile.ZipFile, name: str) -> ElementTree.Element:
    """Parse a part that is known to declare no entities."""
    with package.open(name) as stream:
        content = stream.read(_SMALL_PART + 1)
    if len(content) > _SMALL_PART:
        raise ValueError(name)
    return ElementTree.fromstring(content)
