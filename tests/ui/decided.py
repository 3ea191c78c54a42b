"""Offices in which the sample round is decided, or published: made once, copied by each test.

A test file imports the fixtures it needs and is marked ``office("decided")`` or
``office("published")``.
"""

import shutil
from pathlib import Path

import pytest

from allocator.office.keys import make_key
from allocator.office.store import open_store
from tests.shared import made_once
from tests.ui.people import APPROVER, OFFICER, desk_of

ROUND = "sg20-2025-09"


@pytest.fixture(scope="session")
def decided_template(templates: Path) -> Path:
    """Make ``decided.db``: the sample round checked and run."""

    def make(path: Path) -> None:
        shutil.copy(templates / "sample.db", path)
        with open_store(path) as store:
            desk = desk_of(store, OFFICER)
            desk.check(ROUND, None)
            desk.run(ROUND)

    return Path(shutil.copy(made_once("decided.db", make), templates / "decided.db"))


@pytest.fixture(scope="session")
def published_template(decided_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make ``published.db``: that run proposed, approved by a second person and published."""

    def make(path: Path) -> None:
        shutil.copy(decided_template, path)
        key = tmp_path_factory.mktemp("key") / "officer.pem"
        key.parent.chmod(0o700)
        make_key(key, path)
        with open_store(path) as store:
            officer, approver = desk_of(store, OFFICER), desk_of(store, APPROVER)
            view = officer.propose(ROUND, officer.runs(ROUND)[0].id, None)
            approver.approve(ROUND, view.signoffs[0].fingerprint, None)
            officer.publish(ROUND, key, None)

    place = decided_template.with_name("published.db")
    return Path(shutil.copy(made_once("published.db", make), place))


def words(page) -> str:
    """Return all texts, tables and messages of a page, what made them safe for Markdown undone."""
    kinds = ("title", "header", "markdown", "caption", "text", "code")
    boxes = ("error", "warning", "success", "info")
    told = [str(each.value) for kind in (*kinds, *boxes) for each in getattr(page, kind)]
    options = [str(option) for each in page.selectbox for option in each.options]
    labels = [str(each.label) for each in (*page.button, *page.metric)]
    whole = "\n".join([*told, *options, *labels, *(e.value.to_csv() for e in page.dataframe)])
    return whole.replace("\\", "").replace("\u2060", "")


def labels(page) -> list[str]:
    """Return the labels of all buttons."""
    return [each.label for each in page.button]


def button(page, label):
    """Return the button of that label."""
    return next(each for each in page.button if each.label == label)
