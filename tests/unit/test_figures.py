"""The figures that every output shows are counted right, exactly and with the small ones honest."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator import wording
from allocator.explain.figures import Grouping, figures
from allocator.rules import Measure
from tests.outputs_sample import RULES, sample


def grouping(name: str) -> Grouping:
    return next(each for each in figures(sample()).groupings if each.attribute == name)


def test_the_funnel_adds_up() -> None:
    found = figures(sample())
    assert (found.applications, found.eligible, found.ineligible) == (24, 21, 3)
    assert (found.awarded, found.declined) == (9, 12)
    assert found.full + found.partial == found.awarded


def test_money_by_fund_and_by_meeting_is_all_the_money() -> None:
    found = figures(sample())
    assert found.spent == sum(award.amount for award in sample().allocation.awards)
    assert sum(fund.spent for fund in found.funds) == found.spent
    assert sum(meeting.spent for meeting in found.meetings) == found.spent
    assert found.available == sum(fund.limit or 0 for fund in found.funds)
    assert [fund.free for fund in found.funds] == [
        (fund.limit or 0) - fund.spent for fund in found.funds
    ]


def test_without_funds_the_meetings_budgets_are_available_if_every_meeting_has_one() -> None:
    result = sample()
    assert figures(replace(result, round=replace(result.round, funds=()))).available is None
    budgets = tuple(replace(each, budget=1_000_000) for each in result.round.meetings)
    capped = replace(result, round=replace(result.round, funds=(), meetings=budgets))
    assert figures(capped).available == 2_000_000


def test_every_application_is_in_one_gender_or_not_stated() -> None:
    by_gender = grouping("gender")
    assert [group.label for group in by_gender.groups] == ["Female", "Male"]
    assert by_gender.unknown is not None
    assert by_gender.unknown.label == "Not stated"
    assert by_gender.known.nominated + by_gender.unknown.nominated == 24
    assert sum(group.awarded for group in by_gender.groups) == by_gender.known.awarded


def test_country_groups_overlap_and_leave_membership_out() -> None:
    by_group = grouping("country_group")
    assert by_group.overlap
    assert [group.value for group in by_group.groups] == ["ldc", "lldc", ""]
    assert by_group.known.nominated == 24
    assert by_group.unknown is None


def test_the_shortfall_is_exact_and_counts_the_known_only() -> None:
    gender = next(aim for aim in figures(sample()).aims if aim.clause == "gender")
    by_gender = grouping("gender")
    female = by_gender.groups[0]
    assert (gender.inside, gender.counted) == (female.awarded, by_gender.known.awarded)
    assert gender.short == max(Fraction(gender.counted, 2) - gender.inside, 0)


def test_half_units_count_a_full_award_twice() -> None:
    regions = [aim for aim in figures(sample()).aims if aim.measure is Measure.HALF_UNITS]
    assert {aim.value for aim in regions} == {"Africa", "Americas", "Asia-Pacific"}
    found = figures(sample())
    assert {aim.counted for aim in regions} == {2 * found.full + found.partial}


def test_an_aim_without_weight_is_no_aim() -> None:
    off = replace(RULES, balance=tuple(replace(each, weight=0) for each in RULES.balance))
    assert figures(sample(rules=off)).aims == ()


def test_the_gap_is_in_merit_points() -> None:
    found = figures(sample(final=False))
    assert not found.final
    assert found.gap == 25
    assert found.gap_share == Fraction(25, Fraction("837.5"))
    assert figures(sample()).gap == 0


def test_an_empty_round_has_figures() -> None:
    found = figures(sample(0))
    assert (found.applications, found.spent) == (0, 0)
    assert all(not each.groups for each in found.groupings)


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (0, 0, "none"),
        (3, 7, "3 of 7"),
        (9, 9, "9 of 9"),
        (5, 10, "50\u202f% (5 of 10)"),
        (30, 70, "43\u202f% (30 of 70)"),
        (1, 8000, "0.0\u202f% (1 of 8\u202f000)"),
        (499, 1000, "49.9\u202f% (499 of 1\u202f000)"),
    ],
)
def test_few_people_never_make_a_percentage(part: int, whole: int, words: str) -> None:
    assert wording.share_words(part, whole) == words


@given(st.integers(-(10**15), 10**15))
def test_plain_amounts_read_back_to_the_centime(amount: int) -> None:
    assert Fraction(wording.plain_money(amount)) * 100 == amount
    assert Fraction(wording.plain_points(amount)) * 1000 == amount
    shown = wording.money(amount).replace("\u202f", "").replace("\u2212", "-")
    assert Fraction(shown) * 100 == amount


@given(st.fractions(), st.integers(0, 4))
def test_decimals_are_the_nearest(value: Fraction, places: int) -> None:
    shown = Fraction(wording.decimal(value, places))
    assert abs(shown - value) * 2 * 10**places <= 1
    assert wording.decimal(-value, places).lstrip("-") == wording.decimal(value, places).lstrip("-")


def test_nothing_is_shown_as_minus_zero() -> None:
    assert wording.decimal(Fraction(-1, 1000), 2) == "0.00"


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1).map(tuple))
def test_places_needed_lose_nothing(values: tuple[int, ...]) -> None:
    places = wording.places_needed(values)
    for value in values:
        assert Fraction(wording.decimal(Fraction(value, 1000), places)) * 1000 == value


def test_numbers_in_sentences_drop_needless_decimals() -> None:
    assert wording.points(62_500) == "62.5"
    assert wording.points(-2_000) == "\u22122"
    assert wording.trimmed(Fraction(10, 3)) == "3.33"
    assert wording.trimmed(Fraction(100)) == "100"
    assert wording.money_brief(1_234_500) == "12\u202f345"
    assert wording.money_brief(1_234_560) == "12\u202f345.60"
    assert wording.target_words(Fraction(1, 3)) == "33.3\u202f%"
    assert wording.target_words(Fraction(35, 100)) == "35\u202f%"
