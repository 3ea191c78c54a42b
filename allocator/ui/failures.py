"""Refusals and failures on a page: what is wrong, where, what to do. Never data as Markdown."""

import streamlit as st

from allocator.commands.guard import reference
from allocator.errors import AllocatorError, Problem
from allocator.model import Severity
from allocator.texts import say
from allocator.ui.formats import safe

__all__ = ["reference", "refusal", "show_failure", "show_problem"]

STALE = "office-stale"
_SHOWN = 5


def refusal(error: AllocatorError) -> None:
    """Show why something was refused, a box for each problem; long lists are counted."""
    for each in error.problems[:_SHOWN]:
        show_problem(each)
    left = len(error.problems) - _SHOWN
    if left > 0:
        st.warning(say("ui.refusal.more", count=left))
    if error.code == STALE and st.button(say("ui.refusal.reload"), key="refusal-reload"):
        st.rerun()


def show_problem(each: Problem) -> None:
    """Show one problem in the box of its severity."""
    box = {Severity.ERROR: st.error, Severity.WARNING: st.warning}.get(each.severity, st.info)
    icon = {Severity.ERROR: ":material/block:", Severity.WARNING: ":material/warning:"}
    place = f"{safe(each.where)}  \n" if str(each.where) else ""
    box(
        f"{place}{safe(each.what)}  \n{safe(each.do)}",
        icon=icon.get(each.severity, ":material/info:"),
    )


def show_failure(mark: str) -> None:
    """Show that the program failed, and the reference to pass on."""
    st.error(say("ui.failure", reference=safe(mark)), icon=":material/report:")
