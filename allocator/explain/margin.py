"""How many merit points one application was short of an award, or had to spare, exactly.

Raising an application's merit by m thousandths adds ``coverage(p)·m`` to every allocation that
gives it package p and nothing to the others. So with V(p) the best objective when it gets p, and
V(0) when it gets nothing, it is awarded where ``max V(p) + coverage(p)·m`` exceeds V(0); where they
are equal the published lottery decides, and is drawn here as it would be drawn then.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from allocator.explain.explanation import Margin, PackageMargin
from allocator.model import Package, Pool, Round
from allocator.optimise.allocation import Allocation
from allocator.optimise.forced import (
    Answer,
    Ground,
    Question,
    ask,
    awarded,
    ceiling,
    prepare,
)
from allocator.optimise.programme import Programme
from allocator.optimise.reduce import lottery_order
from allocator.optimise.watch import Stopped, Watch
from allocator.rules import Rules


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
    """Where the round stands, how long one may ask, and whether the solver may be asked.

    ``known`` are the answers there are already.
    """

    stand: Stand
    watch: Watch
    search: bool
    known: Mapping[Question, Answer] = field(default_factory=dict)

    def answer(self, question: Question, floor: int | None = None) -> Answer:
        """Return the exact answer; below a floor perhaps that there is none.

        Raises
        ------
        Stopped
            If the watch ended the search.
        """
        if question in self.known:
            return self.known[question]
        if self.watch.over():
            raise Stopped
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


def margin_of(stand: Stand, application: str, watch: Watch, *, exact: bool = True) -> Margin:
    """Return an application's margin; a bound on it where the watch ends the search."""
    try:
        if not exact or watch.over():
            raise Stopped
        return margin_from(Asking(stand, watch, search=True), application)
    except Stopped:
        package = stand.awards.get(application)
        if package is None:
            return _short_at_least(stand, application)
        return _spare_at_least(stand, application, package)


def margin_from(asking: Asking, application: str) -> Margin:
    """Return an application's exact margin.

    Raises
    ------
    Stopped
        If the watch ended the search.
    TooMany
        If the solver may not be asked, and only it could tell.
    """
    package = asking.stand.awards.get(application)
    if package is None:
        return _short(asking, application)
    return _spare(asking, application, package)


def asked(stand: Stand, applications: Iterable[str]) -> Iterator[Question]:
    """Yield what is asked about applications: what if they got a package, or lost theirs."""
    for application in applications:
        if application in stand.awards:
            yield Question(application, None)
        else:
            for package in stand.ground.columns.get(application, {}):
                yield Question(application, package)


def rivals(stand: Stand, application: str, floor: int) -> Iterator[Question]:
    """Yield what is asked of an award's other packages, if nothing is worth ``floor`` at best.

    These are the packages with which so much is not out of reach.
    """
    for other in stand.ground.columns[application]:
        if other is not stand.awards[application]:
            above = ceiling(stand.ground, Question(application, other))
            if above is not None and above >= floor:
                yield Question(application, other)


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
    answers = {package: Answer(True, stand.objective, stand.objective, stand.current)}
    for question in rivals(stand, application, floor):
        answer = asking.answer(question, floor)
        if question.package is not None and answer.possible and answer.objective >= floor:
            answers[question.package] = answer
    return {
        other: answers[other] for other in stand.ground.columns[application] if other in answers
    }


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
