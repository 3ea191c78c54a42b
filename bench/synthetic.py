"""Invented rounds of any size for measurements: a size and a seed become a pool, round and rules.

Shapes follow what is known of real meetings: 193 Member States in six regions, four funds of which
three are earmarked, merit in coarse steps with a fine part, ticket costs by region, 40 to 70 per
cent of what is asked affordable. Every choice is a hash of the seed, so a round is the same
everywhere.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from allocator.model import (
    Application,
    Candidate,
    Cost,
    Fund,
    Gender,
    Meeting,
    Package,
    Pool,
    Round,
    Selector,
)
from allocator.rules import BalanceFactor, Measure, PairScope, Rules, UnitLimit

REGIONS = ("Africa", "Americas", "Arab States", "Asia-Pacific", "CIS", "Europe")
STATES = 193
DSA_PER_DAY = 40_000
AWARD_POINTS = 40_000


@dataclass(frozen=True, slots=True)
class Synthetic:
    """One invented round."""

    pool: Pool
    round: Round
    rules: Rules


@dataclass(slots=True)
class _Dice:
    seed: str
    count: int = 0

    def below(self, limit: int) -> int:
        self.count += 1
        digest = hashlib.sha256(f"{self.seed}:{self.count}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % limit


def synthetic(
    applications: int, meetings: int = 1, seed: int = 1, *, affordable: Fraction = Fraction(1, 2)
) -> Synthetic:
    """Return a round of ``meetings`` meetings with ``applications`` applications each."""
    dice = _Dice(f"{applications}x{meetings}#{seed}")
    names = tuple(f"m{n:02d}" for n in range(meetings))
    pool: list[Candidate] = []
    for meeting in names:
        for n in range(applications):
            pool.append(_candidate(dice, f"{meeting}-{n:06d}", meeting, meetings, applications))
    pool.sort(key=lambda c: c.application.application_id)
    asked = {m: sum(c.costs[0].amount for c in pool if c.application.meeting == m) for m in names}
    # No meeting can use more than one full award per Member State, however many ask.
    usable = {m: min(asked[m], STATES * 480_000) for m in names}
    budgets = {m: int(usable[m] * affordable) for m in names}
    round_ = Round(
        id="synthetic",
        title="Synthetic round",
        currency="CHF",
        decision_date=date(2026, 1, 15),
        financial_year="2026",
        lottery_seed=f"seed {seed}",
        region_scheme="itu-bdt",
        meetings=tuple(_meeting(m, budgets[m], n) for n, m in enumerate(names)),
        funds=_funds(sum(budgets.values())),
        exchange_rates=(),
        eligible_member_states=None,
        fare_table="ec-2023",
        policy_path=None,
    )
    return Synthetic(Pool(tuple(pool), ()), round_, _rules())


def _candidate(
    dice: _Dice, application: str, meeting: str, meetings: int, applications: int
) -> Candidate:
    state = dice.below(STATES)
    region = REGIONS[state % len(REGIONS)]
    gender = (Gender.FEMALE, Gender.MALE, Gender.NOT_STATED)[
        0 if (roll := dice.below(100)) < 33 else 1 if roll < 98 else 2
    ]
    # In a year of meetings about one applicant in four applies to more than one.
    shared = meetings > 1 and dice.below(100) < 25
    person = f"p{dice.below(applications * meetings // 4 + 1)}" if shared else f"q{application}"
    merit = AWARD_POINTS + 5_000 * dice.below(5) + 1_000 * dice.below(25) + dice.below(1_000)
    requested = (Package.FULL, Package.FULL, Package.FULL, Package.TICKET, Package.DSA)[
        dice.below(5)
    ]
    ticket = 30_000 + 15_000 * (state % 7) + dice.below(90_000)
    dsa = DSA_PER_DAY * 9
    costs = {Package.FULL: ticket + dsa, Package.TICKET: ticket, Package.DSA: dsa}
    accepted = tuple(Package) if requested is Package.FULL and dice.below(2) else (requested,)
    groups = ("ldc",) if state % 4 == 0 else ()
    attributes = {
        "administration": (f"s{state:03d}",),
        "application": (application,),
        "country_group": groups,
        "gender": () if gender is Gender.NOT_STATED else (gender.value,),
        "meeting": (meeting,),
        "person": (person,),
        "region": (region,),
    }
    return Candidate(
        application=Application(
            application_id=application,
            person_id=person,
            family_name="",
            given_name="",
            gender=gender,
            administration=f"s{state:03d}",
            administration_as_written=f"s{state:03d}",
            not_member=None,
            meeting=meeting,
            requested=requested,
            accepts_partial=len(accepted) > 1,
            ticket_cost=ticket,
            ticket_currency="CHF",
            contributions=None,
            role=None,
            first_time=None,
            specific_needs=None,
            registration_approved=True,
            authorised=True,
            received=None,
            extra=(),
            row=0,
        ),
        merit=merit,
        breakdown=(),
        costs=tuple(Cost(p, costs[p], False, "") for p in accepted),
        attributes=tuple(sorted(attributes.items())),
        used_half_units=0,
    )


def _meeting(meeting: str, budget: int, number: int) -> Meeting:
    starts = date(2026, 3, 2) + timedelta(days=14 * number)
    return Meeting(
        id=meeting,
        title=meeting,
        study_group=meeting,
        starts=starts,
        ends=starts + timedelta(days=7),
        city="Geneva",
        country="CHE",
        dsa_per_day=DSA_PER_DAY,
        dsa_currency="CHF",
        days_paid=9,
        deadline=None,
        region_scope=(),
        budget=budget,
    )


def _funds(total: int) -> tuple[Fund, ...]:
    def only(**conditions: str) -> Selector:
        return Selector(tuple((key, (value,)) for key, value in sorted(conditions.items())))

    return (
        Fund("general", "General", total * 6 // 10, only()),
        Fund("ldc", "Least developed countries", total * 2 // 10, only(country_group="ldc")),
        Fund("africa", "Africa", total // 10, only(region="Africa")),
        Fund("americas", "Americas", total // 10, only(region="Americas")),
    )


def _rules() -> Rules:
    one_or_two = UnitLimit(full=2, ticket=1, dsa=1, at_most=2, reference=None)
    gender = BalanceFactor(
        id="gender",
        title="Gender",
        group=Selector((("gender", ("female",)),)),
        known_by="gender",
        target=Fraction(1, 2),
        measure=Measure.AWARDS,
        weight=25_000,
        reference=None,
    )
    regions = BalanceFactor(
        id="regions",
        title="Regions",
        group=Selector(),
        known_by="region",
        target=None,
        measure=Measure.AWARDS,
        weight=5_000,
        reference=None,
        each="region",
    )
    return Rules(
        policy_id="synthetic",
        title="Synthetic",
        version="1",
        on=date(2026, 1, 15),
        references=(),
        region_scheme="itu-bdt",
        country_groups=(),
        eligibility=(),
        quota=one_or_two,
        ticket_in_pair=PairScope.ALL,
        ticket_in_pair_reference=None,
        person_year=one_or_two,
        floors=(),
        caps=(),
        award_points=AWARD_POINTS,
        award_reference=None,
        criteria=(),
        coverage_full=Fraction(1),
        coverage_ticket=Fraction(1, 2),
        coverage_dsa=Fraction(1, 2),
        coverage_reference=None,
        balance=(gender, regions),
        share_between_funds=True,
        partial_if_not_known=False,
        lottery_seed="",
    )
