"""Costs: which packages, converted with the dated rate, rounded once, and monotone in the quote."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator import countries
from allocator.intake.costs import Coster, NoCost, accepted, rate_of
from allocator.model import Application, ExchangeRate, Package, Round
from tests.intake_rounds import GENEVA, form, round_of

FULL, TICKET, DSA = Package
EUR = ExchangeRate("EUR", Fraction("0.945"), date(2027, 1, 1), "example")
USD = ExchangeRate("USD", Fraction(9, 10), date(2026, 1, 1), "example")


def amounts(
    application: Application, round_: Round | None = None, packages: tuple[Package, ...] = (FULL,)
) -> dict[Package, int]:
    costs = Coster(round_ or round_of()).cost(application, packages)
    return {cost.package: cost.amount for cost in costs}


@pytest.mark.parametrize(
    ("requested", "partial", "assumed", "expected"),
    [
        (FULL, True, False, (FULL, TICKET, DSA)),
        (FULL, False, True, (FULL,)),
        (FULL, None, True, (FULL, TICKET, DSA)),
        (FULL, None, False, (FULL,)),
        (TICKET, True, True, (TICKET,)),
        (DSA, None, True, (DSA,)),
    ],
)
def test_a_request_accepts_itself_and_its_parts_where_it_says_so(
    requested: Package, partial: bool | None, assumed: bool, expected: tuple[Package, ...]
) -> None:
    application = form(requested=requested, accepts_partial=partial)
    assert accepted(application, assumed) == expected


def test_full_is_ticket_and_dsa_for_the_days_paid() -> None:
    application = form(ticket_cost=91_234)
    assert amounts(application, packages=tuple(Package)) == {
        FULL: 491_234,
        TICKET: 91_234,
        DSA: 400_000,
    }
    (full,) = Coster(round_of()).cost(application, (FULL,))
    assert full.how == "ticket CHF 912.34 as quoted; DSA CHF 400.00 a day for 10 days"
    assert not full.estimated


def test_the_latest_rate_that_has_begun_on_the_decision_date_counts() -> None:
    rates = tuple(
        replace(EUR, rate=Fraction(rate), valid_from=day)
        for rate, day in (
            ("0.9", date(2026, 1, 1)),
            ("0.8", date(2027, 2, 1)),
            ("0.7", date(2027, 2, 2)),
        )
    )
    for written in (rates, rates[::-1]):
        round_ = round_of(exchange_rates=written, decision_date=date(2027, 2, 1))
        rate = rate_of(round_, "EUR")
        assert rate is not None
        assert rate.rate == Fraction("0.8")
    assert rate_of(round_of(exchange_rates=rates, decision_date=date(2025, 1, 1)), "EUR") is None


def test_halves_of_a_centime_are_rounded_up_once_per_component() -> None:
    # 10.10 EUR at 0.945 is 9.5445, and ten days at 0.01 EUR are 0.0945, not ten times 0.01.
    round_ = round_of(replace(GENEVA, dsa_per_day=1, dsa_currency="EUR"), exchange_rates=(EUR, USD))
    application = form(ticket_cost=1_010, ticket_currency="EUR")
    assert amounts(application, round_, tuple(Package)) == {FULL: 954 + 9, TICKET: 954, DSA: 9}
    assert amounts(form(ticket_cost=5, ticket_currency="USD"), round_, (TICKET,)) == {TICKET: 5}


def test_a_missing_quote_is_estimated_by_the_fare_table_and_marked() -> None:
    round_ = round_of(exchange_rates=(EUR,))
    estimate = countries.fare_estimate("KEN", "Geneva", "ec-2023", round_.decision_date)
    assert estimate is not None
    (cost,) = Coster(round_).cost(form(ticket_cost=None), (TICKET,))
    exact = estimate.amount * EUR.rate
    assert abs(cost.amount - exact) <= Fraction(1, 2)
    assert cost.estimated
    assert estimate.how in cost.how
    (full,) = Coster(round_).cost(form(ticket_cost=None), (FULL,))
    assert full.estimated
    (dsa,) = Coster(round_).cost(form(ticket_cost=None), (DSA,))
    assert not dsa.estimated


def test_a_missing_dsa_is_estimated_by_city_and_marked() -> None:
    round_ = round_of(replace(GENEVA, dsa_per_day=None))
    estimate = countries.dsa_estimate("Geneva", round_.decision_date)
    assert estimate is not None
    assert estimate.currency == "CHF"
    (cost,) = Coster(round_).cost(form(), (DSA,))
    assert cost.amount == estimate.amount * 10
    assert cost.estimated


@pytest.mark.parametrize(
    ("changes", "meeting", "code", "about"),
    [
        ({"ticket_currency": "JPY"}, {}, "cost-no-rate", {"currency": "JPY"}),
        ({"ticket_cost": None}, {}, "cost-no-rate", {"currency": "EUR"}),
        (
            {"ticket_cost": None},
            {"city": "Nowhere"},
            "cost-no-fare",
            {"administration": "KEN", "city": "Nowhere"},
        ),
        ({}, {"city": "Nowhere", "dsa_per_day": None}, "cost-no-dsa", {"meeting": "m1"}),
    ],
)
def test_what_cannot_be_costed_is_refused_by_name(
    changes: dict[str, Any], meeting: dict[str, Any], code: str, about: dict[str, str]
) -> None:
    round_ = round_of(replace(GENEVA, **meeting))
    with pytest.raises(NoCost) as refusal:
        Coster(round_).cost(form(**changes), (FULL,))
    assert (refusal.value.code, refusal.value.about) == (code, about)


def test_no_ticket_is_needed_for_dsa_and_no_dsa_for_a_ticket() -> None:
    nowhere = round_of(replace(GENEVA, city="Nowhere", dsa_per_day=None))
    assert amounts(form(), nowhere, (TICKET,)) == {TICKET: 90_000}
    assert amounts(form(ticket_cost=None, ticket_currency="JPY"), packages=(DSA,)) == {DSA: 400_000}


MONEY = st.integers(0, 10**9)
RATES = st.fractions(Fraction(1, 1000), 1000)


@given(quote=MONEY, per_day=st.integers(0, 10**7), days=st.integers(1, 40), ticket=RATES, dsa=RATES)
def test_full_is_the_sum_of_its_rounded_parts_exactly(
    quote: int, per_day: int, days: int, ticket: Fraction, dsa: Fraction
) -> None:
    meeting = replace(GENEVA, dsa_per_day=per_day, dsa_currency="USD", days_paid=days)
    rates = (replace(EUR, rate=ticket), replace(USD, rate=dsa))
    application = form(ticket_cost=quote, ticket_currency="EUR")
    found = amounts(application, round_of(meeting, exchange_rates=rates), tuple(Package))
    assert found[FULL] == found[TICKET] + found[DSA]
    assert abs(found[TICKET] - quote * ticket) <= Fraction(1, 2)
    assert abs(found[DSA] - per_day * days * dsa) <= Fraction(1, 2)


@given(quotes=st.tuples(MONEY, MONEY), rate=RATES)
def test_a_dearer_quote_never_costs_less(quotes: tuple[int, int], rate: Fraction) -> None:
    round_ = round_of(exchange_rates=(replace(EUR, rate=rate),))
    cheap, dear = (
        amounts(form(ticket_cost=quote, ticket_currency="EUR"), round_, (FULL, TICKET))
        for quote in sorted(quotes)
    )
    assert cheap[FULL] <= dear[FULL]
    assert cheap[TICKET] <= dear[TICKET]
