"""round.yaml: what is read, what is assumed, and what is refused with its line and a remedy."""

from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from allocator.errors import AllocatorError, Problem
from allocator.intake.columns import APPLICATIONS, PRIOR_AWARDS
from allocator.intake.round_checks import policy_checks
from allocator.intake.round_file import RoundFile, read_round
from allocator.intake.round_schema import FundEntry, MeetingEntry, RateEntry, RoundEntry
from allocator.model import Round, Severity

REFERENCE = Path(__file__).parents[2] / "docs" / "round-reference.md"

PLAIN = """\
id: sg13-2027-03
title: Study Group 13
currency: CHF
decision_date: 2027-01-25
financial_year: "2027"
lottery_seed: published
meetings:
  - id: sg13
    title: Future networks
    study_group: SG13
    starts: 2027-03-01
    ends: 2027-03-12
    city: Geneva
    dsa_per_day: 400
    days_paid: 13
    deadline: 2027-01-18
funds:
  - id: general
    title: Budget
    amount: 120 000.50
exchange_rates:
  - currency: EUR
    rate: "0.94"
    from: 2027-01-01
    source: example
"""


def read(text: str) -> RoundFile:
    return read_round(text.encode(), "round.yaml")


def problems(text: str) -> tuple[Problem, ...]:
    try:
        return read(text).problems
    except AllocatorError as error:
        return error.problems


def test_a_plain_round_has_no_problem_and_its_money_is_in_minor_units() -> None:
    found = read(PLAIN)
    assert found.problems == ()
    (meeting,) = found.round.meetings
    assert (meeting.dsa_per_day, meeting.dsa_currency, meeting.days_paid) == (40_000, "CHF", 13)
    assert meeting.country == "CHE"
    assert meeting.budget is None
    assert found.round.funds[0].amount == 12_000_050
    assert found.round.exchange_rates[0].rate == Fraction(47, 50)
    assert found.round.exchange_rates[0].valid_from == date(2027, 1, 1)
    assert found.round.fare_table == "ec-2023"
    assert found.round.region_scheme == ""
    assert found.round.eligible_member_states is None


def test_what_a_meeting_leaves_out_is_assumed_aloud() -> None:
    found = read(PLAIN.replace("    days_paid: 13\n", "").replace("    dsa_per_day: 400\n", ""))
    assert found.round.meetings[0].days_paid == 13
    assert found.round.meetings[0].dsa_per_day is None
    assert [(each.code, each.severity) for each in found.problems] == [
        ("round-dsa-estimated", Severity.WARNING),
        ("round-days-paid-usual", Severity.NOTE),
    ]


def test_names_of_states_are_understood_in_any_usual_spelling() -> None:
    text = PLAIN + "eligible_member_states: [Cote d'Ivoire, Lao PDR, Turkey, KEN, KEN]\n"
    text = text.replace("amount:", "only: {country: [Swaziland]}\n    amount:")
    found = read(text)
    assert found.problems == ()
    assert found.round.eligible_member_states == ("CIV", "KEN", "LAO", "TUR")
    assert found.round.funds[0].only.conditions == (("administration", ("SWZ",)),)


def test_a_region_scope_may_be_one_or_many() -> None:
    for written in ("Africa", "[Africa]"):
        text = PLAIN.replace("    deadline:", f"    region_scope: {written}\n    deadline:")
        assert read(text).round.meetings[0].region_scope == ("Africa",)


