"""What the desk shows: frozen plain data for the command line and the workbench alike.

Amounts are in minor units of the round's currency, merit in thousandths of a point, times in UTC.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from allocator.errors import Problem
from allocator.office.roles import Role
from allocator.office.states import State


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of a round as imported: its part in the round, its name, its SHA-256."""

    role: str
    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class SnapshotView:
    """The files of a round as they were at one time."""

    id: str
    made_at: datetime
    by: str
    files: tuple[FileView, ...]
    applications: int


@dataclass(frozen=True, slots=True)
class PolicyView:
    """One version of a policy; versions never change. ``text`` is the YAML."""

    id: str
    number: int
    title: str
    author: str
    reason: str
    at: datetime
    based_on: str | None
    text: str


@dataclass(frozen=True, slots=True)
class ProgressView:
    """How a run stands: the stage, the best objective and the proven bound (points × 1000)."""

    stage: str
    best: int | None = None
    bound: int | None = None
    gap_share: str = ""
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class RunView:
    """One allocation of a round.

    ``kind``: ``proposal``, ``reallocation`` or ``what-if``. ``status``: ``queued``, ``running``,
    ``done``, ``not final``, ``failed``, ``cancelled``. ``fingerprint`` is the SHA-256 of the
    record's manifest. ``current`` if its inputs, policy and overrides are those of the round now.
    ``stop_asked``: since when it is asked to stop and keep the best found, and by whom last.
    """

    id: str
    round: str
    kind: str
    status: str
    by: str
    started: datetime
    finished: datetime | None
    snapshot: str
    policy: str
    fingerprint: str | None
    previous: str | None
    current: bool
    progress: ProgressView | None = None
    summary: dict[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    stop_asked: datetime | None = None
    stop_asked_by: str = ""


@dataclass(frozen=True, slots=True)
class OverrideView:
    """A decision taken by a person: ``decision`` is ``must award`` or ``must not award``."""

    id: str
    application: str
    decision: str
    package: str | None
    reason: str
    author: str
    at: datetime
    active: bool
    version: int


@dataclass(frozen=True, slots=True)
class NoteView:
    """A note on an application, and what was attached to it by name and SHA-256."""

    id: str
    application: str
    author: str
    at: datetime
    text: str
    attachments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SignoffView:
    """What a person put a name to: ``kind`` is ``proposed`` or ``approved``."""

    kind: str
    account: str
    at: datetime
    run: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ReturnView:
    """A return to draft; its reason is free text, empty to who may not see persons."""

    account: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class PublicationView:
    """A published record: its number in the round, its fingerprint, the key that signed it."""

    number: int
    run: str
    fingerprint: str
    public_key: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """What became of an award.

    ``kind``: ``accepted``, ``declined``, ``withdrawn``, ``visa refused``, ``attended``,
    ``left early``, ``no-show``, ``report delivered``; of a correction also ``none``: nothing is
    recorded any more. ``corrects`` is the number of the outcome that this one stands in place of,
    whose reason the note is; ``superseded`` if another one stands in place of this.
    """

    application: str
    kind: str
    on: date
    by: str
    at: datetime
    note: str = ""
    id: str = ""
    corrects: str = ""
    superseded: bool = False


@dataclass(frozen=True, slots=True)
class EventView:
    """One entry of the log, in words."""

    seq: int
    at: datetime
    actor: str
    kind: str
    subject: str
    sentence: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RoundSummary:
    """A round in the list. ``asked`` is what all requests would cost, ``None`` if not known yet.

    ``next_step`` says in a sentence what to do next, and by whom.
    """

    id: str
    title: str
    state: State
    version: int
    currency: str
    deadline: date | None
    meetings: int
    applications: int
    asked: int | None
    available: int | None
    next_step: str
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class RoundView:
    """A round with all that belongs to it; runs, sign-offs and overrides newest first.

    ``basis`` differs when a run would be made from something else; it gives no person away.
    ``entry`` is the number of the newest entry about it in the log.
    """

    summary: RoundSummary
    snapshot: SnapshotView | None
    policy: PolicyView | None
    run: RunView | None
    runs: tuple[RunView, ...]
    overrides: tuple[OverrideView, ...]
    signoffs: tuple[SignoffView, ...]
    publications: tuple[PublicationView, ...]
    job: RunView | None = None
    basis: str = ""
    entry: int = 0


@dataclass(frozen=True, slots=True)
class IneligibleView:
    """An ineligible application, with a sentence and a reference for every rule it breaks."""

    application: str
    administration: str
    findings: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class CheckView:
    """What a check of the round's files found."""

    problems: tuple[Problem, ...]
    applications: int
    eligible: int
    ineligible: tuple[IneligibleView, ...]
    can_run: bool


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One difference between two uploads; ``kind``: ``added``, ``removed`` or ``changed``.

    ``administration`` and ``person`` say whose row it is, as the file has them. Personal columns
    show that they differ, never their values, to those who may not see them.
    """

    application: str
    kind: str
    column: str = ""
    before: str = ""
    after: str = ""
    administration: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class ChangesView:
    """What the last upload that changed the applications changed, by whom and when.

    ``again`` tells that what was brought in since then left the applications as they were.
    """

    changes: tuple[ChangeView, ...] = ()
    by: str = ""
    at: datetime | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class ImportView:
    """What an upload brought: its check, and what it changed against the previous one."""

    check: CheckView
    changes: tuple[ChangeView, ...]
    snapshot: str


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One fund, or one meeting's budget: minor units; ``free`` = allocated - committed - paid.

    ``committed`` is awarded and not yet paid; ``released`` came back from awards that fell through;
    ``forecast`` is what will be free if what was paid for awards that fell through comes back, and
    everything committed is paid as awarded.
    """

    line: str
    title: str
    allocated: int | None
    committed: int
    paid: int
    released: int
    free: int | None
    forecast: int | None


@dataclass(frozen=True, slots=True)
class AccountView:
    """A person of the office: login, roles, and the administrations they stand back from."""

    login: str
    name: str
    roles: tuple[Role, ...]
    active: bool
    recused: tuple[str, ...]
    version: int
