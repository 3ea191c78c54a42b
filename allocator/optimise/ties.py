"""Among equally good allocations, the one the published lottery selects, and who was tied.

The draw is serial: going down the lottery order, an application is awarded if some best allocation
consistent with the draws above awards it. Then, in the same order, each awarded application gets
the first package (full, ticket, DSA), and last, in the order of the ids, the first fund, that some
best allocation consistent with everything above gives it. What is drawn is the same whatever the
solver, because each step asks only whether an allocation exists.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from allocator.model import Package
from allocator.optimise.core import Core, core_of, expanded, translated
from allocator.optimise.dual import Bound
from allocator.optimise.engine import Outcome, maximise
from allocator.optimise.matrix import (
    Line,
    Matrix,
    at_least,
    complete,
    with_lines,
    with_objective,
)
from allocator.optimise.programme import Programme
from allocator.optimise.prove import another_than
from allocator.optimise.watch import Stopped, Watch

BLOCK = 16
"""Questions put to one solve, as digits of one number; kept well within a float's precision."""

LARGEST_WEIGHT = 1 << 24

FEW = 6
"""Allocations that are equally good up to which all of them are listed."""

PACKAGES = tuple(Package)


@dataclass(frozen=True, slots=True)
class Best:
    """Every best allocation of a matrix: the choices open to them, the objective kept by a line.

    ``options`` lists, per application, its columns that are not the same in all of them.
    """

    programme: Programme
    matrix: Matrix
    core: Core
    objective: int
    options: Mapping[str, tuple[int, ...]]
    watch: Watch

    def package(self, column: int) -> Package | None:
        """Return the package a column awards."""
        return self.programme.columns[self.matrix.origin[column]].package

    def fund(self, column: int) -> str:
        """Return the fund a column names."""
        return self.programme.columns[self.matrix.origin[column]].fund

    def among(self, objective: Sequence[int], lines: Iterable[Line]) -> tuple[int, ...]:
        """Return the best allocation that maximises another objective within more lines."""
        core = self.core
        gains = [sum(objective[j] for j in each) for each in core.expand]
        kept = at_least(core.matrix, self.objective, "best")
        more = [translated(core, line) for line in lines]
        if kept.columns:
            more.append(kept)
        found = maximise(with_lines(with_objective(core.matrix, gains), more), self.watch)
        if found.outcome is not Outcome.OPTIMAL or found.values is None:
            raise Stopped
        return complete(self.matrix, expanded(self.matrix, core, found.values))

    def with_difference(self, counts: Sequence[int], constant: int) -> tuple[int, ...] | None:
        """Return a best allocation for which ``counts·x + constant`` is at least 1, or ``None``.

        It is asked with the true objective, whose bound is quicker to prove than a count's.
        """
        columns = tuple(j for j, c in enumerate(counts) if c)
        line = Line("differs", columns, tuple(-counts[j] for j in columns), constant - 1)
        matrix = with_lines(self.core.matrix, [translated(self.core, line)])
        found = maximise(matrix, self.watch, enough=self.objective)
        if found.outcome is Outcome.STOPPED:
            raise Stopped
        if found.values is None or found.objective < self.objective:
            return None
        return complete(self.matrix, expanded(self.matrix, self.core, found.values))


def best_of(
    programme: Programme, matrix: Matrix, bound: Bound, objective: int, watch: Watch
) -> Best:
    """Return the best allocations of ``matrix``, whose best objective is known."""
    core = core_of(matrix, bound, bound.room(objective))
    options: dict[str, list[int]] = defaultdict(list)
    for j in sorted({j for each in core.expand for j in each}):
        application = programme.columns[matrix.origin[j]].application
        if application:
            options[application].append(j)
    chosen = {a: tuple(js) for a, js in options.items()}
    return Best(programme, matrix, core, objective, chosen, watch)


