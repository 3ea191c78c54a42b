"""What an application says in any column, as text, number, yes/no or day; ``None``: not known.

A cell of an extra column that cannot be read as what a policy asks for counts as not known, and is
remembered so that a warning can name its row.
"""

from collections.abc import Callable, Sequence
from datetime import date
from fractions import Fraction
from functools import partial

from allocator.intake.columns import APPLICATIONS
from allocator.intake.groups import as_text, attribute_name, stated
from allocator.intake.values import (
    Unreadable,
    as_date,
    as_number,
    as_yes_no,
    date_order,
    fold_header,
)
from allocator.model import Application, Gender, Meeting, Round

_FIELDS = {"application": "application_id", "person": "person_id"}


class Facts:
    """Reads any column of the applications of a round.

    ``unreadable`` collects the rows whose cell could not be read, by (column, what was asked for:
    ``number``, ``yes-no`` or ``day``).
    """

    def __init__(self, round_: Round, applications: Sequence[Application]):
        self.round = round_
        self.unreadable: dict[tuple[str, str], list[int]] = {}
        self._meetings = {each.id: each for each in round_.meetings}
        self._applications = applications
        self._places: dict[tuple[str, ...], dict[str, int]] = {}
        self._read: dict[tuple[str, str, str], object] = {}
        self._days: dict[str, Callable[[str], date]] = {}

    def meeting(self, application: Application) -> Meeting:
        """Return the meeting applied for."""
        return self._meetings[application.meeting]

    def raw(self, application: Application, column: str) -> object:
        """Return a column's value: typed for a known column, else its text; ``None`` if blank."""
        name = attribute_name(column)
        if name == "study_group":
            return self.meeting(application).study_group or None
        if name in _FIELDS or name in APPLICATIONS.names:
            value = getattr(application, _FIELDS.get(name, name))
            return None if value is Gender.NOT_STATED else value
        return self._extra(application, name) or None

    def text(self, application: Application, column: str) -> str | None:
        """Return a column as text."""
        return stated(as_text(self.raw(application, column))) or None

    def number(self, application: Application, column: str) -> Fraction | int | None:
        """Return a column as an exact number; ``ticket_cost`` in units of its currency."""
        value = self.raw(application, column)
        if isinstance(value, int) and not isinstance(value, bool):
            return Fraction(value, 100) if attribute_name(column) == "ticket_cost" else value
        return self._parsed(application, column, "number", as_number)

    def yes_no(self, application: Application, column: str) -> bool | None:
        """Return a column as yes or no."""
        value = self.raw(application, column)
        if isinstance(value, bool):
            return value
        return self._parsed(application, column, "yes-no", as_yes_no)

    def day(self, application: Application, column: str) -> date | None:
        """Return a column as a date; the column's clear dates settle how unclear ones are read."""
        value = self.raw(application, column)
        if isinstance(value, date):
            return value
        return self._parsed(application, column, "day", self._day_reader(column))

    def _extra(self, application: Application, name: str) -> str:
        headers = tuple([header for header, _ in application.extra])
        if headers not in self._places:
            self._places[headers] = {
                fold_header(header): at for at, header in reversed([*enumerate(headers)])
            }
        place = self._places[headers].get(name)
        return "" if place is None else application.extra[place][1]

    def _day_reader(self, column: str) -> Callable[[str], date]:
        if column not in self._days:
            cells = (as_text(self.raw(each, column)) for each in self._applications)
            self._days[column] = partial(as_date, order=date_order(cells))
        return self._days[column]

    def _parsed[T](
        self, application: Application, column: str, kind: str, read: Callable[[str], T | None]
    ) -> T | None:
        text = self.text(application, column)
        if text is None:
            return None
        try:
            return read(text)
        except Unreadable:
            self.unreadable.setdefault((column, kind), []).append(application.row)
            return None
