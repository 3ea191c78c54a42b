"""What one block can give at most, derived line by line.

A block's inequalities are derived by trying its awards one by one, each first left out and then
made: a case ends when the inequality holds anyway, when the block's own rows forbid it, or when it
breaks a limit (a split of the proof, or what the rest of the solution asks of this block).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from allocator.record.check_proof import Choice, Problem
from allocator.record.vipr_lines import Lines, Sum, Terms, added


@dataclass(frozen=True, slots=True)
class Limit:
    """``Σ terms >= least`` is line ``index``, or its negative if ``sign`` is -1."""

    index: int
    terms: Terms
    least: int
    sign: int = 1


@dataclass(frozen=True, slots=True)
class Known:
    """What was derived about one block in one part, by line.

    ``zero`` and ``one`` hold awards there; of some awards at ``most`` one is made, at ``least`` one
    (line and awards).
    """

    zero: Mapping[int, int] = field(default_factory=dict)
    one: Mapping[int, int] = field(default_factory=dict)
    most: tuple[int, frozenset[int]] | None = None
    least: tuple[int, frozenset[int]] | None = None
    limits: tuple[Limit, ...] = ()

    def within(self, limit: Limit) -> "Known":
        """Return the same with one more limit."""
        return replace(self, limits=(*self.limits, limit))


class Blocks:
    """The blocks of a problem; ``members`` are their award columns."""

    def __init__(self, problem: Problem, members: list[list[int]], lines: Lines) -> None:
        self.problem, self.members, self.lines = problem, members, lines
        self.own: list[list[int]] = [[] for _ in members]
        for r in range(len(problem.rows)):
            k = problem.own_block(r)
            if k is not None:
                self.own[k].append(r)
        self.packs = [self._packs(rows) for rows in self.own]

    def _packs(self, own: list[int]) -> list[int]:
        """Return rows "at most one of these awards" that have no award in common."""
        found: list[int] = []
        seen: set[int] = set()
        for r in own:
            terms, bound = self.problem.rows[r]
            plain = bound == 1 and terms.keys() <= self.problem.block.keys()
            if plain and all(a == 1 for a in terms.values()) and seen.isdisjoint(terms):
                found.append(r)
                seen.update(terms)
        return found

    def learned(self, k: int, known: Known, choices: list[Choice]) -> Known:
        """Derive what is common to all choices left: awards in none, in all, at most one."""
        some = frozenset[int]().union(*choices)
        every = frozenset(choices[0]).intersection(*choices)
        zero, one = dict(known.zero), dict(known.one)
        for j in self.members[k]:
            if j not in some and j not in zero:
                zero[j] = self.tried(k, {j: 1}, 0, known)
            if j in every and j not in one:
                line = self.tried(k, {j: -1}, -1, known)
                one[j] = self.lines.total("G", 1, {j: 1}, {line: -1})
        known = replace(known, zero=zero, one=one)
        free = some - every
        if len(free) < 2 or any(len(free.intersection(choice)) > 1 for choice in choices):
            return known
        if known.most is None:
            line = self.tried(k, dict.fromkeys(sorted(free), 1), 1, known)
            known = replace(known, most=(line, free))
        if known.least is None and all(free.intersection(choice) for choice in choices):
            line = self.tried(k, dict.fromkeys(sorted(free), -1), -1, known)
            known = replace(known, least=(line, free))
        return known

    def most(self, k: int, prices: Terms, known: Known, choices: list[Choice]) -> tuple[int, Sum]:
        """Return the most that a block's choices are worth at these prices, and the sum to show it.

        The sum shows ``-Σ price·x >= -most``.
        """
        free = frozenset[int]().union(*choices) - frozenset(choices[0]).intersection(*choices)
        best = max(sum(prices.get(j, 0) for j in free.intersection(c)) for c in choices)
        left = {j: prices[j] for j in self.members[k] if prices.get(j)}
        value = 0
        parts: Sum = {}
        if len(free) > 1 and best and any(len(free.intersection(c)) > 1 for c in choices):
            line = self.tried(k, {j: left.pop(j) for j in sorted(free) if j in left}, best, known)
            value, parts = best, {line: -1}
        elif len(free) > 1 and best:
            bundle = known.most if best > 0 else known.least
            if bundle is None:
                raise ValueError("a block's choices are not as they were derived")
            value, parts = best, {bundle[0]: -abs(best)}
            for j in bundle[1]:
                left[j] = left.get(j, 0) - best
        for j, price in left.items():
            top, index, weight = self.lines.held(j, price, known.zero, known.one)
            value += top
            added(parts, {index: weight})
        return value, parts

    def tried(self, k: int, target: Terms, most: int, known: Known) -> int:
        """Derive ``Σ target·x <= most`` by trying the block's awards; return the line."""
        undecided = [j for j in self.members[k] if j not in known.zero and j not in known.one]
        undecided.sort(key=lambda j: (j not in target, j))
        return self._case(k, (target, most), known, undecided)

    def _case(self, k: int, claim: tuple[Terms, int], known: Known, undecided: list[int]) -> int:
        target, most = claim
        value, parts = self._reach(target, known)
        if value > most:
            value, parts = self._packed(k, target, known)
        if value <= most:
            return self.lines.total("L", most, target, parts)
        against = self._forbidden(k, known) or self._limited(known)
        if against:
            return self.lines.total("G", 1, {}, against)
        j, *rest = undecided
        without = self.lines.assume("L", 0, {j: 1})
        within = self.lines.assume("G", 1, {j: 1})
        left_out = replace(known, zero={**known.zero, j: without})
        made = replace(known, one={**known.one, j: within})
        sides = (
            (self._case(k, claim, left_out, rest), without),
            (self._case(k, claim, made, rest), within),
        )
        return self.lines.cases("L", most, target, *sides)

    def _reach(self, terms: Terms, known: Known) -> tuple[int, Sum]:
        """Return the most that terms can come to column by column, and the sum to show it."""
        value = 0
        parts: Sum = {}
        for j, a in terms.items():
            top, index, weight = self.lines.held(j, a, known.zero, known.one)
            value += top
            added(parts, {index: weight})
        return value, parts

    def _packed(self, k: int, terms: Terms, known: Known) -> tuple[int, Sum]:
        """Return the same, taking at most one award of each pack."""
        left, value = dict(terms), 0
        parts: Sum = {}
        for r in self.packs[k]:
            awards = self.problem.rows[r][0]
            top = max([0, *(left.get(j, 0) for j in awards if j not in known.zero)])
            if top > 0:
                value += top
                parts[r] = -top
                for j in awards:
                    left[j] = left.get(j, 0) - top
        rest, held = self._reach(left, known)
        return value + rest, added(parts, held)

    def _limited(self, known: Known) -> Sum:
        """Return the sum that shows a limit to be broken, nothing if none is."""
        for limit in known.limits:
            value, parts = self._reach(limit.terms, known)
            if value < limit.least:
                return added(parts, {limit.index: limit.sign})
        return {}

    def _forbidden(self, k: int, known: Known) -> Sum:
        """Return the sum that shows the awards made to break the block's own rows, if they do."""
        rows = self.problem.rows
        raised: dict[int, tuple[int, int]] = {}
        for r in self.own[k]:
            helper = next((j for j, a in rows[r][0].items() if a < 0), None)
            need = sum(a for j, a in rows[r][0].items() if j in known.one) - rows[r][1]
            if helper is not None and need > raised.get(helper, (0, 0))[0]:
                raised[helper] = (need, r)
        for r in self.own[k]:
            terms, bound = rows[r]
            used = sum(a for j, a in terms.items() if j in known.one)
            used += sum(a * raised[j][0] for j, a in terms.items() if j in raised)
            if used > bound and min(terms.values()) >= 0:
                return self._broken(r, {j: row for j, (_, row) in raised.items()}, known)
        return {}

    def _broken(self, r: int, raised_by: dict[int, int], known: Known) -> Sum:
        """Return the sum of a row, the rows that raise its helpers, and the awards made."""
        parts, terms = {r: -1}, dict(self.problem.rows[r][0])
        for j, a in self.problem.rows[r][0].items():
            if j in raised_by:
                added(parts, {raised_by[j]: -a})
                added(terms, {i: a * b for i, b in self.problem.rows[raised_by[j]][0].items()})
        return added(parts, self._reach({j: -a for j, a in terms.items() if a}, known)[1])
