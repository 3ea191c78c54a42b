"""What a policy promises by its numbers holds by brute arithmetic, and fails where it says so."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.intake.columns import APPLICATIONS
from allocator.intake.groups import attribute_name
from allocator.model import POINT, Package, Selector
from allocator.policy import (
    promises,
    settle,
)
from allocator.policy_promises import largest_weight, margin, never_levels_down
from allocator.rules import BalanceFactor, Criterion, Measure, Rules
from tests.policies import DAY, SMALL, WOMEN, policy

PLAIN = settle(policy(SMALL), DAY)
GROUPS = ("a", "b", "c")


def factor(name: str, target: Fraction, weight: int, measure: Measure) -> BalanceFactor:
    group = Selector((("team", (name,)),))
    return BalanceFactor(name, name, group, "team", target, measure, weight, None)


def shortfall(rules: Rules, awards: list[tuple[str, Package, int]]) -> Fraction:
    """Weigh the shortfalls of an allocation from their definition (design, section 4)."""
    total = Fraction(0)
    for each in rules.balance:
        counted = [(team, counts(each, package, cost)) for team, package, cost in awards]
        n = sum((count for _, count in counted), Fraction(0))
        inside = sum((c for team, c in counted if team == each.id), Fraction(0))
        total += each.weight * max(Fraction(0), (each.target or 0) * n - inside)
    return total


def counts(each: BalanceFactor, package: Package, cost: int) -> Fraction:
    match each.measure:
        case Measure.AWARDS:
            return Fraction(1)
        case Measure.HALF_UNITS:
            return Fraction(2 if package is Package.FULL else 1, 2)
        case Measure.MONEY:
            return Fraction(cost, each.money_unit)


targets = st.fractions(0, 1, max_denominator=8)
factors = st.lists(
    st.tuples(targets, st.integers(0, 60), st.sampled_from(Measure)), min_size=1, max_size=3
)
awards = st.tuples(
    st.sampled_from((*GROUPS, "other")), st.sampled_from(Package), st.integers(0, 900_000)
)


@given(factors, st.lists(awards, max_size=5), awards)
def test_where_guaranteed_one_more_award_never_lowers_the_objective(
    drawn: list[tuple[Fraction, int, Measure]],
    before: list[tuple[str, Package, int]],
    added: tuple[str, Package, int],
) -> None:
    rules = replace(
        PLAIN,
        balance=tuple(
            factor(name, target, weight * POINT, measure)
            for name, (target, weight, measure) in zip(GROUPS, drawn, strict=False)
        ),
    )
    gain = rules.coverage(added[1]) * rules.award_points
    change = gain - shortfall(rules, [*before, added]) + shortfall(rules, before)
    assert change >= margin(rules, added[1], added[2])
    if never_levels_down(rules, dearest=900_000).holds:
        assert change >= 0


@given(factors)
def test_where_it_fails_an_award_can_lose_and_the_named_weight_repairs_it(
    drawn: list[tuple[Fraction, int, Measure]],
) -> None:
    balance = tuple(
        factor(name, target, weight * POINT, measure)
        for name, (target, weight, measure) in zip(GROUPS, drawn, strict=False)
    )
    rules, dearest = replace(PLAIN, balance=balance), 500_000
    promise = never_levels_down(rules, dearest)
    # An allocation that just meets every target leaves no slack for an award outside all groups.
    worst = min(
        rules.coverage(package) * rules.award_points
        - shortfall(rules, [("other", package, dearest)])
        for package in Package
    )
    assert promise.holds == (worst >= 0)
    assert bool(promise.remedy) == (not promise.holds)
    for position, each in enumerate(balance):
        best = largest_weight(rules, each, dearest)
        if best is None or promise.holds:
            continue
        for weight, holds in ((best, True), (best + 1, False)):
            changed = list(balance)
            changed[position] = replace(each, weight=weight)
            again = never_levels_down(replace(rules, balance=tuple(changed)), dearest)
            assert again.holds == holds


def test_a_factor_for_each_value_counts_its_weight_once() -> None:
    regions = BalanceFactor(
        "r", "R", Selector(), "region", None, Measure.AWARDS, 20 * POINT, None, each="region"
    )
    assert never_levels_down(replace(PLAIN, balance=(regions,))).holds
    over = replace(regions, weight=20 * POINT + 1)
    assert not never_levels_down(replace(PLAIN, balance=(over,))).holds
    groups = replace(regions, each="country_group", known_by="country_group")
    assert not never_levels_down(replace(PLAIN, balance=(groups,))).holds


@given(
    st.lists(st.sampled_from(GROUPS), min_size=1, max_size=8),
    st.lists(st.sampled_from(GROUPS), max_size=6),
    st.sampled_from(GROUPS),
)
def test_proportional_targets_for_each_value_never_cost_more_than_the_weight(
    pool: list[str], before: list[str], added: str
) -> None:
    """The reasoning of the promise: the parts of the values of one attribute sum to one."""
    parts = {name: Fraction(pool.count(name), len(pool)) for name in GROUPS}

    def short(awarded: list[str]) -> Fraction:
        over = (parts[name] * len(awarded) - awarded.count(name) for name in GROUPS)
        return sum((max(Fraction(0), each) for each in over), Fraction(0))

    assert short([*before, added]) - short(before) <= 1


def test_counting_money_is_guaranteed_up_to_a_stated_cost() -> None:
    money = replace(factor("a", Fraction(1, 2), 10 * POINT, Measure.MONEY), money_unit=100_000)
    rules = replace(PLAIN, balance=(money,))
    # 20 points for a ticket alone; 10 points per 1,000.00, half of it lost: up to 4,000.00.
    promise = never_levels_down(rules)
    assert not promise.holds
    assert "at most 4\u202f000.00" in promise.text
    assert never_levels_down(rules, dearest=400_000).holds
    assert not never_levels_down(rules, dearest=400_001).holds


def test_the_remedy_names_the_largest_weight_that_keeps_the_promise() -> None:
    rules = replace(PLAIN, balance=(factor("a", Fraction(1, 2), 60 * POINT, Measure.AWARDS),))
    assert "from 60 to at most 40" in never_levels_down(rules).remedy


@pytest.mark.parametrize(("weight", "percent", "needed"), [(15, 44, 90), (30, 22, None)])
def test_where_no_single_weight_repairs_it_the_remedy_is_for_all(
    weight: int, percent: int, needed: int | None
) -> None:
    three = tuple(factor(each, Fraction(1), weight * POINT, Measure.AWARDS) for each in GROUPS)
    rules = replace(PLAIN, balance=three)
    remedy = never_levels_down(rules).remedy
    assert f"at most {percent} %" in remedy
    assert (needed is not None) == (f"at least {needed} points" in remedy)
    lower = tuple(replace(each, weight=each.weight * percent // 100) for each in three)
    assert never_levels_down(replace(rules, balance=lower)).holds
    if needed:
        assert never_levels_down(replace(rules, award_points=needed * POINT)).holds
        assert not never_levels_down(replace(rules, award_points=needed * POINT - 1)).holds


@pytest.mark.parametrize(
    "column",
    [
        *(*APPLICATIONS.names, *APPLICATIONS.words, "Sex", " SEXE ", "G e n d e r", "Género"),
        *("Sex (F/M)", "Gender [stated]", "gender_", "sexual health", "gender plan", "Sex (x"),
    ],
)
def test_gender_is_found_whatever_its_column_is_called(column: str) -> None:
    criterion = Criterion("g", "category", "G", None, column=column, points=(("x", 1),))
    promise = promises(replace(PLAIN, criteria=(criterion,)))[1]
    looked = "merit.criteria.g" in promise.text
    assert looked == (attribute_name(column) == "gender")


def test_gender_parameters_are_listed_exactly() -> None:
    text = (
        SMALL
        + f"""\
balance:
  - {{{WOMEN}, target: 1/2, weight: 5}}
  - {{id: r, title: R, reference: R, each: region, target: proportional, weight: 5}}
limits:
  caps:
    - {{id: c, title: C, reference: R, group: {{region: Africa}}, of: {{gender: male}}, share: 1}}
"""
    )
    found = promises(settle(policy(text), DAY))[1]
    assert found.holds
    assert "limits.caps.c and balance.w," in found.text
    assert "No part" in promises(PLAIN)[1].text
