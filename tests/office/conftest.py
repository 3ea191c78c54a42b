"""The store on both databases: SQLite in a file, and a PostgreSQL server of the tests' own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import psycopg
import pytest

from allocator.office.store import Store, open_store
from tests.office.desk_kit import Office, office_in
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


@pytest.fixture
def make_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Give a function from a database's kind to the URL of an empty one, gone after the test."""
    made: list[str] = []

    def make(kind: str) -> str:
        name = f"office_{next(_NUMBERS)}"
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/{name}.db"
        made.append(name)
        on_server(f"CREATE DATABASE {name} STRATEGY file_copy")
        return f"{request.getfixturevalue('postgres')}/{name}"

    def on_server(statement: str) -> None:
        url = f"{request.getfixturevalue('postgres')}/postgres"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)

    yield make
    for name in made:
        on_server(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, make_url: Callable[[str], str]) -> str:
    """Give the URL of an empty database, of each kind in turn."""
    return make_url(request.param)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Give a new store, on each database in turn."""
    with open_store(url, clock=TickingClock(), wait=10) as opened:
        yield opened


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Give an office with a person for every role."""
    with office_in(tmp_path) as found:
        yield found
