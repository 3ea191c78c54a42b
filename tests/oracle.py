"""The oracle: tries every allocation of a small round and says what the method must answer.

The best allocation after the lottery, who was tied, or which clauses conflict. Like the referee
it reads only the pool, the round and the rules; ``tests/unit/test_oracle.py`` holds the two
against each other.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import lcm, prod

import numpy as np

from allocator.model import Candidate, Package, Pool, Round
from allocator.rules import Bound, Rules, UnitLimit
from tests.referee import (
    Target,
    assignable,
    lottery,
    matches,
    measured,
    pair_rule_holds_at,
    payers,
    per_unit,
    price,
    targets,
    values_of,
)

type Form = list[list[int]]
"""A sum over candidates: for each, what nothing and each of its packages adds."""
type Of = Callable[[Candidate, Package], int]
"""What one award adds to a sum."""


@dataclass(frozen=True)
class Verdict:
    """What the method must answer. ``value`` is ``None`` when nothing fits the rules.

    ``conflicts`` holds every smallest set of clauses that cannot all be kept.
    """

    value: Fraction | None
    chosen: tuple[tuple[str, Package], ...] = ()
    tied: tuple[str, ...] = ()
    optima: int = 0
    conflicts: frozenset[frozenset[str]] = frozenset()


@dataclass(frozen=True)
class _Clause:
    """``form ≤ bound``, one of possibly several rows of the clause ``name``."""

    name: str
    form: Form
    bound: int


def size(pool: Pool) -> int:
    """How many combinations of outcomes there are before any rule."""
    return prod(1 + len(c.costs) for c in pool.candidates)


def decide(pool: Pool, round_: Round, rules: Rules) -> Verdict:
    """Try every allocation; see ``Verdict``."""
    return _Enumeration(pool, round_, rules).verdict()


class _Enumeration:
    """All allocations that keep the structure of the round, as an array of positions."""

    def __init__(self, pool: Pool, round_: Round, rules: Rules):
        self.pool, self.round, self.rules = pool, round_, rules
        self.candidates = pool.candidates
        self.options = [(None, *(cost.package for cost in c.costs)) for c in self.candidates]
        self.kept = np.arange(size(pool))
        for form in self._structure():
            self.kept = self.kept[self._totals(form) <= 1]
        self.clauses = [*_limit_clauses(round_, rules, self), *_bound_clauses(rules, self)]
        self.memo: dict[tuple[object, ...], bool] = {}

    def form(self, of: Of) -> Form:
        """Tabulate ``of(candidate, package)``; nothing granted adds 0."""
        return [
            [0 if p is None else of(c, p) for p in options]
            for c, options in zip(self.candidates, self.options, strict=True)
        ]

    def _totals(self, form: Form) -> np.ndarray:
        """Sum a form over every kept allocation, exactly."""
        most = sum(max(map(abs, values)) for values in form)
        total = np.zeros(1, dtype=np.int64 if most < 2**62 else object)
        for values in form:
            total = np.add.outer(total, np.array(values, dtype=total.dtype)).ravel()
        return total[self.kept]

    def _structure(self) -> Iterator[Form]:
        """Sums that may be at most 1 whatever the policy: a person's seats; no payer at all."""
        for key in {(c.application.person_id, c.application.meeting) for c in self.candidates}:
            yield self.form(
                lambda c, p, key=key: int((c.application.person_id, c.application.meeting) == key)
            )
        if self.round.funds:
            yield self.form(lambda c, p: 0 if payers(self.round.funds, c, p) else 2)

    def _within(self) -> np.ndarray:
        within = np.ones(len(self.kept), dtype=bool)
        for clause in self.clauses:
            within &= self._totals(clause.form) <= clause.bound
        return within

    def verdict(self) -> Verdict:
        best = self._best(np.flatnonzero(self._within()))
        if best is None:
            return Verdict(None, conflicts=self._conflicts())
        optima, worth = best
        return self._drawn(self._outcomes(optima), worth)

    # Value.

    def _best(self, within: np.ndarray) -> tuple[np.ndarray, Fraction] | None:
        """Positions of the best allocations that the funds can pay, and their value."""
        for row, bound in self._fund_rows().values():
            within = within[self._totals(row)[within] <= bound]
        worth, scale = self._worth()
        worth = worth[within]
        while len(within):
            top = worth == worth.max()
            payable = np.array([self._payable(int(i)) for i in within[top]])
            if payable.any():
                return within[top][payable], Fraction(int(worth.max()), scale)
            within, worth = within[~top], worth[~top]
        return None

    def _worth(self) -> tuple[np.ndarray, int]:
        settled = list(targets(self.pool, self.rules))
        scale = lcm(
            *(self.rules.coverage(p).denominator for p in Package),
            *(t.share.denominator * per_unit(t.factor) for t in settled),
        )
        worth = self._totals(self.form(lambda c, p: int(scale * self.rules.coverage(p) * c.merit)))
        for target in settled:
            num, den = target.share.as_integer_ratio()
            short = np.maximum(0, self._totals(self.form(_short_of(target, num, den))))
            weight = target.factor.weight * scale // (den * per_unit(target.factor))
            if int(short.max()) * weight + abs(int(worth.min())) >= 2**62:
                worth, short = worth.astype(object), short.astype(object)
            worth = worth - weight * short
        return worth, scale

    # Funds.

    def _fund_rows(self) -> dict[frozenset[str], tuple[Form, int]]:
        """For every set of funds: what only they may pay, and what they have."""
        funds = self.round.funds
        sets = [s for k in range(1, len(funds) + 1) for s in combinations(funds, k)]
        return {
            frozenset(f.id for f in some): (
                self.form(
                    lambda c, p, some=some: (
                        price(c, p) if payers(funds, c, p) <= {f.id for f in some} else 0
                    )
                ),
                sum(f.amount for f in some),
            )
            for some in sets
        }

    def _payable(self, position: int, among: frozenset[str] | None = None) -> bool:
        """Whether whole awards fit in funds: all, or those payable only from ``among``."""
        if self.rules.share_between_funds or not self.round.funds:
            return True
        money = {f.id: f.amount for f in self.round.funds if among is None or f.id in among}
        bills = [
            (price(c, p), payers(self.round.funds, c, p))
            for c, p in self._awarded(position)
            if payers(self.round.funds, c, p) <= money.keys()
        ]
        bills.sort(key=lambda bill: (-bill[0], sorted(bill[1])))
        key = (among, *bills)
        if key not in self.memo:
            self.memo[key] = assignable(bills, money)
        return self.memo[key]

    def _awarded(self, position: int) -> list[tuple[Candidate, Package]]:
        (outcome,) = self._outcomes(np.array([position]))
        return [(c, p) for c, p in zip(self.candidates, outcome, strict=True) if p is not None]

    def _outcomes(self, positions: np.ndarray) -> list[tuple[Package | None, ...]]:
        digits = np.unravel_index(self.kept[positions], [len(o) for o in self.options] or [1])
        if not self.options:
            return [()] * len(positions)
        return [
            tuple(o[int(d)] for o, d in zip(self.options, each, strict=True))
            for each in zip(*digits, strict=True)
        ]

    # The lottery.

    def _drawn(self, optima: list[tuple[Package | None, ...]], worth: Fraction) -> Verdict:
        ids = [c.application.application_id for c in self.candidates]
        order = lottery(self.round.lottery_seed, ids)
        place = {application: i for i, application in enumerate(ids)}
        tied = tuple(a for a in order if len({o[place[a]] for o in optima}) > 1)
        left = optima
        for application in order:
            left = [o for o in left if o[place[application]]] or left
        for application in order:
            for package in Package:
                having = [o for o in left if o[place[application]] is package]
                if having:
                    left = having
                    break
        (final,) = set(left)
        chosen = tuple((a, p) for a, p in zip(ids, final, strict=True) if p is not None)
        return Verdict(worth, tuple(sorted(chosen)), tied, len(optima))

    # Conflicts.

    def _conflicts(self) -> frozenset[frozenset[str]]:
        """Every smallest set of clauses that no allocation keeps together."""
        names = sorted({c.name for c in self.clauses} | {f"fund[{f.id}]" for f in self.round.funds})
        bit = {name: 1 << i for i, name in enumerate(names)}
        every = np.arange(1 << len(names))
        hopeless = np.ones(len(every), dtype=bool)
        for alone, together in self._patterns(bit):
            fails = (every & alone) != 0
            for some in together:
                fails |= (every & some) == some
            hopeless &= fails
        least: list[int] = []
        for mask in sorted(np.flatnonzero(hopeless).tolist(), key=int.bit_count):
            if not any(mask & small == small for small in least):
                least.append(mask)
        return frozenset(frozenset(n for n in names if mask & bit[n]) for mask in least)

    def _patterns(self, bit: dict[str, int]) -> set[tuple[int, tuple[int, ...]]]:
        """What the allocations break: single clauses, and sets of funds that fail together."""
        alone = np.zeros(len(self.kept), dtype=np.int64)
        for clause in self.clauses:
            alone |= np.where(self._totals(clause.form) > clause.bound, bit[clause.name], 0)
        columns = []
        for funds, (row, bound) in self._fund_rows().items():
            mask = sum(bit[f"fund[{name}]"] for name in funds)
            fails = self._totals(row) > bound
            if not self.rules.share_between_funds and len(funds) > 1:
                for i in np.flatnonzero(~fails):
                    fails[i] = not self._payable(int(i), funds)
            columns.append((mask, fails))
        return {
            (int(alone[i]), tuple(mask for mask, fails in columns if fails[i]))
            for i in range(len(self.kept))
        }


