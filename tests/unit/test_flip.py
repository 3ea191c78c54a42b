"""The flip test on small rounds written by hand: every kind of clause that can look at gender."""

from dataclasses import replace
from fractions import Fraction

import pytest

from allocator.decide import decide
from allocator.explain.fairness import fairness_of
from allocator.explain.fairness_clauses import Law, gender_clauses
from allocator.explain.fairness_flip import FlipStatus, flip_test
from allocator.explain.fairness_redecide import Fate
from allocator.explain.result import Result
from allocator.intake.folder import LoadedRound
from allocator.model import Decision, Fund, Gender, Selector
from allocator.optimise.allocation import Status
from allocator.rules import BalanceFactor, Bound, EligibilityRule, Measure, Unknown
from tests.builders import EVERYBODY, FULL, where
from tests.intake_rounds import RULES, criterion, form, loaded, round_of

F, M, NOT_STATED = Gender.FEMALE, Gender.MALE, Gender.NOT_STATED

AWARDED, DECLINED = Fate(Decision.AWARDED, FULL), Fate(Decision.DECLINED)
INELIGIBLE, NONE = Fate(Decision.INELIGIBLE), Fate(None)

POINTS = criterion("number", column="contributions", points_each=1_000, at_most=20_000)
WOMEN = BalanceFactor(
    "women", "Women", where(gender="female"), "gender", Fraction(1, 2), Measure.AWARDS, 20_000, None
)


def bound(name: str, group: Selector, **level: Fraction) -> Bound:
    limits = {"at_least": None, "at_most": None} | level
    return Bound(name, group, EVERYBODY, Measure.AWARDS, False, reference=None, **limits)


def two_for_one(law=RULES, *, genders=(M, F), **facts) -> LoadedRound:
    """Two applications and money for one; the first has five points of merit more."""
    forms = [
        form(f"A{n}", gender=gender, contributions=10 - 5 * n, accepts_partial=False)
        for n, gender in enumerate(genders)
    ]
    round_ = round_of(funds=(Fund("f1", "The fund", 600_000, EVERYBODY),), **facts)
    return loaded(forms, replace(law, criteria=(POINTS, *law.criteria)), round_)


def flips(round_: LoadedRound, **how) -> dict[tuple[str, Gender], tuple[Fate, Fate, tuple]]:
    test = flip_test(decide(round_), processes=1, **how)
    assert test.status is FlipStatus.COMPLETE
    return {(f.application_id, f.instead): (f.before, f.after, f.alone) for f in test.flips}


def test_a_balance_factor():
    by = ("balance.women",)
    assert flips(two_for_one(replace(RULES, balance=(WOMEN,)))) == {
        # One award to a man leaves half a seat missing: ten points of twenty, five more than merit.
        ("A0", F): (DECLINED, AWARDED, by),
        ("A1", M): (AWARDED, DECLINED, by),
    }


def test_points_for_gender():
    points = criterion("category", id="g", column="Gender", points=(("female", 9_000),))
    by = ("merit.criteria.g",)
    assert flips(two_for_one(replace(RULES, criteria=(points,)))) == {
        ("A0", F): (DECLINED, AWARDED, by),
        ("A1", M): (AWARDED, DECLINED, by),
    }


def test_a_fund_for_women_in_another_spelling():
    only = Selector((("Sex", ("Female",)),))
    round_ = two_for_one(genders=(M, M))
    fund = replace(round_.round.funds[0], only=only)
    round_ = replace(round_, round=replace(round_.round, funds=(fund,)))
    by = ("funds.f1",)
    assert flips(round_) == {
        ("A0", F): (DECLINED, AWARDED, by),
        ("A1", F): (DECLINED, AWARDED, by),
    }


def test_a_floor_that_only_the_stated_genders_can_keep():
    floor = bound("w", where(gender="female"), at_least=Fraction(1))
    assert flips(two_for_one(replace(RULES, floors=(floor,)))) == {
        ("A0", F): (DECLINED, AWARDED, ("limits.floors.w",)),
        # Without a woman no allocation keeps the floor.
        ("A1", M): (AWARDED, NONE, ("limits.floors.w",)),
    }


