"""Merit: every kind of criterion, what is not known, and lines that sum exactly."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.intake.exact import rounded
from allocator.intake.facts import Facts
from allocator.intake.merit import History, Scorer
from allocator.intake.roles import said_in
from allocator.intake.standing import Standings
from allocator.model import Application, MeritLine, PriorAward
from allocator.rules import Criterion
from tests.intake_rounds import GENEVA, RULES, award, criterion, form, round_of

DECIDED = round_of().decision_date


def lines(
    application: Application,
    *criteria: Criterion,
    awards: list[PriorAward] | None = None,
    decided: date = DECIDED,
) -> tuple[MeritLine, ...]:
    round_ = round_of(decision_date=decided)
    rules = replace(RULES, criteria=criteria)
    facts = Facts(round_, [application])
    scorer = Scorer(rules, facts, History(awards, decided))
    merit, found = scorer.score(
        application, Standings(rules, decided).of(application.administration)
    )
    assert merit == sum(line.points for line in found)
    assert found[0].criterion == "award"
    assert found[0].points == rules.award_points
    return found[1:]


def worth(application: Application, one: Criterion, **more: Any) -> tuple[int, str]:
    (line,) = lines(application, one, **more)
    assert (line.criterion, line.title, line.reference) == (one.id, one.title, "R")
    return line.points, line.value


CONTRIBUTIONS = criterion(
    "number", column="contributions", points_each=5_000, at_most=20_000, not_known=1_000
)


def test_a_number_gives_points_for_each_up_to_a_most() -> None:
    assert worth(form(contributions=3), CONTRIBUTIONS) == (15_000, "3")
    assert worth(form(contributions=9), CONTRIBUTIONS) == (20_000, "9")
    assert worth(form(), CONTRIBUTIONS) == (1_000, "not known")


def test_a_number_of_an_extra_column_is_read_exactly_and_rounded_half_up() -> None:
    years = criterion("number", column="Years of work", points_each=1_001, at_most=9_000)
    assert worth(form(extra=(("years_of_work", "2,5"),)), years) == (2_503, "2.5")
    assert worth(form(extra=(("years_of_work", "-4"),)), years) == (0, "-4")
    assert worth(form(extra=(("years_of_work", "many"),)), years) == (0, "not known")


def test_a_flag_gives_points_for_yes() -> None:
    first = criterion("flag", column="first_time", points_if=5_000, not_known=2_000)
    assert worth(form(first_time=True), first) == (5_000, "yes")
    assert worth(form(first_time=False), first) == (0, "no")
    assert worth(form(), first) == (2_000, "not known")


ROLES = (
    ("Chair", 15_000),
    ("Vice-chair", 14_000),
    ("Working party chair", 13_000),
    ("Working party vice-chair", 12_000),
    ("Rapporteur", 11_000),
    ("Associate rapporteur", 10_000),
    ("Editor", 8_000),
)
ROLE = criterion("category", column="role", points=ROLES, otherwise=500, not_known=0)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Chairman", "Chair"),
        ("SG13 chairwoman", "Chair"),
        ("Chairperson of Study Group 13", "Chair"),
        ("Co-chair", "Chair"),
        ("vice chairman", "Vice-chair"),
        ("Vicechair", "Vice-chair"),
        ("VICE_CHAIR SG 5", "Vice-chair"),
        ("WP1/13 Chair", "Working party chair"),
        ("Chair, WP1", "Working party chair"),
        ("Chair of Working Party 2", "Working party chair"),
        ("WP vice chair", "Working party vice-chair"),
        ("Rapporteur Q6/13", "Rapporteur"),
        ("Rapporteur for Question 6/13", "Rapporteur"),
        ("associate  RAPPORTEUR", "Associate rapporteur"),
        ("Editor; Rapporteur", "Rapporteur"),
        ("Editor / WP3 chairman", "Working party chair"),
        ("Editor/Delegate", "Editor"),
    ],
)
def test_roles_are_read_as_people_write_them_and_the_highest_counts(
    written: str, expected: str
) -> None:
    assert worth(form(role=written), ROLE) == (dict(ROLES)[expected], expected)


@pytest.mark.parametrize(
    "written",
    ["Regional group chair", "Liaison rapporteur", "Delegate", "Chairing nothing", "13"],
)
def test_a_role_that_the_policy_does_not_name_is_not_taken_for_one_it_names(written: str) -> None:
    assert worth(form(role=written), ROLE) == (500, "another")


def test_a_category_with_a_slash_in_its_own_name_comes_before_its_parts() -> None:
    known = ("adviser/expert", "expert", "adviser")
    assert said_in("role", "Adviser / Expert", known) == ("adviser/expert",)
    assert said_in("Level", "expert", known) == ("expert",)
    assert said_in("Level", "chairman", ("chair",)) == ()


def test_rows_with_a_category_that_no_value_names_are_collected() -> None:
    application = form(role="Delegate", row=17)
    scorer = Scorer(
        replace(RULES, criteria=(ROLE,)), Facts(round_of(), [application]), History(None, DECIDED)
    )
    scorer.score(application, Standings(RULES, DECIDED).of("KEN"))
    assert scorer.unmatched == {("category", "role"): [17]}


GROUPS = (("ldc", 8_000), ("sids", 4_000), ("lldc", 3_000), ("Americas", 1_000))


@pytest.mark.parametrize(
    ("state", "summed", "highest"),
    [("HTI", 13_000, 8_000), ("BRA", 1_000, 1_000), ("MLI", 11_000, 8_000), ("FRA", 0, 0)],
)
def test_country_groups_add_up_or_the_best_counts(state: str, summed: int, highest: int) -> None:
    application = form(administration=state)
    for combine, expected in (("sum", summed), ("highest", highest)):
        one = criterion("country_group", points=GROUPS, combine=combine, not_known=99)
        assert worth(application, one)[0] == expected


def test_a_group_that_is_not_known_is_worth_what_the_policy_says() -> None:
    one = criterion("country_group", points=(("low_income", 5_000), ("sids", 1_000)), not_known=700)
    before_the_tables = date(2019, 1, 1)
    assert worth(form(), one, decided=before_the_tables) == (700, "not known")
    assert worth(form(administration="MDV"), one, decided=before_the_tables)[0] == 1_000


def test_days_run_to_the_decision_the_deadline_the_meeting_or_another_column() -> None:
    application = form(received=date(2027, 1, 8), extra=(("Visa asked", "28/01/2027"),))
    for until, days in (
        ("deadline", 10),
        ("decision_date", 24),
        ("starts", 52),
        ("visa asked", 20),
    ):
        one = criterion("days", column="received", until=until, points_each=100, at_most=4_000)
        assert worth(application, one) == (min(days * 100, 4_000), f"{days} days")
    late = criterion("days", column="starts_on", until="deadline", points_each=100, at_most=4_000)
    assert worth(form(extra=(("Starts on", "2027-03-01"),)), late) == (0, "0 days")
    assert worth(form(), late) == (0, "not known")


def test_a_deadline_that_no_meeting_names_is_not_known() -> None:
    application = form(received=date(2027, 1, 8))
    round_ = round_of(replace(GENEVA, deadline=None))
    one = criterion(
        "days", column="received", until="deadline", points_each=1, at_most=9, not_known=7
    )
    rules = replace(RULES, criteria=(one,))
    scorer = Scorer(rules, Facts(round_, [application]), History(None, DECIDED))
    _, found = scorer.score(application, Standings(rules, DECIDED).of("KEN"))
    assert found[1].points == 7


LATELY = criterion(
    "prior_awards",
    whose="administration",
    within_days=365,
    points_if=7_000,
    points_each=4_000,
    not_known=2_000,
)


def test_prior_awards_take_points_off_down_to_nothing() -> None:
    recent = award(DECIDED - timedelta(days=365))
    assert worth(form(), LATELY, awards=[]) == (7_000, "none")
    assert worth(form(), LATELY, awards=[recent]) == (3_000, "1 award")
    assert worth(form(), LATELY, awards=[recent, recent]) == (0, "2 awards")


def test_awards_long_ago_after_the_decision_or_to_others_do_not_count() -> None:
    others = [
        award(DECIDED - timedelta(days=366)),
        award(DECIDED + timedelta(days=1)),
        award(DECIDED, administration="BRA"),
    ]
    assert worth(form(), LATELY, awards=others) == (7_000, "none")
    mine = replace(LATELY, whose="person")
    assert worth(form(), mine, awards=[award(DECIDED)]) == (7_000, "none")
    assert worth(form(), mine, awards=[award(DECIDED, person="p-A1")]) == (3_000, "1 award")


def test_without_a_file_or_a_date_prior_awards_are_not_known() -> None:
    assert worth(form(), LATELY, awards=None) == (2_000, "not known")
    assert worth(form(), LATELY, awards=[award(None)]) == (2_000, "not known")


@given(
    contributions=st.none() | st.integers(0, 50),
    role=st.none() | st.sampled_from(["Chair", "Editor; Rapporteur", "-", "something else"]),
    first=st.none() | st.booleans(),
    state=st.sampled_from(["KEN", "HTI", "MLI", "BRA"]),
    each=st.integers(0, 5_000),
)
def test_lines_sum_to_merit_and_stay_within_what_a_criterion_can_give(
    contributions: int | None, role: str | None, first: bool | None, state: str, each: int
) -> None:
    criteria = (
        replace(CONTRIBUTIONS, points_each=each),
        ROLE,
        criterion("flag", column="first_time", points_if=5_000),
        criterion("country_group", points=GROUPS),
        LATELY,
    )
    application = form(
        contributions=contributions, role=role, first_time=first, administration=state
    )
    found = lines(application, *criteria)
    assert [line.criterion for line in found] == [one.id for one in criteria]
    assert all(0 <= line.points <= one.most for line, one in zip(found, criteria, strict=True))


@given(st.fractions())
def test_halves_are_rounded_away_from_zero(value: Fraction) -> None:
    found = rounded(value)
    assert abs(found - value) <= Fraction(1, 2)
    if abs(found - value) == Fraction(1, 2):
        assert abs(found) > abs(value)