def tied_among(
    best: Best,
    known: tuple[int, ...],
    rival: tuple[int, ...],
    twins: Sequence[tuple[int, ...]],
) -> frozenset[str]:
    """Return the applications whose outcome differs between best allocations.

    Parameters
    ----------
    best : Best
        The best allocations.
    known, rival : tuple of int
        Two of them by matrix column, with different awards if there are such.
    twins : sequence of tuple of int
        Classes of alike columns (programme positions) with more members than can hold an award; the
        matrix keeps some of each. Where one of a class is awarded, any of its members that holds
        nothing could have been instead: both are tied.
    """
    outcome = {a: _outcome(best, js, known) for a, js in best.options.items()}
    position = {p: j for j, p in enumerate(best.matrix.origin)}
    kept = [[position[p] for p in each if p in position] for each in twins]
    # One award of a class shows all of it; but where an award names its fund, the same package may
    # come from another column than the class's, so each column has to be seen.
    named = any(column.fund for column in best.programme.columns)
    wanted = [[j] for js in kept for j in js] if named else kept
    tied: set[str] = set()
    seen: set[int] = set()
    values = known
    while True:
        other = values
        tied |= {a for a, js in best.options.items() if _outcome(best, js, other) is not outcome[a]}
        chosen = {n for n, js in enumerate(kept) if any(other[j] for j in js)}
        tied |= _exchangeable(best, [twins[n] for n in sorted(chosen)], other)
        seen |= {n for n, js in enumerate(wanted) if any(other[j] for j in js)}
        asked = {a: js for a, js in best.options.items() if a not in tied}
        unseen = [js for n, js in enumerate(wanted) if n not in seen]
        objective, constant = _differences(best, asked, outcome, unseen)
        if other is known and rival is not known:
            values = rival
            continue
        if not any(objective):
            break
        found = best.with_difference(objective, constant)
        if found is None:
            break
        values = found
    return frozenset(tied)


def _exchangeable(
    best: Best, classes: Iterable[tuple[int, ...]], values: Sequence[int]
) -> frozenset[str]:
    """Return the applications that could trade places: one of a class awarded, one with nothing."""
    columns = best.programme.columns
    awarded = {p for p, x in zip(best.matrix.origin, values, strict=True) if x}
    holders = {columns[p].application for p in awarded}
    found: set[str] = set()
    for each in classes:
        members = {columns[p].application for p in each}
        found |= members - holders
        found |= {columns[p].application for p in each if p in awarded}
    return frozenset(found)


def _outcome(best: Best, columns: Sequence[int], values: Sequence[int]) -> Package | None:
    return next((best.package(j) for j in columns if values[j]), None)


def _differences(
    best: Best,
    asked: Mapping[str, Sequence[int]],
    outcome: Mapping[str, Package | None],
    classes: Iterable[Sequence[int]],
) -> tuple[list[int], int]:
    """Return the objective that counts differing outcomes and awarded classes, and its constant."""
    objective = [0] * best.matrix.size
    constant = 0
    for application, columns in asked.items():
        was = outcome[application]
        constant += was is not None
        for j in columns:
            if was is None:
                objective[j] += 1
            elif best.package(j) is was:
                objective[j] -= 1
    for columns in classes:
        for j in columns:
            objective[j] += 1
    return objective, constant


def listed(
    best: Best, known: tuple[int, ...], rival: tuple[int, ...]
) -> list[tuple[int, ...]] | None:
    """Return every best allocation if they are few, ``None`` if they are many.

    Each solve has the true objective, whose bound is quick to prove, and asks for another one.

    Parameters
    ----------
    best : Best
        The best allocations.
    known, rival : tuple of int
        Two of them by matrix column, with different awards.
    """
    core, found = best.core, [known, rival]
    while len(found) <= FEW:
        lines = [translated(core, another_than(best.matrix, each)) for each in found]
        other = maximise(with_lines(core.matrix, lines), best.watch, enough=best.objective)
        if other.outcome is Outcome.STOPPED:
            raise Stopped
        if other.values is None or other.objective < best.objective:
            return found
        found.append(complete(best.matrix, expanded(best.matrix, core, other.values)))
    return None


