"""Policies: shipped ones are clean, dates settle, faults have lines, promises are exact."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocator.errors import AllocatorError
from allocator.model import POINT, Package, Selector, Severity
from allocator.policy import (
    Policy,
    check_policy,
    diff,
    json_schema,
    load_policy,
    plain_words,
    policy_bytes,
    promises,
    settle,
    shipped_policies,
)
from allocator.policy_promises import largest_weight, margin, never_levels_down
from allocator.rules import BalanceFactor, Measure, PairScope, Rules, Unknown

SHIPPED = [name for name, _ in shipped_policies()]
DAY = date(2025, 2, 3)

SMALL = """\
policy: {id: small, title: Small, version: "1"}
references:
  R: {title: A source}
region_scheme: {value: itu-bdt, reference: R}
merit:
  award: {value: 40, reference: R}
coverage: {full: 1, ticket: 1/2, dsa: 1/2, reference: R}
not_known:
  accepts_partial: {value: no, reference: R}
"""


def checked(text: str) -> list[tuple[str, int]]:
    _, problems = check_policy(text.encode(), "policy.yaml")
    return [(each.code, each.where.line) for each in problems]


def policy(text: str) -> Policy:
    found, problems = check_policy(text.encode(), "policy.yaml")
    assert found is not None and not [p for p in problems if p.severity is Severity.ERROR], problems
    return found


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

DATED = (
    SMALL
    + """\
balance:
  - id: women
    title: Women
    group: {gender: female}
    reference: R
    target:
      values:
        - {from: 2026-01-01, value: 1/2}
        - {from: 2024-01-01, value: 35 %}
    weight: 10
    applies: {values: [{from: 2000-01-01, value: yes}, {from: 2030-01-01, value: no}]}
"""
)


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


WOMEN = "id: w, title: W, reference: R, group: {gender: female}"
OTHERS = WOMEN.replace("w,", "v,", 1)
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
        ("balance:\n  - {id: w, title: W, reference: R, group: {administration: KE}, target: 1/2, "
         "weight: 1}", ["policy-not-a-code"]),
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


def test_two_values_on_one_day_are_refused() -> None:
    twice = DATED.replace("2026-01-01, value: 1/2", "2024-01-01, value: 1/2")
    assert checked(twice) == [("policy-same-day", 15)]


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


# --- diff and words -----------------------------------------------------------------------------


def test_layout_order_and_comments_are_no_difference() -> None:
    blocks = DATED.split("\nmerit:")
    moved = "# a comment\nmerit:" + blocks[1] + blocks[0] + "\n"
    rewritten = (
        moved.replace("35 %", "7/20")
        .replace("{full: 1, ticket: 1/2,", "{ticket: {value: 0.5}, full: 100 %,")
        .replace("value: 40,", "value: 40.000,")
    )
    assert rewritten != DATED
    assert diff(policy(DATED), policy(rewritten)) == ()


def test_a_difference_says_where_what_and_how_in_words() -> None:
    (change,) = diff(policy(DATED), policy(DATED.replace("weight: 10", "weight: 12.5")))
    assert (change.path, change.old, change.new) == ("balance.women.weight", "10", "12.5")
    assert change.meaning == "the balance factor “Women”: weight in merit points"


def test_a_difference_that_is_not_in_force_on_the_day_does_not_count() -> None:
    later = policy(DATED.replace("2026-01-01, value: 1/2", "2026-01-01, value: 45 %"))
    assert diff(policy(DATED), later, date(2025, 6, 1)) == ()
    (change,) = diff(policy(DATED), later, date(2026, 6, 1))
    assert (change.old, change.new) == ("0.5", "0.45")


def test_a_new_entry_is_one_change() -> None:
    (change,) = diff(policy(SMALL), policy(DATED))
    assert (change.path, change.old) == ("balance.women", "")
    assert "weight: 10" in change.new
    (back,) = diff(policy(DATED), policy(SMALL))
    assert (back.old, back.new) == (change.new, "")
    assert diff(policy(DATED), policy(SMALL), date(2031, 1, 1)) == ()


def test_every_kind_of_change_has_words() -> None:
    loaded = [load_policy(name) for name in SHIPPED]
    for a, b in product(loaded, loaded):
        for change in diff(a, b):
            assert change.old != change.new
            assert "_" not in change.meaning.split("`")[0], change


@pytest.mark.parametrize("name", SHIPPED)
def test_plain_words_read_the_policy_completely_with_references(name: str) -> None:
    shipped = load_policy(name)
    rules = settle(shipped, DAY)
    text = "\n".join(s for part in plain_words(shipped) for s in part.sentences)
    for part in (*rules.eligibility, *rules.criteria, *rules.balance):
        assert part.title in text
        assert part.reference is not None
        assert part.reference in text
    for reference in rules.references:
        assert text.count(reference.id) >= 2, reference.id
    assert "{" not in text


def test_a_weight_is_read_as_an_exchange_rate() -> None:
    rules = settle(load_policy("itu-t-2024"), DAY)
    balance = next(part for part in plain_words(rules) if part.title == "Balance")
    assert (
        "One more award to a woman is worth up to 25 merit points until women hold 50\u202f% of "
        "the awards." in balance.sentences[1]
    )


def test_rules_and_policy_read_the_same_numbers() -> None:
    shipped = load_policy("itu-t-2024")
    ours = plain_words(settle(shipped, DAY))
    theirs = plain_words(shipped, DAY)
    assert [part.title for part in ours] == [part.title for part in theirs]


def test_schema_knows_every_kind() -> None:
    kinds = {form["properties"]["kind"].get("const") for form in json_schema()["$defs"].values()
             if "kind" in form.get("properties", ())}  # fmt: skip
    assert {"listed", "any_of", "deadline", "prior_awards", "days"} <= kinds


# --- promises -----------------------------------------------------------------------------------

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
