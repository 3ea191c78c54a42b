"""Among equally good allocations, the one the published lottery selects, and who was tied.

The draw is serial: going down the lottery order, an application is awarded if some best allocation
consistent with the draws above awards it. Then, in the same order, each awarded application gets
the first package (full, ticket, DSA), and last the first fund, that some best allocation consistent
with everything above gives it. What is drawn is the same whatever the solver, because each step
asks only whether an allocation exists.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from allocator.model import Package
from allocator.optimise.engine import Outcome, maximise
from allocator.optimise.matrix import Line, Matrix, at_least, fix, with_lines, with_objective
from allocator.optimise.programme import Programme
from allocator.optimise.watch import Watch

BLOCK = 16
"""Questions put to one solve, as digits of one number; kept well within a float's precision."""

LARGEST_WEIGHT = 1 << 24

PACKAGES = tuple(Package)


class Stopped(Exception):
    """The watch ended the draw before it was complete."""


@dataclass(frozen=True, slots=True)
class Best:
    """Every best allocation of a matrix: its free columns, with the objective held by a line.

    ``options`` lists the free columns of each application, in the order of the programme.
    """

    programme: Programme
    matrix: Matrix
    options: Mapping[str, tuple[int, ...]]
    watch: Watch

    def package(self, column: int) -> Package | None:
        """Return the package a free column awards."""
        return self.programme.columns[self.matrix.origin[column]].package

    def fund(self, column: int) -> str:
        """Return the fund a free column names."""
        return self.programme.columns[self.matrix.origin[column]].fund

    def among(self, objective: Sequence[int], lines: Iterable[Line]) -> tuple[int, ...]:
        """Return the best allocation that maximises another objective within more lines."""
        matrix = with_lines(with_objective(self.matrix, objective), lines)
        found = maximise(matrix, self.watch)
        if found.outcome is not Outcome.OPTIMAL or found.values is None:
            raise Stopped
        return found.values


def best_of(
    programme: Programme,
    matrix: Matrix,
    certain: Mapping[int, int],
    objective: int,
    watch: Watch,
) -> Best:
    """Return the best allocations of ``matrix``: ``certain`` holds what they all agree on."""
    core = fix(matrix, certain)
    line = at_least(core, objective, "best")
    held = with_lines(core, [line] if line.columns else [])
    options: dict[str, list[int]] = defaultdict(list)
    for j, position in enumerate(core.origin):
        application = programme.columns[position].application
        if application:
            options[application].append(j)
    return Best(programme, held, {a: tuple(js) for a, js in options.items()}, watch)


def restricted(best: Best, values: Mapping[int, int]) -> tuple[int, ...]:
    """Return a programme-wide answer (value by position) as values of the free columns."""
    return tuple(values.get(position, 0) for position in best.matrix.origin)


def tied_among(
    best: Best, known: tuple[int, ...], twins: Sequence[tuple[int, ...]]
) -> frozenset[str]:
    """Return the applications whose outcome differs between best allocations.

    Parameters
    ----------
    best : Best
        The best allocations.
    known : tuple of int
        One of them.
    twins : sequence of tuple of int
        Classes of alike columns (programme positions) with more members than can hold an award; the
        matrix keeps some of each. If one can be awarded, all members are tied.
    """
    outcome = {a: _outcome(best, js, known) for a, js in best.options.items()}
    position = {p: j for j, p in enumerate(best.matrix.origin)}
    fixed = dict(best.matrix.fixed)
    classes = {n: [position[p] for p in each if p in position] for n, each in enumerate(twins)}
    tied: set[str] = set()
    awarded = {n for n, each in enumerate(twins) if any(fixed.get(p) for p in each)}
    values = known
    while True:
        tied |= {
            a for a, js in best.options.items() if _outcome(best, js, values) is not outcome[a]
        }
        awarded |= {n for n, js in classes.items() if any(values[j] for j in js)}
        asked = {a: js for a, js in best.options.items() if a not in tied}
        open_classes = [js for n, js in classes.items() if n not in awarded]
        objective, constant = _differences(best, asked, outcome, open_classes)
        if not any(objective):
            break
        values = best.among(objective, ())
        gain = sum(c * x for c, x in zip(objective, values, strict=True)) + constant
        if gain == 0:
            break
    for n in awarded:
        tied |= {best.programme.columns[p].application for p in twins[n]}
    return frozenset(tied)


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


def draw(
    best: Best, known: tuple[int, ...], order: Sequence[str], funds: Sequence[str]
) -> tuple[int, ...]:
    """Return the allocation the lottery selects, as values of the free columns.

    Parameters
    ----------
    best : Best
        The best allocations.
    known : tuple of int
        One of them, returned if nothing is left to draw.
    order : sequence of str
        The tied applications in lottery order.
    funds : sequence of str
        Fund ids in the order in which they are preferred.
    """
    lottery = _Lottery(best, [], known)
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
