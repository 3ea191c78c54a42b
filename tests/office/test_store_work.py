"""Working with the store: nobody overwrites another, what is kept is erasable, errors are clear."""

import threading
from pathlib import Path
from typing import Any

import pytest

from allocator.errors import AllocatorError
from allocator.office.store import Event, Stale, Store
from allocator.office.store_check import check_store
from allocator.office.store_rows import (
    AccountRoleRow,
    AccountRow,
    BlobRow,
    EventRow,
    NoteRow,
    PaymentRow,
    PersonalRow,
    RoundRow,
    RunRow,
    SettingRow,
)
from tests.office.store_kit import add_round, by_hand, say_so

NOBODY = 65534


def test_rows_come_back_as_they_were_put_in(store: Store) -> None:
    content = {"years": [2025, 2026], "größe": 2**60, "none": None, "on": True}
    with store.transaction() as unit:
        made = unit.insert(SettingRow, name="years", content=content)
        told = unit.append(Event("setting", "officer", "setting:years", {"a": 1}))
    with store.reading() as reader:
        row = reader.get(SettingRow, "years")
        assert row == made
        assert row.content == content | {"größe": str(2**60)}
        assert row.version == told.seq
        assert reader.get(EventRow, told.seq) == told
        assert reader.get(SettingRow, "absent") is None


def test_rows_are_found_by_value_in_order(store: Store) -> None:
    with store.transaction() as unit:
        for login, active in (("b", True), ("a", True), ("c", False)):
            unit.insert(AccountRow, login=login, name=login.upper(), active=active)
        unit.append(Event("accounts", "system", "account"))
    with store.reading() as reader:
        assert [each.login for each in reader.find(AccountRow)] == ["a", "b", "c"]
        assert [each.login for each in reader.find(AccountRow, active=True)] == ["a", "b"]
        by_name = reader.find(AccountRow, order=("-name",), limit=2)
        assert [each.login for each in by_name] == ["c", "b"]
        assert len(reader.find(AccountRow, login=("a", "c"))) == 2
        assert reader.find(RoundRow, deadline=None) == ()


def test_the_log_can_be_read_by_subject_and_from_an_entry_on(store: Store) -> None:
    add_round(store, "r")
    add_round(store, "r_1")
    add_round(store, "rx1")
    with store.reading() as reader:
        assert [each.seq for each in reader.events(subject="round:r_1")] == [3]
        assert [each.seq for each in reader.events(subject="round:r_*")] == [3]
        assert [each.seq for each in reader.events(subject="round:r*")] == [2, 3, 4]
        assert [each.seq for each in reader.events(since=2)] == [3, 4]
        assert [each.seq for each in reader.events(limit=2)] == [3, 4]


def test_the_second_of_two_people_is_told_what_changed_and_by_whom(store: Store) -> None:
    seen = add_round(store)
    with store.transaction() as unit:
        now = unit.update(RoundRow, "r", seen.version, title="First")
        unit.append(Event("round-renamed", "first", "round:r"))
    with pytest.raises(Stale) as stale, store.transaction() as unit:
        unit.update(RoundRow, "r", seen.version, title="Second")
        unit.append(Event("round-renamed", "second", "round:r"))
    assert stale.value.code == "store-stale"
    assert stale.value.current == now
    assert [(each.actor, each.kind) for each in stale.value.events] == [("first", "round-renamed")]
    assert "first" in str(stale.value)
    with store.reading() as reader:
        assert reader.get(RoundRow, "r") == now
        assert reader.head().seq == now.version


def test_after_being_told_one_may_decide_again_in_the_same_transaction(store: Store) -> None:
    seen = add_round(store)
    with store.transaction() as unit:
        unit.update(RoundRow, "r", seen.version, title="First")
        say_so(unit)
    with store.transaction() as unit:
        try:
            unit.update(RoundRow, "r", seen.version, title="Second")
        except Stale as stale:
            assert stale.current.version > seen.version
    assert check_store(store).passed


def test_who_is_told_by_an_event_on_something_else_is_named_too(store: Store) -> None:
    seen = add_round(store)
    with store.transaction() as unit:
        unit.update(RoundRow, "r", seen.version, title="First")
        unit.append(Event("settings-changed", "first", "setting:x"))
    with pytest.raises(Stale) as stale, store.transaction() as unit:
        unit.update(RoundRow, "r", seen.version, title="Second")
    assert [each.kind for each in stale.value.events] == ["settings-changed"]


