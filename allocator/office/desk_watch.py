"""A run under way: how it stands is kept, and whether somebody asked to stop it is looked up."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from allocator.office.store import Store, Unit
from allocator.office.store_rows import RunRow
from allocator.optimise.watch import Progress

SECONDS_BETWEEN = 0.5
"""So often at most a run writes how it stands, or asks whether it was stopped."""

STOP = "stop"
"""In the summary of a run under way: who asked it to stop, and since when it is asked."""

type Listener = Callable[[Progress], None]
type Question = Callable[[], bool]


def stop_of(row: RunRow) -> dict[str, str] | None:
    """Return who asked a run to stop (``by``) and since when it is asked (``at``), if anybody."""
    found: dict[str, str] | None = (row.summary or {}).get(STOP)
    return found


def with_stop(unit: Unit, row: RunRow, login: str) -> dict[str, Any]:
    """Return the summary of a run that a person asks to stop; who asked first keeps the time."""
    before = stop_of(row)
    asked = {"by": login, "at": before["at"] if before else unit.now}
    return {**(row.summary or {}), STOP: asked}


class Watcher:
    """Passes on how a run stands, keeps it in the store, and asks there whether to stop.

    Parameters
    ----------
    store : Store
        Where the run is entered.
    run : int
        The run.
    progress : callable, optional
        Told how the solve stands.
    cancel : callable, optional
        Asked whether to stop, beside the store.
    """

    def __init__(
        self, store: Store, run: int, progress: Listener | None, cancel: Question | None
    ) -> None:
        self.store, self.run, self.progress, self.cancel = store, run, progress, cancel
        self._noted = self._asked = monotonic()
        self._stopped = False
        self._stage = "solve"

    def note(self, progress: Progress) -> None:
        """Pass on how the run stands."""
        if self.progress is not None:
            self.progress(progress)
        if progress.stage == self._stage and monotonic() - self._noted < SECONDS_BETWEEN:
            return
        self._noted, self._stage = monotonic(), progress.stage
        content = {
            "stage": progress.stage,
            "best": progress.best,
            "bound": progress.bound,
            "seconds": int(progress.seconds),
        }
        with self.store.transaction() as unit:
            unit.set_progress(self.run, content)

    def stopped(self) -> bool:
        """Tell whether to stop: somebody asked for it, or the run has ended in the store."""
        if self._stopped or (self.cancel is not None and self.cancel()):
            return True
        if monotonic() - self._asked < SECONDS_BETWEEN:
            return False
        self._asked = monotonic()
        with self.store.reading() as reader:
            row = reader.get(RunRow, self.run)
        self._stopped = row is None or row.finished_at is not None or stop_of(row) is not None
        return self._stopped
