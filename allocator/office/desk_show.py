"""Rows of the store become what the desk shows."""

import json
from datetime import date, datetime

from allocator.errors import Problem, Where
from allocator.model import Severity
from allocator.office.desk_files import newest_bytes, plain_digest
from allocator.office.desk_watch import STOP
from allocator.office.desk_words import event_sentence, next_step
from allocator.office.roles import Role
from allocator.office.states import State
from allocator.office.store import Reader
from allocator.office.store_rows import (
    AccountRoleRow,
    AccountRow,
    BlobRow,
    EventRow,
    NoteRow,
    OutcomeRow,
    OverrideRow,
    PolicyRow,
    PublicationRow,
    RecusalRow,
    RoundRow,
    RunRow,
    SignoffRow,
    SnapshotRow,
)
from allocator.office.views import (
    AccountView,
    EventView,
    FileView,
    NoteView,
    OutcomeView,
    OverrideView,
    PolicyView,
    ProgressView,
    PublicationView,
    RoundSummary,
    RunView,
    SignoffView,
    SnapshotView,
)

DONE, NOT_FINAL, RUNNING, QUEUED = "done", "not final", "running", "queued"
FAILED, CANCELLED = "failed", "cancelled"
UNDER_WAY = (QUEUED, RUNNING)

PROBLEMS, PROBLEMS_KEPT = "problems", "problems_kept"
"""In the summary of a run that failed: what its problems were and where, and the token of the text
in the vault that says them in full, cells of the files among them."""


def moment(text: str) -> datetime:
    """Return a time of the store."""
    return datetime.fromisoformat(text)


def round_summary(
    reader: Reader, row: RoundRow, run: RunRow | None, *, reallocating: str
) -> RoundSummary:
    """Return a round in brief; its figures were counted when its files were imported.

    Parameters
    ----------
    reader : Reader
        The store.
    row : RoundRow
        The round.
    run : RunRow, optional
        The run that is current, if it is finished.
    reallocating : str
        As for ``next_step``.
    """
    snapshot = reader.get(SnapshotRow, row.snapshot) if row.snapshot is not None else None
    counts = (snapshot.counts if snapshot else None) or {}
    last = reader.find(EventRow, seq=row.version)[0]
    state = State(row.state)
    can_run = bool(counts.get("applications")) and row.policy is not None
    return RoundSummary(
        id=row.id,
        title=row.title,
        state=state,
        version=row.version,
        currency=counts.get("currency", ""),
        deadline=date.fromisoformat(row.deadline) if row.deadline else None,
        meetings=counts.get("meetings", 0),
        applications=counts.get("applications", 0),
        asked=((run.summary if run else None) or counts).get("asked", counts.get("asked")),
        available=counts.get("available"),
        next_step=next_step(
            state, can_run=can_run, has_run=run is not None, reallocating=reallocating
        ),
        changed_at=moment(last.at),
        changed_by=last.actor,
    )


def snapshot_view(reader: Reader, row: SnapshotRow, *, hashes: bool) -> SnapshotView:
    """Return the files of a round at one time, by the hashes they are kept under.

    With ``hashes`` by those of the files themselves, which tell whoever holds a file that it is the
    same; where the content was erased there is none but the store's own.
    """
    files = []
    for each in row.files:
        content = newest_bytes(reader, each["blob"])
        blob = reader.get(BlobRow, each["blob"])
        digest = plain_digest(content) if hashes and content is not None else each["blob"]
        files.append(FileView(each["role"], each["name"], digest, blob.size if blob else 0))
    counts = row.counts or {}
    applications = counts.get("applications", 0)
    return SnapshotView(str(row.id), moment(row.at), row.by, tuple(files), applications)


def policy_view(reader: Reader, row: PolicyRow, *, texts: bool) -> PolicyView:
    """Return one version of a policy; its reason is free text, for those who may see persons."""
    return PolicyView(
        id=str(row.id),
        number=row.number,
        title=row.title,
        author=row.by,
        reason=(reader.kept(row.reason_kept) or "") if texts else "",
        at=moment(row.at),
        based_on=None if row.based_on is None else str(row.based_on),
        text=(reader.blob(row.blob) or b"").decode("utf-8"),
    )


