"""What the method does not promise: the smallest example found of each, decided as it must be.

``docs/method.md`` tells them; each is checked by hand in its comment. Amounts are in minor units,
merit in points.
"""

from dataclasses import replace
from fractions import Fraction

from allocator.model import Candidate, Gender, Package
from allocator.optimise.solve import allocate
from allocator.rules import BalanceFactor, Bound, Measure, UnitLimit
from tests.builders import (
    DSA,
    EVERYBODY,
    FULL,
    PLAIN_RULES,
    TICKET,
    Small,
    candidate,
    meeting,
    pool_of,
    round_of,
    where,
)
from tests.oracle import decide
from tests.properties.changes import cheaper, edited, find, of_gender, with_merit

ONE_FULL_OR_TWO = UnitLimit(2, 1, 1, 2, None)
STATES = ("KEN", "MLI", "BTN", "PER")


def applicant(
    name: str, points: int, costs: dict[Package, int], gender: Gender = Gender.NOT_STATED, **more
) -> Candidate:
    return candidate(name, merit=points * 1000, costs=costs, gender=gender, **more)


def one_meeting(budget: int, *candidates: Candidate, **rules) -> Small:
    return Small(
        pool_of(candidates),
        round_of([meeting("m1", budget=budget), meeting("m2")]),
        replace(PLAIN_RULES, **rules),
    )


def women(
    weight: int, target: Fraction | None = Fraction(1, 2), measure: Measure = Measure.AWARDS
) -> tuple[BalanceFactor, ...]:
    """Balance towards women; ``weight`` in points, money in units of 1000."""
    group = where(gender="female")
    factor = BalanceFactor(
        "women", "", group, "gender", target, measure, weight * 1000, None, money_unit=1000
    )
    return (factor,)


def awards(small: Small) -> dict[str, Package]:
    allocation = allocate(small.pool, small.round, small.rules)[1]
    found = {award.application_id: award.package for award in allocation.awards}
    assert found == dict(decide(small.pool, small.round, small.rules).chosen)
    return found


def test_a_cheaper_ticket_may_turn_a_full_award_into_the_ticket():
    # A full 60 beats B 50. At a ticket of 400, A's ticket (36) and B together fit, worth 86.
    small = one_meeting(
        1000,
        applicant("A", 60, {FULL: 800, TICKET: 500}),
        applicant("B", 50, {FULL: 600}),
    )
    assert awards(small) == {"A": FULL}
    less = edited(small, cheaper(find(small, "A"), 100))
    assert awards(less) == {"A": TICKET, "B": FULL}


def test_a_cheaper_ticket_may_cost_the_award_where_a_floor_counts_money():
    # At least 1000 must be spent; A at 900 no longer does, and both do not fit.
    floor = Bound("spend", EVERYBODY, EVERYBODY, Measure.MONEY, False, Fraction(1000), None, None)
    small = one_meeting(
        1000, applicant("A", 60, {FULL: 1000}), applicant("B", 50, {FULL: 1000}), floors=(floor,)
    )
    assert awards(small) == {"A": FULL}
    assert awards(edited(small, cheaper(find(small, "A"), 100))) == {"B": FULL}


def test_a_cheaper_ticket_may_cost_the_award_where_balance_counts_money():
    # A and B share one seat. A woman at 500 beside a man at 1000 is 250 short: 30·0.25 = 7.5
    # points, so A is worth 52.5 and B 55.
    small = one_meeting(
        2000,
        applicant("A", 60, {FULL: 1000}, Gender.FEMALE),
        applicant("B", 55, {FULL: 1000}, Gender.FEMALE),
        applicant("C", 60, {FULL: 1000}, Gender.MALE, administration="MLI"),
        quota=ONE_FULL_OR_TWO,
        balance=women(30, measure=Measure.MONEY),
    )
    assert awards(small) == {"A": FULL, "C": FULL}
    assert awards(edited(small, cheaper(find(small, "A"), 500))) == {"B": FULL, "C": FULL}


def test_more_merit_on_both_applications_of_a_person_may_move_the_award_to_the_other():
    # Ticket at m1: 0.6·60 = 36 against 30 for the full award at m2. With 20 more: 48 against 50.
    small = one_meeting(
        1000,
        applicant("A", 60, {TICKET: 500}, person="p"),
        applicant("B", 30, {FULL: 900}, person="p", meeting="m2"),
        person_year=ONE_FULL_OR_TWO,
    )
    assert awards(small) == {"A": TICKET}
    more = edited(small, *(with_merit(c, c.merit + 20_000) for c in small.pool.candidates))
    assert awards(more) == {"B": FULL}


def test_more_money_may_cost_an_award():
    # 600 buys A (60); 1000 buys B and C (100), which A and one of them do not fit in.
    small = one_meeting(600, *_one_dear_two_cheap())
    assert awards(small) == {"A": FULL}
    richer = replace(small, round=round_of([meeting("m1", budget=1000)]))
    assert awards(richer) == {"B": FULL, "C": FULL}


def test_a_withdrawal_may_cost_another_applicant_the_award():
    # Without C, B alone (50) is worth less than A (60).
    small = one_meeting(1000, *_one_dear_two_cheap())
    assert awards(small) == {"B": FULL, "C": FULL}
    without = replace(small, pool=pool_of(small.pool.candidates[:2]))
    assert awards(without) == {"A": FULL}


