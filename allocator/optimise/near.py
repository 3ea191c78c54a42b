"""Every allocation within a small distance of a bound, found by going through them all.

Seen through multipliers, an allocation falls short of the bound by the sum of its choices' losses
and of what it leaves unused. Few allocations fall short by little, so all that are worth at least
a given objective can be listed: block by block, dropping every beginning that some set of
multipliers proves too costly already. Multipliers around those of the relaxation serve for that;
each is rounded to integers, so every bound used holds exactly (weak duality). The list answers at
once what is best, what is equally good, and which of these the lottery selects.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor, log2

import numpy as np
from numpy.typing import NDArray

from allocator.model import POINT, Package
from allocator.optimise.blocks import Block, Blocks, blocks_of
from allocator.optimise.matrix import Matrix, complete
from allocator.optimise.programme import Programme

type Integers = NDArray[np.int64]
type Truths = NDArray[np.bool_]

MOST = 400_000
"""Beginnings kept at once; beyond this the list is given up."""

LARGEST_BITS = 60
"""No sum may need more bits than this."""

COUNTING_BITS = 29
"""Losses are counted with so many bits while listing."""

STEPS = (0.5, 2.0)
"""How far a multiplier is moved: the points by which the typical use of its line gets dearer."""

FARTHEST = 12
"""Multipliers whose bound is looser than the relaxation's by more points than this are left out."""

MOST_SETS = 48
MOST_CELLS = 20_000_000
"""Choices times lines of the largest programme that is looked at in this way."""


class TooMany(Exception):
    """There are more allocations near the bound than can be listed."""


