"""What a database does not permit becomes a clear refusal, and nothing is lost by it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from allocator.errors import AllocatorError
from allocator.office.store import Store, open_store
from allocator.office.store_check import check_store
from allocator.office.store_engine import VARIABLE, data_folder
from allocator.office.store_rows import BlobRow
from tests.office.store_kit import add_round, by_hand, say_so

NOBODY = 65534


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_full_disk_says_so_and_loses_nothing(store: Store) -> None:
    add_round(store)
    with store.reading() as reader:
        pages = reader.connection.execute(text("PRAGMA page_count")).scalar_one()
        reader.connection.execute(text(f"PRAGMA max_page_count = {pages + 10}"))
    with pytest.raises(AllocatorError) as refused, store.transaction() as unit:
        unit.put_blob(os.urandom(1_000_000), "import")
        say_so(unit)
    assert refused.value.code == "store-full"
    report = check_store(store)
    assert report.passed
    with store.transaction() as unit:
        assert say_so(unit) == 3


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """Give a folder on a disk of its own of one megabyte."""
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("only root can make a small disk")
    folder = Path(tempfile.mkdtemp(prefix="allocator-disk-"))
    options = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    made = subprocess.run(["mount", *options], capture_output=True, check=False)
    if made.returncode:
        folder.rmdir()
        pytest.skip("this machine does not let a small disk be mounted")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def test_a_really_full_disk_says_so_and_loses_nothing(small_disk: Path) -> None:
    with open_store(small_disk / "office.db") as store:
        kept = 0
        with pytest.raises(AllocatorError) as refused:
            while True:
                with store.transaction() as unit:
                    unit.put_blob(os.urandom(20_000), "import")
                    say_so(unit)
                kept += 1
        assert refused.value.code == "store-full"
        assert kept > 3
        report = check_store(store)
        assert report.passed, [each.figure for each in report.checks if not each.passed]
        with store.reading() as reader:
            assert len(reader.find(BlobRow)) == kept
    with open_store(small_disk / "office.db") as store:
        with pytest.raises(AllocatorError) as refused, store.transaction() as unit:
            unit.put_blob(os.urandom(2_000_000), "import")
            say_so(unit)
        assert refused.value.code == "store-full"
        assert check_store(store).passed


@pytest.fixture
def read_only_folder() -> Iterator[Path]:
    """Give a folder that may be read and not written while the test is somebody else."""
    folder = Path(tempfile.mkdtemp(prefix="allocator-read-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def without_permission(folder: Path) -> Iterator[None]:
    """Be a user who may only read in a folder: as root, by being nobody for a while."""
    root = os.geteuid() == 0
    folder.chmod(0o555)
    if root:
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
    try:
        if not os.access(folder, os.R_OK | os.X_OK, effective_ids=True):
            pytest.skip("nobody cannot reach the folder for temporary files")
        yield
    finally:
        if root:
            os.seteuid(0)
            os.setegid(0)
        folder.chmod(0o755)


def test_a_store_that_may_not_be_written_says_so(read_only_folder: Path) -> None:
    path = read_only_folder / "office.db"
    with open_store(path) as store:
        add_round(store)
        path.chmod(0o444)
        with without_permission(read_only_folder):
            with pytest.raises(AllocatorError) as refused, open_store(path.with_name("other.db")):
                pass
            assert refused.value.code == "store-cannot-open"
            with (
                pytest.raises(AllocatorError) as refused,
                open_store(path) as read,
                read.transaction() as unit,
            ):
                say_so(unit)
            assert refused.value.code in ("store-read-only", "store-cannot-open")
        report = check_store(store)
        assert report.passed
        with store.reading() as reader:
            assert reader.head().seq == 2


def test_a_new_store_that_may_not_be_made_says_so(read_only_folder: Path) -> None:
    path = read_only_folder / "office.db"
    path.touch(mode=0o444)
    with (
        without_permission(read_only_folder),
        pytest.raises(AllocatorError) as refused,
        open_store(path),
    ):
        pass
    assert refused.value.code in ("store-read-only", "store-cannot-open")
    assert path.stat().st_size == 0


def test_a_read_only_server_says_so(make_url: Callable[[str], str]) -> None:
    url = make_url("postgresql")
    with open_store(url) as store:
        add_round(store)
    with psycopg.connect(url, autocommit=True) as server:
        name = url.rsplit("/", 1)[1]
        server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with open_store(url) as store:
        with pytest.raises(AllocatorError) as refused, store.transaction() as unit:
            say_so(unit)
        assert refused.value.code == "store-read-only"
        assert check_store(store).passed


def test_who_waits_too_long_is_told(store: Store, url: str) -> None:
    with open_store(url, wait=0.2) as other, store.transaction() as unit:
        say_so(unit)
        with pytest.raises(AllocatorError) as refused, other.transaction():
            pytest.fail("two transactions at once")
        assert refused.value.code == "store-busy"


def test_a_server_that_is_gone_is_named_without_its_password(
    make_url: Callable[[str], str],
) -> None:
    with pytest.raises(AllocatorError) as refused:
        open_store("postgresql://office:sesame@127.0.0.1:1/office", wait=1)
    assert refused.value.code == "store-server-gone"
    assert "sesame" not in str(refused.value)
    url = make_url("postgresql")
    with open_store(url) as store:
        add_round(store)
        with pytest.raises(AllocatorError) as refused, store.transaction() as unit:
            say_so(unit)
            with psycopg.connect(url, autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND datname = current_database()"
                )
            say_so(unit)
        assert refused.value.code == "store-server-gone"
        with store.reading() as reader:
            assert reader.head().seq == 2
    with pytest.raises(AllocatorError) as refused:
        open_store(url.rsplit("/", 1)[0] + "/absent")
    assert refused.value.code == "store-no-database"


@pytest.mark.parametrize("wrong", ["mysql://office@server/office", "sqlite://", "://"])
def test_a_wrong_address_is_refused(wrong: str) -> None:
    with pytest.raises(AllocatorError) as refused:
        open_store(wrong)
    assert refused.value.code == "store-url"


def test_what_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no database " * 1000)
    with pytest.raises(AllocatorError) as refused:
        open_store(path)
    assert refused.value.code == "store-not-a-database"
    assert path.read_text() == "no database " * 1000


def test_a_database_of_something_else_is_left_as_it_is(url: str) -> None:
    with by_hand(url) as hand:
        hand.execute("CREATE TABLE round (id TEXT)")
    with pytest.raises(AllocatorError) as refused:
        open_store(url)
    assert refused.value.code == "store-foreign"


def test_a_damaged_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "office.db"
    with open_store(path) as store:
        add_round(store)
        with store.transaction() as unit:
            unit.put_blob(b"exactly these bytes", "import")
            say_so(unit)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"exactly these bytes", b"exactly those bytes"))
    with open_store(path) as store:
        report = check_store(store)
    assert [each.id for each in report.checks if not each.passed] == ["blobs"]
    assert all(each.do for each in report.checks if not each.passed)
    path.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    with pytest.raises(AllocatorError) as refused, open_store(path):
        pass
    assert refused.value.code == "store-damaged"


def test_only_its_owner_may_read_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "office" / "office.db"
    with open_store(path):
        assert path.stat().st_mode & 0o077 == 0


def test_without_an_address_the_environment_and_then_the_data_folder_are_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    with open_store() as store:
        assert store.name == str(data_folder() / "office.db")
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path}/team.db")
    with open_store() as store:
        assert store.name == f"{tmp_path}/team.db"
