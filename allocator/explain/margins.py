"""How many merit points each application was short of an award, or had to spare, exactly.

Raising an application's merit by m thousandths adds ``coverage(p)·m`` to every allocation that
gives it package p and nothing to the others. So with V(p) the best objective when it gets p, and
V(0) when it gets nothing, it is awarded where ``max V(p) + coverage(p)·m`` exceeds V(0); where they
are equal the published lottery decides, and is drawn here as it would be drawn then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    drawn,
    prepare,
)
from allocator.optimise.programme import Programme
from allocator.optimise.reduce import lottery_order
from allocator.optimise.ties import Stopped
from allocator.optimise.watch import Watch
from allocator.rules import Rules


@dataclass(frozen=True, slots=True)
class Stand:
    """Where the round stands: what a question about one application is compared with.

    ``gains`` is what one thousandth of a point is worth in a package (programme units); ``order``
    the lottery over all candidates; ``awards`` the packages of the allocation by application.
    """

    ground: Ground
    objective: int
    gains: Mapping[Package, int]
    order: tuple[str, ...]
    awards: Mapping[str, Package]
    merits: Mapping[str, int]
    current: tuple[int, ...]


def stand(ground: Ground, pool: Pool, round_: Round, rules: Rules, allocation: Allocation) -> Stand:
    """Gather what the questions about a decided round have in common."""
    scale = ground.programme.scale
    merits = {c.application.application_id: c.merit for c in pool.candidates}
    return Stand(
        ground=ground,
        objective=allocation.objective,
        gains={p: int(rules.coverage(p) * scale) for p in Package},
        order=lottery_order(round_.lottery_seed, merits),
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
    """
    if allocation.status is not Status.OPTIMAL:
        return {}
    watch.stage = "explain"
    here = stand(prepare(programme, watch), pool, round_, rules, allocation)
    return {
        application: margin_of(here, application, watch, exact=detail == "exact")
        for application in here.merits
    }


def margin_of(stand: Stand, application: str, watch: Watch, *, exact: bool = True) -> Margin:
    """Return an application's margin; a bound on it where the watch ends the search."""
    package = stand.awards.get(application)
    try:
        if not exact or watch.over():
            raise Stopped
        if package is None:
            return _short(stand, application, watch)
        return _spare(stand, application, package, watch)
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


# --- declined -----------------------------------------------------------------------------------


def _short(stand: Stand, application: str, watch: Watch) -> Margin:
    answers: dict[Package, Answer] = {}
    short: dict[Package, int | None] = {}
    for package in stand.ground.columns.get(application, {}):
        answers[package] = _asked(stand, Question(application, package), watch)
        short[package] = _needed(stand, package, answers[package])
    packages = tuple(PackageMargin(p, points) for p, points in short.items())
    least = min((points for points in short.values() if points is not None), default=None)
    if least is None:
        return Margin(None, packages=packages)
    reached = [p for p, points in short.items() if points == least]
    values = {p: _drawn(stand, Question(application, p), answers[p], watch) for p in reached}
    others = frozenset(stand.awards) - awarded(stand.ground, values[reached[0]])
    if least == 0:  # as good already, and the lottery decided against it
        return Margin(1, packages=packages, others=tuple(sorted(others)))
    above = any(answers[p].objective + stand.gains[p] * least > stand.objective for p in reached)
    won = above or any(
        _comes_before(stand.order, awarded(stand.ground, values[p]), frozenset(stand.awards))
        for p in reached
    )
    return Margin(least if won else least + 1, packages=packages, others=tuple(sorted(others)))


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


def _spare(stand: Stand, application: str, package: Package, watch: Watch) -> Margin:
    nothing = Question(application, None)
    without = _asked(stand, nothing, watch)
    if not without.possible:
        return Margin(stand.merits[application], at_any_merit=True)
    rest = _drawn(stand, nothing, without, watch)
    others = tuple(sorted(awarded(stand.ground, rest) - frozenset(stand.awards)))
    floor = without.objective
    answers = {package: Answer(True, stand.objective, stand.objective, stand.current)}
    for other in stand.ground.columns[application]:
        question = Question(application, other)
        above = ceiling(stand.ground, question)
        if other is not package and above is not None and above >= floor:
            answers[other] = _asked(stand, question, watch)
    spare = {p: _losable(stand, p, a.objective - floor) for p, a in answers.items()}
    packages = tuple(
        PackageMargin(p, spare[p]) for p in sorted(spare, key=list(Package).index)
        if answers[p].objective >= floor
    )  # fmt: skip
    most = max((points for points in spare.values() if points is not None), default=0)
    merit = stand.merits[application]

    def wins(package: Package) -> bool:
        values = _drawn(stand, Question(application, package), answers[package], watch)
        return _comes_before(
            stand.order, awarded(stand.ground, values), awarded(stand.ground, rest)
        )

    if any(
        points is None and (answers[p].objective > floor or wins(p)) for p, points in spare.items()
    ):
        return Margin(merit, at_any_merit=True, packages=packages, others=others)
    if most > merit:
        return Margin(merit, at_any_merit=True, packages=packages, others=others)
    reached = [p for p, points in spare.items() if points == most]
    kept = (
        most == 0
        or any(answers[p].objective - stand.gains[p] * most > floor for p in reached)
        or any(wins(p) for p in reached)
    )
    points = most if kept else most - 1
    return Margin(points, at_any_merit=points == merit, packages=packages, others=others)


def _losable(stand: Stand, package: Package, lead: int) -> int | None:
    """Return how much merit a package's lead bears; ``None``: any amount, for it carries none."""
    gain = stand.gains[package]
    if not gain:
        return None if lead >= 0 else -1
    return lead // gain


def _spare_at_least(stand: Stand, application: str, package: Package) -> Margin:
    merit = stand.merits[application]
    above = ceiling(stand.ground, Question(application, None))
    gain = stand.gains[package]
    if above is None or (not gain and above < stand.objective):
        return Margin(merit, at_any_merit=True)
    points = max(0, (stand.objective - above - 1) // gain) if gain else 0
    return Margin(min(points, merit), exact=False, at_any_merit=points >= merit)


# --- asking and drawing -------------------------------------------------------------------------


def _asked(stand: Stand, question: Question, watch: Watch) -> Answer:
    answer = ask(stand.ground, question, watch)
    if not answer.exact:
        raise Stopped
    return answer


def _drawn(stand: Stand, question: Question, answer: Answer, watch: Watch) -> Sequence[int]:
    return drawn(stand.ground, question, answer, stand.order, watch)


def _comes_before(order: Sequence[str], one: frozenset[str], other: frozenset[str]) -> bool:
    """Tell whether the lottery selects awards ``one`` rather than ``other``."""
    first = next((a for a in order if (a in one) != (a in other)), None)
    return first is not None and first in one
