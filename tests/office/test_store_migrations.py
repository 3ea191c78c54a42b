"""A store made by an older program keeps its data and its guards; there is no way back."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from allocator.errors import AllocatorError
from allocator.office.store import Event, open_store, upgrade_store
from allocator.office.store_check import check_store
from allocator.office.store_engine import make_engine, settle_url
from allocator.office.store_guards import missing_guards
from allocator.office.store_migrate import NEWEST, REVISIONS, begin_unchecked, revision_of, settle
from allocator.office.store_rows import BlobRow, OutcomeRow, RoundRow, VersionedRow
from allocator.office.store_schema import METADATA
from allocator.office.store_vault import Unit, name_of_bytes
from tests.office.conftest import TickingClock
from tests.office.store_kit import by_hand


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstBlobRow(VersionedRow):
    """Exact bytes as the first schema showed them."""

    table: ClassVar[str] = "blob"
    key: ClassVar[str] = "sha256"
    sha256: str
    kind: str
    size: int
    personal: bool
    at: str
    erased_at: str | None


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """Give an engine on an empty database."""
    made = make_engine(settle_url(url), 10)
    yield made
    made.dispose()


@pytest.fixture
def first(engine: Engine) -> RoundRow:
    """Make a store with the first schema and a round and a file in it."""
    settle(engine, TickingClock(), revision=REVISIONS[0])
    with begin_unchecked(engine) as connection:
        unit = Unit(connection, TickingClock())
        row = unit.insert(RoundRow, id="r", title="Kept", state="draft", by="officer")
        file: dict[str, Any] = {"kind": "import", "size": 4, "personal": False, "bytes": b"kept"}
        unit.insert(FirstBlobRow, sha256=name_of_bytes(None, b"kept"), **file)
        unit.append(Event("round-created", "officer", "round:r"))
    return row


def test_an_upgrade_from_the_first_schema_keeps_data_and_guards(
    engine: Engine, url: str, first: RoundRow
) -> None:
    with pytest.raises(AllocatorError) as refused:
        open_store(url)
    assert refused.value.code == "store-older"
    assert "allocator office upgrade" in str(refused.value)
    assert upgrade_store(url, actor="administrator") == REVISIONS[0]
    assert upgrade_store(url, actor="administrator") is None
    with engine.connect() as connection:
        assert missing_guards(connection) == ()
        assert revision_of(connection) == NEWEST
    with open_store(url) as store:
        report = check_store(store)
        assert report.passed, [each for each in report.checks if not each.passed]
        with store.reading() as reader:
            assert reader.get(RoundRow, "r") == first
            assert reader.blob(name_of_bytes(None, b"kept")) == b"kept"
            assert reader.find(BlobRow)[0].replaced_by is None
            assert reader.events()[-1].kind == "store-upgraded"
            assert reader.events()[-1].actor == "administrator"
    for attack in ("UPDATE blob SET kind = 'x'", "DELETE FROM blob", "DELETE FROM event"):
        with by_hand(url) as hand, pytest.raises(Exception, match="store-"):
            hand.execute(attack)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOutcomeRow(VersionedRow):
    """What became of an award as the second schema had it."""

    table: ClassVar[str] = "outcome"
    id: int
    round: str
    application: str
    kind: str
    on_date: str
    at: str
    by: str


def test_outcomes_of_the_second_schema_correct_nothing(engine: Engine, url: str) -> None:
    settle(engine, TickingClock(), revision=REVISIONS[1])
    with begin_unchecked(engine) as connection:
        unit = Unit(connection, TickingClock())
        unit.insert(RoundRow, id="r", title="Kept", state="draft", by="officer")
        about = {"round": "r", "application": "A1", "kind": "accepted", "on_date": "2026-01-01"}
        before = unit.insert(SecondOutcomeRow, **about, by="officer")
        unit.append(Event("outcome-recorded", "officer", "round:r"))
    assert upgrade_store(url, actor="administrator") == REVISIONS[1]
    with open_store(url) as store:
        assert check_store(store).passed
        with store.reading() as reader:
            (after,) = reader.find(OutcomeRow)
    assert (after.id, after.kind, after.corrects) == (before.id, "accepted", None)
    with by_hand(url) as hand, pytest.raises(Exception, match="store-"):
        hand.execute("DELETE FROM outcome")


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(
    engine: Engine, url: str, first: RoundRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    with by_hand(url) as hand:
        before = hand.execute("SELECT * FROM event ORDER BY seq").fetchall()

    def fail(*_: object) -> tuple[str, ...]:
        return ("guard_event_chain",)

    with monkeypatch.context() as patched:
        patched.setattr("allocator.office.store_migrate.missing_guards", fail)
        with pytest.raises(AllocatorError) as refused:
            upgrade_store(url, actor="administrator")
    assert refused.value.code == "store-migration"
    with engine.connect() as connection:
        assert revision_of(connection) == REVISIONS[0]
        assert missing_guards(connection) == ()
    with by_hand(url) as hand:
        assert hand.execute("SELECT * FROM event ORDER BY seq").fetchall() == before
    assert upgrade_store(url, actor="administrator") == REVISIONS[0]


def test_a_store_of_a_newer_program_is_refused_politely(url: str) -> None:
    open_store(url).close()
    with by_hand(url) as hand:
        hand.execute("UPDATE alembic_version SET version_num = '9999'")
    for ask in (lambda: open_store(url), lambda: upgrade_store(url, actor="administrator")):
        with pytest.raises(AllocatorError) as refused:
            ask()
        assert refused.value.code == "store-newer"
        assert "9999" in str(refused.value)


def test_a_downgrade_is_refused_politely(engine: Engine, url: str) -> None:
    open_store(url).close()
    config = Config()
    config.set_main_option("script_location", "allocator.office:migrations")
    for target in ("0001", "base"):
        with pytest.raises(AllocatorError) as refused, begin_unchecked(engine) as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, target)
        assert refused.value.code == "store-no-way-back"
    with open_store(url) as store:
        assert check_store(store).passed


def test_there_is_nothing_to_upgrade_where_there_is_no_store(url: str, tmp_path: Path) -> None:
    for place in (url, str(tmp_path / "absent.db")):
        with pytest.raises(AllocatorError) as refused:
            upgrade_store(place, actor="administrator")
        assert refused.value.code == "store-empty"
    assert not (tmp_path / "absent.db").exists()


def test_the_migrations_make_the_tables_the_program_knows(engine: Engine, url: str) -> None:
    open_store(url).close()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_every_schema_is_named_and_follows_from_the_one_before() -> None:
    config = Config()
    config.set_main_option("script_location", "allocator.office:migrations")
    scripts = reversed(list(ScriptDirectory.from_config(config).walk_revisions()))
    assert tuple(each.revision for each in scripts) == REVISIONS


def test_two_who_open_a_new_store_at_once_make_one(url: str) -> None:
    problems: list[Exception] = []

    def make() -> None:
        try:
            open_store(url).close()
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=make) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert problems == []
    with open_store(url) as store, store.reading() as reader:
        assert [each.kind for each in reader.events()] == ["store-created"]
