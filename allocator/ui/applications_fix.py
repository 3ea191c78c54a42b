"""Correcting one cell of the applications, with what it said before and why."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from allocator.errors import Problem
from allocator.intake.columns import APPLICATIONS
from allocator.model import Severity
from allocator.naming import resolve
from allocator.office.roles import Command, may
from allocator.office.states import OPEN
from allocator.office.views import ImportView, RoundView
from allocator.texts import catalogue, say
from allocator.ui.applications_data import sees_persons, sheet_of
from allocator.ui.components import section
from allocator.ui.formats import safe
from allocator.ui.session import Desk, act, flash, version_seen

_IDENTITY = "application_id"


def permitted(desk: Desk, view: RoundView) -> bool:
    """Tell whether the person may correct cells of this round now."""
    return view.summary.state in OPEN and may(desk.me(), Command.FIX) and sees_persons(desk)


def for_problem(desk: Desk, view: RoundView, chosen: Problem) -> None:
    """Offer to correct the cell that a problem is about, or say where else it is corrected."""
    section(say("ui.applications.fix.title"))
    st.markdown(f"{safe(chosen.what)} {safe(chosen.do)}")
    row = sheet_of(desk, view).get(chosen.where.row)
    if not chosen.where.file.startswith("applications") or row is None:
        st.info(say("ui.applications.fix.elsewhere"), icon=":material/info:")
        return
    column = APPLICATIONS.known(chosen.where.column) or chosen.where.column
    same = [each for each in sheet_of(desk, view).values() if each.application == row.application]
    by_row = column == _IDENTITY or not row.application or len(same) > 1
    at = chosen.where.row if by_row else None
    _form(desk, view, _Place(row.application, row.cells, at), column, _suggested(chosen))


def for_application(desk: Desk, view: RoundView, application: str) -> None:
    """Offer to correct a cell of an application; where several rows have its id, of each row."""
    rows = {n: row for n, row in sheet_of(desk, view).items() if row.application == application}
    if not rows:
        st.info(say("ui.applications.fix.elsewhere"), icon=":material/info:")
    for number, row in rows.items():
        _form(desk, view, _Place(application, row.cells, number if len(rows) > 1 else None), "")


@dataclass(frozen=True, slots=True)
class _Place:
    """A row of the applications: its cells by column, and its number where the id is not enough."""

    application: str
    cells: Mapping[str, str]
    row: int | None

    def label(self) -> str:
        """Return what the columns are asked for with."""
        if self.row is not None:
            return say("ui.applications.fix.column-row", row=self.row)
        return say("ui.applications.fix.column", application=safe(self.application))


def _form(desk: Desk, view: RoundView, place: _Place, column: str, suggested: str = "") -> None:
    """Draw the form; a correction is one command with the cell before and after.

    It begins with ``column``, or the first, and with what that is to say if that can be guessed.
    An id is corrected by the number of its row alone.
    """
    cells = place.cells
    columns = [each for each in cells if each != _IDENTITY or place.row is not None]
    key = f"applications-fix-{place.application}-{column}"
    if place.row is not None:
        key += f"-{place.row}"
    chosen = st.selectbox(
        place.label(),
        columns,
        index=columns.index(column) if column in columns else 0,
        format_func=column_words,
        help=_note(column),
        key=key,
    )
    before = cells[chosen].strip()
    st.text(say("ui.applications.fix.before", value=before or say("ui.applications.fix.blank")))
    with st.form(f"{key}-{chosen}-form", border=False):
        after = st.text_input(
            say("ui.applications.fix.after"),
            suggested if suggested and chosen == column else before,
            max_chars=4000,
            key=f"{key}-{chosen}-after",
        )
        reason = st.text_input(
            say("ui.applications.fix.reason"), max_chars=4000, key=f"{key}-{chosen}-reason"
        )
        pressed = st.form_submit_button(say("ui.applications.fix.button"), type="primary")
    if pressed:
        _fix(desk, view, (place, chosen), before, after.strip(), reason.strip())


def _fix(
    desk: Desk, view: RoundView, cell: tuple[_Place, str], before: str, after: str, reason: str
) -> None:
    if after == before:
        st.warning(say("ui.applications.fix.same"), icon=":material/warning:")
        return
    of, seen = view.summary.id, version_seen(view)
    place, column = cell
    act(
        lambda: desk.fix(of, place.application, column, before, after, reason, seen, place.row),
        "",
        lambda found: flash(say("ui.applications.fix.done", left=left_words(found))),
    )


def _suggested(chosen: Problem) -> str:
    """Return the one country that is near to what was written, if it is one."""
    if chosen.code != "intake-country-near":
        return ""
    near = resolve(chosen.value, datetime.now(UTC).date()).suggestions
    return near[0] if len(near) == 1 else ""


def left_words(found: ImportView) -> str:
    """Return how many errors and warnings are left after an upload or a correction."""
    counts = Counter(each.severity for each in found.check.problems)
    errors, warnings = counts[Severity.ERROR], counts[Severity.WARNING]
    return say("ui.applications.left", errors=errors, warnings=warnings)


def column_words(column: str) -> str:
    """Return what a column is called: a known one by its name in words, others as written."""
    return catalogue().get(f"ui.applications.column.{column}") or column


def _note(column: str) -> str | None:
    return catalogue().get(f"template.column.{column}.note")
