"""How many merit points each application was short of an award, or had to spare, exactly.

Raising an application's merit by m thousandths adds ``coverage(p)·m`` to every allocation that
gives it package p and nothing to the others. So with V(p) the best objective when it gets p, and
V(0) when it gets nothing, it is awarded where ``max V(p) + coverage(p)·m`` exceeds V(0); where they
are equal the published lottery decides, and is drawn here as it would be drawn then.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing import get_context
from signal import SIG_IGN, SIGINT, signal
from typing import Literal

from allocator.explain.explanation import Margin, PackageMargin
from allocator.model import Package, Pool, Round
from allocator.optimise.allocation import Allocation, Status
from allocator.optimise.forced import (
    Answer,
    Ground,
    Question,
    ask,
    awarded,
    ceiling,
    prepare,
    tuned,
)
from allocator.optimise.layers import TooMany
from allocator.optimise.programme import Programme
from allocator.optimise.reduce import lottery_order
from allocator.optimise.terrain import MOST_COUNTED
from allocator.optimise.ties import Stopped
from allocator.optimise.watch import Watch
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

CHUNK = 8
"""Applications given to a process at once."""

LISTENING = 0.2
"""Seconds between two looks at whether to stop."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where the round stands: what a question about one application is compared with.

    ``gains`` is what one thousandth of a point is worth in a package (programme units); ``awards``
    the packages of the allocation by application; ``current`` its values by matrix column.
    """

    ground: Ground
    objective: int
    gains: Mapping[Package, int]
    awards: Mapping[str, Package]
    merits: Mapping[str, int]
    current: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """Where the round stands, how long one may ask, and whether the solver may be asked."""

    stand: Stand
    watch: Watch
    search: bool

    def answer(self, question: Question, floor: int | None = None) -> Answer:
        """Return the exact answer; below a floor perhaps that there is none.

        Raises
        ------
        Stopped
            If the watch ended the search.
        """
        answer = ask(self.stand.ground, question, self.watch, search=self.search, floor=floor)
        if not answer.exact:
            raise Stopped
        return answer


def stand(
    programme: Programme, pool: Pool, round_: Round, rules: Rules, allocation: Allocation
) -> Stand:
    """Gather what the questions about a decided round have in common."""
    merits = {c.application.application_id: c.merit for c in pool.candidates}
    order = lottery_order(round_.lottery_seed, merits)
    ground = prepare(programme, allocation.objective, order)
    return Stand(
        ground=ground,
        objective=allocation.objective,
        gains={p: int(rules.coverage(p) * programme.scale) for p in Package},
        awards={award.application_id: award.package for award in allocation.awards},
        merits=merits,
        current=tuple(allocation.values[position] for position in ground.matrix.origin),
    )


def margins(
    programme: Programme,
    pool: Pool,
    round_: Round,
    rules: Rules,
    allocation: Allocation,
    watch: Watch,
    detail: Literal["exact", "bounds"] = "exact",
    processes: int = 1,
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
    """
    if allocation.status is not Status.OPTIMAL:
        return {}
    watch.stage = "explain"
    here = stand(programme, pool, round_, rules, allocation)
    found = _looked_up(here, watch, processes) if detail == "exact" else {}
    searches = MOST_SEARCHES if detail == "exact" and (found or _few(here)) else 0
    for application in here.merits:
        if application not in found:
            found[application] = margin_of(here, application, watch, exact=searches > 0)
            searches -= 1
    return {application: found[application] for application in here.merits}


def margin_of(
    stand: Stand, application: str, watch: Watch, *, exact: bool = True, search: bool = True
) -> Margin:
    """Return an application's margin; a bound on it where the watch ends the search.

    Raises
    ------
    TooMany
        If ``search`` is false and only the integer solver could tell.
    """
    package = stand.awards.get(application)
    asking = Asking(stand, watch, search)
    try:
        if not exact or watch.over():
            raise Stopped
        if package is None:
            return _short(asking, application)
        return _spare(asking, application, package)
    except Stopped:
        if package is None:
            return _short_at_least(stand, application)
        return _spare_at_least(stand, application, package)


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
    ground = tuned(here.ground, [*islice(_asked(here), TRIALS)])
    if ground is None:
        return {}
    here = replace(here, ground=ground)
    if processes == 1 or len(applications) < SHARED_FROM:
        return _some(here, applications, watch)
    return _shared(here, applications, watch, processes)


