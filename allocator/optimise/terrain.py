"""A matrix as arrays over whole choices, with the prices at which its lines are looked at.

Lines come in two kinds. *Counts* take few values (awards by gender or region, a person's awards):
they are followed exactly. *Money* takes many: what is used of it is priced, at several prices.
Every price is rounded to an integer, so that every bound computed from it holds (weak duality).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor, log2

import numpy as np
from numpy.typing import NDArray

from allocator.model import POINT, Package
from allocator.optimise.blocks import Blocks
from allocator.optimise.matrix import Holds, Line, Matrix, holds_of
from allocator.optimise.programme import Column, Programme
from allocator.optimise.reduce import MONEY_ROWS

type Integers = NDArray[np.int64]
type Truths = NDArray[np.bool_]
type Floats = NDArray[np.float64]

LARGEST_BITS = 60
"""No sum may need more bits than this."""

FEW_VALUES = 6
"""Lines whose use by a choice takes at most so many values are counted."""

COUNT_STEPS = (1.0, 2.0)
"""How far a count's price is moved: the points by which its typical use gets dearer or cheaper."""

MONEY_FACTORS = (0.9, 1.1, 0.75, 1.3, 0.5, 1.7, 0.25, 2.5)
MONEY_STEPS = (0.5, 2.0, 6.0)
"""How money's price is moved: by a factor, or from nothing by points per typical use."""

FARTHEST = 10
"""Prices whose bound is looser than the relaxation's by more points than this are left out."""

MOST_COUNTED = 30
"""Counted lines up to which a large programme has few enough states to be followed; with several
meetings it has more lines."""

MOST_SETS = 40
MOST_PRICES = 12
MOST_LINES = 1000
MOST_CELLS = 20_000_000
"""Choices times lines of the largest programme that is looked at in this way."""


@dataclass(frozen=True, slots=True)
class Helper:
    """A column whose value follows: the least that its ``holding`` lines ask for.

    ``lines`` are the other lines it stands in, with its coefficient.
    """

    upper: int
    objective: int
    holding: tuple[int, ...]
    lines: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """C choices in B blocks, R lines of which the first ``counts`` are counted, the rest money.

    ``lines`` (R) are their numbers in the matrix; of money, those that vary most come first.
    ``start`` (B + 1) are the blocks' first choices;
    ``objective`` (C); ``usage`` (C, R); ``room`` (R). Prices come in S sets over all lines
    (``weights``, (S, R)); ``gains`` (S, C) is what a choice is worth at them and ``rest`` (S) what
    they prove beside the choices' gains, both in 1/``unit`` of the objective. The first K sets
    price money differently, the others as the first does: ``priced`` (S) names the one of the K.
    ``bare`` (K, C) and ``bare_rest`` (K) are the same figures where only money is priced.
    ``steady`` (R) lines take nothing from helpers, ``strict`` (R) lines cannot be eased by one.
    ``outcomes`` are the places in the lottery of what a choice awards. ``holds`` are the matrix's.
    """

    matrix: Matrix
    holds: Holds
    choices: tuple[tuple[int, ...], ...]
    lines: tuple[int, ...]
    start: Integers
    objective: Integers
    usage: Integers
    room: Integers
    counts: int
    helpers: tuple[Helper, ...]
    weights: Integers
    priced: Integers
    gains: Integers
    rest: Integers
    bare: Integers
    bare_rest: Integers
    unit: int
    steady: Truths
    strict: Truths
    outcomes: tuple[tuple[int, ...], ...]

    def block(self, number: int) -> slice:
        """Return where the choices of a block are."""
        return slice(int(self.start[number]), int(self.start[number + 1]))

    def blocks_of(self, choices: Sequence[int] | Integers) -> Integers:
        """Return the numbers of the blocks that choices belong to."""
        numbers: Integers = np.searchsorted(self.start, choices, side="right") - 1
        return numbers


