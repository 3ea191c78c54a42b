"""The allocation of so much worth that needs least extra money, by following layers of states.

Allocations are built up block by block through what the layers leave open (``beginnings``). What is
spent beyond the money there is is spent as little as can be; nothing is drawn.
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
from allocator.optimise.layers import Later, Layers, later_of, layers_of, settled, tails
from allocator.optimise.terrain import Integers, Terrain, Truths


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
    if layers is None or layers.bound < worth * terrain.unit:
        return None
    kept = kept_of(layers.layers, worth * terrain.unit)
    if not all(map(len, kept)):
        return None
    trail = _trail(terrain, low, layers, made_by(layers.layers, kept), worth)
    now = begun(trail, layers.fixed)
    follow(now, trail, layers.layers, kept)
    return _finished(trail, low, layers, now) if len(now.state) else None


def _trail(
    terrain: Terrain, low: Terrain, layers: Layers, blocks: list[Integers], worth: int
) -> Trail:
    money = terrain.usage[:, terrain.counts :]
    most = money[layers.fixed].sum(axis=0) + tails(money.T, blocks)[0]
    lines = scarce(terrain, most, low.room)
    # What is beyond the low room is spent as little as can be.
    later = Later(later_of(low, blocks, lines).safe, later_of(terrain, blocks, lines).most)
    return Trail(terrain, worth, lines, spending(terrain, lines), later, keys_of(terrain, ()))


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
    at = int(some[np.lexsort((worth[some], -need[some]))[-1]])
    return Best(int(worth[at]), values_of(terrain, (*layers.fixed.tolist(), *now.way(at))))


def _need(trail: Trail, low: Terrain, spent: Integers) -> Integers:
    """Return how much is spent beyond the low room, at the most on any line that has more."""
    more = trail.terrain.room[trail.lines] > low.room[trail.lines]
    beyond = spent[more] - low.room[trail.lines[more]][:, None]
    need: Integers = np.maximum(0, beyond).max(axis=0, initial=0)
    return need
