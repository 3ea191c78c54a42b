"""A table of a page becomes the bytes of a workbook: text stays text, figures stay figures."""

from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any

import xlsxwriter

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LONGEST_CELL = 32_767
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", "-"))
_LONGEST_NAME = 31
_MADE = datetime(2000, 1, 1)
"""The date in the file's properties: fixed, so that the same table gives the same bytes."""

_FORMATS = {
    "text": {"valign": "top"},
    "money": {"num_format": "#,##0.00", "valign": "top"},
    "points": {"num_format": "0.000", "valign": "top"},
    "count": {"num_format": "#,##0", "valign": "top"},
    "share": {"num_format": "0.0%", "valign": "top"},
    "day": {"num_format": "yyyy-mm-dd", "valign": "top"},
    "moment": {"num_format": "yyyy-mm-dd hh:mm", "valign": "top"},
}
_DIVISOR = {"money": 100, "points": 1000}
_HEAD = {"bold": True, "bg_color": "#1F3A4D", "font_color": "#FFFFFF", "valign": "top"}


def sheet_bytes(
    title: str, headings: Sequence[str], kinds: Sequence[str], rows: Sequence[Sequence[Any]]
) -> bytes:
    """Write one table as a workbook.

    Parameters
    ----------
    title : str
        Name of the sheet.
    headings, kinds : sequence of str
        One a column; ``kinds`` are the values of ``components.Kind``.
    rows : sequence of sequences
        Cells: money in minor units, points in thousandths, times in UTC.
    """
    out = BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"created": _MADE})
        sheet = book.add_worksheet(title.translate(_FORBIDDEN)[:_LONGEST_NAME] or "1")
        head = book.add_format(_HEAD)
        formats = {name: book.add_format(form) for name, form in _FORMATS.items()}
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, heading, head)
        for index, cells in enumerate(rows, start=1):
            for column, (kind, cell) in enumerate(zip(kinds, cells, strict=True)):
                _write(sheet, index, column, cell, kind, formats[kind])
        sheet.freeze_panes(1, 0)
        if headings:
            sheet.autofilter(0, 0, max(len(rows), 1), len(headings) - 1)
        sheet.autofit()
    return out.getvalue()


def _write(sheet: Any, row: int, column: int, cell: Any, kind: str, form: Any) -> None:
    if cell is None or cell == "":
        sheet.write_blank(row, column, None, form)
    elif isinstance(cell, datetime):
        sheet.write_datetime(row, column, cell.replace(tzinfo=None), form)
    elif isinstance(cell, date):
        sheet.write_datetime(row, column, datetime(cell.year, cell.month, cell.day), form)
    elif isinstance(cell, str):
        sheet.write_string(row, column, cell[:_LONGEST_CELL], form)
    else:
        sheet.write_number(row, column, float(cell) / _DIVISOR.get(kind, 1), form)
