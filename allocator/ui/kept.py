"""What pages keep in memory between two draws, apart for those who see persons and for the others.

Whether a person sees persons is asked of the desk each time, and is part of every key. So is the
last erasure: when somebody is erased, here or from the command line, all that was kept is
forgotten before anything is shown again.
"""

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from allocator.office.desk_awards import forget_what_was_read, last_erasure
from allocator.office.memory import MEMORY
from allocator.office.roles import Command, may
from allocator.office.views import RoundView
from allocator.ui.session import Desk

_SEEN = "_erasures_seen"
_known: dict[str, int] = {}


class Whose(NamedTuple):
    """For whom something is kept: the store, whether they see persons, the last erasure."""

    store: str
    persons: bool
    erasures: int


def sees_persons(desk: Desk) -> bool:
    """Tell whether the person at the desk may see names and free text."""
    return may(desk.me(), Command.SEE_PERSONAL)


def whose(desk: Desk) -> Whose:
    """Return for whom something is kept now, which begins every key."""
    store = desk.store.name
    erasures = last_erasure(desk.store)
    if _known.setdefault(store, erasures) != erasures:
        _known[store] = erasures
        forget_what_was_read()
    return Whose(store, sees_persons(desk), erasures)


def kept[T](
    what: str, key: tuple[object, ...], make: Callable[[], T], size: Callable[[T], int]
) -> T:
    """Return an answer, found once and kept while there is room.

    Parameters
    ----------
    what : str
        What is asked.
    key : tuple
        All that the answer depends on: ``whose(desk)``, and ``as_it_stands(view)`` or a run.
    make : callable
        Finds it.
    size : callable
        How many kilobytes it takes, more or less.
    """
    return MEMORY.recall((what, *key), make, size)


def as_it_stands(view: RoundView) -> tuple[object, ...]:
    """Return by what to tell whether a round would still be decided as it would be now."""
    return view.summary.id, view.summary.version, view.basis


def redraw_after_erasing(desk: Desk) -> None:
    """Draw the whole page anew if somebody was erased since this session last looked."""
    erasures = whose(desk).erasures
    if st.session_state.setdefault(_SEEN, erasures) != erasures:
        st.session_state[_SEEN] = erasures
        st.rerun()
