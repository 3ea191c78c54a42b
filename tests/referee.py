"""The referee: section 4 of the design read a second time, judging one given allocation.

Works from the pool, the round and the rules alone; imports nothing that solves or builds a
programme. ``check`` takes rounds of any size.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from allocator.model import Award, Candidate, Fund, Meeting, Package, Pool, Round, Selector
from allocator.rules import BalanceFactor, Measure, PairScope, Rules

type Choice = Mapping[str, Package]
"""An allocation: application id → package granted."""

LARGEST_SHARE = 1000
"""Largest denominator of a proportional target."""


def values_of(candidate: Candidate, attribute: str) -> tuple[str, ...]:
    return dict(candidate.attributes).get(attribute, ())


def compared(candidate: Candidate, attribute: str) -> tuple[str, ...]:
    """A region may be named as a group of Member States too."""
    also = values_of(candidate, "region") if attribute == "country_group" else ()
    return (*values_of(candidate, attribute), *also)


def matches(selector: Selector, candidate: Candidate, package: Package) -> bool:
    """Every condition holds; any listed value satisfies one; what is not known satisfies none."""
    for attribute, wanted in selector.conditions:
        known = (package.value,) if attribute == "package" else compared(candidate, attribute)
        if not set(known) & set(wanted):
            return False
    return True


def price(candidate: Candidate, package: Package) -> int:
    return next(cost.amount for cost in candidate.costs if cost.package is package)


def measured(measure: Measure, candidate: Candidate, package: Package) -> int:
    if measure is Measure.AWARDS:
        return 1
    if measure is Measure.HALF_UNITS:
        return 2 if package is Package.FULL else 1
    return price(candidate, package)


def per_unit(factor: BalanceFactor) -> int:
    """How much of the measure one weight pays for: an award, two half-units, the money unit."""
    return {Measure.AWARDS: 1, Measure.HALF_UNITS: 2, Measure.MONEY: factor.money_unit}[
        factor.measure
    ]


@dataclass(frozen=True)
class Target:
    """A balance factor with its group and target share settled on a pool."""

    factor: BalanceFactor
    group: Selector
    share: Fraction


def targets(pool: Pool, rules: Rules) -> Iterator[Target]:
    """Settle each factor: one per value for ``each``, shares of the pool where none is given."""
    for factor in rules.balance:
        groups = [factor.group]
        if factor.each:
            found = {value for c in pool.candidates for value in values_of(c, factor.each)}
            groups = [Selector(((factor.each, (value,)),)) for value in sorted(found)]
        for group in groups:
            share = None if factor.each else factor.target
            if share is None:
                share = proportion(pool, factor.known_by, group)
            if share is not None:
                yield Target(factor, group, share)


def proportion(pool: Pool, known_by: str, group: Selector) -> Fraction | None:
    """The group's part of the candidate applications whose ``known_by`` is known."""
    known = [c for c in pool.candidates if values_of(c, known_by)]
    if not known:
        return None
    within = sum(matches(group, c, Package.FULL) for c in known)
    share = Fraction(within, len(known))
    if share.denominator > LARGEST_SHARE:
        return Fraction(LARGEST_SHARE * within // len(known), LARGEST_SHARE)
    return share


def value(pool: Pool, rules: Rules, choice: Choice) -> Fraction:
    """Worth of an allocation in thousandths of a merit point."""
    awarded = [
        (c, choice[c.application.application_id])
        for c in pool.candidates
        if c.application.application_id in choice
    ]
    worth = sum((rules.coverage(p) * c.merit for c, p in awarded), Fraction(0))
    for target in targets(pool, rules):
        factor = target.factor
        known = [(c, p) for c, p in awarded if values_of(c, factor.known_by)]
        everyone = sum(measured(factor.measure, c, p) for c, p in known)
        group = sum(measured(factor.measure, c, p) for c, p in known if matches(target.group, c, p))
        short = max(Fraction(0), target.share * everyone - group)
        worth -= factor.weight * short / per_unit(factor)
    return worth


def pair_rule_holds_at(meeting: Meeting, scope: PairScope) -> bool:
    in_geneva = meeting.city.strip().casefold() == "geneva"
    return scope is PairScope.ALL or (scope is PairScope.GENEVA and in_geneva)


def payers(funds: Iterable[Fund], candidate: Candidate, package: Package) -> frozenset[str]:
    return frozenset(f.id for f in funds if matches(f.only, candidate, package))


def assignable(awards: list[tuple[int, frozenset[str]]], money: dict[str, int]) -> bool:
    """Whether each award can be paid whole by one fund; dearest first, trying every fund."""
    if not awards:
        return True
    (cost, able), rest = awards[0], awards[1:]
    return any(
        money[fund] >= cost and assignable(rest, {**money, fund: money[fund] - cost})
        for fund in sorted(able & money.keys())
    )


def funds_broken(
    round_: Round, sharing: bool, bills: list[tuple[int, frozenset[str]]]
) -> list[frozenset[str]]:
    """The sets of funds whose money does not do for the awards payable from within the set only."""
    broken = []
    for size in range(1, len(round_.funds) + 1):
        for some in combinations(round_.funds, size):
            money = {fund.id: fund.amount for fund in some}
            bound = sorted((b for b in bills if b[1] <= money.keys()), key=lambda b: -b[0])
            enough = (
                sum(cost for cost, _ in bound) <= sum(money.values())
                if sharing
                else assignable(bound, money)
            )
            if not enough:
                broken.append(frozenset(money))
    return broken


def broken(pool: Pool, round_: Round, rules: Rules, choice: Choice) -> list[str]:
    """Every rule but the funds that this allocation breaks, by clause; empty if it is within."""
    awarded = [
        (c, choice[c.application.application_id])
        for c in pool.candidates
        if c.application.application_id in choice
    ]
    return [
        *_unknown_awards(pool, choice),
        *_meetings_broken(round_, awarded),
        *_limits_broken(round_, rules, awarded),
        *_bounds_broken(rules, awarded),
    ]


def _unknown_awards(pool: Pool, choice: Choice) -> Iterator[str]:
    offered = {c.application.application_id: {k.package for k in c.costs} for c in pool.candidates}
    for application, package in choice.items():
        if package not in offered.get(application, set()):
            yield f"package[{application}]"


def _meetings_broken(round_: Round, awarded: list[tuple[Candidate, Package]]) -> Iterator[str]:
    spent: dict[str, int] = defaultdict(int)
    seats: dict[tuple[str, str], int] = defaultdict(int)
    for c, package in awarded:
        spent[c.application.meeting] += price(c, package)
        seats[c.application.person_id, c.application.meeting] += 1
    for meeting in round_.meetings:
        if meeting.budget is not None and spent[meeting.id] > meeting.budget:
            yield f"budget[{meeting.id}]"
    if any(count > 1 for count in seats.values()):
        yield "once"


def _limits_broken(
    round_: Round, rules: Rules, awarded: list[tuple[Candidate, Package]]
) -> Iterator[str]:
    state: dict[tuple[str, str], list[Package]] = defaultdict(list)
    person: dict[str, list[Package]] = defaultdict(list)
    used = {}
    for c, package in awarded:
        state[c.application.administration, c.application.meeting].append(package)
        person[c.application.person_id].append(package)
        used[c.application.person_id] = c.used_half_units
    quota, year = rules.quota, rules.person_year
    if quota and any(sum(map(quota.units, got)) > quota.at_most for got in state.values()):
        yield "quota"
    paired = {m.id for m in round_.meetings if pair_rule_holds_at(m, rules.ticket_in_pair)}
    if any(got.count(Package.DSA) > 1 for (_, at), got in state.items() if at in paired):
        yield "ticket_in_pair"
    if year and any(
        sum(map(year.units, got)) > max(year.at_most - used[who], 0) for who, got in person.items()
    ):
        yield "person_year"


def _bounds_broken(rules: Rules, awarded: list[tuple[Candidate, Package]]) -> Iterator[str]:
    for kind, bounds in (("floor", rules.floors), ("cap", rules.caps)):
        for bound in bounds:
            inside = [(c, p) for c, p in awarded if matches(bound.of, c, p)]
            total = sum(measured(bound.measure, c, p) for c, p in inside)
            group = sum(
                measured(bound.measure, c, p) for c, p in inside if matches(bound.group, c, p)
            )
            of = total if bound.share else 1
            if bound.at_least is not None and group < bound.at_least * of:
                yield f"{kind}[{bound.id}]"
            if bound.at_most is not None and group > bound.at_most * of:
                yield f"{kind}[{bound.id}]"


def check(pool: Pool, round_: Round, rules: Rules, awards: Iterable[Award]) -> list[str]:
    """Every rule these awards break, who pays included; empty if all hold. Any size of round."""
    awards = tuple(awards)
    choice = {award.application_id: award.package for award in awards}
    found = ["twice"] if len(choice) < len(awards) else []
    found += broken(pool, round_, rules, choice)
    candidates = {c.application.application_id: c for c in pool.candidates}
    spent: dict[str, int] = defaultdict(int)
    for award in awards:
        candidate = candidates[award.application_id]
        found += _award_broken(round_, rules, candidate, award)
        for fund, amount in award.shares:
            spent[fund] += amount
    return found + [f"fund[{f.id}]" for f in round_.funds if spent[f.id] > f.amount]


def _award_broken(round_: Round, rules: Rules, candidate: Candidate, award: Award) -> Iterator[str]:
    if award.amount != price(candidate, award.package):
        yield f"amount[{award.application_id}]"
    able = payers(round_.funds, candidate, award.package)
    if not {fund for fund, _ in award.shares} <= able or any(a < 0 for _, a in award.shares):
        yield f"payer[{award.application_id}]"
    if round_.funds and sum(amount for _, amount in award.shares) != award.amount:
        yield f"shares[{award.application_id}]"
    if not rules.share_between_funds and len(award.shares) > 1:
        yield f"one_fund[{award.application_id}]"


def lottery(seed: str, applications: Iterable[str]) -> list[str]:
    """The published order: by SHA-256 of seed and application id."""
    return sorted(applications, key=lambda a: (hashlib.sha256((seed + a).encode()).hexdigest(), a))
