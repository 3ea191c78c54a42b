"""Refusals and failures on a page: what is wrong, where, what to do. Never data as Markdown."""

import streamlit as st

from allocator.commands.guard import reference
from allocator.errors import AllocatorError, Problem
from allocator.model import Severity
from allocator.texts import catalogue, say
from allocator.ui.formats import quoted, safe

__all__ = ["advice", "reference", "refusal", "show_failure", "show_problem"]

STALE = "office-stale"
_SHOWN = 5
_UPLOADED_KEY = "key.pem"
"""What a signing key is called while it is used; nobody has chosen this name."""


def refusal(error: AllocatorError) -> None:
    """Show why something was refused, a box for each error; long lists are counted.

    Warnings did not stand in the way; they are shown only where nothing else is.
    """
    wrong = [each for each in error.problems if each.severity is Severity.ERROR]
    problems = wrong or error.problems
    for each in problems[:_SHOWN]:
        show_problem(each)
    left = len(problems) - _SHOWN
    if left > 0:
        st.warning(say("ui.refusal.more", count=left))
    if error.code == STALE and st.button(say("ui.refusal.reload"), key="refusal-reload"):
        st.rerun()


def show_problem(each: Problem) -> None:
    """Show one problem in the box of its severity."""
    box = {Severity.ERROR: st.error, Severity.WARNING: st.warning}.get(each.severity, st.info)
    icon = {Severity.ERROR: ":material/block:", Severity.WARNING: ":material/warning:"}
    where = "" if each.where.file == _UPLOADED_KEY else str(each.where)
    place = f"{safe(where)}  \n" if where else ""
    box(
        f"{place}{safe(quoted(each.what))}  \n{safe(advice(each))}",
        icon=icon.get(each.severity, ":material/info:"),
    )


def advice(each: Problem) -> str:
    """Return what to do, here: a text that names a command or a folder has another one for pages.

    Those stand in the texts under ``ui.instead`` and the code of the problem.
    """
    return quoted(catalogue().get(f"ui.instead.{each.code}", each.do))


def show_failure(mark: str) -> None:
    """Show that the program failed, and the reference to pass on."""
    st.error(say("ui.failure", reference=safe(mark)), icon=":material/report:")