def _one_dear_two_cheap() -> list[Candidate]:
    return [
        applicant("A", 60, {FULL: 600}),
        applicant("B", 50, {FULL: 500}),
        applicant("C", 50, {FULL: 500}),
    ]


def test_balance_may_lower_the_number_of_awards_though_no_affordable_one_is_declined():
    # Two men: 100 - 40·1 = 60 < 61 for the woman, who takes all the money. 40·1/2 <= 50 holds.
    people = (
        applicant("A", 61, {FULL: 1000}, Gender.FEMALE),
        applicant("B", 50, {FULL: 500}, Gender.MALE),
        applicant("C", 50, {FULL: 500}, Gender.MALE),
    )
    assert awards(one_meeting(1000, *people)) == {"B": FULL, "C": FULL}
    assert awards(one_meeting(1000, *people, balance=women(40))) == {"A": FULL}


def test_a_seat_is_left_empty_for_balance_only_above_the_stated_weight():
    # One man worth 40: 80·1/2 = 40 is the limit; at 81 he would cost half a point.
    man = applicant("A", 40, {FULL: 1000}, Gender.MALE)
    assert awards(one_meeting(1000, man, balance=women(80))) == {"A": FULL}
    assert awards(one_meeting(1000, man, balance=women(81))) == {}


def test_not_stating_a_gender_may_gain_what_stating_it_would_lose():
    # A as a man: 50 - 30/2 = 35 < 45. Not stated, A is left out of the count: 50.
    small = one_meeting(
        1000,
        applicant("A", 50, {FULL: 1000}, Gender.MALE),
        applicant("B", 45, {FULL: 1000}),
        balance=women(30),
    )
    assert awards(small) == {"B": FULL}
    assert awards(edited(small, of_gender(find(small, "A"), Gender.NOT_STATED))) == {"A": FULL}


def test_stating_the_favoured_gender_may_turn_a_full_award_into_the_ticket():
    # A man: full 60 - 10 = 50, or A's ticket with B 36 + 30 - 20 = 46. A woman: 60, or 66.
    small = one_meeting(
        1000,
        applicant("A", 60, {FULL: 1000, TICKET: 500}, Gender.MALE),
        applicant("B", 30, {FULL: 500}, Gender.MALE),
        balance=women(20),
    )
    assert awards(small) == {"A": FULL}
    woman = edited(small, of_gender(find(small, "A"), Gender.FEMALE))
    assert awards(woman) == {"A": TICKET, "B": FULL}


def test_stating_a_gender_may_cost_the_award_where_the_favoured_group_is_narrower():
    # The factor favours women of Africa; A is of Asia: 50 - 30/2 = 35 < 45.
    factor = replace(women(30)[0], group=where(gender="female", region="Africa"))
    small = one_meeting(
        1000,
        applicant("A", 50, {FULL: 1000}, administration="BTN"),
        applicant("B", 45, {FULL: 1000}),
        balance=(factor,),
    )
    assert awards(small) == {"A": FULL}
    assert awards(edited(small, of_gender(find(small, "A"), Gender.FEMALE))) == {"B": FULL}


def test_a_proportional_target_in_half_units_may_turn_on_the_one_who_states_the_gender():
    # No women, target 0: A to E 12 + 4·20 = 92 against F 91. With A the one woman of six the target
    # is 1/6: A to E hold 9 half-units, short 9/6 - 1 = 1/2, worth 24/2·1/2 = 6; F 2/6, worth 4.
    people = [
        applicant("A", 30, {DSA: 100}, Gender.MALE),
        *(applicant(name, 20, {FULL: 225}, Gender.MALE) for name in "BCDE"),
        applicant("F", 91, {FULL: 1000}, Gender.MALE),
    ]
    small = one_meeting(1000, *people, balance=women(24, None, Measure.HALF_UNITS))
    assert awards(small) == {"A": DSA, "B": FULL, "C": FULL, "D": FULL, "E": FULL}
    assert awards(edited(small, of_gender(find(small, "A"), Gender.FEMALE))) == {"F": FULL}


def test_a_proportional_target_may_turn_on_a_person_with_two_applications():
    # A and B are one person, who may have one. No women, target 0: A with C to F 100 against G 99.
    # As a woman the target is 2/7: five awards are short 5·2/7 - 1 = 3/7, G alone 2/7; times 14
    # points that is 6 and 4.
    people = [
        applicant("A", 20, {FULL: 200}, Gender.MALE, person="p"),
        applicant("B", 1, {FULL: 200}, Gender.MALE, person="p", meeting="m2"),
        *(applicant(name, 20, {FULL: 200}, Gender.MALE) for name in "CDEF"),
        applicant("G", 99, {FULL: 1000}, Gender.MALE, person="g"),
    ]
    small = one_meeting(1000, *people, balance=women(14, None), person_year=ONE_FULL_OR_TWO)
    small = replace(small, round=round_of([meeting("m1", budget=1000), meeting("m2", budget=0)]))
    assert awards(small) == dict.fromkeys("ACDEF", FULL)
    both = edited(small, *(of_gender(find(small, name), Gender.FEMALE) for name in "AB"))
    assert awards(both) == {"G": FULL}
