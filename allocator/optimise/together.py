"""The best allocations under many restrictions that the lottery selects, found together.

Everything worth so much is followed, through the branches that the restrictions share. What is
worth so much differs between them, so worth is measured from what each asks for: a beginning is
kept if it is of use to any of them. What is found for one does not depend on the others.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from allocator.optimise.beginnings import (
    Beginnings,
    Best,
    Trail,
    begun,
    dear,
    follow,
    kept_of,
    keys_of,
    made_by,
    scarce,
    spending,
    values_of,
)
from allocator.optimise.branches import (
    Back,
    Case,
    Ends,
    Tree,
    bounds_of,
    goals_of,
    grown,
    looking_back,
    thinned,
    tree_later,
    tree_of,
    tree_tails,
)
from allocator.optimise.layers import TooMany, highest, lowest, settled
from allocator.optimise.terrain import Integers, Terrain, Truths
from allocator.optimise.watch import Stopped

WIDTHS = (1000, 10_000, None)
"""Beginnings that are followed at once: few find good allocations, which leave fewer to follow."""

GROWTH = 5
"""The distance from a bound grows by one part in so many for what was not found within it; where
there was little to follow it doubles."""

LAYER = 500
"""What going through a layer counts for as work beside what is followed."""


def case_of(terrain: Terrain, number: int, allowed: Truths, floor: int | None) -> Case | None:
    """Return a restriction to allowed choices of a block; ``None`` if nothing is allowed.

    Parameters
    ----------
    terrain : Terrain
        What is looked at.
    number : int
        The block whose choices are restricted.
    allowed : array of bool
        Which of the block's choices may be made.
    floor : int, optional
        Allocations worth less are not looked for.
    """
    above = highest(terrain, number, allowed)
    if above is None:
        return None
    choices = np.flatnonzero(allowed) + terrain.start[number]
    least = lowest(terrain) if floor is None else floor
    return Case(number, choices, above, least, above)


def best_of_all(
    terrain: Terrain,
    cases: Iterable[Case],
    distance: int,
    over: Callable[[], bool],
    good: dict[Case, Best] | None = None,
    *,
    enough: int | None = None,
) -> dict[Case, Best | None]:
    """Return the best allocation of every case, drawn by the lottery among equals.

    Parameters
    ----------
    terrain : Terrain
        What is looked at.
    cases : iterable of Case
        The restrictions.
    distance : int
        About how far below the bound the best will be; what is found does not depend on it.
    over : callable
        Asked whether to stop.
    good : dict, optional
        Filled with the best allocations found on the way, whether or not there are better ones.
    enough : int, optional
        Nothing is worth more, and which of several worth so much is returned does not matter: then
        there is much less to follow.

    Returns
    -------
    dict
        What was found by case; ``None``: there is none, or none worth the floor. Cases with too
        many states or beginnings to be looked at are not in it, nor what was not found in time.
    """
    search = _Search(terrain, over, {} if good is None else good, enough)
    return _found(search, list(cases), max(1, distance))


@dataclass(frozen=True, slots=True)
class _Search:
    """Where is looked, whether to stop, the best that was found on the way, and what is enough."""

    terrain: Terrain
    over: Callable[[], bool]
    good: dict[Case, Best]
    enough: int | None

    def enough_for(self, case: Case) -> bool:
        """Tell whether what was found for a case is worth as much as anything can be."""
        best = self.good.get(case)
        return best is not None and self.enough is not None and best.objective >= self.enough


def _found(search: _Search, left: list[Case], distance: int) -> dict[Case, Best | None]:
    found: dict[Case, Best | None] = {}
    enough, quick = distance, True
    while left and not search.over():
        for case in left:
            case.goal = max(case.least, case.above - distance)
        try:
            answers, few = _within(search, left)
            found |= answers
        except Stopped:
            return found
        except TooMany:
            if enough < distance:  # it was doubled too soon
                distance, quick = enough, False
                continue
            known = {case: search.good[case] for case in left if search.enough_for(case)}
            left = [case for case in left if case not in known]
            if len(left) == 1 and not known:
                return found
            half = len(left) // 2
            parts = (_found(search, some, distance) for some in (left[:half], left[half:]))
            return found | known | {case: best for part in parts for case, best in part.items()}
        left = [case for case in left if case not in found]
        enough = distance + distance // GROWTH + 1
        distance = 2 * distance if few and quick else enough
    return found


def _within(search: _Search, cases: Sequence[Case]) -> tuple[dict[Case, Best | None], bool]:
    """Return what is worth the cases' goals; ``None`` where a case need not be looked for again.

    Tell as well whether there was so little to follow that no more than a few were left out.
    """
    terrain = search.terrain
    none = {case: None for case in cases if case.goal == case.least}
    tree = tree_of(terrain, cases)
    if tree is None:
        return {**none}, True
    layers = grown(terrain, tree, search.over)
    goals, bounds = goals_of(tree), bounds_of(terrain, tree, layers)
    possible = bounds >= goals
    if not possible.any():
        return {**none}, True
    layers = thinned(layers, looking_back(terrain, tree, layers, goals))
    # First all alike far below their bounds, so that every case has its share of the few.
    worth = np.where(possible, bounds - (bounds - goals)[possible].max(), goals)
    best: dict[int, Best] = {}
    for width in WIDTHS:
        back = looking_back(terrain, tree, layers, worth)
        followed, whole = _followed(search, tree, back, worth, width)
        best |= followed
        search.good.update((tree.cases[number], each) for number, each in followed.items())
        if whole:
            break
        worth = goals.copy()
        for number, each in best.items():
            closed = search.enough_for(tree.cases[number])
            worth[number] = max(goals[number], each.objective + closed)
    return none | {
        tree.cases[number]: each for number, each in best.items() if each.objective >= goals[number]
    }, width == WIDTHS[0]


def _followed(
    search: _Search,
    tree: Tree,
    backs: Sequence[Back | None],
    goals: Integers,
    width: int | None,
) -> tuple[dict[int, Best], bool]:
    """Return the best allocations worth the goals, by case, and whether all were followed."""
    found: dict[int, Best] = {}

    def begin(blocks: Sequence[Sequence[Integers]]) -> tuple[Beginnings, list[Trail]]:
        trails = _trails(search, tree, blocks)
        return begun(trails[0], tree.fixed), trails

    def end(trail: Trail, ends: Ends, back: Back, now: Beginnings) -> None:
        found.update(_ended(trail, tree, ends, back, now, goals))

    whole, _ = walked(tree, backs, begin, end, width=width, over=search.over)
    return found, whole


def walked(
    tree: Tree,
    backs: Sequence[Back | None],
    begin: Callable[[Sequence[Sequence[Integers]]], tuple[Beginnings, list[Trail]]],
    end: Callable[[Trail, Ends, Back, Beginnings], None],
    *,
    over: Callable[[], bool],
    width: int | None = None,
    most: int | None = None,
    most_work: int | None = None,
) -> tuple[bool, int]:
    """Follow beginnings through the branches of a tree.

    Returns whether none had to be left out, and about how many choices were looked at: a count by
    which searches are ended, for time differs from machine to machine.

    Parameters
    ----------
    tree : Tree
        The branches.
    backs : sequence of Back or None
        Their layers seen from the end; ``None`` where nothing is left.
    begin : callable
        Given the blocks of every branch, returns where it begins, and a trail for every branch.
    end : callable
        Given what was followed to the end of a branch where cases end.
    over, width, most
        As for ``follow``.
    most_work : int, optional
        How many choices are looked at.

    Raises
    ------
    TooMany
        If there are more than are looked at.
    Stopped
        If it was over.
    """
    # Where no way through a branch is left, it is not gone into.
    backs = [back if back and all(map(len, kept_of(back.layers, 0))) else None for back in backs]
    kept = [kept_of(back.layers, 0) if back else [] for back in backs]
    start, trails = begin(
        [made_by(back.layers, own) if back else [] for back, own in zip(backs, kept, strict=True)]
    )
    whole, work = True, 0
    last: list[Beginnings | None] = []
    for branch, back, own, trail in zip(tree.branches, backs, kept, trails, strict=True):
        before = start if branch.before < 0 else last[branch.before]
        if before is None or back is None:
            last.append(None)
            continue
        now = replace(before, steps=[*before.steps])
        whole &= follow(now, trail, back.layers, own, width, over, most)
        work += len(back.layers) * (len(now.state) + LAYER)
        if most_work is not None and work > most_work:
            raise TooMany
        last.append(now if len(now.state) else None)
        if branch.ends is not None and len(now.state):
            end(trail, branch.ends, back, now)
    return whole, work


def _trails(search: _Search, tree: Tree, blocks: Sequence[Sequence[Integers]]) -> list[Trail]:
    """Return what the search shares, with what every branch's blocks leave of its lines."""
    terrain = search.terrain
    lines = scarce_in(terrain, tree, blocks, terrain.room)
    keys = np.zeros((1, len(terrain.choices)), dtype=np.int64)
    if search.enough is None:
        open_ = (*(c for own in blocks for c in own), *(c.choices for c in tree.cases))
        keys = keys_of(terrain, open_)
    usage = spending(terrain, lines)
    later = tree_later(terrain, tree, blocks, lines)
    return [Trail(terrain, 0, lines, usage, each, keys) for each in later]


