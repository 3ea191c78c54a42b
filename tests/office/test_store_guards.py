"""Nobody can quietly rewrite the history: refused by the database itself, or detected."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from allocator.errors import AllocatorError
from allocator.office.states import TRANSITIONS
from allocator.office.store import Event, Store, WithoutEvent
from allocator.office.store_check import check_store
from allocator.office.store_rows import (
    ROWS,
    AccountRow,
    NoteRow,
    OverrideRow,
    PaymentRow,
    RoundRow,
    Row,
    RunRow,
    SettingRow,
)
from allocator.office.store_schema import METADATA
from tests.office.store_kit import (
    PRINT,
    add_round,
    by_hand,
    publish,
    say_so,
    sign,
    step,
    unguarded,
)

REFUSED = (sqlite3.IntegrityError, sqlite3.OperationalError, psycopg.Error)
EVENT_COLUMNS = "seq, at, actor, kind, subject, payload, rows, previous, hash"


def failed(store: Store, **options: Any) -> list[str]:
    """Return the ids of the checks of a store that do not pass."""
    return [each.id for each in check_store(store, **options).checks if not each.passed]


def event(seq: str, previous: str) -> str:
    """Return a statement that inserts an event, with the start to put before it."""
    return (
        f"INTO event ({EVENT_COLUMNS}) SELECT {seq}, at, actor, kind, subject, payload, rows, "
        f"{previous}, hash || 'x' FROM event WHERE seq = 1"
    )


LAST = "(SELECT hash FROM event ORDER BY seq DESC LIMIT 1)"
ATTACKS = {
    "edit an event": "UPDATE event SET actor = 'other' WHERE seq = 2",
    "delete the last event": "DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)",
    "leave a gap": f"INSERT {event('(SELECT max(seq) + 2 FROM event)', LAST)}",
    "fork the log": f"INSERT {event('(SELECT max(seq) + 1 FROM event)', repr('0' * 64))}",
    "a second first event": f"INSERT {event('1', LAST)}",
    "change a payment": "UPDATE payment SET amount = 1",
    "delete a payment": "DELETE FROM payment",
    "delete a round": "DELETE FROM round",
    "rename a round's id": "UPDATE round SET id = 's', version = version + 100",
    "change a round without an event": "UPDATE round SET title = 'other'",
    "change a round and name an old event": "UPDATE round SET title = 'other', version = 1",
    "change a round and promise an event that never comes": (
        "UPDATE round SET title = 'x', version = (SELECT max(seq) + 1 FROM event)"
    ),
    "go back from published": (
        "UPDATE round SET state = 'draft', version = (SELECT max(seq) + 1 FROM event)"
    ),
    "add a step": "INSERT INTO transition VALUES ('published', 'draft', '0')",
    "remove a step": "DELETE FROM transition",
    "change a policy": "UPDATE policy SET title = 'other'",
    "change a file": "UPDATE blob SET bytes = 'x', version = (SELECT max(seq) + 1 FROM event)",
    "change a sign-off": "UPDATE signoff SET account = 'officer'",
    "change a publication": f"UPDATE publication SET manifest = '{'0' * 64}'",
}
SQLITE_ATTACKS = {
    "replace an event": f"INSERT OR REPLACE {event('2', repr('1' * 64))}",
    "replace into the end": f"REPLACE {event('(SELECT max(seq) FROM event)', LAST)}",
    "update or replace": "UPDATE OR REPLACE event SET seq = 1 WHERE seq = 2",
    "replace a payment": (
        "REPLACE INTO payment SELECT id, round, application, fund, 1, currency, kind, on_date, at, "
        '"by", (SELECT max(seq) + 1 FROM event) FROM payment'
    ),
    "replace a round by its hidden row number": (
        'INSERT OR REPLACE INTO round (rowid, id, title, state, at, "by", version) '
        "VALUES (1, 's', 't', 'draft', '', '', (SELECT max(seq) + 1 FROM event))"
    ),
    "update a role into another": "UPDATE OR REPLACE account SET login = 'officer'",
}
POSTGRESQL_ATTACKS = {
    "truncate the log": "TRUNCATE event CASCADE",
    "truncate payments": "TRUNCATE payment",
    "write as a replica": (
        "SET session_replication_role = replica; UPDATE event SET actor = 'x' WHERE seq = 2"
    ),
    "on conflict, update": (
        f"INSERT {event('2', repr('1' * 64))} ON CONFLICT (seq) DO UPDATE SET actor = 'x'"
    ),
}


def filled(store: Store) -> None:
    """Fill a store with a published round and a payment."""
    publish(store)
    with store.transaction() as unit:
        unit.insert(
            PaymentRow,
            round="r",
            application="A1",
            fund="main",
            amount=100,
            currency="CHF",
            kind="paid",
            on_date="2026-03-02",
            by="officer",
        )
        say_so(unit)


def test_what_goes_round_the_program_is_refused_and_changes_nothing(store: Store, url: str) -> None:
    filled(store)
    special = SQLITE_ATTACKS if store.database == "sqlite" else POSTGRESQL_ATTACKS
    before = check_store(store)
    assert before.passed
    for name, statement in (ATTACKS | special).items():
        with by_hand(url) as hand:
            if store.database == "sqlite":
                hand.execute("PRAGMA foreign_keys = ON")
            with pytest.raises(REFUSED):
                hand.execute(statement)
                pytest.fail(f"not refused: {name}")
    assert check_store(store) == before


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_every_row_that_exists_has_a_guard_against_replace(store: Store, url: str) -> None:
    filled(store)
    with by_hand(url) as hand:
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'alembic_version'"
        for (name,) in hand.execute(tables).fetchall():
            if hand.execute(f'SELECT 1 FROM "{name}"').fetchone():
                with pytest.raises(sqlite3.IntegrityError, match=r"store-"):
                    hand.execute(f'REPLACE INTO "{name}" SELECT * FROM "{name}" LIMIT 1')


EDITS = {
    "UPDATE event SET actor = 'other' WHERE seq = 2": {"chain", "rows"},
    "UPDATE event SET payload = '{\"a\": 1}' WHERE seq = 3": {"chain", "rows"},
    "UPDATE event SET rows = '{}' WHERE seq = 2": {"chain", "rows"},
    "DELETE FROM event WHERE seq = 2": {"chain", "rows", "links"},
    "UPDATE payment SET amount = 99": {"rows"},
    "DELETE FROM payment": {"rows"},
    "UPDATE round SET title = 'other'": {"rows"},
    "UPDATE blob SET bytes = 'xxxxxxxxxx' WHERE kind = 'record'": {"blobs"},
    "UPDATE signoff SET account = 'officer' WHERE kind = 'approved'": {"rows", "four-eyes"},
    "UPDATE publication SET pinned_hash = 'x'": {"rows", "publications"},
}


@pytest.mark.parametrize("statement", EDITS)
def test_what_is_edited_with_the_guards_out_of_the_way_is_detected(
    store: Store, url: str, statement: str
) -> None:
    filled(store)
    with by_hand(url) as hand:
        unguarded(hand, url, statement)
    assert set(failed(store)) == EDITS[statement]


@pytest.mark.parametrize("part", ["ran", "overrode"])
def test_the_database_refuses_an_approval_by_whoever_took_part(store: Store, part: str) -> None:
    add_round(store)
    with store.transaction() as unit:
        unit.insert(AccountRow, login="other", name="Account other", active=True)
        unit.insert(
            OverrideRow,
            round="r",
            application="A1",
            decision="must award",
            active=True,
            by="approver" if part == "overrode" else "other",
        )
        say_so(unit)
    step(store, "checked")
    sign(store, "proposed", "other")
    step(store, "proposed")
    with pytest.raises(AllocatorError) as refused:
        sign(store, "approved", "officer" if part == "ran" else "approver")
    assert refused.value.code == "store-four-eyes"
    if part == "ran":
        sign(store, "approved", "approver")


@pytest.mark.parametrize(
    "statement",
    [
        """INSERT INTO transition VALUES ('draft', 'approved', '0')""",
        """DELETE FROM transition WHERE "before" = 'approved' AND "after" = 'draft'""",
    ],
)
def test_another_table_of_steps_is_detected(store: Store, url: str, statement: str) -> None:
    filled(store)
    with by_hand(url) as hand:
        unguarded(hand, url, statement)
    assert failed(store) == ["guards"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_is_neither_yes_nor_no_is_detected(store: Store, url: str) -> None:
    filled(store)
    with by_hand(url) as hand:
        hand.execute("PRAGMA ignore_check_constraints = ON")
        unguarded(hand, url, "UPDATE account SET active = 2 WHERE login = 'approver'")
    assert failed(store) == ["rows"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_an_edit_of_any_column_of_any_table_is_detected(store: Store, url: str) -> None:
    filled(store)
    with store.transaction() as unit:
        kept = unit.keep("note", "text", person=unit.person("P-1"))
        unit.insert(NoteRow, round="r", application="A1", text_kept=kept.token, by="officer")
        unit.insert(SettingRow, name="years", content=1)
        unit.put_blob(b"personal", "import", personal=True)
        say_so(unit)
    silent, looked_at = set(), 0
    with by_hand(url) as hand:
        hand.execute("PRAGMA ignore_check_constraints = ON")
        for (name,) in hand.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            hand.execute(f"DROP TRIGGER {name}")
        assert failed(store) == ["guards"]
        for kind in ROWS:
            for column in tuple(each.name for each in METADATA.tables[kind.table].c):
                with edited(hand, kind, column) as done:
                    looked_at += done
                    if done and failed(store) == ["guards"]:
                        silent.add((kind.table, column))
    assert failed(store) == ["guards"]
    assert looked_at > 100
    assert silent == {("account", "name")}


@contextmanager
def edited(hand: Any, kind: type[Row], column: str) -> Iterator[bool]:
    """Have one cell of a table changed by hand; tell whether there is a row at all."""
    found = hand.execute(
        f'SELECT "{kind.key}", "{column}" FROM "{kind.table}" ORDER BY "{column}" IS NULL LIMIT 1'
    ).fetchone()
    if found is None:
        yield False
        return
    key, value = found
    changes = {int: lambda: 1 - value, str: lambda: value + "x", bytes: lambda: value + b"x"}
    new = changes.get(type(value), lambda: "x")()
    change = f'UPDATE "{kind.table}" SET "{column}" = ? WHERE "{kind.key}" = ?'
    hand.execute(change, (new, key))
    yield True
    hand.execute(change, (value, new if column == kind.key else key))


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_two_who_write_without_the_lock_cannot_fork_the_log(store: Store, url: str) -> None:
    add_round(store)
    entry = f"INSERT {event('(SELECT max(seq) + 1 FROM event)', LAST)}"
    with by_hand(url) as first, by_hand(url) as second:
        first.execute("BEGIN")
        first.execute(entry)
        second.execute("SET lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            second.execute(entry)
        first.execute("COMMIT")
        second.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        second.execute("SELECT count(*) FROM event")
        first.execute(entry.replace("'x'", "'y'"))
        with pytest.raises(psycopg.errors.UniqueViolation):
            second.execute(entry.replace("'x'", "'z'"))


def test_a_guard_that_is_missing_switched_off_or_changed_is_detected(
    store: Store, url: str
) -> None:
    assert failed(store) == []
    if store.database == "sqlite":
        changes = (
            "DROP TRIGGER guard_event_update",
            "CREATE TRIGGER guard_event_update BEFORE UPDATE ON event BEGIN SELECT 1; END",
        )
    else:
        changes = (
            "ALTER TABLE event ENABLE TRIGGER guard_event_update",
            "ALTER TABLE event DISABLE TRIGGER guard_event_update",
            "DROP TRIGGER guard_event_update ON event",
        )
    for change in changes:
        with by_hand(url) as hand:
            hand.execute(change)
        assert failed(store) == ["guards"]
        guard = next(each for each in check_store(store).checks if each.id == "guards")
        assert guard.figure == "guard_event_update"
        assert guard.do


def test_a_table_that_is_gone_is_detected(store: Store, url: str) -> None:
    filled(store)
    with by_hand(url) as hand:
        hand.execute("DROP TABLE payment")
    assert {"schema", "guards", "rows"} <= set(failed(store))


def test_a_transaction_without_an_event_keeps_nothing(store: Store) -> None:
    add_round(store)
    for events_first in (False, True):
        with pytest.raises(WithoutEvent), store.transaction() as unit:
            if events_first:
                say_so(unit)
            row = unit.get(RoundRow, "r")
            assert row is not None
            unit.update(RoundRow, "r", row.version, title="other")
    with store.reading() as reader:
        row = reader.get(RoundRow, "r")
        assert row is not None
        assert row.title == "Round"
        assert reader.head().seq == 2


def test_who_proposed_cannot_approve(store: Store) -> None:
    add_round(store)
    step(store, "checked")
    sign(store, "proposed", "officer")
    step(store, "proposed")
    with pytest.raises(AllocatorError) as refused:
        sign(store, "approved", "officer")
    assert refused.value.code == "store-four-eyes"
    with pytest.raises(AllocatorError) as refused:
        sign(store, "approved", "approver", fingerprint="e" * 64)
    assert refused.value.code == "store-four-eyes"
    with pytest.raises(AllocatorError) as refused:
        step(store, "approved", actor="approver")
    assert refused.value.code == "store-four-eyes"
    sign(store, "approved", "approver")
    assert step(store, "approved", actor="approver").state == "approved"


def test_an_approval_does_not_count_for_a_later_proposal(store: Store) -> None:
    add_round(store)
    step(store, "checked")
    sign(store, "proposed", "officer")
    step(store, "proposed")
    sign(store, "approved", "approver")
    step(store, "approved")
    step(store, "draft")
    step(store, "checked")
    with pytest.raises(AllocatorError) as refused:
        step(store, "proposed")
    assert refused.value.code == "store-four-eyes"
    sign(store, "proposed", "officer")
    step(store, "proposed")
    with pytest.raises(AllocatorError) as refused:
        step(store, "approved")
    assert refused.value.code == "store-four-eyes"


def test_a_round_takes_the_steps_of_the_table_and_no_other(store: Store, url: str) -> None:
    steps = {(each.before.value, each.after.value, each.reasoned) for each in TRANSITIONS}
    with by_hand(url) as hand:
        found = hand.execute('SELECT "before", "after", reasoned FROM transition').fetchall()
    by_pair: dict[tuple[str, str], bool] = {}
    for before, after, reasoned in steps:
        by_pair[before, after] = by_pair.get((before, after), True) and reasoned
    assert {(b, a): bool(r) for b, a, r in found} == by_pair
    add_round(store)
    for state in ("published", "closed", "approved"):
        with pytest.raises(AllocatorError) as refused:
            step(store, state)
        assert refused.value.code in ("store-transition", "store-four-eyes")
    with pytest.raises(AllocatorError) as refused, store.transaction() as unit:
        unit.insert(RoundRow, id="s", title="Round", state="published", by="officer")
        say_so(unit)
    assert refused.value.code == "store-transition"


@pytest.mark.parametrize("column", ["snapshot", "policy", "current_run"])
def test_files_policy_and_run_are_frozen_from_proposed_on(store: Store, column: str) -> None:
    add_round(store)
    step(store, "checked")
    sign(store, "proposed", "officer")
    row = step(store, "proposed")
    with pytest.raises(AllocatorError) as refused, store.transaction() as unit:
        unit.update(RoundRow, "r", row.version, **{column: None})
        say_so(unit)
    assert refused.value.code == "store-frozen"


def test_a_finished_run_never_changes(store: Store) -> None:
    add_round(store)
    with store.transaction() as unit:
        run = unit.find(RunRow)[0]
        ended = {"status": "done", "finished_at": unit.now, "manifest": PRINT}
        run = unit.update(RunRow, run.id, run.version, **ended)
        say_so(unit)
    with pytest.raises(AllocatorError) as refused, store.transaction() as unit:
        unit.update(RunRow, run.id, run.version, manifest="0" * 64)
        unit.append(Event("x", "officer", "run:1"))
    assert refused.value.code == "store-append-only"
