"""Runs in processes of their own: started, one a round, and missed when they end without a word.

A file of the round is locked by the process that works on it. The system lets go of the lock when
the process ends, however it ends, so that whether it lives needs no process number, which might
have gone to another program, and outlasts a restart of the server that started it. The database
may be shared with other machines: about their processes nothing is concluded.
"""

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from allocator.errors import AllocatorError, Problem, problem
from allocator.office.desk import Desk
from allocator.office.desk_show import FAILED, UNDER_WAY
from allocator.office.roles import Command
from allocator.office.store import subject_of
from allocator.office.store_engine import data_folder
from allocator.office.store_rows import RoundRow, RunRow
from allocator.office.views import RunView

PATIENCE = timedelta(minutes=10)
"""So long a run that was asked to stop is waited for where nothing is known of its process."""

_MODULE = "allocator.office.work"


def start(
    desk: Desk,
    round_id: str,
    *,
    kind: str = "proposal",
    time_limit: float | None = None,
    reason: str = "",
) -> RunView:
    """Queue a run and start the process that takes it up.

    Parameters
    ----------
    desk : Desk
        Of the person who asks for it.
    round_id : str
        The round.
    kind : str
        As for ``desk.queue_run``.
    time_limit : float, optional
        Seconds after which the best answer known is kept, marked not final.
    reason : str
        As for ``desk.queue_run``.

    Raises
    ------
    AllocatorError
        ``job-under-way`` if the round is being allocated; ``job-elsewhere`` if a run is entered as
        under way that no process of this machine is known to work on; ``job-no-process`` if none
        can be started; whatever ``desk.queue_run`` refuses.
    """
    with _lock(desk, round_id, make=True) as lock:
        if lock is None:
            raise AllocatorError(problem("job-under-way"))
        _miss(desk, round_id, _noted(lock))
        under_way = [each for each in desk.runs(round_id) if each.status in UNDER_WAY]
        for each in filter(_overdue, under_way):
            _cancel(desk, each.id)
        if not all(map(_overdue, under_way)):
            raise AllocatorError(problem("job-elsewhere"))
        run = desk.queue_run(round_id, kind=kind, time_limit=time_limit, reason=reason)
        _note(lock, run.id)
        try:
            begin(lock, _MODULE, run.id)
        except OSError:
            refused = problem("job-no-process")
            _fail(desk, run.id, refused)
            raise AllocatorError(refused) from None
        return run


def stop(desk: Desk, run_id: str, *, for_good: bool = False) -> RunView:
    """Stop a run and keep the best found; one whose process is gone ends at once.

    Parameters
    ----------
    desk : Desk
        Of the person who asks for it.
    run_id : str
        The run.
    for_good : bool
        As for ``desk.cancel_run``.
    """
    run = desk.cancel_run(run_id, for_good=for_good)
    if run.status in UNDER_WAY:
        settle(desk, run.round)
        lose_patience(desk, run)
        run = next(each for each in desk.runs(run.round) if each.id == run.id)
    return run


def settle(desk: Desk, round_id: str) -> None:
    """Enter a run as ended if the process that worked on it has ended without a word.

    One that was asked to stop is then cancelled, another failed.
    """
    with _lock(desk, round_id, make=False) as lock:
        noted = "" if lock is None else _noted(lock)
        if lock is not None and noted:
            _miss(desk, round_id, noted)
            _note(lock, "")


def lose_patience(desk: Desk, run: RunView) -> None:
    """Cancel a run under way that was asked to stop long ago and has no process known to live."""
    if _overdue(run) and not _held(desk, run.round):
        _cancel(desk, run.id)


def _overdue(run: RunView) -> bool:
    return run.stop_asked is not None and datetime.now(UTC) - run.stop_asked > PATIENCE


def begin(lock: int, module: str, *arguments: str) -> None:
    """Start a process that inherits a lock and no other file, and belongs to no terminal.

    It opens the store that the environment names, as this process did.

    Raises
    ------
    OSError
        If none can be started.
    """
    process = subprocess.Popen(
        # Without -P a folder or file beside the server could stand for a package of its name.
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(lock,),
        start_new_session=True,
    )
    threading.Thread(target=process.wait, name=module, daemon=True).start()


def _miss(desk: Desk, round_id: str, noted: str) -> None:
    """Enter the run noted in a lock that nobody holds as failed, if it is still under way."""
    lost = [e for e in desk.runs(round_id) if e.id == noted and e.status in UNDER_WAY]
    for each in lost:
        if each.stop_asked is not None:
            _cancel(desk, each.id)
        else:
            _fail(desk, each.id, problem("job-lost"))


def _cancel(desk: Desk, run_id: str) -> None:
    with desk.change(Command.CANCEL_RUN) as unit:
        row = desk.the_run(unit, run_id)
        if row.finished_at is None:
            desk.end_run(unit, row, "run-silent")


def _fail(desk: Desk, run_id: str, why: Problem) -> None:
    with desk.change(Command.CANCEL_RUN) as unit:
        row = desk.the_run(unit, run_id)
        if row.finished_at is not None:
            return
        summary = {"problems": [why.as_json()]}
        told = {"status": FAILED, "finished_at": unit.now, "summary": summary}
        unit.update(RunRow, row.id, row.version, **told)
        subject = subject_of(RoundRow, row.round)
        desk.tell(unit, "run-failed", subject, run=row.id, run_kind=row.kind, codes=[why.code])


@contextmanager
def _lock(desk: Desk, round_id: str, *, make: bool) -> Iterator[int | None]:
    """Give the open, locked file of a round; ``None`` if another process holds it.

    Without ``make`` also if there is no such file. Our hold on it ends with the block; a process
    that inherited it goes on holding it.
    """
    file = opened(_path(desk, round_id), os.O_CREAT if make else 0)
    try:
        yield file if file is not None and taken(file) else None
    finally:
        if file is not None:
            os.close(file)


def _held(desk: Desk, round_id: str) -> bool:
    """Tell whether a process of this machine works on a round."""
    file = opened(_path(desk, round_id), 0)
    try:
        return file is not None and not taken(file)
    finally:
        if file is not None:
            os.close(file)


def _path(desk: Desk, round_id: str) -> Path:
    folder = data_folder() / "jobs"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = sha256(f"{desk.store.name}\n{round_id}".encode()).hexdigest()[:32]
    return folder / f"{name}.lock"


def opened(path: Path, how: int) -> int | None:
    """Open a file that other processes may hold a lock of; ``None`` if there is none."""
    with suppress(FileNotFoundError):
        return os.open(path, os.O_RDWR | os.O_CLOEXEC | how, 0o600)
    return None


def taken(lock: int) -> bool:
    """Take the lock of an open file, and tell whether no other process holds it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _noted(lock: int) -> str:
    return os.pread(lock, 32, 0).decode("ascii").strip()


def _note(lock: int, run_id: str) -> None:
    os.ftruncate(lock, 0)
    os.pwrite(lock, run_id.encode("ascii"), 0)
    os.fsync(lock)
