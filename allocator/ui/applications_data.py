"""A round's applications as the pages need them, kept until anything of the round changes.

What those who see persons get and what the others get never meet: whether a person may is asked of
the desk each time and is part of the key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import streamlit as st

from allocator.countries import display_name
from allocator.errors import AllocatorError, Problem, has_errors, ordered
from allocator.intake.assess import assess
from allocator.intake.columns import APPLICATIONS
from allocator.intake.folder import LoadedRound
from allocator.intake.reading import open_table
from allocator.intake.tables import read_table
from allocator.model import Application, Candidate, Ineligible, Pool
from allocator.office.roles import Command, may
from allocator.office.views import ChangeView, CheckView, RoundView
from allocator.ui.session import Desk

_KEPT_FOR = 900
"""Seconds; so long at most is shown what was erased, or published in another round, meanwhile."""

type Key = tuple[str, str, int, bool]


@dataclass(frozen=True, slots=True)
class Refused:
    """A round that cannot be read yet, and why."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of the applications file as written: cells by column, known ones by their name."""

    application: str
    cells: Mapping[str, str]


def sees_persons(desk: Desk) -> bool:
    """Tell whether the person at the desk may see names and free text."""
    return may(desk.me(), Command.SEE_PERSONAL)


def _key(desk: Desk, view: RoundView) -> Key:
    return desk.store.name, view.summary.id, view.summary.version, sees_persons(desk)


def check_of(desk: Desk, view: RoundView) -> CheckView:
    """Return what a check of the round finds now."""
    return _check(desk, _key(desk, view))


@st.cache_resource(max_entries=8, ttl=_KEPT_FOR, show_spinner=False)
def _check(_desk: Desk, key: Key) -> CheckView:
    return _desk.check_of(key[1])


def loaded_of(desk: Desk, view: RoundView) -> LoadedRound | Refused:
    """Return the round as it would be decided now, or why it cannot be read."""
    return _loaded(desk, _key(desk, view))


@st.cache_resource(max_entries=8, ttl=_KEPT_FOR, show_spinner=False)
def _loaded(_desk: Desk, key: Key) -> LoadedRound | Refused:
    try:
        return _desk.loaded(key[1])
    except AllocatorError as error:
        return Refused(ordered(error.problems))


def judged_of(desk: Desk, view: RoundView) -> Mapping[str, Candidate | Ineligible]:
    """Return every application as it was judged, by id; nothing while there are errors."""
    pool = _pool(desk, _key(desk, view))
    if pool is None:
        return {}
    found: list[Candidate | Ineligible] = [*pool.candidates, *pool.ineligible]
    return {each.application.application_id: each for each in found}


@st.cache_resource(max_entries=8, ttl=_KEPT_FOR, show_spinner=False)
def _pool(_desk: Desk, key: Key) -> Pool | None:
    loaded = _loaded(_desk, key)
    if isinstance(loaded, Refused) or has_errors(loaded.problems):
        return None
    return assess(loaded).pool


def applications_of(desk: Desk, view: RoundView) -> Mapping[str, Application]:
    """Return the applications that could be read, by id in their order."""
    return _applications(desk, _key(desk, view))


@st.cache_resource(max_entries=8, ttl=_KEPT_FOR, show_spinner=False)
def _applications(_desk: Desk, key: Key) -> Mapping[str, Application]:
    loaded = _loaded(_desk, key)
    if isinstance(loaded, Refused):
        return {}
    found = sorted(loaded.applications, key=lambda each: each.application_id)
    return {each.application_id: each for each in found}


def sheet_of(desk: Desk, view: RoundView) -> Mapping[int, SheetRow]:
    """Return the applications file as written, by row; nothing for those who see no persons."""
    return _sheet(desk, _key(desk, view)) if sees_persons(desk) else {}


@st.cache_resource(max_entries=4, ttl=_KEPT_FOR, show_spinner=False)
def _sheet(_desk: Desk, key: Key) -> Mapping[int, SheetRow]:
    file = file_of(_loaded(_desk, key), "applications")
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


def changes_of(desk: Desk, view: RoundView) -> tuple[ChangeView, ...]:
    """Return what the newest files of a round changed against the ones before."""
    return _changes(desk, _key(desk, view))


@st.cache_resource(max_entries=4, ttl=_KEPT_FOR, show_spinner=False)
def _changes(_desk: Desk, key: Key) -> tuple[ChangeView, ...]:
    return _desk.changes_of(key[1])
