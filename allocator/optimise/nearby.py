"""A good allocation under a restriction, found by exchanging single choices of a known one.

It says how far from a bound one has to look for the best, which saves most of the looking. Nothing
that is decided depends on how good it is.
"""

from collections.abc import Sequence

import numpy as np

from allocator.optimise.layers import settled
from allocator.optimise.terrain import Integers, Terrain, Truths

MOST_STEPS = 8
"""Times that one or two choices are exchanged."""

PAIRED = 80
"""Choices that are tried together, those that lose least at the prices of the relaxation."""


def chosen(terrain: Terrain, values: Sequence[int]) -> Integers:
    """Return the choice of every block that an allocation, by matrix column, makes."""
    made = []
    for number in range(len(terrain.start) - 1):
        own = range(int(terrain.start[number]), int(terrain.start[number + 1]))
        columns = {j for c in own for j in terrain.choices[c]}
        wanted = {j for j in columns if values[j]}
        made.append(next(c for c in own if set(terrain.choices[c]) == wanted))
    return np.array(made, dtype=np.int64)


def good_under(terrain: Terrain, made: Integers, number: int, allowed: Truths) -> int | None:
    """Return what some allocation is worth that makes one of the allowed choices of a block.

    Parameters
    ----------
    terrain : Terrain
        What is looked at.
    made : array
        The choice of every block in an allocation that keeps every line.
    number : int
        The block whose choices are restricted.
    allowed : array of bool
        Which of its choices may be made.

    Returns
    -------
    int
        ``None`` if none was found.
    """
    best = None
    for choice in np.flatnonzero(allowed) + terrain.start[number]:
        found = _exchanged(terrain, made, number, int(choice))
        if found is not None and (best is None or found > best):
            best = found
    return best


def _exchanged(terrain: Terrain, made: Integers, number: int, choice: int) -> int | None:
    """Make a choice, then the best one or two exchanges in other blocks, while it gets better."""
    now = made.copy()
    now[number] = choice
    home = np.repeat(np.arange(len(made)), np.diff(terrain.start))
    best = None
    for _ in range(MOST_STEPS):
        free = np.flatnonzero((home != number) & (now[home] != np.arange(len(home))))
        lost = terrain.gains[0][now[home[free]]] - terrain.gains[0][free]
        free = free[np.argsort(lost, kind="stable")[:PAIRED]]
        usage = (terrain.usage[free] - terrain.usage[now[home[free]]]).T
        gain = terrain.objective[free] - terrain.objective[now[home[free]]]
        one, other = np.triu_indices(len(free))
        apart = (home[free[one]] != home[free[other]]) | (one == other)
        one, other = one[apart], other[apart]
        twice = one != other
        used = terrain.usage[now].sum(axis=0)
        after = used[:, None] + usage[:, one] + usage[:, other] * twice
        extra, good = settled(terrain, after, terrain.helpers, range(len(used)))
        if not good.any():
            return best
        worth = gain[one] + gain[other] * twice + extra
        at = int(np.argmax(np.where(good, worth, np.iinfo(np.int64).min)))
        total = int(terrain.objective[now].sum()) + int(worth[at]) + terrain.matrix.constant
        if best is not None and total <= best:
            return best
        best = total
        for c in (free[one[at]], free[other[at]]):
            now[home[c]] = c
    return best
