"""The whole decision in one call: a loaded round becomes a result that can be written and read."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic
from typing import Literal

from allocator.errors import AllocatorError, has_errors, ordered, problem
from allocator.explain.decisions import decision_lines
from allocator.explain.effects import effects_of
from allocator.explain.extra_money import extra_money
from allocator.explain.fairness import fairness_of
from allocator.explain.fairness_record import kept_fairness
from allocator.explain.margins import figures, margins
from allocator.explain.promises import promises_of
from allocator.explain.proving import proving
from allocator.explain.result import Result
from allocator.explain.why import explanations
from allocator.intake.assess import Assessment, assess
from allocator.intake.folder import LoadedRound
from allocator.optimise.allocation import Allocation, Status
from allocator.optimise.funds import fund_order
from allocator.optimise.programme import Programme
from allocator.optimise.proof import NotSelected
from allocator.optimise.reduce import lottery_order
from allocator.optimise.solve import allocate
from allocator.optimise.watch import Progress, Watch
from allocator.record.canonical import Plain

PROVED_AFTER_STOP = 10.0
"""Seconds that a proof may still take after somebody asked to stop: most need less than one, and
without it nobody can check what was found."""

EXACT_UP_TO = 500
"""Candidates up to which every margin is found exactly unless something else is asked for."""


def decide(
    loaded: LoadedRound,
    *,
    time_limit: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancel: Callable[[], bool] | None = None,
    explain: Literal["exact", "bounds"] | None = None,
    flips: bool = False,
    money_for: Collection[str] = (),
    processes: int = 1,
) -> Result:
    """Assess, allocate and explain a round.

    Parameters
    ----------
    loaded : LoadedRound
        A round folder as read, with its rules settled on the decision date.
    time_limit : float, optional
        Seconds; after them the best known allocation is returned, marked not final.
    progress : callable, optional
        Told how the solve stands.
    cancel : callable, optional
        Asked whether to stop.
    explain : str
        ``exact``: every margin exactly, as far as the time limit goes; ``bounds``: only those that
        are known at once. By default exact up to ``EXACT_UP_TO`` candidates.
    flips : bool
        Whether to ask of every application what another stated gender would have changed.
    money_for : collection of str
        Ids of applications of which to find the least extra money that would have sufficed also
        where the search for all would end in a bound: it can take minutes. Those that are not
        declined are passed over.
    processes : int
        How many processes share the margins, the extra money and the proof; the result does not
        depend on it.

    Raises
    ------
    AllocatorError
        Every problem of the input if one of them is an error, or why no allocation is possible.
    """
    began = monotonic()
    assessment = assess(loaded)
    problems = ordered((*loaded.problems, *assessment.problems))
    if has_errors(problems):
        raise AllocatorError(problems)
    programme, allocation = allocate(
        assessment.pool,
        loaded.round,
        loaded.rules,
        time_limit=time_limit,
        progress=progress,
        cancel=cancel,
    )
    watch = Watch(time_limit and time_limit - (monotonic() - began), cancel, progress)
    always = explain == "exact"
    if explain is None:
        explain = "exact" if len(assessment.pool.candidates) <= EXACT_UP_TO else "bounds"
    decided = programme, assessment.pool, loaded.round, loaded.rules, allocation
    watch.enter("prove")
    final = allocation.status is Status.OPTIMAL
    allowed = Watch(watch.left(), _later(watch.cancel)) if final else Watch(0.0)
    with _proving(loaded, assessment, programme, allocation, allowed, processes) as proof_made:
        watch.enter("explain")
        found = margins(*decided, watch, explain, processes, always=always)
        awarded = frozenset(award.application_id for award in allocation.awards)
        lines = decision_lines(
            loaded.round,
            assessment.pool,
            programme,
            allocation,
            figures(found, awarded),
            [each for each, margin in found.items() if margin.never],
        )
        effects = effects_of(*decided, watch, always=always)
        extra = extra_money(*decided, money_for, watch, always=always, processes=processes)
        watch.enter("prove")
        proof = proof_made()
        watch.enter("explain")
        result = Result(
            round=loaded.round,
            rules=loaded.rules,
            pool=assessment.pool,
            programme=programme,
            allocation=allocation,
            lines=lines,
            promises=promises_of(loaded.rules, assessment.pool),
            problems=problems,
            proof=proof,
            explanations=explanations(
                assessment.pool, programme, allocation, lines, found, extra, effects
            ),
            effects=effects,
        )
        fairness = fairness_of(result, flips=flips, loaded=loaded, time_limit=watch.left())
        return replace(result, fairness=kept_fairness(fairness))


def _later(cancel: Callable[[], bool] | None) -> Callable[[], bool] | None:
    """Return the question whether to stop, answered ``PROVED_AFTER_STOP`` seconds late."""
    if cancel is None:
        return None
    asked: list[float] = []

    def late() -> bool:
        if not asked and cancel():
            asked.append(monotonic())
        return bool(asked) and monotonic() - asked[0] >= PROVED_AFTER_STOP

    return late


@contextmanager
def _proving(
    loaded: LoadedRound,
    assessment: Assessment,
    programme: Programme,
    allocation: Allocation,
    watch: Watch,
    processes: int,
) -> Iterator[Callable[[], dict[str, Plain]]]:
    """Yield a question for the proof of an allocation, as far as the watch lets it go."""
    ids = [each.application.application_id for each in assessment.pool.candidates]
    order = lottery_order(loaded.round.lottery_seed, ids)
    funds = fund_order(assessment.pool, loaded.round)
    try:
        with proving(programme, allocation, order, funds, watch, processes) as proof:
            yield lambda: proof().as_json()
    except NotSelected:
        # The search met a better or earlier-drawn allocation: what was found is not returned.
        raise AllocatorError(problem("optimise-unstable")) from None