def _short_of(target: Target, num: int, den: int) -> Of:
    """Per award: how it moves ``num·n - den·n_b``."""

    def moves(c: Candidate, p: Package) -> int:
        if not values_of(c, target.factor.known_by):
            return 0
        return (num - den * matches(target.group, c, p)) * measured(target.factor.measure, c, p)

    return moves


def _limit_clauses(round_: Round, rules: Rules, every: _Enumeration) -> Iterator[_Clause]:
    for meeting in round_.meetings:
        if meeting.budget is not None:
            at = meeting.id
            form = every.form(lambda c, p, at=at: price(c, p) * (c.application.meeting == at))
            yield _Clause(f"budget[{at}]", form, meeting.budget)
    paired = {m.id for m in round_.meetings if pair_rule_holds_at(m, rules.ticket_in_pair)}
    for seat in {(c.application.administration, c.application.meeting) for c in every.candidates}:

        def here(c: Candidate, seat: tuple[str, str] = seat) -> bool:
            return (c.application.administration, c.application.meeting) == seat

        if rules.quota:
            form = every.form(lambda c, p, here=here, q=rules.quota: q.units(p) * here(c))
            yield _Clause("quota", form, rules.quota.at_most)
        if seat[1] in paired:
            form = every.form(lambda c, p, here=here: (p is Package.DSA) * here(c))
            yield _Clause("ticket_in_pair", form, 1)
    yield from _person_clauses(rules.person_year, every)