def terrain_of(
    programme: Programme,
    matrix: Matrix,
    blocks: Blocks,
    multipliers: Sequence[float],
    rank: Mapping[str, int],
    others: Sequence[Sequence[float]] = (),
    *,
    packages: bool = False,
    kept: Collection[int] = (),
) -> Terrain | None:
    """Return the terrain of a matrix, or ``None`` if it is too large or does not fit in 64 bits.

    Parameters
    ----------
    programme, matrix, blocks
        What is looked at; every award column belongs to a block.
    multipliers : sequence of float
        One per line of the matrix, as the relaxation gives them.
    rank : mapping
        Each application's place in the lottery, from 0.
    others : sequence of sequences of float
        More multipliers to look at it with.
    packages : bool
        Whether the lottery goes on to the packages: of two allocations that award the same
        applications it then selects the one whose first difference is the larger package.
    kept : collection of int
        Lines of the matrix, by number, that are looked at though every allocation keeps them.
    """
    choices = tuple(choice for block in blocks.blocks for choice in block.choices)
    start = np.cumsum([0, *(len(block.choices) for block in blocks.blocks)], dtype=np.int64)
    linking = sorted({*_binding(matrix, blocks), *kept})
    if len(choices) * len(linking) > MOST_CELLS:
        return None
    usage = _usage(matrix, choices, linking)
    loose = frozenset(blocks.loose)
    shared = [
        place
        for place, n in enumerate(linking)
        if n in kept
        or not loose.isdisjoint(matrix.lines[n].columns)
        or _most(usage[:, place], start) > matrix.lines[n].bound
    ]
    if len(shared) > MOST_LINES:
        return None
    helpers = _helpers(matrix, blocks, [linking[place] for place in shared])
    if helpers is None:
        return None
    money = [matrix.lines[linking[place]].name.startswith(MONEY_ROWS) for place in shared]
    values = [len(np.unique(usage[:, place])) for place in shared]
    counted = _counted(values, money, helpers)
    # What varies most comes first among the lines of money: it tells beginnings apart best.
    paid = sorted(np.flatnonzero(~counted).tolist(), key=lambda place: -values[place])
    order = [*np.flatnonzero(counted).tolist(), *paid]
    lines = [linking[shared[place]] for place in order]
    helpers = _reordered(helpers, order)
    room = np.array([matrix.lines[n].bound for n in lines], dtype=np.int64)
    objective = np.array([sum(matrix.objective[j] for j in c) for c in choices], dtype=np.int64)
    usage = np.ascontiguousarray(usage[:, [shared[place] for place in order]])
    first, *more = (
        np.array([max(0.0, each[n]) for n in lines], dtype=np.float64)
        for each in (multipliers, *others)
    )
    counts = int(counted.sum())
    lens = _Lens(objective, usage, room, start, helpers, POINT * programme.scale)
    sets, priced = lens.around(first, more, counts)
    unit = lens.unit(sets, matrix.constant)
    if unit is None:
        return None
    weights = np.rint(sets * unit).astype(np.int64)
    gains, rest = lens.proven(weights, matrix.constant, unit, helpers)
    of_money = weights[: int(priced.max()) + 1].copy()
    of_money[:, :counts] = 0
    dear = [each for each in helpers if any(place >= counts for place in each.holding)]
    bare, bare_rest = lens.proven(of_money, matrix.constant, unit, dear)
    columns = [programme.columns[position] for position in matrix.origin]
    return Terrain(
        matrix=matrix,
        holds=holds_of(matrix),
        choices=choices,
        lines=tuple(lines),
        start=start,
        objective=objective,
        usage=usage,
        room=room,
        counts=counts,
        helpers=helpers,
        weights=weights,
        priced=priced,
        gains=gains,
        rest=rest,
        bare=bare,
        bare_rest=bare_rest,
        unit=unit,
        steady=_lines(len(room), (p for h in helpers for p, _ in h.lines)),
        strict=_lines(
            len(room),
            (p for h in helpers for p in (*h.holding, *(p for p, c in h.lines if c < 0))),
        ),
        outcomes=tuple(
            tuple(_places([columns[j] for j in choice], rank, packages=packages))
            for choice in choices
        ),
    )


