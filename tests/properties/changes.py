"""One change to one application of a round: for tests of what it may do to the decision."""

from dataclasses import replace

from allocator.model import Candidate, Gender, Package, Selector
from allocator.rules import BalanceFactor, Bound, Measure, Rules
from tests.builders import Small, pool_of


def edited(small: Small, *changed: Candidate) -> Small:
    """Return the round with these candidates in the place of their namesakes."""
    new = {c.application.application_id: c for c in changed}
    kept = [new.get(c.application.application_id, c) for c in small.pool.candidates]
    return replace(small, pool=pool_of(kept))


def find(small: Small, application: str) -> Candidate:
    return next(c for c in small.pool.candidates if c.application.application_id == application)


def all_of(small: Small, person: str) -> list[Candidate]:
    return [c for c in small.pool.candidates if c.application.person_id == person]


def with_merit(candidate: Candidate, merit: int) -> Candidate:
    return replace(candidate, merit=merit)


def cheaper(candidate: Candidate, by: int) -> Candidate:
    """Lower the air ticket: both packages that contain it cost less, down to nothing."""
    costs = tuple(
        cost if cost.package is Package.DSA else replace(cost, amount=max(0, cost.amount - by))
        for cost in candidate.costs
    )
    return replace(candidate, costs=costs)


def of_gender(candidate: Candidate, gender: Gender) -> Candidate:
    known = () if gender is Gender.NOT_STATED else (gender.value,)
    attributes = dict(candidate.attributes) | {"gender": known}
    return replace(
        candidate,
        application=replace(candidate.application, gender=gender),
        attributes=tuple(sorted(attributes.items())),
    )


def mentions(selector: Selector, attribute: str) -> bool:
    return any(name == attribute for name, _ in selector.conditions)


def without_gender(small: Small) -> Small:
    """Take every clause that looks at gender out of the rules and the funds."""
    rules = small.rules
    return replace(
        small,
        round=replace(
            small.round,
            funds=tuple(f for f in small.round.funds if not mentions(f.only, "gender")),
        ),
        rules=replace(
            rules,
            floors=tuple(b for b in rules.floors if not mentions(b.group, "gender")),
            caps=tuple(b for b in rules.caps if not mentions(b.group, "gender")),
            balance=tuple(
                b
                for b in rules.balance
                if not mentions(b.group, "gender") and "gender" not in (b.known_by, b.each)
            ),
        ),
    )


def without_money_measures(rules: Rules) -> Rules:
    """Count every floor, cap and balance factor in awards where it counted money."""

    def counted[T: (Bound, BalanceFactor)](each: T) -> T:
        return replace(each, measure=Measure.AWARDS) if each.measure is Measure.MONEY else each

    return replace(
        rules,
        floors=tuple(
            counted(b) if b.share else replace(counted(b), at_least=b.at_least % 4)
            for b in rules.floors
        ),
        caps=tuple(
            counted(b) if b.share else replace(counted(b), at_most=b.at_most % 4)
            for b in rules.caps
        ),
        balance=tuple(map(counted, rules.balance)),
    )


def scaled_money(small: Small, by: int) -> Small:
    """Count every amount in a smaller unit: costs, budgets, funds, bounds, the balance unit."""

    def bound(each: Bound) -> Bound:
        if each.share or each.measure is not Measure.MONEY:
            return each
        least, most = each.at_least, each.at_most
        return replace(
            each,
            at_least=None if least is None else least * by,
            at_most=None if most is None else most * by,
        )

    rules = small.rules
    return Small(
        pool_of(
            [
                replace(c, costs=tuple(replace(k, amount=k.amount * by) for k in c.costs))
                for c in small.pool.candidates
            ]
        ),
        replace(
            small.round,
            meetings=tuple(
                replace(m, budget=None if m.budget is None else m.budget * by)
                for m in small.round.meetings
            ),
            funds=tuple(replace(f, amount=f.amount * by) for f in small.round.funds),
        ),
        replace(
            rules,
            floors=tuple(map(bound, rules.floors)),
            caps=tuple(map(bound, rules.caps)),
            balance=tuple(replace(b, money_unit=b.money_unit * by) for b in rules.balance),
        ),
    )


def scaled_merit(small: Small, by: int) -> Small:
    """Count merit and weights in a smaller unit."""
    return replace(
        edited(small, *(with_merit(c, c.merit * by) for c in small.pool.candidates)),
        rules=replace(
            small.rules,
            balance=tuple(replace(b, weight=b.weight * by) for b in small.rules.balance),
        ),
    )