@dataclass(frozen=True, slots=True)
class Auxiliary:
    """A column whose value follows: the least that its ``holding`` lines ask for.

    ``lines`` are the other lines it stands in, with its coefficient.
    """

    upper: int
    objective: int
    holding: tuple[int, ...]
    lines: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A matrix seen through M sets of multipliers: C choices in B blocks, R linking lines.

    ``start`` (B + 1) are the first choices of the blocks; ``objective`` (C); ``usage`` (C, R);
    ``room`` (R) is what each line bears. ``losses`` (M, C) and ``exact`` (M), in 1/``unit`` of the
    objective, are what each set of multipliers proves. ``outcomes`` are the awards of each choice:
    place in the lottery and package.
    """

    matrix: Matrix
    choices: tuple[tuple[int, ...], ...]
    start: Integers
    objective: Integers
    usage: Integers
    room: Integers
    auxiliary: tuple[Auxiliary, ...]
    losses: Integers
    exact: Integers
    unit: int
    outcomes: tuple[tuple[tuple[int, Package], ...], ...]

    def block(self, number: int) -> slice:
        """Return where the choices of a block are."""
        return slice(int(self.start[number]), int(self.start[number + 1]))


@dataclass(frozen=True, slots=True)
class Nearby:
    """What a list of ``length`` holds: the best allocation that the lottery selects.

    ``values`` (by matrix column) is ``None`` if no allocation is near enough.
    """

    length: int
    objective: int = 0
    values: tuple[int, ...] | None = None


# --- looking through multipliers ----------------------------------------------------------------


def everyone_in_a_block(programme: Programme, matrix: Matrix) -> Blocks:
    """Return the blocks, each application of no block in one of its own.

    An application holds one package at most, so these choices are all it has.
    """
    blocks = blocks_of(matrix)
    own: dict[str, list[int]] = defaultdict(list)
    for j in blocks.loose:
        application = programme.columns[matrix.origin[j]].application
        if application:
            own[application].append(j)
    more = (Block(tuple(js), ((), *((j,) for j in js))) for js in own.values())
    rest = tuple(j for j in blocks.loose if matrix.follows[j])
    return Blocks((*blocks.blocks, *more), rest, blocks.linking)


def field_of(
    programme: Programme,
    matrix: Matrix,
    blocks: Blocks,
    multipliers: Sequence[float],
    rank: Mapping[str, int],
) -> Field | None:
    """Return the field of a matrix, or ``None`` if it is too large or does not fit in 64 bits.

    Parameters
    ----------
    programme, matrix, blocks
        What is looked at; every award column belongs to a block.
    multipliers : sequence of float
        One per line of the matrix, as the relaxation gives them.
    rank : mapping
        Each application's place in the lottery, from 0.
    """
    choices = tuple(choice for block in blocks.blocks for choice in block.choices)
    auxiliary = _auxiliary(matrix, blocks)
    if auxiliary is None or len(choices) * len(blocks.linking) > MOST_CELLS:
        return None
    start = np.cumsum([0, *(len(block.choices) for block in blocks.blocks)], dtype=np.int64)
    objective = np.array([sum(matrix.objective[j] for j in c) for c in choices], dtype=np.int64)
    room = np.array([matrix.lines[n].bound for n in blocks.linking], dtype=np.int64)
    columns = np.zeros((matrix.size, len(room)), dtype=np.int64)
    for place, n in enumerate(blocks.linking):
        columns[list(matrix.lines[n].columns), place] = matrix.lines[n].coefficients
    usage = np.zeros((len(choices), len(room)), dtype=np.int64)
    for number, choice in enumerate(choices):
        usage[number] = columns[list(choice)].sum(axis=0)
    loose = list(blocks.loose)
    lens = _Lens(
        objective,
        usage,
        room,
        start,
        np.array([matrix.objective[j] for j in loose], dtype=np.int64),
        np.array([matrix.upper[j] for j in loose], dtype=np.int64),
        columns[loose],
        POINT * programme.scale,
    )
    sets = lens.around(np.array([max(0.0, multipliers[n]) for n in blocks.linking]))
    proven = lens.proven(sets, matrix.constant)
    if proven is None:
        return None
    outcomes = tuple(_outcome(programme, matrix, choice, rank) for choice in choices)
    return Field(
        matrix, choices, start, objective, usage, room, auxiliary, *proven, outcomes=outcomes
    )


def _outcome(
    programme: Programme, matrix: Matrix, choice: Sequence[int], rank: Mapping[str, int]
) -> tuple[tuple[int, Package], ...]:
    columns = [programme.columns[matrix.origin[j]] for j in choice]
    return tuple((rank[c.application], c.package) for c in columns if c.package is not None)


def _auxiliary(matrix: Matrix, blocks: Blocks) -> tuple[Auxiliary, ...] | None:
    """Return the auxiliary columns of the linking lines; ``None`` if one depends on another."""
    held: set[int] = set()
    found = []
    for j in blocks.loose:
        holding, others = [], []
        for place, n in enumerate(blocks.linking):
            line = matrix.lines[n]
            if j in line.columns:
                coefficient = line.coefficients[line.columns.index(j)]
                if coefficient == -1:
                    holding.append(place)
                else:
                    others.append((place, coefficient))
        if held & {*holding}:
            return None
        held |= {*holding}
        found.append(Auxiliary(matrix.upper[j], matrix.objective[j], tuple(holding), tuple(others)))
    if any(place in held for each in found for place, _ in each.lines):
        return None
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Lens:
    """The arrays of a field before multipliers are chosen; ``loose_*`` of auxiliary columns."""

    objective: Integers
    usage: Integers
    room: Integers
    start: Integers
    loose_objective: Integers
    loose_upper: Integers
    loose_usage: Integers
    point: int

    def around(self, first: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the given multipliers and useful ones around them, (M, R)."""
        reduced = self.objective - self.usage @ first
        loose = self.loose_objective - self.loose_usage @ first
        best = np.maximum.reduceat(reduced, self.start[:-1])
        losses = np.repeat(best, np.diff(self.start)) - reduced
        base = self._bound(reduced, loose)
        near = losses <= 8 * self.point
        found = [(0.0, 0, first)]
        for place in range(len(self.room)):
            usage = self.usage[:, place]
            typical = np.abs(usage[near]).mean() if near.any() else 0.0
            if not typical or np.ptp(usage[near]) == 0:
                continue
            for step in (sign * size for size in STEPS for sign in (1, -1)):
                moved = max(0.0, first[place] + step * self.point / typical)
                more = moved - first[place]
                bound = self._bound(
                    reduced - more * usage, loose - more * self.loose_usage[:, place]
                )
                looser = float(bound + more * self.room[place] - base)
                if looser <= FARTHEST * self.point and more:
                    multipliers = first.copy()
                    multipliers[place] = moved
                    found.append((looser, len(found), multipliers))
        found[1:] = sorted(found[1:], key=lambda each: each[:2])[: MOST_SETS - 1]
        return np.array([each[2] for each in found])

    def _bound(self, reduced: NDArray[np.float64], loose: NDArray[np.float64]) -> float:
        """Return the bound but for the lines' rooms, in floats: only to choose multipliers by."""
        best = np.maximum.reduceat(reduced, self.start[:-1])
        return float(best.sum() + np.maximum(0, loose) @ self.loose_upper)

    def proven(
        self, sets: NDArray[np.float64], constant: int
    ) -> tuple[Integers, Integers, int] | None:
        """Return losses, bounds and unit in integers, or ``None`` if they need too many bits."""
        most = float(
            abs(constant)
            + np.abs(self.objective).sum()
            + (np.abs(self.usage).sum(axis=0) @ sets.T).max(initial=0)
            + (np.abs(self.room) @ sets.T).max(initial=0)
            + (np.abs(self.loose_objective) @ self.loose_upper)
            + (np.abs(self.loose_usage.T) @ self.loose_upper @ sets.T).max(initial=0)
        )
        bits = LARGEST_BITS - floor(log2(most + 1))
        if bits < 1:
            return None
        unit = 1 << bits
        scaled = np.rint(sets * unit).astype(np.int64)
        reduced = (self.objective * unit)[:, None] - self.usage @ scaled.T
        best = np.maximum.reduceat(reduced, self.start[:-1], axis=0)
        losses = np.repeat(best, np.diff(self.start), axis=0) - reduced
        loose = (self.loose_objective * unit)[:, None] - self.loose_usage @ scaled.T
        exact = constant * unit + self.room @ scaled.T + best.sum(axis=0)
        exact += (np.maximum(0, loose) * self.loose_upper[:, None]).sum(axis=0)
        return np.ascontiguousarray(losses.T), exact, unit


