"""A matrix as arrays over whole choices, seen through several sets of multipliers.

Seen through multipliers, an allocation falls short of a bound by the sum of its choices' losses and
of what it leaves unused. Each set is rounded to integers, so every bound holds (weak duality).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, log2

import numpy as np
from numpy.typing import NDArray

from allocator.model import POINT, Package
from allocator.optimise.blocks import Blocks
from allocator.optimise.matrix import Matrix
from allocator.optimise.programme import Programme

type Integers = NDArray[np.int64]
type Truths = NDArray[np.bool_]

LARGEST_BITS = 60
"""No sum may need more bits than this."""

STEPS = (0.5, 2.0)
"""How far a multiplier is moved: the points by which the typical use of its line gets dearer."""

FARTHEST = 12
"""Multipliers whose bound is looser than the relaxation's by more points than this are left out."""

MOST_SETS = 48
MOST_CELLS = 20_000_000
"""Choices times lines of the largest programme that is looked at in this way."""


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
