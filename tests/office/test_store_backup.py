"""A backup holds everything, goes from either database to the other, and an old one is detected."""

import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from allocator.errors import AllocatorError
from allocator.office.store import Store, open_store
from allocator.office.store_backup import Backup, backup, inspect_backup, restore
from allocator.office.store_check import Pin, check_store
from allocator.office.store_migrate import NEWEST
from allocator.office.store_rows import ROWS, EventRow
from tests.office.conftest import DATABASES, TickingClock
from tests.office.store_kit import add_round, publish, say_so, sign

OTHER = {"sqlite": "postgresql", "postgresql": "sqlite"}


def fill(store: Store) -> None:
    """Publish a round, keep files and texts, erase some of them."""
    publish(store)
    with store.transaction() as unit:
        person = unit.person("P-1", until="2030-01-01")
        unit.keep("note", 'Ωμέγα "quoted"\n', person=person)
        gone = unit.person("P-2")
        unit.put_blob(os.urandom(50_000), "import", personal=True)
        blob = unit.put_blob(b"old", "import", personal=True)
        say_so(unit)
        unit.erase(gone)
        unit.erase_blob(blob, replaced_by=unit.put_blob(b"new", "import"))
        say_so(unit)


def content(store: Store) -> dict[str, object]:
    """Return everything a store shows but for the last event, which tells the restoration."""
    with store.reading() as reader:
        found: dict[str, object] = {kind.table: reader.find(kind) for kind in ROWS}
        found["event"] = reader.find(EventRow)[: reader.head().seq]
        found["texts"] = [reader.kept(each.id) for each in reader.find(ROWS[2])]  # type: ignore[attr-defined]
        found["files"] = [reader.blob(each.sha256) for each in reader.find(ROWS[1])]  # type: ignore[attr-defined]
    return found


def test_a_backup_is_restored_whole_in_either_database(
    store: Store, make_url: Callable[[str], str], tmp_path: Path
) -> None:
    fill(store)
    before = content(store)
    written = backup(store, tmp_path / "backup.zip")
    assert written == inspect_backup(tmp_path / "backup.zip")
    assert (tmp_path / "backup.zip").stat().st_mode & 0o077 == 0
    for kind in DATABASES:
        url = make_url(kind)
        assert restore(tmp_path / "backup.zip", url, actor="administrator").passed
        with open_store(url, clock=TickingClock()) as restored:
            after = content(restored)
            events = after["event"]
            assert isinstance(events, tuple)
            assert events[-1].kind == "store-restored"
            assert after | {"event": events[:-1]} == before
            with pytest.raises(AllocatorError):
                add_round(restored)
            add_round(restored, "s")
            with pytest.raises(AllocatorError):
                sign(restored, "approved", "officer")
            assert check_store(restored).passed


