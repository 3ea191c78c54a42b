"""Floors that nobody can fill: what they ask for holds only while nothing is awarded."""

from collections.abc import Iterator

from allocator.errors import Problem, Where, problem
from allocator.intake.folder import LoadedRound
from allocator.intake.groups import matches
from allocator.model import Pool, Selector, Severity


def empty_floors(loaded: LoadedRound, pool: Pool) -> Iterator[Problem]:
    """Warn of every floor that guarantees a part of the awards to people of whom none can have one.

    A floor of a number that nobody can fill makes the round impossible and is named then; one of a
    share is kept by awarding nothing of what it is a share of.
    """
    for floor in loaded.rules.floors:
        if not floor.share or not floor.at_least or not pool.candidates:
            continue
        if _anybody(pool, floor.of) and not _anybody(pool, floor.group):
            where, name = Where(file=loaded.files[1][0]), floor.title or floor.id
            yield problem("assess-floor-empty", where, severity=Severity.WARNING, value=name)


def _anybody(pool: Pool, group: Selector) -> bool:
    """Tell whether any award that can be made belongs to a group."""
    return any(
        matches(group, candidate.attributes, cost.package)
        for candidate in pool.candidates
        for cost in candidate.costs
    )
