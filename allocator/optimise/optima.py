"""The best allocation that the lottery selects, and everybody who is tied, without a solver.

First from a list of all allocations near the bound, which is short in most rounds of one meeting.
Where it is not, by following states: what that finds is drawn among equals already, and who is tied
is asked together: is there anything as good in which this application's outcome is another? Most
need not be asked: nothing near enough to the bound has another outcome for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from allocator.model import POINT, Package
from allocator.optimise import layers, near
from allocator.optimise.beginnings import Best
from allocator.optimise.blocks import Blocks, everyone_in_a_block
from allocator.optimise.branches import Case
from allocator.optimise.dual import Bound, bound_of
from allocator.optimise.field import Field, field_of
from allocator.optimise.matrix import Matrix
from allocator.optimise.programme import Programme
from allocator.optimise.terrain import MOST_COUNTED, Integers, Terrain, Truths, terrain_of
from allocator.optimise.together import best_of_all, case_of
from allocator.optimise.watch import Watch

LARGEST_LISTED = 2_500
"""Columns up to which the best allocations are looked for in a list first."""

LONGEST_LIST = 150_000
"""Beginnings of allocations in such a list."""


@dataclass(frozen=True, slots=True)
class Selected:
    """The best allocation by matrix column, as the lottery selects it, and who was tied.

    ``bound`` is what no allocation exceeds: the objective, unless the watch ended the search.
    ``tied`` is ``None`` if it did before that was known.
    """

    objective: int
    values: tuple[int, ...]
    tied: frozenset[str] | None
    bound: int


@dataclass(frozen=True, slots=True)
class Ground:
    """What the best allocations of a matrix are looked for in, with the bound it rests on.

    ``order`` are all applications in lottery order; ``field`` is ``None`` where no list is tried.
    """

    programme: Programme
    matrix: Matrix
    blocks: Blocks
    multipliers: tuple[float, ...]
    order: tuple[str, ...]
    field: Field | None
    bound: Bound


def ground_of(
    programme: Programme, matrix: Matrix, multipliers: Sequence[float], order: Sequence[str]
) -> Ground:
    """Return what is looked at.

    Parameters
    ----------
    programme, matrix
        The programme, and what is left of it.
    multipliers : sequence of float
        One per line of the matrix, as the relaxation gives them.
    order : sequence of str
        All applications in lottery order.
    """
    blocks = everyone_in_a_block(programme, matrix)
    field = None
    if matrix.size <= LARGEST_LISTED:
        field = field_of(programme, matrix, blocks, multipliers, _rank(order))
    bound = bound_of(matrix, blocks, multipliers)
    return Ground(programme, matrix, blocks, tuple(multipliers), tuple(order), field, bound)


def _rank(order: Sequence[str]) -> dict[str, int]:
    return {application: place for place, application in enumerate(order)}


def optima(ground: Ground, watch: Watch) -> Selected | None:
    """Return what is best and who was tied; ``None`` if only the solver can tell.

    What was found before it took too long is returned with a bound above it. Nothing is said where
    no allocation keeps every line: that the solver can tell, too.
    """
    first = POINT * ground.programme.scale // 4
    if ground.field is not None:
        found = near.optima(ground.field, first, LONGEST_LIST)
        if found is not None:
            return _from_list(ground, found)
    terrain = _terrain(ground)
    if terrain is None or watch.over():
        return None
    return _followed(ground, terrain, first, watch)


def optima_worth(ground: Ground, objective: int) -> Selected | None:
    """Return what the lottery selects of all that is worth the optimum, from a list.

    ``None`` if the list would be too long.
    """
    if ground.field is None:
        return None
    try:
        found = near.optima_worth(ground.field, objective, LONGEST_LIST)
    except near.TooMany:
        return None
    return None if found is None else _from_list(ground, found)


def _from_list(ground: Ground, found: near.Optima) -> Selected:
    tied = frozenset(ground.order[place] for place in found.tied)
    return Selected(found.objective, found.values, tied, found.objective)


# --- by following states ------------------------------------------------------------------------


def _terrain(ground: Ground) -> Terrain | None:
    terrain = terrain_of(
        ground.programme,
        ground.matrix,
        ground.blocks,
        ground.multipliers,
        _rank(ground.order),
        packages=True,
    )
    return None if terrain is None or terrain.counts > MOST_COUNTED else terrain


def _followed(ground: Ground, terrain: Terrain, first: int, watch: Watch) -> Selected | None:
    every = case_of(terrain, 0, _every(terrain), None)
    if every is None:
        return None
    half = _half_of(watch)
    good: dict[Case, Best] = {}
    best = best_of_all(terrain, [every], first, half.over, good).get(every)
    if best is None:
        known = good.get(every)
        if known is None:
            return None
        return Selected(known.objective, known.values, None, ground.bound.ceiling)
    watch.report(best.objective, best.objective)
    watch.stage = "ties"
    tied = _tied(ground, terrain, best, watch)
    if tied is None and not watch.over():
        return None  # too many to be looked at: the solver can tell
    return Selected(best.objective, best.values, tied, best.objective)


def _half_of(watch: Watch) -> Watch:
    """Return a watch with half of the time left: the rest is the solver's, if it comes to that."""
    left = watch.left()
    return watch if left is None else Watch(left / 2, watch.cancel)


def _every(terrain: Terrain) -> Truths:
    own = terrain.block(0)
    return np.ones(own.stop - own.start, dtype=bool)


def _tied(ground: Ground, terrain: Terrain, best: Best, watch: Watch) -> frozenset[str] | None:
    """Return the applications whose outcome differs between best allocations.

    ``None`` if that takes too long, or there is too much to look at.
    """
    outcome = _outcome(ground, [j for j, x in enumerate(best.values) if x])
    cases: list[Case] = []
    for number, choices in _open(terrain, best.objective):
        own = terrain.block(number)
        every = [_outcome(ground, terrain.choices[c]) for c in range(own.start, own.stop)]
        near = [every[c - own.start] for c in choices.tolist()]
        for application in sorted({a for each in near for a in each}):
            had = outcome.get(application)
            if all(each.get(application) is had for each in near):
                continue
            allowed = np.array([each.get(application) is not had for each in every])
            case = case_of(terrain, number, allowed, best.objective)
            if case is not None and case.above >= best.objective:
                cases.append(case)
    far = max((case.above - best.objective for case in cases), default=0)
    found = best_of_all(terrain, cases, 2 * far, watch.over, enough=best.objective)
    if len(found) < len(cases):
        return None
    tied: set[str] = set()
    for other in found.values():
        if other is not None:
            its = _outcome(ground, [j for j, x in enumerate(other.values) if x])
            tied |= {a for a in {*its, *outcome} if its.get(a) is not outcome.get(a)}
    return frozenset(tied)


def _open(terrain: Terrain, objective: int) -> list[tuple[int, Integers]]:
    """Return the blocks that may be decided otherwise in something as good, with their choices."""
    through = layers.layers_of(terrain, 0, _every(terrain), objective)
    found = []
    for layer in () if through is None else through.layers:
        choices = np.unique(layer.choice[layer.through >= objective * terrain.unit])
        if len(choices) > 1:
            number = int(terrain.blocks_of(choices[:1])[0])
            found.append((number, choices))
    return found


def _outcome(ground: Ground, columns: Sequence[int]) -> Mapping[str, Package]:
    """Return the package that columns award, by application."""
    found: dict[str, Package] = {}
    for j in columns:
        column = ground.programme.columns[ground.matrix.origin[j]]
        if column.package is not None:
            found[column.application] = column.package
    return found
