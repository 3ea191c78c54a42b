"""Rounds: the list with what comes next, a new round, and what happened in the office."""

from datetime import UTC, date, datetime

import streamlit as st

from allocator.office.roles import Command, may
from allocator.office.states import State
from allocator.office.views import EventView, RoundSummary, RoundView
from allocator.texts import say
from allocator.ui import ahead, guide, navigation
from allocator.ui.address import name, named
from allocator.ui.components import (
    Cell,
    Column,
    Kind,
    empty,
    facts,
    section,
    state_badge,
    table,
    uploads,
)
from allocator.ui.formats import ago, amount, day, safe
from allocator.ui.navigation import OfficePage, Section
from allocator.ui.session import Desk, act

_EVENTS = 200
_UPLOADS = ["yaml", "yml", "csv", "xlsx"]
_NEXT_PAGES = {
    State.DRAFT: "applications",
    State.CHECKED: "allocation",
    State.PROPOSED: "signoff",
    State.APPROVED: "signoff",
    State.PUBLISHED: "allocation",
    State.CLOSED: "audit",
}
"""Where a round in each state is worked on next."""


def show(desk: Desk) -> None:
    """Draw the page."""
    rounds = desk.rounds()
    create = may(desk.me(), Command.CREATE_ROUND)
    if not rounds:
        empty(say("ui.rounds.empty.what"), say(f"ui.rounds.empty.{'do' if create else 'wait'}"))
        if create:
            _new_round(desk)
            _guide(None, expanded=True)
        return
    chosen = _list(rounds)
    view = desk.round(chosen.id)
    _card(view, datetime.now(UTC).date())
    if create:
        with st.expander(say("ui.rounds.new.title"), icon=":material/add:"):
            _new_round(desk)
    begins = create and len(rounds) == 1 and chosen.state is State.DRAFT
    _guide(view, expanded=begins)
    _timeline(desk, chosen)
    ahead.read(desk, view)


def _guide(view: RoundView | None, *, expanded: bool) -> None:
    with st.expander(say("ui.guide.title"), icon=":material/explore:", expanded=expanded):
        guide.show(view)


def _list(rounds: tuple[RoundSummary, ...]) -> RoundSummary:
    """Show all rounds; return the one chosen, else the one the address names, else the newest."""
    currencies = {each.currency for each in rounds}
    one = currencies.pop() if len(currencies) == 1 else None
    columns = [
        Column(say("ui.rounds.column.title")),
        Column(say("ui.rounds.column.state")),
        Column(say("ui.rounds.column.deadline"), Kind.DAY),
        Column(say("ui.rounds.column.applications"), Kind.COUNT),
        Column(_in_currency("asked", one), Kind.MONEY),
        Column(_in_currency("available", one), Kind.MONEY),
        Column(say("ui.rounds.column.next")),
    ]
    if one is None:
        columns.append(Column(say("ui.rounds.column.currency")))
    row = table(
        columns,
        [_row(each)[: len(columns)] for each in rounds],
        key="rounds",
        alt=say("ui.rounds.alt", count=len(rounds)),
        file_name="rounds",
        selectable=True,
    )
    if row is not None:
        name("round", rounds[row].id)
        return rounds[row]
    wanted = named("round")
    return next((each for each in rounds if each.id == wanted), rounds[0])


def _in_currency(name: str, currency: str | None) -> str:
    heading = say(f"ui.rounds.column.{name}")
    return f"{heading} ({currency})" if currency else heading


def _row(each: RoundSummary) -> list[Cell]:
    state = say(f"ui.state.{each.state}")
    counts: list[Cell] = [each.deadline, each.applications, each.asked, each.available]
    return [each.title, state, *counts, each.next_step, each.currency]


