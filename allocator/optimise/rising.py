"""The least extra money with which the method awards applications, for many of them together.

More money may help rivals too, and what helps at one amount need not at a larger one. So the money
goes up in steps. Of a step every allocation is followed that fits in its last amount and is worth
at least what the best was worth before it; those are kept that need less, are worth more or are
drawn earlier than others. They tell for every amount of the step what the method selects, and what
it would select of all that awards an application: where that is the same, the application is
awarded.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np

from allocator.model import POINT
from allocator.optimise.beginnings import (
    MOST_BEGINNINGS,
    Beginnings,
    Trail,
    begun,
    keys_of,
    spending,
)
from allocator.optimise.branches import (
    Back,
    Case,
    Ends,
    Tree,
    goals_of,
    grown,
    looking_back,
    tree_later,
    tree_of,
)
from allocator.optimise.engine import relax
from allocator.optimise.layers import Later, TooMany, highest
from allocator.optimise.matrix import Matrix
from allocator.optimise.needing import Wants, awarding
from allocator.optimise.terrain import MOST_COUNTED, Integers, Terrain, Truths, terrain_of
from allocator.optimise.together import best_of_all, case_of, ended, scarce_in, walked
from allocator.optimise.watch import Stopped

FIRST = 4
"""The first step is the money that is worth so many points."""

MOST_FOLLOWED = 20_000, 100_000, MOST_BEGINNINGS
"""Beginnings followed at once; where there are more, the step is halved, and if that does not help,
is made with as many as are next."""

FEW = 10
"""After a step with no more than one part in so many of them the next is twice as large, after one
with no more than so many eight times."""

WORK = 75
"""Choices looked at in a step, by the beginnings that are followed at once: as with those. A step
made in vain counts for a third of that."""

MOST_HALVED = 3
"""Times in a row that a step is halved before more is followed."""

NEARER, FARTHER = 5, 20
"""After a step in vain the next ones go nearer by one part in so many, and from each to the next
farther again."""


@dataclass(frozen=True, slots=True)
class Least:
    """The least extra money (minor units) with which an application is awarded.

    ``None``: it never is. If not ``settled`` it is not awarded with this amount, nor with less.
    """

    amount: int | None
    settled: bool = True


def amounts(
    wants: Wants,
    applications: Collection[str],
    objective: int,
    over: Callable[[], bool],
    *,
    patience: int | None = None,
) -> dict[str, Least]:
    """Return the least extra money with which each of some applications is awarded.

    Parameters
    ----------
    wants : Wants
        What is looked at.
    applications : collection of str
        Applications that are declined without extra money.
    objective : int
        What the best allocation is worth without extra money, in units of the objective.
    over : callable
        Asked whether to stop.
    patience : int, optional
        About how many choices are looked at before no further step is made: a count, so that the
        same round has the same answer on every machine.
    """
    found = {each: Least(None) for each in applications if each not in wants.home}
    left = [each for each in applications if each not in found]
    low, work, pace = 0, 0, _Pace(_first_step(wants), MOST_FOLLOWED[0])
    money = lru_cache(2)(lambda amount: _money(wants, amount))
    while left and low < wants.most and not over():
        if patience is not None and work >= patience:
            break
        high = min(wants.most, low + pace.step)
        terrain = _terrain(wants, money(low), money(high))
        if terrain is None or terrain.counts > MOST_COUNTED:
            break
        above = highest(terrain, 0, _anything(terrain))
        assert above is not None  # something is always allowed
        try:
            made = _step(wants, terrain, high - low, left, objective, over, pace.most)
        except TooMany:
            work += WORK * pace.most // 3
            if not pace.in_vain(above - objective):
                break
            continue
        if made is None:
            break
        found |= {each: Least(low + need) for each, need in made.needs.items()}
        left = [each for each in left if each not in found]
        low, objective, work = high, made.objective, work + made.work
        pace.made(made.followed, above - objective, Fraction(_price(wants, terrain), terrain.unit))
    settled = low == wants.most
    return found | {each: Least(None if settled else low, settled) for each in left}


@dataclass(slots=True)
class _Pace:
    """How much money the next step brings, and how many beginnings are followed in it at ``most``.

    They multiply with the distance between what its last amount is worth at most and what the best
    is worth without it. So after a step in vain the next ones stay ``near``.
    """

    step: int
    most: int
    halved: int = 0
    near: int | None = None

    def in_vain(self, distance: int) -> bool:
        """Make the next step smaller or follow more; tell whether that is still possible."""
        self.near = distance - distance // NEARER
        self.step, self.halved = max(1, self.step // 2), self.halved + 1
        if self.halved > MOST_HALVED:
            more = [each for each in MOST_FOLLOWED if each > self.most]
            if not more:
                return False
            self.step <<= self.halved
            self.most, self.halved, self.near = more[0], 0, None
        return True

    def made(self, followed: int, distance: int, price: Fraction) -> None:
        """Learn from a step: ``distance`` is left of its own, a unit of money adds ``price``."""
        self.halved = 0
        wider = self.step * (8 if followed <= FEW else 2 if followed <= self.most // FEW else 1)
        if self.near is not None and price:
            wider = min(wider, max(1, self.step // 2, int((self.near - distance) / price)))
            self.near += self.near // FARTHER
        self.step = wider


def _first_step(wants: Wants) -> int:
    price = _price(wants, wants.terrain)
    point = POINT * wants.programme.scale * wants.terrain.unit
    return max(1, FIRST * point // price) if price else wants.most


def _price(wants: Wants, terrain: Terrain) -> int:
    """Return what a unit of money is worth, in 1/``unit`` of the objective."""
    raised = _raised(wants)
    places = [place for place, n in enumerate(terrain.lines) if n in raised]
    return int(terrain.weights[0][places].sum())


def _raised(wants: Wants) -> frozenset[int]:
    """Return the lines that may have more money, by number in the matrix."""
    return frozenset(wants.terrain.lines[place] for place in wants.places.tolist())


def _money(wants: Wants, amount: int) -> tuple[Matrix, Sequence[float]]:
    """Return the matrix with so much more money, and its relaxation's multipliers."""
    matrix, raised = wants.terrain.matrix, _raised(wants)
    lines = (
        replace(line, bound=line.bound + amount) if n in raised else line
        for n, line in enumerate(matrix.lines)
    )
    more = replace(matrix, lines=tuple(lines))
    return more, relax(more).multipliers


