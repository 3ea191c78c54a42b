"""Why: one applicant's points with their sources, the decision in words, what would change it."""

from collections.abc import Sequence

import streamlit as st

from allocator.explain.explanation import Explanation
from allocator.explain.figures import references, rule_titles
from allocator.explain.result import DecisionLine
from allocator.explain.why_words import nearest
from allocator.model import Candidate, Ineligible
from allocator.office.roles import Command, may
from allocator.office.views import NoteView, RoundView, RunView
from allocator.texts import say
from allocator.ui import navigation
from allocator.ui.address import name, named
from allocator.ui.components import Cell, Column, Kind, empty, section, table
from allocator.ui.formats import amount, moment, points, quoted, safe
from allocator.ui.navigation import RoundPage, Section
from allocator.ui.results import Shown, chosen_run, pick_application, shown
from allocator.ui.session import Desk, act
from allocator.ui.why_letter import letter
from allocator.ui.why_line import standing, standing_chart
from allocator.wording import package_words

_NEAREST = 12
_TOLD_LAST = ("margin", "others", "tie")
"""Parts of an explanation that have a place of their own on the page."""


def show(desk: Desk, view: RoundView) -> None:
    """Draw the page."""
    run = chosen_run(view, key="why-run")
    if run is None:
        do = "do" if view.job is None else "running"
        empty(say("ui.why.empty.what"), say(f"ui.why.empty.{do}"))
        navigation.link("allocation", say("ui.why.empty.button"), round=view.summary.id)
        return
    found = shown(desk, run)
    asked = named("application")
    if asked and asked not in found.judged:
        st.warning(say("ui.why.unknown", application=safe(asked)), icon=":material/search_off:")
    application = pick_application(found, key="why-search", label=say("ui.why.search"))
    if application is None:
        _start(found)
        return
    name("application", application)
    _one(desk, view, run, found, application)


def _start(found: Shown) -> None:
    """Offer the applications nearest to the line, where there is nothing to show yet."""
    close = nearest(found.result, _NEAREST)
    if not close:
        empty(say("ui.why.start.what"), say("ui.why.start.do"))
        return
    section(say("ui.why.nearest"))
    st.caption(say("ui.why.nearest-about"))
    person = [Column(say("ui.allocation.column.person"))] if found.personal else []
    columns = [
        Column(say("outputs.column.application")),
        *person,
        Column(say("outputs.column.administration")),
        Column(say("ui.why.short"), Kind.POINTS),
        Column(say("outputs.column.reason")),
    ]
    rows = [_near(found, each.application_id, short) for each, short in close]
    row = table(
        columns,
        rows,
        key="why-nearest",
        alt=say("ui.why.nearest-alt", count=len(rows)),
        selectable=True,
        height="content",
    )
    if row is not None:
        name("application", close[row][0].application_id)
        st.rerun()


def _near(found: Shown, application: str, short: int) -> list[Cell]:
    person: list[Cell] = [found.person(application)] if found.personal else []
    place = found.administration(application)
    return [application, *person, place, short, quoted(found.lines[application].reason)]


def _one(desk: Desk, view: RoundView, run: RunView, found: Shown, application: str) -> None:
    judged, line = found.judged[application], found.lines[application]
    explained = found.teller.explained.get(application)
    _heading(found, line)
    if not found.figures.final:
        st.warning(say("why.not-final"), icon=":material/hourglass_bottom:")
    if isinstance(judged, Ineligible):
        _rules(found, judged)
    else:
        left, right = st.columns(2, gap="large")
        with left:
            _line(found, explained)
        with right:
            _changes(found, application)
        _points(found, judged)
        _displaced(found, explained)
        _lottery(found, application)
        _costs(found, judged)
    for fact in judged.unsettled:
        st.warning(say("ui.why.unsettled", fact=safe(fact)), icon=":material/gavel:")
    if found.personal:
        letter(found, application, published=run.id in {each.run for each in view.publications})
    _notes(desk, view, application)


def _heading(found: Shown, line: DecisionLine) -> None:
    application = line.application_id
    who = found.person(application)
    section(f"{application} · {who}" if who else application)
    meeting = found.judged[application].application.meeting
    titles = {each.id: each.title for each in found.result.round.meetings}
    decision = say(f"ui.allocation.decision.{line.decision}")
    told = [
        (say("outputs.column.decision"), decision),
        (say("outputs.column.administration"), found.administration(application)),
        (say("outputs.column.meeting"), titles.get(meeting, meeting)),
    ]
    if line.package is not None:
        told.insert(1, (say("outputs.column.package"), package_words(line.package)))
        told.insert(2, (say("outputs.column.amount"), amount(line.currency, line.amount)))
    st.markdown(
        "  \n".join(f"**{safe(label)}:** {safe(value)}" for label, value in told)
        + f"\n\n{safe(quoted(line.reason))}"
    )


