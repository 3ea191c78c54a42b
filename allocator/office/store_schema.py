"""The tables, as SQLAlchemy Core knows them; ``migrations`` makes them and a test compares.

No row is ever deleted. Every row but an event carries in ``version`` the number of the event that
tells its last change, a foreign key that is checked at the commit: in the database itself there
is no change without an entry of the log.
"""

import json
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

from allocator.record.canonical import canonical

NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}
"""Constraints have names that are the same on both databases."""

METADATA = MetaData(naming_convention=NAMES)


class CanonicalJson(TypeDecorator[Any]):
    """A plain JSON value, written in its one canonical form."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write a value; nothing at all is NULL."""
        return None if value is None else canonical(value).decode("utf-8")

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Read a value."""
        return None if value is None else json.loads(value)


NUMBER = BigInteger().with_variant(Integer(), "sqlite")
"""A whole number of 64 bits; on SQLite the type that makes a key the row's own number."""


def _key(name: str = "id", kind: Any = NUMBER) -> Column[Any]:
    return Column(name, kind, primary_key=True, autoincrement=False)


def _ref(name: str, target: str, *, null: bool = False, later: bool = False) -> Column[Any]:
    """Make a column that names another row; ``later`` where two tables name each other."""
    by_text = target in ("round.id", "account.login", "blob.sha256", "personal.id")
    kind: Any = Text if by_text else NUMBER
    key = ForeignKey(target, deferrable=True, initially="IMMEDIATE", use_alter=later)
    return Column(name, kind, key, nullable=null)


def _kept(name: str) -> Column[Any]:
    return _ref(name, "personal.id", null=True)


def _text(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, Text, nullable=null)


def _yes_no(name: str) -> Column[Any]:
    return Column(name, Boolean, nullable=False)


def _number(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, NUMBER, nullable=null)


def _json(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, CanonicalJson, nullable=null)


def _table(name: str, *columns: Any) -> Table:
    """Make a table told by events; keys that are texts leave no hidden row number to attack."""
    event = ForeignKey("event.seq", deferrable=True, initially="DEFERRED")
    version = Column("version", NUMBER, event, nullable=False)
    by_number = isinstance(columns[0].type, BigInteger)
    return Table(name, METADATA, *columns, version, sqlite_with_rowid=by_number)


EVENT = Table(
    "event",
    METADATA,
    _key("seq"),
    *(_text(name) for name in ("at", "actor", "kind", "subject")),
    _json("payload"),
    _json("rows"),
    _text("previous"),
    _text("hash"),
    UniqueConstraint("previous"),
    UniqueConstraint("hash"),
    CheckConstraint("seq > 0", name="counted"),
    Index(None, "subject", "seq"),
)
BLOB = _table(
    "blob",
    _key("sha256", Text),
    _text("kind"),
    _number("size"),
    _yes_no("personal"),
    _text("salt", null=True),
    Column("bytes", LargeBinary),
    _text("at"),
    _text("erased_at", null=True),
    _text("retention_until", null=True),
    _ref("replaced_by", "blob.sha256", null=True),
    # Without it SQLite walks through all of the bytes to see whether others took their place.
    Index(None, "replaced_by"),
)
PERSONAL = _table(
    "personal",
    _key("id", Text),
    _text("kind"),
    _ref("subject", "personal.id", null=True),
    _text("content", null=True),
    _text("salt", null=True),
    _text("commitment"),
    _text("at"),
    _text("retention_until", null=True),
    _text("erased_at", null=True),
    Index(None, "subject"),
    Index(
        "ix_personal_person",
        "content",
        unique=True,
        sqlite_where=text("kind = 'person'"),
        postgresql_where=text("kind = 'person'"),
    ),
)
_table("account", _key("login", Text), _text("name"), _yes_no("active"))
_table(
    "account_role",
    _key(),
    _ref("account", "account.login"),
    _text("role"),
    _yes_no("active"),
    UniqueConstraint("account", "role"),
)
_table(
    "recusal",
    _key(),
    _ref("account", "account.login"),
    _text("administration"),
    _yes_no("active"),
    UniqueConstraint("account", "administration"),
)
_table(
    "round",
    _key("id", Text),
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
    _json("files"),
    _json("counts", null=True),
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
    UniqueConstraint("number"),
)
_table(
    "run",
    _key(),
    _ref("round", "round.id"),
    _ref("snapshot", "snapshot.id"),
    _ref("policy", "policy.id"),
    _text("kind"),
    _text("status"),
    _json("overrides", null=True),
    _json("summary", null=True),
    _number("pid", null=True),
    _text("pid_started", null=True),
    _ref("record", "blob.sha256", null=True),
    _text("manifest", null=True),
    _ref("previous_run", "run.id", null=True),
    _text("at"),
    _text("started_at", null=True),
    _text("finished_at", null=True),
    _text("by"),
    Index(None, "round"),
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
    Index(None, "round"),
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
    Index(None, "round", "application"),
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
    CheckConstraint(
        "(kind = 'proposed' AND proposal IS NULL) OR (kind = 'approved' AND proposal IS NOT NULL)",
        name="kind",
    ),
    UniqueConstraint("proposal"),
    Index(None, "round"),
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
    UniqueConstraint("round", "number"),
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
    _ref("corrects", "outcome.id", null=True),
    Index(None, "round", "application"),
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
    Index(None, "round", "application"),
)
_table("setting", _key("name", Text), _json("content"))
PROGRESS = Table(
    "progress",
    METADATA,
    Column("run", NUMBER, ForeignKey("run.id"), primary_key=True, autoincrement=False),
    _json("content"),
    _text("at"),
)
"""How a run stands while it runs: the one table outside the log, worth nothing afterwards."""

TRANSITION = Table(
    "transition",
    METADATA,
    Column("before", Text, primary_key=True),
    Column("after", Text, primary_key=True),
    Column("reasoned", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
"""The steps a round may take, filled by the migration; ``states.TRANSITIONS`` says by whom."""
