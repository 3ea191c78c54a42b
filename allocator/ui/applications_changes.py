"""What the last upload or correction changed against the files before it, and its undoing."""

import streamlit as st

from allocator.office.desk_changes import counted
from allocator.office.roles import Command, may
from allocator.office.states import OPEN
from allocator.office.views import ChangeView, RoundView
from allocator.texts import say
from allocator.ui.applications_data import changes_of, sees_persons
from allocator.ui.applications_fix import column_words
from allocator.ui.applications_list import paged
from allocator.ui.applications_state import open_part
from allocator.ui.components import Cell, Column, table, table_download
from allocator.ui.formats import moment, safe
from allocator.ui.session import Desk, act, version_seen


def show(desk: Desk, view: RoundView) -> None:
    """Draw what changed, and the way back."""
    snapshot = view.snapshot
    if snapshot is None:
        st.info(say("ui.applications.changes.nothing-yet"), icon=":material/info:")
        return
    when = {"who": safe(snapshot.by), "when": moment(snapshot.made_at)}
    st.caption(say("ui.applications.changes.by", **when))
    found = changes_of(desk, view)
    if found.again:
        st.info(say("ui.applications.changes.again"), icon=":material/drag_handle:")
    if found.changes and found.at is not None:
        told = {"who": safe(found.by), "when": moment(found.at), **counted(found.changes)}
        st.markdown(say("ui.applications.changes.what", **told))
        _table(found.changes, personal=sees_persons(desk))
    else:
        st.markdown(say("ui.applications.changes.none"))
    _undo(desk, view)


def _table(found: tuple[ChangeView, ...], *, personal: bool) -> None:
    values = [
        Column(say("ui.applications.changes.before"), width="medium"),
        Column(say("ui.applications.changes.after"), width="medium"),
    ]
    columns = [
        Column(say("ui.applications.column.application_id")),
        *([Column(say("ui.applications.column.name"))] if personal else []),
        Column(say("ui.applications.column.administration")),
        Column(say("ui.applications.changes.kind")),
        Column(say("ui.applications.changes.column")),
        *(values if personal else []),
    ]
    rows = [_row(each, personal=personal) for each in found]
    here = paged(rows, key="applications-changes")
    alt = say("ui.applications.changes.alt", count=len(here))
    table(columns, here, key="applications-changes", alt=alt, download=False)
    table_download(columns, rows, "changes", key="applications-changes-xlsx")


def _row(each: ChangeView, *, personal: bool) -> list[Cell]:
    kind = say(f"ui.applications.changes.kinds.{each.kind}")
    person: list[Cell] = [each.person] if personal else []
    values: list[Cell] = [each.before, each.after] if personal else []
    column = column_words(each.column) if each.column else ""
    return [each.application, *person, each.administration, kind, column, *values]


def _undo(desk: Desk, view: RoundView) -> None:
    """Offer to go back to the files before."""
    summary = view.summary
    if summary.state not in OPEN or not may(desk.me(), Command.IMPORT):
        return
    with st.expander(say("ui.applications.undo.title"), icon=":material/undo:"):
        st.markdown(say("ui.applications.undo.about"))
        if st.button(say("ui.applications.undo.button"), key="applications-undo"):
            act(
                lambda: desk.undo_import(summary.id, version_seen(view)),
                say("ui.applications.undo.done"),
                lambda _: open_part("changes"),
            )
