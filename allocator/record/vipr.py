"""A proof becomes a file in VIPR 1.0, which checkers written by others read.

What is exported is the bound: no solution is worth more than ``bound`` (the lottery has no place in
the format). Every line follows from lines before it by adding up (``lin``) or from two cases that
leave nothing out (``uns``); see Cheung, Gleixner and Steffy, Verifying Integer Programming Results
(2017).

Suppose a solution were worth more. In each part the rows, at their multipliers, then ask the blocks
for at least so much, while each block can give at most the best of its choices; where that is not
enough the part is impossible. What a block can give is in ``vipr_block``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import gcd
from typing import Any

from allocator.record.check_proof import Part, Prices, Problem, questions_of, whole
from allocator.record.vipr_block import Blocks, Known, Limit
from allocator.record.vipr_lines import Lines, Sum, added, written


def export(
    programme: dict[str, Any],
    proof: dict[str, Any],
    values: list[int],
    order: list[str],
    funds: list[str],
) -> Iterator[str]:
    """Yield the lines of a VIPR file for a proof that ``check_proof.check`` accepts.

    Parameters
    ----------
    programme, proof : dict
        As the record holds them.
    values : list of int
        The allocation, one value per column.
    order, funds : list of str
        As for the check: they tell which parts are about the lottery and stay out.

    Yields
    ------
    str
        Columns are named ``x0, x1, …`` by position: no application or person is named.
    """
    problem = Problem(programme, proof["blocks"])
    worth = sum(c * x for c, x in zip(problem.gains, values, strict=True))
    questions = questions_of(programme["columns"], values, order, funds)
    derivation = _Derivation(problem, proof, worth)
    derivation.write(_tree(problem, proof, worth, questions))
    yield from _problem_lines(problem, values, worth, derivation.bound)
    yield f"DER {len(derivation.lines.derived)}"
    yield from derivation.lines.derived


def _problem_lines(problem: Problem, values: list[int], worth: int, bound: int) -> Iterator[str]:
    """Yield the columns, objective, rows and bounds, the claim and the allocation."""
    size = len(problem.gains)
    yield from ("VER 1.0", f"VAR {size}", *(f"x{j}" for j in range(size)))
    yield from (f"INT {size}", " ".join(map(str, range(size))))
    yield from ("OBJ max", written(dict(enumerate(problem.gains))))
    yield f"CON {len(problem.rows) + 2 * size} {2 * size}"
    for r, (terms, limit) in enumerate(problem.rows):
        yield f"r{r} L {limit} {written(terms)}"
    yield from (f"l{j} G 0 1 {j} 1" for j in range(size))
    yield from (f"u{j} L {upper} 1 {j} 1" for j, upper in enumerate(problem.uppers))
    yield from (f"RTP range {worth} {bound}", "SOL 1")
    yield f"allocation {written(dict(enumerate(values)))}"


@dataclass(slots=True)
class _Node:
    """A part of the proof without the lottery: multipliers in turn, and what it is split into."""

    part: Part
    rounds: list[dict[int, int]] = field(default_factory=list)
    split: list[int] = field(default_factory=list)
    sides: dict[bool, "_Node"] = field(default_factory=dict)


def _tree(problem: Problem, proof: dict[str, Any], objective: int, questions: list[Any]) -> _Node:
    """Read the list of parts as the checker does, as a tree."""
    unit, root = whole(proof["unit"]), _Node(problem.all)
    waiting = [(root, Prices(problem, {}, unit))]
    for entry in proof["parts"]:
        node, prices = waiting.pop()
        read = [{whole(r): whole(v) for r, v in pairs} for pairs in entry.get("multipliers", ())]
        given = [Prices(problem, y, unit) for y in read] or [prices]
        part, exact = node.part, unit * objective
        for prices in given:
            if exact >= unit * objective:
                exact, part = prices.bounded(part, objective)
                node.rounds.append(prices.y)
        if exact < unit * objective:
            continue
        if "split" in entry:
            node.split = entry["split"]
            for some in (False, True):
                for side in problem.only(part, node.split, some):
                    node.sides[some] = _Node(side)
            waiting += [(node.sides[s], prices) for s in (True, False) if s in node.sides]
        elif proof["drawn"] is True:
            waiting += [(_Node(p), prices) for p in problem.drawn_before(part, questions)][::-1]
    return root


class _Derivation:
    """Derives, part by part, that a solution worth more than the bound is impossible."""

    def __init__(self, problem: Problem, proof: dict[str, Any], objective: int) -> None:
        self.problem, self.objective = problem, objective
        self.unit, self.bound = whole(proof["unit"]), whole(proof["bound"])
        self.step = gcd(*problem.gains) or 1
        self.lines = Lines(len(problem.rows), problem.uppers)
        self.blocks = Blocks(problem, proof["blocks"], self.lines)

    def write(self, root: _Node) -> None:
        """Derive the bound."""
        gains = {j: c for j, c in enumerate(self.problem.gains) if c}
        steps = {j: c // self.step for j, c in gains.items()}
        level = self.bound // self.step
        worse = self.lines.assume("L", level, steps)
        self.better = self.lines.assume("G", level + 1, steps)
        known = [
            self.blocks.learned(k, Known(), choices)
            for k, choices in enumerate(self.problem.all.choices)
        ]
        impossible = self._part(root, known)
        proven = self.lines.cases("L", level, steps, (worse, worse), (impossible, self.better))
        self.lines.total("L", self.bound, gains, {proven: -self.step})

    def _part(self, node: _Node, known: list[Known]) -> int:
        """Return the index of the line that says that a part holds nothing better."""
        part = node.part
        for y in node.rounds:
            asked, prices, least = self._asked(y)
            most: list[tuple[int, Sum]] = [
                self.blocks.most(k, prices, known[k], choices)
                for k, choices in enumerate(part.choices)
            ]
            spare = sum(value for value, _ in most)
            helping: Sum = {}
            for j in self.problem.helpers:
                value, index, weight = self.lines.held(j, prices.get(j, 0), {}, {})
                spare += value
                added(helping, {index: weight})
            everything = added({asked: 1}, helping, *(each for _, each in most))
            if spare < least:
                return self.lines.total("G", 1, {}, everything)
            _, narrowed = Prices(self.problem, y, self.unit).bounded(part, self.objective)
            changed = [k for k in part.open if narrowed.choices[k] != part.choices[k]]
            known = known.copy()
            for k in changed:
                value, own = most[k]
                others = added(dict(everything), {i: -weight for i, weight in own.items()})
                terms = {j: prices[j] for j in self.blocks.members[k] if prices.get(j)}
                needed = least - (spare - value)
                index = self.lines.total("G", needed, terms, others)
                limit = Limit(index, terms, needed)
                known[k] = self.blocks.learned(k, known[k].within(limit), narrowed.choices[k])
            part = narrowed
        return self._split(node, known)

    def _asked(self, y: dict[int, int]) -> tuple[int, dict[int, int], int]:
        """Derive what the blocks must give at these multipliers: index, prices, and how much."""
        prices = {}
        for j, gain in enumerate(self.problem.gains):
            spent = sum(y[r] * a for r, a in self.problem.uses[j].items() if r in y)
            if self.unit * gain != spent:
                prices[j] = self.unit * gain - spent
        paid = sum(weight * self.problem.rows[r][1] for r, weight in y.items())
        least = self.unit * (self.bound + self.step) - paid
        parts = {self.better: self.unit * self.step} | {r: -weight for r, weight in y.items()}
        return self.lines.total("G", least, prices, parts), prices, least

    def _split(self, node: _Node, known: list[Known]) -> int:
        k = self.problem.block[node.split[0]]
        sides = []
        for some in (False, True):
            terms = dict.fromkeys(node.split, 1)
            assumed = self.lines.assume("G" if some else "L", int(some), terms)
            sign = 1 if some else -1
            limit = Limit(assumed, dict.fromkeys(terms, sign), int(some), sign)
            mine = known[k].within(limit)
            if some in node.sides:
                below = known.copy()
                below[k] = self.blocks.learned(k, mine, node.sides[some].part.choices[k])
                impossible = self._part(node.sides[some], below)
            else:
                impossible = self.blocks.tried(k, {}, -1, mine)
            sides.append((impossible, assumed))
        return self.lines.cases("G", 1, {}, *sides)
