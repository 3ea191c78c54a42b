"""What is kept in memory: asked for once, bounded, and gone with whoever is erased."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from time import sleep

import pytest

from allocator.office.desk_awards import last_erasure
from allocator.office.memory import MEMORY, Memory
from tests.office.desk_kit import awarded, office_in


def test_what_many_ask_at_once_is_found_once() -> None:
    memory, found, start = Memory(), [], Barrier(8)

    def find() -> str:
        found.append(1)
        sleep(0.05)
        return "answer"

    def ask() -> None:
        start.wait()
        assert memory.recall("question", find) == "answer"

    threads = [Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 1


def test_what_fails_is_asked_again() -> None:
    memory = Memory()
    with pytest.raises(ValueError, match="not yet"):
        memory.recall("question", lambda: int("not yet"))
    assert memory.recall("question", lambda: 7) == 7


def test_only_so_much_is_kept_and_what_was_used_last_stays() -> None:
    memory, made = Memory(room=10), []

    def ask(key: str, size: int = 4) -> None:
        memory.recall(key, lambda: made.append(key), lambda _: size)

    for key in ("a", "b", "a", "c", "a", "b"):
        ask(key)
    assert made == ["a", "b", "c", "b"], "b was used least when c came"
    ask("larger than all room", 99)
    ask("larger than all room", 99)
    assert made.count("larger than all room") == 1


def test_what_is_being_found_while_all_is_forgotten_is_not_kept() -> None:
    memory, made = Memory(), []

    def find() -> None:
        made.append(1)
        memory.forget()

    memory.recall("question", find)
    memory.recall("question", find)
    assert len(made) == 2


def test_erasing_somebody_leaves_nothing_of_them_in_memory(tmp_path: Path) -> None:
    now = [datetime(2026, 1, 20, tzinfo=UTC)]
    with office_in(tmp_path, clock=lambda: now[0]) as office:
        round_id, run = office.published()
        winner = awarded(office.olu, run)[0]

        def person() -> str:
            read = office.olu.loaded(round_id).applications
            return next(each.person_id for each in read if each.application_id == winner)

        erased, before = person(), last_erasure(office.olu.store)
        MEMORY.recall(("a page", winner), lambda: erased)
        office.olu.close(round_id, None)
        now[0] += timedelta(days=366 * 5 + 1)
        office.ada.erase(erased, "asked on paper")
        assert MEMORY.recall(("a page", winner), lambda: "read anew") == "read anew"
        assert person() != erased
        assert last_erasure(office.olu.store) != before, "other processes are told by the log"
