"""What solving a programme gives: the awards, how good they are, what is proven, who was tied."""

from dataclasses import dataclass
from enum import StrEnum

from allocator.model import Award, Package


class Status(StrEnum):
    """``optimal`` is proven; ``not final`` is the best known answer with a proven gap."""

    OPTIMAL = "optimal"
    NOT_FINAL = "not final"


@dataclass(frozen=True, slots=True)
class Draw:
    """One tied application's turn in the lottery.

    ``position`` counts from 1 among the tied, in the order of ``key`` (the SHA-256 of the published
    seed and the application id, as hex). ``package`` is what the draw gave, ``None`` for nothing.
    """

    position: int
    application_id: str
    key: str
    package: Package | None


@dataclass(frozen=True, slots=True)
class Allocation:
    """An allocation that was checked exactly against every row of its programme.

    ``values`` has one integer per column of the programme. ``objective`` and ``bound`` are in the
    programme's units (``programme.scale`` units are a thousandth of a merit point); they are equal
    when the status is optimal. ``draws`` is empty where only one best allocation exists.
    """

    status: Status
    values: tuple[int, ...]
    awards: tuple[Award, ...]
    objective: int
    bound: int
    draws: tuple[Draw, ...]

    def award_of(self, application_id: str) -> Award | None:
        """Return the award of this application, if it has one."""
        return next((a for a in self.awards if a.application_id == application_id), None)
