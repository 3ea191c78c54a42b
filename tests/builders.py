"""Shorthands that build rounds, candidates and rules for tests; every person is invented."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
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
from allocator.rules import PairScope, Rules

REGION = {"KEN": "Africa", "MLI": "Africa", "BTN": "Asia-Pacific", "PER": "Americas"}
GROUPS = {"KEN": (), "MLI": ("ldc", "lldc"), "BTN": ("lldc",), "PER": ()}
FULL, TICKET, DSA = Package
EVERYBODY = Selector()


@dataclass(frozen=True)
class Small:
    """A small round ready to be decided."""

    pool: Pool
    round: Round
    rules: Rules


def where(**conditions: str | tuple[str, ...]) -> Selector:
    """Write a selector: ``where(gender="female", package=("full", "ticket"))``."""
    return Selector(
        tuple(
            (attribute, (values,) if isinstance(values, str) else values)
            for attribute, values in sorted(conditions.items())
        )
    )


def meeting(name: str, *, city: str = "Geneva", budget: int | None = None) -> Meeting:
    return Meeting(
        id=name,
        title=f"Meeting {name}",
        study_group=f"SG{name[-1]}",
        starts=date(2027, 3, 1),
        ends=date(2027, 3, 10),
        city=city,
        country="CHE",
        dsa_per_day=40_000,
        dsa_currency="CHF",
        days_paid=10,
        deadline=date(2027, 1, 18),
        region_scope=(),
        budget=budget,
    )


def round_of(
    meetings: Sequence[Meeting], funds: Sequence[Fund] = (), seed: str = "a published seed"
) -> Round:
    return Round(
        id="small",
        title="A small round",
        currency="CHF",
        decision_date=date(2027, 2, 1),
        financial_year="2027",
        lottery_seed=seed,
        region_scheme="itu",
        meetings=tuple(meetings),
        funds=tuple(funds),
        exchange_rates=(),
        eligible_member_states=None,
        fare_table="none",
        policy_path=None,
    )


PLAIN_RULES = Rules(
    policy_id="small",
    title="Small",
    version="1",
    on=date(2027, 2, 1),
    references=(),
    region_scheme="itu",
    country_groups=(),
    eligibility=(),
    quota=None,
    ticket_in_pair=PairScope.NONE,
    ticket_in_pair_reference=None,
    person_year=None,
    floors=(),
    caps=(),
    award_points=40_000,
    award_reference=None,
    criteria=(),
    coverage_full=Fraction(1),
    coverage_ticket=Fraction(3, 5),
    coverage_dsa=Fraction(2, 5),
    coverage_reference=None,
    balance=(),
    share_between_funds=True,
    partial_if_not_known=True,
    lottery_seed="",
)
"""No limit but the money."""


def candidate(
    application: str,
    *,
    merit: int,
    costs: dict[Package, int],
    meeting: str = "m1",
    administration: str = "KEN",
    gender: Gender = Gender.NOT_STATED,
    person: str = "",
    used: int = 0,
    extra: dict[str, str] | None = None,
) -> Candidate:
    """Make a candidate with every attribute selectors know; region and groups follow the State."""
    person = person or f"p-{application}"
    known = {
        "gender": () if gender is Gender.NOT_STATED else (gender.value,),
        "region": (REGION[administration],),
        "country_group": ("member_state", *GROUPS[administration]),
        "administration": (administration,),
        "meeting": (meeting,),
        "study_group": (f"SG{meeting[-1]}",),
        "application": (application,),
        "person": (person,),
        **{name: (text,) if text else () for name, text in (extra or {}).items()},
    }
    form = Application(
        application_id=application,
        person_id=person,
        family_name="Sample",
        given_name="Person",
        gender=gender,
        administration=administration,
        administration_as_written=administration,
        not_member=None,
        meeting=meeting,
        requested=FULL if FULL in costs else next(iter(costs)),
        accepts_partial=len(costs) > 1,
        ticket_cost=costs.get(TICKET),
        ticket_currency="CHF",
        contributions=None,
        role=None,
        first_time=None,
        specific_needs=None,
        registration_approved=True,
        authorised=True,
        received=None,
        extra=tuple((extra or {}).items()),
        row=2,
    )
    return Candidate(
        application=form,
        merit=merit,
        breakdown=(),
        costs=tuple(Cost(p, costs[p], False, "quote") for p in Package if p in costs),
        attributes=tuple(sorted(known.items())),
        used_half_units=used,
    )


def pool_of(candidates: Sequence[Candidate]) -> Pool:
    return Pool(tuple(sorted(candidates, key=lambda c: c.application.application_id)), ())