def _rules(found: Shown, judged: Ineligible) -> None:
    section(say("ui.why.rules"))
    rules, titles = rule_titles(found.result.rules), references(found.result.rules)
    columns = (
        Column(say("outputs.column.rule")),
        Column(say("outputs.column.fact")),
        Column(say("outputs.column.reference")),
    )
    rows: list[list[Cell]] = [
        [
            rules.get(each.rule, each.rule),
            each.text,
            titles.get(each.reference or "", each.reference),
        ]
        for each in judged.findings
    ]
    alt = say("ui.why.rules-alt", count=len(rows))
    table(columns, rows, key="why-rules", alt=alt, height="content")


def _points(found: Shown, judged: Candidate) -> None:
    section(say("ui.why.points", points=points(judged.merit)))
    titles = references(found.result.rules)
    columns = (
        Column(say("ui.why.criterion")),
        Column(say("outputs.column.value")),
        Column(say("ui.why.points-given"), Kind.POINTS),
        Column(say("ui.why.source")),
    )
    rows: list[list[Cell]] = [
        [each.title, each.value, each.points, titles.get(each.reference or "", each.reference)]
        for each in judged.breakdown
    ]
    rows.append([say("ui.why.total"), "", judged.merit, ""])
    alt = say("ui.why.points-alt")
    table(columns, rows, key="why-points", alt=alt, file_name="points", height="content")


def _line(found: Shown, explained: Explanation | None) -> None:
    section(say("ui.why.line"))
    stands = standing(explained)
    if stands is not None:
        standing_chart(stands, key="why-line")
    _bullets(_part(found, explained, "margin"))


def _part(found: Shown, explained: Explanation | None, wanted: str) -> Sequence[str]:
    parts = found.teller.parts(explained.application_id) if explained else ()
    return next((each.sentences for each in parts if each.id == wanted), ())


def _bullets(sentences: Sequence[str]) -> None:
    if sentences:
        st.markdown("\n".join(f"- {safe(each)}" for each in sentences))


def _changes(found: Shown, application: str) -> None:
    """Tell what stands in the way, what balance did, what more money would do."""
    for part in found.teller.parts(application):
        if part.id not in _TOLD_LAST:
            section(part.title)
            _bullets(part.sentences)


def _displaced(found: Shown, explained: Explanation | None) -> None:
    """Show whom the decision touches, by id; names only to those who may see them."""
    margin = explained.margin if explained else None
    if explained is None or margin is None or not margin.others:
        return
    section(say("why.part.others"))
    st.markdown(say(f"ui.why.others.{explained.decision}"))
    person = [Column(say("ui.allocation.column.person"))] if found.personal else []
    columns = [
        Column(say("outputs.column.application")),
        *person,
        Column(say("outputs.column.administration")),
        Column(say("outputs.column.decision")),
        Column(say("outputs.column.merit"), Kind.POINTS),
    ]
    rows = [_other(found, each) for each in margin.others]
    alt = say("ui.why.others-alt", count=len(rows))
    table(columns, rows, key="why-others", alt=alt, height="content")


def _other(found: Shown, application: str) -> list[Cell]:
    person: list[Cell] = [found.person(application)] if found.personal else []
    line = found.lines[application]
    decision = say(f"ui.allocation.decision.{line.decision}")
    return [application, *person, found.administration(application), decision, line.merit]


def _lottery(found: Shown, application: str) -> None:
    sentences = _part(found, found.teller.explained.get(application), "tie")
    if sentences:
        section(say("why.part.tie"))
        _bullets(sentences)


def _costs(found: Shown, judged: Candidate) -> None:
    if not judged.costs:
        return
    section(say("ui.why.costs"))
    columns = (
        Column(say("outputs.column.package")),
        Column(
            say("ui.allocation.column.amount", currency=found.result.round.currency), Kind.MONEY
        ),
        Column(say("outputs.column.estimate")),
    )
    rows: list[list[Cell]] = [
        [package_words(each.package), each.amount, each.how] for each in judged.costs
    ]
    table(columns, rows, key="why-costs", alt=say("ui.why.costs"), height="content")


# --- notes --------------------------------------------------------------------------------------


def _notes(desk: Desk, view: RoundView, application: str) -> None:
    notes = desk.notes(view.summary.id, application)
    writes = may(desk.me(), Command.NOTE)
    if not notes and not writes:
        return
    section(say("ui.why.notes"))
    for each in notes:
        _note(each)
    if not writes:
        return
    with st.form(f"why-note-{application}", border=False, clear_on_submit=True):
        text = st.text_area(say("ui.why.note"), max_chars=4000, height=90)
        pressed = st.form_submit_button(say("ui.why.note-button"))
    if pressed:
        act(lambda: desk.note(view.summary.id, application, text), say("ui.why.noted"))


def _note(each: NoteView) -> None:
    with st.container(border=True):
        st.caption(safe(f"{each.author}, {moment(each.at)}"))
        st.text(each.text or say("ui.why.note-hidden"))


PAGE = RoundPage("why", Section.DECIDE, 50, ":material/help_center:", Command.SEE_ROUNDS, show)
