"""Allocation: run it, see what it gives, turn a weight, override with its price, propose."""

from collections.abc import Callable

import streamlit as st

from allocator.office import jobs
from allocator.office.roles import Command, may
from allocator.office.states import OPEN, State
from allocator.office.views import RoundView, RunView
from allocator.texts import say
from allocator.ui import navigation
from allocator.ui.allocation_after import after_publication
from allocator.ui.allocation_overrides import overrides
from allocator.ui.allocation_result import decisions, headline, pictures, ties
from allocator.ui.allocation_weights import weights
from allocator.ui.components import empty, file_download
from allocator.ui.failures import show_problem
from allocator.ui.navigation import RoundPage, Section
from allocator.ui.results import Shown, chosen_run, shown
from allocator.ui.session import Desk, act, version_seen
from allocator.ui.sheets import XLSX

_FILES = {
    "decisions.csv": "text/csv",
    "decisions.xlsx": XLSX,
    "report.html": "text/html",
    "record.zip": "application/zip",
}


def show(desk: Desk, view: RoundView) -> None:
    """Draw the page."""
    if view.snapshot is None or not view.summary.applications or view.policy is None:
        empty(say("ui.allocation.no-files.what"), say("ui.allocation.no-files.do"))
        navigation.link("applications", say("ui.allocation.no-files.button"), round=view.summary.id)
        return
    _last_failed(view)
    run = chosen_run(view, key="allocation-run")
    if run is None:
        if view.job is None:
            _first(desk, view)
        return
    found = shown(desk, run)
    headline(found)
    _next(desk, view, run)
    _tabs(desk, view, run, found)


def _first(desk: Desk, view: RoundView) -> None:
    runs = may(desk.me(), Command.RUN) and view.summary.state in OPEN
    empty(say("ui.allocation.empty.what"), say(f"ui.allocation.empty.{'do' if runs else 'wait'}"))
    if runs:
        _run_form(desk, view, primary=True)


def _last_failed(view: RoundView) -> None:
    """Say why the last run gave nothing, if it did; conflicting rules are named."""
    last = view.runs[0] if view.runs else None
    if last is None:
        return
    if last.status == "failed":
        st.error(say("ui.allocation.failed"), icon=":material/error:")
        for each in last.problems:
            show_problem(each)
    elif last.status == "cancelled":
        st.info(say("ui.allocation.cancelled"), icon=":material/stop_circle:")


def _run_form(desk: Desk, view: RoundView, *, primary: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        pressed = st.button(
            say("ui.allocation.run.button"),
            type="primary" if primary else "secondary",
            icon=":material/play_arrow:",
            key="allocation-run-button",
        )
        minutes = st.number_input(
            say("ui.allocation.run.limit"),
            min_value=1,
            max_value=360,
            value=None,
            placeholder=say("ui.allocation.run.no-limit"),
            help=say("ui.allocation.run.limit-help"),
            key="allocation-limit",
            width=260,
        )
    if pressed:
        limit = None if minutes is None else 60.0 * minutes
        act(
            lambda: jobs.start(desk, view.summary.id, time_limit=limit),
            say("ui.allocation.run.started"),
        )


# --- what to do with a run ----------------------------------------------------------------------


def _next(desk: Desk, view: RoundView, run: RunView) -> None:
    """Say whether the run is that of the round as it stands, and offer what comes next."""
    me, state = desk.me(), view.summary.state
    if not run.current and state in OPEN:
        st.warning(say("ui.allocation.outdated"), icon=":material/history:")
    if may(me, Command.PROPOSE):
        _propose(desk, view, run)
    elif state is State.PROPOSED:
        navigation.link("signoff", say("ui.allocation.to-signoff"), round=view.summary.id)
    if state not in OPEN or view.job is not None or not may(me, Command.RUN):
        return
    if run.current and run.status == "done":
        with st.expander(say("ui.allocation.run.again"), icon=":material/replay:"):
            _run_form(desk, view, primary=False)
    else:
        _run_form(desk, view, primary=True)


def _propose(desk: Desk, view: RoundView, run: RunView) -> None:
    summary = view.summary
    proposed = any(each.run == run.id for each in view.signoffs)
    again = summary.state is State.PUBLISHED and run.kind == "reallocation" and not proposed
    if summary.state is State.DRAFT and run.current:
        st.info(say("ui.allocation.propose.check-first"), icon=":material/fact_check:")
        navigation.link("applications", say("ui.allocation.propose.check"), round=summary.id)
        return
    if not run.current or run.status != "done" or not (summary.state is State.CHECKED or again):
        if summary.state in (State.PROPOSED, State.APPROVED):
            navigation.link("signoff", say("ui.allocation.to-signoff"), round=summary.id)
        return
    if st.button(
        say("ui.allocation.propose.button"),
        type="primary",
        icon=":material/approval:",
        help=say("ui.allocation.propose.help"),
        key="allocation-propose",
    ):
        act(
            lambda: desk.propose(summary.id, run.id, version_seen(view)),
            say("ui.allocation.propose.done"),
            lambda _: _to_signoff(summary.id),
        )


def _to_signoff(round_id: str) -> None:
    if navigation.reachable("signoff"):
        navigation.go("signoff", round=round_id)


# --- the parts ----------------------------------------------------------------------------------


def _tabs(desk: Desk, view: RoundView, run: RunView, found: Shown) -> None:
    """Draw the part that is open, and no other."""
    parts: dict[str, Callable[[], None]] = {
        "result": lambda: pictures(found),
        "decisions": lambda: decisions(desk, view, run, found),
        "weights": lambda: weights(desk, view, run, found),
        "overrides": lambda: overrides(desk, view, found),
        "ties": lambda: ties(found),
        "files": lambda: _files(desk, run),
        "after": lambda: after_publication(desk, view),
    }
    if not may(desk.me(), Command.DOWNLOAD):
        del parts["files"]
    labels = [say(f"ui.allocation.tab.{each}") for each in parts]
    drawn = st.tabs(labels, key="part", on_change="rerun", bind="query-params")
    for tab, draw in zip(drawn, parts.values(), strict=True):
        if tab.open:
            with tab:
                draw()


def _files(desk: Desk, run: RunView) -> None:
    """Offer the files of the run, made when asked for."""
    st.markdown(say("ui.allocation.files.about"))
    if run.fingerprint:
        st.text(say("ui.allocation.files.fingerprint", fingerprint=run.fingerprint))
    for name, mime in _FILES.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            file_download(
                name, _maker(desk, run.id, name), name, mime, key=f"allocation-file-{name}"
            )
            st.caption(say(f"ui.allocation.files.{name.replace('.', '-')}"))


def _maker(desk: Desk, run_id: str, name: str) -> Callable[[], bytes]:
    def make() -> bytes:
        return desk.record(run_id) if name == "record.zip" else desk.outputs(run_id)[name]

    return make


PAGE = RoundPage(
    "allocation", Section.DECIDE, 40, ":material/account_balance:", Command.SEE_ROUNDS, show
)