def scarce_in(
    terrain: Terrain, tree: Tree, blocks: Sequence[Sequence[Integers]], room: Integers
) -> Integers:
    """Return the money lines that can become scarce on any way through a tree."""
    counts = terrain.counts
    money = terrain.usage[:, counts:]
    ahead = tree_tails(tree, blocks, money.T, lambda ends: ends.usage[counts:])
    return scarce(terrain, money[tree.fixed].sum(axis=0) + ahead[0][0], room)


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    """Allocations followed to the end: the beginning, the end, what is spent, and the worth."""

    at: Integers
    end: Integers
    spent: Integers
    worth: Integers


def ended(trail: Trail, ends: Ends, back: Back, now: Beginnings, goals: Integers) -> Ended | None:
    """Return the allocations that fit and are worth the goal of their case."""
    terrain, finish = trail.terrain, back.finish
    if finish is None:
        return None
    at, pair = _joined(now.state, finish.state)
    ahead = now.value.take(at, axis=1) + finish.brings.take(pair, axis=1)
    some = np.flatnonzero((ahead >= 0).all(axis=0))
    at, pair = at[some], pair[some]
    end = finish.end[pair]
    spent = now.spent.take(at, axis=1) + ends.usage[trail.lines].take(end, axis=1)
    extra, good = settled(terrain, spent, dear(terrain), trail.lines.tolist())
    worth = now.worth[at] + ends.objective[end] + extra + finish.extra[pair]
    good &= worth >= goals[ends.case[end]]
    some = np.flatnonzero(good)
    return Ended(at[some], end[some], spent.take(some, axis=1), worth[some])


