"""An allocation becomes a proof: nothing is better, and of the best the lottery selects this one.

The search divides all solutions into parts until multipliers show of each that it cannot matter.
It walks with the checker's own steps (``record.check_proof``), so what it closes the checker
closes; the solver and the branching only decide how short the proof is.
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
from allocator.optimise.proof_relax import UNIT, Multipliers, Relaxation
from allocator.optimise.watch import Watch
from allocator.record.canonical import Plain, to_plain
from allocator.record.check_proof import (
    MOST_CHOICES,
    Part,
    Problem,
    ProofError,
    Question,
    questions_of,
)

LOCAL_ROWS = ("one[", "state_full[", "quota[", "ticket_in_pair[")


class NotSelected(Exception):
    """The allocation is not the one to be proven: another is better, or wins the lottery."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proven: no solution exceeds ``bound``; if ``drawn``, the lottery selects this one.

    ``parts`` divide all solutions, in the order in which the checker meets them.
    """

    blocks: tuple[tuple[int, ...], ...]
    unit: int
    bound: int
    drawn: bool
    parts: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Plain]:
        """Return the proof as plain JSON values; whole numbers beyond 2^53 as text."""
        plain = to_plain(self)
        assert isinstance(plain, dict)
        return plain


@dataclass(slots=True)
class _Node:
    """A part, the multipliers it inherits, what the proof says of it, and what it divides into."""

    part: Part
    multipliers: Multipliers
    bound: int
    entry: dict[str, Any] = field(default_factory=dict)
    below: "list[_Node]" = field(default_factory=list)


def prove_allocation(
    programme: Programme,
    allocation: Allocation,
    order: Sequence[str],
    funds: Sequence[str],
    *,
    time_limit: float | None = None,
) -> Proof:
    """Prove an allocation, or as much of it as the time allows.

    Parameters
    ----------
    programme : Programme
        The whole programme as the record holds it.
    allocation : Allocation
        The allocation that was selected from it.
    order : sequence of str
        All applications in the order of the lottery.
    funds : sequence of str
        Fund ids in the order in which awards that name their fund prefer them.
    time_limit : float, optional
        Seconds; the proof then says how far it came (``bound``, ``drawn``).

    Raises
    ------
    NotSelected
        If a better allocation exists or the lottery selects another.
    """
    watch = Watch(time_limit)
    problem = Problem(_plain(programme), _blocks(programme))
    search = _Search(problem, programme, allocation, order, funds, watch)
    return search.proof()


def _plain(programme: Programme) -> dict[str, Any]:
    plain: Any = to_plain(programme)
    return plain  # type: ignore[no-any-return]


def _blocks(programme: Programme) -> list[list[int]]:
    """Return the award columns by Member State and meeting, as local rows tie them together.

    Where those rows allow very many sets of awards (no quota), each application is by itself.
    """
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
    for row in programme.rows:
        if row.name.startswith(LOCAL_ROWS):
            for j in row.columns:
                parent[root(j)] = root(row.columns[0])
    groups: dict[int, list[int]] = {}
    for j, column in enumerate(programme.columns):
        if column.application:
            groups.setdefault(root(j), []).append(j)
    return list(groups.values())


class _Search:
    """Best first: the part with the highest bound is divided next."""

    def __init__(
        self,
        problem: Problem,
        programme: Programme,
        allocation: Allocation,
        order: Sequence[str],
        funds: Sequence[str],
        watch: Watch,
    ) -> None:
        self.problem, self.watch = problem, watch
        self.values, self.least = list(allocation.values), allocation.objective
        self.step = gcd(*problem.gains) or 1
        columns = _plain(programme)["columns"]
        self.questions = list(questions_of(columns, self.values, list(order), list(funds)))
        self.names = (
            [str(c.package) for c in programme.columns],
            [c.application for c in programme.columns],
        )
        self.open: list[tuple[int, int, _Node]] = []
        self.serial = 0

    def proof(self) -> Proof:
        root = self._node(self.problem.all, {})
        self._begin(root)
        while self.open and not self.watch.over():
            self._close(heappop(self.open)[2])
        return self._written(root)

    def _node(self, part, multipliers):
        exact, prices = self.problem.priced(part, multipliers, UNIT)
        return _Node(part, multipliers, exact)

    def _push(self, node: _Node) -> None:
        if node.bound >= self.least * UNIT:
            self.serial += 1
            heappush(self.open, (-node.bound, self.serial, node))

    def _begin(self, root: _Node) -> None:
        """Bound everything; what remains is the core, on which all later relaxations are solved."""
        relaxation = Relaxation(self.problem, root.part)
        self._bound(root, relaxation)
        self.relaxation = Relaxation(self.problem, root.part)
        self.brancher = Brancher(self.problem, *self.names, self.relaxation)
        self._push(root)

    def _bound(self, node, relaxation):
        found = relaxation.solve(node.part)
        y = None
        for _ in range(2):
            y = (
                relaxation.multipliers(found)
                if found.feasible
                else relaxation.excluding(node.part, found, self.least)
            )
            if y is not None:
                break
            self.retries = getattr(self, "retries", 0) + 1
            relaxation.forget()
            found = relaxation.solve(node.part)
        if y is None:
            raise Exception("no ray")
        exact, prices = self.problem.priced(node.part, y, UNIT)
        node.entry.setdefault("multipliers", []).append([[r, w] for r, w in y.items()])
        node.bound, node.multipliers = exact, y
        room = exact - self.least * UNIT
        if room >= 0:
            node.part = self.problem.afforded(node.part, prices, room)
        return found

    def _close(self, node: _Node) -> None:
        room = node.bound - self.least * UNIT
        if node.multipliers and not node.entry:  # child: first narrow by inherited
            exact, prices = self.problem.priced(node.part, node.multipliers, UNIT)
            node.part = self.problem.afforded(node.part, prices, room)
            # the checker only evaluates given multipliers
        found = self._bound(node, self.relaxation)
        room = node.bound - self.least * UNIT
        if room < 0:
            return
        if not node.part.ahead and node.bound < (self.least + self.step) * UNIT:
            below = list(self.problem.drawn_before(node.part, self.questions))
            self.walks = getattr(self, "walks", 0) + 1
            self.walkparts = getattr(self, "walkparts", 0) + len(below)
        else:
            split = self.brancher.split(node.part, found, room / UNIT)
            if split is None:
                raise NotSelected
            node.entry["split"] = list(split)
            below = [
                p for some in (False, True) for p in self.problem.only(node.part, list(split), some)
            ]
        node.below = [self._node(p, node.multipliers) for p in below]
        for each in node.below:
            self._push(each)

    def _written(self, root: _Node) -> Proof:
        parts = []
        stack = [root]
        while stack:
            n = stack.pop()
            parts.append(n.entry)
            stack += reversed(n.below)
        self.count = len(parts)
        global LAST
        LAST = self
        return Proof(
            tuple(map(tuple, _blocks_cache)), UNIT, self.least, not self.open, tuple(parts)
        )