def run_view(reader: Reader, row: RunRow, *, current: bool) -> RunView:
    """Return a run; how far it is, only while it runs."""
    summary = dict(row.summary or {})
    problems = summary.pop(PROBLEMS, ())
    said = reader.kept(kept) if (kept := summary.pop(PROBLEMS_KEPT, None)) else None
    problems = json.loads(said) if said else problems
    asked = summary.pop(STOP, None)
    progress = reader.progress(row.id) if row.status in UNDER_WAY else None
    return RunView(
        id=str(row.id),
        round=row.round,
        kind=row.kind,
        status=row.status,
        by=row.by,
        started=moment(row.started_at or row.at),
        finished=moment(row.finished_at) if row.finished_at else None,
        snapshot=str(row.snapshot),
        policy=str(row.policy),
        fingerprint=row.manifest,
        previous=None if row.previous_run is None else str(row.previous_run),
        current=current,
        progress=ProgressView(**progress) if progress else None,
        summary=summary,
        problems=tuple(_problem(each) for each in problems),
        stop_asked=moment(asked["at"]) if asked else None,
        stop_asked_by=asked["by"] if asked else "",
    )


def _problem(each: dict[str, str | int]) -> Problem:
    return Problem(
        code=str(each["code"]),
        severity=Severity(str(each["severity"])),
        what=str(each["what"]),
        do=str(each["do"]),
        where=Where(
            file=str(each["file"]),
            sheet=str(each["sheet"]),
            row=int(each["row"]),
            column=str(each["column"]),
            line=int(each["line"]),
        ),
        value=str(each["value"]),
    )


def override_view(reader: Reader, row: OverrideRow, *, texts: bool) -> OverrideView:
    """Return an override; its reason is free text, for those who may see persons."""
    return OverrideView(
        id=str(row.id),
        application=row.application,
        decision=row.decision,
        package=row.package,
        reason=(reader.kept(row.reason_kept) or "") if texts else "",
        author=row.by,
        at=moment(row.at),
        active=row.active,
        version=row.version,
    )


def signoff_view(row: SignoffRow) -> SignoffView:
    """Return a sign-off."""
    return SignoffView(row.kind, row.account, moment(row.at), str(row.run), row.fingerprint)


def publication_view(row: PublicationRow) -> PublicationView:
    """Return a publication."""
    return PublicationView(
        row.number, str(row.run), row.manifest, row.public_key, moment(row.at), row.by
    )


def outcome_view(
    reader: Reader, row: OutcomeRow, *, texts: bool, superseded: bool = False
) -> OutcomeView:
    """Return what became of an award."""
    return OutcomeView(
        application=row.application,
        kind=row.kind,
        on=date.fromisoformat(row.on_date),
        by=row.by,
        at=moment(row.at),
        note=(reader.kept(row.note_kept) or "") if texts else "",
        id=str(row.id),
        corrects="" if row.corrects is None else str(row.corrects),
        superseded=superseded,
    )


def event_view(row: EventRow) -> EventView:
    """Return an entry of the log with its sentence."""
    return EventView(
        row.seq, moment(row.at), row.actor, row.kind, row.subject, event_sentence(row), row.payload
    )


def note_view(reader: Reader, row: NoteRow, *, texts: bool) -> NoteView:
    """Return a note; without the right to see persons, only that there is one."""
    text = (reader.kept(row.text_kept) or "") if texts else ""
    kept = reader.kept(row.attachment_kept) if texts else None
    attachments = tuple((name, digest) for name, digest in json.loads(kept or "[]"))
    return NoteView(str(row.id), row.application, row.by, moment(row.at), text, attachments)


def account_view(reader: Reader, row: AccountRow) -> AccountView:
    """Return an account with its roles and the administrations it stands back from."""
    given = {each.role for each in reader.find(AccountRoleRow, account=row.login, active=True)}
    recused = reader.find(RecusalRow, account=row.login, active=True)
    return AccountView(
        login=row.login,
        name=row.name,
        roles=tuple(each for each in Role if each.value in given),
        active=row.active,
        recused=tuple(sorted(each.administration for each in recused)),
        version=row.version,
    )
