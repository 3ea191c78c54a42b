"""What the database itself refuses: triggers, written once for SQLite and for PostgreSQL.

A guard is a condition on a row about to be written, and the code of the refusal. They stop what
goes round the program: edits and deletions, gaps and forks of the log, a change without an event,
steps a round may not take, and an approval by the account that proposed. ``REPLACE`` deletes
without asking a DELETE trigger, so a row that exists already is refused before it is inserted.

Stores hold these texts and ``check`` compares them: to change a guard, add a schema (a file in
``migrations/versions``, which may be empty), so that older stores are brought along.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from allocator.office.store_schema import METADATA

PREFIX = "guard_"
LAST = "(SELECT coalesce(max(seq), 0) FROM event)"


@dataclass(frozen=True, slots=True)
class Guard:
    """Refuse with ``code`` if ``when`` holds for a row (NEW, OLD) of ``table`` before ``event``."""

    table: str
    name: str
    event: str
    code: str
    when: str = ""

    @property
    def full_name(self) -> str:
        """The name of the trigger (and, on PostgreSQL, of its function)."""
        return f"{PREFIX}{self.table}_{self.name}"

    def sqlite(self) -> str:
        """Return the statement that makes it on SQLite."""
        # Older SQLite has IS NOT only, which means the same there.
        condition = self.when.replace("IS DISTINCT FROM", "IS NOT")
        when = f" WHEN {condition}" if condition else ""
        return (
            f'CREATE TRIGGER {self.full_name} BEFORE {self.event} ON "{self.table}" '
            f"FOR EACH ROW{when} BEGIN SELECT RAISE(ABORT, '{self.code}'); END"
        )

    def body(self) -> str:
        """Return the source of its function on PostgreSQL."""
        refuse = f"RAISE EXCEPTION '{self.code}'"
        if not self.when:
            return f"BEGIN {refuse}; END"
        return f"BEGIN IF {self.when} THEN {refuse}; END IF; RETURN NEW; END"

    def postgresql(self) -> Iterator[str]:
        """Yield the statements that make it on PostgreSQL, for replicated writes too."""
        name, each = self.full_name, "STATEMENT" if self.event == "TRUNCATE" else "ROW"
        yield (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
            f"AS $guard${self.body()}$guard$"
        )
        yield (
            f'CREATE TRIGGER {name} BEFORE {self.event} ON "{self.table}" '
            f"FOR EACH {each} EXECUTE FUNCTION {name}()"
        )
        yield f'ALTER TABLE "{self.table}" ENABLE ALWAYS TRIGGER {name}'


FIXED = {
    "account": ("login",),
    "account_role": ("id", "account", "role"),
    "recusal": ("id", "account", "administration"),
    "round": ("id", "at", "by"),
    "run": ("id", "round", "snapshot", "policy", "kind", "overrides", "previous_run", "at", "by"),
    "override": (
        *("id", "round", "application", "decision", "package"),
        *("reason_kept", "at", "by"),
    ),
    "setting": ("name",),
    "blob": ("sha256", "kind", "size", "personal", "at"),
    "personal": ("id", "kind", "subject", "commitment", "at"),
    "progress": ("run",),
}
"""The tables whose rows may change, and what in them may not. All others never change."""
UNIQUE = {
    "account_role": ("account", "role"),
    "recusal": ("account", "administration"),
    "policy": ("number",),
    "signoff": ("proposal",),
    "publication": ("round", "number"),
}
"""What else, beside the key, is the same in no two rows."""
FROZEN = "('proposed', 'approved', 'published', 'closed')"


def _differ(columns: tuple[str, ...]) -> str:
    return " OR ".join(f'NEW."{each}" IS DISTINCT FROM OLD."{each}"' for each in columns)


def _exists(table: str, columns: tuple[str, ...]) -> str:
    same = " AND ".join(f't."{each}" = NEW."{each}"' for each in columns)
    return f'EXISTS (SELECT 1 FROM "{table}" t WHERE {same})'


def _erasable(column: str) -> str:
    """Return the condition that a row is changed in another way than being erased, once."""
    new, old = f'NEW."{column}"', f'OLD."{column}"'
    other = f"{new} IS NOT NULL AND {new} IS DISTINCT FROM {old}"
    unsaid = f"({new} IS NULL) <> (NEW.erased_at IS NOT NULL)"
    salt = (
        "CASE WHEN NEW.erased_at IS NULL THEN NEW.salt IS DISTINCT FROM OLD.salt "
        "ELSE NEW.salt IS NOT NULL END"
    )
    once = "OLD.erased_at IS NOT NULL AND NEW.erased_at IS DISTINCT FROM OLD.erased_at"
    return f"({other}) OR ({unsaid}) OR ({salt}) OR ({once})"


def _general() -> Iterator[Guard]:
    """Yield what holds for every table."""
    for table in METADATA.sorted_tables:
        name, keys = table.name, tuple(each.name for each in table.primary_key)
        yield Guard(name, "delete", "DELETE", "store-append-only")
        if name in FIXED:
            yield Guard(name, "fixed", "UPDATE", "store-append-only", _differ(FIXED[name]))
        else:
            yield Guard(name, "update", "UPDATE", "store-append-only")
        if name != "event":
            yield Guard(name, "exists", "INSERT", "store-exists", _exists(name, keys))
        if name in UNIQUE:
            unique = _exists(name, UNIQUE[name])
            yield Guard(name, "unique", "INSERT", "store-exists", unique)
        if "version" in table.columns:
            untold = f"NEW.version <> {LAST} + 1"
            yield Guard(name, "told", "INSERT", "store-untold", untold)
            if name in FIXED:
                yield Guard(name, "retold", "UPDATE", "store-untold", untold)


def _special() -> Iterator[Guard]:
    """Yield what holds for the log, the vault and the decisions."""
    last_hash = "(SELECT hash FROM event ORDER BY seq DESC LIMIT 1)"
    yield Guard(
        "event",
        "chain",
        "INSERT",
        "store-chain",
        f"NEW.seq <> {LAST} + 1 OR NEW.previous <> coalesce({last_hash}, '{'0' * 64}')",
    )
    yield Guard("blob", "erase", "UPDATE", "store-append-only", _erasable("bytes"))
    yield Guard("personal", "erase", "UPDATE", "store-append-only", _erasable("content"))
    yield Guard("run", "finished", "UPDATE", "store-append-only", "OLD.finished_at IS NOT NULL")
    yield Guard("transition", "insert", "INSERT", "store-append-only")
    yield from _rounds()
    yield from _signoffs()


def _rounds() -> Iterator[Guard]:
    yield Guard("round", "begins", "INSERT", "store-transition", "NEW.state <> 'draft'")
    step = 'SELECT 1 FROM transition t WHERE t."before" = OLD.state AND t."after" = NEW.state'
    yield Guard(
        "round",
        "steps",
        "UPDATE",
        "store-transition",
        f"NEW.state <> OLD.state AND NOT EXISTS ({step})",
    )
    decided = "OLD.state IN ('proposed', 'approved') OR OLD.state = 'closed'"
    yield Guard(
        "round",
        "frozen",
        "UPDATE",
        "store-frozen",
        f"OLD.state IN {FROZEN} AND NEW.state IN {FROZEN} AND ({_differ(('snapshot', 'policy'))} "
        f"OR (({decided}) AND NEW.current_run IS DISTINCT FROM OLD.current_run))",
    )
    last = "s.id = (SELECT max(l.id) FROM signoff l WHERE l.round = NEW.id)"
    signed = (
        "SELECT 1 FROM signoff s WHERE s.round = NEW.id AND s.run = NEW.current_run "
        f"AND s.kind = CASE NEW.state WHEN 'proposed' THEN 'proposed' ELSE 'approved' END "
        f"AND {last}"
    )
    yield Guard(
        "round",
        "four_eyes",
        "UPDATE",
        "store-four-eyes",
        "NEW.state <> OLD.state AND NEW.state IN ('proposed', 'approved', 'published') "
        f"AND NOT EXISTS ({signed})",
    )
    approved = (
        "SELECT 1 FROM signoff s WHERE s.round = NEW.id AND s.run = NEW.published_run "
        "AND s.kind = 'approved'"
    )
    yield Guard(
        "round",
        "published",
        "UPDATE",
        "store-four-eyes",
        "NEW.published_run IS NOT NULL AND NEW.published_run IS DISTINCT FROM OLD.published_run "
        f"AND NOT EXISTS ({approved})",
    )


def _signoffs() -> Iterator[Guard]:
    answered = (
        "SELECT 1 FROM signoff p WHERE p.id = NEW.proposal AND p.kind = 'proposed' "
        "AND p.round = NEW.round AND p.run = NEW.run AND p.fingerprint = NEW.fingerprint "
        "AND p.account <> NEW.account "
        "AND p.id = (SELECT max(l.id) FROM signoff l WHERE l.round = NEW.round)"
    )
    yield Guard(
        "signoff",
        "four_eyes",
        "INSERT",
        "store-four-eyes",
        f"NEW.kind = 'approved' AND NOT EXISTS ({answered})",
    )
    ran = 'SELECT 1 FROM run r WHERE r.id = NEW.run AND r."by" = NEW.account'
    overrode = (
        'SELECT 1 FROM "override" o WHERE o.round = NEW.round AND o."by" = NEW.account AND o.active'
    )
    yield Guard(
        "signoff",
        "second_person",
        "INSERT",
        "store-four-eyes",
        f"NEW.kind = 'approved' AND (EXISTS ({ran}) OR EXISTS ({overrode}))",
    )
    approved = (
        "SELECT 1 FROM signoff s WHERE s.round = NEW.round AND s.run = NEW.run "
        "AND s.kind = 'approved'"
    )
    ready = "SELECT 1 FROM round r WHERE r.id = NEW.round AND r.state IN ('approved', 'published')"
    yield Guard(
        "publication",
        "approved",
        "INSERT",
        "store-four-eyes",
        f"NOT EXISTS ({approved}) OR NOT EXISTS ({ready})",
    )
    pinned = "SELECT 1 FROM event e WHERE e.seq = NEW.pinned_seq AND e.hash = NEW.pinned_hash"
    yield Guard("publication", "pinned", "INSERT", "store-chain", f"NOT EXISTS ({pinned})")


def guards(dialect: str) -> tuple[Guard, ...]:
    """Return every guard of a database: only PostgreSQL knows TRUNCATE."""
    truncate = (
        Guard(table.name, "truncate", "TRUNCATE", "store-append-only")
        for table in METADATA.sorted_tables
    )
    return (*_general(), *_special(), *(truncate if dialect == "postgresql" else ()))


def put_guards(connection: Connection) -> None:
    """Make every guard anew: a migration that copies a table loses its triggers."""
    drop_guards(connection)
    dialect = connection.dialect.name
    for guard in guards(dialect):
        made = guard.postgresql() if dialect == "postgresql" else (guard.sqlite(),)
        for statement in made:
            connection.exec_driver_sql(statement)


def drop_guards(connection: Connection) -> None:
    """Remove every guard, for a migration or to fill an empty store from a backup."""
    for name, table in standing(connection):
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f'DROP TRIGGER {name} ON "{table}"')
            connection.exec_driver_sql(f"DROP FUNCTION {name}()")
        else:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")


def standing(connection: Connection) -> dict[tuple[str, str], str]:
    """Return the text of every guard that stands in the database, by its name and its table."""
    query = _POSTGRESQL if connection.dialect.name == "postgresql" else _SQLITE
    return {(name, table): body for name, table, body in connection.execute(text(query))}


def missing_guards(connection: Connection) -> tuple[str, ...]:
    """Return the names of guards that are missing, switched off or not as they should be."""
    found, dialect = standing(connection), connection.dialect.name
    return tuple(
        guard.full_name
        for guard in guards(dialect)
        if found.get((guard.full_name, guard.table)) != _expected(guard, dialect)
    )


_SQLITE = (
    "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'guard%'"
)
_POSTGRESQL = """
    SELECT t.tgname, c.relname,
           t.tgenabled::text || t.tgtype || (t.tgqual IS NULL) || p.prosrc
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND t.tgname LIKE 'guard%' AND p.proname = t.tgname
      AND c.relnamespace = current_schema()::regnamespace
"""
_TYPES = {"INSERT": 7, "DELETE": 11, "UPDATE": 19, "TRUNCATE": 34}
"""PostgreSQL's bits: row (1), before (2), insert (4), delete (8), update (16), truncate (32)."""


def _expected(guard: Guard, dialect: str) -> str:
    if dialect == "postgresql":
        return f"A{_TYPES[guard.event]}true{guard.body()}"
    return guard.sqlite()
