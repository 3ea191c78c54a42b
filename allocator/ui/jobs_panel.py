"""The state of a round's run under way, drawn once a second by one fragment that never leaves.

While nothing is under way it looks less often: every look lets the browser draw, and a page that
is just being opened is then ready later.
"""

from datetime import UTC, datetime
from fractions import Fraction

import streamlit as st

from allocator.office import jobs
from allocator.office.desk_show import QUEUED
from allocator.office.roles import Command, may
from allocator.office.views import ProgressView, RoundView, RunView
from allocator.texts import say
from allocator.ui.kept import redraw_after_erasing
from allocator.ui.results import FINISHED
from allocator.ui.session import Desk, attempt, flash
from allocator.wording import percent, points

BUSY, IDLE = 1.0, 5.0
"""Seconds from one look to the next while a run is under way, and while none is."""

_SEEN = "_job_seen"
_TELLS = "allocation"
_WORTH_SAYING = Fraction(1, 2)
"""A gap above which it tells nothing yet."""
_AFTERWARDS = ("explain", "prove", "record")
"""Stages after the allocation is found."""


def mount(desk: Desk, view: RoundView, page: str) -> None:
    """Mount the panel of a round; it is empty while nothing is under way.

    When a run has ended, the whole page is drawn anew, once; also one that the page was told of and
    that ended before the panel came to look. So it is when somebody else has begun one.
    """
    busy = view.job is not None
    if view.job is not None:
        st.session_state[_SEEN] = view.job.id
    st.fragment(_panel, run_every=BUSY if busy else IDLE)(desk, view.summary.id, page, busy=busy)


def _panel(desk: Desk, round_id: str, page: str, *, busy: bool) -> None:
    redraw_after_erasing(desk)
    stops = may(desk.me(), Command.CANCEL_RUN)
    if stops:
        jobs.settle(desk, round_id)
    job = desk.job(round_id)
    before = st.session_state.get(_SEEN)
    st.session_state[_SEEN] = job.id if job else None
    if job is not None:
        if not busy and job.id != before:
            st.rerun()
        if stops:
            jobs.lose_patience(desk, job)
        _draw(desk, job, stops=stops)
    elif before is not None:
        ended = next((each for each in desk.runs(round_id) if each.id == before), None)
        if ended is not None:
            _say_ended(ended, page)
            st.rerun()


def _say_ended(run: RunView, page: str) -> None:
    """Say how a run ended, unless the page says it itself of one that gave no result."""
    if page == _TELLS and run.status not in FINISHED:
        return
    status = say(f"ui.job.status.{run.status}")
    flash(say("ui.job.ended", status=status), done=run.status == "done")


def _draw(desk: Desk, job: RunView, *, stops: bool) -> None:
    with st.container(border=True):
        st.markdown(f"**{say('ui.job.title')}**")
        standing = st.container()
        if stops:
            job = _stopped(desk, job)
        with standing:
            st.progress(_reached(job.progress), text=_words(job))
            if job.stop_asked is not None:
                st.info(say("ui.job.stopping"), icon=":material/stop_circle:")


def _stopped(desk: Desk, job: RunView) -> RunView:
    """Offer to stop a run, and once that was asked for, to end it at once; return how it is."""
    again = job.stop_asked is not None
    label = say(f"ui.job.{'drop' if again else 'cancel'}")
    icon = f":material/{'delete' if again else 'stop_circle'}:"
    if st.button(label, key=f"{'drop' if again else 'cancel'}-{job.id}", icon=icon):
        return attempt(lambda: jobs.stop(desk, job.id, for_good=again)) or job
    return job


def _words(job: RunView) -> str:
    progress = job.progress
    if job.status == QUEUED or progress is None:
        return say("ui.job.queued")
    # Counted here, for a stage may have nothing to tell for a long while.
    seconds = max(progress.seconds, int((datetime.now(UTC) - job.started).total_seconds()))
    if progress.stage in _AFTERWARDS:
        return say(f"ui.job.stage.{progress.stage}", seconds=seconds)
    gap = _gap(progress)
    if gap is None or gap > _WORTH_SAYING:
        return say("ui.job.searching", seconds=seconds)
    best = points(progress.best or 0)
    return say("ui.job.closing", best=best, gap=percent(gap, 3), seconds=seconds)


def _gap(progress: ProgressView | None) -> Fraction | None:
    """Return how far the best allocation known is from the proven bound, as a part of the bound."""
    if progress is None or progress.best is None or not progress.bound:
        return None
    return Fraction(max(0, progress.bound - progress.best), abs(progress.bound))


def _reached(progress: ProgressView | None) -> float:
    if progress is not None and progress.stage in _AFTERWARDS:
        return 1.0
    gap = _gap(progress)
    return 0.0 if gap is None else max(0.0, 1.0 - float(gap))
