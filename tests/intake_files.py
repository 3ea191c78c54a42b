"""Files for the intake's tests, made in memory; the people in them are invented."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter

from allocator.errors import Problem
from allocator.intake.workbook import Intake, read_applications
from allocator.model import Meeting, Round

HEADERS = ("application_id", "administration", "requested")
ROW = ("A1", "Kenya", "full")


def meeting(id: str, title: str = "", study_group: str = "") -> Meeting:
    return Meeting(
        id=id,
        title=title or f"Meeting {id}",
        study_group=study_group,
        starts=date(2025, 10, 6),
        ends=date(2025, 10, 15),
        city="Geneva",
        country="CHE",
        dsa_per_day=40_000,
        dsa_currency="CHF",
        days_paid=10,
        deadline=None,
        region_scope=(),
        budget=None,
    )


MEETINGS = (
    meeting("sg13-2025-10", "Future networks", "SG13"),
    meeting("sg20-2025-09", "Smart cities", "SG20"),
    meeting("sg20-2025-12", "Smart cities, second meeting", "SG20"),
)


def round_of(*meetings: Meeting) -> Round:
    return Round(
        id="r",
        title="A round",
        currency="CHF",
        decision_date=date(2025, 9, 1),
        financial_year="2025",
        lottery_seed="seed",
        region_scheme="itu",
        meetings=meetings or (meeting("sg13", "Future networks", "SG13"),),
        funds=(),
        exchange_rates=(),
        eligible_member_states=None,
        fare_table="",
        policy_path=None,
    )


def csv_bytes(
    headers: Sequence[str], *rows: Sequence[object], delimiter: str = ",", encoding: str = "utf-8"
) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([headers, *rows])
    return text.getvalue().encode(encoding)


def xlsx_bytes(*sheets: tuple[str, Iterable[Sequence[object]]]) -> bytes:
    """Write sheets of rows; dates become real dates, ``=formula|value`` a formula."""

    def fill(workbook: Any) -> None:
        day = workbook.add_format({"num_format": "dd/mm/yyyy"})
        for name, rows in sheets:
            sheet = workbook.add_worksheet(name)
            for at, row in enumerate(rows):
                for column, value in enumerate(row):
                    _write(sheet, at, column, value, day)

    return workbook_bytes(fill)


def _write(sheet: Any, row: int, column: int, value: object, day: object) -> None:
    if isinstance(value, date | datetime):
        sheet.write_datetime(row, column, value, day)
    elif isinstance(value, str) and value.startswith("="):
        formula, _, result = value.partition("|")
        sheet.write_formula(row, column, formula, None, result)
    elif value is not None:
        sheet.write(row, column, value)


def workbook_bytes(fill: Callable[[Any], None]) -> bytes:
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(buffer, {"in_memory": True})
    fill(workbook)
    workbook.close()
    return buffer.getvalue()


def rezipped(data: bytes, changes: dict[str, Callable[[bytes], bytes]]) -> bytes:
    """Return the package with parts changed, or added where they were not."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        names = old.namelist()
        for name in names:
            new.writestr(name, changes.get(name, bytes)(old.read(name)))
        for name in sorted(set(changes) - set(names)):
            new.writestr(name, changes[name](b""))
    return buffer.getvalue()


def read(data: bytes, *meetings: Meeting, file: str = "in.csv") -> Intake:
    return read_applications(data, file, round_of(*meetings))


def read_column(name: str, *values: object, **more: str) -> Intake:
    """Read one application per value, all else being in order."""
    headers = [*HEADERS, name, *more]
    rows = [
        [f"A{at}", "Kenya", "full", value, *more.values()] for at, value in enumerate(values, 1)
    ]
    return read(csv_bytes(headers, *rows))


def codes(problems: Iterable[Problem], severity: str = "") -> list[str]:
    return [each.code for each in problems if severity in ("", each.severity.value)]


def the_problem(problems: Iterable[Problem], code: str) -> Problem:
    (found,) = (each for each in problems if each.code == code)
    return found
