"""The best allocation under a restriction that the lottery selects, by following layers of states.

Allocations are built up block by block through what the layers leave open. Of two beginnings in one
state the one that spends at least as much is dropped if it is worth less, or as much but later in
the lottery: whatever completes it completes the other too. So ties cost nothing, and what is found
is what the draw would select.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from allocator.optimise.layers import (
    Later,
    Layer,
    Layers,
    TooMany,
    alike,
    highest,
    later_of,
    layers_of,
    lowest,
    settled,
    tails,
)
from allocator.optimise.matrix import complete
from allocator.optimise.terrain import Helper, Integers, Terrain, Truths

MOST_BEGINNINGS = 500_000
"""Beginnings of allocations kept at once; beyond this the search is given up."""

WIDTH = 300
"""Beginnings that are followed to find a good allocation before all are."""

SMALL = 15_000
"""States up to which the layers are so few that following all allocations takes no longer."""

GROWTH = 4
"""The distance from a bound grows by one part in so many when nothing was found within it."""

WORD = 62
"""Places of the lottery in one word of a key."""


@dataclass(frozen=True, slots=True)
class Best:
    """The best allocation, drawn among equals: ``values`` by matrix column."""

    objective: int
    values: tuple[int, ...]


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


@dataclass(slots=True)
class _Beginnings:
    """Beginnings of allocations: state, worth, money spent, lottery key, and how they came.

    ``value`` (K, N) is their worth less what they spent at each price; ``spent`` (lines, N).
    """

    state: Integers
    worth: Integers
    value: Integers
    spent: Integers
    key: Integers
    steps: list[tuple[Integers, Integers]] = field(default_factory=list)

    def only(self, some: Integers) -> None:
        """Keep some of them."""
        self.state, self.worth = self.state[some], self.worth[some]
        self.value, self.spent = self.value[:, some], self.spent[:, some]
        self.key = self.key[:, some]
        origin, choice = self.steps[-1]
        self.steps[-1] = origin[some], choice[some]


@dataclass(frozen=True, slots=True, eq=False)
class _Trail:
    """What one search through the layers shares.

    ``lines`` are the money lines that can become scarce, the one that varies most first; ``keys``
    (words, C) every choice's awards as bits, the first in the lottery highest. What is beyond the
    room of ``low`` is spent as little as can be.
    """

    terrain: Terrain
    low: Terrain
    goal: int
    lines: Integers
    usage: Integers
    later: Later
    keys: Integers


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
    kept = [np.flatnonzero(each.through >= goal * terrain.unit) for each in layers.layers]
    if not all(map(len, kept)) or layers.bound < goal * terrain.unit:
        return None
    blocks = [np.unique(each.choice[some]) for each, some in zip(layers.layers, kept, strict=True)]
    trail = _trail(terrain, low or terrain, layers.fixed, blocks, goal)
    fixed = layers.fixed
    now = _Beginnings(
        state=np.zeros(1, dtype=np.int64),
        worth=terrain.objective[fixed].sum(keepdims=True),
        value=terrain.bare[:, fixed].sum(axis=1)[:, None],
        spent=trail.usage[:, fixed].sum(axis=1)[:, None],
        key=np.zeros((len(trail.keys), 1), dtype=np.int64),
    )
    for depth, (layer, some, choices) in enumerate(zip(layers.layers, kept, blocks, strict=True)):
        _step(now, trail, layer, some, choices)
        if len(choices) > 1:
            _hopeful(now, trail, layer, depth + 1, width)
            _undominated(now)
        if not len(now.state):
            return None
    return _finished(trail, layers, now)


def _trail(
    terrain: Terrain, low: Terrain, fixed: Integers, blocks: Sequence[Integers], goal: int
) -> _Trail:
    counts = terrain.counts
    money = terrain.usage[:, counts:]
    most = money[fixed].sum(axis=0) + tails(money.T, blocks)[0]
    dear = {p for h in _dear(terrain) for p in (*h.holding, *(p for p, _ in h.lines))}
    varied = [len(np.unique(each)) for each in money.T]
    ranked = sorted(range(len(varied)), key=lambda p: (-varied[p], p))
    scarce = [p + counts for p in ranked if most[p] > low.room[counts + p] or counts + p in dear]
    lines = np.array(scarce, dtype=np.int64)
    usage = np.ascontiguousarray(terrain.usage[:, lines].T)
    later = Later(later_of(low, blocks, lines).safe, later_of(terrain, blocks, lines).most)
    keys = _keys(terrain, blocks if low is terrain else ())
    return _Trail(terrain, low, goal, lines, usage, later, keys)


def _dear(terrain: Terrain) -> list[Helper]:
    """Return the helpers of money lines."""
    return [h for h in terrain.helpers if any(p >= terrain.counts for p in h.holding)]


def _keys(terrain: Terrain, blocks: Sequence[Integers]) -> Integers:
    """Return the bits; choices of settled blocks have none, for they make no difference."""
    open_ = [int(c) for each in blocks if len(each) > 1 for c in each]
    places = {p: n for n, p in enumerate(sorted({p for c in open_ for p in terrain.outcomes[c]}))}
    keys = np.zeros((1 + len(places) // WORD, len(terrain.choices)), dtype=np.int64)
    for c in open_:
        for place in terrain.outcomes[c]:
            word, bit = divmod(places[place], WORD)
            keys[word, c] |= 1 << (WORD - 1 - bit)
    return keys


def _step(now: _Beginnings, trail: _Trail, layer: Layer, some: Integers, choices: Integers) -> None:
    """Let every beginning make each choice of the next block that its state still has."""
    terrain = trail.terrain
    table = np.full((len(choices), layer.states), -1, dtype=np.int64)
    table[np.searchsorted(choices, layer.choice[some]), layer.origin[some]] = layer.target[some]
    made, origin = np.nonzero((to := table[:, now.state]) >= 0)
    choice = choices[made]
    now.state = to[made, origin]
    now.worth = now.worth[origin] + terrain.objective[choice]
    now.value = now.value[:, origin] + terrain.bare[:, choice]
    now.spent = now.spent[:, origin] + trail.usage[:, choice]
    now.key = now.key[:, origin] | trail.keys[:, choice]
    now.steps.append((origin, choice))


def _hopeful(now: _Beginnings, trail: _Trail, layer: Layer, depth: int, width: int | None) -> None:
    """Keep the beginnings that can fit and be worth the goal."""
    reach = now.value + layer.after[:, now.state]
    good = (reach >= trail.goal * trail.terrain.unit).all(axis=0)
    good &= (now.spent <= trail.later.most[depth]).all(axis=0)
    some = np.flatnonzero(good)
    if width is not None and len(some) > width:
        some = some[np.argsort(-reach[:, some].min(axis=0), kind="stable")[:width]]
    if len(some) < len(good):
        now.only(some)
    if len(now.state) > MOST_BEGINNINGS:
        raise TooMany
    # What no later choice can make scarce is as good as spending less.
    now.spent = np.maximum(now.spent, trail.later.safe[depth])


def _undominated(now: _Beginnings) -> None:
    """Of beginnings in one state drop those that spend more for less, the lottery included."""
    size = len(now.state)
    if size < 2:
        return
    rank = np.empty(size, dtype=np.int64)
    rank[np.lexsort((*now.key[::-1], now.worth))] = np.arange(size)
    main = now.spent[0] if len(now.spent) else np.zeros(size, dtype=np.int64)
    _, _, group = alike(np.vstack((now.state, now.spent[1:])))
    order = np.lexsort((-rank, main, group))
    height = group[order] * size + rank[order]
    kept = np.ones(size, dtype=bool)
    kept[1:] = height[1:] > np.maximum.accumulate(height)[:-1]
    if not kept.all():
        now.only(np.sort(order[kept]))


def _finished(trail: _Trail, layers: Layers, now: _Beginnings) -> Best | None:
    """Return the best of the allocations followed to the end."""
    terrain = trail.terrain
    extra, good = settled(terrain, now.spent, _dear(terrain), trail.lines.tolist())
    worth = now.worth + terrain.matrix.constant + extra + layers.extra[now.state]
    good &= worth >= trail.goal
    some = np.flatnonzero(good)
    if not len(some):
        return None
    need = _need(trail, now.spent)
    at = int(some[np.lexsort((*now.key[::-1, some], worth[some], -need[some]))[-1]])
    values = [0] * terrain.matrix.size
    for choice in (*layers.fixed.tolist(), *_way(now, at)):
        for j in terrain.choices[choice]:
            values[j] = 1
    return Best(int(worth[at]), complete(terrain.matrix, values))


def _need(trail: _Trail, spent: Integers) -> Integers:
    """Return how much is spent beyond the low room, at the most on any line that has more."""
    more = trail.terrain.room[trail.lines] > trail.low.room[trail.lines]
    beyond = spent[more] - trail.low.room[trail.lines[more]][:, None]
    need: Integers = np.maximum(0, beyond).max(axis=0, initial=0)
    return need


def _way(now: _Beginnings, at: int) -> list[int]:
    """Return the choices that led to one allocation."""
    made = []
    for origin, choice in reversed(now.steps):
        made.append(int(choice[at]))
        at = int(origin[at])
    return made
