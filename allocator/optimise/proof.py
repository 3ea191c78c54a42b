"""An allocation becomes a proof: nothing is better, and of the best the lottery selects this one.

The search divides all solutions into parts until multipliers show of each that it cannot matter.
It walks with the checker's own steps (``record.check_proof``), so what it closes the checker
closes; the solver and the branching only decide how long the proof is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import gcd
from typing import Any

from allocator.optimise.allocation import Allocation
from allocator.optimise.engine import Reoptimised
from allocator.optimise.programme import Programme
from allocator.optimise.proof_branch import Brancher
from allocator.optimise.proof_relax import UNIT, Relaxation
from allocator.optimise.reduce import LOCAL_ROWS
from allocator.optimise.watch import Watch
from allocator.record.canonical import Plain, to_plain
from allocator.record.check_proof import MOST_PARTS as MOST_READ
from allocator.record.check_proof import Part, Prices, Problem, ProofError, Question, questions_of

type Pairs = tuple[tuple[int, int], ...]


class NotSelected(Exception):
    """The allocation cannot be proven: another is better, or wins the lottery against it."""


@dataclass(frozen=True, slots=True)
class Step:
    """What the proof says of one part, in words: see ``docs/method.md`` (the proof).

    ``multipliers`` are sets of (row, weight over the unit), applied in turn; without any, those of
    the part it came from hold. ``split`` are the awards it is divided by, if it is.
    """

    multipliers: tuple[Pairs, ...] = ()
    split: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proven: no solution exceeds ``bound``; if ``drawn``, the lottery selects this one.

    ``blocks`` are award columns that are priced together; ``unit`` is what multipliers are counted
    in; ``steps`` divide all solutions, in the order in which the checker meets them.
    """

    blocks: tuple[tuple[int, ...], ...]
    unit: int
    bound: int
    drawn: bool
    steps: tuple[Step, ...]

    def as_json(self) -> dict[str, Plain]:
        """Return the proof as plain JSON values; whole numbers beyond 2^53 as text."""
        parts: list[dict[str, object]] = []
        for step in self.steps:
            written: dict[str, object] = {}
            if step.multipliers:
                written["multipliers"] = step.multipliers
            if step.split:
                written["split"] = step.split
            parts.append(written)
        members = {"blocks": self.blocks, "unit": self.unit, "bound": self.bound, "parts": parts}
        return {name: to_plain(value) for name, value in (members | {"drawn": self.drawn}).items()}


MOST_PARTS = 20_000
"""A proof that needs more parts is left unfinished, with the bound it reached: a count, so that the
same round gives the same record everywhere."""


def prove_allocation(
    programme: Programme,
    allocation: Allocation,
    order: Sequence[str],
    funds: Sequence[str],
    *,
    watch: Watch | None = None,
    most: int | None = None,
) -> Proof:
    """Prove an allocation, or as much of it as the number of parts and the watch allow.

    Parameters
    ----------
    programme : Programme
        The whole programme, as the record holds it.
    allocation : Allocation
        The allocation that was selected from it.
    order : sequence of str
        All applications in the order of the lottery.
    funds : sequence of str
        Fund ids in the order in which awards that name their fund prefer them.
    watch : Watch, optional
        Where it ends the search, the proof says how far it came (``bound``, ``drawn``).
    most : int, optional
        The most parts, ``MOST_PARTS`` if not given: where there are more it says so too.

    Raises
    ------
    NotSelected
        If the allocation turns out not to be the one the method selects.
    """
    plain = _plain(programme)
    problem, blocks = _problem(plain, programme)
    values = list(allocation.values)
    questions = questions_of(plain["columns"], values, list(order), list(funds))
    most = MOST_PARTS if most is None else most
    search = _Search(problem, plain, allocation.objective, questions, watch or Watch(), most)
    return search.proof(blocks)


def _plain(programme: Programme) -> dict[str, Any]:
    return {name: to_plain(getattr(programme, name)) for name in ("columns", "rows", "scale")}


def _problem(plain: dict[str, Any], programme: Programme) -> tuple[Problem, list[list[int]]]:
    """Return the problem in blocks: Member State and meeting, or else (no quota) application."""
    by_application = _connected(programme, local=False)
    try:
        together = _connected(programme, local=True)
        return Problem(plain, together), together
    except ProofError:
        return Problem(plain, by_application), by_application


def _connected(programme: Programme, *, local: bool) -> list[list[int]]:
    """Return award columns connected by their application and, if asked, by local rows."""
    parent = list(range(len(programme.columns)))

    def root(j: int) -> int:
        while parent[j] != j:
            parent[j] = parent[parent[j]]
            j = parent[j]
        return j

    first: dict[str, int] = {}
    for j, column in enumerate(programme.columns):
        if column.application:
            parent[root(j)] = root(first.setdefault(column.application, j))
    for row in programme.rows if local else ():
        for j in row.columns if row.name.startswith(LOCAL_ROWS) else ():
            parent[root(j)] = root(row.columns[0])
    groups: dict[int, list[int]] = {}
    for j, column in enumerate(programme.columns):
        if column.application:
            groups.setdefault(root(j), []).append(j)
    return list(groups.values())


