"""Every allocation within a small distance of a bound, found by going through them all.

Few allocations fall short of the bound by little, so all that are worth at least a given objective
can be listed: block by block, dropping every beginning that some set of multipliers proves too
costly already. The list answers at once what is best, what is equally good, and which of these the
lottery selects.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allocator.model import Package
from allocator.optimise.field import Auxiliary, Field, Integers, Truths
from allocator.optimise.matrix import complete

COUNTING_BITS = 29
"""Losses are counted with so many bits while listing."""


class TooMany(Exception):
    """There are more allocations near the bound than can be listed."""


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
    ceiling = int(field.exact.min()) // field.unit
    span = ceiling - _lowest(field)
    distance = min(first, span)
    while True:
        try:
            found = optima_worth(field, ceiling - distance, most)
        except TooMany:
            return None
        if found is not None or distance >= span:
            return found
        distance = min(span, distance + distance // 3 + 1)


def optima_worth(field: Field, least: int, most: int) -> Optima | None:
    """Return what is best, from a list of all allocations worth so much; ``None``: none is.

    Raises
    ------
    TooMany
        If the list grew too long.
    """
    fixed, open_ = _open(field, least)
    trails = None if fixed is None else _trails(field, fixed, open_, least, most)
    if fixed is None or trails is None:
        return None
    listed, best = _best(field, fixed, open_, trails, least)
    if listed is None:
        return None
    return Optima(best, listed.drawn().values(), listed.differing())


def _lowest(field: Field) -> int:
    """Return what no allocation falls short of."""
    least = np.minimum.reduceat(field.objective, field.start[:-1]).sum()
    return int(least + field.matrix.constant) + sum(
        min(0, each.objective) * each.upper for each in field.auxiliary
    )


def _open(field: Field, least: int) -> tuple[list[int] | None, list[Integers]]:
    """Return the choices that are settled, and what is left to choose in the other blocks.

    The settled choices are ``None`` if some block has no choice left.
    """
    bearable = field.exact - least * field.unit
    kept = (field.losses <= bearable[:, None]).all(axis=0)
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
    field: Field, fixed: Sequence[int], open_: Sequence[Integers], least: int, most: int
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