def test_several_changes_of_one_row_in_one_transaction(store: Store) -> None:
    seen = add_round(store)
    with store.transaction() as unit:
        row = unit.update(RoundRow, "r", seen.version, title="One")
        row = unit.update(RoundRow, "r", row.version, title="Two")
        say_so(unit)
        row = unit.update(RoundRow, "r", row.version, title="Three")
        say_so(unit)
    assert row.title == "Three"
    assert check_store(store).passed


def test_threads_take_turns_and_each_sees_the_other(store: Store) -> None:
    with store.transaction() as unit:
        unit.insert(SettingRow, name="count", content=0)
        say_so(unit)

    def add() -> None:
        for _ in range(10):
            with store.transaction() as unit:
                row = unit.get(SettingRow, "count")
                assert row is not None
                unit.update(SettingRow, "count", row.version, content=row.content + 1)
                say_so(unit)

    threads = [threading.Thread(target=add) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with store.reading() as reader:
        row = reader.get(SettingRow, "count")
    assert row is not None
    assert row.content == 20


def test_reading_is_not_disturbed_by_writing(store: Store) -> None:
    add_round(store)
    with store.reading() as reader:
        before = reader.head()
        with store.transaction() as unit:
            say_so(unit)
        assert reader.head() == before
        assert len(reader.events()) == before.seq


def test_what_exists_is_not_made_again(store: Store) -> None:
    with store.transaction() as unit:
        unit.insert(AccountRow, login="a", name="A", active=True)
        unit.insert(AccountRoleRow, account="a", role="officer", active=True)
        say_so(unit)
    for kind, values in (
        (AccountRow, {"login": "a", "name": "B", "active": True}),
        (AccountRoleRow, {"account": "a", "role": "officer", "active": True}),
    ):
        with pytest.raises(AllocatorError) as refused, store.transaction() as unit:
            unit.insert(kind, **values)  # type: ignore[type-var]
            say_so(unit)
        assert refused.value.code == "store-exists"


def test_what_is_missing_is_named(store: Store) -> None:
    with pytest.raises(AllocatorError) as refused, store.transaction() as unit:
        unit.update(RoundRow, "absent", 1, title="x")
    assert refused.value.code == "store-missing"
    with pytest.raises(AllocatorError) as refused, store.transaction() as unit:
        unit.insert(NoteRow, round="absent", application="A1", by="officer")
        say_so(unit)
    assert refused.value.code == "store-inconsistent"


def test_an_exception_in_a_transaction_keeps_nothing(store: Store) -> None:
    add_round(store)
    with pytest.raises(ZeroDivisionError), store.transaction() as unit:
        unit.put_blob(b"x" * 100_000, "import")
        say_so(unit)
        raise ZeroDivisionError
    with store.reading() as reader:
        assert reader.head().seq == 2
    assert check_store(store).passed


def test_progress_is_no_event(store: Store) -> None:
    add_round(store)
    for stage in ("reading", "solving"):
        with store.transaction() as unit:
            unit.set_progress(unit.find(RunRow)[0].id, {"stage": stage})
    with store.reading() as reader:
        assert reader.progress(1) == {"stage": "solving"}
        assert reader.progress(2) is None
        assert reader.head().seq == 2


def test_an_erased_person_is_gone_and_everything_still_verifies(store: Store, url: str) -> None:
    secret, person = "a text about PERSON-4711", "PERSON-4711"
    add_round(store)
    with store.transaction() as unit:
        token = unit.person(person, until="2026-12-31")
        assert unit.person(person, until="2027-12-31") == token
        kept = unit.keep("note", secret, person=token)
        other = unit.keep("reason", "a text about a rule")
        note = unit.insert(NoteRow, round="r", application="A1", text_kept=kept.token, by="officer")
        blob = unit.put_blob(f"id\n{person}\n".encode(), "import", personal=True)
        unit.append(Event("noted", "officer", "round:r", {"text": kept.commitment}))
    with store.reading() as reader:
        assert reader.kept(kept.token) == secret
        assert reader.find_person(person) == token
        assert [each.id for each in reader.due("2027-12-31")] == []
        assert [each.id for each in reader.due("2028-01-01")] == [token]
        assert person not in repr(reader.events())
        assert person not in repr([reader.find(kind) for kind in (PersonalRow, NoteRow, BlobRow)])
    with store.transaction() as unit:
        gone = unit.erase(token)
        replacement = unit.put_blob(b"id\n(erased)\n", "import", personal=True)
        erased = unit.erase_blob(blob, replaced_by=replacement)
        items = [each.id for each in gone]
        unit.append(Event("erased", "administrator", "personal", {"items": items}))
    assert sorted(items) == sorted([token, kept.token])
    assert erased.replaced_by == replacement
    with store.reading() as reader:
        assert reader.kept(kept.token) is None
        assert reader.kept(token) is None
        assert reader.blob(blob) is None
        assert reader.find_person(person) is None
        assert reader.kept(other.token) == "a text about a rule"
        assert reader.get(NoteRow, note.id) == note
    assert check_store(store).passed
    assert person not in everything_in(store, url)
    with store.transaction() as unit:
        assert unit.erase(token) == ()
        assert unit.person(person) != token
        head = say_so(unit)
    with pytest.raises(ZeroDivisionError), store.transaction() as unit:
        say_so(unit)
        raise ZeroDivisionError
    with store.reading() as reader:
        assert reader.head().seq == head


def everything_in(store: Store, url: str) -> str:
    """Return all that is left of a store, as somebody reading its files or tables would see it."""
    if store.database == "sqlite":
        path = Path(url.removeprefix("sqlite:///"))
        files = sorted(path.parent.glob(f"{path.name}*"))
        return "".join(each.read_bytes().decode("latin-1") for each in files)
    tables = ("event", "personal", "blob", "note", "round")
    with by_hand(url) as hand:
        return "".join(
            f"{name}: {hand.execute(f'SELECT t::text FROM "{name}" t').fetchall()}\n"
            for name in tables
        )


def test_erasing_cannot_be_undone_or_used_to_change_a_text(store: Store, url: str) -> None:
    with store.transaction() as unit:
        kept = unit.keep("note", "text")
        unit.erase(unit.keep("note", "erased").token)
        say_so(unit)
    change = "version = (SELECT max(seq) + 1 FROM event)"
    for statement in (
        f"UPDATE personal SET content = 'other', {change} WHERE id = '{kept.token}'",
        f"UPDATE personal SET content = NULL, {change} WHERE id = '{kept.token}'",
        f"UPDATE personal SET content = 'x', erased_at = NULL, {change} WHERE content IS NULL",
        f"UPDATE personal SET salt = '00', {change} WHERE id = '{kept.token}'",
        f"UPDATE personal SET salt = NULL, {change} WHERE id = '{kept.token}'",
        f"UPDATE personal SET salt = '00', {change} WHERE content IS NULL",
        f"UPDATE personal SET erased_at = 'later', {change} WHERE content IS NULL",
    ):
        with by_hand(url) as hand, pytest.raises(Exception, match="store-append-only"):
            hand.execute(statement)


def test_a_text_with_every_kind_of_letter_is_kept_exactly(store: Store) -> None:
    words = "Ωμέγα, 中文, العربية, 'quotes\" %s :x \\ \n\t 🙂"
    with store.transaction() as unit:
        kept = unit.keep("note", words)
        say_so(unit)
    with store.reading() as reader:
        assert reader.kept(kept.token) == words


@pytest.mark.parametrize("bad", ["a\0b", "half \ud83d", 2**63])
def test_what_only_one_database_could_keep_is_refused_by_both(store: Store, bad: Any) -> None:
    with store.transaction() as unit:
        row = unit.insert(SettingRow, name="good", content=1)
        say_so(unit)
    for attempt in (
        lambda unit: unit.insert(AccountRow, login="a", name=bad, active=True),
        lambda unit: unit.update(SettingRow, "good", row.version, name=bad),
        lambda unit: (
            unit.keep("note", bad)
            if isinstance(bad, str)
            else unit.insert(PaymentRow, round="r", amount=bad)
        ),
    ):
        with pytest.raises(AllocatorError) as refused, store.transaction() as unit:
            attempt(unit)
            say_so(unit)
        assert refused.value.code == "store-unkept"


def test_half_a_character_in_an_event_is_refused(store: Store) -> None:
    with pytest.raises(AllocatorError) as refused, store.transaction() as unit:
        unit.append(Event("x", "officer", "x", {"a": "\ud83d"}))
    assert refused.value.code == "store-unkept"


def test_the_same_bytes_are_kept_once_unless_they_are_personal(store: Store) -> None:
    data = bytes(range(256)) * 100
    with store.transaction() as unit:
        first, second = (unit.put_blob(data, "record") for _ in range(2))
        third = unit.put_blob(data, "import", personal=True)
        say_so(unit)
    assert first == second != third
    with store.reading() as reader:
        assert reader.blob(first) == reader.blob(third) == data
        assert len(reader.find(BlobRow)) == 2