def test_two_clauses_that_only_together_make_a_difference():
    points = criterion("category", id="g", column="gender", points=(("female", 4_000),))
    weak = replace(WOMEN, weight=4_000)
    men = {"genders": (M, M)}
    # Four points for merit and two for balance outweigh five, neither does alone.
    both = flips(two_for_one(replace(RULES, criteria=(points,), balance=(weak,)), **men))
    assert both == {("A1", F): (DECLINED, AWARDED, ())}
    assert flips(two_for_one(replace(RULES, criteria=(points,)), **men)) == {}
    assert flips(two_for_one(replace(RULES, balance=(weak,)), **men)) == {}


def gate(not_known: Unknown = Unknown.INELIGIBLE) -> EligibilityRule:
    return EligibilityRule(
        "men-out", "category", "Women only", None, not_known, column="gender", one_of=("female",)
    )


def test_a_gate_needs_the_files_and_judges_scores_and_costs_anew():
    round_ = two_for_one(replace(RULES, eligibility=(gate(),)))
    assert flip_test(decide(round_)).status is FlipStatus.NEEDS_FILES
    by = ("eligibility.men-out",)
    assert flips(round_, loaded=round_) == {
        ("A0", F): (INELIGIBLE, AWARDED, by),
        ("A1", M): (AWARDED, INELIGIBLE, by),
    }


def test_a_gate_beside_another_clause_is_told_from_it():
    law = replace(RULES, eligibility=(gate(Unknown.ELIGIBLE),), balance=(WOMEN,))
    round_ = two_for_one(law, genders=(NOT_STATED, M))
    by = ("eligibility.men-out",)
    assert flips(round_, loaded=round_) == {
        ("A0", M): (AWARDED, INELIGIBLE, by),
        ("A1", F): (INELIGIBLE, DECLINED, by),
    }


def test_a_person_states_one_gender_on_all_applications():
    round_ = two_for_one(replace(RULES, balance=(WOMEN,)), genders=(M, M))
    same = tuple(replace(a, person_id="p") for a in round_.applications)
    round_ = replace(round_, applications=same)
    # As a woman on both, the better of the two is awarded as before.
    assert flips(round_) == {}


def test_who_states_nothing_or_another_gender_is_asked_for_both():
    test = flip_test(decide(two_for_one(genders=(NOT_STATED, Gender.OTHER))))
    assert test.asked == (
        *((F, M, 0), (M, F, 0)),
        *((Gender.OTHER, F, 1), (Gender.OTHER, M, 1), (NOT_STATED, F, 1), (NOT_STATED, M, 1)),
    )
    assert (test.status, test.clauses) == (FlipStatus.NO_CLAUSE, ())


def test_a_tie_is_drawn_again_with_the_published_seed():
    points = criterion("category", id="g", column="gender", points=(("female", 5_000),))
    first = set()
    for seed in ("one", "two", "three", "four"):
        round_ = two_for_one(replace(RULES, criteria=(points,)), genders=(M, F), lottery_seed=seed)
        tied = decide(round_)
        assert len(tied.allocation.draws) == 2
        by = ("merit.criteria.g",)
        first.add(tied.allocation.draws[0].application_id)
        if tied.allocation.draws[0].application_id == "A0":
            assert flips(round_) == {}
        else:
            assert flips(round_) == {
                ("A0", F): (DECLINED, AWARDED, by),
                ("A1", M): (AWARDED, DECLINED, by),
            }
    assert first == {"A0", "A1"}


def test_an_allocation_that_is_not_final_is_not_asked():
    result = decide(two_for_one(replace(RULES, balance=(WOMEN,))))
    open_ = replace(result, allocation=replace(result.allocation, status=Status.NOT_FINAL))
    assert flip_test(open_).status is FlipStatus.NOT_FINAL


@pytest.mark.parametrize("processes", [1, 2])
def test_without_time_everything_is_open_and_marked_so(processes):
    result = decide(two_for_one(replace(RULES, balance=(WOMEN,))))
    test = flip_test(result, time_limit=0, processes=processes)
    assert (test.status, test.flips) == (FlipStatus.INCOMPLETE, ())
    assert test.unanswered == (("A0", F), ("A1", M))


def test_the_whole_is_told_with_the_clause_by_its_title():
    round_ = two_for_one(replace(RULES, balance=(WOMEN,)))
    result: Result = decide(round_)
    found = fairness_of(result, flips=True)
    assert gender_clauses(Law(result.round, result.rules)) == ("balance.women",)
    assert found.titles == (("balance.women", "balance factor Women"),)
    told = " ".join(found.sections()[-1].text)
    assert "Of the 2 questions asked, 2 would be decided differently." in told
    assert "By the balance factor Women alone: 2." in told
