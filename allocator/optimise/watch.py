"""How long a solve may take, whether somebody cancelled it, and who wants to know how it goes.

The clock decides only when to stop, never what is best: an answer that was stopped is marked so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a solve stands: best value and bound in thousandths of a merit point, if known.

    The bound is rounded up, the best value half up, as the worth of the result is.
    """

    stage: str
    best: int | None
    bound: int | None
    seconds: float


class Stopped(Exception):
    """The watch ended something before it was complete."""


@dataclass(slots=True)
class Watch:
    """A time limit in seconds (``None``: none), a cancel question and a progress listener.

    ``scale`` units of the objective are one thousandth of a merit point.
    """

    time_limit: float | None = None
    cancel: Callable[[], bool] | None = None
    progress: Callable[[Progress], None] | None = None
    stage: str = "solve"
    best: int | None = None
    bound: int | None = None
    began: float = field(default_factory=monotonic)
    scale: int = 1

    def left(self) -> float | None:
        """Return the seconds left, ``None`` without a limit."""
        if self.time_limit is None:
            return None
        return max(0.0, self.time_limit - (monotonic() - self.began))

    def over(self) -> bool:
        """Tell whether to stop now."""
        left = self.left()
        return (left is not None and left <= 0) or (self.cancel is not None and self.cancel())

    def quiet(self) -> "Watch":
        """Return a watch with the same end that nobody listens to."""
        return Watch(self.time_limit, self.cancel, began=self.began)

    def attended(self) -> bool:
        """Tell whether anybody can stop the solve from outside or listens to it."""
        return self.cancel is not None or self.progress is not None

    def enter(self, stage: str) -> None:
        """Tell that another stage begins."""
        self.stage = stage
        self.report()

    def report(self, best: int | None = None, bound: int | None = None) -> None:
        """Remember the newest figures and pass them on."""
        self.best = best if best is not None else self.best
        self.bound = bound if bound is not None else self.bound
        if self.progress is not None:
            seconds = monotonic() - self.began
            known = None if self.best is None else (2 * self.best // self.scale + 1) // 2
            ceiling = None if self.bound is None else -(-self.bound // self.scale)
            self.progress(Progress(self.stage, known, ceiling, seconds))
