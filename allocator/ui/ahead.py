"""What somebody who looks at a large round will ask for next is read while they look.

Reading a run of ten thousand applications takes a second. A page that finds it read opens at once;
one that comes too early waits for the rest of it and no longer. It is read as the person at the
desk may see it, and kept where the pages keep it. When the server starts, the rounds changed last
are read for everybody who may come.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Lock, Thread
from time import monotonic, sleep

from allocator.errors import AllocatorError
from allocator.office.desk import open_desk
from allocator.office.identity import Identity, from_system
from allocator.office.roles import Command, Source, may
from allocator.office.store import Store
from allocator.office.store_rows import AccountRow
from allocator.office.views import RoundView
from allocator.ui.applications_data import (
    applications_of,
    changes_of,
    check_of,
    judged_of,
    sheet_of,
)
from allocator.ui.failures import reference
from allocator.ui.kept import as_it_stands, whose
from allocator.ui.results import FINISHED, assessed_run, shown
from allocator.ui.session import Desk, the_store

LOG = logging.getLogger("allocator.ui")

LARGE = 1_000
"""Applications from which on a round is read ahead; fewer are read before anybody notices."""

MOST = 15_000
"""Applications of all rounds together that are read when the server starts: what memory holds."""

QUIET, PATIENCE = 0.5, 20.0
"""Seconds without a page being drawn before something is read ahead, and to wait for them."""

_begun: dict[object, object] = {}
_lock = Lock()


def read(desk: Desk, view: RoundView) -> None:
    """Begin to read a round and its run, unless that was begun before or the round is small."""
    if _is_new(desk, view):
        Thread(target=_all, args=(desk, view), daemon=True).start()


def at_start() -> None:
    """Read the large rounds that were changed last, for all who may ask for them."""
    with _quietly():
        for desk in _desks(the_store()):
            left = MOST
            for each in desk.rounds():
                if LARGE <= each.applications <= left:
                    left -= each.applications
                    with _quietly():
                        view = desk.round(each.id)
                        if _is_new(desk, view):
                            for step in _steps(desk, view):
                                step()


@contextmanager
def _quietly() -> Iterator[None]:
    """Let reading ahead fail: the page that asks for it says why. What is unforeseen is logged."""
    try:
        yield
    except AllocatorError:
        return
    except Exception as error:
        LOG.error("reading ahead failed: %s", reference(error))


def _desks(store: Store) -> Iterator[Desk]:
    """Yield one desk that sees persons and one that does not, as far as there are such people."""
    with store.reading() as reader:
        accounts = reader.find(AccountRow, active=True)
    people = [Identity(each.login, each.name, Source.SYSTEM) for each in accounts]
    found: dict[bool, Desk] = {}
    for person in people or [from_system()]:
        desk = open_desk(store, person)
        actor = desk.me()
        if may(actor, Command.SEE_ROUNDS):
            found.setdefault(may(actor, Command.SEE_PERSONAL), desk)
    for persons in sorted(found, reverse=True):
        yield found[persons]


def _is_new(desk: Desk, view: RoundView) -> bool:
    """Tell whether a large round has not been read ahead as it is now, and note that it will be."""
    if view.summary.applications < LARGE:
        return False
    who = whose(desk)
    about = who.store, who.persons, view.summary.id
    now = who.erasures, as_it_stands(view), view.run and view.run.fingerprint
    with _lock:
        known, _begun[about] = _begun.get(about), now
    return known != now


def _all(desk: Desk, view: RoundView) -> None:
    with _quietly():
        for step in _steps(desk, view):
            _pages.wait_until_quiet()
            step()


def _steps(desk: Desk, view: RoundView) -> Iterator[Callable[[], object]]:
    """Yield what is read, one thing at a time, what most pages need first."""
    run = view.run if view.run and view.run.status in FINISHED else None
    if run is not None:
        yield lambda: shown(desk, run)
        yield lambda: shown(desk, run).figures
        yield lambda: (shown(desk, run).judged, shown(desk, run).lines)
    for ask in (check_of, judged_of, applications_of, sheet_of, changes_of):
        yield partial(ask, desk, view)
    if run is not None:
        yield lambda: assessed_run(desk, view, run)


class _Pages:
    """Which pages are being drawn, so that reading ahead holds none of them up."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._drawn = 0
        self._ended = 0.0

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Say that a page is being drawn."""
        with self._lock:
            self._drawn += 1
        try:
            yield
        finally:
            with self._lock:
                self._drawn -= 1
                self._ended = monotonic()

    def wait_until_quiet(self) -> None:
        """Wait until no page has been drawn for a moment; not forever on a busy server."""
        until = monotonic() + PATIENCE
        while monotonic() < until:
            with self._lock:
                left = QUIET if self._drawn else self._ended + QUIET - monotonic()
            if left <= 0:
                return
            sleep(left)


_pages = _Pages()
drawing = _pages.drawing
