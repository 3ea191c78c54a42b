"""A killed process loses no acknowledged action and leaves a store that its check accepts."""

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from allocator.office.store import Store, open_store
from allocator.office.store_check import check_store
from allocator.office.store_rows import BlobRow, EventRow, PersonalRow, SettingRow

ROOT = Path(__file__).parents[2]
NAMES = ("first", "second")


class Writer:
    """A writing process, and the numbers of the events it said were kept."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self.acknowledged: list[int] = []
        self.ready = threading.Event()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.office.store_writer", url, name],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.endswith("\n"):
                if line.strip() == "ready":
                    self.ready.set()
                else:
                    self.acknowledged.append(int(line))
        self.ready.set()

    def kill(self) -> str:
        """Kill the process, and return what it complained about."""
        self._process.send_signal(signal.SIGKILL)
        self._reader.join()
        assert self._process.stderr is not None
        with self._process.stderr as said, self._process:
            return said.read()


def kept(store: Store, name: str) -> list[int]:
    """Return the numbers of the events of a writer that are in the store."""
    with store.reading() as reader:
        return [each.seq for each in reader.find(EventRow, actor=name)]


def kill_again_and_again(url: str, kills: int, seed: int, check_every: int) -> int:
    """Kill one of two writers, or both, at random moments; return how many events there are."""
    chance = random.Random(seed)
    written: dict[str, list[int]] = {name: [] for name in NAMES}
    writers = {name: Writer(url, name) for name in NAMES}
    with open_store(url) as store:
        for number in range(kills):
            for writer in writers.values():
                assert writer.ready.wait(60)
            time.sleep(chance.uniform(0.0, 0.25))
            both = number % 3 == 0
            for name in NAMES if both else (chance.choice(NAMES),):
                assert writers[name].kill() == ""
                written[name] += writers[name].acknowledged
                found = kept(store, name)
                assert set(written[name]) <= set(found)
                written[name] = found
                writers[name] = Writer(url, name)
            if number % check_every == 0:
                report = check_store(store)
                assert report.passed, [each for each in report.checks if not each.passed]
        for name, writer in writers.items():
            writer.kill()
            assert set(writer.acknowledged) <= set(kept(store, name))
        assert check_store(store).passed
        whole(store)
        with store.reading() as reader:
            return reader.head().seq - 1


def whole(store: Store) -> None:
    """Assert that of no transaction a part is kept."""
    with store.reading() as reader:
        counts = {name: len(reader.find(EventRow, actor=name)) for name in NAMES}
        total = sum(counts.values())
        assert len(reader.find(BlobRow)) == len(reader.find(PersonalRow)) == total
        rows = {each.name: each.content for each in reader.find(SettingRow)}
        assert rows == {**{n: c for n, c in counts.items() if c}, "shared": total}


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_acknowledged_is_lost_when_writers_are_killed(
    database: str, make_url: Callable[[str], str]
) -> None:
    url = make_url(database)
    open_store(url).close()
    assert kill_again_and_again(url, kills=6, seed=4, check_every=3) > 0


@pytest.mark.soak
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_acknowledged_is_lost_in_two_hundred_kills(
    database: str, make_url: Callable[[str], str]
) -> None:
    url = make_url(database)
    open_store(url).close()
    assert kill_again_and_again(url, kills=200, seed=11, check_every=20) > 200
