"""A programme as layers of states, which say of every beginning what the rest can still bring.

The blocks are decided one after the other. Money being priced, what is decided so far matters to
the rest only by what it has counted: beginnings that agree in that are one *state*, of which only
the most it can be worth is kept. Going back from the end every state learns what the rest can still
bring at most; ways on which too little can be reached are left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np

from allocator.optimise.terrain import MOST_LINES, Helper, Integers, Terrain, Truths

MOST_STATES = 100_000
"""States of one layer beyond which the layers are given up."""

NOTHING = -(1 << 62)
"""What the rest brings where there is no rest."""

MIXED = np.array(
    [
        int.from_bytes(sha256(b"%d" % n).digest()[:8], "big", signed=True) | 1
        for n in range(MOST_LINES + 1)
    ],
    dtype=np.int64,
)
"""Odd numbers without a pattern: their sums, modulo 2**64, tell columns of figures apart."""


class TooMany(Exception):
    """There are more states, or more beginnings, than are looked at."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
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
class Layers:
    """The layers of a question: ``fixed`` are the settled choices, ``bound`` what is proven.

    ``extra`` (N) is what the last layer's states add to the objective for what they counted.
    """

    fixed: Integers
    layers: tuple[Layer, ...]
    bound: int
    extra: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Later:
    """Per depth: how much of a line may be used so that it stays safe, and so that it can hold."""

    safe: Integers
    most: Integers


def later_of(terrain: Terrain, blocks: Sequence[Integers], lines: Integers) -> Later:
    """Return what blocks decided one after the other leave of some lines."""
    usage = terrain.usage[:, lines].T
    return later_from(terrain, lines, tails(usage, blocks), tails(-usage, blocks))


def later_from(terrain: Terrain, lines: Integers, most: Integers, least: Integers) -> Later:
    """Return what is left of some lines, from the most that is still used (and that is not)."""
    room = terrain.room[lines]
    safe = np.where(terrain.steady[lines], room - most, NOTHING)
    most = np.where(terrain.strict[lines], room + least, -NOTHING)
    return Later(safe[:, :, None], most[:, :, None])


@dataclass(slots=True)
class Growing:
    """The states of the layers so far; of the last one what they counted and what they can reach.

    ``counted`` (counts, N); ``reach`` (S, N) is how far above the least they may still end;
    ``worth`` (K, N) of every layer is the most that leads there.
    """

    counted: Integers
    reach: Integers
    worth: list[Integers]
    arcs: list[tuple[Integers, Integers, Integers]] = field(default_factory=list)


def layers_of(terrain: Terrain, number: int, allowed: Truths, least: int) -> Layers | None:
    """Return the layers of all that may be worth ``least``; ``None`` if nothing is."""
    opened = _open(terrain, number, allowed, least)
    if opened is None:
        return None
    fixed, blocks = opened
    later = later_of(terrain, blocks, np.arange(terrain.counts))
    reach = terrain.rest - least * terrain.unit + terrain.gains[:, fixed].sum(axis=1)
    reach += tails(terrain.gains, blocks)[0]
    now = Growing(
        terrain.usage[fixed, : terrain.counts].sum(axis=0)[:, None],
        reach[:, None],
        [terrain.bare[:, fixed].sum(axis=1)[:, None]],
    )
    for depth, choices in enumerate(blocks):
        grow(terrain, now, choices, later, depth + 1)
        if not now.counted.shape[1]:
            return None
    return _looking_back(terrain, np.array(fixed, dtype=np.int64), now)


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
    return fixed, sorted_by_kind(terrain, blocks)


def sorted_by_kind(terrain: Terrain, blocks: Iterable[Integers]) -> list[Integers]:
    """Return blocks that count alike one after the other, so that their states soon agree."""
    return sorted(blocks, key=lambda each: _kind(terrain, each))


def _kind(terrain: Terrain, choices: Integers) -> tuple[list[int], int]:
    used = np.abs(terrain.usage[choices, : terrain.counts]).max(axis=0)
    return used.tolist(), int(choices[0])


def tails(figures: Integers, blocks: Sequence[Integers]) -> Integers:
    """Return, per depth, the most that the blocks from there on can sum of each row of figures."""
    tails = np.zeros((len(blocks) + 1, len(figures)), dtype=np.int64)
    for depth in range(len(blocks) - 1, -1, -1):
        tails[depth] = tails[depth + 1] + figures.take(blocks[depth], axis=1).max(axis=1)
    return tails