def _places(columns: Iterable[Column], rank: Mapping[str, int], *, packages: bool) -> Iterator[int]:
    """Yield the places of awards in the lottery; those of their packages come after all awards."""
    largest = (Package.FULL, Package.TICKET)
    for column in columns:
        if column.package is None:
            continue
        place = rank[column.application]
        yield place
        if packages and column.package in largest:
            yield len(rank) + len(largest) * place + largest.index(column.package)


def _binding(matrix: Matrix, blocks: Blocks) -> list[int]:
    """Return the linking lines without those of one block alone that all its choices keep."""
    home = {j: number for number, block in enumerate(blocks.blocks) for j in block.columns}
    return [
        n
        for n in blocks.linking
        if len(numbers := {home.get(j, -1) for j in matrix.lines[n].columns}) != 1
        or (number := numbers.pop()) < 0
        or not _kept(matrix.lines[n], blocks.blocks[number].choices)
    ]


def _kept(line: Line, choices: Iterable[Sequence[int]]) -> bool:
    """Tell whether every choice keeps a line."""
    use = dict(zip(line.columns, line.coefficients, strict=True))
    return all(sum(use.get(j, 0) for j in choice) <= line.bound for choice in choices)


def _lines(count: int, without: Iterable[int]) -> Truths:
    """Return which of so many lines are not among some."""
    found = np.ones(count, dtype=bool)
    found[list(without)] = False
    return found


def _usage(matrix: Matrix, choices: Sequence[tuple[int, ...]], linking: Sequence[int]) -> Integers:
    columns = np.zeros((matrix.size, len(linking)), dtype=np.int64)
    for place, n in enumerate(linking):
        columns[list(matrix.lines[n].columns), place] = matrix.lines[n].coefficients
    usage = np.zeros((len(choices), len(linking)), dtype=np.int64)
    for number, choice in enumerate(choices):
        usage[number] = columns[list(choice)].sum(axis=0)
    return usage


def _most(usage: Integers, start: Integers) -> int:
    """Return the most that the choices of all blocks together can use of a line."""
    return int(np.maximum.reduceat(usage, start[:-1]).sum())


def _helpers(matrix: Matrix, blocks: Blocks, lines: Sequence[int]) -> tuple[Helper, ...] | None:
    """Return the auxiliary columns of the lines; ``None`` if one depends on another."""
    held: set[int] = set()
    found = []
    for j in blocks.loose:
        holding, others = [], []
        for place, n in enumerate(lines):
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
        found.append(Helper(matrix.upper[j], matrix.objective[j], tuple(holding), tuple(others)))
    if any(place in held for each in found for place, _ in each.lines):
        return None
    return tuple(found)


def _counted(values: Sequence[int], money: Sequence[bool], helpers: Sequence[Helper]) -> Truths:
    """Tell which lines are counted: they take few values, and so do all of their helper's lines."""
    few = [count <= FEW_VALUES and not dear for count, dear in zip(values, money, strict=True)]
    counted: Truths = np.array(few, dtype=bool)
    while True:
        before = counted.copy()
        for each in helpers:
            places = [*each.holding, *(place for place, _ in each.lines)]
            if not counted[places].all():
                counted[places] = False
        if (before == counted).all():
            return counted


