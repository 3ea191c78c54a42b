"""A good allocation under a restriction, by changing a few choices of known ones.

What is found keeps every line, so the best is worth at least as much: that says how far below a
bound one has to look. It decides nothing else.
"""

from dataclasses import dataclass, field

import numpy as np

from allocator.optimise.layers import settled
from allocator.optimise.terrain import Integers, Terrain, Truths

MOST_KNOWN = 6
"""Allocations from which changes are tried; those found last are kept."""

NEAREST = 60
"""Choices that are tried in place of the present ones, those that lose least first."""

MOST_ALLOWED = 3
"""Choices of the restricted block that are tried, those that lose least first."""


@dataclass(slots=True)
class Known:
    """Known allocations as the choice made in every block."""

    terrain: Terrain
    made: list[Integers] = field(default_factory=list)

    def add(self, values: tuple[int, ...]) -> None:
        """Remember an allocation, given by matrix column."""
        terrain = self.terrain
        awarded = {j for j, x in enumerate(values) if x and not terrain.matrix.follows[j]}
        found = np.empty(len(terrain.start) - 1, dtype=np.int64)
        for block in range(len(found)):
            some = range(int(terrain.start[block]), int(terrain.start[block + 1]))
            own = awarded.intersection(j for c in some for j in terrain.choices[c])
            found[block] = next(c for c in some if own == set(terrain.choices[c]))
        self.made = [found, *self.made][:MOST_KNOWN]

    def worth(self, number: int, allowed: Truths) -> int | None:
        """Return what some allocation under a restriction is worth; ``None`` if none is found."""
        best = None
        for made in self.made:
            found = _changed(self.terrain, made, number, allowed)
            if found is not None and (best is None or found > best):
                best = found
        return best


def _changed(terrain: Terrain, made: Integers, number: int, allowed: Truths) -> int | None:
    """Return the best worth after changing the block and up to two others."""
    own = np.flatnonzero(allowed) + terrain.start[number]
    gains = terrain.gains[0]
    own = own[np.argsort(-gains[own], kind="stable")[:MOST_ALLOWED]]
    if allowed[made[number] - terrain.start[number]]:
        own = made[number : number + 1]
    home = np.repeat(np.arange(len(made)), np.diff(terrain.start))
    losses = gains[made[home]] - gains
    losses[terrain.block(number)] = np.iinfo(np.int64).max
    losses[made] = np.iinfo(np.int64).max
    near = np.argsort(np.abs(losses), kind="stable")[:NEAREST]
    near = near[losses[near] < np.iinfo(np.int64).max]
    figures = np.column_stack((terrain.objective, terrain.usage))
    steps = np.vstack((np.zeros_like(figures[:1]), figures[near] - figures[made[home[near]]]))
    blocks = np.concatenate(([-1], home[near]))
    one, other = np.triu_indices(len(steps), 1)
    apart = blocks[one] != blocks[other]
    pairs = np.vstack((steps[:1], (steps[one] + steps[other])[apart]))
    total = figures[made].sum(axis=0) - figures[made[number]]
    best = None
    for choice in own:
        after = (pairs + total + figures[choice]).T
        extra, good = settled(terrain, after[1:], terrain.helpers, range(len(terrain.room)))
        if good.any():
            found = int((after[0] + extra)[good].max()) + terrain.matrix.constant
            best = found if best is None else max(best, found)
    return best
