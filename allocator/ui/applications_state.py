"""Which part of Applications is open, what to do first, and why nothing can be changed later."""

import streamlit as st

from allocator.office.roles import Command, may
from allocator.office.states import OPEN, State
from allocator.office.views import RoundView
from allocator.texts import say
from allocator.ui.components import empty, reasoned
from allocator.ui.session import Desk, act, version_seen

_RETURNABLE = (State.PROPOSED, State.APPROVED)


def say_why_frozen(desk: Desk, view: RoundView, what: str) -> None:
    """Say why something cannot be changed; who may return the round to draft can do it here.

    Parameters
    ----------
    desk : Desk
        The desk.
    view : RoundView
        A round that was proposed, or is further.
    what : str
        What cannot be changed, as a sentence.
    """
    summary = view.summary
    st.info(f"{what} {say(f'ui.frozen.{summary.state}')}", icon=":material/lock:")
    if summary.state not in _RETURNABLE:
        return
    if not may(desk.me(), Command.RETURN):
        st.caption(say("ui.frozen.who"))
        return
    with st.expander(say("ui.frozen.return.title"), icon=":material/undo:"):
        st.markdown(say("ui.frozen.return.about"))
        reason = reasoned("return", say("ui.frozen.return.reason"), say("ui.frozen.return.button"))
        if reason is not None:
            act(
                lambda: desk.return_to_draft(summary.id, reason, version_seen(view)),
                say("ui.frozen.return.done"),
            )


PART = "applications-part"
"""Key of the widget that chooses a part of the page Applications."""

_NEXT = "_applications-next"


def open_part(part: str) -> None:
    """Show another part of the page Applications when it is next drawn."""
    st.session_state[_NEXT] = part


def take_part() -> None:
    """Choose the part that was asked for; to be called before the widget is drawn."""
    wanted = st.session_state.pop(_NEXT, None)
    if wanted is not None:
        st.session_state[PART] = wanted


def no_applications(desk: Desk, view: RoundView) -> None:
    """Say what to do first in a round without applications."""
    able = may(desk.me(), Command.IMPORT) and view.summary.state in OPEN
    empty(
        say("ui.applications.empty.what"), say(f"ui.applications.empty.{'do' if able else 'wait'}")
    )
    if able and st.button(say("ui.applications.empty.button"), key="applications-empty"):
        open_part("files")
        st.rerun()
