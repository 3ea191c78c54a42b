"""Makes the tables of a new store, and brings an older store to this program's schema."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, inspect

from allocator.errors import AllocatorError, problem
from allocator.office.store_engine import WRITE, begin_exclusively
from allocator.office.store_guards import drop_guards, missing_guards, put_guards
from allocator.office.store_schema import METADATA
from allocator.office.store_unit import Clock, Event
from allocator.office.store_vault import Unit

REVISIONS = ("0001", "0002", "0003", "0004", "0005")
"""Every schema there has been, oldest first: the names of the files in ``migrations/versions``."""
NEWEST = REVISIONS[-1]


def revision_of(connection: Connection) -> str | None:
    """Return the schema of a store, ``None`` if the database is empty.

    Raises
    ------
    AllocatorError
        ``store-foreign`` if the database holds something that is not a store.
    """
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        query = "SELECT version_num FROM alembic_version"
        return str(connection.exec_driver_sql(query).scalar_one())
    if set(tables) & set(METADATA.tables) or (tables and connection.dialect.name == "sqlite"):
        raise AllocatorError(problem("store-foreign"))
    return None


def settle(engine: Engine, clock: Clock, *, revision: str = NEWEST) -> None:
    """Make the tables if the database is empty; else refuse any schema but this program's.

    Raises
    ------
    AllocatorError
        ``store-newer``, ``store-older``, ``store-foreign``.
    """
    with engine.connect() as connection:
        found = revision_of(connection)
    if found is None:
        _make(engine, clock, revision)
    elif found not in REVISIONS:
        raise AllocatorError(problem("store-newer", found=found, known=NEWEST))
    elif found != revision:
        raise AllocatorError(problem("store-older", found=found, known=NEWEST))


def upgrade(engine: Engine, clock: Clock, actor: str) -> str | None:
    """Bring a store to this program's schema; all of it or, if anything fails, none.

    Returns
    -------
    str or None
        The schema before, ``None`` if there was nothing to do.

    Raises
    ------
    AllocatorError
        ``store-newer``: there is no way back; ``store-empty``, ``store-foreign``.
    """
    with begin_unchecked(engine) as connection:
        before = revision_of(connection)
        if before is None:
            raise AllocatorError(problem("store-empty"))
        if before not in REVISIONS:
            raise AllocatorError(problem("store-newer", found=before, known=NEWEST))
        if before == NEWEST:
            return None
        migrate(connection, NEWEST)
        unit = Unit(connection, clock)
        unit.append(Event("store-upgraded", actor, "store", {"from": before, "to": NEWEST}))
    return before


def _make(engine: Engine, clock: Clock, revision: str) -> None:
    with begin_unchecked(engine) as connection:
        if revision_of(connection) is not None:
            return
        migrate(connection, revision)
        unit = Unit(connection, clock)
        unit.append(Event("store-created", "system", "store", {"schema": revision}))


def migrate(connection: Connection, revision: str) -> None:
    """Bring the tables to a schema and put their guards, in a transaction that has begun.

    Raises
    ------
    AllocatorError
        ``store-migration`` if a guard or something referred to is missing afterwards.
    """
    # Alembic is needed here alone: a store that is as it should be opens without loading it.
    from alembic import command
    from alembic.config import Config

    drop_guards(connection)
    config = Config()
    config.set_main_option("script_location", "allocator.office:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    put_guards(connection)
    broken = (
        connection.dialect.name == "sqlite"
        and connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    )
    if broken or missing_guards(connection):
        raise AllocatorError(problem("store-migration"))


@contextmanager
def begin_unchecked(engine: Engine) -> Iterator[Connection]:
    """Begin to write, alone, without SQLite checking foreign keys on each change.

    Copying a table, as a migration on SQLite does, would otherwise empty the tables that refer to
    it. ``foreign_key_check`` looks at all of them before the commit.
    """
    with engine.connect() as plain:
        if engine.dialect.name == "sqlite":
            for pragma in ("foreign_keys = OFF", "journal_mode = WAL"):
                plain.connection.cursor().execute(f"PRAGMA {pragma}").close()
        connection = plain.execution_options(**{WRITE: True})
        with connection.begin():
            begin_exclusively(connection)
            yield connection
    engine.dispose()
