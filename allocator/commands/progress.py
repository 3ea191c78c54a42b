"""A line on a person's terminal that says how a long solve stands; nothing anywhere else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from allocator.optimise.watch import Progress
from allocator.texts import say

_WORTH_SHOWING = 1.0
"""Seconds before which nobody wonders."""

_WORTH_SAYING = 50_000
"""A gap, in thousandths of a percent, above which it tells nothing yet."""


@contextmanager
def shown_progress() -> Iterator[Callable[[Progress], None] | None]:
    """Give a listener that keeps a status line up to date, or none where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    status = Console(file=sys.stderr, highlight=False).status(say("cli.run.solving"))

    def listen(progress: Progress) -> None:
        if progress.seconds >= _WORTH_SHOWING:
            status.update(progress_words(progress))
            status.start()

    try:
        yield listen
    finally:
        status.stop()


def progress_words(progress: Progress) -> str:
    """Return where a solve stands, in words; the gap in percent of the proven bound."""
    seconds = int(progress.seconds)
    if progress.best is None or not progress.bound:
        return say("cli.run.searching", seconds=seconds)
    gap = max(0, progress.bound - progress.best) * 100_000 // abs(progress.bound)
    if gap >= _WORTH_SAYING:
        return say("cli.run.searching", seconds=seconds)
    return say("cli.run.closing", seconds=seconds, gap=f"{gap // 1000}.{gap % 1000:03d}")