def test_the_same_store_gives_the_same_backup(store: Store, tmp_path: Path) -> None:
    fill(store)
    backup(store, tmp_path / "a.zip")
    backup(store, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_backup_is_taken_while_others_write(store: Store, tmp_path: Path) -> None:
    fill(store)
    with store.transaction() as unit:
        say_so(unit)
        written = backup(store, tmp_path / "backup.zip")
    with store.reading() as reader:
        assert reader.head().seq == written.head.seq + 1


def test_an_old_backup_is_detected_against_a_newer_published_record(
    store: Store, make_url: Callable[[str], str], tmp_path: Path
) -> None:
    add_round(store, "earlier")
    backup(store, tmp_path / "old.zip")
    published = publish(store)
    pin = Pin(1, published.manifest, published.pinned_seq, published.pinned_hash)
    assert check_store(store, pinned=[pin]).passed
    url = make_url("sqlite")
    restore(tmp_path / "old.zip", url, actor="administrator")
    with open_store(url, clock=TickingClock()) as old:
        assert failed_records(old, pin) == 1
        for _ in range(20):
            with old.transaction() as unit:
                say_so(unit)
        assert failed_records(old, pin) == 1
        assert check_store(old).passed


def test_a_backup_from_just_before_a_publication_is_detected(
    store: Store, make_url: Callable[[str], str], tmp_path: Path
) -> None:
    publish(store)
    backup(store, tmp_path / "old.zip")
    with store.reading() as reader:
        head = reader.head()
    pin = Pin(2, "a" * 64, head.seq, head.hash)
    url = make_url("sqlite")
    restore(tmp_path / "old.zip", url, actor="administrator")
    with open_store(url) as old:
        assert failed_records(old, pin) == 1


def failed_records(store: Store, pin: Pin) -> int:
    """Return how many published records a store does not know."""
    report = check_store(store, pinned=[pin])
    return sum(not each.passed for each in report.checks if each.id == "record")


def test_nothing_is_restored_over_something(store: Store, url: str, tmp_path: Path) -> None:
    fill(store)
    backup(store, tmp_path / "backup.zip")
    before = content(store)
    with pytest.raises(AllocatorError) as refused:
        restore(tmp_path / "backup.zip", url, actor="administrator")
    assert refused.value.code == "store-not-empty"
    with pytest.raises(AllocatorError) as refused:
        backup(store, tmp_path / "backup.zip")
    assert refused.value.code == "store-backup-exists"
    assert content(store) == before


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a good backup."""
    folder = tmp_path_factory.mktemp("backup")
    with open_store(folder / "office.db", clock=TickingClock()) as store:
        fill(store)
        backup(store, folder / "backup.zip")
    return folder / "backup.zip"


def altered(archive: Path, to: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    """Write a backup again with its entries changed; ``None`` leaves one out."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)


DAMAGE: dict[str, Callable[[str, bytes], bytes | None]] = {
    "a row changed": lambda name, data: data.replace(b"published", b"proposed"),
    "a table left out": lambda name, data: None if name == "tables/payment.jsonl" else data,
    "a table emptied": lambda name, data: b"" if name == "tables/signoff.jsonl" else data,
    "a file changed": lambda name, data: b"x" + data[1:] if name.startswith("blobs/") else data,
    "a file left out": lambda name, data: None if name.startswith("blobs/") else data,
    "no manifest": lambda name, data: None if name == "manifest.json" else data,
    "another manifest": lambda name, data: b"[]" if name == "manifest.json" else data,
    "another head": lambda name, data: (
        data.replace(b'"hash":"', b'"hash":"0') if name == "manifest.json" else data
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_backup_is_refused_and_restores_nothing(
    archive: Path, tmp_path: Path, damage: str
) -> None:
    altered(archive, tmp_path / "bad.zip", DAMAGE[damage])
    with pytest.raises(AllocatorError) as refused:
        restore(tmp_path / "bad.zip", tmp_path / "new.db", actor="administrator")
    assert refused.value.code == "store-backup-damaged"
    assert not (tmp_path / "new.db").exists()


def test_a_cut_backup_is_refused(archive: Path, tmp_path: Path) -> None:
    data = archive.read_bytes()
    for size in (0, 10, len(data) // 2, len(data) - 1):
        (tmp_path / "cut.zip").write_bytes(data[:size])
        with pytest.raises(AllocatorError) as refused:
            inspect_backup(tmp_path / "cut.zip")
        assert refused.value.code == "store-backup-damaged"


def test_a_backup_with_a_wrong_byte_anywhere_is_refused_in_words(
    archive: Path, tmp_path: Path
) -> None:
    """Its streams, flags and methods of packing may be anything."""
    data, bad = archive.read_bytes(), tmp_path / "bad.zip"
    for at in range(0, len(data), max(1, len(data) // 300)):
        bad.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        with suppress(AllocatorError):  # a byte of no meaning does no harm
            inspect_backup(bad)
    for at in (6, 8):  # flags and method of the first entry, and of each in the directory
        wrong = bytearray(data)
        found = data.find(b"PK\x01\x02")
        while found >= 0:
            wrong[found + at + 2] ^= 0x61 if at == 8 else 0x01
            found = data.find(b"PK\x01\x02", found + 1)
        wrong[at] ^= 0x61 if at == 8 else 0x01
        bad.write_bytes(wrong)
        with pytest.raises(AllocatorError) as refused:
            inspect_backup(bad)
        assert refused.value.code == "store-backup-damaged"


def test_a_backup_of_a_newer_program_is_refused_politely(archive: Path, tmp_path: Path) -> None:
    altered(
        archive,
        tmp_path / "new.zip",
        lambda name, data: (
            data.replace(f'"{NEWEST}"'.encode(), b'"9999"') if "manifest" in name else data
        ),
    )
    with pytest.raises(AllocatorError) as refused:
        inspect_backup(tmp_path / "new.zip")
    assert refused.value.code == "store-newer"


def test_a_forged_backup_does_not_pass_the_check_and_nothing_is_kept(
    archive: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(archive) as old:
        rounds = old.read("tables/round.jsonl").replace(b'"Round"', b'"Other"')
        manifest = json.loads(old.read("manifest.json"))
    manifest["tables"]["round"]["sha256"] = hashlib.sha256(rounds).hexdigest()
    changes = {
        "tables/round.jsonl": rounds,
        "manifest.json": json.dumps(manifest, separators=(",", ":"), sort_keys=True).encode(),
    }
    altered(archive, tmp_path / "forged.zip", lambda name, data: changes.get(name, data))
    with pytest.raises(AllocatorError) as refused:
        restore(tmp_path / "forged.zip", tmp_path / "new.db", actor="administrator")
    assert refused.value.code == "store-restore"
    with open_store(tmp_path / "new.db") as store, store.reading() as reader:
        assert reader.head().seq == 1


def test_a_backup_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(tmp_path / "office.db") as store:
        with pytest.raises(AllocatorError) as refused:
            backup(store, tmp_path / "absent" / "backup.zip")
        assert refused.value.code == "store-backup-write"

        def fail(_: int) -> None:
            raise OSError(28, "no space")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(AllocatorError) as refused:
            backup(store, tmp_path / "backup.zip")
        assert refused.value.code == "store-backup-write"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["office.db"]


def test_what_a_backup_says_of_itself(archive: Path) -> None:
    found = inspect_backup(archive)
    assert isinstance(found, Backup)
    assert found.schema == NEWEST
    assert found.blobs == 4


def test_a_backup_is_its_owners_alone_whatever_lay_in_its_place(tmp_path: Path) -> None:
    left = tmp_path / "backup.zip.part"
    left.write_bytes(b"x")
    left.chmod(0o666)
    with open_store(tmp_path / "office.db") as store:
        backup(store, tmp_path / "backup.zip")
    assert (tmp_path / "backup.zip").stat().st_mode & 0o777 == 0o600


def test_a_backup_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(AllocatorError) as refused:
        restore(tmp_path / "absent.zip", tmp_path / "new.db", actor="administrator")
    assert refused.value.code == "store-backup-missing"
