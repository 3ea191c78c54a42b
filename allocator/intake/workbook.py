"""An applications file becomes applications, with every problem in it named at once."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial

from allocator.errors import Problem, ordered
from allocator.intake.administrations import read_administrations
from allocator.intake.columns import APPLICATIONS, currency_of
from allocator.intake.folding import plain, word
from allocator.intake.meetings import meeting_finder
from allocator.intake.persons import person_problems
from allocator.intake.reading import Reading, headers_fail, open_table, optional
from allocator.intake.tables import read_table
from allocator.intake.terms import Money, as_currency, as_gender, as_money, as_package
from allocator.intake.values import Unreadable, as_count, as_date, as_yes_no, date_order
from allocator.model import Application, Columns, Gender, Package, Round, Severity

_ID = re.compile(r"\w[\w .:/#-]{0,63}")
MOST_ROWS_NAMED = 8
"""So many rows are named in a problem that concerns many."""
_EARLIEST = 2000
"""First year in which a request may have been received."""
_LONGEST_WAIT = 731
"""Days between receipt and decision beyond which the day of receipt is doubted."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What an applications file holds.

    ``applications`` are the rows without errors, in file order; ``problems`` is sorted;
    ``columns`` are the known columns present, then the headers of the others.
    """

    applications: tuple[Application, ...]
    problems: tuple[Problem, ...]
    columns: tuple[str, ...]


def read_applications(data: bytes, file: str, round_: Round) -> Intake:
    """Read the applications of a round.

    Parameters
    ----------
    data : bytes
        A CSV or XLSX file; the content tells which.
    file : str
        Its name, for messages.
    round_ : Round
        For its meetings, currency and decision date.

    Raises
    ------
    AllocatorError
        The file as a whole cannot be read. Problems within rows are returned, not raised.
    """
    reading = open_table(read_table(data, file), APPLICATIONS)
    applications = _applications(reading, round_)
    columns = (*reading.known, *(header for header, _ in reading.extra))
    if headers_fail(reading.problems, reading.table.header_row):
        applications = []
    places = {each.application_id: each.row for each in applications}
    about_persons = person_problems(
        applications,
        lambda application_id: reading.table.where(places[application_id]),
        known_persons=reading.has("person_id"),
    )
    problems = ordered([*reading.problems, *about_persons])
    return Intake(tuple(applications), problems, columns)


def _applications(reading: Reading, round_: Round) -> list[Application]:
    """Read column by column, then put together the rows in which every column could be read."""
    ids = _application_ids(reading)
    persons = _person_ids(reading, ids)
    family, given = reading.texts("family_name"), reading.texts("given_name")
    gender = _genders(reading)
    administrations = read_administrations(reading, round_.decision_date)
    meetings = _meetings(reading, round_)
    requested = reading.read_needed("requested", as_package, Package.FULL)
    costs = _ticket_costs(reading, round_.currency)
    contributions = reading.read("contributions", optional(as_count), None)
    roles = reading.texts("role")
    flags = {name: reading.read(name, as_yes_no, None) for name in _FLAGS}
    received = _received(reading, round_.decision_date)
    extra = _extra(reading)
    _warn_of_free_tickets(reading, requested, costs)
    return [
        Application(
            application_id=ids[at],
            person_id=persons[at],
            family_name=family[at],
            given_name=given[at],
            gender=gender[at],
            administration=administrations[at].code,
            administration_as_written=administrations[at].written,
            not_member=administrations[at].not_member,
            meeting=meetings[at],
            requested=requested[at],
            accepts_partial=flags["accepts_partial"][at],
            ticket_cost=costs[at][0],
            ticket_currency=costs[at][1],
            contributions=contributions[at],
            role=roles[at] or None,
            first_time=flags["first_time"][at],
            specific_needs=flags["specific_needs"][at],
            registration_approved=flags["registration_approved"][at],
            authorised=flags["authorised"][at],
            received=received[at],
            extra=extra[at],
            row=row.number,
        )
        for at, row in enumerate(reading.table.rows)
        if at not in reading.out
    ]


_FLAGS = ("accepts_partial", "first_time", "specific_needs", "registration_approved", "authorised")


def _as_id(text: str) -> str:
    said = plain(text)
    if not said:
        raise Unreadable("intake-id-blank")
    if not _ID.fullmatch(said):
        raise Unreadable("intake-id")
    return said


def _application_ids(reading: Reading) -> list[str]:
    """Read the ids; every row of an id that occurs twice, be it in other letters, is out."""
    ids = reading.read_needed("application_id", _as_id, "")
    places: dict[str, list[int]] = {}
    for at, application_id in enumerate(ids):
        if application_id:
            places.setdefault(application_id.casefold(), []).append(at)
    for first, *others in places.values():
        if others:
            reading.out.add(first)
        for at in others:
            row = reading.table.rows[first].number
            reading.refuse(at, "application_id", "intake-id-twice", ids[at], first=row)
    return ids


def _person_ids(reading: Reading, ids: list[str]) -> list[str]:
    """Read who is meant; where it is not said, each application stands for a person of its own."""
    persons = reading.read("person_id", plain, "")
    blank = sum(1 for person in persons if not person)
    if blank:
        code = "intake-person-blank" if reading.has("person_id") else "intake-person-absent"
        where = reading.table.where(column="person_id")
        reading.remark(Severity.NOTE, where, code, count=blank)
    return [person or application_id for person, application_id in zip(persons, ids, strict=True)]


def _genders(reading: Reading) -> list[Gender]:
    """Read gender as stated; in a column with H (hombre, homme), M may be mujer: it is refused."""
    some_h = any(word(cell) == "h" for cell in set(reading.cells("gender")))

    def read(text: str) -> Gender:
        if some_h and word(text) == "m":
            raise Unreadable("intake-gender-m")
        return as_gender(text)

    return reading.read("gender", read, Gender.NOT_STATED)


def _meetings(reading: Reading, round_: Round) -> list[str]:
    """Read meetings; a round with only one needs no column for it."""
    blank = sum(1 for cell in reading.cells("meeting") if not cell)
    if blank and len(round_.meetings) == 1:
        where = reading.table.where(column="meeting")
        only = round_.meetings[0].id
        reading.remark(Severity.NOTE, where, "intake-meeting-absent", count=blank, meeting=only)
    elif not reading.has("meeting"):
        where = reading.table.where(reading.table.header_row, "meeting")
        reading.remark(Severity.ERROR, where, "intake-column-missing", column="meeting")
        return [""] * len(reading.table.rows)
    return reading.read("meeting", meeting_finder(round_.meetings), "")


_COMMA_DECIMALS = re.compile(r"\D*\d[\d '.]*,\d{1,2}\D*")
_COMMA_THOUSANDS = re.compile(r"\D*[1-9]\d{0,2},\d{3}\D*")


def _money_reader(cells: list[str]) -> Callable[[str], Money | None]:
    """Read money; where the column has decimal commas, 1,200 could be one or a thousand."""
    commas = any(_COMMA_DECIMALS.fullmatch(cell[:64]) for cell in cells if "," in cell)

    def read(text: str) -> Money:
        if commas and _COMMA_THOUSANDS.fullmatch(plain(text)[:64]):
            raise Unreadable("intake-money-comma")
        return as_money(text)

    return optional(read)


def _ticket_costs(reading: Reading, round_currency: str) -> list[tuple[int | None, str]]:
    """Read ticket costs; currency: the cell's, else its column's, the header's, the round's."""
    amounts = reading.read("ticket_cost", _money_reader(reading.cells("ticket_cost")), None)
    # None: it names no currency; an empty text: it names one that cannot be read, which is said.
    stated: list[str | None] = reading.read("ticket_currency", optional(as_currency), "")
    headed = ""
    if reading.has("ticket_cost"):
        headed = currency_of(reading.table.headers[reading.known["ticket_cost"]])
    costs: list[tuple[int | None, str]] = []
    assumed: list[int] = []
    for at, (money, currency) in enumerate(zip(amounts, stated, strict=True)):
        own = money.currency if money else ""
        named = [each for each in (own, currency, headed) if each]
        if money and own and currency and own != currency:
            reading.refuse(at, "ticket_cost", "intake-currency-two", one=own, other=currency)
        if money and not named and currency is None:
            assumed.append(at)
        costs.append((money.amount if money else None, named[0] if named else round_currency))
    if assumed:
        _say_of_currency_assumed(reading, assumed, round_currency)
    return costs


def _say_of_currency_assumed(reading: Reading, assumed: list[int], round_currency: str) -> None:
    if not reading.has("ticket_currency"):
        where = reading.table.where(column="ticket_currency")
        reading.remark(Severity.NOTE, where, "intake-currency-assumed", currency=round_currency)
        return
    rows = [str(reading.table.rows[at].number) for at in assumed]
    reading.remark(
        Severity.WARNING,
        reading.where(assumed[0], "ticket_currency"),
        "intake-currency-blank",
        currency=round_currency,
        count=len(rows),
        rows=", ".join(rows[:MOST_ROWS_NAMED]) + (" …" if len(rows) > MOST_ROWS_NAMED else ""),
    )


def _warn_of_free_tickets(
    reading: Reading, requested: list[Package], costs: list[tuple[int | None, str]]
) -> None:
    for at, (cost, _) in enumerate(costs):
        if cost == 0 and requested[at] is not Package.DSA and at not in reading.out:
            reading.remark(Severity.WARNING, reading.where(at, "ticket_cost"), "intake-ticket-free")


def _received(reading: Reading, decision_date: date) -> list[date | None]:
    """Read the days of receipt; a column's clear dates settle how its unclear ones are read."""
    order = date_order(reading.cells("received"))
    read = optional(partial(as_date, order=order))

    def plausible(text: str) -> date | None:
        day = read(text)
        if day and not _EARLIEST <= day.year <= decision_date.year + 1:
            read_as = day.isoformat()
            as_written = read_as == plain(text)
            code = "intake-date-impossible" if as_written else "intake-date-implausible"
            raise Unreadable(code, read=read_as)
        return day

    days = reading.read("received", plausible, None)
    for at, day in enumerate(days):
        if day and not 0 <= (decision_date - day).days <= _LONGEST_WAIT:
            code = "intake-received-late" if day > decision_date else "intake-received-early"
            where, decided = reading.where(at, "received"), decision_date.isoformat()
            reading.remark(Severity.WARNING, where, code, day.isoformat(), decided=decided)
    return days


def _extra(reading: Reading) -> list[Columns]:
    """Return the cells of columns that only a policy may know, by header."""
    return [
        tuple([(header, row.cells[position]) for header, position in reading.extra])
        for row in reading.table.rows
    ]
