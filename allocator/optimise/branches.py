"""The layers of many questions at once, as a tree.

Questions about one block restrict no other block. So what all the other blocks can do is worked out
for many questions together: first the blocks that none of them restricts; then it branches. In
either branch the blocks are decided whose questions are in the other, and so on, until only one
block is left to every branch. There each question makes the choices that it allows.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from allocator.optimise.layers import (
    NOTHING,
    Growing,
    Later,
    Layer,
    grow,
    later_from,
    layered,
    settled,
    sorted_by_kind,
    tails,
)
from allocator.optimise.terrain import Integers, Terrain, Truths
from allocator.optimise.watch import Stopped


@dataclass(slots=True, eq=False)
class Case:
    """A question: ``choices`` are those its block ``number`` may make.

    No allocation is worth more than ``above``; less than ``least`` is not looked for, and in this
    search not less than ``goal``.
    """

    number: int
    choices: Integers
    above: int
    least: int
    goal: int


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """A choices with which cases end.

    ``case`` (A) is which, ``instead`` (A) the settled choice that a choice replaces, -1 if none.
    The figures are what the choice brings or uses more than what it replaces: ``gains`` (S, A) and
    ``bare`` (K, A), including what is proven beside the choices'; ``usage`` (R, A) and
    ``objective`` (A), including what is constant.
    """

    case: Integers
    choice: Integers
    instead: Integers
    gains: Integers
    bare: Integers
    usage: Integers
    objective: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """Blocks decided one after the other, what it branches into (by number), and its cases' ends.

    ``before`` is the branch it comes from: -1 if it is the first.
    """

    before: int
    blocks: tuple[Integers, ...]
    into: tuple[int, ...]
    ends: Ends | None


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """The branches, every one after that it comes from; ``fixed`` are the settled choices."""

    cases: tuple[Case, ...]
    fixed: Integers
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Finish:
    """How states end: P pairs of a state and an end, with what its counts add to the objective.

    ``brings`` (K, P) is what the end is worth at each price.
    """

    state: Integers
    end: Integers
    extra: Integers
    brings: Integers

    def only(self, some: Integers) -> "Finish":
        """Return some of them."""
        brings = self.brings.take(some, axis=1)
        return Finish(self.state[some], self.end[some], self.extra[some], brings)


@dataclass(frozen=True, slots=True, eq=False)
class Grown:
    """A branch's layers as they grew, and how its last states end if cases end there."""

    growing: Growing
    finish: Finish | None


# --- the tree -----------------------------------------------------------------------------------


def tree_of(terrain: Terrain, cases: Iterable[Case]) -> Tree | None:
    """Return the tree of all that may be worth the cases' goals; ``None`` if nothing is.

    Cases for which nothing is are not in it.
    """
    kept, left = _opened(terrain, cases)
    if not left:
        return None
    start = terrain.start
    counts = np.add.reduceat(kept.astype(np.int64), start[:-1])
    fixed = np.flatnonzero(kept & np.repeat(counts == 1, np.diff(start)))
    settled_as = dict(zip(np.flatnonzero(counts == 1).tolist(), fixed.tolist(), strict=True))
    open_ = {
        b: np.flatnonzero(kept[terrain.block(b)]) + start[b]
        for b in np.flatnonzero(counts > 1).tolist()
    }
    numbers = {each.number for each in left}
    common = sorted_by_kind(terrain, (c for b, c in open_.items() if b not in numbers))
    own = {int(c[0]): b for b, c in open_.items() if b in numbers}
    asked = sorted_by_kind(terrain, (open_[b] for b in own.values()))
    items = [(own[int(choices[0])], choices) for choices in asked]
    members: list[tuple[list[int], list[Integers]]] = [
        ([n for n, case in enumerate(left) if case.number == b], [choices]) for b, choices in items
    ]
    others = [n for n, case in enumerate(left) if case.number not in open_]
    if others:
        members.append((others, []))
    branches: list[Branch] = []
    _branch(terrain, left, settled_as, branches, -1, common, members)
    return Tree(tuple(left), fixed, tuple(branches))


def _opened(terrain: Terrain, cases: Iterable[Case]) -> tuple[Truths, list[Case]]:
    """Return the choices that are open for any case, beside its own, and the possible cases."""
    start, gains = terrain.start, terrain.gains
    best = np.maximum.reduceat(gains, start[:-1], axis=1)
    falls = gains - np.repeat(best, np.diff(start), axis=1)
    bound = terrain.rest + best.sum(axis=1)
    kept = np.zeros(gains.shape[1], dtype=bool)
    left = []
    for case in cases:
        own = gains[:, case.choices]
        slack = bound - best[:, case.number] - case.goal * terrain.unit
        good = (slack[:, None] + own >= 0).all(axis=0)
        slack += own.max(axis=1)
        mine = (falls >= -slack[:, None]).all(axis=0)
        mine[terrain.block(case.number)] = True
        if good.any() and np.logical_or.reduceat(mine, start[:-1]).all():
            mine[terrain.block(case.number)] = False
            kept |= mine
            left.append(case)
    return kept, left


