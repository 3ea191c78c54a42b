"""The office's store: what is decided, by whom, in which order, kept so that nothing gets lost.

``open_store`` gives a ``Store``; ``with store.transaction() as unit`` changes it, ``with
store.reading() as reader`` looks at it. This module is the face of all ``store_*`` modules.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from allocator.office.store_chain import Head
from allocator.office.store_engine import (
    WRITE,
    begin_exclusively,
    make_engine,
    make_file,
    settle_url,
    shown,
)
from allocator.office.store_errors import translated
from allocator.office.store_migrate import settle, upgrade
from allocator.office.store_read import Reader, subject_of
from allocator.office.store_unit import Clock, Event, Stale, WithoutEvent, stamp
from allocator.office.store_vault import Kept, Unit

__all__ = [
    "Event",
    "Head",
    "Kept",
    "Reader",
    "Stale",
    "Store",
    "Unit",
    "WithoutEvent",
    "open_store",
    "stamp",
    "subject_of",
    "upgrade_store",
]


PATIENCE = 2_000
"""Milliseconds for which an erasure waits for readers before it leaves copies to be cleared later.
Whoever only opens the store does not wait at all: others read and write it all the time."""


def system_clock() -> datetime:
    """Return the time now, by the machine's clock."""
    return datetime.now(UTC)


class Store:
    """An open store; may be used by several threads, each with its own transactions."""

    def __init__(self, engine: Engine, name: str, clock: Clock) -> None:
        self._engine, self._clock = engine, clock
        self.name = name
        """The store as a person knows it: its file, or its URL without a password."""
        self.uncleared = False
        """Whether copies of erased content are still in the file, since others were reading."""

    @property
    def database(self) -> str:
        """Which database it is: ``sqlite`` or ``postgresql``."""
        return self._engine.dialect.name

    @contextmanager
    def transaction(self) -> Iterator[Unit]:
        """Change the store: all of it is kept when the block ends without an exception.

        One transaction writes at a time; others wait, 30 seconds at most unless told otherwise.

        Raises
        ------
        Stale
            Somebody else changed the same row meanwhile.
        WithoutEvent
            Rows were changed that no event tells.
        AllocatorError
            With a code ``store-...``: the disk is full, the store is read-only or busy, the
            server is gone, the database refuses the change. Nothing is kept then.
        """
        with translated(self.name):
            with self._engine.connect() as plain:
                connection = plain.execution_options(**{WRITE: True})
                with connection.begin():
                    begin_exclusively(connection)
                    unit = Unit(connection, self._clock)
                    yield unit
                    unit.finish()
            if unit.erased:
                self.uncleared = not self._clear_file(PATIENCE)

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Look at the store as it is at one moment, whatever others write meanwhile."""
        with translated(self.name), self._engine.connect() as connection, connection.begin():
            yield Reader(connection)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def clear_at_opening(self) -> None:
        """Clear a file of what an erasure had to leave while others were reading."""
        log = Path(f"{self.name}-wal")
        if self.database == "sqlite" and log.exists() and log.stat().st_size:
            self._clear_file(0)

    def _clear_file(self, patience: int) -> bool:
        """Drop the copies of erased content that a database keeps for its own work.

        The erasure itself is committed. Where others are reading, their view still needs the
        copies: after ``patience`` milliseconds this returns false, and the next erasure or opening
        clears the rest.
        """
        with suppress(DBAPIError, sqlite3.Error), self._engine.connect() as plain:
            if self.database == "sqlite":
                cursor = plain.connection.cursor()
                usual = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
                try:
                    cursor.execute(f"PRAGMA busy_timeout = {patience}")
                    busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                finally:
                    cursor.execute(f"PRAGMA busy_timeout = {usual}")
                    cursor.close()
                return not busy
            alone = {"isolation_level": "AUTOCOMMIT", WRITE: True}
            plain.execution_options(**alone).exec_driver_sql("VACUUM personal, blob")
            return True
        return False


def open_store(
    url: str | Path | None = None, *, clock: Clock = system_clock, wait: float = 30.0
) -> Store:
    """Open a store, and make it if the database is empty or the file does not exist.

    Parameters
    ----------
    url : str or Path, optional
        A path (SQLite), ``sqlite:///path`` or ``postgresql://user@host/name``. Without it, the
        environment's ``ALLOCATOR_DATABASE_URL``, or else ``office.db`` in the data folder.
    clock : Callable
        Gives the time that is written, aware of its zone.
    wait : float
        Seconds to wait for others who write.

    Returns
    -------
    Store
        To be closed, or used as ``with open_store() as store``.

    Raises
    ------
    AllocatorError
        ``store-url``, ``store-older`` (run ``allocator office upgrade``), ``store-newer`` (the
        program is older than the store), ``store-foreign``, ``store-not-a-database``,
        ``store-cannot-open``, ``store-server-gone``, ``store-not-admitted``.
    """
    with ExitStack() as undone:
        engine, name = undone.enter_context(open_engine(url, wait, make=True))
        with translated(name):
            settle(engine, clock)
        undone.pop_all()
    store = Store(engine, name, clock)
    store.clear_at_opening()
    return store


def upgrade_store(
    url: str | Path | None = None, *, actor: str, clock: Clock = system_clock, wait: float = 30.0
) -> str | None:
    """Bring an older store to this program's schema, keeping all of it; back it up first.

    Parameters
    ----------
    url : str or Path, optional
        As for ``open_store``.
    actor : str
        The login of who asked for it, for the log.
    clock : Callable
        Gives the time that is written.
    wait : float
        Seconds to wait for others who write.

    Returns
    -------
    str or None
        The schema before, ``None`` if there was nothing to do.

    Raises
    ------
    AllocatorError
        ``store-newer``: there is no way back to an older schema; ``store-empty``.
    """
    with open_engine(url, wait, make=False) as (engine, name), translated(name):
        return upgrade(engine, clock, actor)


@contextmanager
def open_engine(url: str | Path | None, wait: float, *, make: bool) -> Iterator[tuple[Engine, str]]:
    """Give an engine and the store's name for a person, and let go of the database afterwards."""
    where = settle_url(url)
    name = shown(where)
    if where.get_backend_name() == "sqlite":
        make_file(Path(str(where.database)), name, make=make)
    engine = make_engine(where, wait)
    try:
        yield engine, name
    finally:
        engine.dispose()
