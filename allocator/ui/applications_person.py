"""One person's page: every fact, points with their sources, costs, eligibility, notes."""

from collections.abc import Iterator

import streamlit as st

from allocator.explain.figures import group_label
from allocator.intake.eligibility import MEMBER_STATE
from allocator.model import Application, Candidate, Finding, Ineligible
from allocator.office.roles import Command, may
from allocator.office.views import NoteView, OverrideView, RoundView
from allocator.policy_terms import NO_TITLES, attribute_text, own_titles
from allocator.texts import say
from allocator.ui import applications_fix, navigation
from allocator.ui.address import name
from allocator.ui.applications_data import (
    Refused,
    administration_of,
    applications_of,
    check_of,
    judged_of,
    loaded_of,
    person_of,
    sees_persons,
    sheet_of,
)
from allocator.ui.applications_fix import column_words
from allocator.ui.applications_list import references_of, rules_of
from allocator.ui.applications_problems import problem_table
from allocator.ui.components import Cell, Column, Kind, facts, section, table, uploads
from allocator.ui.fitting import THREE_FIFTHS
from allocator.ui.formats import amount, day, moment, points, quoted, safe
from allocator.ui.session import Desk, act
from allocator.wording import package_words

_GROUPS = ("region", "country_group", "study_group")


def show(desk: Desk, view: RoundView, application: str) -> None:
    """Draw the page of an application."""
    each = applications_of(desk, view)[application]
    judged = judged_of(desk, view).get(application)
    personal = sees_persons(desk)
    _heading(view, each, personal=personal)
    _brief(view, each, judged)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _eligibility(desk, view, judged)
        if isinstance(judged, Candidate):
            _merit(desk, view, judged)
    with right:
        _overrides(view, application)
        _notes(desk, view, application, personal=personal)
        if applications_fix.permitted(desk, view):
            section(say("ui.applications.fix.title"))
            applications_fix.for_application(desk, view, application)
    if isinstance(judged, Candidate):
        _costs(view, judged)
    _facts(desk, view, each, judged, personal=personal)
    _problems(desk, view, each.row)


def show_unread(desk: Desk, view: RoundView, application: str) -> None:
    """Draw the page of an application that could not be read: what it says, what is wrong.

    The correction stands beside the cells, so that it stays in its place while they are drawn.
    """
    _back()
    section(application)
    st.warning(say("ui.applications.person.unread"), icon=":material/warning:")
    left, right = st.columns([3, 2], gap="large")
    with left:
        _cells(desk, view, application)
    with right:
        if applications_fix.permitted(desk, view):
            section(say("ui.applications.fix.title"))
            applications_fix.for_application(desk, view, application)


def _cells(desk: Desk, view: RoundView, application: str) -> None:
    rows = {at: e for at, e in sheet_of(desk, view).items() if e.application == application}
    for at, row in rows.items():
        _problems(desk, view, at)
        told: list[list[Cell]] = [[column_words(c), value] for c, value in row.cells.items()]
        columns = (
            Column(say("ui.applications.person.fact")),
            Column(say("ui.problems.value")),
        )
        alt = say("ui.applications.person.facts-alt", count=len(told))
        table(columns, told, key=f"person-row-{at}", alt=alt, height="content", room=THREE_FIFTHS)


def _back() -> None:
    if st.button(say("ui.applications.back"), icon=":material/arrow_back:", key="person-back"):
        name("application", None)
        st.rerun()


