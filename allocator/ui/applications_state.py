"""Why a round's files and policy cannot be changed any more, and the way back to draft."""

import streamlit as st

from allocator.office.roles import Command, may
from allocator.office.states import State
from allocator.office.views import RoundView
from allocator.texts import say
from allocator.ui.components import reasoned
from allocator.ui.session import Desk, act

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
                lambda: desk.return_to_draft(summary.id, reason, summary.version),
                say("ui.frozen.return.done"),
            )
