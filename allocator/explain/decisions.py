"""An allocation becomes one line per application: the decision, why in words, the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from allocator.explain.result import DecisionLine
from allocator.model import Award, Candidate, Decision, Ineligible, Pool, Round
from allocator.optimise.allocation import Allocation
from allocator.optimise.programme import Programme
from allocator.texts import say


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands between a declined application and a package: the rows an award would break."""

    package: str
    rows: tuple[str, ...]


def obstacles(programme: Programme, values: Sequence[int]) -> dict[str, tuple[Obstacle, ...]]:
    """Return, per application without an award, what one more award to it would break.

    Everybody else's award stays as it is; an application with no rows to break for some package
    would fit, and was declined because the allocation is worth more without it.
    """
    awarded = {c.application for c, x in zip(programme.columns, values, strict=True) if x}
    broken: dict[int, list[str]] = {
        j: []
        for j, column in enumerate(programme.columns)
        if column.application and column.application not in awarded
    }
    follows = {
        j: _holding_rows(programme, j)
        for j, column in enumerate(programme.columns)
        if not column.application
    }
    for row in programme.rows:
        sign = 1 if row.sense == "<=" else -1
        terms = dict(zip(row.columns, row.coefficients, strict=True))
        used = sum(sign * c * values[j] for j, c in terms.items())
        slack = sign * row.bound - used
        raised = {k: sign * c for k, c in terms.items() if k in follows and sign * c > 0}
        for j, c in terms.items():
            if j in broken and sign * c > slack and not _absorbed(programme, row.name, terms):
                broken[j].append(row.name)
        for k, c in raised.items():
            if not values[k] and c > slack:
                for j in follows[k]:
                    if j in broken:
                        broken[j].append(row.name)
    found: dict[str, list[Obstacle]] = {}
    for j, rows in broken.items():
        column = programme.columns[j]
        found.setdefault(column.application, []).append(
            Obstacle(str(column.package), tuple(dict.fromkeys(rows)))
        )
    return {application: tuple(each) for application, each in found.items()}


def _holding_rows(programme: Programme, auxiliary: int) -> tuple[int, ...]:
    """Return the award columns that raise an auxiliary column (a State's or a person's full)."""
    name = programme.columns[auxiliary].name
    if name.startswith("short["):
        return ()
    row = next(each for each in programme.rows if each.name == name)
    return tuple(j for j in row.columns if j != auxiliary)


def _absorbed(programme: Programme, name: str, terms: Mapping[int, int]) -> bool:
    """Tell whether a row only holds up an auxiliary column, which may rise to keep it."""
    return name.startswith(("balance[", "state_full[", "person_full["))


def decision_lines(
    round_: Round,
    pool: Pool,
    programme: Programme,
    allocation: Allocation,
    margins: Mapping[str, int],
) -> tuple[DecisionLine, ...]:
    """Return one line per application, sorted by application id.

    ``margins`` are thousandths of a point: to spare (awarded) or short (declined, negative).
    """
    blocked = obstacles(programme, allocation.values)
    drawn = {draw.application_id for draw in allocation.draws}
    awards = {award.application_id: award for award in allocation.awards}
    lines = [_refused(each, round_) for each in pool.ineligible]
    for candidate in pool.candidates:
        application = candidate.application.application_id
        margin = margins.get(application)
        award = awards.get(application)
        if award is not None:
            lines.append(_awarded(candidate, award, round_, margin, application in drawn))
        else:
            lines.append(
                _declined(
                    candidate, round_, margin, application in drawn, blocked.get(application, ())
                )
            )
    return tuple(sorted(lines, key=lambda line: line.application_id))


def _refused(refused: Ineligible, round_: Round) -> DecisionLine:
    first = refused.findings[0]
    text = " ".join(finding.text for finding in refused.findings)
    return DecisionLine(
        refused.application.application_id,
        Decision.INELIGIBLE,
        None,
        "",
        0,
        round_.currency,
        None,
        None,
        first.rule,
        text,
    )


def _awarded(
    candidate: Candidate, award: Award, round_: Round, margin: int | None, drawn: bool
) -> DecisionLine:
    code = "awarded-by-lottery" if drawn else "awarded"
    funds = " + ".join(fund for fund, _ in award.shares)
    text = say(f"reason.{code}", package=say(f"package.{award.package}"))
    if award.package is not candidate.application.requested:
        text = f"{text} {say('reason.partial-instead')}"
    return DecisionLine(
        award.application_id,
        Decision.AWARDED,
        award.package,
        funds,
        award.amount,
        round_.currency,
        candidate.merit,
        margin,
        code,
        text,
    )


ORDER = (
    ("person_year", "person-year"),
    ("person_full", "person-year"),
    ("person_one", "person-year"),
    ("person_meeting", "person-meeting"),
    ("quota", "quota"),
    ("one", "quota"),
    ("ticket_in_pair", "ticket-in-pair"),
    ("cap", "cap"),
    ("floor", "floor"),
    ("budget", "budget"),
    ("fund", "fund"),
)
"""Which clause is named when several stand in the way: the one nearest to the person first."""


def _declined(
    candidate: Candidate,
    round_: Round,
    margin: int | None,
    drawn: bool,
    blocked: Sequence[Obstacle],
) -> DecisionLine:
    rows = [row for obstacle in blocked for row in obstacle.rows]
    kinds = {row.partition("[")[0] for row in rows}
    fits = any(not obstacle.rows for obstacle in blocked)
    if drawn:
        code = "lottery"
    elif fits:
        code = "balance"
    else:
        code = next((c for kind, c in ORDER if kind in kinds), "outranked")
    return DecisionLine(
        candidate.application.application_id,
        Decision.DECLINED,
        None,
        "",
        0,
        round_.currency,
        candidate.merit,
        margin,
        code,
        say(f"reason.{code}"),
    )