WRONG = [
    ("round-dates-reversed", "ends: 2027-03-12", "ends: 2027-02-12"),
    ("round-date-absurd", "starts: 2027-03-01", "starts: 1900-03-01"),
    ("round-date-absurd", "decision_date: 2027-01-25", "decision_date: 9999-01-25"),
    ("round-long-meeting", "ends: 2027-03-12", "ends: 2028-03-12"),
    ("round-deadline-late", "deadline: 2027-01-18", "deadline: 2027-03-18"),
    ("round-decided-late", "decision_date: 2027-01-25", "decision_date: 2027-03-25"),
    ("round-currency", "currency: CHF", "currency: Francs"),
    ("round-unknown-fare-table", "currency: CHF", "currency: CHF\nfare_table: ec-2032"),
    ("round-unknown-scheme", "currency: CHF", "currency: CHF\nregion_scheme: itu"),
    ("round-city-unknown", "city: Geneva", "city: Genefa"),
    ("round-country-unknown", "city: Geneva", "city: Geneva\n    country: Switserland"),
    ("round-country-unknown", "city: Geneva", "city: Geneva\n    country: Korea"),
    ("round-country-other", "city: Geneva", "city: Geneva\n    country: France"),
    ("round-days-paid", "days_paid: 13", "days_paid: 0"),
    ("round-days-paid", "days_paid: 13", "days_paid: 1300"),
    ("round-fund-empty", "amount: 120 000.50", "amount: 0"),
    ("round-fund-id-taken", "- id: general", "- id: none"),
    ("round-no-fund", "amount: 120 000.50", "amount: 5\n    only: {study_group: [SG2]}"),
    ("round-unknown-value", "amount: 120 000.50", "amount: 5\n    only: {meeting: [sg31]}"),
    ("round-unknown-value", "amount: 120 000.50", "amount: 5\n    only: {gender: [woman]}"),
    ("round-country-unknown", "amount: 120 000.50", "amount: 5\n    only: {country: [Utopia]}"),
    ("round-country-unknown", "amount: 120 000.50", "amount: 5\n    only: {country: [Korea]}"),
    ("round-not-member", "amount: 120 000.50", "amount: 5\n    only: {country: [Taiwan]}"),
    ("round-rate-own", "currency: EUR", "currency: CHF"),
    ("round-rate-size", 'rate: "0.94"', "rate: 0"),
    ("round-rate-size", 'rate: "0.94"', "rate: 1000000000"),
    ("round-rate-later", "from: 2027-01-01", "from: 2027-02-01"),
    ("round-currency", "currency: EUR", "currency: Euros and more"),
    ("field-wrong", "amount: 120 000.50", "amount: 120.505"),
    ("field-too-large", "amount: 120 000.50", "amount: 10000000000.01"),
    ("field-negative", "amount: 120 000.50", "amount: -5"),
    ("field-wrong", "amount: 120 000.50", "amount: nan"),
    ("field-wrong", "starts: 2027-03-01", "starts: 1 March 2027"),
    ("field-unknown", "days_paid: 13", "days_payed: 13"),
    ("field-missing", "    city: Geneva\n", ""),
    ("field-missing", "    source: example\n", ""),
]


ELSEWHERE = {
    "field-missing": "  - ",
    "round-decided-late": "starts:",
    "round-no-fund": "- id: sg13",
    "round-rate-later": "- currency: EUR",
}
"""What stands in the line that is named, where that is not the line that was changed."""


@pytest.mark.parametrize(("code", "good", "bad"), WRONG, ids=lambda each: each[:30])
def test_what_is_wrong_is_named_at_its_line(code: str, good: str, bad: str) -> None:
    assert good in PLAIN
    text = PLAIN.replace(good, bad, 1)
    found = [each for each in problems(text) if each.code == code]
    assert found, [str(each) for each in problems(text)]
    assert all("{" not in each.what + each.do for each in found)
    assert all(each.where.file == "round.yaml" for each in found)
    line = text.splitlines()[found[0].where.line - 1]
    assert ELSEWHERE.get(code, bad.rpartition("\n")[2].strip()) in line


def with_second(part: str, entry: str) -> str:
    """Add an entry to a list of the plain round."""
    head, _, tail = PLAIN.partition(f"{part}:\n")
    return f"{head}{part}:\n{entry}{tail}"


def test_ids_that_differ_in_capitals_only_are_refused() -> None:
    meeting = "  - {id: SG_13, title: T, starts: 2027-03-01, ends: 2027-03-02, city: Geneva, dsa_per_day: 1, days_paid: 1}\n"  # noqa: E501
    fund = "  - {id: General, title: T, amount: 1}\n"
    for part, entry in (("meetings", meeting.replace("SG_13", "SG13")), ("funds", fund)):
        assert "round-id-twice" in {each.code for each in problems(with_second(part, entry))}


def test_two_rates_of_a_day_are_refused() -> None:
    rate = "  - {currency: eur, rate: 1, from: 2027-01-01, source: s}\n"
    assert "round-rate-twice" in {e.code for e in problems(with_second("exchange_rates", rate))}
    later = rate.replace("2027-01-01", "2026-01-01")
    assert problems(with_second("exchange_rates", later)) == ()


