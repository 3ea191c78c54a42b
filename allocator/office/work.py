"""``python -m allocator.office.work RUN``: the process that takes up a queued run and ends with it.

It works in the name of whoever asked for the run, and stays within limits of memory and time.
"""

import os
import resource
import sys

from allocator.errors import AllocatorError
from allocator.office.desk import open_desk
from allocator.office.identity import Identity
from allocator.office.roles import Source
from allocator.office.store import Store, open_store
from allocator.office.store_rows import RunRow

MEMORY = 8 * 2**30
"""Bytes of memory a run may take."""

PROCESSOR = 6 * 3600
"""Seconds of processor time a run may take."""

_POLITE = 5
"""How far it stands back for others who need the processor."""


def main(run_id: str) -> int:
    """Take up a run.

    Returns
    -------
    int
        0 when the run has ended, well or not, and that is entered; 1 if it could not be entered.
    """
    stay_modest()
    try:
        with open_store() as store:
            open_desk(store, _asker(store, run_id)).work(run_id, processes=os.cpu_count() or 1)
    except AllocatorError:
        return 1
    return 0


def stay_modest() -> None:
    """Keep this process within limits of memory and time, behind others who need the processor."""
    _limit(resource.RLIMIT_AS, MEMORY)
    _limit(resource.RLIMIT_CPU, PROCESSOR)
    os.nice(_POLITE)


def _limit(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (bound, bound))


def _asker(store: Store, run_id: str) -> Identity:
    with store.reading() as reader:
        row = reader.get(RunRow, int(run_id))
    login = row.by if row is not None else ""
    return Identity(login, login, Source.SYSTEM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
