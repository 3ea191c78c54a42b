"""Work on a decided round shared between processes; nothing of the answers depends on how."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from signal import SIG_IGN, SIGINT, signal
from typing import Any

from allocator.optimise.watch import Watch

LISTENING = 0.2
"""Seconds between two looks at whether to stop."""


def shared[P, T](
    parts: Sequence[P], work: Callable[[P], T], given: object, watch: Watch, processes: int
) -> Iterator[T]:
    """Yield the answers to the parts of some work as they come; those missing when it is over not.

    Parameters
    ----------
    parts : sequence
        Each is worked on by one process.
    work : callable
        A function of a module, for it is called in another process; ``at_hand`` tells it the rest.
    given : object
        What all parts need, sent to each process once.
    watch : Watch
        Where it ends the work, what is under way ends too.
    processes : int
        How many at most.
    """
    with _workers(min(processes, len(parts)), given, watch) as (workers, _):
        waiting = {workers.submit(work, part) for part in parts}
        while waiting and not watch.over():
            done, waiting = wait(waiting, LISTENING)
            for each in done:
                yield each.result()


@contextmanager
def meanwhile[T](work: Callable[[], T], given: object, watch: Watch) -> Iterator[Callable[[], T]]:
    """Do some work in a process of its own; what is yielded waits for the answer and returns it.

    Parameters are as for ``shared``. Where the watch ends the work, it is to answer all the same:
    by then it is told so.
    """
    with _workers(1, given, watch) as (workers, stop):
        doing = workers.submit(work)

        def answer() -> T:
            while not wait([doing], LISTENING).done:
                if watch.over():
                    stop.set()
            workers.shutdown(wait=False)  # it ends while the answer is used
            return doing.result()

        yield answer


@contextmanager
def _workers(
    count: int, given: object, watch: Watch
) -> Iterator[tuple[ProcessPoolExecutor, Event]]:
    """Begin processes, and end them in the end whether or not they are done."""
    context = get_context("spawn")
    stop = context.Event()
    workers = ProcessPoolExecutor(
        count, mp_context=context, initializer=_begin, initargs=(given, watch.left(), stop)
    )
    try:
        yield workers, stop
    finally:
        stop.set()
        workers.shutdown(cancel_futures=True)


def at_hand() -> tuple[Any, Watch]:
    """Return what this process was given, and how long it may work."""
    return _mine[0]


_mine: list[tuple[Any, Watch]] = []


def _begin(given: object, seconds: float | None, stop: Event) -> None:
    signal(SIGINT, SIG_IGN)  # whoever started the processes ends them
    _mine[:] = [(given, Watch(seconds, stop.is_set))]
