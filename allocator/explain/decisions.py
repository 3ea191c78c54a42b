"""An allocation becomes one line per application: the decision, why in words, the figures."""

from collections.abc import Collection, Mapping, Sequence

from allocator.explain.explanation import Obstacle
from allocator.explain.obstacles import NEAREST, kind, obstacles
from allocator.explain.result import DecisionLine
from allocator.intake.overrides import CODES as OVERRIDE_CODES
from allocator.intake.overrides import overridden
from allocator.model import Award, Candidate, Decision, Ineligible, Pool, Round
from allocator.optimise.allocation import Allocation
from allocator.optimise.programme import Programme
from allocator.policy_terms import points_text
from allocator.texts import say

CODE = {
    "person_year": "person-year",
    "person_meeting": "person-meeting",
    "quota": "quota",
    "ticket_in_pair": "ticket-in-pair",
    "cap": "cap",
    "floor": "floor",
    "budget": "budget",
    "fund": "fund",
}
"""The reason code of each kind of clause."""


def decision_lines(
    round_: Round,
    pool: Pool,
    programme: Programme,
    allocation: Allocation,
    margins: Mapping[str, int | None],
    never: Collection[str] = (),
) -> tuple[DecisionLine, ...]:
    """Return one line per application, sorted by application id.

    Parameters
    ----------
    round_ : Round
        For the currency.
    pool : Pool
        All applications.
    programme : Programme
        The round's programme.
    allocation : Allocation
        What was decided.
    margins : mapping
        Exact margins in thousandths of a point: to spare (awarded) or short (declined, negative).
        Left out or ``None`` where there is none to give.
    never : collection of str
        Declined applications that no merit would have brought an award.
    """
    hindered = obstacles(programme, allocation.values)
    drawn = frozenset(draw.application_id for draw in allocation.draws)
    awards = {award.application_id: award for award in allocation.awards}
    overrides = overridden(row.name for row in programme.rows)
    lines = [_refused(each, round_) for each in pool.ineligible]
    for candidate in pool.candidates:
        application = candidate.application.application_id
        award = awards.get(application)
        code = overrides.get(application) or reason_code(
            award, application in drawn, hindered.get(application, ())
        )
        margin = margins.get(application)
        if award is None:
            no_merit = application in never
            reason = _declined(code, margin, hindered.get(application, ()), never=no_merit)
        else:
            reason = _awarded(candidate, award, code, margin)
        lines.append(
            DecisionLine(
                application_id=application,
                decision=Decision.AWARDED if award else Decision.DECLINED,
                package=award.package if award else None,
                fund=" + ".join(fund for fund, _ in award.shares) if award else "",
                amount=award.amount if award else 0,
                currency=round_.currency,
                merit=candidate.merit,
                margin=margin,
                reason_code=code,
                reason=reason,
            )
        )
    return tuple(sorted(lines, key=lambda line: line.application_id))


def reason_code(award: Award | None, drawn: bool, hindered: Sequence[Obstacle]) -> str:
    """Return the code of the reason for a decision on an eligible application.

    A declined application is named by the draw if there was one, else by the clause nearest to the
    person among those of the package that meets the fewest; ``balance`` if it would have fitted.
    Where every package is forbidden whoever else is awarded, only clauses that forbid one so count,
    and those that forbid every package come first: others are full for what others were awarded.
    """
    if award is not None:
        return "awarded-by-lottery" if drawn else "awarded"
    if drawn:
        return "lottery"
    if any(not obstacle.clauses for obstacle in hindered):
        return "balance"
    if no_merit_would_do(hindered):
        nearest = _forbidding_all(hindered) or min(_kinds_alone(hindered), key=NEAREST.index)
        return CODE[nearest]
    least = min(hindered, key=lambda o: (bool(o.alone), len(o.clauses)), default=None)
    return CODE[kind(least.clauses[0])] if least else "outranked"


def no_merit_would_do(hindered: Sequence[Obstacle]) -> bool:
    """Tell whether every package is forbidden whoever else is awarded."""
    return bool(hindered) and all(obstacle.alone for obstacle in hindered)


def _kinds_alone(hindered: Sequence[Obstacle]) -> list[str]:
    return [kind(clause) for obstacle in hindered for clause in obstacle.alone]


def _forbidding_all(hindered: Sequence[Obstacle]) -> str:
    """Return the nearest kind of clause that forbids every package by itself; empty if none."""
    shared = frozenset.intersection(*(frozenset(_kinds_alone([each])) for each in hindered))
    return min(shared, key=NEAREST.index, default="")


def _refused(refused: Ineligible, round_: Round) -> DecisionLine:
    return DecisionLine(
        application_id=refused.application.application_id,
        decision=Decision.INELIGIBLE,
        package=None,
        fund="",
        amount=0,
        currency=round_.currency,
        merit=None,
        margin=None,
        reason_code=refused.findings[0].rule,
        reason=" ".join(finding.text for finding in refused.findings),
    )


def _awarded(candidate: Candidate, award: Award, code: str, margin: int | None) -> str:
    said = [say(f"reason.{code}", package=say(f"package.{award.package}"))]
    if award.package is not candidate.application.requested:
        said.append(say("reason.partial-instead"))
    if margin is not None and code not in OVERRIDE_CODES.values():
        key = "any-merit" if margin >= candidate.merit else "spare" if margin else "none-to-spare"
        said.append(say(f"reason.{key}", points=count_points(margin)))
    return " ".join(said)


def _declined(code: str, margin: int | None, hindered: Sequence[Obstacle], *, never: bool) -> str:
    if code in OVERRIDE_CODES.values():
        return say(f"reason.{code}")
    if no_merit_would_do(hindered):
        key = code if _forbidding_all(hindered) else "several"
        one = hindered[0].package if len(hindered) == 1 else None
        award = say("reason.award", package=say(f"package.{one}")) if one else say("reason.any")
        return f"{say(f'reason.alone.{key}', award=award)} {say('reason.no-merit')}"
    said = [say(f"reason.{code}")]
    if margin is not None:
        said.append(say("reason.short", points=count_points(-margin)))
    elif never:
        said.append(say("reason.no-merit"))
    return " ".join(said)


def count_points(thousandths: int) -> str:
    """Return "1 merit point" or "2.5 merit points"."""
    form = "one" if thousandths == 1000 else "many"
    return say(f"reason.points.{form}", points=points_text(thousandths))