def _terrain(
    wants: Wants, low: tuple[Matrix, Sequence[float]], high: tuple[Matrix, Sequence[float]]
) -> Terrain | None:
    """Return the terrain with the larger amount, looked at with the prices of both."""
    matrix, multipliers = high
    return terrain_of(
        wants.programme,
        matrix,
        wants.blocks,
        multipliers,
        wants.rank,
        [low[1]],
        packages=True,
        kept=_raised(wants),
    )


# --- one step -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Step:
    """What a step finds: who is awarded with how much of it, and what its last amount is worth.

    ``followed`` is how many beginnings there were at most, ``work`` the choices looked at.
    """

    needs: Mapping[str, int]
    objective: int
    followed: int
    work: int


def _step(
    wants: Wants,
    terrain: Terrain,
    more: int,
    applications: Iterable[str],
    objective: int,
    over: Callable[[], bool],
    most: int,
) -> _Step | None:
    """Make a step of so much more money; ``None`` if it was over."""
    every = case_of(terrain, 0, _anything(terrain), objective)
    asked = {
        each: case
        for each in applications
        if (case := case_of(terrain, wants.home[each], awarding(wants, each), objective))
        and case.above >= objective
    }
    if every is None:
        return None
    if not asked:
        best = best_of_all(terrain, [every], POINT * wants.programme.scale // 4, over).get(every)
        return None if best is None else _Step({}, best.objective, 0, 0)
    for case in (every, *asked.values()):
        case.goal = objective
    low = _less(terrain, _raised(wants), more)
    try:
        followed = _followed(terrain, low, [every, *asked.values()], over, most)
    except Stopped:
        return None
    needs = {
        each: int(own[0])
        for number, each in enumerate(asked, start=1)
        if len(own := followed.alike(number))
    }
    return _Step(needs, followed.best, followed.size, followed.work)


def _anything(terrain: Terrain) -> Truths:
    """Return the choices of the first block: all are allowed."""
    return np.ones(terrain.block(0).stop, dtype=bool)


def _less(terrain: Terrain, raised: Collection[int], less: int) -> Terrain:
    """Return a terrain with so much less money in some lines."""
    room = terrain.room.copy()
    room[[place for place, n in enumerate(terrain.lines) if n in raised]] -= less
    return replace(terrain, room=room)


@dataclass(frozen=True, slots=True, eq=False)
class _Followed:
    """Allocations that were followed to the end, those that need least first.

    ``number`` (N) is the case, ``need`` (N) what is needed of the step's money, ``rank`` (N) the
    order by worth and then by the lottery. ``best`` is what the best of all is worth; ``size`` and
    ``work`` are as in ``_Step``.
    """

    number: Integers
    need: Integers
    rank: Integers
    best: int
    size: int
    work: int

    def alike(self, number: int) -> Integers:
        """Return the amounts beyond 0 from which on a case's best is what is selected of all."""
        need, rank = self._best(number)
        amount, best = self._best(0)
        same: Truths = rank == best[np.searchsorted(amount, need, side="right") - 1]
        return need[same & (need > 0)]

    def _best(self, number: int) -> tuple[Integers, Integers]:
        """Return the amounts from which on a case's best is another, and its rank."""
        some = np.flatnonzero(self.number == number)
        need, rank = self.need[some], np.maximum.accumulate(self.rank[some])
        last = np.flatnonzero(np.diff(need, append=-1))
        return need[last], rank[last]


def _followed(
    terrain: Terrain,
    low: Terrain,
    cases: Sequence[Case],
    over: Callable[[], bool],
    most: int,
) -> _Followed:
    """Follow all that is worth the goals; ``low`` is the terrain without the step's money.

    Raises
    ------
    TooMany
        If there are more states or beginnings than are looked at.
    Stopped
        If it was over.
    """
    tree = tree_of(terrain, cases)
    assert tree is not None  # what is best without this step's money is worth the goal
    goals = goals_of(tree)
    backs = looking_back(terrain, tree, grown(terrain, tree, over), goals)
    found: list[Integers] = []
    sizes: list[int] = []

    def begin(blocks: Sequence[Sequence[Integers]]) -> tuple[Beginnings, list[Trail]]:
        trails = _trails(terrain, low, tree, blocks)
        start = begun(trails[0], tree.fixed)
        fixed = trails[0].keys.take(tree.fixed, axis=1)
        start.key = np.bitwise_or.reduce(fixed, axis=1, keepdims=True)
        return start, trails

    def end(trail: Trail, ends: Ends, back: Back, now: Beginnings) -> None:
        found.append(_ended(trail, low, ends, back, now, goals))
        sizes.append(len(now.state))

    _, work = walked(tree, backs, begin, end, over=over, most=most, most_work=WORK * most)
    case, need, worth, *keys = np.concatenate(found, axis=1)
    figures = np.array((*keys[::-1], worth))
    order = np.lexsort(figures)
    rank = np.zeros(len(case), dtype=np.int64)
    rank[order[1:]] = np.cumsum((figures[:, order[1:]] != figures[:, order[:-1]]).any(axis=0))
    numbers = np.array([cases.index(each) for each in tree.cases], dtype=np.int64)
    order = np.argsort(need, kind="stable")
    return _Followed(
        numbers[case[order]], need[order], rank[order], int(worth.max()), max(sizes), work
    )


def _trails(
    terrain: Terrain,
    low: Terrain,
    tree: Tree,
    blocks: Sequence[Sequence[Integers]],
) -> list[Trail]:
    """Return trails on which what is beyond the low room is spent as little as can be."""
    lines = scarce_in(terrain, tree, blocks, low.room)
    later = tree_later(terrain, tree, blocks, lines)
    beyond = (terrain.room - low.room)[lines, None]
    # What is drawn is compared between cases, so settled choices that a case replaces have keys.
    asked = np.array([case.number for case in tree.cases])
    replaced = tree.fixed[np.isin(terrain.blocks_of(tree.fixed), asked)]
    open_ = [c for own in blocks for c in own if len(c) > 1]
    told = np.unique(np.concatenate([replaced, *(case.choices for case in tree.cases)]))
    keys = keys_of(terrain, [*open_, told])
    usage = spending(terrain, lines)
    return [
        Trail(terrain, 0, lines, usage, Later(each.safe - beyond, each.most), keys)
        for each in later
    ]


def _ended(
    trail: Trail, low: Terrain, ends: Ends, back: Back, now: Beginnings, goals: Integers
) -> Integers:
    """Return the allocations followed to the end: rows of case, need, worth and key."""
    done = ended(trail, ends, back, now, goals)
    if done is None:
        return np.zeros((3 + len(trail.keys), 0), dtype=np.int64)
    more = trail.terrain.room[trail.lines] > low.room[trail.lines]
    beyond = done.spent[more] - low.room[trail.lines[more]][:, None]
    need = np.maximum(0, beyond).max(axis=0, initial=0)
    instead = ends.instead[done.end]
    key = now.key.take(done.at, axis=1)
    key &= ~(trail.keys.take(instead, axis=1) * (instead >= 0))
    key |= trail.keys.take(ends.choice[done.end], axis=1)
    return np.vstack((ends.case[done.end], need, done.worth, key))
