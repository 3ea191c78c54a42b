"""The margins of all applications of a round, found together.

What is asked about them differs in one application each, so most of the work on the answers is
done once for many of them; and the applications are shared out between processes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Literal

from allocator.explain.explanation import Margin
from allocator.explain.margin import Asking, Stand, asked, margin_from, margin_of, rivals, stand
from allocator.explain.sharing import at_hand, shared
from allocator.model import Pool, Round
from allocator.optimise.allocation import Allocation, Status
from allocator.optimise.forced import (
    Answer,
    Question,
    ask_all,
    tuned,
)
from allocator.optimise.layers import TooMany
from allocator.optimise.programme import Programme
from allocator.optimise.terrain import MOST_COUNTED
from allocator.optimise.watch import Stopped, Watch
from allocator.rules import Rules

MOST_SEARCHES = 100
"""Applications for which the integer solver is asked in one round, where looking around the bound
does not do, before those left are only bounded: a count, so that the same round has the same
margins on every machine."""

TRIALS = 5
"""Questions that are asked first. If none can be answered by looking around the bound, the round is
of a kind where that does not do; else they tell how far from it the others' answers will lie."""

FEW = 100
"""Candidates up to which the solver is asked even so: in a large round of that kind each answer
takes long, and the few that could be given would help nobody."""

SHARED_FROM = 150
"""Candidates from which on more processes are worth their start."""

PARTS = 4
"""Parts in which so many are looked at, whatever the number of processes: the larger a part, the
more its questions share."""

CHUNK = 4
"""Applications about which a process asks the solver at once."""


def margins(
    programme: Programme,
    pool: Pool,
    round_: Round,
    rules: Rules,
    allocation: Allocation,
    watch: Watch,
    detail: Literal["exact", "bounds"] = "exact",
    processes: int = 1,
    *,
    always: bool = False,
) -> dict[str, Margin]:
    """Return the margin of every candidate, by application id; none if the allocation is not final.

    Parameters
    ----------
    programme, pool, round_, rules, allocation
        The decided round.
    watch : Watch
        Where it ends the search, what is left gets bounds.
    detail : str
        ``bounds``: no search at all.
    processes : int
        How many processes share the work; the answer does not depend on it. Only 1 will do where
        new processes would run the program again (Streamlit).
    always : bool
        Whether the solver is asked about everybody who is left, however many and whatever the
        round: in one of several meetings each takes seconds.
    """
    if allocation.status is not Status.OPTIMAL:
        return {}
    watch.stage = "explain"
    here = stand(programme, pool, round_, rules, allocation)
    found = _looked_up(here, watch, processes) if detail == "exact" else {}
    left = [application for application in here.merits if application not in found]
    searches = 0
    if detail == "exact":
        searches = len(left) if always else MOST_SEARCHES if found or _few(here) else 0
    asked_about = left[:searches]
    if len(asked_about) > 1 and processes > 1:
        chunks = [asked_about[n : n + CHUNK] for n in range(0, len(asked_about), CHUNK)]
        for each in shared(chunks, _searched, here, watch, processes):
            found |= each
    for application in left:
        if application not in found:
            found[application] = margin_of(here, application, watch, exact=searches > 0)
        searches -= 1
    return {application: found[application] for application in here.merits}


def figures(margins: Mapping[str, Margin], awarded_to: frozenset[str]) -> dict[str, int]:
    """Return the exact margins as ``DecisionLine`` has them: a shortage is negative."""
    return {
        application: margin.points if application in awarded_to else -margin.points
        for application, margin in margins.items()
        if margin.exact and margin.points is not None
    }


# --- everybody ----------------------------------------------------------------------------------


def _looked_up(here: Stand, watch: Watch, processes: int) -> dict[str, Margin]:
    """Return the margins that need no solver, by application id."""
    applications = list(here.merits)
    terrain = here.ground.terrain
    if terrain is None or (terrain.counts > MOST_COUNTED and not _few(here)):
        return {}
    ground = tuned(here.ground, [*islice(asked(here, here.merits), TRIALS)], watch)
    if ground is None:
        return {}
    here = replace(here, ground=ground)
    if len(applications) < SHARED_FROM:
        return _some(here, applications, watch)
    # Applications of one block are looked at together: they share the most.
    applications.sort(key=lambda each: ground.home.get(each, -1))
    size = -(-len(applications) // PARTS)
    parts = [applications[n : n + size] for n in range(0, len(applications), size)]
    answers: Iterable[dict[str, Margin]] = (_some(here, part, watch) for part in parts)
    if processes > 1:
        answers = shared(parts, _part, here, watch, processes)
    return {application: margin for each in answers for application, margin in each.items()}


def _few(here: Stand) -> bool:
    return len(here.merits) <= FEW


def _some(here: Stand, applications: Sequence[str], watch: Watch) -> dict[str, Margin]:
    asking = Asking(here, watch, False, _answers(here, applications, watch))
    found = {}
    for application in applications:
        try:
            found[application] = margin_from(asking, application)
        except (TooMany, Stopped):
            continue
    return found


def _answers(here: Stand, applications: Sequence[str], watch: Watch) -> dict[Question, Answer]:
    """Return what can be answered together of what is asked about some applications."""
    known = ask_all(here.ground, dict.fromkeys(asked(here, applications)), watch)
    others: dict[Question, int | None] = {}
    for application in applications:
        without = known.get(Question(application, None))
        if application in here.awards and without is not None and without.possible:
            floor = without.objective
            others |= dict.fromkeys(rivals(here, application, floor), floor)
    return known | ask_all(here.ground, others, watch)


def _part(applications: Sequence[str]) -> dict[str, Margin]:
    here, watch = at_hand()
    return _some(here, applications, watch)


def _searched(applications: Sequence[str]) -> dict[str, Margin]:
    here, watch = at_hand()
    found = {each: margin_of(here, each, watch) for each in applications if not watch.over()}
    return {application: margin for application, margin in found.items() if margin.exact}
