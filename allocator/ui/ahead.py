"""What somebody who looks at a large round will ask for next is read while they look.

Reading a run of ten thousand applications takes a second. A page that finds it read opens at once;
one that comes too early waits for the rest of it and no longer. It is read as the person at the
desk may see it, and kept where the pages keep it.
"""

from contextlib import suppress
from threading import Lock, Thread

from allocator.errors import AllocatorError
from allocator.office.views import RoundView
from allocator.ui.applications_data import check_of
from allocator.ui.kept import as_it_stands, whose
from allocator.ui.results import FINISHED, shown
from allocator.ui.session import Desk

LARGE = 1_000
"""Applications from which on a round is read ahead; fewer are read before anybody notices."""

_begun: dict[object, object] = {}
_lock = Lock()


def read(desk: Desk, view: RoundView) -> None:
    """Begin to read a round and its run, unless that was begun before or the round is small."""
    if view.summary.applications < LARGE:
        return
    who = whose(desk)
    about = who.store, who.persons, view.summary.id
    now = who.erasures, as_it_stands(view), view.run and view.run.fingerprint
    with _lock:
        if _begun.get(about) == now:
            return
        _begun[about] = now
    Thread(target=_all, args=(desk, view), daemon=True).start()


def _all(desk: Desk, view: RoundView) -> None:
    with suppress(AllocatorError):  # the page that asks for it says why
        if view.run is not None and view.run.status in FINISHED:
            found = shown(desk, view.run)
            _ = found.figures, found.judged, found.lines
        check_of(desk, view)