@dataclass(slots=True)
class _Node:
    """A part, its bound (times the unit), and what has been done about it."""

    part: Part
    multipliers: dict[int, int]
    bound: int
    used: list[Pairs] = field(default_factory=list)
    split: tuple[int, ...] = ()
    below: "list[_Node]" = field(default_factory=list)
    done: bool = False


class _Search:
    """The part with the highest bound is looked at next, until none is left or time is up."""

    def __init__(
        self,
        problem: Problem,
        plain: dict[str, Any],
        objective: int,
        questions: list[Question],
        watch: Watch,
        most: int,
    ) -> None:
        self.problem, self.objective, self.questions = problem, objective, questions
        self.watch, self.most = watch, most
        self.step = gcd(*problem.gains) or 1
        self.root = self._node(problem.all, Prices(problem, {}, UNIT))
        whole = Relaxation(problem, problem.all)
        self._bound(self.root, whole)
        self.relaxation = Relaxation(problem, self.root.part)
        self.brancher = Brancher(problem, plain["columns"], self.relaxation)
        self.waiting: list[tuple[int, int, _Node]] = []
        self.count, self.made = 0, 1
        self._wait(self.root)

    def proof(self, blocks: list[list[int]]) -> Proof:
        """Search, and write down what was found."""
        while self._may_go_on():
            self._settle(heappop(self.waiting)[2])
        drawn = all(node.done for node in self._nodes(drawn=True))
        reached = [node.bound for node in self._nodes(drawn) if not node.done]
        highest = max([self.objective * UNIT, *reached]) // UNIT // self.step * self.step
        return Proof(
            blocks=tuple(map(tuple, blocks)),
            unit=UNIT,
            bound=highest,
            drawn=drawn,
            steps=tuple(Step(tuple(n.used), n.split) for n in self._nodes(drawn)),
        )

    def _may_go_on(self) -> bool:
        """Tell whether a part waits and there is time, and room in what a checker would read."""
        room = self.count < self.most and self.made < MOST_READ // 2
        return bool(self.waiting) and room and not self.watch.over()

    def _nodes(self, drawn: bool) -> list[_Node]:
        """Return all nodes as the checker meets them; without a draw, not those it would add."""
        found, stack = [], [self.root]
        while stack:
            node = stack.pop()
            found.append(node)
            if node.split or drawn:
                stack.extend(reversed(node.below))
        return found

    def _node(self, part: Part, prices: Prices) -> _Node:
        bound, _ = prices.bounded(part, self.objective)
        return _Node(part, prices.y, bound)

    def _wait(self, node: _Node) -> None:
        """Queue a node unless the multipliers it inherits close it."""
        node.done = node.bound < self.objective * UNIT
        if not node.done:
            self.count += 1
            heappush(self.waiting, (-node.bound, self.count, node))

    def _settle(self, node: _Node) -> None:
        """Close a part or divide it."""
        found, prices = self._bound(node, self.relaxation)
        if not node.part.open and node.bound >= self.objective * UNIT:
            # One solution is left, or none at all: that is seen once the others are gone.
            _, prices = self._bound(node, self.relaxation)
        room = node.bound - self.objective * UNIT
        node.done = True
        if room < 0:
            return
        if not node.part.ahead and room < self.step * UNIT:
            below = list(self.problem.drawn_before(node.part, self.questions))
        else:
            node.split = self.brancher.split(node.part, found, room / UNIT)
            if not node.split:
                raise NotSelected
            below = self._halves(node)
            if len(below) < 2:  # what the relaxation divided by was dropped with its multipliers
                node.split = self.brancher.any(node.part)
                below = self._halves(node)
        if node.split:  # what they inherit hardly ever closes a half
            node.below = [_Node(part, prices.y, node.bound) for part in below]
        else:
            node.below = [self._node(part, prices) for part in below]
        self.made += len(below)
        for each in node.below:
            self._wait(each)

    def _halves(self, node: _Node) -> list[Part]:
        sides = (self.problem.only(node.part, [*node.split], some) for some in (False, True))
        return [part for side in sides for part in side]

    def _bound(self, node: _Node, relaxation: Relaxation) -> tuple[Reoptimised | None, Prices]:
        """Give a node the multipliers of its relaxation, if the solver has any; return both.

        A node does not keep its prices: thousands that wait would fill the memory.
        """
        for attempt in (relaxation.solve, relaxation.solve_anew):
            found = attempt(node.part)
            prices = (
                relaxation.prices(found)
                if found.feasible
                else relaxation.excluding(node.part, found, self.objective)
            )
            if prices is not None:
                node.used.append(tuple(prices.y.items()))
                node.multipliers = prices.y
                node.bound, node.part = prices.bounded(node.part, self.objective)
                return found, prices
        return None, Prices(self.problem, node.multipliers, UNIT)