def grow(terrain: Terrain, now: Growing, choices: Integers, later: Later, depth: int) -> None:
    """Decide one block more: states that agree become one, hopeless ones are left out."""
    gains = terrain.gains.take(choices, axis=1)
    falls = gains - gains.max(axis=1)[:, None]
    reach = now.reach[:, None, :] + falls[:, :, None]
    made, origin = np.nonzero((reach >= 0).all(axis=0))
    prices, _, states = reach.shape
    reach = reach.reshape(prices, -1).take(made * states + origin, axis=1)
    choice = choices.take(made)
    uses = np.ascontiguousarray(terrain.usage[choices, : terrain.counts].T)
    counted = now.counted.take(origin, axis=1)
    counted += uses.take(made, axis=1)
    if (counted > later.most[depth]).any():
        good = np.flatnonzero((counted <= later.most[depth]).all(axis=0))
        origin, choice, reach, counted = (
            origin.take(good),
            choice.take(good),
            reach.take(good, axis=1),
            counted.take(good, axis=1),
        )
    # What no later choice can make scarce is as good as any lower count.
    np.maximum(counted, later.safe[depth], out=counted)
    worth = now.worth[-1].take(origin, axis=1) + terrain.bare.take(choice, axis=1)
    order, first, target = alike(counted)
    if len(first) > MOST_STATES:
        raise TooMany
    now.arcs.append((origin, choice, target))
    now.counted = counted.take(order[first], axis=1)
    now.reach = _tops(reach.take(order, axis=1), first)
    now.worth.append(_tops(worth.take(order, axis=1), first))


def _tops(figures: Integers, first: Integers) -> Integers:
    """Return the greatest figure of every group; ``first`` says where the groups begin."""
    return np.maximum.reduceat(figures, first, axis=1) if len(first) else figures[:, :0]


def alike(rows: Integers) -> tuple[Integers, Integers, Integers]:
    """Group columns of figures that are equal.

    Returns an order that brings equal ones together, where in it the groups begin, and the group
    of every column. Equal ones come in any order among themselves.
    """
    codes = MIXED[: len(rows)] @ rows
    order = np.argsort(codes)
    order, new = _ends(rows, order, codes.take(order))
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.cumsum(new) - 1
    return order, np.flatnonzero(new), group


def _ends(rows: Integers, order: Integers, codes: Integers) -> tuple[Integers, Truths]:
    """Return an order and where a new group begins in it, from codes that equal columns share."""
    new = np.ones(len(order), dtype=bool)
    new[1:] = codes[1:] != codes[:-1]
    sorted_ = rows.take(order, axis=1)
    same = (sorted_[:, 1:] == sorted_[:, :-1]).all(axis=0)
    if (same | new[1:]).all():
        return order, new
    # Two that differ have the same code: it takes one such pair in 2**64.
    order = np.lexsort(rows)
    sorted_ = rows[:, order]
    new[1:] = (sorted_[:, 1:] != sorted_[:, :-1]).any(axis=0)
    return order, new


def _looking_back(terrain: Terrain, fixed: Integers, now: Growing) -> Layers:
    """Go back from the end: what the rest brings to every state, and what an arc is on the way."""
    counted = [h for h in terrain.helpers if all(p < terrain.counts for p in h.holding)]
    extra, good = settled(terrain, now.counted, counted, range(terrain.counts))
    after = np.where(good, extra * terrain.unit + terrain.bare_rest[:, None], NOTHING)
    layers, start = layered(terrain, now, after)
    bound = int((now.worth[0] + start).min())
    return Layers(fixed, layers, bound, extra)


def layered(terrain: Terrain, now: Growing, after: Integers) -> tuple[tuple[Layer, ...], Integers]:
    """Return the layers, and what the rest brings to the first states, from that to the last."""
    layers = []
    for depth in range(len(now.arcs) - 1, -1, -1):
        origin, choice, target = now.arcs[depth]
        brings = terrain.bare.take(choice, axis=1)
        brings += after.take(target, axis=1)
        worth = now.worth[depth]
        through = (worth.take(origin, axis=1) + brings).min(axis=0)
        layers.append(Layer(origin, choice, target, worth.shape[1], through, after))
        after = np.full_like(worth, NOTHING)
        order = np.argsort(origin)
        states, first = np.unique(origin[order], return_index=True)
        after[:, states] = _tops(brings.take(order, axis=1), first)
    return tuple(layers[::-1]), after


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
