"""The flip test of a run in a process of its own; its answer is a file that no erasure outlasts.

``python -m allocator.office.flips RUN LOGIN PATH`` is that process. It changes nothing in the
store, so that whoever may verify a record may ask; the answer stands beside the locks of runs, is
found under the run's fingerprint, and is thrown away when somebody was erased since.
"""

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from allocator.errors import AllocatorError, problem
from allocator.explain.fairness import fairness_of
from allocator.explain.fairness_flip import Told
from allocator.explain.fairness_kept import FlipsKept
from allocator.explain.fairness_record import kept_fairness
from allocator.office.desk import Desk, open_desk
from allocator.office.desk_awards import last_erasure
from allocator.office.identity import Identity
from allocator.office.jobs import begin, opened, taken
from allocator.office.roles import Source
from allocator.office.store import open_store
from allocator.office.store_engine import data_folder
from allocator.office.views import RunView
from allocator.office.work import stay_modest

SECONDS = 3600.0
"""After so long the answer is kept as far as it came."""

_MODULE = "allocator.office.flips"
_KEPT = TypeAdapter(FlipsKept)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the flip test of a run stands: ``kept`` once it is done.

    ``lost`` tells that its process ended without an answer; ``done`` of ``asked`` are answered.
    """

    kept: FlipsKept | None = None
    under_way: bool = False
    lost: bool = False
    done: int = 0
    asked: int = 0


class _Stopped(Exception):
    """Somebody asked to stop."""


def start(desk: Desk, run: RunView) -> None:
    """Start the flip test of a run.

    Raises
    ------
    AllocatorError
        ``flips-under-way``; ``job-no-process`` if no process can be started.
    """
    path = _path(desk, run)
    lock = opened(path.with_suffix(".lock"), os.O_CREAT)
    assert lock is not None
    try:
        if not taken(lock):
            raise AllocatorError(problem("flips-under-way"))
        path.with_suffix(".stop").unlink(missing_ok=True)
        _note(lock, "0 0")
        begin(lock, _MODULE, run.id, desk.me().login, str(path), str(lock))
    except OSError:
        _note(lock, "")
        raise AllocatorError(problem("job-no-process")) from None
    finally:
        os.close(lock)


def stop(desk: Desk, run: RunView) -> None:
    """Ask the flip test of a run to stop; nothing of it is kept."""
    _path(desk, run).with_suffix(".stop").touch(mode=0o600)


def standing(desk: Desk, run: RunView) -> Standing:
    """Return how the flip test of a run stands."""
    path = _path(desk, run)
    with suppress(OSError, ValidationError):
        return Standing(kept=_KEPT.validate_json(path.read_bytes()))
    lock = opened(path.with_suffix(".lock"), 0)
    if lock is None:
        return Standing()
    try:
        free = taken(lock)
        noted = os.pread(lock, 32, 0).decode("ascii").split()
    finally:
        os.close(lock)
    if free:
        return Standing(lost=bool(noted))
    done, asked = (int(each) for each in noted) if len(noted) == 2 else (0, 0)
    return Standing(under_way=True, done=done, asked=asked)


def _path(desk: Desk, run: RunView) -> Path:
    """Return where the answer stands, and throw away those from before the last erasure."""
    folder = data_folder() / "jobs"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with desk.store.reading() as reader:
        persons = desk.sees_persons(reader)
    office = f"flips-{_short(desk.store.name)}"
    now = f"{office}-{_short(str(last_erasure(desk.store)))}"
    for each in folder.glob(f"{office}-*.json"):
        if not each.name.startswith(now):
            each.unlink(missing_ok=True)
    return folder / f"{now}-{_short(f'{run.id} {run.fingerprint} {persons}')}.json"


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def _note(lock: int, text: str) -> None:
    os.ftruncate(lock, 0)
    os.pwrite(lock, text.encode("ascii"), 0)


# --- the process itself ---------------------------------------------------------------------------


def main(run_id: str, login: str, path: Path, lock: int) -> int:
    """Make the flip test in the name of whoever asked, and keep its answer."""
    stay_modest()
    stopped = path.with_suffix(".stop")

    def told(done: int, asked: int) -> None:
        if stopped.exists():
            raise _Stopped
        _note(lock, f"{done} {asked}")

    try:
        with open_store() as store:
            kept = _answer(open_desk(store, Identity(login, login, Source.SYSTEM)), run_id, told)
    except _Stopped:
        _note(lock, "")
        return 0
    except AllocatorError:
        return 1
    beside = path.with_suffix(".new")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(_KEPT.dump_json(kept))
    beside.replace(path)
    return 0


def _answer(desk: Desk, run_id: str, told: Told) -> FlipsKept:
    result = desk.result(run_id)
    fairness = fairness_of(
        result,
        flips=True,
        loaded=desk.loaded(result.round.id, run_id),
        time_limit=SECONDS,
        told=told,
    )
    found = kept_fairness(fairness).flips
    assert found is not None
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])))
