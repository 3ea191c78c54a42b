"""A decided round written by hand, of any size, for the tests of the outputs."""

from dataclasses import replace
from fractions import Fraction

from allocator.errors import Problem, Where
from allocator.explain.result import DecisionLine, Promise, Result
from allocator.model import (
    Award,
    Candidate,
    Cost,
    Decision,
    Finding,
    Fund,
    Gender,
    Ineligible,
    MeritLine,
    Package,
    Pool,
    Round,
    Severity,
)
from allocator.optimise.allocation import Allocation, Draw, Status
from allocator.optimise.programme import Column, Programme, Row
from allocator.rules import BalanceFactor, EligibilityRule, Measure, Reference, Rules
from tests.builders import DSA, EVERYBODY, FULL, PLAIN_RULES, TICKET, candidate, meeting, round_of
from tests.builders import where as group

STATES = ("KEN", "MLI", "BTN", "PER")
GENDERS = (Gender.FEMALE, Gender.MALE, Gender.MALE, Gender.FEMALE, Gender.MALE, Gender.NOT_STATED)
SECRETS = ("Sample", "Person", "p-A-")
"""What stands for personal data: names, and the ids of persons."""

RULES = replace(
    PLAIN_RULES,
    title="The sample policy",
    references=(
        Reference("R1", "Fellowship rules, quota", "source", "https://example.org/rules", "2024"),
        Reference("OWN", "The weight of balance", "choice"),
    ),
    eligibility=(
        EligibilityRule("late", "deadline", "Received in time", "R1"),
        EligibilityRule("form", "flag", "Authorised by the administration", None),
    ),
    balance=(
        BalanceFactor(
            id="gender",
            title="Gender balance",
            group=group(gender="female"),
            known_by="gender",
            target=Fraction(1, 2),
            measure=Measure.AWARDS,
            weight=25_000,
            reference="OWN",
        ),
        BalanceFactor(
            id="regions",
            title="Balance of regions",
            group=EVERYBODY,
            known_by="region",
            target=None,
            measure=Measure.HALF_UNITS,
            weight=12_500,
            reference=None,
            each="region",
        ),
    ),
)


def sample_round(size: int) -> Round:
    """Give every application about the same part of the money, whatever the size."""
    funds = (
        Fund("general", "General fund", size * 80_000, EVERYBODY),
        Fund(
            "ldc", "Fund for LDC & friends <earmarked>", size * 20_000, group(country_group="ldc")
        ),
    )
    return replace(
        round_of(
            (meeting("sg13", budget=size * 60_000), meeting("sg2")), funds, "seed of the sample"
        ),
        title="Fellowships for Study Groups 13 and 2, spring 2027",
    )


def sample(
    size: int = 24, *, final: bool = True, tied: bool = True, rules: Rules = RULES
) -> Result:
    """Decide a round by hand: of every eight one is ineligible, three awarded, four declined."""
    candidates: list[Candidate] = []
    refused: list[Ineligible] = []
    awards: list[Award] = []
    lines: list[DecisionLine] = []
    for i in range(size):
        one = _candidate(i)
        if i % 8 == 7:
            refused.append(_refused(one))
            lines.append(_line(one, Decision.INELIGIBLE, None, None))
            continue
        candidates.append(one)
        award = _award(one) if i % 8 in (0, 3, 4) else None
        if award:
            awards.append(award)
        decision = Decision.AWARDED if award else Decision.DECLINED
        lines.append(_line(one, decision, award, i * 250 if award else -(i * 250 + 500)))
    ids = [award.application_id for award in awards[-2:]]
    draws = tuple(Draw(n, each, f"{n:064x}", FULL) for n, each in enumerate(ids, 1))
    if tied and candidates:
        draws += (Draw(3, candidates[-1].application.application_id, f"{3:064x}", None),)
    return Result(
        round=sample_round(size),
        rules=rules,
        pool=Pool(tuple(candidates), tuple(refused)),
        programme=Programme(
            (Column("full[A-0001]", 60_000, 1, "A-0001", FULL),),
            (Row("budget[sg13]", (0,), (250_000,), "<=", size * 60_000),),
            1,
        ),
        allocation=Allocation(
            Status.OPTIMAL if final else Status.NOT_FINAL,
            (1,),
            tuple(awards),
            812_500,
            812_500 if final else 837_500,
            draws if tied else (),
        ),
        lines=tuple(lines),
        promises=(
            Promise("optimal", "The best within the rules", final, "No allocation is better."),
            Promise("levels", "Balance never levels down", False, "Lower the weights to 20."),
        ),
        problems=(
            Problem(
                "intake-odd",
                Severity.WARNING,
                "The date is far in the past.",
                "Check it.",
                Where("applications.csv", row=7, column="received"),
                "1900-01-01",
            ),
        ),
    )


def _candidate(i: int) -> Candidate:
    one = candidate(
        f"A-{i:04d}",
        merit=60_000 + i * 125,
        costs={FULL: 250_000, TICKET: 90_000, DSA: 160_000},
        meeting=("sg13", "sg2")[i % 2],
        administration=STATES[i * 5 // 3 % 4],
        gender=GENDERS[i % 6],
        person=f"p-A-{i}",
    )
    breakdown = (
        MeritLine("award", "Being nominated", "", 40_000, None),
        MeritLine("work", "Contributions", f"{i % 5} contributions", 20_000 + i * 125, "R1"),
    )
    costs = tuple(
        replace(cost, estimated=True, how="fare table: about 7 000 km") if i % 3 == 0 else cost
        for cost in one.costs
    )
    unsettled = ("LDC status of this Member State",) if i % 10 == 2 else ()
    return replace(one, breakdown=breakdown, costs=costs, unsettled=unsettled)


def _refused(one: Candidate) -> Ineligible:
    findings = (
        Finding("late", "R1", "Received 3 days after the deadline."),
        Finding("form", None, "Not authorised."),
    )
    return Ineligible(one.application, findings, one.attributes)


def _award(one: Candidate) -> Award:
    number = int(one.application.application_id[2:])
    package = (FULL, TICKET, DSA)[number % 3]
    cost: Cost = next(cost for cost in one.costs if cost.package is package)
    shares = (("general", cost.amount),)
    if one.application.administration == "MLI":
        shares = (("general", cost.amount - 50_000), ("ldc", 50_000))
    return Award(one.application.application_id, package, cost.amount, shares)


def _line(
    one: Candidate, decision: Decision, award: Award | None, margin: int | None
) -> DecisionLine:
    package: Package | None = award.package if award else None
    return DecisionLine(
        one.application.application_id,
        decision,
        package,
        " + ".join(fund for fund, _ in award.shares) if award else "",
        award.amount if award else 0,
        "CHF",
        None if decision is Decision.INELIGIBLE else one.merit,
        margin,
        {"awarded": "best", "declined": "money", "ineligible": "late"}[decision],
        f"{decision.capitalize()}: the reason in words.",
    )
