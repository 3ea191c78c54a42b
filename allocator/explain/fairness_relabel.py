"""A round in which one person states another gender: judged, scored and described anew.

Everything else stays as it is. Only what looks at gender can come out differently: eligibility,
the points of criteria, and the groups that selectors name.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from allocator.explain.fairness_clauses import GENDER, STATED, Law, gender_clauses, seen_only_by
from allocator.explain.figures import everybody
from allocator.intake.assess import assess
from allocator.intake.facts import Facts
from allocator.intake.folder import LoadedRound
from allocator.intake.groups import values_of
from allocator.intake.merit import AWARD, History, Scorer
from allocator.intake.standing import Standings
from allocator.model import Application, Candidate, Gender, MeritLine, Pool


@dataclass(frozen=True, slots=True)
class Case:
    """A changed round, ready to be decided."""

    pool: Pool
    law: Law


def gate_looks(law: Law) -> bool:
    """Tell whether eligibility can turn on gender; then the files of the round are needed."""
    return any(path.startswith("eligibility.") for path in gender_clauses(law))


def relabelled(
    pool: Pool,
    law: Law,
    loaded: LoadedRound | None,
    person: str,
    gender: Gender,
    clause: str = "",
) -> Case:
    """Return the round in which all applications of a person state this gender.

    Parameters
    ----------
    pool : Pool
        The round as it was decided.
    law : Law
        Its facts and rules.
    loaded : LoadedRound or None
        The round as read; needed only where ``gate_looks``.
    person : str
        Person id.
    gender : Gender
        What is put in place of what the person states.
    clause : str
        Path of the one clause that is to see it; empty: all do.
    """
    if clause:
        law = seen_only_by(law, clause)
    if gate_looks(law):
        if loaded is None:
            raise ValueError("eligibility looks at gender: the files of the round are needed")
        return Case(_assessed(loaded, law, person, gender, bool(clause)), law)
    candidates = [_kept(each) if clause else each for each in pool.candidates]
    points = _points(pool, law)
    changed = [
        _stating(each, gender, points) if each.application.person_id == person else each
        for each in candidates
    ]
    return Case(Pool(tuple(changed), pool.ineligible), law)


def _kept(candidate: Candidate) -> Candidate:
    """Note among the attributes what the application really states."""
    return _with_attribute(candidate, STATED, values_of(candidate.attributes, GENDER))


def _with_attribute(candidate: Candidate, name: str, values: tuple[str, ...]) -> Candidate:
    attributes = dict(candidate.attributes) | {name: values}
    return replace(candidate, attributes=tuple(sorted(attributes.items())))


type Points = Callable[[Application], tuple[int, tuple[MeritLine, ...]]]
"""Scores an application by the criteria that look at gender."""


def _points(pool: Pool, law: Law) -> Points | None:
    """Return how the criteria that look at gender score; ``None`` if none does."""
    looking = gender_clauses(law)
    criteria = tuple(c for c in law.rules.criteria if f"merit.criteria.{c.id}" in looking)
    if not criteria:
        return None
    on = law.round.decision_date
    rules = replace(law.rules, criteria=criteria)
    facts = Facts(law.round, [each.application for each in everybody(pool)])
    scorer, standings = Scorer(rules, facts, History(None, on)), Standings(rules, on)
    return lambda application: scorer.score(application, standings.of(application.administration))


def _stating(candidate: Candidate, gender: Gender, points: Points | None) -> Candidate:
    """Return the candidate as if this gender had been stated."""
    before, after = candidate.application, replace(candidate.application, gender=gender)
    values = () if gender is Gender.NOT_STATED else (gender.value,)
    changed = _with_attribute(replace(candidate, application=after), GENDER, values)
    if points is None:
        return changed
    old, _ = points(before)
    new, lines = points(after)
    scored = {line.criterion: line for line in lines if line.criterion != AWARD}
    return replace(
        changed,
        merit=candidate.merit + new - old,
        breakdown=tuple(scored.get(line.criterion, line) for line in candidate.breakdown),
    )


def _assessed(loaded: LoadedRound, law: Law, person: str, gender: Gender, keep: bool) -> Pool:
    applications = [_noted(each) if keep else each for each in loaded.applications]
    changed = tuple(
        replace(each, gender=gender) if each.person_id == person else each for each in applications
    )
    return assess(replace(loaded, round=law.round, rules=law.rules, applications=changed)).pool


def _noted(application: Application) -> Application:
    """Add a column that holds what the application really states."""
    stated = "" if application.gender is Gender.NOT_STATED else application.gender.value
    return replace(application, extra=(*application.extra, (STATED, stated)))