def differing(best: Best, found: Sequence[Sequence[int]]) -> frozenset[str]:
    """Return the applications whose outcome differs between some allocations."""
    first, *others = found
    return frozenset(
        application
        for application, columns in best.options.items()
        if any(
            _outcome(best, columns, each) is not _outcome(best, columns, first) for each in others
        )
    )


def drawn_from(
    best: Best, found: Sequence[tuple[int, ...]], order: Sequence[str]
) -> tuple[int, ...]:
    """Return which of all best allocations the lottery selects, paying funds left aside."""
    left = list(found)
    ranked = [a for a in order if a in best.options]
    for application in ranked:
        columns = best.options[application]
        left = [v for v in left if _outcome(best, columns, v) is not None] or left
    for application in ranked:
        columns = best.options[application]
        for package in PACKAGES:
            having = [v for v in left if _outcome(best, columns, v) is package]
            if having:
                left = having
                break
    return left[0]


def draw(best: Best, order: Sequence[str], funds: Sequence[str]) -> tuple[int, ...]:
    """Return the allocation the lottery selects, by matrix column.

    Parameters
    ----------
    best : Best
        The best allocations.
    order : sequence of str
        The tied applications in lottery order.
    funds : sequence of str
        Fund ids in the order in which they are preferred.
    """
    lottery = _Lottery(best, [], best.among([0] * best.matrix.size, ()))
    ranked = [a for a in order if a in best.options]
    lottery.settle([[(best.options[a], 1)] for a in ranked])
    taken = lottery.values
    awarded = [a for a in ranked if _outcome(best, best.options[a], taken) is not None]
    lottery.settle([_by_package(best, best.options[a]) for a in awarded])
    if funds:
        taken = lottery.values
        lottery.settle([_by_fund(best, js, taken, funds) for js in best.options.values()])
    return lottery.values


type _Question = list[tuple[tuple[int, ...], int]]
"""Alternatives in order of preference: the columns that make each true, and what it is worth."""


def _by_package(best: Best, columns: Sequence[int]) -> _Question:
    groups = [tuple(j for j in columns if best.package(j) is p) for p in PACKAGES]
    present = [group for group in groups if group]
    return [(group, len(present) - n) for n, group in enumerate(present)]


def _by_fund(
    best: Best, columns: Sequence[int], values: Sequence[int], funds: Sequence[str]
) -> _Question:
    package = _outcome(best, columns, values)
    groups = [
        (j,) for f in funds for j in columns if best.fund(j) == f and best.package(j) is package
    ]
    return [(group, len(groups) - n) for n, group in enumerate(groups)]


@dataclass(slots=True)
class _Lottery:
    """The draw so far: lines that hold what was drawn, and an allocation consistent with it."""

    best: Best
    lines: list[Line]
    values: tuple[int, ...]

    def settle(self, questions: Sequence[_Question]) -> None:
        """Answer questions in order, each as well as the answers before it allow."""
        pending = [each for each in questions if each and not self._decided(each)]
        while pending:
            block = [pending.pop(0)]
            weight = max(worth for _, worth in block[0]) + 1
            while pending and len(block) < BLOCK:
                weight *= max(worth for _, worth in pending[0]) + 1
                if weight > LARGEST_WEIGHT:
                    break
                block.append(pending.pop(0))
            self._ask(block)

    @staticmethod
    def _decided(question: _Question) -> bool:
        return len(question) == 1 and not question[0][0]

    def _ask(self, block: Sequence[_Question]) -> None:
        objective = [0] * self.best.matrix.size
        weight = 1
        for question in reversed(block):
            for columns, worth in question:
                for j in columns:
                    objective[j] = weight * worth
            weight *= max(worth for _, worth in question) + 1
        self.values = self.best.among(objective, self.lines)
        for question in block:
            chosen = next((c for c, _ in question if any(self.values[j] for j in c)), None)
            if chosen is None:
                every = tuple(j for columns, _ in question for j in columns)
                self.lines.append(Line("drawn", every, (1,) * len(every), 0))
            else:
                self.lines.append(Line("drawn", chosen, (-1,) * len(chosen), -1))
