"""Fixtures of the workbench: an office in a fresh store, pages without a browser and with one.

``app(login)`` runs a page in this process as one of ``tests.ui.people``; ``visit(login)`` opens it
in a browser, signed in through a provider on this machine.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import streamlit as st
from playwright.sync_api import Browser, sync_playwright
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from allocator.office.store import Store, open_store
from allocator.ui.server import MAIN
from tests.shared import made_once
from tests.ui.browsing import ARGUMENTS, CHROMIUM, TIMEOUT, Visits, Workbench
from tests.ui.people import PEOPLE, make_office
from tests.ui.provider import Provider

type OpenApp = Callable[..., AppTest]


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker that chooses the store of a test."""
    config.addinivalue_line("markers", 'office(name): the store: "sample", "empty" or "new"')


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the stores once that tests get copies of: ``sample.db`` and ``empty.db``."""
    folder = tmp_path_factory.mktemp("offices")
    for name in ("sample", "empty"):
        make = partial(make_office, sample=name == "sample")
        made = made_once(f"{name}.db", make)
        shutil.copy(made, folder / f"{name}.db")
    return folder


def _store_of(request: pytest.FixtureRequest) -> str:
    mark = request.node.get_closest_marker("office")
    return str(mark.args[0]) if mark else "sample"


@pytest.fixture
def office_file(
    templates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Path:
    """Give the file of a store with the people and the sample round, the one in the environment.

    A test marked ``office("empty")`` gets one without the round, ``office("new")`` none at all.
    """
    name = _store_of(request)
    path = tmp_path / "office.db"
    if name != "new":
        shutil.copy(templates / f"{name}.db", path)
    monkeypatch.setenv("ALLOCATOR_DATABASE_URL", str(path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return path


@pytest.fixture
def office(office_file: Path) -> Iterator[Store]:
    """Open that store, to look into it or to prepare it with ``people.desk_of(office, login)``."""
    with open_store(office_file) as store:
        yield store


@pytest.fixture
def app(office_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenApp]:
    """Give ``app(login=None, page="", **address)``: a page run as a person, without a browser.

    Without a login nobody signs in, and the account of the system is at the desk.
    """
    st.cache_resource.clear()
    # Every run of a page would look through all installed packages for components of theirs.
    monkeypatch.setattr(
        BidiComponentManager, "discover_and_register_components", lambda *_, **__: None
    )
    monkeypatch.setattr("allocator.ui.session.from_elsewhere", lambda: False)  # there is no browser

    def open_app(login: str | None = None, page: str = "", **address: str) -> AppTest:
        test = AppTest.from_file(str(MAIN), default_timeout=TIMEOUT / 1000)
        if login is not None:
            test.secrets = {"auth": {"cookie_secret": "x"}}
            test.user = {
                **{"is_logged_in": True, "iat": int(time.time()), "email": login},
                **{"name": PEOPLE.get(login, (login,))[0]},
            }
        for name, value in address.items():
            test.query_params[name] = value
        if page:
            test._page_hash = calc_hash(page)
        return test.run()

    yield open_app
    st.cache_resource.clear()


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """Give the provider that signs people in."""
    made = Provider()
    yield made
    made.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the browser, once."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: apt-get install chromium-headless-shell")
    with sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def workbench(office_file: Path, tmp_path: Path, provider: Provider) -> Iterator[Workbench]:
    """Serve that store to people who sign in."""
    served = Workbench(tmp_path, office_file, provider).start()
    yield served
    served.stop()


@pytest.fixture
def visit(browser: Browser, workbench: Workbench) -> Iterator[Visits]:
    """Give ``visit(login, "rounds?round=…", scheme="dark")``: a browser's page, signed in."""
    visits = Visits(browser, workbench)
    yield visits
    try:
        visits.check()
    finally:
        visits.close()


@pytest.fixture(scope="session")
def served(
    templates: Path, tmp_path_factory: pytest.TempPathFactory, provider: Provider, browser: Browser
) -> Iterator[Callable[[str], Visits]]:
    """Give ``served(name)``: that store, served once to all tests that change nothing."""
    known: dict[str, Visits] = {}

    def serve(name: str) -> Visits:
        if name not in known:
            folder = tmp_path_factory.mktemp(f"served-{name}")
            shutil.copy(templates / f"{name}.db", folder / "office.db")
            known[name] = Visits(browser, Workbench(folder, folder / "office.db", provider).start())
        return known[name]

    yield serve
    for each in known.values():
        each.close()
        each.workbench.stop()


@pytest.fixture
def look(served: Callable[[str], Visits], request: pytest.FixtureRequest) -> Iterator[Visits]:
    """Give what ``visit`` gives, much faster, to a test that changes nothing in the store."""
    visits = served(_store_of(request))
    yield visits
    visits.check()
