"""Turns what a database says into the store's own refusals; statements never get into a message."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError, OperationalError

from allocator.errors import AllocatorError, problem

_SQLITE = {
    "SQLITE_FULL": "store-full",
    "SQLITE_READONLY": "store-read-only",
    "SQLITE_BUSY": "store-busy",
    "SQLITE_LOCKED": "store-busy",
    "SQLITE_CANTOPEN": "store-cannot-open",
    "SQLITE_PERM": "store-cannot-open",
    "SQLITE_NOTADB": "store-not-a-database",
    "SQLITE_CORRUPT": "store-damaged",
    "SQLITE_IOERR": "store-disk",
    "SQLITE_CONSTRAINT_UNIQUE": "store-exists",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "store-exists",
}
_POSTGRESQL = {
    "53100": "store-full",
    "53": "store-server-busy",
    "25006": "store-read-only",
    "55P03": "store-busy",
    "57014": "store-busy",
    "40": "store-busy",
    "08": "store-server-gone",
    "57": "store-server-gone",
    "28": "store-not-admitted",
    "42501": "store-not-admitted",
    "3D": "store-no-database",
    "23505": "store-exists",
    "58": "store-disk",
    "XX": "store-damaged",
}
"""SQLSTATE codes, or their first two characters for a class of them."""


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn every error of the database inside into an ``AllocatorError``.

    Parameters
    ----------
    name : str
        The store, as a person knows it: its file, or its URL without a password.
    """
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        raise AllocatorError(problem(code_of(error), store=name)) from None
    except UnicodeEncodeError:
        # Half a character, in a value that became JSON.
        raise AllocatorError(problem("store-unkept")) from None


def code_of(error: DBAPIError | sqlite3.Error) -> str:
    """Return the code of the refusal that an error of the database stands for."""
    cause: Any = error.orig if isinstance(error, DBAPIError) else error
    said = str(cause).splitlines()[0].strip() if str(cause) else ""
    if said.startswith("store-"):
        return said
    if isinstance(cause, sqlite3.Error):
        return _by_prefix(_SQLITE, getattr(cause, "sqlite_errorname", ""))
    state = getattr(cause, "sqlstate", None)
    if state:
        return _by_prefix(_POSTGRESQL, state)
    if isinstance(error, OperationalError):
        return _without_state(said)
    return "store-inconsistent"


def _by_prefix(codes: dict[str, str], name: str) -> str:
    """Look up a code by the longest beginning of a name that is known."""
    known = [each for each in codes if name.startswith(each)]
    return codes[max(known, key=len)] if known else "store-inconsistent"


def _without_state(said: str) -> str:
    """Tell why no connection was made: the driver gives a sentence and no code."""
    sentences = {
        "authentication failed": "store-not-admitted",
        "no password supplied": "store-not-admitted",
        "does not exist": "store-no-database",
    }
    return next((code for part, code in sentences.items() if part in said), "store-server-gone")