# --- listing ------------------------------------------------------------------------------------


def best_near(field: Field, number: int, allowed: Truths, distance: int) -> Nearby:
    """Return the best allocation within a distance of the bound, drawn among equals.

    Parameters
    ----------
    field : Field
        What is looked at.
    number : int
        The block whose choices are restricted.
    allowed : array of bool
        Which of the block's choices may be made.
    distance : int
        How far below the bound to look, in units of the objective.

    Returns
    -------
    Nearby
        Without values if no allocation is worth so much; a larger distance is then to be tried.

    Raises
    ------
    TooMany
        If the list grows beyond ``MOST`` beginnings.
    """
    least = highest(field, number, allowed) - distance
    fixed, open_ = _open(field, number, allowed, least)
    trails = None if fixed is None else _trails(field, fixed, open_, least)
    if fixed is None or trails is None:
        return Nearby(0)
    return _selected(field, fixed, open_, trails, least)


@dataclass(frozen=True, slots=True)
class Optima:
    """All best allocations: the one that the lottery selects by matrix column, and who was tied.

    ``tied`` are places in the lottery.
    """

    objective: int
    values: tuple[int, ...]
    tied: frozenset[int]


def optima(field: Field, first: int, most: int) -> Optima | None:
    """Return what is best, from lists of allocations ever farther from the bound.

    Parameters
    ----------
    field : Field
        What is looked at.
    first : int
        The distance of the first list, in units of the objective.
    most : int
        How long a list may be.

    Returns
    -------
    Optima
        ``None`` if a list grew too long, or no allocation keeps every line.
    """
    every = np.ones(int(field.start[1]), dtype=bool)
    ceiling = highest(field, 0, every)
    span = ceiling - lowest(field)
    distance = min(first, span)
    while True:
        least = ceiling - distance
        fixed, open_ = _open(field, 0, every, least)
        try:
            trails = None if fixed is None else _trails(field, fixed, open_, least, most)
        except TooMany:
            return None
        if fixed is not None and trails is not None:
            listed, best = _best(field, fixed, open_, trails, least)
            if listed is not None:
                return Optima(best, listed.drawn().values(), listed.differing())
        if distance >= span:
            return None
        distance = min(span, distance + distance // 3 + 1)


def lowest(field: Field) -> int:
    """Return what no allocation falls short of."""
    least = np.minimum.reduceat(field.objective, field.start[:-1]).sum()
    return int(least + field.matrix.constant) + sum(
        min(0, each.objective) * each.upper for each in field.auxiliary
    )


def highest(field: Field, number: int, allowed: Truths) -> int:
    """Return what no allocation exceeds under a restriction."""
    own = field.losses[:, field.block(number)][:, allowed]
    return int((field.exact - own.min(axis=1)).min()) // field.unit


def _open(
    field: Field, number: int, allowed: Truths, least: int
) -> tuple[list[int] | None, list[Integers]]:
    """Return the choices that are settled, and what is left to choose in the other blocks.

    The settled choices are ``None`` if some block has no choice left.
    """
    own = field.block(number)
    cheapest = field.losses[:, own][:, allowed].min(axis=1)
    bearable = field.exact - least * field.unit
    kept = (field.losses <= (bearable - cheapest)[:, None]).all(axis=0)
    kept[own] = allowed & (field.losses[:, own] <= bearable[:, None]).all(axis=0)
    counts = np.add.reduceat(kept.astype(np.int64), field.start[:-1])
    if not counts.all():
        return None, []
    fixed = np.flatnonzero(kept & np.repeat(counts == 1, np.diff(field.start))).tolist()
    open_ = [
        np.flatnonzero(kept[field.block(b)]) + field.start[b]
        for b in np.flatnonzero(counts > 1).tolist()
    ]
    spread = [int(np.ptp(field.losses[:, each], axis=1).max()) for each in open_]
    order = sorted(range(len(open_)), key=lambda n: (-spread[n], n))
    return fixed, [open_[n] for n in order]


def _trails(
    field: Field, fixed: Sequence[int], open_: Sequence[Integers], least: int, most: int = MOST
) -> list[Integers] | None:
    """Return, per open block, the choice that each listed allocation makes; ``None``: none is."""
    bearable = field.exact - least * field.unit - field.losses[:, fixed].sum(axis=1)
    for each in open_:
        bearable = bearable - field.losses[:, each].min(axis=1)
    if bearable.min() < 0:
        return None
    # Rounding every loss down in the same way only lengthens the list.
    coarser = max(0, int(bearable.max()).bit_length() - COUNTING_BITS)
    left = (bearable >> coarser).astype(np.int32)[:, None]
    steps: list[tuple[Integers, Integers]] = []
    for each in open_:
        extra = field.losses[:, each] - field.losses[:, each].min(axis=1)[:, None]
        extra = np.minimum(extra >> coarser, 1 << COUNTING_BITS).astype(np.int32)
        origins = [_bearable(left, extra[:, n]) for n in range(len(each))]
        if sum(map(len, origins)) > most:
            raise TooMany
        left = np.concatenate(
            [left.take(some, axis=1) - extra[:, n, None] for n, some in enumerate(origins)], axis=1
        )
        made = np.repeat(each, [len(some) for some in origins])
        steps.append((np.concatenate(origins), made))
    return _followed(steps, left.shape[1])


def _bearable(left: NDArray[np.int32], extra: NDArray[np.int32]) -> Integers:
    """Return the beginnings that can bear a choice under every set of multipliers."""
    fits = np.arange(left.shape[1])
    for m in np.argsort(-extra, kind="stable").tolist():
        if not extra[m]:
            break
        fits = fits[left[m].take(fits) >= extra[m]]
    return fits


def _followed(steps: Sequence[tuple[Integers, Integers]], ends: int) -> list[Integers]:
    """Follow every end back to the beginning."""
    at = np.arange(ends)
    trails: list[Integers] = []
    for origin, made in reversed(steps):
        trails.append(made[at])
        at = origin[at]
    return trails[::-1]


def _selected(
    field: Field,
    fixed: Sequence[int],
    open_: Sequence[Integers],
    trails: list[Integers],
    least: int,
) -> Nearby:
    """Return the best of the listed allocations that keep every line, drawn among equals."""
    count = len(trails[0]) if trails else 1
    listed, best = _best(field, fixed, open_, trails, least)
    if listed is None:
        return Nearby(count)
    return Nearby(count, best, listed.drawn().values())


def _best(
    field: Field,
    fixed: Sequence[int],
    open_: Sequence[Integers],
    trails: list[Integers],
    least: int,
) -> "tuple[_Listed | None, int]":
    """Return the best of the listed allocations that keep every line, and their objective."""
    count = len(trails[0]) if trails else 1
    listed = _Listed(field, fixed, open_, trails, np.arange(count))
    worth = listed.total(field.objective)
    listed, worth = listed.only(worth >= least - field.matrix.constant, worth)
    for place in listed.plain_lines():
        listed, worth = listed.only(listed.used(place) <= field.room[place], worth)
    for each in field.auxiliary:
        listed, worth = _followed_up(listed, worth, each)
    good = worth >= least - field.matrix.constant
    if not good.any():
        return None, 0
    best = int(worth[good].max())
    return listed.only(worth == best, worth)[0], best + field.matrix.constant


def _followed_up(
    listed: "_Listed", worth: Integers, auxiliary: Auxiliary
) -> "tuple[_Listed, Integers]":
    """Give an auxiliary column the least value its lines ask for, and check the other lines."""
    room = listed.field.room
    value = np.zeros(len(worth), dtype=np.int64)
    for place in auxiliary.holding:
        value = np.maximum(value, listed.used(place) - room[place])
    good = value <= auxiliary.upper
    for place, coefficient in auxiliary.lines:
        good &= listed.used(place) + coefficient * value <= room[place]
    return listed.only(good, worth + auxiliary.objective * value)


@dataclass(frozen=True, slots=True, eq=False)
class _Listed:
    """Allocations as rows of choices: the settled ones and, per open block, one each."""

    field: Field
    fixed: Sequence[int]
    open: Sequence[Integers]
    trails: Sequence[Integers]
    rows: Integers

    def only(self, good: Truths, worth: Integers) -> "tuple[_Listed, Integers]":
        """Keep some of the allocations, and what they are worth."""
        if good.all():
            return self, worth
        kept = _Listed(
            self.field,
            self.fixed,
            self.open,
            [trail[good] for trail in self.trails],
            self.rows[good],
        )
        return kept, worth[good]

    def total(self, of_choice: Integers) -> Integers:
        """Sum a figure of the choices over every allocation."""
        result = np.full(len(self.rows), of_choice[list(self.fixed)].sum(), dtype=np.int64)
        for trail, choices in zip(self.trails, self.open, strict=True):
            if of_choice[choices].any():
                result += of_choice[trail]
        return result

    def used(self, place: int) -> Integers:
        """Return how much of a line each allocation uses."""
        return self.total(self.field.usage[:, place])

    def plain_lines(self) -> Iterator[int]:
        """Yield the lines without auxiliary columns that some allocation could break."""
        usage = self.field.usage
        most = usage[list(self.fixed)].sum(axis=0)
        for choices in self.open:
            most = most + usage[choices].max(axis=0)
        others = {
            place
            for each in self.field.auxiliary
            for place in (*each.holding, *(n for n, _ in each.lines))
        }
        for place in np.flatnonzero(most > self.field.room).tolist():
            if place not in others:
                yield place

    def values(self) -> tuple[int, ...]:
        """Return the first of the allocations, by matrix column."""
        values = [0] * self.field.matrix.size
        for choice in (*self.fixed, *(int(trail[0]) for trail in self.trails)):
            for j in self.field.choices[choice]:
                values[j] = 1
        return complete(self.field.matrix, values)

    def differing(self) -> frozenset[int]:
        """Return the places in the lottery whose outcome is not the same in all of them."""
        found: set[int] = set()
        for trail in self.trails:
            outcomes = [set(self.field.outcomes[choice]) for choice in np.unique(trail).tolist()]
            common = set.intersection(*outcomes)
            found |= {place for each in outcomes for place, _ in each - common}
        return frozenset(found)

    def drawn(self) -> "_Listed":
        """Keep the allocation the lottery selects: awards in its order, then packages."""
        left: _Listed = self
        makers: dict[tuple[int, int], list[int]] = {}
        packages = list(Package)
        for choices in self.open:
            for choice in choices.tolist():
                for rank, package in self.field.outcomes[choice]:
                    makers.setdefault((rank, -1), []).append(choice)
                    makers.setdefault((rank, packages.index(package)), []).append(choice)
        questions = sorted(makers, key=lambda each: (each[1] >= 0, *each))
        for question in questions:
            if len(left.rows) == 1:
                break
            wanted = np.array(makers[question])
            having = np.zeros(len(left.rows), dtype=bool)
            for trail, choices in zip(left.trails, left.open, strict=True):
                if np.isin(choices, wanted).any():
                    having |= np.isin(trail, wanted)
            if having.any():
                left = left.only(having, left.rows)[0]
        return left
