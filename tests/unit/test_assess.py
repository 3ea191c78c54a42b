"""A loaded round becomes its pool: the same whatever the order, gender only where it belongs."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.errors import has_errors
from allocator.intake.assess import assess
from allocator.intake.folder import load_round
from allocator.intake.groups import (
    Attributes,
    attribute_name,
    attributes_of,
    canonical_selector,
    matches,
    values_of,
)
from allocator.model import (
    Application,
    Candidate,
    ExchangeRate,
    Fund,
    Gender,
    Ineligible,
    Package,
    Pool,
    Selector,
    Severity,
)
from allocator.policy import settle
from allocator.rules import Bound, Measure, UnitLimit
from tests.builders import where
from tests.intake_rounds import (
    GENEVA,
    POLICY,
    RULES,
    award,
    criterion,
    form,
    loaded,
    round_of,
    rule,
)
from tests.records import tiny_round

SHIPPED = settle(POLICY, round_of().decision_date)
MEMBER = replace(rule("country_group", groups=("member_state",)), id="member")
LDC_GATE = rule("country_group", groups=("ldc",))
LDC_POINTS = criterion("country_group", points=(("ldc", 8_000),))


def attributes(**changes: Any) -> Attributes:
    return attributes_of(form(**changes), round_of(), RULES)


def only(pool: Pool) -> Candidate:
    (candidate,) = pool.candidates
    return candidate


# --- attributes and selectors -------------------------------------------------------------------


def test_attributes_are_sorted_and_an_unknown_one_has_no_values() -> None:
    found = attributes(extra=(("Working Language", "Français"), ("Remark", "n/a")), first_time=True)
    assert list(found) == sorted(found)
    assert values_of(found, "gender") == ()
    assert values_of(found, "region") == ("Africa",)
    assert values_of(found, "study_group") == ("SG1",)
    assert values_of(found, "First time") == ("yes",)
    assert values_of(found, "working language") == ("francais",)
    assert values_of(found, "remark") == ()
    assert values_of(found, "no such column") == ()
    assert values_of(attributes(administration="Utopia"), "region") == ()


def test_nobody_is_chosen_by_name() -> None:
    found = attributes(family_name="Lantern", given_name="Cedar")
    assert "Lantern" not in str(found)
    assert "Cedar" not in str(found)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Country group", "country_group"),
        ("study group", "study_group"),
        ("country", "administration"),
        ("sex", "gender"),
        ("application_id", "application"),
        ("First participation", "first_time"),
        ("Working language", "workinglanguage"),
    ],
)
def test_attributes_are_named_as_people_write_them(written: str, meant: str) -> None:
    assert attribute_name(written) == meant


KNOWN = attributes(gender=Gender.FEMALE, extra=(("Language", "Français"),))


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (Selector(), True),
        (where(gender="Female"), True),
        (where(gender="male"), False),
        (where(gender=("male", "female"), region="AFRICA"), True),
        (where(country_group="africa"), True),
        (where(country_group="ldc"), False),
        (where(country_group="Lower-middle income"), True),
        (where(language="francais"), True),
        (where(Language="FRANÇAIS"), True),
        (where(role="Editor"), None),
        (where(role="Editor", gender="male"), False),
        (where(role="Editor", gender="female"), None),
        (where(package="full"), None),
        (where(administration="ken", meeting="M1", application="a1"), True),
    ],
)
def test_a_selector_is_matched_folded_and_says_when_it_cannot_be_told(
    selector: Selector, expected: bool | None
) -> None:
    assert matches(selector, KNOWN) is expected


def test_a_condition_on_the_package_looks_at_the_package() -> None:
    assert matches(where(package=("full", "ticket")), KNOWN, Package.TICKET) is True
    assert matches(where(package="full"), KNOWN, Package.DSA) is False


def test_a_selector_has_one_form_however_it_is_written() -> None:
    one = canonical_selector({"Country": ["Turkey"], "sex": ["female"]})
    other = canonical_selector({"gender": ["female"], "administration": ["TUR"]})
    assert one == other


# --- the pool -----------------------------------------------------------------------------------


def test_the_ineligible_carry_every_finding_and_are_not_costed() -> None:
    bad = form("A2", administration="PSE", not_member="No Member State.", ticket_currency="JPY")
    found = assess(loaded([form(), bad], replace(RULES, eligibility=(MEMBER,))))
    assert [each.application.application_id for each in found.pool.candidates] == ["A1"]
    (ineligible,) = found.pool.ineligible
    assert [each.rule for each in ineligible.findings] == ["not-a-member-state", "member"]
    assert not has_errors(found.problems)


def test_what_the_person_used_of_the_year_counts_half_units_of_that_year_only() -> None:
    rules = replace(RULES, person_year=UnitLimit(2, 1, 1, 2, None))
    awards = [
        award(None, person="p-A1", financial_year="2027", package=Package.TICKET),
        award(None, person="p-A1", financial_year=" 2027", package=Package.DSA),
        award(None, person="p-A1", financial_year="2026"),
        award(None, person="p-A2", financial_year="2027"),
    ]
    pool = assess(loaded([form("A1"), form("A2"), form("A3")], rules, awards=awards)).pool
    assert [each.used_half_units for each in pool.candidates] == [2, 2, 0]


@pytest.mark.parametrize(
    ("written", "odd"),
    [
        *((each, True) for each in ("FY2027", "27", "02027", "2026/27", "2027-2028")),
        *((each, False) for each in ("2027", " 2027", "2026", "2028", "FY2026", "old")),
    ],
)
def test_a_year_of_past_awards_that_may_be_this_one_is_named(written: str, odd: bool) -> None:
    awards = [award(None, person="p-A1", financial_year=written)]
    codes = {each.code for each in assess(loaded([form("A1")], awards=awards)).problems}
    assert ("past-year" in codes) is odd


def test_past_awards_for_the_same_meeting_or_of_nearly_the_same_person_are_named() -> None:
    rows = [form("A1", row=2), form("A2", row=3)]
    one = award(date(2026, 5, 1), person="p-A1", meeting=rows[0].meeting.upper())
    for awards, expected in (
        ([one], {"past-same-meeting"}),
        ([award(None, person="P-a2", meeting="other")], {"past-person"}),
        ([award(None, person="p-A2", meeting="other")], set()),
    ):
        found = assess(loaded(rows, awards=awards)).problems
        assert {each.code for each in found if each.code.startswith("past-")} == expected
        assert all(each.severity is Severity.WARNING for each in found)
        named = [each.what for each in found if each.code == "past-same-meeting"]
        assert all("row 2" in each and "p-A1" not in each for each in named)


def test_a_missing_rate_is_one_error_with_its_rows() -> None:
    rows = [form(f"A{row:03}", ticket_currency="JPY", row=row) for row in range(2, 13)]
    found = assess(loaded([*rows, form("B")]))
    (error,) = [each for each in found.problems if each.severity is Severity.ERROR]
    assert error.code == "cost-no-rate"
    assert "JPY" in error.do
    assert "rows 2, 3, 4, 5, 6, 7, 8, 9 and 3 more" in error.what
    assert only(found.pool).application.application_id == "B"


def test_cells_that_cannot_be_read_and_roles_nobody_names_are_told_by_row() -> None:
    rules = replace(
        RULES,
        criteria=(
            criterion("flag", column="Visa granted", points_if=1),
            criterion("category", column="role", points=(("Chair", 1),)),
        ),
    )
    rows = [form("A1", extra=(("visa granted", "soon"),), role="Delegate", row=7)]
    found = assess(loaded(rows, rules))
    assert [(each.code, each.where.row, each.severity) for each in found.problems] == [
        ("assess-unreadable", 7, Severity.WARNING),
        ("assess-unmatched", 7, Severity.NOTE),
    ]
    assert not [each for each in found.problems if "soon" in str(each) or "Delegate" in str(each)]


# --- floors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "warned"), [(("administration", ("TUV",)), True), (("gender", ("female",)), False)]
)
def test_a_floor_that_nobody_can_fill_is_named(
    group: tuple[str, tuple[str, ...]], warned: bool
) -> None:
    """It would be kept by awarding nothing."""
    with tiny_round() as folder:
        loaded = load_round(folder)
    every, quarter = Selector(()), Fraction(1, 4)
    floor = Bound(
        "some", Selector((group,)), every, Measure.AWARDS, True, quarter, None, None, "Some"
    )
    found = assess(replace(loaded, rules=replace(loaded.rules, floors=(floor,)))).problems
    assert ("assess-floor-empty" in [each.code for each in found]) is warned


# --- facts under decision -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "depends"),
    [
        (RULES, False),
        (replace(RULES, eligibility=(LDC_GATE,)), True),
        (replace(RULES, eligibility=(MEMBER,)), False),
        (replace(RULES, criteria=(LDC_POINTS,)), True),
        (replace(RULES, criteria=(replace(LDC_POINTS, points=(("ldc", 0),)),)), False),
        (replace(RULES, criteria=(replace(LDC_POINTS, points=(("sids", 9),)),)), False),
    ],
)
def test_a_decision_that_depends_on_an_unsettled_status_says_so(rules: Any, depends: bool) -> None:
    # Whether Bangladesh is an LDC after 24 November 2026 was open on the day of the tables.
    pool = assess(loaded([form(administration="BGD")], rules)).pool
    outcome = next(iter(pool.candidates), None) or pool.ineligible[0]
    assert bool(outcome.unsettled) is depends
    if depends:
        assert "Bangladesh" in outcome.unsettled[0]


def test_a_status_that_would_not_turn_the_outcome_is_not_mentioned() -> None:
    gates = (LDC_GATE, replace(rule("flag", column="authorised"), id="form"))
    application = form(administration="BGD", authorised=False)
    (outcome,) = assess(loaded([application], replace(RULES, eligibility=gates))).pool.ineligible
    assert outcome.unsettled == ()


def test_a_fund_for_a_group_makes_an_unsettled_status_matter() -> None:
    fund = Fund("ldc", "LDC", 1, where(country_group="ldc"))
    round_ = round_of(funds=(fund,))
    assert only(assess(loaded([form(administration="BGD")], round_=round_)).pool).unsettled
    assert not only(assess(loaded([form(administration="MLI")], round_=round_)).pool).unsettled


def test_a_region_under_decision_matters_where_regions_do() -> None:
    round_ = round_of(replace(GENEVA, region_scope=("CIS",)), decision_date=date(2020, 1, 1))
    rules = replace(RULES, eligibility=(rule("region_scope"),))
    (outcome,) = assess(loaded([form(administration="UKR")], rules, round_)).pool.ineligible
    assert len(outcome.unsettled) == 1
    assert "CIS" in outcome.unsettled[0]


# --- properties ---------------------------------------------------------------------------------

COLUMNS = ("Language", "Visa granted", "Years of work")


@st.composite
def applications(draw: st.DrawFn) -> tuple[Application, ...]:
    made = []
    for number in range(draw(st.integers(1, 6))):
        made.append(
            form(
                f"A{number}",
                gender=draw(st.sampled_from(Gender)),
                administration=draw(st.sampled_from(["KEN", "HTI", "BGD", "FRA", "WSM"])),
                requested=draw(st.sampled_from(Package)),
                accepts_partial=draw(st.none() | st.booleans()),
                ticket_cost=draw(st.none() | st.integers(0, 300_000)),
                contributions=draw(st.none() | st.integers(0, 9)),
                role=draw(st.sampled_from([None, "Chair", "Editor / Rapporteur", "-"])),
                registration_approved=draw(st.none() | st.booleans()),
                authorised=True,
                received=draw(st.none() | st.just(date(2027, 1, 10))),
                extra=tuple(
                    (name, draw(st.sampled_from(["", "yes", "3", "?"]))) for name in COLUMNS
                ),
                row=number + 2,
            )
        )
    return tuple(made)


RATE = ExchangeRate("EUR", Fraction("0.94"), date(2027, 1, 1), "example")
EUROS = round_of(exchange_rates=(RATE,))
RICH = replace(
    SHIPPED,
    criteria=(
        *SHIPPED.criteria,
        criterion("number", id="years", column="years_of_work", points_each=1, at_most=9),
        criterion("flag", id="visa", column="visa granted", points_if=7),
    ),
)


@given(applications(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_does_not_matter(
    rows: tuple[Application, ...], shuffle: Any
) -> None:
    expected = assess(loaded(rows, RICH, EUROS))
    order = shuffle.sample(range(len(COLUMNS)), len(COLUMNS))
    shuffled = [replace(row, extra=tuple(row.extra[i] for i in order)) for row in rows]
    shuffle.shuffle(shuffled)
    found = assess(loaded(shuffled, RICH, EUROS))
    originals = {row.application_id: row for row in rows}

    def back[T: (Candidate, Ineligible)](each: T) -> T:
        return replace(each, application=originals[each.application.application_id])

    pool = Pool(tuple(map(back, found.pool.candidates)), tuple(map(back, found.pool.ineligible)))
    assert pool == expected.pool
    assert found.problems == expected.problems


@given(applications(), st.data())
def test_relabelling_gender_changes_nothing_but_the_attribute(
    rows: tuple[Application, ...], data: st.DataObject
) -> None:
    relabelled = tuple(replace(row, gender=data.draw(st.sampled_from(Gender))) for row in rows)
    before, after = (assess(loaded(each, RICH, EUROS)).pool for each in (rows, relabelled))
    for group in ("candidates", "ineligible"):
        for one, other in zip(getattr(before, group), getattr(after, group), strict=True):
            same = tuple(each for each in one.attributes if each[0] != "gender")
            assert tuple(each for each in other.attributes if each[0] != "gender") == same
            assert replace(other, application=one.application, attributes=one.attributes) == one


@given(applications())
def test_breakdowns_sum_to_merit_and_full_is_its_parts(rows: tuple[Application, ...]) -> None:
    for candidate in assess(loaded(rows, RICH, EUROS)).pool.candidates:
        assert sum(line.points for line in candidate.breakdown) == candidate.merit
        amounts = {cost.package: cost.amount for cost in candidate.costs}
        assert list(amounts) == [package for package in Package if package in amounts]
        if len(amounts) == 3:
            assert amounts[Package.FULL] == amounts[Package.TICKET] + amounts[Package.DSA]
