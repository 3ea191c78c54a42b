"""The same round under other rules, at once: decided and told in brief, without proof or margins.

For looking at what a weight, a target or an override does. What is published is decided in full.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from allocator.errors import AllocatorError, Problem, has_errors, ordered
from allocator.explain.decisions import decision_lines
from allocator.explain.promises import promises_of
from allocator.explain.result import Result
from allocator.intake.amended import with_overrides
from allocator.intake.assess import Assessment, assess
from allocator.intake.folder import LoadedRound
from allocator.intake.overrides import Override, refused_overrides, with_bounds
from allocator.model import Pool
from allocator.optimise.solve import allocate
from allocator.rules import PairScope, Rules


@dataclass(frozen=True, slots=True)
class Assessed:
    """A round whose applications were judged, scored and costed under its rules."""

    loaded: LoadedRound
    assessment: Assessment


def assessed(loaded: LoadedRound) -> Assessed:
    """Judge, score and cost a round's applications, once for many questions.

    Raises
    ------
    AllocatorError
        Every problem of the round, if one of them is an error.
    """
    return without_errors(Assessed(loaded, assess(loaded)))


def without_errors(known: Assessed) -> Assessed:
    """Return an assessed round as it is.

    Raises
    ------
    AllocatorError
        Every problem of the round, if one of them is an error.
    """
    problems = ordered((*known.loaded.problems, *known.assessment.problems))
    if has_errors(problems):
        raise AllocatorError(problems)
    return known


def what_if(
    known: Assessed,
    rules: Rules | None = None,
    *,
    overrides: Iterable[Override] | None = None,
    time_limit: float | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Result:
    """Decide a round under other rules or overrides.

    Parameters
    ----------
    known : Assessed
        The round. Its applications are judged and scored again only if the rules do so otherwise.
    rules : Rules, optional
        A policy settled on the round's date, instead of the round's. The round's region scheme,
        seed and overrides stay.
    overrides : iterable of Override, optional
        Instead of the round's.
    time_limit : float, optional
        Seconds.
    cancel : callable, optional
        Asked whether to stop.

    Returns
    -------
    Result
        With decisions and reasons, without margins, proof and explanations.

    Raises
    ------
    AllocatorError
        Problems of overrides or of the new rules, or the conflict if no allocation is possible.
    """
    loaded = known.loaded
    if overrides is not None:
        loaded = with_overrides(loaded, overrides, dict(loaded.spent))
    if rules is not None:
        loaded = replace(loaded, rules=agreed(rules, loaded))
    problems, pool = _judged(known, loaded)
    if has_errors(problems):
        raise AllocatorError(problems)
    programme, allocation = allocate(
        pool, loaded.round, loaded.rules, time_limit=time_limit, cancel=cancel
    )
    return Result(
        round=loaded.round,
        rules=loaded.rules,
        pool=pool,
        programme=programme,
        allocation=allocation,
        lines=decision_lines(loaded.round, pool, programme, allocation, {}),
        promises=promises_of(loaded.rules, pool),
        problems=problems,
    )


def agreed(rules: Rules, loaded: LoadedRound) -> Rules:
    """Return rules with the region scheme, the seed and the overrides of a round."""
    own = replace(
        rules, region_scheme=loaded.round.region_scheme, lottery_seed=loaded.round.lottery_seed
    )
    return with_bounds(own, loaded.overrides)


def _judged(known: Assessed, loaded: LoadedRound) -> tuple[tuple[Problem, ...], Pool]:
    """Return problems and pool: those known, unless the rules judge or score otherwise."""
    if _judging(loaded.rules) != _judging(known.loaded.rules):
        assessment = assess(loaded)
        return ordered((*loaded.problems, *assessment.problems)), assessment.pool
    pool = known.assessment.pool
    refused = refused_overrides(loaded.overrides, pool)
    return ordered((*loaded.problems, *known.assessment.problems, *refused)), pool


def _judging(rules: Rules) -> Rules:
    """Return rules without what only the programme looks at: equal ones give equal pools."""
    return replace(
        rules,
        policy_id="",
        title="",
        version="",
        references=(),
        quota=None,
        ticket_in_pair=PairScope.NONE,
        ticket_in_pair_reference=None,
        floors=(),
        caps=(),
        balance=(),
        coverage_full=Fraction(0),
        coverage_ticket=Fraction(0),
        coverage_dsa=Fraction(0),
        coverage_reference=None,
        share_between_funds=True,
    )