def _asked(here: Stand) -> Iterator[Question]:
    """Yield what is asked about applications: what if they got a package, or lost theirs."""
    for application in here.merits:
        if application in here.awards:
            yield Question(application, None)
        else:
            for package in here.ground.columns.get(application, {}):
                yield Question(application, package)


def _few(here: Stand) -> bool:
    return len(here.merits) <= FEW


def _some(here: Stand, applications: Sequence[str], watch: Watch) -> dict[str, Margin]:
    found = {}
    for application in applications:
        try:
            found[application] = margin_of(here, application, watch, search=False)
        except TooMany:
            continue
    return found


def _shared(
    here: Stand, applications: Sequence[str], watch: Watch, processes: int
) -> dict[str, Margin]:
    """Share the applications between processes; nothing of the answer depends on how."""
    chunks = [applications[n : n + CHUNK] for n in range(0, len(applications), CHUNK)]
    found: dict[str, Margin] = {}
    workers = ProcessPoolExecutor(
        min(processes, len(chunks)),
        mp_context=get_context("spawn"),
        initializer=_begin,
        initargs=(here, watch.left()),
    )
    try:
        waiting = {workers.submit(_chunk, chunk) for chunk in chunks}
        while waiting and not watch.over():
            done, waiting = wait(waiting, LISTENING)
            for each in done:
                found |= each.result()
    finally:
        workers.shutdown(cancel_futures=True)
    return found


_mine: list[tuple[Stand, Watch]] = []
"""What this process was given to work on, if it is one of several."""


def _begin(here: Stand, seconds: float | None) -> None:
    signal(SIGINT, SIG_IGN)  # whoever started the processes ends them
    _mine[:] = [(here, Watch(seconds))]


def _chunk(applications: Sequence[str]) -> dict[str, Margin]:
    here, watch = _mine[0]
    return _some(here, applications, watch)


# --- declined -----------------------------------------------------------------------------------


def _short(asking: Asking, application: str) -> Margin:
    stand = asking.stand
    answers = {
        package: asking.answer(Question(application, package))
        for package in stand.ground.columns.get(application, {})
    }
    short = {package: _needed(stand, package, answer) for package, answer in answers.items()}
    packages = tuple(
        PackageMargin(package, points, instead=_instead(stand, answers[package]))
        for package, points in short.items()
    )
    least = min((points for points in short.values() if points is not None), default=None)
    if least is None:
        return Margin(None, packages=packages)
    reached = [package for package, points in short.items() if points == least]
    won = least > 0 and any(
        answers[p].objective + stand.gains[p] * least > stand.objective
        or _comes_before(stand, _awards(stand, answers[p]), frozenset(stand.awards))
        for p in reached
    )
    points = least if won else least + 1  # where it is as good already, the lottery was lost
    others = frozenset(stand.awards) - _selected(stand, answers, points)
    return Margin(points, packages=packages, others=tuple(sorted(others)))


def _selected(stand: Stand, answers: Mapping[Package, Answer], points: int) -> frozenset[str]:
    """Return who is awarded with so much merit more: by the best package, of equals the drawn."""
    worth = {
        package: answer.objective + stand.gains[package] * points
        for package, answer in answers.items()
        if answer.possible
    }
    most = max(worth.values())
    found, *level = (_awards(stand, answers[p]) for p, each in worth.items() if each == most)
    for other in level:
        if _comes_before(stand, other, found):
            found = other
    return found


