"""The applications of a round in a table with filters, and who is not eligible by which rule."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil

import streamlit as st

from allocator.errors import has_errors
from allocator.explain.figures import rule_titles
from allocator.model import Application, Gender
from allocator.office.views import CheckView, IneligibleView, RoundView
from allocator.texts import say
from allocator.ui.address import name
from allocator.ui.applications_data import (
    Refused,
    administration_of,
    applications_of,
    loaded_of,
    person_of,
    sees_persons,
)
from allocator.ui.applications_state import no_applications
from allocator.ui.components import Cell, Column, Kind, table, table_download
from allocator.ui.formats import quoted
from allocator.ui.session import Desk

_AT_ONCE = 250
"""Rows sent to the browser at once; more are turned over page by page."""

_STANDINGS = ("yes", "no", "open")


@dataclass(frozen=True, slots=True)
class _Line:
    """An application as the table and its filters need it."""

    application: Application
    person: str
    administration: str
    standing: str
    problems: int

    def holds(self, words: Sequence[str]) -> bool:
        told = f"{self.application.application_id} {self.person} {self.administration}".casefold()
        return all(each in told for each in words)


def show(desk: Desk, view: RoundView, check: CheckView) -> None:
    """Draw the table; choosing a row opens the person's page."""
    lines = _lines(desk, view, check)
    if not lines:
        no_applications(desk, view)
        return
    personal = sees_persons(desk)
    found = _filtered(lines, personal)
    st.caption(say("ui.applications.list.count", shown=len(found), all=len(lines)))
    several = len({each.application.meeting for each in lines}) > 1
    columns, row_of = _columns(personal, several), _row_of(personal, several)
    here = paged(found, key="applications-list")
    row = table(
        columns,
        [row_of(each) for each in here],
        key="applications-list",
        alt=say("ui.applications.list.alt", count=len(here)),
        download=False,
        selectable=True,
    )
    rows = [row_of(each) for each in found]
    table_download(columns, rows, "applications", key="applications-list-xlsx")
    if row is not None:
        name("application", here[row].application.application_id)
        st.rerun()


def _lines(desk: Desk, view: RoundView, check: CheckView) -> list[_Line]:
    refused = {each.application for each in check.ineligible}
    judged = not has_errors(check.problems)
    rows = Counter(p.where.row for p in check.problems if p.where.file.startswith("applications"))
    personal = sees_persons(desk)
    names: dict[tuple[str, str], str] = {}
    lines = []
    for key, each in applications_of(desk, view).items():
        written = each.administration, each.administration_as_written if each.not_member else ""
        if written not in names:
            names[written] = administration_of(each)
        standing = "no" if key in refused else "yes" if judged else "open"
        person = person_of(each) if personal else ""
        lines.append(_Line(each, person, names[written], standing, rows[each.row]))
    return lines


def _filtered(lines: list[_Line], personal: bool) -> list[_Line]:
    """Draw the filters, and return what they let through."""
    search, *places = st.columns([2, 2, 2, 1, 1], vertical_alignment="bottom")
    words = search.text_input(
        say("ui.applications.filter.search"),
        help=say(f"ui.applications.filter.search-{'persons' if personal else 'ids'}"),
        key="applications-search",
    )
    states = _pick(places[0], "administration", (each.administration for each in lines))
    meetings = _pick(places[1], "meeting", (each.application.meeting for each in lines))
    genders = _pick(
        places[2], "gender", (str(g) for g in Gender), lambda each: say(f"ui.gender.{each}")
    )
    standings = _pick(
        places[3], "standing", _STANDINGS, lambda each: say(f"ui.applications.standing.{each}")
    )
    wanted = words.casefold().split()
    return [
        each
        for each in lines
        if each.holds(wanted)
        and (not states or each.administration in states)
        and (not meetings or each.application.meeting in meetings)
        and (not genders or each.application.gender in genders)
        and (not standings or each.standing in standings)
    ]


def _pick(
    place: "st.delta_generator.DeltaGenerator",
    about: str,
    values: Iterable[str],
    words: Callable[[str], str] = str,
) -> list[str]:
    options = list(dict.fromkeys(values))
    if about in ("administration", "meeting"):
        options.sort()
    found: list[str] = place.multiselect(
        say(f"ui.applications.filter.{about}"),
        options,
        format_func=words,
        placeholder=say("ui.applications.filter.all"),
        key=f"applications-filter-{about}",
        bind="query-params",
    )
    return found


