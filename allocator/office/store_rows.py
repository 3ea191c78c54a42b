"""What the store keeps, row by row: one frozen dataclass per table, named as its columns.

Times are UTC in ISO 8601 (``2026-03-01T09:30:00.000000Z``), dates ``2026-03-01``; amounts are in
minor units. ``version`` is the number of the event that tells the row's last change. A column
that ends in ``_kept`` holds the token of a text in the vault, never the text.
"""

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a table; ``table`` and ``key`` name the table and its key column.

    ``unhashed`` are columns the log does not vouch for, so that they can be erased.
    """

    table: ClassVar[str]
    key: ClassVar[str] = "id"
    unhashed: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow(Row):
    """One entry of the log; ``hash`` covers everything else, ``previous`` is the entry before.

    ``rows`` holds the hash of every row this event tells, so that the log vouches for them all.
    """

    table: ClassVar[str] = "event"
    key: ClassVar[str] = "seq"
    seq: int
    at: str
    actor: str
    kind: str
    subject: str
    payload: dict[str, Any]
    rows: dict[str, str]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionedRow(Row):
    """A row whose last change is told by the event number ``version``."""

    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobRow(VersionedRow):
    """Exact bytes by hash; the bytes themselves come from ``Reader.blob``.

    ``sha256`` is the SHA-256 of the bytes, or of a salt and the bytes if they are ``personal``.
    """

    table: ClassVar[str] = "blob"
    key: ClassVar[str] = "sha256"
    sha256: str
    kind: str
    size: int
    personal: bool
    at: str
    erased_at: str | None
    retention_until: str | None
    replaced_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalRow(VersionedRow):
    """An item of the erasable vault; its content comes from ``Reader.kept`` alone.

    ``subject`` is the token of the person it is about; ``commitment`` the salted hash of it.
    """

    table: ClassVar[str] = "personal"
    id: str
    kind: str
    subject: str | None
    commitment: str
    at: str
    retention_until: str | None
    erased_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow(VersionedRow):
    """A person of the office."""

    table: ClassVar[str] = "account"
    key: ClassVar[str] = "login"
    unhashed: ClassVar[tuple[str, ...]] = ("name",)
    login: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRoleRow(VersionedRow):
    """A role of an account; taken back by ``active = False``."""

    table: ClassVar[str] = "account_role"
    id: int
    account: str
    role: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecusalRow(VersionedRow):
    """An account that stands back from the applications of an administration."""

    table: ClassVar[str] = "recusal"
    id: int
    account: str
    administration: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRow(VersionedRow):
    """A round as it stands now; ``by`` and ``at`` say who made it and when."""

    table: ClassVar[str] = "round"
    id: str
    title: str
    state: str
    snapshot: int | None
    policy: int | None
    current_run: int | None
    published_run: int | None
    deadline: str | None
    at: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRow(VersionedRow):
    """The files of a round at one time: ``files`` lists role, name and blob. Never changes."""

    table: ClassVar[str] = "snapshot"
    id: int
    round: str
    files: Any
    counts: Any
    at: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow(VersionedRow):
    """One version of a policy. Never changes."""

    table: ClassVar[str] = "policy"
    id: int
    number: int
    title: str
    blob: str
    reason_kept: str | None
    based_on: int | None
    at: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow(VersionedRow):
    """One allocation; ``kind`` and ``status`` are those of ``views.RunView``."""

    table: ClassVar[str] = "run"
    id: int
    round: str
    snapshot: int
    policy: int
    kind: str
    status: str
    overrides: Any
    summary: Any
    pid: int | None
    pid_started: str | None
    record: str | None
    manifest: str | None
    previous_run: int | None
    at: str
    started_at: str | None
    finished_at: str | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideRow(VersionedRow):
    """A decision taken by a person; withdrawn by ``active = False``."""

    table: ClassVar[str] = "override"
    id: int
    round: str
    application: str
    decision: str
    package: str | None
    reason_kept: str | None
    active: bool
    at: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRow(VersionedRow):
    """A note on an application. Never changes; its texts can be erased."""

    table: ClassVar[str] = "note"
    id: int
    round: str
    application: str
    text_kept: str | None
    attachment_kept: str | None
    attachment_sha256: str | None
    at: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignoffRow(VersionedRow):
    """What a person put a name to: ``kind`` is ``proposed`` or ``approved``. Never changes.

    An approval names in ``proposal`` the sign-off it answers, of the same round, run and
    ``fingerprint`` and by another account; the database refuses anything else.
    """

    table: ClassVar[str] = "signoff"
    id: int
    round: str
    run: int
    kind: str
    proposal: int | None
    account: str
    fingerprint: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationRow(VersionedRow):
    """A published record; ``pinned_seq`` and ``pinned_hash`` are the log's head it names."""

    table: ClassVar[str] = "publication"
    id: int
    round: str
    run: int
    number: int
    manifest: str
    record: str
    public_key: str
    pinned_seq: int
    pinned_hash: str
    at: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRow(VersionedRow):
    """What became of an award, on which day. Never changes: a correction is another row.

    ``corrects`` is the outcome that this one stands in place of; its note then is the reason.
    """

    table: ClassVar[str] = "outcome"
    id: int
    round: str
    publication: int | None
    application: str
    kind: str
    on_date: str
    note_kept: str | None
    at: str
    by: str
    corrects: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow(VersionedRow):
    """Money that moved for an award (minor units; negative if it came back). Never changes."""

    table: ClassVar[str] = "payment"
    id: int
    round: str
    application: str
    fund: str
    amount: int
    currency: str
    kind: str
    on_date: str
    at: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow(VersionedRow):
    """A setting of the office by name; ``content`` is any plain JSON value."""

    table: ClassVar[str] = "setting"
    key: ClassVar[str] = "name"
    name: str
    content: Any


ROWS: tuple[type[Row], ...] = (
    *(EventRow, BlobRow, PersonalRow, AccountRow, AccountRoleRow, RecusalRow),
    *(RoundRow, SnapshotRow, PolicyRow, RunRow, OverrideRow, NoteRow),
    *(SignoffRow, PublicationRow, OutcomeRow, PaymentRow, SettingRow),
)
"""Every table's row, in the order tables are made."""
