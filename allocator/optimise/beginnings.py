"""Beginnings of allocations, followed block by block through layers of states.

Where there are many, of two beginnings in one state the one that spends at least as much is dropped
if it is worth less, or as much but later in the lottery: whatever completes it completes the other
too. So ties cost nothing, and what is found is what the draw would select.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from allocator.optimise.layers import NOTHING, Later, Layer, TooMany, alike
from allocator.optimise.matrix import complete
from allocator.optimise.terrain import LARGEST_BITS, Helper, Integers, Terrain, Truths
from allocator.optimise.watch import Stopped

MOST_BEGINNINGS = 500_000
"""Beginnings of allocations kept at once; beyond this the search is given up."""

CROWD = 500
"""Beginnings from which on it takes less time to drop the dominated ones than to follow them."""

WORD = 62
"""Places of the lottery in one word of a key."""


@dataclass(frozen=True, slots=True)
class Best:
    """The best allocation, drawn among equals: ``values`` by matrix column."""

    objective: int
    values: tuple[int, ...]


@dataclass(slots=True)
class Beginnings:
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
        self.state, self.worth = self.state.take(some), self.worth.take(some)
        self.value, self.spent = self.value.take(some, axis=1), self.spent.take(some, axis=1)
        self.key = self.key.take(some, axis=1)
        origin, choice = self.steps[-1]
        self.steps[-1] = origin.take(some), choice.take(some)

    def way(self, at: int) -> list[int]:
        """Return the choices that led to one of them."""
        made = []
        for origin, choice in reversed(self.steps):
            made.append(int(choice[at]))
            at = int(origin[at])
        return made


@dataclass(frozen=True, slots=True, eq=False)
class Trail:
    """What one search through the layers shares.

    ``goal`` is what an allocation is worth at least; ``lines`` are the money lines that can become
    scarce, the one that varies most first, and ``usage`` (lines, C) what the choices spend of them;
    ``later`` is what the blocks leave of them. ``keys`` (words, C) are every choice's awards as
    bits, the first in the lottery highest.
    """

    terrain: Terrain
    goal: int
    lines: Integers
    usage: Integers
    later: Later
    keys: Integers


def scarce(terrain: Terrain, most: Integers, room: Integers) -> Integers:
    """Return the money lines that can become scarce, in the order of the terrain.

    Parameters
    ----------
    terrain : Terrain
        What is looked at.
    most : array of int
        The most that can be spent of each money line.
    room : array of int
        The room of all lines.
    """
    counts = terrain.counts
    helped = {p for h in dear(terrain) for p in (*h.holding, *(p for p, _ in h.lines))}
    found = [
        place
        for place in range(counts, len(room))
        if most[place - counts] > room[place] or place in helped
    ]
    return np.array(found, dtype=np.int64)


def spending(terrain: Terrain, lines: Integers) -> Integers:
    """Return what the choices use of some lines, by line."""
    return np.ascontiguousarray(terrain.usage[:, lines].T)


def dear(terrain: Terrain) -> list[Helper]:
    """Return the helpers of money lines."""
    return [h for h in terrain.helpers if any(p >= terrain.counts for p in h.holding)]


def keys_of(terrain: Terrain, blocks: Iterable[Integers]) -> Integers:
    """Return the bits; choices of settled blocks have none, for they make no difference.

    After the awards come bits that tell apart choices with the same awards, so that what is found
    never depends on the order in which allocations are gone through.
    """
    open_ = sorted({int(c) for each in blocks if len(each) > 1 for c in each})
    places = {p: n for n, p in enumerate(sorted({p for c in open_ for p in terrain.outcomes[c]}))}
    fields = [(c, places[place], 1, 1) for c in open_ for place in terrain.outcomes[c]]
    end = len(places)
    for ranks in _equals(terrain, open_):
        bits = max(ranks.values()).bit_length()
        if bits > WORD - end % WORD:
            end += WORD - end % WORD
        fields.extend((c, end, bits, rank) for c, rank in ranks.items())
        end += bits
    keys = np.zeros((1 + end // WORD, len(terrain.choices)), dtype=np.int64)
    for c, place, bits, figure in fields:
        word, bit = divmod(place, WORD)
        keys[word, c] |= figure << (WORD - bit - bits)
    return keys


def _equals(terrain: Terrain, open_: Sequence[int]) -> list[dict[int, int]]:
    """Return a place among those with the same awards, by choice, for every block that needs it."""
    found: dict[int, dict[int, int]] = {}
    seen: Counter[tuple[int, tuple[int, ...]]] = Counter()
    numbers = terrain.blocks_of(open_)
    for c, number in zip(open_, numbers.tolist(), strict=True):
        awards = number, terrain.outcomes[c]
        found.setdefault(number, {})[c] = seen[awards]
        seen[awards] += 1
    return [ranks for _, ranks in sorted(found.items(), reverse=True) if any(ranks.values())]


def values_of(terrain: Terrain, choices: Iterable[int]) -> tuple[int, ...]:
    """Return the allocation that makes these choices, by matrix column."""
    values = [0] * terrain.matrix.size
    for choice in choices:
        for j in terrain.choices[choice]:
            values[j] = 1
    return complete(terrain.matrix, values, terrain.holds)


# --- following ----------------------------------------------------------------------------------


def begun(trail: Trail, fixed: Integers) -> Beginnings:
    """Return the one beginning in which only the settled choices are made."""
    terrain = trail.terrain
    return Beginnings(
        state=np.zeros(1, dtype=np.int64),
        worth=terrain.objective[fixed].sum(keepdims=True),
        value=terrain.bare[:, fixed].sum(axis=1)[:, None],
        spent=trail.usage[:, fixed].sum(axis=1)[:, None],
        key=np.zeros((len(trail.keys), 1), dtype=np.int64),
    )


def kept_of(layers: Iterable[Layer], least: int) -> list[Integers]:
    """Return, per layer, the arcs on a way that can be worth so much (in 1/``unit``)."""
    return [np.flatnonzero(each.through >= least) for each in layers]


def made_by(layers: Iterable[Layer], kept: Iterable[Integers]) -> list[Integers]:
    """Return, per layer, the choices that some arcs make."""
    return [np.unique(each.choice[some]) for each, some in zip(layers, kept, strict=True)]


def follow(
    now: Beginnings,
    trail: Trail,
    layers: Sequence[Layer],
    kept: Sequence[Integers],
    width: int | None = None,
    over: Callable[[], bool] | None = None,
    most: int | None = None,
) -> bool:
    """Lead beginnings through layers; tell whether none was left out for there being too many.

    Parameters
    ----------
    now : Beginnings
        Where they stand; none of them may be left in the end.
    trail : Trail
        What the search shares.
    layers : sequence of Layer
        What they are led through.
    kept : sequence of arrays
        Per layer the arcs that are open.
    width : int, optional
        Only so many are followed, those with the best prospects.
    over : callable, optional
        Asked at every layer whether to stop.
    most : int, optional
        How many are looked at, ``MOST_BEGINNINGS`` if not given.

    Raises
    ------
    TooMany
        If there are more than are looked at.
    Stopped
        If it was over.
    """
    whole = True
    most = MOST_BEGINNINGS if most is None else most
    blocks = made_by(layers, kept)
    for depth, (layer, some, choices) in enumerate(zip(layers, kept, blocks, strict=True)):
        if over is not None and over():
            raise Stopped
        step = _stepped(now, layer, some, choices)
        if len(choices) > 1:
            whole &= _hopeful(step, now, trail, layer, depth + 1, width, most)
        _made(step, now, trail)
        if len(choices) > 1:
            # What no later choice can make scarce is as good as spending less.
            now.spent = np.maximum(now.spent, trail.later.safe[depth + 1])
            if len(now.state) >= CROWD:
                _undominated(now)
        if not len(now.state):
            break
    return whole


@dataclass(slots=True)
class _Step:
    """Which beginnings go on (``origin``), by which choice, and to which state."""

    origin: Integers
    choice: Integers
    state: Integers

    def only(self, some: Integers) -> None:
        """Keep some of them."""
        self.origin, self.choice, self.state = (
            self.origin.take(some),
            self.choice.take(some),
            self.state.take(some),
        )


def _stepped(now: Beginnings, layer: Layer, some: Integers, choices: Integers) -> _Step:
    """Let every beginning make each choice of the next block that its state still has."""
    table = np.full((len(choices), layer.states), -1, dtype=np.int64)
    table[np.searchsorted(choices, layer.choice[some]), layer.origin[some]] = layer.target[some]
    made, origin = np.nonzero((to := table.take(now.state, axis=1)) >= 0)
    return _Step(origin, choices.take(made), to.take(made * to.shape[1] + origin))


def _hopeful(
    step: _Step,
    now: Beginnings,
    trail: Trail,
    layer: Layer,
    depth: int,
    width: int | None,
    most: int,
) -> bool:
    """Keep what can fit and be worth the goal; tell whether all of that is kept.

    Price by price and line by line, so that what one of them rules out costs the others nothing.
    """
    terrain, least = trail.terrain, trail.goal * trail.terrain.unit
    reach: Integers | None = None
    for value, bare, after in zip(now.value, terrain.bare, layer.after, strict=True):
        own = value.take(step.origin)
        own += bare.take(step.choice)
        own += after.take(step.state)
        reach = own if reach is None else np.minimum(reach, own)
        if (good := reach >= least).all():
            continue
        some = np.flatnonzero(good)
        step.only(some)
        reach = reach.take(some)
    assert reach is not None  # there is at least one price
    for spent, usage, room in zip(now.spent, trail.usage, trail.later.most[depth], strict=True):
        own = spent.take(step.origin)
        own += usage.take(step.choice)
        if not (good := own <= room).all():
            some = np.flatnonzero(good)
            step.only(some)
            reach = reach.take(some)
    whole = width is None or len(reach) <= width
    if not whole:
        step.only(np.argsort(-reach, kind="stable")[:width])
    if len(step.origin) > most:
        raise TooMany
    return whole


def _made(step: _Step, now: Beginnings, trail: Trail) -> None:
    """Make the choices of a step; arrays are not changed in place, for others may have them too."""
    terrain, origin, choice = trail.terrain, step.origin, step.choice
    now.state = step.state
    if len(origin) != len(now.worth) or (origin[1:] <= origin[:-1]).any():
        now.worth = now.worth.take(origin)
        now.value, now.spent, now.key = (
            now.value.take(origin, axis=1),
            now.spent.take(origin, axis=1),
            now.key.take(origin, axis=1),
        )
    elif (choice[:1] == choice).all():  # all go on where they are, by the same choice
        choice = choice[:1]
    now.worth = now.worth + terrain.objective.take(choice)
    now.value = now.value + terrain.bare.take(choice, axis=1)
    now.spent = now.spent + trail.usage.take(choice, axis=1)
    now.key = now.key | trail.keys.take(choice, axis=1)
    now.steps.append((origin, step.choice))


def _undominated(now: Beginnings) -> None:
    """Of beginnings in one state drop those that spend more for less, the lottery included.

    What is kept does not depend on how equal figures are sorted, so the quickest way will do.
    """
    size = len(now.state)
    main = now.spent[0] if len(now.spent) else np.zeros(size, dtype=np.int64)
    group = now.state
    if len(now.spent) > 1:
        _, _, group = alike(np.vstack((group, now.spent[1:])))
    cell = lifted(group, main)
    order = np.argsort(cell)
    first = np.flatnonzero(np.diff(cell[order], prepend=-1))
    most = np.maximum.reduceat(now.worth[order], first)
    height = lifted(group[order[first]], most)
    most[height < np.maximum.accumulate(height)] = NOTHING
    order = order[now.worth.take(order) == np.repeat(most, np.diff(first, append=size))]
    # What is left is worth as much as what spends less, or more: where it is as much, the lottery
    # decides between them.
    worth, own = now.worth.take(order), group.take(order)
    same = _as_before(worth, own)
    if same.any():
        tied = np.zeros(len(order), dtype=bool)
        tied[1:] |= same
        tied[:-1] |= same
        run = np.cumsum(np.concatenate(([True], ~same)))[tied]
        order = np.concatenate((order[~tied], _drawn(now, main, run, order[tied])))
    if len(order) < size:
        now.only(np.sort(order))


def lifted(group: Integers, height: Integers) -> Integers:
    """Return heights with every group lifted above those before: one running maximum serves all."""
    low = height.min()
    span = int(height.max()) - int(low) + 1
    if span * (int(group.max()) + 1) < 1 << LARGEST_BITS:
        return group * span + (height - low)
    _, level = np.unique(height, return_inverse=True)
    return group * len(group) + level


def _drawn(now: Beginnings, main: Integers, run: Integers, some: Integers) -> Integers:
    """Of beginnings worth as much (each ``run``) keep those drawn before all that spend less.

    They come by run and, in it, by what they spend.
    """
    key, spent = now.key.take(some, axis=1), main.take(some)
    rank = np.zeros(len(some), dtype=np.int64)
    if (key != key[:, :1]).any():
        drawn = np.argsort(key[0]) if len(key) == 1 else np.lexsort(key[::-1])
        key = key.take(drawn, axis=1)
        rank[drawn[1:]] = np.cumsum((key[:, 1:] != key[:, :-1]).any(axis=0))
    first = np.flatnonzero(np.concatenate(([True], ~_as_before(run, spent))))
    top = np.maximum.reduceat(rank, first)
    height = run.take(first) * len(some) + top
    top[1:][height[1:] <= np.maximum.accumulate(height)[:-1]] = NOTHING
    kept = np.flatnonzero(rank == np.repeat(top, np.diff(first, append=len(some))))
    # Where the lottery makes no difference either, one stands for all.
    some, run, spent = some.take(kept), run.take(kept), spent.take(kept)
    same = _as_before(run, spent)
    if same.any():
        order = np.lexsort((some, spent, run))
        some = some.take(order[np.concatenate(([True], ~same))])
    return some


def _as_before(*figures: Integers) -> Truths:
    """Tell which columns, from the second on, have the same figures as the one before."""
    same: Truths = np.logical_and.reduce([each[1:] == each[:-1] for each in figures])
    return same
