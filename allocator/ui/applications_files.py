"""The files of a round: bring them in, take the template away, see what is there."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path, PurePath

import streamlit as st

from allocator.errors import AllocatorError, problem
from allocator.intake.folder import LoadedRound
from allocator.intake.template import write_workbook
from allocator.office.desk_changes import counted
from allocator.office.roles import Command, may
from allocator.office.states import OPEN
from allocator.office.views import ImportView, RoundView
from allocator.texts import say
from allocator.ui import applications_entries, applications_round
from allocator.ui.applications_data import Refused, file_of, loaded_of, sees_persons
from allocator.ui.applications_fix import left_words
from allocator.ui.applications_state import open_part
from allocator.ui.components import Cell, Column, Kind, file_download, section, table, uploads
from allocator.ui.failures import refusal
from allocator.ui.formats import moment, safe
from allocator.ui.session import Desk, act, flash, version_seen
from allocator.ui.sheets import XLSX

_BROUGHT = "_applications-brought"

_ROLES = {
    "applications": ("xlsx", "csv"),
    "prior_awards": ("xlsx", "csv"),
    "round": ("yaml", "yml"),
}
"""The parts of a round that are brought in here, and how the names of their files may end."""


def show(desk: Desk, view: RoundView) -> None:
    """Draw the uploads, the downloads and the files that are there."""
    if may(desk.me(), Command.IMPORT) and view.summary.state in OPEN:
        _upload(desk, view)
        applications_round.draw(desk, view)
        applications_entries.draw(desk, view)
    elif may(desk.me(), Command.IMPORT):
        st.info(say("ui.applications.files.frozen"), icon=":material/lock:")
    else:
        st.info(say("ui.applications.files.not-you"), icon=":material/info:")
    _downloads(desk, view)
    _there(view)


def _upload(desk: Desk, view: RoundView) -> None:
    section(say("ui.applications.files.title"))
    st.caption(say("ui.applications.files.about"))
    given: dict[str, dict[str, bytes]] = {}
    brought = st.session_state.get(_BROUGHT, 0)  # files brought in empty the fields
    # No form: it would swallow a press of the button while a file is still on its way.
    for place, role in zip(st.columns(len(_ROLES)), _ROLES, strict=True):
        with place:
            label = say(f"ui.applications.files.roles.{role}")
            given[role] = uploads(label, _ROLES[role], key=f"applications-upload-{role}-{brought}")
    pressed = st.button(
        say("ui.applications.files.button"),
        type="primary",
        icon=":material/upload:",
        disabled=not any(given.values()),
        help=say("ui.applications.files.button-help"),
        key="applications-upload",
    )
    if pressed:
        _bring_in(desk, view, given)


def _bring_in(desk: Desk, view: RoundView, given: dict[str, dict[str, bytes]]) -> None:
    try:
        files = named_by_role(given)
    except AllocatorError as error:
        refusal(error)
        return
    summary, seen = view.summary, version_seen(view)
    act(lambda: desk.import_files(summary.id, files, seen), "", _brought)


def named_by_role(given: dict[str, dict[str, bytes]]) -> dict[str, bytes]:
    """Return uploaded files under the names that the desk knows them by.

    Raises
    ------
    AllocatorError
        There is none, or two for one part of the round.
    """
    files: dict[str, bytes] = {}
    for role, found in given.items():
        if len(found) > 1:
            raise AllocatorError(problem("round-two-files", value=", ".join(sorted(found))))
        for name, content in found.items():
            files[f"{role}{PurePath(name).suffix.lower()}"] = content
    if not files:
        raise AllocatorError(problem("ui-applications-no-file"))
    return files


def _brought(found: ImportView) -> None:
    st.session_state[_BROUGHT] = st.session_state.get(_BROUGHT, 0) + 1
    differs = "ui.applications.files.differs" if found.changes else "ui.applications.files.same"
    told = say(differs, **counted(found.changes))
    count = found.check.applications
    flash(say("ui.applications.files.done", applications=count, told=told, left=left_words(found)))
    open_part("changes" if found.check.can_run else "problems")


def _downloads(desk: Desk, view: RoundView) -> None:
    """Offer the template, and ``round.yaml`` as it is to whoever may download."""
    section(say("ui.applications.files.template-title"))
    st.caption(say("ui.applications.files.template-about"))
    loaded = loaded_of(desk, view)
    with st.container(horizontal=True):
        file_download(
            say("ui.applications.files.template"),
            lambda: template(loaded),
            "applications.xlsx",
            XLSX,
            key="applications-template",
        )
        there = file_of(loaded, "round")
        if there is not None and sees_persons(desk):
            content = there[1]
            file_download(
                say("ui.applications.files.round"),
                lambda: content,
                "round.yaml",
                "application/yaml",
                key="applications-round-yaml",
            )


def template(loaded: LoadedRound | Refused) -> bytes:
    """Return an empty applications workbook that offers the meetings of the round."""
    if isinstance(loaded, Refused):
        meetings, on = [], datetime.now(UTC).date()
    else:
        meetings, on = [each.id for each in loaded.round.meetings], loaded.round.decision_date
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "applications.xlsx")
        write_workbook(path, meetings, on)
        return path.read_bytes()


def _there(view: RoundView) -> None:
    section(say("ui.applications.files.there"))
    snapshot = view.snapshot
    if snapshot is None or not snapshot.files:
        st.markdown(say("ui.applications.files.none"))
        return
    when = {"who": safe(snapshot.by), "when": moment(snapshot.made_at)}
    st.caption(say("ui.applications.changes.by", **when))
    columns = (
        Column(say("ui.applications.files.part"), width="medium"),
        Column(say("ui.applications.files.name")),
        Column(say("ui.applications.files.size"), Kind.COUNT),
        Column("SHA-256", width="large"),
    )
    rows: list[list[Cell]] = [
        [say(f"ui.applications.files.roles.{each.role}"), each.name, each.size, each.sha256]
        for each in snapshot.files
    ]
    alt = say("ui.applications.files.alt", count=len(rows))
    table(columns, rows, key="applications-files", alt=alt)