def _reordered(helpers: Sequence[Helper], order: Sequence[int]) -> tuple[Helper, ...]:
    place = {old: new for new, old in enumerate(order)}
    return tuple(
        Helper(
            each.upper,
            each.objective,
            tuple(place[p] for p in each.holding),
            tuple((place[p], c) for p, c in each.lines),
        )
        for each in helpers
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Lens:
    """The arrays of a terrain before prices are chosen."""

    objective: Integers
    usage: Integers
    room: Integers
    start: Integers
    helpers: tuple[Helper, ...]
    point: int

    def around(self, first: Floats, more: Sequence[Floats], counts: int) -> tuple[Floats, Integers]:
        """Return the given multipliers and useful ones around them, and which price money alike."""
        reduced = self.objective - self.usage @ first
        losses = np.repeat(np.maximum.reduceat(reduced, self.start[:-1]), np.diff(self.start))
        near = losses - reduced <= 8 * self.point
        base = self._bound(first)
        counted: list[tuple[float, int, Floats]] = []
        money: list[tuple[float, int, Floats]] = []
        for place, (kind, moved) in enumerate(self._moved(first, near, counts)):
            looser = self._bound(moved) - base
            if looser <= FARTHEST * self.point:
                (counted if kind else money).append((looser, place, moved))
        counted = sorted(counted, key=lambda each: each[:2])[:MOST_SETS]
        money = sorted(money, key=lambda each: each[:2])[: MOST_PRICES - 1]
        dear = [first, *more, *(each[2] for each in money)]
        sets = np.array([*dear, *(each[2] for each in counted)])
        return sets, np.array([*range(len(dear)), *(0 for _ in counted)], dtype=np.int64)

    def _moved(self, first: Floats, near: Truths, counts: int) -> "list[tuple[bool, Floats]]":
        """Return multipliers with one line's moved, each with whether that line is counted."""
        found = []
        for place in range(len(self.room)):
            used = self.usage[near, place]
            typical = float(np.abs(used).mean()) if len(used) else 0.0
            if not typical or np.ptp(used) == 0:
                continue
            step = self.point / typical
            if place < counts:
                to = [first[place] + s * sign * step for s in COUNT_STEPS for sign in (1, -1)]
            elif first[place] * typical > self.point / 4:
                to = [first[place] * factor for factor in MONEY_FACTORS]
            else:
                to = [first[place] + s * step for s in MONEY_STEPS]
            for value in dict.fromkeys(max(0.0, each) for each in to):
                if value != first[place]:
                    moved = first.copy()
                    moved[place] = value
                    found.append((place < counts, moved))
        return found

    def _bound(self, multipliers: Floats) -> float:
        """Return the bound in floats: only to choose multipliers by."""
        reduced = self.objective - self.usage @ multipliers
        best = np.maximum.reduceat(reduced, self.start[:-1])
        helped = sum(
            max(0.0, self._reduced(each, multipliers)) * each.upper for each in self.helpers
        )
        return float(best.sum() + self.room @ multipliers + helped)

    @staticmethod
    def _reduced(helper: Helper, multipliers: Floats) -> float:
        held = sum(float(multipliers[place]) for place in helper.holding)
        return helper.objective + held - sum(c * float(multipliers[p]) for p, c in helper.lines)

    def unit(self, sets: Floats, constant: int) -> int | None:
        """Return the finest unit in which every sum fits in 64 bits, ``None`` if there is none."""
        lines = np.abs(self.usage).sum(axis=0) + np.abs(self.room)
        most = abs(constant) + float(np.abs(self.objective).sum()) + float((sets @ lines).max())
        for each in self.helpers:
            most += each.upper * abs(each.objective)
            for place, c in (*((p, 1) for p in each.holding), *each.lines):
                most += each.upper * abs(c) * float(sets[:, place].max())
        bits = LARGEST_BITS - floor(log2(most + 1))
        return 1 << bits if bits >= 1 else None

    def proven(
        self, weights: Integers, constant: int, unit: int, helpers: Sequence[Helper]
    ) -> tuple[Integers, Integers]:
        """Return the choices' gains at these weights, and what else they prove."""
        gains = (self.objective * unit)[None, :] - weights @ self.usage.T
        rest = constant * unit + weights @ self.room
        for each in (h for h in helpers if h.upper):
            reduced = np.full(len(weights), each.objective * unit, dtype=np.int64)
            for place in each.holding:
                reduced += weights[:, place]
            for place, c in each.lines:
                reduced -= c * weights[:, place]
            rest = rest + np.maximum(0, reduced) * each.upper
        return np.ascontiguousarray(gains), rest
