"""Applications, rules and loaded rounds for the tests of intake; every person is invented."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from allocator.intake.folder import LoadedRound
from allocator.model import Application, Gender, Meeting, Package, PriorAward, Round
from allocator.policy import load_policy
from allocator.rules import Criterion, EligibilityRule, Rules
from tests import builders

POLICY = load_policy("itu-t-2024")
RULES = replace(builders.PLAIN_RULES, region_scheme="itu-bdt")
GENEVA = builders.meeting("m1")


def form(application_id: str = "A1", **changes: Any) -> Application:
    """Write an application of a person from Kenya for meeting m1, with changes."""
    plain = Application(
        application_id=application_id,
        person_id=f"p-{application_id}",
        family_name="Sample",
        given_name="Person",
        gender=Gender.NOT_STATED,
        administration="KEN",
        administration_as_written="Kenya",
        not_member=None,
        meeting="m1",
        requested=Package.FULL,
        accepts_partial=None,
        ticket_cost=90_000,
        ticket_currency="CHF",
        contributions=None,
        role=None,
        first_time=None,
        specific_needs=None,
        registration_approved=None,
        authorised=None,
        received=None,
        extra=(),
        row=2,
    )
    return replace(plain, **changes)


def rule(kind: str, **values: Any) -> EligibilityRule:
    return EligibilityRule(id="gate", kind=kind, title="Gate", reference="R", **values)


def criterion(kind: str, **values: Any) -> Criterion:
    return Criterion(**{"id": kind, "kind": kind, "title": kind, "reference": "R", **values})


def round_of(*meetings: Meeting, **changes: Any) -> Round:
    plain = builders.round_of(meetings or (GENEVA,))
    return replace(plain, region_scheme="itu-bdt", fare_table="ec-2023", **changes)


def loaded(
    applications: Sequence[Application],
    rules: Rules = RULES,
    round_: Round | None = None,
    awards: Sequence[PriorAward] | None = None,
) -> LoadedRound:
    """Put together what ``load_round`` would."""
    return LoadedRound(
        round=round_ or round_of(),
        policy=POLICY,
        rules=rules,
        applications=tuple(applications),
        prior_awards=tuple(awards or ()),
        prior_awards_given=awards is not None,
        columns=(),
        problems=(),
        files=(("applications.csv", "", b""),),
    )


def award(
    day: date | None, administration: str = "KEN", person: str = "", **more: Any
) -> PriorAward:
    plain = PriorAward(person, administration, Package.FULL, "2026", "sg1", day)
    return replace(plain, **more)
