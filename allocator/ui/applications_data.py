"""A round's applications as the pages need them, kept until anything of the round changes.

What those who see persons get and what the others get never meet (see ``kept``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from allocator.countries import display_name
from allocator.errors import AllocatorError, Problem, ordered
from allocator.intake.columns import APPLICATIONS
from allocator.intake.folder import LoadedRound
from allocator.intake.reading import open_table
from allocator.intake.tables import read_table
from allocator.model import Application, Candidate, Ineligible
from allocator.office.memory import ROUND
from allocator.office.views import ChangesView, CheckView, RoundView
from allocator.ui.kept import as_it_stands, kept, sees_persons, whose
from allocator.ui.results import judged_now
from allocator.ui.session import Desk

__all__ = ["sees_persons"]


@dataclass(frozen=True, slots=True)
class Refused:
    """A round that cannot be read yet, and why."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of the applications file as written: cells by column, known ones by their name."""

    application: str
    cells: Mapping[str, str]


def _kept[T](what: str, desk: Desk, view: RoundView, make: Callable[[], T]) -> T:
    """Return what was found of a round as it stands, or find it."""
    size = ROUND * view.summary.applications
    return kept(what, (whose(desk), *as_it_stands(view)), make, lambda _: size)


def check_of(desk: Desk, view: RoundView) -> CheckView:
    """Return what a check of the round finds now."""
    return desk.check_of(view.summary.id)


def loaded_of(desk: Desk, view: RoundView) -> LoadedRound | Refused:
    """Return the round as it would be decided now, or why it cannot be read."""

    def make() -> LoadedRound | Refused:
        try:
            return desk.loaded(view.summary.id)
        except AllocatorError as error:
            return Refused(ordered(error.problems))

    return _kept("loaded", desk, view, make)


def judged_of(desk: Desk, view: RoundView) -> Mapping[str, Candidate | Ineligible]:
    """Return every application as it was judged, by id; nothing while there are errors."""

    def make() -> Mapping[str, Candidate | Ineligible]:
        try:
            pool = judged_now(desk, view).assessment.pool
        except AllocatorError:  # the problems say why
            return {}
        found: list[Candidate | Ineligible] = [*pool.candidates, *pool.ineligible]
        return {each.application.application_id: each for each in found}

    return _kept("judged", desk, view, make)


def applications_of(desk: Desk, view: RoundView) -> Mapping[str, Application]:
    """Return the applications that could be read, by id in their order."""

    def make() -> Mapping[str, Application]:
        loaded = loaded_of(desk, view)
        if isinstance(loaded, Refused):
            return {}
        found = sorted(loaded.applications, key=lambda each: each.application_id)
        return {each.application_id: each for each in found}

    return _kept("applications", desk, view, make)


def sheet_of(desk: Desk, view: RoundView) -> Mapping[int, SheetRow]:
    """Return the applications file as written, by row; nothing for those who see no persons."""
    if not sees_persons(desk):
        return {}
    return _kept("sheet", desk, view, lambda: _rows(loaded_of(desk, view)))


def _rows(loaded: LoadedRound | Refused) -> Mapping[int, SheetRow]:
    file = file_of(loaded, "applications")
    if file is None:
        return {}
    try:
        table = read_table(file[1], file[0])
    except AllocatorError:  # the problems say why
        return {}
    reading = open_table(table, APPLICATIONS)
    places = {**reading.known, **dict(reading.extra)}
    at = reading.known.get("application_id")
    return {
        row.number: SheetRow(
            row.cells[at] if at is not None else "",
            {column: row.cells[place] for column, place in places.items()},
        )
        for row in table.rows
    }


def file_of(loaded: LoadedRound | Refused, stem: str) -> tuple[str, bytes] | None:
    """Return a file of a round by the part of its name before the dot."""
    if isinstance(loaded, Refused):
        return None
    found = (each for each in loaded.files if each[0].partition(".")[0] == stem)
    return next(((name, content) for name, _, content in found), None)


def decision_date(desk: Desk, view: RoundView) -> date | None:
    """Return the day a round is decided, ``None`` where it cannot be read."""
    loaded = loaded_of(desk, view)
    return None if isinstance(loaded, Refused) else loaded.round.decision_date


def dearest_award(desk: Desk, view: RoundView) -> int | None:
    """Return what the dearest award of a round would cost, in minor units, if that is known."""
    judged = judged_of(desk, view).values()
    costs = (c.amount for each in judged if isinstance(each, Candidate) for c in each.costs)
    return max(costs, default=None)


def person_of(application: Application) -> str:
    """Return a person's name as the applications file has it."""
    return f"{application.given_name} {application.family_name}".strip()


def administration_of(application: Application) -> str:
    """Return the name of an application's administration, or what was written for it."""
    if application.not_member is not None:
        return application.administration_as_written
    return display_name(application.administration)


def changes_of(desk: Desk, view: RoundView) -> ChangesView:
    """Return what the last files that changed a round's applications changed."""
    return _kept("changes", desk, view, lambda: desk.changes_of(view.summary.id))
