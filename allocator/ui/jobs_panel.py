"""The state of a round's background run, drawn once a second by one fragment that never leaves."""

import streamlit as st

from allocator.errors import AllocatorError
from allocator.office.views import ProgressView, RunView
from allocator.texts import say
from allocator.ui.failures import refusal
from allocator.ui.formats import points, safe
from allocator.ui.session import Desk, flash

_UNDER_WAY = ("queued", "running")
_SEEN = "_job_seen"


def mount(desk: Desk, round_id: str) -> None:
    """Mount the panel for a round; it is empty while nothing is under way."""
    _panel(desk, round_id)


@st.fragment(run_every=1.0)
def _panel(desk: Desk, round_id: str) -> None:
    job = next((each for each in desk.runs(round_id) if each.status in _UNDER_WAY), None)
    seen = st.session_state.get(_SEEN)
    st.session_state[_SEEN] = (round_id, job.id) if job else None
    if job is not None:
        _draw(desk, job)
    elif seen is not None and seen[0] == round_id:
        flash(say("ui.job.ended"))
        st.rerun()


def _draw(desk: Desk, job: RunView) -> None:
    with st.container(border=True):
        st.markdown(f"**{say('ui.job.title')}**")
        st.progress(_done(job.progress), text=_words(job))
        if st.button(say("ui.job.cancel"), key=f"cancel-{job.id}", icon=":material/stop_circle:"):
            try:
                desk.cancel_run(job.id)
            except AllocatorError as error:
                refusal(error)


def _words(job: RunView) -> str:
    progress = job.progress
    if job.status == "queued" or progress is None:
        return say("ui.job.queued")
    if progress.best is None or progress.bound is None:
        return say("ui.job.running", stage=safe(progress.stage), seconds=progress.seconds)
    return say(
        "ui.job.closing",
        best=points(progress.best),
        bound=points(progress.bound),
        gap=safe(progress.gap_share),
        seconds=progress.seconds,
    )


def _done(progress: ProgressView | None) -> float:
    """Return how near the best allocation known is to the proven bound, 0 to 1."""
    if progress is None or not progress.best or not progress.bound or progress.bound <= 0:
        return 0.0
    return min(1.0, max(0.0, progress.best / progress.bound))
