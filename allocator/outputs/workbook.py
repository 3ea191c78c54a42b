"""Tables become sheets of a workbook: values only, formatted, the same bytes every time.

Text is written as text, never as a formula or a link. Nothing goes through a temporary file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import xlsxwriter

from allocator.texts import say

LONGEST_CELL = 32_767
"""Excel's limit for the characters of a cell; longer text is cut."""

_A4 = 9
_FORMATS: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 14},
    "note": {"font_color": "#52606B"},
    "alert": {"bold": True, "font_color": "#9A2A00"},
    "head": {
        "bold": True,
        "bg_color": "#1F3A4D",
        "font_color": "#FFFFFF",
        "text_wrap": True,
        "valign": "top",
        "border": 1,
        "border_color": "#B8C2CC",
    },
    "text": {"valign": "top"},
    "long": {"valign": "top", "text_wrap": True},
    "strong": {"valign": "top", "bold": True},
    "money": {"num_format": "#,##0.00", "valign": "top"},
    "points": {"num_format": "0.000", "valign": "top"},
    "count": {"num_format": "#,##0", "valign": "top"},
    "word": {"bold": True, "valign": "top"},
    "word awarded": {"bg_color": "#DDF2E3", "font_color": "#0B5B2B"},
    "word declined": {"bg_color": "#FFF0D6", "font_color": "#704400"},
    "word ineligible": {"bg_color": "#E8E8EC", "font_color": "#3F3F46"},
    "word error": {"bg_color": "#FBE0DB", "font_color": "#8A1C00"},
    "word warning": {"bg_color": "#FFF0D6", "font_color": "#704400"},
    "word note": {"bg_color": "#E3EEF6", "font_color": "#1F3A4D"},
}
"""Formats by name; a ``word`` cell is coloured by the word in it: colour never stands alone."""

type Cell = str | int | Fraction | None


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its heading, the name of its format, its width in characters."""

    heading: str
    format: str
    width: int


def field(name: str, form: str = "text", width: int = 14) -> Field:
    """Return a column whose heading is the text ``outputs.column.<name>``."""
    return Field(say(f"outputs.column.{name}"), form, width)


class Book:
    """A workbook in the making.

    Parameters
    ----------
    path : Path
        The file to write on ``close``.
    title : str
        The title in the file's properties.
    created : date
        The date in the file's properties: fixed, so that the same content gives the same bytes.
    """

    def __init__(self, path: Path, title: str, created: date):
        options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
        self._book = xlsxwriter.Workbook(str(path), options)
        moment = datetime(created.year, created.month, created.day)
        self._book.set_properties({"title": title, "created": moment})
        self.formats = {
            name: self._book.add_format(_FORMATS["word"] | each if " " in name else each)
            for name, each in _FORMATS.items()
        }

    def sheet(self, key: str) -> "Sheet":
        """Add the sheet named by the text ``outputs.sheet.<key>``."""
        return Sheet(self._book.add_worksheet(say(f"outputs.sheet.{key}")), self.formats)

    def close(self) -> None:
        """Write the file."""
        self._book.close()


class Sheet:
    """A worksheet, filled from the top.

    Parameters
    ----------
    sheet : xlsxwriter worksheet
        Where to write.
    formats : dict
        Formats by name.
    """

    def __init__(self, sheet: Any, formats: dict[str, Any]):
        self._sheet = sheet
        self._formats = formats
        self._row = 0

    def line(self, text: str, form: str = "note") -> None:
        """Write one line of text."""
        self._sheet.write_string(self._row, 0, text[:LONGEST_CELL], self._formats[form])
        self._row += 1

    def widths(self, *widths: int) -> None:
        """Set the widths of the first columns, in characters."""
        for column, width in enumerate(widths):
            self._sheet.set_column(column, column, width)

    def table(self, fields: Sequence[Field], rows: Iterable[Sequence[Cell]]) -> tuple[int, int]:
        """Write headings and rows, leave a row free; return the first and the last row's index."""
        for column, each in enumerate(fields):
            self._sheet.write_string(self._row, column, each.heading, self._formats["head"])
        first = self._row
        for cells in rows:
            self._row += 1
            for column, (each, cell) in enumerate(zip(fields, cells, strict=True)):
                self._write(column, cell, each.format)
        last = self._row
        self._row += 2
        return first, last

    def main_table(self, fields: Sequence[Field], rows: Iterable[Sequence[Cell]]) -> None:
        """Write the table the sheet is about: widths, frozen headings, filter, print set-up."""
        self.widths(*(each.width for each in fields))
        first, last = self.table(fields, rows)
        self._sheet.freeze_panes(first + 1, 1)
        self._sheet.autofilter(first, 0, last, len(fields) - 1)
        self._sheet.repeat_rows(first)
        self.printed()

    def printed(self) -> None:
        """Set the sheet up for A4 landscape, as wide as the page."""
        self._sheet.set_landscape()
        self._sheet.set_paper(_A4)
        self._sheet.fit_to_pages(1, 0)

    def _write(self, column: int, cell: Cell, form: str) -> None:
        name = f"{form} {cell}"
        look = self._formats[name if name in self._formats else form]
        if cell is None or cell == "":
            self._sheet.write_blank(self._row, column, None, look)
        elif isinstance(cell, str):
            self._sheet.write_string(self._row, column, cell[:LONGEST_CELL], look)
        else:
            self._sheet.write_number(self._row, column, float(cell), look)