def _ended(
    trail: Trail, tree: Tree, ends: Ends, back: Back, now: Beginnings, goals: Integers
) -> dict[int, Best]:
    """Return the best of the allocations followed to the end, by case."""
    done = ended(trail, ends, back, now, goals)
    if done is None:
        return {}
    at, end, worth = done.at, done.end, done.worth
    case = ends.case[end]
    key = now.key.take(at, axis=1) | trail.keys.take(ends.choice[end], axis=1)
    order = np.lexsort((*key[::-1], worth, case))
    best = order[np.flatnonzero(np.diff(case[order], append=-1))]
    fixed = tree.fixed.tolist()
    return {
        int(case[n]): Best(
            int(worth[n]),
            values_of(
                trail.terrain,
                (
                    *(choice for choice in fixed if choice != ends.instead[end[n]]),
                    *now.way(int(at[n])),
                    int(ends.choice[end[n]]),
                ),
            ),
        )
        for n in best.tolist()
    }


def _joined(states: Integers, others: Integers) -> tuple[Integers, Integers]:
    """Return where states and others are the same, as pairs of their places."""
    order = np.argsort(others, kind="stable")
    first = np.searchsorted(others[order], states)
    many = np.searchsorted(others[order], states, side="right") - first
    at = np.repeat(np.arange(len(states)), many)
    step = np.arange(len(at)) - np.repeat(np.cumsum(many) - many, many)
    return at, order[np.repeat(first, many) + step]