def _card(view: RoundView, today: date) -> None:
    """Show one round: how far it is, its figures, and the way to the next step."""
    each = view.summary
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            section(each.title)
            state_badge(each.state)
        facts(
            (
                (say("ui.rounds.column.applications"), str(each.applications)),
                (say("ui.rounds.column.asked"), amount(each.currency, each.asked)),
                (say("ui.rounds.column.available"), amount(each.currency, each.available)),
                (say("ui.rounds.column.deadline"), _deadline(each, today)),
            )
        )
        st.markdown(say("ui.next-step", step=safe(each.next_step)))
        state = State.PROPOSED if _is_reallocated(view) else each.state
        part = {"part": say("ui.allocation.tab.after")} if state is State.PUBLISHED else {}
        navigation.link(_NEXT_PAGES[state], say(f"ui.rounds.open.{state}"), round=each.id, **part)


def _is_reallocated(view: RoundView) -> bool:
    """Tell whether a published round has a reallocation that waits to be signed."""
    published = {each.run for each in view.publications}
    found = view.run is not None and view.run.current and view.run.id not in published
    return view.summary.state is State.PUBLISHED and found


def _deadline(each: RoundSummary, today: date) -> str:
    if each.deadline is None:
        return say("ui.not-known")
    if each.deadline < today:
        return day(each.deadline)
    return say("ui.rounds.deadline", day=day(each.deadline), ago=ago(each.deadline, today))


def _new_round(desk: Desk) -> None:
    """Offer the three ways to begin: the sample, files, an empty template."""
    sample, files, blank = st.tabs([say(f"ui.rounds.new.{each}") for each in _WAYS])
    with sample:
        st.markdown(say("ui.rounds.new.sample-about"))
        if st.button(say("ui.rounds.new.sample-button"), type="primary", key="new-sample"):
            act(desk.create_sample, say("ui.rounds.new.sample-done"), _open)
    with files:
        _from_files(desk)
    with blank:
        _blank(desk)


_WAYS = ("sample", "files", "blank")


def _from_files(desk: Desk) -> None:
    st.markdown(say("ui.rounds.new.files-about"))
    with st.form("new-files", border=False):
        contents = uploads(say("ui.rounds.new.files-label"), _UPLOADS, key="new-upload")
        if st.form_submit_button(say("ui.rounds.new.files-button"), type="primary"):
            act(lambda: desk.create_round(contents), say("ui.rounds.new.files-done"), _open)


def _blank(desk: Desk) -> None:
    st.markdown(say("ui.rounds.new.blank-about"))
    with st.form("new-blank", border=False):
        title = st.text_input(say("ui.rounds.new.blank-label"), max_chars=200, key="new-title")
        if st.form_submit_button(say("ui.rounds.new.blank-button"), type="primary"):
            act(lambda: desk.create_empty(title.strip()), say("ui.rounds.new.blank-done"), _open)


def _open(view: RoundView) -> None:
    """Go on with a new round where its files are, if that page is open to the person."""
    if navigation.reachable("applications"):
        navigation.go("applications", round=view.summary.id)
    name("round", view.summary.id)


def _timeline(desk: Desk, chosen: RoundSummary) -> None:
    """Show what happened, newest first: in the office, or in the chosen round."""
    section(say("ui.rounds.timeline.title"))
    scope = st.radio(
        say("ui.rounds.timeline.scope"),
        ("round", "office"),
        format_func=lambda each: say(f"ui.rounds.timeline.{each}"),
        horizontal=True,
        key="timeline",
    )
    events = desk.timeline(chosen.id if scope == "round" else None)[:_EVENTS]
    columns = (
        Column(say("ui.rounds.timeline.at"), Kind.MOMENT),
        Column(say("ui.rounds.timeline.who")),
        Column(say("ui.rounds.timeline.what")),
    )
    alt = say("ui.rounds.timeline.alt", count=len(events))
    table(columns, [_event(each) for each in events], key="events", alt=alt, file_name="events")


def _event(each: EventView) -> list[Cell]:
    return [each.at, each.actor, each.sentence]


PAGE = OfficePage("rounds", Section.DECIDE, 10, ":material/folder_open:", Command.SEE_ROUNDS, show)
