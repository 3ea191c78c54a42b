"""Rounds in a store, and ways round the program, for the tests of the store."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from allocator.office.store import Event, Store, Unit
from allocator.office.store_rows import (
    AccountRow,
    PolicyRow,
    PublicationRow,
    RoundRow,
    RunRow,
    SignoffRow,
    SnapshotRow,
)

PRINT = "f" * 64


def say_so(unit: Unit, kind: str = "done", actor: str = "officer", subject: str = "round:r") -> int:
    """Append an event that tells what was changed, and return its number."""
    return unit.append(Event(kind, actor, subject)).seq


def add_round(store: Store, name: str = "r") -> RoundRow:
    """Add a round in draft with its files, its policy, a finished run, and two accounts."""
    with store.transaction() as unit:
        for login in ("officer", "approver"):
            if unit.get(AccountRow, login) is None:
                unit.insert(AccountRow, login=login, name=f"Account {login}", active=True)
        row = unit.insert(RoundRow, id=name, title="Round", state="draft", by="officer")
        snapshot = unit.insert(SnapshotRow, round=name, files=[], by="officer")
        policy = unit.insert(
            PolicyRow,
            number=len(unit.find(PolicyRow)) + 1,
            title="Policy",
            blob=unit.put_blob(b"weights: 1", "policy"),
            by="officer",
        )
        run = unit.insert(
            RunRow,
            round=name,
            snapshot=snapshot.id,
            policy=policy.id,
            kind="proposal",
            status="queued",
            by="officer",
        )
        chosen = {"snapshot": snapshot.id, "policy": policy.id, "current_run": run.id}
        row = unit.update(RoundRow, name, row.version, **chosen)
        say_so(unit, "round-created", subject=f"round:{name}")
    return row


def step(store: Store, state: str, name: str = "r", actor: str = "officer") -> RoundRow:
    """Take a round to a state."""
    with store.transaction() as unit:
        row = unit.get(RoundRow, name)
        assert row is not None
        row = unit.update(RoundRow, name, row.version, state=state)
        say_so(unit, f"round-{state}", actor, f"round:{name}")
    return row


def sign(store: Store, kind: str, account: str, *, fingerprint: str = PRINT) -> SignoffRow:
    """Sign the round's current run; an approval answers the last proposal."""
    with store.transaction() as unit:
        row = unit.get(RoundRow, "r")
        assert row is not None
        last = unit.find(SignoffRow, order=("-id",), limit=1, kind="proposed")
        signed = unit.insert(
            SignoffRow,
            round="r",
            run=row.current_run,
            kind=kind,
            proposal=last[0].id if last and kind == "approved" else None,
            account=account,
            fingerprint=fingerprint,
        )
        say_so(unit, kind, account)
    return signed


def publish(store: Store) -> PublicationRow:
    """Take a new round from draft to published."""
    add_round(store)
    step(store, "checked")
    sign(store, "proposed", "officer")
    step(store, "proposed")
    sign(store, "approved", "approver")
    step(store, "approved", actor="approver")
    with store.transaction() as unit:
        row = unit.get(RoundRow, "r")
        assert row is not None
        head = unit.head()
        published = unit.insert(
            PublicationRow,
            round="r",
            run=row.current_run,
            number=1,
            manifest=PRINT,
            record=unit.put_blob(b"the record", "record"),
            public_key="key",
            pinned_seq=head.seq,
            pinned_hash=head.hash,
            by="officer",
        )
        unit.update(RoundRow, "r", row.version, state="published", published_run=row.current_run)
        say_so(unit, "round-published")
    return published


@contextmanager
def by_hand(url: str) -> Iterator[Any]:
    """Open the database as somebody would who goes round the program; ``execute`` runs SQL."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        try:
            yield connection
        finally:
            connection.close()
    else:
        with psycopg.connect(url, autocommit=True) as server:
            yield server


def unguarded(connection: Any, url: str, statement: str) -> None:
    """Execute a statement with every trigger out of the way, and put the triggers back."""
    if url.startswith("sqlite"):
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        triggers = connection.execute(query).fetchall()
        for name, _text in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
        for _name, text in triggers:
            connection.execute(text)
        return
    tables = "SELECT DISTINCT event_object_table FROM information_schema.triggers"
    names = [name for (name,) in connection.execute(tables).fetchall()]
    for name in names:
        connection.execute(f'ALTER TABLE "{name}" DISABLE TRIGGER ALL')
    connection.execute(statement)
    guards = "SELECT tgname, relname FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid"
    for name in names:
        connection.execute(f'ALTER TABLE "{name}" ENABLE TRIGGER ALL')
    for guard, table in connection.execute(f"{guards} WHERE tgname LIKE 'guard%'").fetchall():
        connection.execute(f'ALTER TABLE "{table}" ENABLE ALWAYS TRIGGER {guard}')