def _needed(stand: Stand, package: Package, answer: Answer) -> int | None:
    """Return the least merit that lifts a package's best allocation to the present objective."""
    gain = stand.gains[package]
    if not answer.possible or not gain:
        return None
    return max(0, -((answer.objective - stand.objective) // gain))


def _short_at_least(stand: Stand, application: str) -> Margin:
    packages = []
    for package in stand.ground.columns.get(application, {}):
        above = ceiling(stand.ground, Question(application, package))
        gain = stand.gains[package]
        never = above is None or not gain
        short = None if never else max(0, -(((above or 0) - stand.objective) // gain))
        packages.append(PackageMargin(package, short, exact=never))
    known = [each.points for each in packages if each.points is not None]
    return Margin(min(known, default=None), not known, packages=tuple(packages))


# --- awarded ------------------------------------------------------------------------------------


def _spare(asking: Asking, application: str, package: Package) -> Margin:
    stand = asking.stand
    without = asking.answer(Question(application, None))
    merit = stand.merits[application]
    if not without.possible:
        return Margin(merit, at_any_merit=True)
    answers = _rivals_of_nothing(asking, application, package, without.objective)
    rest = _awards(stand, without)
    spare = {p: (a.objective - without.objective, stand.gains[p]) for p, a in answers.items()}

    def kept(points: int) -> bool:
        """Tell whether it is awarded with so much merit less."""
        lead = max(ahead - gain * points for ahead, gain in spare.values())
        level = [p for p, (ahead, gain) in spare.items() if ahead - gain * points == lead]
        return lead > 0 or (
            lead == 0 and any(_comes_before(stand, _awards(stand, answers[p]), rest) for p in level)
        )

    points = merit
    if not kept(merit):
        points = max(ahead // gain for ahead, gain in spare.values() if gain)
        points -= not kept(points)
    return Margin(
        points,
        at_any_merit=points == merit,
        packages=tuple(
            PackageMargin(p, ahead // gain if gain else None, instead=_instead(stand, answers[p]))
            for p, (ahead, gain) in spare.items()
        ),
        others=tuple(sorted(rest - frozenset(stand.awards))),
        instead=_instead(stand, without),
    )


def _rivals_of_nothing(
    asking: Asking, application: str, package: Package, floor: int
) -> dict[Package, Answer]:
    """Return the packages with which an allocation is at least as good as the best with nothing."""
    stand = asking.stand
    answers = {}
    for other in stand.ground.columns[application]:
        question = Question(application, other)
        above = ceiling(stand.ground, question)
        if other is package:
            answers[other] = Answer(True, stand.objective, stand.objective, stand.current)
        elif above is not None and above >= floor:
            answer = asking.answer(question, floor)
            if answer.possible and answer.objective >= floor:
                answers[other] = answer
    return answers


def _spare_at_least(stand: Stand, application: str, package: Package) -> Margin:
    merit = stand.merits[application]
    above = ceiling(stand.ground, Question(application, None))
    gain = stand.gains[package]
    if above is None or (not gain and above < stand.objective):
        return Margin(merit, at_any_merit=True)
    points = max(0, (stand.objective - above - 1) // gain) if gain else 0
    return Margin(min(points, merit), exact=False, at_any_merit=points >= merit)


# --- asking and drawing -------------------------------------------------------------------------


def _awards(stand: Stand, answer: Answer) -> frozenset[str]:
    return frozenset() if answer.values is None else awarded(stand.ground, answer.values)


def _instead(stand: Stand, answer: Answer) -> tuple[int, ...] | None:
    """Return the award columns of the programme in which an answer is not the allocation.

    Whoever verifies the record can carry it out: no solver is needed to see what it is worth.
    """
    if answer.values is None:
        return None
    matrix = stand.ground.matrix
    pairs = zip(matrix.origin, matrix.follows, answer.values, stand.current, strict=True)
    return tuple(sorted(p for p, follows, x, now in pairs if not follows and x != now))


def _comes_before(stand: Stand, one: frozenset[str], other: frozenset[str]) -> bool:
    """Tell whether the lottery selects awards ``one`` rather than ``other``."""
    first = next((a for a in stand.ground.order if (a in one) != (a in other)), None)
    return first is not None and first in one