def test_valid_from_may_be_written_for_from() -> None:
    assert read(PLAIN.replace("    from:", "    valid_from:")).round == read(PLAIN).round


def test_a_meeting_needs_money_that_may_be_spent_on_it() -> None:
    without_funds = PLAIN[: PLAIN.index("funds:")]
    assert [each.code for each in problems(without_funds)] == ["round-no-money"]
    budget = without_funds.replace("    city:", "    budget: 5000\n    city:")
    assert problems(budget) == ()


def test_a_city_without_estimate_needs_a_dsa() -> None:
    text = PLAIN.replace("city: Geneva", "city: Genefa").replace("    dsa_per_day: 400\n", "")
    assert {"round-city-unknown", "round-dsa-missing"} <= {each.code for each in problems(text)}


def test_a_member_state_list_warns_of_what_is_none_and_refuses_what_is_unknown() -> None:
    found = problems(PLAIN + "eligible_member_states: [Palestine, Utopia, Kenya]\n")
    assert [(each.code, each.value) for each in found] == [
        ("round-country-unknown", "Utopia"),
        ("round-not-member", "Palestine"),
    ]


def after_policy(text: str, groups: tuple[str, ...] = ()) -> list[Problem]:
    found = read(text)
    return list(policy_checks(found.round, found.document, "itu-bdt", groups))


def test_regions_and_groups_are_checked_once_the_policy_is_known() -> None:
    scope = PLAIN.replace("    deadline:", "    region_scope: [Afrika]\n    deadline:")
    (said,) = after_policy(scope)
    assert said.code == "round-unknown-value"
    assert "`Africa`" in said.do
    only = PLAIN.replace("amount:", "only: {country_group: [ldc, mine]}\n    amount:")
    (said,) = after_policy(only)
    assert said.value == "mine"
    assert after_policy(only, ("mine",)) == []


def test_a_round_without_a_seed_is_told_to_publish_one() -> None:
    (said,) = after_policy(PLAIN.replace("lottery_seed: published\n", ""))
    assert said.code == "round-no-seed"
    assert "before the deadline" in said.do


def test_several_problems_are_named_at_once() -> None:
    text = PLAIN.replace("city: Geneva", "city: Genefa").replace("CHF", "Francs")
    text = text.replace("2027-03-12", "2027-02-12").replace('"0.94"', "0")
    codes = {each.code for each in problems(text)}
    assert codes >= {
        "round-city-unknown",
        "round-currency",
        "round-dates-reversed",
        "round-rate-size",
    }


NODES = st.recursive(
    st.none() | st.text(max_size=8) | st.sampled_from(["2027-01-01", "0", "400", "KEN", "CHF"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node)
    found = []
    for key, value in inner:
        found.append((*path, key))
        if isinstance(value, dict | list):
            found += places(value, (*path, key))
    return found


@settings(max_examples=150)
@given(st.data())
def test_whatever_stands_in_a_place_is_read_or_refused_in_words(data: st.DataObject) -> None:
    tree = yaml.load(PLAIN, Loader=yaml.BaseLoader)
    path = data.draw(st.sampled_from(places(tree)))
    holder = tree
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = data.draw(NODES)
    try:
        found = read(yaml.safe_dump(tree, allow_unicode=True))
    except AllocatorError as error:
        assert error.problems
    else:
        assert isinstance(found.round, Round)


@pytest.mark.parametrize("model", [RoundEntry, MeetingEntry, FundEntry, RateEntry])
def test_every_key_is_documented(model: type[BaseModel]) -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    titles = {
        RoundEntry: "### The round",
        MeetingEntry: "### A meeting",
        FundEntry: "### A fund",
        RateEntry: "### An exchange rate",
    }
    section = text.split(titles[model])[1].split("\n#")[0]
    for name, field in model.model_fields.items():
        assert f"`{name}`" in section
        assert f"`{field.alias or name}`" in section


def test_every_column_is_documented() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    applications, awards = text.split("## The applications file")[1].split("## The prior awards")
    assert [each for each in APPLICATIONS.names if f"`{each}`" not in applications] == []
    assert [each for each in PRIOR_AWARDS.names if f"`{each}`" not in awards] == []


def test_the_documented_example_has_no_problem() -> None:
    text = REFERENCE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    assert problems(text) == ()
