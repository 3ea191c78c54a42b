"""The best allocation under a restriction that the lottery selects, by following layers of states.

Allocations are built up block by block through what the layers leave open (``beginnings``). Few are
followed first: what they lead to says how far below the bound the whole search has to go.
"""

import numpy as np

from allocator.optimise.beginnings import (
    Beginnings,
    Best,
    Trail,
    begun,
    dear,
    follow,
    kept_of,
    keys_of,
    made_by,
    scarce,
    spending,
    values_of,
)
from allocator.optimise.layers import (
    Later,
    Layers,
    highest,
    later_of,
    layers_of,
    lowest,
    settled,
    tails,
)
from allocator.optimise.terrain import Integers, Terrain, Truths

WIDTH = 300
"""Beginnings that are followed to find a good allocation before all are."""

SMALL = 15_000
"""States up to which the layers are so few that following all allocations takes no longer."""

GROWTH = 4
"""The distance from a bound grows by one part in so many when nothing was found within it."""


def best_under(
    terrain: Terrain, number: int, allowed: Truths, distance: int, floor: int | None = None
) -> Best | None:
    """Return the best allocation that makes one of the allowed choices of a block.

    Parameters
    ----------
    terrain : Terrain
        What is looked at.
    number : int
        The block whose choices are restricted.
    allowed : array of bool
        Which of the block's choices may be made.
    distance : int
        How far below the bound to look first, in units of the objective; what is found does not
        depend on it.
    floor : int, optional
        Allocations worth less are not looked for.

    Returns
    -------
    Best
        Drawn by the lottery among the best; ``None`` if no allocation keeps every line, or none of
        them is worth the floor.

    Raises
    ------
    TooMany
        If there are more states or beginnings than are looked at.
    """
    above = highest(terrain, number, allowed)
    if above is None:
        return None
    least = lowest(terrain) if floor is None else floor
    while True:
        goal = max(least, above - distance)
        layers = layers_of(terrain, number, allowed, goal)
        best = None if layers is None else _best(terrain, layers, goal)
        if best is not None or goal == least:
            return best
        distance += distance // GROWTH + 1


def cheapest_under(
    terrain: Terrain, low: Terrain, number: int, allowed: Truths, worth: int
) -> Best | None:
    """Return an allocation worth so much that needs the least of the room that a terrain has more.

    Parameters
    ----------
    terrain : Terrain
        What is looked at.
    low : Terrain
        The same with less room for money. What needs no more than that has no need.
    number, allowed
        The block whose choices are restricted, and which of them may be made.
    worth : int
        What the allocation is worth at least, in units of the objective.

    Raises
    ------
    TooMany
        If there are more states or beginnings than are looked at.
    """
    layers = layers_of(terrain, number, allowed, worth)
    return None if layers is None else _followed(terrain, layers, worth, low=low)


def _best(terrain: Terrain, layers: Layers, goal: int) -> Best | None:
    """Return the best allocation that is worth ``goal``, drawn among equals; ``None``: none is."""
    if sum(each.states for each in layers.layers) > SMALL:
        # Few beginnings first: the better what they lead to, the fewer are left to be followed.
        good = _followed(terrain, layers, goal, WIDTH)
        goal = goal if good is None else good.objective
    return _followed(terrain, layers, goal)


def _followed(
    terrain: Terrain,
    layers: Layers,
    goal: int,
    width: int | None = None,
    low: Terrain | None = None,
) -> Best | None:
    """Return the best allocation that is worth ``goal``, drawn among equals; ``None``: none is.

    With a ``width`` only so many beginnings are followed, those with the best prospects. With
    ``low`` it is one that needs least beyond its room, and not drawn.
    """
    kept = kept_of(layers.layers, goal * terrain.unit)
    if not all(map(len, kept)) or layers.bound < goal * terrain.unit:
        return None
    low = low or terrain
    trail = _trail(terrain, low, layers, made_by(layers.layers, kept), goal)
    now = begun(trail, layers.fixed)
    follow(now, trail, layers.layers, kept, width)
    return _finished(trail, low, layers, now) if len(now.state) else None


def _trail(
    terrain: Terrain, low: Terrain, layers: Layers, blocks: list[Integers], goal: int
) -> Trail:
    money = terrain.usage[:, terrain.counts :]
    most = money[layers.fixed].sum(axis=0) + tails(money.T, blocks)[0]
    lines = scarce(terrain, most, low.room)
    # What is beyond the low room is spent as little as can be.
    later = Later(later_of(low, blocks, lines).safe, later_of(terrain, blocks, lines).most)
    keys = keys_of(terrain, blocks if low is terrain else ())
    return Trail(terrain, goal, lines, spending(terrain, lines), later, keys)


def _finished(trail: Trail, low: Terrain, layers: Layers, now: Beginnings) -> Best | None:
    """Return the best of the allocations followed to the end."""
    terrain = trail.terrain
    extra, good = settled(terrain, now.spent, dear(terrain), trail.lines.tolist())
    worth = now.worth + terrain.matrix.constant + extra + layers.extra[now.state]
    good &= worth >= trail.goal
    some = np.flatnonzero(good)
    if not len(some):
        return None
    need = _need(trail, low, now.spent)
    at = int(some[np.lexsort((*now.key[::-1, some], worth[some], -need[some]))[-1]])
    return Best(int(worth[at]), values_of(terrain, (*layers.fixed.tolist(), *now.way(at))))


def _need(trail: Trail, low: Terrain, spent: Integers) -> Integers:
    """Return how much is spent beyond the low room, at the most on any line that has more."""
    more = trail.terrain.room[trail.lines] > low.room[trail.lines]
    beyond = spent[more] - low.room[trail.lines[more]][:, None]
    need: Integers = np.maximum(0, beyond).max(axis=0, initial=0)
    return need
