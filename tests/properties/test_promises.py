"""Promises 4 to 6, as ``docs/method.md`` states them, on random small rounds.

What is *not* promised, with the smallest example of each, is in ``test_limits.py``.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest

from allocator.errors import AllocatorError
from allocator.model import Gender, Package
from allocator.optimise.allocation import Allocation
from allocator.optimise.solve import allocate
from allocator.policy_promises import never_levels_down
from allocator.rules import BalanceFactor, Measure
from tests.builders import Small, where
from tests.properties.changes import (
    all_of,
    cheaper,
    edited,
    find,
    mentions,
    of_gender,
    scaled_merit,
    scaled_money,
    with_merit,
    without_gender,
    without_money_measures,
)
from tests.referee import (
    broken,
    funds_broken,
    measured,
    payers,
    per_unit,
    price,
    targets,
)
from tests.rounds import Choose, hashed, numbered

type Outcome = dict[str, Package]

FEW, MANY = range(80), range(10_000, 13_000)


def allocated(small: Small) -> Allocation | None:
    """Decide a round; ``None`` if no allocation keeps its rules."""
    try:
        return allocate(small.pool, small.round, small.rules)[1]
    except AllocatorError as refusal:
        assert refusal.code == "optimise-infeasible"
        return None


def decided(small: Small) -> Outcome | None:
    allocation = allocated(small)
    if allocation is None:
        return None
    return {award.application_id: award.package for award in allocation.awards}


@cache
def as_drawn(number: int) -> Outcome | None:
    return decided(numbered(number))


def rounds_with_awards(
    numbers: range, change: Callable[[Small], Small] | None = None
) -> Iterator[tuple[Small, Outcome, Choose]]:
    """Yield round, outcome, and a source of further draws, for every round that awards anything."""
    for number in numbers:
        small = numbered(number)
        if change is None:
            outcome = as_drawn(number)
        else:
            small = change(small)
            outcome = decided(small)
        if outcome:
            yield small, outcome, hashed(number, "change")


def one_of(outcome: Outcome, choose: Choose) -> str:
    return sorted(outcome)[choose(len(outcome))]


def some_rounds(test):
    """Run a property on few rounds, and in the soak on many."""
    soak = pytest.param(MANY, marks=pytest.mark.soak, id="many")
    return pytest.mark.parametrize("numbers", [pytest.param(FEW, id="few"), soak])(test)


# Promise 4: merit and cost.


@some_rounds
def test_more_merit_never_costs_an_application_its_award_nor_part_of_it(numbers):
    for small, before, choose in rounds_with_awards(numbers):
        application = one_of(before, choose)
        candidate = find(small, application)
        more = with_merit(candidate, candidate.merit + 1 + choose(40_000))
        after = decided(edited(small, more))
        assert application in after
        coverage = small.rules.coverage
        assert coverage(after[application]) >= coverage(before[application])


@some_rounds
def test_more_merit_on_all_applications_of_a_person_never_lowers_what_the_person_gets(numbers):
    for small, before, choose in rounds_with_awards(numbers):
        person = find(small, one_of(before, choose)).application.person_id
        mine, more = all_of(small, person), 1 + choose(40_000)
        if len(mine) > 1:
            after = decided(edited(small, *(with_merit(c, c.merit + more) for c in mine)))
            assert _covered(small, person, after) >= _covered(small, person, before)


def _covered(small: Small, person: str, outcome: Outcome) -> Fraction:
    ids = [c.application.application_id for c in all_of(small, person)]
    return sum((small.rules.coverage(outcome[a]) for a in ids if a in outcome), Fraction(0))


@some_rounds
def test_a_cheaper_ticket_never_costs_an_award_where_no_clause_counts_money(numbers):
    def counted_in_heads(small: Small) -> Small:
        return replace(small, rules=without_money_measures(small.rules))

    for small, before, choose in rounds_with_awards(numbers, counted_in_heads):
        application = one_of(before, choose)
        less = cheaper(find(small, application), 1 + choose(150_000))
        assert application in decided(edited(small, less))


# Promise 5: balance.


@some_rounds
def test_no_seat_that_is_worth_its_weights_is_left_empty(numbers):
    for small, outcome, _ in rounds_with_awards(numbers):
        for candidate in small.pool.candidates:
            application = candidate.application.application_id
            if application in outcome:
                continue
            for cost in candidate.costs:
                worth = small.rules.coverage(cost.package) * candidate.merit
                if worth >= _most_balance_can_cost(small, application, cost.package):
                    assert not _possible(small, {**outcome, application: cost.package})


@some_rounds
def test_where_the_policy_guarantees_it_no_affordable_application_is_declined(numbers):
    guaranteed = 0
    for small, outcome, _ in rounds_with_awards(numbers):
        least = min(c.merit for c in small.pool.candidates)
        dearest = max(cost.amount for c in small.pool.candidates for cost in c.costs)
        rules = replace(small.rules, award_points=least)
        if not never_levels_down(rules, dearest).holds:
            continue
        guaranteed += 1
        for candidate in small.pool.candidates:
            application = candidate.application.application_id
            if application not in outcome:
                for cost in candidate.costs:
                    assert not _possible(small, {**outcome, application: cost.package})
    assert guaranteed > len(numbers) // 10


def _most_balance_can_cost(small: Small, application: str, package: Package) -> Fraction:
    """``Σ weight·target·measure``: one more award raises no shortfall by more."""
    candidate = find(small, application)
    return sum(
        (
            t.factor.weight
            * t.share
            * measured(t.factor.measure, candidate, package)
            / per_unit(t.factor)
            for t in targets(small.pool, small.rules)
        ),
        Fraction(0),
    )


def _possible(small: Small, outcome: Outcome) -> bool:
    granted = [(find(small, a), p) for a, p in outcome.items()]
    bills = [(price(c, p), payers(small.round.funds, c, p)) for c, p in granted]
    if small.round.funds and not all(able for _, able in bills):
        return False
    return not broken(small.pool, small.round, small.rules, outcome) and not funds_broken(
        small.round, small.rules.share_between_funds, bills
    )


# Promise 6: gender.


@some_rounds
def test_without_gender_clauses_relabelling_everybody_changes_nothing(numbers):
    for number in numbers:
        choose = hashed(number, "genders")
        small = without_gender(numbered(number))
        relabelled = edited(
            small,
            *(of_gender(c, list(Gender)[choose(len(Gender))]) for c in small.pool.candidates),
        )
        assert allocated(small) == allocated(relabelled)


@some_rounds
@pytest.mark.parametrize("measure", Measure)
def test_stating_the_favoured_gender_never_costs_a_person_the_award_at_a_fixed_target(
    numbers, measure
):
    def favoured(small: Small) -> Small:
        return _favouring_women(small, Fraction(1, 2), measure)

    for small, before, choose in rounds_with_awards(numbers, favoured):
        person = find(small, one_of(before, choose)).application.person_id
        mine = all_of(small, person)
        after = decided(edited(small, *(of_gender(c, Gender.FEMALE) for c in mine)))
        assert any(c.application.application_id in after for c in mine)


@some_rounds
def test_leaving_the_other_gender_unstated_never_costs_the_award_at_a_fixed_target(numbers):
    def favoured(small: Small) -> Small:
        return _favouring_women(small, Fraction(1, 2), Measure.AWARDS)

    for small, before, choose in rounds_with_awards(numbers, favoured):
        person = find(small, one_of(before, choose)).application.person_id
        mine = all_of(small, person)
        if mine[0].application.gender is Gender.MALE:
            after = decided(edited(small, *(of_gender(c, Gender.NOT_STATED) for c in mine)))
            assert any(c.application.application_id in after for c in mine)


@some_rounds
def test_the_same_at_a_proportional_target_counted_in_awards_for_one_application(numbers):
    def favoured(small: Small) -> Small:
        return _favouring_women(small, None, Measure.AWARDS)

    for small, before, choose in rounds_with_awards(numbers, favoured):
        application = one_of(before, choose)
        candidate = find(small, application)
        if len(all_of(small, candidate.application.person_id)) == 1:
            after = decided(edited(small, of_gender(candidate, Gender.FEMALE)))
            assert application in after


def _favouring_women(small: Small, target: Fraction | None, measure: Measure) -> Small:
    """Keep of the clauses on gender one factor, and funds and floors for women only."""
    women = where(gender="female")
    rules = small.rules
    others = [
        b
        for b in rules.balance
        if "gender" not in (b.known_by, b.each) and not mentions(b.group, "gender")
    ]
    weight = 5_000 + max((b.weight for b in rules.balance), default=25_000)
    factor = BalanceFactor(
        "women", "Women", women, "gender", target, measure, weight, None, money_unit=70_000
    )
    return replace(
        small,
        round=replace(
            small.round,
            funds=tuple(
                replace(f, only=women) if mentions(f.only, "gender") else f
                for f in small.round.funds
            ),
        ),
        rules=replace(
            rules,
            floors=tuple(
                b for b in rules.floors if b.group == women or not mentions(b.group, "gender")
            ),
            caps=tuple(b for b in rules.caps if not mentions(b.group, "gender")),
            balance=(*others, factor),
        ),
    )


# Beyond: what the lottery and the units of the numbers may not do.


@some_rounds
def test_another_seed_changes_the_tied_only(numbers):
    for number in numbers:
        small = numbered(number)
        allocation = allocated(small)
        if allocation is None:
            continue
        other = allocated(replace(small, round=replace(small.round, lottery_seed="another")))
        assert other.objective == allocation.objective
        tied = {draw.application_id for draw in allocation.draws}
        assert {draw.application_id for draw in other.draws} == tied
        for candidate in small.pool.candidates:
            application = candidate.application.application_id
            before, after = allocation.award_of(application), other.award_of(application)
            if application not in tied:
                assert (before and before.package) == (after and after.package)


@some_rounds
def test_the_unit_of_money_and_of_merit_decides_nothing(numbers):
    for number in numbers:
        small = numbered(number)
        assert decided(scaled_money(small, 101)) == as_drawn(number)
        assert decided(scaled_merit(small, 7)) == as_drawn(number)
