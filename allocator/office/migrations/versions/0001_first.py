"""The first schema: events, the vault, rounds and all that belongs to them.

This is how the tables were when the store was new; ``store_schema`` is how they are now.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from allocator.errors import AllocatorError, problem

revision = "0001"
down_revision = None

TABLES = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STEPS = (
    ("draft", "checked", False),
    ("checked", "proposed", False),
    ("checked", "draft", False),
    ("proposed", "approved", False),
    ("proposed", "draft", True),
    ("approved", "published", False),
    ("approved", "draft", True),
    ("published", "closed", False),
)
"""The steps a round may take; the last column: a reason must be given."""


def upgrade() -> None:
    """Make every table, and write down the steps a round may take."""
    TABLES.create_all(op.get_bind())
    steps = [{"before": b, "after": a, "reasoned": r} for b, a, r in STEPS]
    op.bulk_insert(TABLES.tables["transition"], steps)


def downgrade() -> None:
    """Refuse: what happened since would be lost."""
    raise AllocatorError(problem("store-no-way-back"))


def _key(name: str = "id", kind: Any = NUMBER) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _ref(name: str, target: str, *, null: bool = False, later: bool = False) -> sa.Column[Any]:
    by_text = target in ("round.id", "account.login", "blob.sha256", "personal.id")
    kind: Any = sa.Text if by_text else NUMBER
    key = sa.ForeignKey(target, deferrable=True, initially="IMMEDIATE", use_alter=later)
    return sa.Column(name, kind, key, nullable=null)


def _kept(name: str) -> sa.Column[Any]:
    return _ref(name, "personal.id", null=True)


def _text(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=null)


def _yes_no(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _number(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, NUMBER, nullable=null)


def _table(name: str, *columns: Any) -> sa.Table:
    event = sa.ForeignKey("event.seq", deferrable=True, initially="DEFERRED")
    version = sa.Column("version", NUMBER, event, nullable=False)
    by_number = isinstance(columns[0].type, sa.BigInteger)
    return sa.Table(name, TABLES, *columns, version, sqlite_with_rowid=by_number)


sa.Table(
    "event",
    TABLES,
    _key("seq"),
    *(_text(name) for name in ("at", "actor", "kind", "subject")),
    _text("payload"),
    _text("rows"),
    _text("previous"),
    _text("hash"),
    sa.UniqueConstraint("previous"),
    sa.UniqueConstraint("hash"),
    sa.CheckConstraint("seq > 0", name="counted"),
    sa.Index(None, "subject", "seq"),
)
_table(
    "blob",
    _key("sha256", sa.Text),
    _text("kind"),
    _number("size"),
    _yes_no("personal"),
    _text("salt", null=True),
    sa.Column("bytes", sa.LargeBinary),
    _text("at"),
    _text("erased_at", null=True),
)
_table(
    "personal",
    _key("id", sa.Text),
    _text("kind"),
    _ref("subject", "personal.id", null=True),
    _text("content", null=True),
    _text("salt", null=True),
    _text("commitment"),
    _text("at"),
    _text("retention_until", null=True),
    _text("erased_at", null=True),
    sa.Index(None, "subject"),
    sa.Index(
        "ix_personal_person",
        "content",
        unique=True,
        sqlite_where=sa.text("kind = 'person'"),
        postgresql_where=sa.text("kind = 'person'"),
    ),
)
_table("account", _key("login", sa.Text), _text("name"), _yes_no("active"))
_table(
    "account_role",
    _key(),
    _ref("account", "account.login"),
    _text("role"),
    _yes_no("active"),
    sa.UniqueConstraint("account", "role"),
)
_table(
    "recusal",
    _key(),
    _ref("account", "account.login"),
    _text("administration"),
    _yes_no("active"),
    sa.UniqueConstraint("account", "administration"),
)
_table(
    "round",
    _key("id", sa.Text),
    _text("title"),
    _text("state"),
    _ref("snapshot", "snapshot.id", null=True, later=True),
    _ref("policy", "policy.id", null=True),
    _ref("current_run", "run.id", null=True, later=True),
    _ref("published_run", "run.id", null=True, later=True),
    _text("deadline", null=True),
    _text("at"),
    _text("by"),
)
_table(
    "snapshot",
    _key(),
    _ref("round", "round.id"),
    _text("files"),
    _text("counts", null=True),
    _text("at"),
    _text("by"),
)
_table(
    "policy",
    _key(),
    _number("number"),
    _text("title"),
    _ref("blob", "blob.sha256"),
    _kept("reason_kept"),
    _ref("based_on", "policy.id", null=True),
    _text("at"),
    _text("by"),
    sa.UniqueConstraint("number"),
)
_table(
    "run",
    _key(),
    _ref("round", "round.id"),
    _ref("snapshot", "snapshot.id"),
    _ref("policy", "policy.id"),
    _text("kind"),
    _text("status"),
    _text("overrides", null=True),
    _text("summary", null=True),
    _number("pid", null=True),
    _text("pid_started", null=True),
    _ref("record", "blob.sha256", null=True),
    _text("manifest", null=True),
    _ref("previous_run", "run.id", null=True),
    _text("at"),
    _text("started_at", null=True),
    _text("finished_at", null=True),
    _text("by"),
    sa.Index(None, "round"),
)
_table(
    "override",
    _key(),
    _ref("round", "round.id"),
    _text("application"),
    _text("decision"),
    _text("package", null=True),
    _kept("reason_kept"),
    _yes_no("active"),
    _text("at"),
    _text("by"),
    sa.Index(None, "round"),
)
_table(
    "note",
    _key(),
    _ref("round", "round.id"),
    _text("application"),
    _kept("text_kept"),
    _kept("attachment_kept"),
    _text("attachment_sha256", null=True),
    _text("at"),
    _text("by"),
    sa.Index(None, "round", "application"),
)
_table(
    "signoff",
    _key(),
    _ref("round", "round.id"),
    _ref("run", "run.id"),
    _text("kind"),
    _ref("proposal", "signoff.id", null=True),
    _ref("account", "account.login"),
    _text("fingerprint"),
    _text("at"),
    sa.CheckConstraint(
        "(kind = 'proposed' AND proposal IS NULL) OR (kind = 'approved' AND proposal IS NOT NULL)",
        name="kind",
    ),
    sa.UniqueConstraint("proposal"),
    sa.Index(None, "round"),
)
_table(
    "publication",
    _key(),
    _ref("round", "round.id"),
    _ref("run", "run.id"),
    _number("number"),
    _text("manifest"),
    _ref("record", "blob.sha256"),
    _text("public_key"),
    _ref("pinned_seq", "event.seq"),
    _text("pinned_hash"),
    _text("at"),
    _text("by"),
    sa.UniqueConstraint("round", "number"),
)
_table(
    "outcome",
    _key(),
    _ref("round", "round.id"),
    _ref("publication", "publication.id", null=True),
    _text("application"),
    _text("kind"),
    _text("on_date"),
    _kept("note_kept"),
    _text("at"),
    _text("by"),
    sa.Index(None, "round", "application"),
)
_table(
    "payment",
    _key(),
    _ref("round", "round.id"),
    _text("application"),
    _text("fund"),
    _number("amount"),
    _text("currency"),
    _text("kind"),
    _text("on_date"),
    _text("at"),
    _text("by"),
    sa.Index(None, "round", "application"),
)
_table("setting", _key("name", sa.Text), _text("content"))
sa.Table(
    "progress",
    TABLES,
    sa.Column("run", NUMBER, sa.ForeignKey("run.id"), primary_key=True, autoincrement=False),
    _text("content"),
    _text("at"),
)

sa.Table(
    "transition",
    TABLES,
    sa.Column("before", sa.Text, primary_key=True),
    sa.Column("after", sa.Text, primary_key=True),
    sa.Column("reasoned", sa.Boolean, nullable=False),
    sqlite_with_rowid=False,
)
