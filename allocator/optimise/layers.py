"""The best allocation under a restriction that the lottery selects, by going through layers.

The blocks are decided one after the other. What is decided so far matters to the rest only by what
it has counted and spent, so beginnings that agree in that are one *state*. First the counts alone
are followed, money being priced: the states form layers, and going back from the end every state
knows what the rest can still bring at most. Then the allocations themselves are followed through
what the prices leave open. Of two beginnings in one state the one that spends more is dropped if it
is worth less, or as much but later in the lottery: whatever completes it completes the other too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np

from allocator.optimise.matrix import complete
from allocator.optimise.terrain import Helper, Integers, Terrain, Truths

MOST_STATES = 100_000
"""States of one layer beyond which the layers are given up."""

MOST_BEGINNINGS = 200_000
"""Beginnings of allocations kept at once; beyond this the search is given up."""

WIDTH = 100
"""Beginnings that are followed to find a good allocation."""

GROWTH = 4
"""The distance from a bound grows by one part in so many when nothing was found within it."""

WORD = 62
"""Places of the lottery in one word of a key."""

NOTHING = -(1 << 62)
"""What the rest brings where there is no rest."""


MIXED = np.array(
    [int.from_bytes(sha256(b"%d" % n).digest()[:8], "big", signed=True) | 1 for n in range(4096)],
    dtype=np.int64,
)
"""Odd numbers without a pattern: their sums, modulo 2**64, tell columns of figures apart."""


class TooMany(Exception):
    """There are more states, or more beginnings, than are looked at."""


@dataclass(frozen=True, slots=True)
class Best:
    """The best allocation, drawn among equals: ``values`` by matrix column."""

    objective: int
    values: tuple[int, ...]


def best_under(terrain: Terrain, number: int, allowed: Truths, distance: int) -> Best | None:
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

    Returns
    -------
    Best
        Drawn by the lottery among the best; ``None`` if no allocation keeps every line.

    Raises
    ------
    TooMany
        If there are more states or beginnings than are looked at.
    """
    above = highest(terrain, number, allowed)
    if above is None:
        return None
    least = lowest(terrain)
    while True:
        goal = max(least, above - distance)
        layers = _layers(terrain, number, allowed, goal)
        if layers is not None:
            # Few beginnings first: what they lead to says how far one has to look.
            near = max(least, layers.bound // terrain.unit - distance)
            good = _followed(terrain, layers, near, WIDTH)
            if good is not None:
                least = good.objective
            if goal > least >= above - distance - distance // GROWTH:
                goal = least
                layers = _layers(terrain, number, allowed, goal)
        if layers is not None:
            best = _followed(terrain, layers, max(least, goal))
            if best is not None:
                return best
        if goal == least:
            return None
        distance += distance // GROWTH + 1


def lowest(terrain: Terrain) -> int:
    """Return what no allocation falls short of."""
    least = np.minimum.reduceat(terrain.objective, terrain.start[:-1]).sum()
    return int(least + terrain.matrix.constant) + sum(
        min(0, each.objective) * each.upper for each in terrain.helpers
    )


def highest(terrain: Terrain, number: int, allowed: Truths) -> int | None:
    """Return what no allocation exceeds under a restriction; ``None`` if nothing is allowed."""
    if not allowed.any():
        return None
    best = np.maximum.reduceat(terrain.gains, terrain.start[:-1], axis=1)
    own = terrain.gains[:, terrain.block(number)]
    bound = terrain.rest + best.sum(axis=1) - best[:, number] + own[:, allowed].max(axis=1)
    return int(bound.min()) // terrain.unit


# --- layers of states ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """One block's part: every arc goes from a state by a choice to a state of the next layer.

    ``through`` (A) is what the best way through an arc is worth, at the price at which that is
    least; ``after`` (N, K) what the rest can still bring to the next layer's states.
    """

    origin: Integers
    choice: Integers
    target: Integers
    states: int
    through: Integers
    after: Integers


@dataclass(frozen=True, slots=True, eq=False)
class _Layers:
    """The layers of a question: ``fixed`` are the settled choices, ``bound`` what is proven.

    ``extra`` (N) is what the last layer's states add to the objective for what they counted.
    """

    fixed: Integers
    layers: tuple[_Layer, ...]
    bound: int
    extra: Integers


@dataclass(slots=True)
class _Growing:
    """The states of the layers so far; of the last one what they counted and what they can reach.

    ``counted`` (counts, N); ``reach`` (S, N) is how far above the least they may still end;
    ``worth`` (K, N) of every layer is the most that leads there.
    """

    counted: Integers
    reach: Integers
    worth: list[Integers]
    arcs: list[tuple[Integers, Integers, Integers]] = field(default_factory=list)


def _layers(terrain: Terrain, number: int, allowed: Truths, least: int) -> _Layers | None:
    """Return the layers of all that may be worth ``least``; ``None`` if nothing is."""
    opened = _open(terrain, number, allowed, least)
    if opened is None:
        return None
    fixed, blocks = opened
    every = slice(0, terrain.counts)
    later = _later(terrain, blocks, every)
    reach = terrain.rest - least * terrain.unit + terrain.gains[:, fixed].sum(axis=1)
    reach += _tails(terrain.gains, blocks)[0]
    now = _Growing(
        terrain.usage[fixed, every].sum(axis=0)[:, None],
        reach[:, None],
        [terrain.bare[:, fixed].sum(axis=1)[:, None]],
    )
    for depth, choices in enumerate(blocks):
        _grow(terrain, now, choices, later, depth + 1)
        if not now.counted.shape[1]:
            return None
    return _looking_back(terrain, np.array(fixed, dtype=np.int64), now)


def _later(terrain: Terrain, blocks: Sequence[Integers], lines: slice) -> "_Later":
    usage, room = terrain.usage[:, lines].T, terrain.room[lines]
    safe = np.where(terrain.steady[lines], room - _tails(usage, blocks), NOTHING)
    most = np.where(terrain.strict[lines], room + _tails(-usage, blocks), -NOTHING)
    return _Later(safe[:, :, None], most[:, :, None])


@dataclass(frozen=True, slots=True, eq=False)
class _Later:
    """Per depth: how much of a line may be used so that it stays safe, and so that it can hold."""

    safe: Integers
    most: Integers


def _open(
    terrain: Terrain, number: int, allowed: Truths, least: int
) -> tuple[list[int], list[Integers]] | None:
    """Return the settled choices and, per other block, the choices left; ``None``: none is."""
    best = np.maximum.reduceat(terrain.gains, terrain.start[:-1], axis=1)
    own = terrain.block(number)
    top = terrain.gains[:, own][:, allowed].max(axis=1)
    bound = terrain.rest + best.sum(axis=1) - best[:, number] + top
    best[:, number] = top
    ahead = np.repeat(best, np.diff(terrain.start), axis=1)
    kept = (bound[:, None] - ahead + terrain.gains >= least * terrain.unit).all(axis=0)
    kept[own] &= allowed
    counts = np.add.reduceat(kept.astype(np.int64), terrain.start[:-1])
    if not counts.all():
        return None
    fixed = np.flatnonzero(kept & np.repeat(counts == 1, np.diff(terrain.start))).tolist()
    blocks = [
        np.flatnonzero(kept[terrain.block(b)]) + terrain.start[b]
        for b in np.flatnonzero(counts > 1).tolist()
    ]
    # Blocks that count alike follow each other, so that their states soon agree.
    return fixed, sorted(blocks, key=lambda each: _kind(terrain, each))


def _kind(terrain: Terrain, choices: Integers) -> tuple[list[int], int]:
    used = np.abs(terrain.usage[choices, : terrain.counts]).max(axis=0)
    return used.tolist(), int(choices[0])


def _tails(figures: Integers, blocks: Sequence[Integers]) -> Integers:
    """Return, per depth, the most that the blocks from there on can sum of each row of figures."""
    tails = np.zeros((len(blocks) + 1, len(figures)), dtype=np.int64)
    for depth in range(len(blocks) - 1, -1, -1):
        tails[depth] = tails[depth + 1] + figures[:, blocks[depth]].max(axis=1)
    return tails


def _grow(terrain: Terrain, now: _Growing, choices: Integers, later: _Later, depth: int) -> None:
    """Decide one block more: states that agree become one, hopeless ones are left out."""
    gains = terrain.gains[:, choices]
    falls = gains - gains.max(axis=1)[:, None]
    reach = now.reach[:, None, :] + falls[:, :, None]
    made, origin = np.nonzero((reach >= 0).all(axis=0))
    reach = reach[:, made, origin]
    choice = choices[made]
    counted = now.counted[:, origin] + terrain.usage[choice, : terrain.counts].T
    if (counted > later.most[depth]).any():
        good = np.flatnonzero((counted <= later.most[depth]).all(axis=0))
        origin, choice, reach, counted = (
            origin[good],
            choice[good],
            reach[:, good],
            counted[:, good],
        )
    # What no later choice can make scarce is as good as any lower count.
    np.maximum(counted, later.safe[depth], out=counted)
    worth = now.worth[-1][:, origin] + terrain.bare[:, choice]
    order, first, target = _alike(counted)
    if len(first) > MOST_STATES:
        raise TooMany
    now.arcs.append((origin, choice, target))
    now.counted = counted[:, order[first]]
    now.reach = _tops(reach[:, order], first)
    now.worth.append(_tops(worth[:, order], first))


def _tops(figures: Integers, first: Integers) -> Integers:
    """Return the greatest figure of every group; ``first`` says where the groups begin."""
    return np.maximum.reduceat(figures, first, axis=1) if len(first) else figures[:, :0]


def _alike(rows: Integers) -> tuple[Integers, Integers, Integers]:
    """Group columns of figures that are equal.

    Returns an order that brings equal ones together, where in it the groups begin, and the group
    of every column.
    """
    codes = MIXED[: len(rows)] @ rows
    order = np.argsort(codes, kind="stable")
    order, new = _ends(rows, order, codes[order])
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.cumsum(new) - 1
    return order, np.flatnonzero(new), group


def _ends(rows: Integers, order: Integers, codes: Integers) -> tuple[Integers, Truths]:
    """Return an order and where a new group begins in it, from codes that equal columns share."""
    new = np.ones(len(order), dtype=bool)
    new[1:] = codes[1:] != codes[:-1]
    sorted_ = rows[:, order]
    same = (sorted_[:, 1:] == sorted_[:, :-1]).all(axis=0)
    if (same | new[1:]).all():
        return order, new
    # Two that differ have the same code: it takes one such pair in 2**64.
    order = np.lexsort(rows)
    sorted_ = rows[:, order]
    new[1:] = (sorted_[:, 1:] != sorted_[:, :-1]).any(axis=0)
    return order, new


def _looking_back(terrain: Terrain, fixed: Integers, now: _Growing) -> _Layers:
    """Go back from the end: what the rest brings to every state, and what an arc is on the way."""
    counted = [h for h in terrain.helpers if all(p < terrain.counts for p in h.holding)]
    extra, good = settled(terrain, now.counted, counted, range(terrain.counts))
    after = np.where(good, extra * terrain.unit + terrain.bare_rest[:, None], NOTHING)
    layers = []
    for depth in range(len(now.arcs) - 1, -1, -1):
        origin, choice, target = now.arcs[depth]
        brings = terrain.bare[:, choice] + after[:, target]
        worth = now.worth[depth]
        through = (worth[:, origin] + brings).min(axis=0)
        layers.append(_Layer(origin, choice, target, worth.shape[1], through, after))
        after = np.full_like(worth, NOTHING)
        order = np.argsort(origin, kind="stable")
        states, first = np.unique(origin[order], return_index=True)
        after[:, states] = _tops(brings[:, order], first)
    bound = int((now.worth[0] + after).min())
    return _Layers(fixed, tuple(layers[::-1]), bound, extra)


def settled(
    terrain: Terrain, used: Integers, helpers: Sequence[Helper], places: Sequence[int]
) -> tuple[Integers, Truths]:
    """Return what helpers add to the objective, and where all lines hold.

    ``used`` has the lines ``places`` as its rows.
    """
    extra = np.zeros(used.shape[1], dtype=np.int64)
    good = np.ones(used.shape[1], dtype=bool)
    row = {place: n for n, place in enumerate(places)}
    over = used - terrain.room[list(places)][:, None]
    for each in helpers:
        value = np.zeros(used.shape[1], dtype=np.int64)
        for place in each.holding:
            value = np.maximum(value, over[row.pop(place)])
        good &= value <= each.upper
        for place, coefficient in each.lines:
            over[row[place]] += coefficient * value
        extra += each.objective * value
    for n in row.values():
        good &= over[n] <= 0
    return extra, good


# --- following allocations ----------------------------------------------------------------------


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
    (words, C) every choice's awards as bits, the first in the lottery highest.
    """

    terrain: Terrain
    goal: int
    lines: list[int]
    usage: Integers
    later: _Later
    keys: Integers


def _followed(
    terrain: Terrain, layers: _Layers, goal: int, width: int | None = None
) -> Best | None:
    """Return the best allocation that is worth ``goal``, drawn among equals; ``None``: none is."""
    kept = [np.flatnonzero(each.through >= goal * terrain.unit) for each in layers.layers]
    if not all(map(len, kept)) or layers.bound < goal * terrain.unit:
        return None
    blocks = [np.unique(each.choice[some]) for each, some in zip(layers.layers, kept, strict=True)]
    trail = _trail(terrain, layers.fixed, blocks, goal)
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


def _trail(terrain: Terrain, fixed: Integers, blocks: Sequence[Integers], goal: int) -> _Trail:
    counts = terrain.counts
    money = terrain.usage[:, counts:]
    most = money[fixed].sum(axis=0) + _tails(money.T, blocks)[0]
    dear = {p for h in _dear(terrain) for p in (*h.holding, *(p for p, _ in h.lines))}
    varied = [len(np.unique(each)) for each in money.T]
    lines = [
        place + counts
        for place in sorted(range(len(varied)), key=lambda p: (-varied[p], p))
        if most[place] > terrain.room[counts + place] or counts + place in dear
    ]
    usage = terrain.usage[:, lines].T
    tails, least = _tails(usage, blocks), _tails(-usage, blocks)
    room = terrain.room[lines]
    later = _Later(
        np.where(terrain.steady[lines], room - tails, NOTHING)[:, :, None],
        np.where(terrain.strict[lines], room + least, -NOTHING)[:, :, None],
    )
    return _Trail(terrain, goal, lines, np.ascontiguousarray(usage), later, _keys(terrain, blocks))


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


def _step(
    now: _Beginnings, trail: _Trail, layer: _Layer, some: Integers, choices: Integers
) -> None:
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


def _hopeful(now: _Beginnings, trail: _Trail, layer: _Layer, depth: int, width: int | None) -> None:
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
    _, _, group = _alike(np.vstack((now.state, now.spent[1:])))
    order = np.lexsort((-rank, main, group))
    height = group[order] * size + rank[order]
    kept = np.ones(size, dtype=bool)
    kept[1:] = height[1:] > np.maximum.accumulate(height)[:-1]
    if not kept.all():
        now.only(np.sort(order[kept]))


def _finished(trail: _Trail, layers: _Layers, now: _Beginnings) -> Best | None:
    """Return the best of the allocations followed to the end."""
    terrain = trail.terrain
    extra, good = settled(terrain, now.spent, _dear(terrain), trail.lines)
    worth = now.worth + terrain.matrix.constant + extra + layers.extra[now.state]
    good &= worth >= trail.goal
    if not good.any():
        return None
    best = int(worth[good].max())
    equal = np.flatnonzero(good & (worth == best))
    at = int(equal[np.lexsort(now.key[::-1, equal])[-1]])
    values = [0] * terrain.matrix.size
    for choice in (*layers.fixed.tolist(), *_way(now, at)):
        for j in terrain.choices[choice]:
            values[j] = 1
    return Best(best, complete(terrain.matrix, values))


def _way(now: _Beginnings, at: int) -> list[int]:
    """Return the choices that led to one allocation."""
    made = []
    for origin, choice in reversed(now.steps):
        made.append(int(choice[at]))
        at = int(origin[at])
    return made
