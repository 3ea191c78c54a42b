"""The store on both databases: SQLite in a file, and a PostgreSQL server of the tests' own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import psycopg
import pytest

from allocator.office.store import Store, open_store
from tests.office.postgres import NoServer, server

DATABASES = ("sqlite", "postgresql")
_NUMBERS = count()


class TickingClock:
    """A clock that shows a second more each time it is looked at."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Give the URL of a PostgreSQL server, or skip with the reason."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(server())
        except NoServer as reason:
            pytest.skip(str(reason))
        yield url


def new_database(server_url: str) -> str:
    """Make an empty database on a server and return its URL."""
    name = f"office_{next(_NUMBERS)}"
    with psycopg.connect(f"{server_url}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} STRATEGY file_copy")
    return f"{server_url}/{name}"


@pytest.fixture
def make_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Give a function from a database's kind to the URL of an empty one."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/office-{next(_NUMBERS)}.db"
        return new_database(request.getfixturevalue("postgres"))

    return make


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, make_url: Callable[[str], str]) -> str:
    """Give the URL of an empty database, of each kind in turn."""
    return make_url(request.param)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Give a new store, on each database in turn."""
    with open_store(url, clock=TickingClock(), wait=10) as opened:
        yield opened
