"""A decided round becomes its reserve list: the declined in the order in which they were closest.

The order is that of merit points short of an award, fewest first; equal ones go by the published
lottery. Who could not be awarded whoever else is (no number of points would do) is not on it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from allocator.explain.margin import margin_of, stand
from allocator.explain.result import Result
from allocator.intake.overrides import overridden
from allocator.optimise.allocation import Status
from allocator.optimise.watch import Watch
from allocator.wording import plain_points


@dataclass(frozen=True, slots=True)
class Reserve:
    """A place on the reserve list.

    ``position`` counts from 1 over the round, ``at_meeting`` within the meeting. ``short`` is in
    thousandths of a merit point; if not ``exact`` it is at least that, and the place may change.
    """

    position: int
    at_meeting: int
    application_id: str
    meeting: str
    short: int
    exact: bool

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, the points with three decimals."""
        return {
            "position": self.position,
            "at_meeting": self.at_meeting,
            "application_id": self.application_id,
            "meeting": self.meeting,
            "short_points": plain_points(self.short),
            "exact": self.exact,
        }


def reserve_list(
    result: Result,
    *,
    time_limit: float | None = None,
    cancel: Callable[[], bool] | None = None,
) -> tuple[Reserve, ...]:
    """Return the reserve list of a round; empty if its allocation is not final.

    Parameters
    ----------
    result : Result
        A run. Margins that it has not found exactly are found here.
    time_limit : float, optional
        Seconds; after them the margins left are bounds, and marked so.
    cancel : callable, optional
        Asked whether to stop; as with the time limit.
    """
    if result.allocation.status is not Status.OPTIMAL:
        return ()
    short = _short(result, Watch(time_limit, cancel))
    meetings = {
        each.application.application_id: each.application.meeting for each in result.pool.candidates
    }
    counts: dict[str, int] = {}
    found = []
    for position, (application, points, exact) in enumerate(short, start=1):
        meeting = meetings[application]
        counts[meeting] = counts.get(meeting, 0) + 1
        found.append(Reserve(position, counts[meeting], application, meeting, points, exact))
    return tuple(found)


def _short(result: Result, watch: Watch) -> list[tuple[str, int, bool]]:
    """Return the declined who could be awarded, with the points they are short, in order."""
    round_, pool = result.round, result.pool
    here = stand(result.programme, pool, round_, result.rules, result.allocation)
    barred = overridden(row.name for row in result.programme.rows)
    told = {each.application_id: each.margin for each in result.lines}
    found: list[tuple[str, int, bool]] = []
    for application in here.ground.order:
        if application in here.awards or application in barred:
            continue
        known = told.get(application)
        if known is not None:
            found.append((application, -known, True))
            continue
        margin = margin_of(here, application, watch)
        if margin.points is not None:
            found.append((application, margin.points, margin.exact))
    return sorted(found, key=lambda each: each[1])  # stable: equal ones stay in lottery order