def _branch(
    terrain: Terrain,
    cases: Sequence[Case],
    settled_as: dict[int, int],
    branches: list[Branch],
    before: int,
    blocks: Sequence[Integers],
    members: Sequence[tuple[list[int], list[Integers]]],
) -> int:
    """Add the branch that decides some blocks and then those of the members; return its number."""
    number = len(branches)
    branches.append(Branch(before, tuple(blocks), (), None))
    if len(members) == 1:
        ends = _ends(terrain, cases, settled_as, members[0][0])
        branches[number] = Branch(before, tuple(blocks), (), ends)
        return number
    half = len(members) // 2
    parts = members[:half], members[half:]
    into = tuple(
        _branch(
            terrain, cases, settled_as, branches, number, [c for _, own in other for c in own], part
        )
        for part, other in (parts, parts[::-1])
    )
    branches[number] = Branch(before, tuple(blocks), into, None)
    return number


def _ends(
    terrain: Terrain, cases: Sequence[Case], settled_as: dict[int, int], some: Sequence[int]
) -> Ends:
    case = np.repeat(np.array(some, dtype=np.int64), [len(cases[n].choices) for n in some])
    choice = np.concatenate([cases[n].choices for n in some])
    instead = np.array([settled_as.get(cases[n].number, -1) for n in case.tolist()], dtype=np.int64)
    more = instead >= 0
    return Ends(
        case,
        choice,
        instead,
        terrain.gains[:, choice] - terrain.gains[:, instead] * more + terrain.rest[:, None],
        terrain.bare[:, choice] - terrain.bare[:, instead] * more + terrain.bare_rest[:, None],
        (terrain.usage[choice] - terrain.usage[instead] * more[:, None]).T,
        terrain.objective[choice] - terrain.objective[instead] * more + terrain.matrix.constant,
    )


def tree_tails(
    tree: Tree,
    blocks: Sequence[Sequence[Integers]],
    figures: Integers,
    ends: Callable[[Ends], Integers],
) -> list[Integers]:
    """Return, per branch and depth, the most that what comes can sum of each row of figures.

    Parameters
    ----------
    tree : Tree
        The branches.
    blocks : sequence of sequences of arrays
        Every branch's blocks: the choices that are left.
    figures : array of int
        Rows of figures by choice.
    ends : callable
        The same rows by end.
    """
    found: list[Integers] = []
    for branch, own in zip(reversed(tree.branches), reversed(blocks), strict=True):
        last = [found[len(tree.branches) - 1 - n][0] for n in branch.into]
        if branch.ends is not None:
            last.append(ends(branch.ends).max(axis=1))
        found.append(tails(figures, own) + np.max(last, axis=0))
    return found[::-1]


def tree_later(
    terrain: Terrain,
    tree: Tree,
    blocks: Sequence[Sequence[Integers]],
    lines: Integers,
) -> list[Later]:
    """Return, per branch, what comes after each of its blocks leaves of some lines."""
    usage = terrain.usage[:, lines].T
    found = tree_tails(
        tree,
        blocks,
        np.vstack((usage, -usage)),
        lambda ends: np.vstack((ends.usage[lines], -ends.usage[lines])),
    )
    return [
        later_from(terrain, lines, each[:, : len(lines)], each[:, len(lines) :]) for each in found
    ]


# --- growing ------------------------------------------------------------------------------------


def goals_of(tree: Tree) -> Integers:
    """Return the cases' goals."""
    return np.array([case.goal for case in tree.cases], dtype=np.int64)


def grown(terrain: Terrain, tree: Tree, over: Callable[[], bool]) -> list[Grown | None]:
    """Return every branch's layers; ``None`` where nothing is worth the goals of its cases.

    Raises
    ------
    TooMany
        If one layer has more states than are looked at.
    Stopped
        If it was ``over``.
    """
    blocks = [branch.blocks for branch in tree.branches]
    goals = goals_of(tree) * terrain.unit
    later = tree_later(terrain, tree, blocks, np.arange(terrain.counts))
    ahead = tree_tails(tree, blocks, terrain.gains, lambda ends: ends.gains - goals[ends.case])
    found: list[Grown | None] = []
    for number, branch in enumerate(tree.branches):
        now = _entering(terrain, tree, found, branch, ahead, number)
        for depth, choices in enumerate(branch.blocks):
            if now is None:
                break
            if over():
                raise Stopped
            grow(terrain, now, choices, later[number], depth + 1)
            now = now if now.counted.shape[1] else None
        if now is None:
            found.append(None)
            continue
        value = now.reach - ahead[number][-1][:, None]
        finish = None if branch.ends is None else _finish(terrain, branch.ends, now, value, goals)
        found.append(Grown(now, finish))
    return found


