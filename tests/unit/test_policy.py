"""Policies: shipped ones are clean, dates settle, faults have lines."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocator.errors import AllocatorError
from allocator.model import POINT, Package, Selector, Severity
from allocator.policy import (
    check_policy,
    load_policy,
    plain_words,
    policy_bytes,
    promises,
    settle,
    shipped_policies,
)
from allocator.policy_promises import never_levels_down
from allocator.rules import PairScope, Unknown
from tests.policies import DATED, DAY, OTHERS, SHIPPED, SMALL, WOMEN, policy


def checked(text: str) -> list[tuple[str, int]]:
    _, problems = check_policy(text.encode(), "policy.yaml")
    return [(each.code, each.where.line) for each in problems]


# --- shipped policies ---------------------------------------------------------------------------


def test_the_promised_policies_are_shipped() -> None:
    assert SHIPPED == [
        "example-path-to-parity",
        "itu-d-2009-2017",
        "itu-t-2024",
        "merit-only",
        "wtsa-24",
    ]
    assert all(title for _, title in shipped_policies())


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_policies_have_no_problem_at_all(name: str) -> None:
    found, problems = check_policy(*policy_bytes(name))
    assert problems == ()
    assert found is not None and found.id == name


@pytest.mark.parametrize("name", SHIPPED)
def test_every_choice_of_a_shipped_policy_says_why(name: str) -> None:
    for reference in settle(load_policy(name), DAY).references:
        assert reference.note if reference.kind == "choice" else reference.period, reference.id


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_policies_never_level_down(name: str) -> None:
    assert all(each.holds for each in promises(settle(load_policy(name), DAY)))


def test_the_default_policy_carries_the_rules_of_2024() -> None:
    rules = settle(load_policy("itu-t-2024"), DAY)
    for limit in (rules.quota, rules.person_year):
        assert limit is not None
        assert (limit.full, limit.ticket, limit.dsa, limit.at_most) == (2, 1, 1, 2)
    assert rules.ticket_in_pair is PairScope.GENEVA
    gates = {each.id: each for each in rules.eligibility}
    assert gates["deadline"].days_before == 42
    assert gates["deadline"].not_known is Unknown.ELIGIBLE
    assert gates["nomination"].not_known is gates["registration"].not_known is Unknown.INELIGIBLE
    assert gates["member-state"].kind == "listed"
    assert rules.award_points + sum(each.most for each in rules.criteria) == 100 * POINT
    women, regions = rules.balance
    assert (women.group, women.target) == (Selector((("gender", ("female",)),)), Fraction(1, 2))
    assert (women.weight, women.known_by, women.reference) == (25 * POINT, "gender", "RES55-7")
    assert (regions.each, regions.target, regions.weight) == ("region", None, 5 * POINT)
    assert never_levels_down(rules).text.startswith("Guaranteed: one more award costs at most 17.5")


def test_merit_only_is_the_default_policy_without_balance() -> None:
    ours, default = (settle(load_policy(n), DAY) for n in ("merit-only", "itu-t-2024"))
    same = ("policy_id", "title", "version", "references")
    assert replace(default, balance=(), **{n: getattr(ours, n) for n in same}) == ours


def test_the_old_rule_of_itu_d_takes_one_award_per_country_and_looks_at_income() -> None:
    rules = settle(load_policy("itu-d-2009-2017"), date(2016, 1, 1))
    assert rules.quota is not None
    assert {rules.quota.units(each) for each in Package} == {rules.quota.at_most} == {1}
    country = rules.eligibility[0]
    assert [each.kind for each in country.rules] == ["country_group", "number"]
    assert country.rules[1].at_most == Fraction(199_999, 100)


def test_wtsa_24_asks_for_the_ticket_everywhere() -> None:
    rules = settle(load_policy("wtsa-24"), date(2024, 9, 10))
    assert rules.ticket_in_pair is PairScope.ALL
    assert rules.balance[0].target == Fraction(35, 100)


def test_a_policy_is_loaded_from_a_path_too(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(SMALL, encoding="utf-8")
    assert load_policy(file).id == "small"
    file.write_text(SMALL.replace("40", "400"), encoding="utf-8")
    with pytest.raises(AllocatorError) as caught:
        load_policy(file)
    assert caught.value.code == "policy-merit-too-much"


def test_a_misspelt_shipped_name_is_answered_with_the_right_one() -> None:
    with pytest.raises(AllocatorError, match="Did you mean `itu-t-2024`"):
        load_policy("itu-t2024")
    with pytest.raises(AllocatorError) as caught:
        load_policy(Path("/nowhere/of/mine.yaml"))
    assert caught.value.problems[0].where.file == "mine.yaml"


# --- dates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "target"),
    [
        (date(2024, 1, 1), Fraction(7, 20)),
        (date(2025, 12, 31), Fraction(7, 20)),
        (date(2026, 1, 1), Fraction(1, 2)),
        (date(2029, 12, 31), Fraction(1, 2)),
    ],
)
def test_the_latest_value_begun_is_in_force(on: date, target: Fraction) -> None:
    assert settle(policy(DATED), on).balance[0].target == target


def test_a_part_can_begin_and_end() -> None:
    assert settle(policy(DATED), date(2030, 1, 1)).balance == ()


def test_a_day_before_the_first_value_is_a_problem_with_its_line() -> None:
    with pytest.raises(AllocatorError) as caught:
        settle(policy(DATED), date(2023, 12, 31))
    (found,) = caught.value.problems
    assert (found.code, found.where.line) == ("policy-none-in-force", 15)
    assert "2024-01-01" in found.what


def test_the_example_path_rises_to_one_half() -> None:
    example = load_policy("example-path-to-parity")
    targets = [settle(example, date(year, 6, 1)).balance[0].target for year in range(2022, 2032)]
    assert targets == sorted(targets, key=lambda each: each or 0)
    assert (targets[0], targets[-1]) == (Fraction(35, 100), Fraction(1, 2))
    dated = next(s for s in plain_words(example) if s.title == "What changes with time")
    assert "0.5 from 1 January 2030" in dated.sentences[0]


# --- faults -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("reference: R}\nmerit", "reference: S}\nmerit", "policy-unknown-reference", 4),
        ("itu-bdt", "itu-bdd", "policy-unknown-scheme", 4),
        ("{value: 40, reference: R}", "40", "policy-no-reference", 6),
        ("value: 40", "value: 101", "policy-merit-too-much", 5),
        ("value: 40", "value: -1", "policy-negative", 6),
        ("value: 40", "value: 40.0001", "field-wrong", 6),
        ("value: 40", "values: [], value: 40", None, 0),
        ("value: 40, ref", "ref", "policy-value-or-values", 6),
        ("ticket: 1/2", "ticket: 3/2", "field-wrong", 7),
        ("ticket: 1/2", "ticket: 3/4", "policy-coverage-parts", 7),
        ("full: 1,", "full: 0,", "policy-coverage-nothing", 7),
        ("R: {title", "S: {title: T}\n  R: {title", "policy-unused-reference", 3),
        ("value: no", "value: NON", "field-wrong", 9),
        ("accepts_partial", "accept_partial", "field-unknown", 9),
        ("itu-bdt, ref", "itu-bdt, value: x, ref", "yaml-duplicate-key", 4),
    ],
)
def test_a_fault_is_found_on_its_line(old: str, new: str, code: str | None, line: int) -> None:
    assert checked(SMALL) == []
    found = checked(SMALL.replace(old, new, 1))
    assert (code, line) in found if code else found == []


RULE = "title: A, reference: R, kind:"


@pytest.mark.parametrize(
    ("added", "codes"),
    [
        (f"balance:\n  - {{{WOMEN}, target: 1/2, weight: 25}}", []),
        (f"balance:\n  - {{{WOMEN}, target: 1/2, weight: 41}}", ["policy-levels-down"]),
        (f"balance:\n  - {{{WOMEN}, target: 1/2, weight: -1}}", ["policy-negative"]),
        (f"balance:\n  - {{{WOMEN}, target: 120 %, weight: 1}}", ["field-wrong"]),
        (f"balance:\n  - {{{WOMEN}, each: region, target: proportional, weight: 1}}",
         ["policy-group-or-each"]),
        ("balance:\n  - {id: w, title: W, reference: R, target: 1/2, weight: 1}",
         ["policy-group-or-each"]),
        ("balance:\n  - {id: w, title: W, reference: R, each: region, target: 1/2, weight: 1}",
         ["policy-each-proportional"]),
        ("balance:\n  - {id: w, title: W, reference: R, each: person, target: proportional, "
         "weight: 1}", ["policy-factor-attribute"]),
        ("balance:\n  - {id: w, title: W, reference: R, group: {gender: female, region: Africa}, "
         "target: 1/2, weight: 1}", ["policy-known-by"]),
        ("balance:\n  - {id: w, title: W, reference: R, group: {gender: woman}, target: 1/2, "
         "weight: 1}", ["policy-unknown-value"]),
        ("balance:\n  - {id: w, title: W, reference: R, group: {region: Afrika}, target: 1/2, "
         "weight: 1}", ["policy-unknown-value"]),
        ("balance:\n  - {id: w, title: W, reference: R, group: {regoin: Africa}, target: 1/2, "
         "weight: 1}", ["policy-attribute"]),
        ("balance:\n  - {id: w, title: W, reference: R, group: {language: fr}, target: 1/2, "
         "weight: 1}", ["policy-own-column"]),
        ("balance:\n  - {id: w, title: W, reference: R, group: {country_group: poor}, target: 1/2, "
         "weight: 1}", ["policy-unknown-value"]),
        ("balance:\n  - {id: w, title: W, reference: R, group: {administration: Utopia}, "
         "target: 1/2, weight: 1}", ["policy-not-a-country"]),
        (f"balance:\n  - {{{WOMEN}, target: 0, weight: 1}}\n  - {{{WOMEN}, target: 0, weight: 1}}",
         ["policy-duplicate-id"]),
        ("limits:\n  quota: {full: 2, ticket: 1, dsa: 1, at_most: 0, reference: R}",
         ["policy-limit-nothing"]),
        ("limits:\n  quota: {full: 2, ticket: 1, dsa: 1, at_most: 1, reference: R}",
         ["policy-package-never"]),
        (f"limits:\n  floors: [{{{WOMEN}}}]", ["policy-one-amount"]),
        (f"limits:\n  floors: [{{{WOMEN}, share: 1/3, number: 2}}]", ["policy-one-amount"]),
        (f"limits:\n  floors: [{{{WOMEN}, share: 1/3}}]", []),
        (f"limits:\n  floors: [{{{WOMEN}, money: 5 000}}]", []),
        (f"limits:\n  floors: [{{{WOMEN}, number: 5, count: money}}]", ["policy-count-mismatch"]),
        (f"limits:\n  floors: [{{{WOMEN}, number: 5, of: {{region: Africa}}}}]",
         ["policy-of-without-share"]),
        ("limits:\n  floors: [{id: w, title: W, reference: R, group: {}, number: 5}]",
         ["policy-empty-group"]),
        (f"limits:\n  floors: [{{{WOMEN}, share: 2/3}}]\n  caps: [{{{OTHERS}, share: 1/2}}]",
         ["policy-floor-above-cap"]),
        (f"limits:\n  floors: [{{{WOMEN}, share: 1/3}}]\n  caps: [{{{OTHERS}, share: 1/2}}]", []),
        ("country_groups:\n  ldc: {add: [KEN], reference: R}", ["policy-group-name-taken"]),
        ("country_groups:\n  mine: {any_of: [ldd], reference: R}", ["policy-unknown-group"]),
        ("country_groups:\n  mine: {add: [XYZ], reference: R}", ["policy-not-a-code"]),
        ("eligibility:\n  - {id: a, title: A, kind: number, column: x, reference: R}",
         ["policy-number-open"]),
        ("eligibility:\n  - {id: a, title: A, kind: country_group, groups: [Europa], reference: R}",
         ["policy-unknown-group"]),
        (f"eligibility:\n  - {{id: a, {RULE} any_of, rules: [{{id: a, {RULE} region_scope}}]}}",
         ["policy-duplicate-id"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_found(added: str, codes: list[str]) -> None:
    assert [code for code, _ in checked(SMALL + added)] == codes


def test_a_member_state_is_written_as_people_write_it() -> None:
    groups = []
    for written in ("KEN", "Kenya", "KE"):
        text = f"{SMALL}balance:\n  - {{id: w, title: W, reference: R, target: 1/2, weight: 1, "
        text += f"group: {{administration: {written}}}}}\n"
        assert checked(text) == []
        groups.append(settle(policy(text), DAY).balance[0].group)
    assert groups == [Selector((("administration", ("KEN",)),))] * 3


def test_two_values_on_one_day_are_refused() -> None:
    twice = DATED.replace("2026-01-01, value: 1/2", "2024-01-01, value: 1/2")
    assert checked(twice) == [("policy-same-day", 15)]


def test_endless_lists_of_dates_are_refused_at_once() -> None:
    days = [f"{{from: {1900 + each}-01-01, value: 40}}" for each in range(101)]
    long = f"values: [{', '.join(days)}]"
    assert checked(SMALL.replace("value: 40", long)) == [("field-too-many", 6)]
    parts = "".join(
        f"  - {{id: a{each}, {RULE} region_scope, applies: {{values: [{{from: {1900 + each}-01-01, "
        "value: yes}]}}\n"
        for each in range(101)
    )
    assert checked(f"{SMALL}eligibility:\n{parts}") == [("policy-too-many-days", 1)]


def test_merit_is_checked_on_every_day_on_which_it_changes() -> None:
    award = "values: [{from: 2020-01-01, value: 40}, {from: 2025-01-01, value: 101}]"
    assert checked(SMALL.replace("value: 40", award)) == [("policy-merit-too-much", 5)]


# --- any bytes ----------------------------------------------------------------------------------

DEFAULT, _ = policy_bytes("itu-t-2024")


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=100), st.integers(0, len(DEFAULT)), st.integers(0, 40))
def test_any_bytes_give_problems_never_a_traceback(data: bytes, at: int, cut: int) -> None:
    for text in (data, DEFAULT[:at] + data + DEFAULT[at + cut :]):
        found, problems = check_policy(text, "policy.yaml")
        assert found is not None or problems
        assert all(each.what and each.do and each.where.file for each in problems)


TOKENS = (
    "value: ", "values: ", "{", "}", "[", "]", "\n", "\n  ", "- ", "from: 2024-01-01", "id: a",
    "kind: flag", "kind: number", "reference: R", "1/2", "-5", "each: region", "group: ",
    "proportional", "target: ", "weight: ", "policy: ", "merit: ", "balance: ", "limits: ",
    "floors: ", "share: 1", ", ",
)  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(TOKENS), max_size=12), st.integers(0, len(SMALL)))
def test_any_misplaced_piece_gives_problems_never_a_traceback(pieces: list[str], at: int) -> None:
    text = SMALL[:at] + "".join(pieces) + SMALL[at:]
    found, problems = check_policy(text.encode(), "policy.yaml")
    assert found is not None or problems
    if found is not None and not any(each.severity is Severity.ERROR for each in problems):
        assert plain_words(found)