def _person_clauses(limit: UnitLimit | None, every: _Enumeration) -> Iterator[_Clause]:
    if limit is None:
        return
    used = {c.application.person_id: c.used_half_units for c in every.candidates}
    for who, before in used.items():
        form = every.form(lambda c, p, who=who: limit.units(p) * (c.application.person_id == who))
        yield _Clause("person_year", form, max(0, limit.at_most - before))


def _bound_clauses(rules: Rules, every: _Enumeration) -> Iterator[_Clause]:
    for kind, bounds in (("floor", rules.floors), ("cap", rules.caps)):
        for bound in bounds:
            share = bound.at_least if bound.at_least is not None else bound.at_most
            assert share is not None
            sign = -1 if bound.at_least is not None else 1
            num, den = share.as_integer_ratio()
            form = every.form(_bound_of(bound, sign, num, den))
            limit = 0 if bound.share else sign * num
            yield _Clause(f"{kind}[{bound.id}]", form, limit)


def _bound_of(bound: Bound, sign: int, num: int, den: int) -> Of:
    def moves(c: Candidate, p: Package) -> int:
        if not matches(bound.of, c, p):
            return 0
        share = num if bound.share else 0
        return sign * (den * matches(bound.group, c, p) - share) * measured(bound.measure, c, p)

    return moves
