"""Multipliers become a bound that holds, in integers: weak duality needs no faith in a solver.

For multipliers y >= 0 of the linking lines ``A x <= b``, every solution is worth at most
``y·b + Σ_blocks max over choices of (c - y·A) + Σ_loose max(0, c - y·A)·upper``. Rounding y changes
how tight the bound is, never its truth (Lagrangian relaxation; Geoffrion, 1974).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import gcd

from allocator.optimise.blocks import Blocks
from allocator.optimise.matrix import Matrix

UNIT = 1 << 40
"""Multipliers are integers over this power of two."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What multipliers prove about a matrix.

    No solution exceeds ``ceiling`` (objective units, constant included). ``exact`` is the bound
    times ``UNIT`` before rounding down. ``losses`` says, per block and choice and times ``UNIT``,
    how far ``exact`` falls at least if that choice is made (0 for the favoured one); ``reduced``
    are the columns' own reduced costs times ``UNIT``, of use for loose columns.
    """

    blocks: Blocks
    ceiling: int
    exact: int
    losses: tuple[tuple[int, ...], ...]
    reduced: tuple[int, ...]

    def room(self, least: int) -> int:
        """Return the loss that a solution of objective ``least`` or better can bear."""
        return self.exact - least * UNIT


def bound_of(matrix: Matrix, blocks: Blocks, multipliers: Sequence[float]) -> Bound:
    """Return the integer bound that one multiplier per line of the matrix proves."""
    reduced = [c * UNIT for c in matrix.objective]
    exact = matrix.constant * UNIT
    for n in blocks.linking:
        weight = round(max(0.0, multipliers[n]) * UNIT)
        if weight:
            line = matrix.lines[n]
            exact += weight * line.bound
            for j, c in zip(line.columns, line.coefficients, strict=True):
                reduced[j] -= weight * c
    exact += sum(max(0, reduced[j]) * matrix.upper[j] for j in blocks.loose)
    losses = []
    for block in blocks.blocks:
        prices = [sum(reduced[j] for j in choice) for choice in block.choices]
        best = max(prices)
        exact += best
        losses.append(tuple(best - price for price in prices))
    step = reduce(gcd, matrix.objective, 0) or 1
    above = exact // UNIT - matrix.constant
    ceiling = matrix.constant + above // step * step
    return Bound(blocks, ceiling, exact, tuple(losses), tuple(reduced))


def settled(matrix: Matrix, bound: Bound, least: int) -> dict[int, int]:
    """Return the columns (and values) that every solution of objective >= ``least`` agrees on."""
    room = bound.room(least)
    fixed = dict(loose_settled(matrix, bound, room))
    for block, losses in zip(bound.blocks.blocks, bound.losses, strict=True):
        left = [
            frozenset(choice)
            for choice, loss in zip(block.choices, losses, strict=True)
            if loss <= room
        ]
        some = frozenset[int]().union(*left)
        every = left[0].intersection(*left[1:]) if left else frozenset[int]()
        fixed.update({j: 0 for j in block.columns if j not in some})
        fixed.update({j: 1 for j in block.columns if j in every})
    return fixed


def loose_settled(matrix: Matrix, bound: Bound, room: int) -> dict[int, int]:
    """Return the loose award columns whose reduced cost alone exceeds what may be lost."""
    return {
        j: matrix.upper[j] if bound.reduced[j] > 0 else 0
        for j in bound.blocks.loose
        if not matrix.follows[j] and abs(bound.reduced[j]) > room
    }
