"""A file of past awards becomes ``PriorAward``s, with every problem in it named at once.

The office's own ledger is a second such file; an award that stands in both counts once.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial

from allocator.errors import Problem, Where, ordered, problem
from allocator.intake.administrations import read_administrations
from allocator.intake.columns import PRIOR_AWARDS
from allocator.intake.folding import plain
from allocator.intake.reading import headers_fail, open_table, optional
from allocator.intake.tables import read_table
from allocator.intake.terms import as_package
from allocator.intake.values import Unreadable, as_date, date_order, fold
from allocator.model import Package, PriorAward, Severity

OFFICE_AWARDS = "office_awards.csv"
_AS_NUMBER = re.compile(r"(?<=^\d{4})\.0+$")
"""What a spreadsheet adds to a year that it takes for a number."""


def read_prior_awards(
    data: bytes, file: str, on: date
) -> tuple[tuple[PriorAward, ...], tuple[Problem, ...]]:
    """Read the awards of the past.

    Parameters
    ----------
    data : bytes
        A CSV or XLSX file with the columns ``person_id, administration, package, financial_year,
        meeting, awarded_on``.
    file : str
        Its name, for messages.
    on : date
        The day on which membership counts.

    Returns
    -------
    tuple of tuple of PriorAward and tuple of Problem
        The rows without errors, sorted, and all problems, sorted.

    Raises
    ------
    AllocatorError
        The file as a whole cannot be read.
    """
    reading = open_table(read_table(data, file, PRIOR_AWARDS), PRIOR_AWARDS)
    persons = reading.read("person_id", plain, "")
    administrations = read_administrations(reading, on)
    packages = reading.read_needed("package", as_package, Package.FULL)
    years = reading.read_needed("financial_year", _as_year, "")
    meetings = reading.texts("meeting")
    order = date_order(reading.cells("awarded_on"))
    days = reading.read("awarded_on", optional(partial(as_date, order=order)), None)
    by_row = {
        row.number: PriorAward(
            person_id=persons[at],
            administration=administrations[at].code,
            package=packages[at],
            financial_year=years[at],
            meeting=meetings[at],
            awarded_on=days[at],
        )
        for at, row in enumerate(reading.table.rows)
        if at not in reading.out
    }
    if file != OFFICE_AWARDS:  # the office's rounds may each have made such an award
        reading.problems.extend(_twice(by_row, file))
    awards = [*by_row.values()]
    if headers_fail(reading.problems, reading.table.header_row):
        awards = []
    return tuple(sorted(awards, key=_order)), ordered(reading.problems)


def _twice(awards: Mapping[int, PriorAward], file: str) -> Iterator[Problem]:
    """Yield the rows that say in everything what an earlier one says, of person and meeting too."""
    first: dict[PriorAward, int] = {}
    for row, award in awards.items():
        if award.person_id and award.meeting and first.setdefault(award, row) != row:
            where = Where(file=file, row=row)
            yield problem("past-twice", where, severity=Severity.WARNING, first=first[award])


def _as_year(text: str) -> str:
    if not text:
        raise Unreadable("intake-year-blank")
    return _AS_NUMBER.sub("", plain(text))


def _order(award: PriorAward) -> tuple[str, ...]:
    day = award.awarded_on.isoformat() if award.awarded_on else ""
    place = (award.person_id, award.administration, award.financial_year, award.meeting)
    return (*place, award.package.value, day)


def merged_awards(
    prior: Sequence[PriorAward], office: Iterable[PriorAward], file: str = OFFICE_AWARDS
) -> tuple[tuple[PriorAward, ...], tuple[Problem, ...]]:
    """Return the awards of both files, with a note where one stands in both.

    An award is the same if person, meeting and financial year are; that of the office then counts.
    Where person or meeting is not known, nothing is taken for the same.
    """
    ledger = list(office)
    known = {_identity(each) for each in ledger} - {None}
    rest = [each for each in prior if _identity(each) not in known]
    both = sum(_identity(each) in known for each in prior)
    notes: tuple[Problem, ...] = ()
    if both:
        where = Where(file=file)
        notes = (problem("office-awards-once", where, severity=Severity.NOTE, count=both),)
    return tuple(sorted((*ledger, *rest), key=_order)), notes


def _identity(award: PriorAward) -> tuple[str, str, str] | None:
    person, meeting = award.person_id, fold(award.meeting)
    return (person, meeting, fold(award.financial_year)) if person and meeting else None


def awards_csv(awards: Iterable[PriorAward]) -> bytes:
    """Return awards as the bytes of a file that reads as the same awards again."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(PRIOR_AWARDS.names)
    for each in sorted(awards, key=_order):
        day = each.awarded_on.isoformat() if each.awarded_on else ""
        place = (each.person_id, each.administration, each.package.value)
        writer.writerow((*place, each.financial_year, each.meeting, day))
    return text.getvalue().encode("utf-8")