def _heading(view: RoundView, each: Application, *, personal: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        _back()
        if view.run is not None:
            about = {"round": view.summary.id, "application": each.application_id}
            navigation.link("why", say("ui.applications.to-why"), **about)
    who = person_of(each) if personal else ""
    section(" · ".join(part for part in (each.application_id, who) if part))


def _brief(view: RoundView, each: Application, judged: Candidate | Ineligible | None) -> None:
    merit = judged.merit if isinstance(judged, Candidate) else None
    cost = _asked(judged)
    facts(
        (
            (column_words("administration"), administration_of(each)),
            (column_words("meeting"), each.meeting),
            (column_words("requested"), package_words(each.requested)),
            (
                say("ui.applications.person.merit"),
                say("ui.none") if merit is None else points(merit),
            ),
            (say("ui.applications.person.cost"), amount(view.summary.currency, cost)),
        )
    )


def _asked(judged: Candidate | Ineligible | None) -> int | None:
    """Return what the package asked for costs."""
    if not isinstance(judged, Candidate):
        return None
    wanted = judged.application.requested
    return next((cost.amount for cost in judged.costs if cost.package is wanted), None)


def _eligibility(desk: Desk, view: RoundView, judged: Candidate | Ineligible | None) -> None:
    section(say("ui.applications.person.eligibility"))
    if judged is None:
        st.info(say("ui.applications.person.not-judged"), icon=":material/info:")
        return
    if isinstance(judged, Candidate):
        st.success(say("ui.applications.person.eligible"), icon=":material/check_circle:")
    else:
        st.warning(say("ui.applications.person.ineligible"), icon=":material/block:")
        _findings(desk, view, judged.findings)
    for each in judged.unsettled:
        st.caption(say("ui.applications.person.unsettled", fact=safe(each)))


def _findings(desk: Desk, view: RoundView, findings: tuple[Finding, ...]) -> None:
    rules, references = rules_of(desk, view), references_of(desk, view)
    columns = (
        Column(say("ui.applications.ineligible.rule")),
        Column(say("ui.applications.ineligible.why")),
        Column(say("ui.applications.ineligible.reference")),
    )
    rows: list[list[Cell]] = [
        [rules.get(e.rule, e.rule), quoted(e.text), references.get(e.reference or "", e.reference)]
        for e in findings
    ]
    alt = say("ui.applications.person.findings-alt", count=len(rows))
    table(columns, rows, key="person-findings", alt=alt, room=THREE_FIFTHS)


def _merit(desk: Desk, view: RoundView, judged: Candidate) -> None:
    section(say("ui.applications.person.merit-title"))
    references = references_of(desk, view)
    columns = (
        Column(say("ui.applications.person.criterion")),
        Column(say("ui.applications.person.value")),
        Column(say("ui.applications.person.points"), Kind.POINTS),
        Column(say("ui.applications.ineligible.reference")),
    )
    rows: list[list[Cell]] = [
        [e.title, e.value, e.points, references.get(e.reference or "", e.reference)]
        for e in judged.breakdown
    ]
    rows.append([say("ui.applications.person.total"), "", judged.merit, ""])
    alt = say("ui.applications.person.merit-alt", count=len(judged.breakdown))
    table(
        columns,
        rows,
        key="person-merit",
        alt=alt,
        file_name="merit",
        height="content",
        room=THREE_FIFTHS,
    )


def _costs(view: RoundView, judged: Candidate) -> None:
    section(say("ui.applications.person.costs"))
    columns = (
        Column(say("ui.applications.person.package")),
        Column(say("ui.applications.person.amount", currency=view.summary.currency), Kind.MONEY),
        Column(say("ui.applications.person.estimated")),
        Column(say("ui.applications.person.how")),
    )
    rows: list[list[Cell]] = [
        [package_words(e.package), e.amount, _yes_no(e.estimated), e.how] for e in judged.costs
    ]
    alt = say("ui.applications.person.costs-alt", count=len(rows))
    table(columns, rows, key="person-costs", alt=alt, height="content")


def _groups(desk: Desk, view: RoundView, judged: Candidate | Ineligible) -> Iterator[list[Cell]]:
    """Yield what an application belongs to, in words."""
    loaded = loaded_of(desk, view)
    titles = NO_TITLES if isinstance(loaded, Refused) else own_titles(loaded.rules)
    for attribute, values in judged.attributes:
        if attribute in _GROUPS:
            label = attribute_text(attribute)
            named = (each for each in values if each != MEMBER_STATE)
            for value in named:
                yield [label[:1].upper() + label[1:], group_label(attribute, value, titles)]


def _facts(
    desk: Desk,
    view: RoundView,
    each: Application,
    judged: Candidate | Ineligible | None,
    *,
    personal: bool,
) -> None:
    """Show every fact as understood, and to those who may see it, as it was written."""
    section(say("ui.applications.person.facts"))
    sheet = sheet_of(desk, view).get(each.row)
    written = sheet.cells if sheet else {}
    rows: list[list[Cell]] = []
    for column, value in _known(each, personal=personal):
        told = [written.get(column, "")] if personal else []
        rows.append([column_words(column), value, *told])
    for column, value in each.extra:
        rows.append([column, value, *([value] if personal else [])])
    if judged is not None:
        rows += [[*told, *([""] if personal else [])] for told in _groups(desk, view, judged)]
    columns = [
        Column(say("ui.applications.person.fact")),
        Column(say("ui.applications.person.understood")),
    ]
    if personal:
        columns.append(Column(say("ui.problems.value")))
    alt = say("ui.applications.person.facts-alt", count=len(rows))
    table(columns, rows, key="person-facts", alt=alt, height="content")


def _known(each: Application, *, personal: bool) -> Iterator[tuple[str, str]]:
    """Yield the columns that every round has, with their values in words."""
    yield "application_id", each.application_id
    yield "person_id", each.person_id
    if personal:
        yield "family_name", each.family_name
        yield "given_name", each.given_name
    yield "gender", say(f"ui.gender.{each.gender}")
    yield "administration", administration_of(each)
    yield "meeting", each.meeting
    yield "requested", package_words(each.requested)
    yield "accepts_partial", _yes_no(each.accepts_partial)
    yield "ticket_cost", _ticket(each)
    yield "contributions", _told(each.contributions)
    yield "role", _told(each.role)
    yield "first_time", _yes_no(each.first_time)
    yield "specific_needs", _yes_no(each.specific_needs)
    yield "registration_approved", _yes_no(each.registration_approved)
    yield "authorised", _yes_no(each.authorised)
    yield "received", day(each.received) if each.received else say("ui.not-known")


def _ticket(each: Application) -> str:
    if each.ticket_cost is None:
        return say("ui.not-known")
    return amount(each.ticket_currency, each.ticket_cost)


def _yes_no(value: bool | None) -> str:
    return say("ui.not-known") if value is None else say(f"ui.{'yes' if value else 'no'}")


def _told(value: object) -> str:
    return say("ui.not-known") if value is None else str(value)


def _overrides(view: RoundView, application: str) -> None:
    found = [each for each in view.overrides if each.application == application]
    if not found:
        return
    section(say("ui.applications.person.overrides"))
    for each in found:
        _override(each)


def _override(each: OverrideView) -> None:
    with st.container(border=True):
        state = "active" if each.active else "withdrawn"
        decision = say(f"ui.applications.person.override.{each.decision}")
        package = f" · {package_words_of(each.package)}" if each.package else ""
        st.markdown(f"**{decision}**{package} · {say(f'ui.applications.person.override.{state}')}")
        if each.reason:
            st.text(each.reason)
        st.caption(f"{safe(each.author)} · {moment(each.at)}")


def package_words_of(package: str) -> str:
    """Return what a package is called, by its value."""
    return say(f"outputs.package.{package}")


def _notes(desk: Desk, view: RoundView, application: str, *, personal: bool) -> None:
    section(say("ui.applications.notes.title"))
    found = desk.notes(view.summary.id, application)
    if not found:
        st.caption(say("ui.applications.notes.none"))
    elif not personal:
        st.caption(say("ui.applications.notes.hidden", count=len(found)))
    else:
        for each in found:
            _note(each)
    if may(desk.me(), Command.NOTE):
        _add_note(desk, view, application, len(found))


def _note(each: NoteView) -> None:
    with st.container(border=True):
        st.text(each.text)
        for attached, digest in each.attachments:
            st.caption(say("ui.applications.notes.attached", name=safe(attached), sha=digest))
        st.caption(f"{safe(each.author)} · {moment(each.at)}")


def _add_note(desk: Desk, view: RoundView, application: str, count: int) -> None:
    """Ask for a note; ``count`` notes are there, and another one empties the fields."""
    summary = view.summary
    text = st.text_area(
        say("ui.applications.notes.label"),
        max_chars=4000,
        height=100,
        help=say("ui.applications.notes.help"),
        key=f"person-note-{application}-{count}",
    )
    files = uploads(
        say("ui.applications.notes.attach"), [], key=f"person-note-files-{application}-{count}"
    )
    pressed = st.button(say("ui.applications.notes.button"), key="person-note")
    if pressed:
        attached = tuple(sorted(files.items()))
        done = say("ui.applications.notes.done")
        act(lambda: desk.note(summary.id, application, text.strip(), attached), done)


def _problems(desk: Desk, view: RoundView, row: int) -> None:
    """Show the problems of a row of the applications file."""
    found = [
        each
        for each in check_of(desk, view).problems
        if each.where.row == row and each.where.file.startswith("applications")
    ]
    if found:
        section(say("ui.applications.person.problems"))
        problem_table(found, key=f"person-problems-{row}")