def paged[T](items: list[T], *, key: str) -> list[T]:
    """Return the items of one page, which is asked for where there are several."""
    pages = ceil(len(items) / _AT_ONCE)
    if pages <= 1:
        return items
    page = st.number_input(
        say("ui.applications.list.page", pages=pages),
        min_value=1,
        max_value=pages,
        key=f"{key}-page-{pages}",
        width=220,
    )
    return items[(page - 1) * _AT_ONCE : page * _AT_ONCE]


def _columns(personal: bool, several: bool) -> list[Column]:
    """Return the columns; the meeting has one only where there are several."""
    meeting = [Column(say("ui.applications.column.meeting"))] if several else []
    person = [Column(say("ui.applications.column.name"))] if personal else []
    return [
        Column(say("ui.applications.column.application_id")),
        *person,
        Column(say("ui.applications.column.administration")),
        *meeting,
        Column(say("ui.applications.column.gender")),
        Column(say("ui.applications.column.requested")),
        Column(say("ui.applications.column.received"), Kind.DAY),
        Column(say("ui.applications.column.eligible")),
        Column(say("ui.applications.column.problems"), Kind.COUNT),
    ]


def _row_of(personal: bool, several: bool) -> Callable[[_Line], list[Cell]]:
    packages = {}
    genders = {each: say(f"ui.gender.{each}") for each in Gender}
    standings = {each: say(f"ui.applications.standing.{each}") for each in _STANDINGS}

    def row(line: _Line) -> list[Cell]:
        each = line.application
        if each.requested not in packages:
            packages[each.requested] = say(f"ui.allocation.package.{each.requested}")
        return [
            each.application_id,
            *([line.person] if personal else []),
            line.administration,
            *([each.meeting] if several else []),
            genders[each.gender],
            packages[each.requested],
            each.received,
            standings[line.standing],
            line.problems or None,
        ]

    return row


def show_ineligible(desk: Desk, view: RoundView, check: CheckView) -> None:
    """Show who cannot be considered: each rule that is broken, in words, and what it rests on."""
    if has_errors(check.problems) and not check.eligible:
        st.info(say("ui.applications.ineligible.not-judged"), icon=":material/info:")
        return
    if not check.ineligible:
        st.success(say("ui.applications.ineligible.none"), icon=":material/check_circle:")
        return
    st.caption(say("ui.applications.ineligible.about"))
    references, titles = references_of(desk, view), rules_of(desk, view)
    names = applications_of(desk, view)
    rows = [
        [
            each.application,
            administration_of(names[each.application]) if each.application in names else "",
            titles.get(rule, rule),
            quoted(text),
            references.get(reference, reference),
        ]
        for each in check.ineligible
        for rule, text, reference in each.findings
    ]
    _findings(rows, [each for each in check.ineligible for _ in each.findings])


def _findings(rows: list[list[str]], whose: list[IneligibleView]) -> None:
    columns = (
        Column(say("ui.applications.column.application_id")),
        Column(say("ui.applications.column.administration")),
        Column(say("ui.applications.ineligible.rule")),
        Column(say("ui.applications.ineligible.why")),
        Column(say("ui.applications.ineligible.reference")),
    )
    here = paged(list(zip(rows, whose, strict=True)), key="applications-ineligible")
    row = table(
        columns,
        [each for each, _ in here],
        key="applications-ineligible",
        alt=say("ui.applications.ineligible.alt", count=len(here)),
        download=False,
        selectable=True,
    )
    table_download(columns, rows, "not-eligible", key="applications-ineligible-xlsx")
    if row is not None:
        name("application", here[row][1].application)
        st.rerun()


def references_of(desk: Desk, view: RoundView) -> dict[str, str]:
    """Return what the references of the round's policy are called, by id."""
    loaded = loaded_of(desk, view)
    if isinstance(loaded, Refused):
        return {}
    return {each.id: f"{each.id}: {each.title}" for each in loaded.rules.references}


def rules_of(desk: Desk, view: RoundView) -> dict[str, str]:
    """Return what the eligibility rules of the round's policy are called, by id."""
    loaded = loaded_of(desk, view)
    if isinstance(loaded, Refused):
        return {}
    return rule_titles(loaded.rules)
