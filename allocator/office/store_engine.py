"""Opens the database: SQLite in a file, PostgreSQL by URL, each set so that a commit is on disk."""

import errno
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from allocator.errors import AllocatorError, problem

VARIABLE = "ALLOCATOR_DATABASE_URL"
WRITE = "allocator_write"
"""Execution option of a connection that is going to write."""
LOCK = 0x0A110CA7
"""PostgreSQL's advisory lock: whoever writes holds it, from the first statement to the commit."""


def data_folder() -> Path:
    """Return the folder for this person's data, by the system's own custom."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "allocator"


def settle_url(url: str | Path | None) -> URL:
    """Return the database meant by a URL, a path, the environment or nothing.

    Raises
    ------
    AllocatorError
        ``store-url`` for anything but SQLite and PostgreSQL.
    """
    given = str(url or os.environ.get(VARIABLE) or data_folder() / "office.db")
    if "://" not in given:
        return URL.create("sqlite+pysqlite", database=str(Path(given).expanduser().absolute()))
    try:
        parsed = make_url(given)
    except (ArgumentError, ValueError):
        raise AllocatorError(problem("store-url")) from None
    backend = parsed.drivername.split("+")[0]
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return URL.create("sqlite+pysqlite", database=str(Path(parsed.database).absolute()))
    raise AllocatorError(problem("store-url"))


def shown(url: URL) -> str:
    """Return a database's name for a person: never with a password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)


def make_engine(url: URL, wait: float) -> Engine:
    """Return an engine that waits ``wait`` seconds for others and keeps secrets from errors."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, wait)
    return _postgresql(url, wait)


def make_file(path: Path, name: str, *, make: bool) -> None:
    """See to the file of a store: a new one may be read by its owner only.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        The store, as a person knows it.
    make : bool
        Make the file, and its folder, if they do not exist.

    Raises
    ------
    AllocatorError
        ``store-empty`` if it does not exist and is not to be made; ``store-cannot-open``.
    """
    try:
        if path.exists():
            return
        if not make:
            raise AllocatorError(problem("store-empty"))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        full = error.errno == errno.ENOSPC
        code = "store-full" if full else "store-cannot-open"
        raise AllocatorError(problem(code, store=name)) from None


def begin_exclusively(connection: Connection) -> None:
    """Take the store's one lock for writing, within a transaction that has just begun."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")


def _sqlite(url: URL, wait: float) -> Engine:
    arguments = {"timeout": wait, "isolation_level": None, "check_same_thread": False}
    engine = create_engine(
        url, connect_args=arguments, hide_parameters=True, pool_size=4, max_overflow=-1
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        pragmas = ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
        for pragma in (*pragmas, "trusted_schema = OFF", "recursive_triggers = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get(WRITE)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgresql(url: URL, wait: float) -> Engine:
    milliseconds = max(1, int(wait * 1000))
    options = f"-c lock_timeout={milliseconds} -c synchronous_commit=on -c timezone=UTC"
    arguments = {"connect_timeout": 10, "application_name": "allocator", "options": options}
    engine = create_engine(
        url, connect_args=arguments, hide_parameters=True, pool_size=4, pool_pre_ping=True
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if not connection.get_execution_options().get(WRITE):
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    return engine