def _entering(
    terrain: Terrain,
    tree: Tree,
    found: Sequence[Grown | None],
    branch: Branch,
    ahead: Sequence[Integers],
    number: int,
) -> Growing | None:
    """Return what a branch begins with: the last states of that it comes from."""
    if branch.before < 0:
        fixed = tree.fixed
        return Growing(
            terrain.usage[fixed, : terrain.counts].sum(axis=0)[:, None],
            (terrain.gains[:, fixed].sum(axis=1) + ahead[number][0])[:, None],
            [terrain.bare[:, fixed].sum(axis=1)[:, None]],
        )
    before = found[branch.before]
    if before is None:
        return None
    now = before.growing
    less = ahead[branch.before][-1] - ahead[number][0]
    return Growing(now.counted, now.reach - less[:, None], [now.worth[-1]])


def _finish(terrain: Terrain, ends: Ends, now: Growing, value: Integers, goals: Integers) -> Finish:
    """Return the pairs of states and ends that can be worth their case's goal."""
    good = np.ones((len(ends.case), value.shape[1]), dtype=bool)
    for gains, worth in zip(ends.gains - goals[ends.case], value, strict=True):
        good &= worth >= -gains[:, None]
    end, state = np.nonzero(good)
    counts = terrain.counts
    counted = [h for h in terrain.helpers if all(p < counts for p in h.holding)]
    used = now.counted.take(state, axis=1) + ends.usage[:counts].take(end, axis=1)
    extra, holds = settled(terrain, used, counted, range(counts))
    brings = ends.bare.take(end, axis=1) + extra * terrain.unit
    return Finish(state, end, extra, brings).only(np.flatnonzero(holds))


# --- looking back -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Back:
    """A branch's layers seen from the end, and how it ends if cases end there.

    What the rest brings is measured from the goal of the case for which that is most.
    """

    layers: tuple[Layer, ...]
    finish: Finish | None


def bounds_of(terrain: Terrain, tree: Tree, found: Sequence[Grown | None]) -> Integers:
    """Return what no allocation exceeds, by case."""
    bounds = np.full(len(tree.cases), NOTHING, dtype=np.int64)
    for branch, each in zip(tree.branches, found, strict=True):
        if branch.ends is not None and each is not None and each.finish is not None:
            finish = each.finish
            worth = each.growing.worth[-1].take(finish.state, axis=1) + finish.brings
            np.maximum.at(bounds, branch.ends.case[finish.end], worth.min(axis=0))
    return bounds // terrain.unit


def looking_back(
    terrain: Terrain, tree: Tree, found: Sequence[Grown | None], goals: Integers
) -> list[Back | None]:
    """Go back from the ends: what the rest brings to every state, and what an arc is on the way."""
    least = goals * terrain.unit
    starts: list[Integers | None] = [None] * len(found)
    backs: list[Back | None] = [None] * len(found)
    for number in reversed(range(len(found))):
        each, branch = found[number], tree.branches[number]
        if each is None:
            continue
        worth = each.growing.worth[-1]
        after = np.full_like(worth, NOTHING)
        for start in (starts[n] for n in branch.into):
            if start is not None:
                np.maximum(after, start, out=after)
        finish = each.finish
        if finish is not None and branch.ends is not None:
            brings = finish.brings - least[branch.ends.case[finish.end]]
            good = (worth.take(finish.state, axis=1) + brings >= 0).all(axis=0)
            finish = replace(finish, brings=brings).only(np.flatnonzero(good))
            for row, more in zip(after, finish.brings, strict=True):
                np.maximum.at(row, finish.state, more)
        layers, starts[number] = layered(terrain, each.growing, after)
        backs[number] = Back(layers, finish)
    return backs


def thinned(found: Sequence[Grown | None], backs: Sequence[Back | None]) -> list[Grown | None]:
    """Return the branches without the arcs on which no goal can be reached any more."""
    return [
        None if each is None or back is None else replace(each, growing=_thin(each.growing, back))
        for each, back in zip(found, backs, strict=True)
    ]


def _thin(growing: Growing, back: Back) -> Growing:
    kept = [np.flatnonzero(layer.through >= 0) for layer in back.layers]
    arcs = [
        (layer.origin[some], layer.choice[some], layer.target[some])
        for layer, some in zip(back.layers, kept, strict=True)
    ]
    return replace(growing, arcs=arcs)
