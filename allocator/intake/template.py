"""Makes the files an officer fills in: ``round.yaml``, the applications workbook, ``policy.yaml``.

The workbook offers lists, explains each header, and keeps the header row from being changed; all
that it offers is what ``intake`` reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import xlsxwriter

from allocator import countries
from allocator.model import Gender, Package
from allocator.texts import say

ROWS = 1000
"""Rows below the header that are prepared for entries."""

_MADE = datetime(2025, 1, 1)
"""Written as the day of making, so that the same template is always the same bytes."""

_YES_NO = ("yes", "no")
_ROLES = ("Chair", "Vice-chair", "Rapporteur", "Associate Rapporteur", "Editor")
_TEXT, _NUMBER, _MONEY, _DAY = "@", "0", "0.00", "yyyy-mm-dd"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the applications sheet; ``choices`` are offered as a list."""

    name: str
    width: int
    form: str = _TEXT
    needed: bool = False
    choices: tuple[str, ...] = ()


def columns(meetings: Sequence[str], on: date) -> tuple[Column, ...]:
    """Return the columns of the applications sheet, in order.

    Parameters
    ----------
    meetings : sequence of str
        Ids offered for the column ``meeting``.
    on : date
        The day whose Member States are offered.
    """
    states = sorted(countries.display_name(code) for code in countries.member_states(on))
    return (
        Column("application_id", 15, needed=True),
        Column("person_id", 12, needed=True),
        Column("family_name", 20),
        Column("given_name", 20),
        Column("gender", 12, choices=tuple(gender.value for gender in Gender)),
        Column("administration", 28, needed=True, choices=tuple(states)),
        Column("meeting", 16, needed=True, choices=tuple(meetings)),
        Column("requested", 12, needed=True, choices=tuple(package.value for package in Package)),
        Column("accepts_partial", 16, choices=_YES_NO),
        Column("ticket_cost", 13, _MONEY),
        Column("ticket_currency", 16, choices=("CHF", "EUR", "USD")),
        Column("contributions", 14, _NUMBER),
        Column("role", 20, choices=_ROLES),
        Column("first_time", 12, choices=_YES_NO),
        Column("specific_needs", 15, choices=_YES_NO),
        Column("registration_approved", 21, choices=_YES_NO),
        Column("authorised", 12, choices=_YES_NO),
        Column("received", 13, _DAY),
    )


def round_text(identifier: str, title: str) -> str:
    """Return a ``round.yaml`` with explanations and values that are valid as they stand."""
    text = (resources.files("allocator") / "samples/new/round.yaml").read_text(encoding="utf-8")
    quoted = "'" + " ".join(title.split()).replace("'", "''") + "'"
    return Template(text).substitute(id=identifier, title=quoted)


def write_workbook(
    path: Path, meetings: Sequence[str], on: date, rows: Sequence[Sequence[str]] = ()
) -> None:
    """Write the applications workbook.

    Parameters
    ----------
    path : Path
        The file to make.
    meetings : sequence of str
        Ids offered for the column ``meeting``.
    on : date
        The day whose Member States are offered.
    rows : sequence of sequences of str
        Entries to begin with, in the order of ``columns``; empty texts stay blank.
    """
    book = xlsxwriter.Workbook(
        path, {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties({"title": say("template.guide.title"), "created": _MADE})
    made = columns(meetings, on)
    sheet = book.add_worksheet(say("template.sheet.applications"))
    _write_guide(book, made)
    lists = _write_lists(book, made)
    _write_sheet(book, sheet, made, lists)
    _write_rows(sheet, made, rows)
    book.close()


def _write_sheet(book: Any, sheet: Any, made: Sequence[Column], lists: dict[str, str]) -> None:
    header = book.add_format({"bold": True, "bg_color": "#DCE6F1", "bottom": 1, "locked": True})
    for place, column in enumerate(made):
        cell = book.add_format({"num_format": column.form, "locked": False})
        sheet.set_column(place, place, column.width, cell)
        sheet.write_string(0, place, column.name, header)
        sheet.write_comment(
            0, place, say(f"template.column.{column.name}.note"), {"x_scale": 2.2, "y_scale": 1.1}
        )
        rule = _validation(column, lists)
        if rule:
            sheet.data_validation(1, place, ROWS, place, rule)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, ROWS, len(made) - 1)
    sheet.protect(
        "",
        {
            **dict.fromkeys(("format_cells", "format_columns", "format_rows"), True),
            **dict.fromkeys(("insert_rows", "delete_rows", "sort", "autofilter"), True),
        },
    )


def _validation(column: Column, lists: dict[str, str]) -> dict[str, Any]:
    """Return a check that points a value out and lets it pass: what was received is recorded."""
    rule: dict[str, Any] = {}
    if column.choices:
        message = say("template.check.list")
        rule = {"validate": "list", "source": lists[column.name]}
    elif column.form == _DAY:
        message = say("template.check.day")
        rule = {"validate": "date", "criteria": ">=", "value": date(2000, 1, 1)}
    elif column.form in (_NUMBER, _MONEY):
        message = say("template.check.number")
        rule = {"validate": "decimal", "criteria": ">=", "value": 0}
    else:
        return rule
    return rule | {"error_type": "warning", "error_title": column.name, "error_message": message}


def _write_rows(sheet: Any, made: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    for number, row in enumerate(rows, start=1):
        for place, (column, value) in enumerate(zip(made, row, strict=True)):
            if not value:
                continue
            if column.form == _DAY:
                sheet.write_datetime(number, place, datetime.fromisoformat(value))
            elif column.form in (_NUMBER, _MONEY):
                sheet.write_number(number, place, float(value))
            else:
                sheet.write_string(number, place, value)


def _write_guide(book: Any, made: Sequence[Column]) -> None:
    """Write the second sheet: rules of filling in, then every column with an example."""
    sheet = book.add_worksheet(say("template.sheet.guide"))
    title = book.add_format({"bold": True, "font_size": 14})
    header = book.add_format({"bold": True, "bottom": 1})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 24, wrapped)
    sheet.set_column(1, 1, 10, wrapped)
    sheet.set_column(2, 2, 80, wrapped)
    sheet.set_column(3, 3, 18, wrapped)
    sheet.write_string(0, 0, say("template.guide.title"), title)
    line = 2
    for topic in ("rows", "blank", "lists", "columns", "header", "privacy", "next"):
        sheet.merge_range(line, 0, line, 3, say(f"template.guide.{topic}"), wrapped)
        sheet.set_row(line, 32)
        line += 1
    line += 1
    for place, word in enumerate(("column", "needed", "meaning", "example")):
        sheet.write_string(line, place, say(f"template.sheet-word.{word}"), header)
    for column in made:
        line += 1
        needed = "template.needed" if column.needed else "template.optional"
        about = f"template.column.{column.name}"
        cells = (column.name, say(needed), say(f"{about}.note"), say(f"{about}.example"))
        for place, text in enumerate(cells):
            sheet.write_string(line, place, text, wrapped)
    sheet.protect()


def _write_lists(book: Any, made: Sequence[Column]) -> dict[str, str]:
    """Write what the lists offer on a hidden sheet; return the range of each column."""
    name = say("template.sheet.lists")
    sheet = book.add_worksheet(name)
    ranges = {}
    for place, column in enumerate(each for each in made if each.choices):
        sheet.write_column(0, place, column.choices)
        letter = xlsxwriter.utility.xl_col_to_name(place)
        ranges[column.name] = f"='{name}'!${letter}$1:${letter}${len(column.choices)}"
    sheet.hide()
    sheet.protect()
    return ranges
