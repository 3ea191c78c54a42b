"""What the best allocation would be if one application got a given package, or nothing.

All questions about a round share one matrix and one bound: holding an application to some of its
State's choices only removes choices, so the bound that multipliers prove needs no new relaxation.
The whole programme is asked, without the reductions: those speak about the best allocation only.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median_high

import numpy as np

from allocator.model import POINT, Package
from allocator.optimise.blocks import everyone_in_a_block
from allocator.optimise.core import contracted, core_of, expanded
from allocator.optimise.dual import UNIT, Bound, bound_of
from allocator.optimise.engine import Outcome, maximise, relax
from allocator.optimise.following import best_under
from allocator.optimise.layers import TooMany, highest
from allocator.optimise.matrix import Matrix, complete, full_values, of_programme, worth
from allocator.optimise.programme import Programme
from allocator.optimise.reduce import impossible
from allocator.optimise.terrain import Terrain, Truths, terrain_of
from allocator.optimise.ties import Stopped, best_of, draw
from allocator.optimise.watch import Watch

FIRST_CORE = 60
"""Choices in doubt that the first search looks at."""

WIDER = 4

NEVER = 1 << 200
"""The loss of a choice that the question rules out: more than any room."""


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """An application, and the package it is held to; ``None`` holds it to nothing."""

    application: str
    package: Package | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The best objective under a question.

    ``values`` (by matrix column) is the best answer that the lottery selects. It is ``None`` if no
    allocation gives what was asked (then ``possible`` is false), or if the watch ended the search.
    ``bound`` is proven; it equals ``objective`` when ``exact``.
    """

    possible: bool
    objective: int
    bound: int
    values: tuple[int, ...] | None

    @property
    def exact(self) -> bool:
        """Tell whether nothing is left open."""
        return not self.possible or (self.values is not None and self.objective == self.bound)


NO = Answer(False, 0, 0, None)
"""No allocation gives what was asked."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What all questions about a programme share.

    ``columns`` are an application's matrix columns by package; ``home`` is its block; ``order`` the
    lottery over all applications; ``distance`` how far below a bound an answer is looked for
    first.
    """

    programme: Programme
    matrix: Matrix
    bound: Bound
    columns: Mapping[str, Mapping[Package, tuple[int, ...]]]
    home: Mapping[str, int]
    order: tuple[str, ...]
    terrain: Terrain | None
    distance: int


def prepare(programme: Programme, objective: int, order: Iterable[str]) -> Ground:
    """Relax the whole programme once, for all questions about it.

    Parameters
    ----------
    programme : Programme
        The programme of a round.
    objective : int
        Its best objective.
    order : iterable of str
        All applications in lottery order.
    """
    matrix = of_programme(programme, impossible(programme))
    blocks = everyone_in_a_block(programme, matrix)
    multipliers = relax(matrix).multipliers
    bound = bound_of(matrix, blocks, multipliers)
    order = tuple(order)
    rank = {application: place for place, application in enumerate(order)}
    terrain = terrain_of(programme, matrix, blocks, multipliers, rank)
    gap = bound.exact // UNIT - objective
    distance = max(gap * 3 // 4, POINT * programme.scale // 2)
    columns: dict[str, dict[Package, list[int]]] = defaultdict(lambda: defaultdict(list))
    for j, position in enumerate(matrix.origin):
        column = programme.columns[position]
        if column.package is not None:
            columns[column.application][column.package].append(j)
    home = {
        programme.columns[matrix.origin[j]].application: number
        for number, block in enumerate(blocks.blocks)
        for j in block.columns
    }
    frozen = {a: {p: tuple(js) for p, js in own.items()} for a, own in columns.items()}
    return Ground(programme, matrix, bound, frozen, home, order, terrain, distance)


def tuned(ground: Ground, questions: Sequence[Question]) -> Ground | None:
    """Return the ground for looking first as far below a bound as some questions' answers lay.

    What is found does not depend on it, only how soon. ``None`` if none of them can be answered by
    looking around the bound.
    """
    if ground.terrain is None:
        return None
    found, distances = not questions, []
    for question in questions:
        number, allowed = _allowed(ground, question)
        try:
            best = best_under(ground.terrain, number, allowed, ground.distance)
        except TooMany:
            continue
        found = True
        above = highest(ground.terrain, number, allowed)
        if best is not None and above is not None:
            distances.append(above - best.objective)
    if not found:
        return None
    return replace(ground, distance=median_high(distances) if distances else ground.distance)


def held(ground: Ground, question: Question) -> Bound | None:
    """Return the bound under a question, or ``None`` if the application's own rules forbid it."""
    if question.application not in ground.columns:
        return ground.bound if question.package is None else None
    number, allowed = _allowed(ground, question)
    losses = ground.bound.losses[number]
    kept = [loss if good else NEVER for good, loss in zip(allowed, losses, strict=True)]
    least = min(kept)
    if least == NEVER:
        return None
    rebased = tuple(loss if loss == NEVER else loss - least for loss in kept)
    bound = ground.bound
    return replace(
        bound,
        ceiling=min(bound.ceiling, (bound.exact - least) // UNIT),
        exact=bound.exact - least,
        losses=(*bound.losses[:number], rebased, *bound.losses[number + 1 :]),
    )


def _allowed(ground: Ground, question: Question) -> tuple[int, Truths]:
    """Return the application's block, and which of its choices give what is asked."""
    own = ground.columns[question.application]
    number = ground.home[question.application]
    every = frozenset(j for columns in own.values() for j in columns)
    wanted = frozenset(own.get(question.package, ())) if question.package else frozenset[int]()
    choices = ground.bound.blocks.blocks[number].choices
    if question.package:
        return number, np.array([not wanted.isdisjoint(choice) for choice in choices])
    return number, np.array([every.isdisjoint(choice) for choice in choices])


def ceiling(ground: Ground, question: Question) -> int | None:
    """Return what no allocation under the question exceeds, ``None`` if there is none at all."""
    bound = held(ground, question)
    return None if bound is None else bound.ceiling


def ask(
    ground: Ground,
    question: Question,
    watch: Watch,
    *,
    search: bool = True,
    floor: int | None = None,
) -> Answer:
    """Return the best allocation under a question that the lottery selects among equals.

    Parameters
    ----------
    ground : Ground
        The programme, relaxed.
    question : Question
        What the application is held to.
    watch : Watch
        Time limit and cancel question; what it ends has no answer or an inexact one.
    search : bool
        Whether the integer solver is asked where looking around the bound does not do.
    floor : int, optional
        An answer worth less need not be found: ``NO`` may then stand for it.

    Raises
    ------
    TooMany
        If it does not do, and the solver is not to be asked.
    """
    bound = held(ground, question)
    if bound is None:
        return NO
    try:
        return _looked_up(ground, question, floor)
    except TooMany:
        if not search:
            raise
    answer = _searched(ground.matrix, bound, watch)
    if not answer.possible or not answer.exact:
        return answer
    try:
        return replace(answer, values=_drawn(ground, bound, answer.objective, watch))
    except Stopped:
        return replace(answer, values=None)


def _looked_up(ground: Ground, question: Question, floor: int | None) -> Answer:
    """Answer by going through all allocations near the bound.

    Raises
    ------
    TooMany
        If they are too many, or the programme is too large to be looked at in this way.
    """
    if ground.terrain is None:
        raise TooMany
    number, allowed = _allowed(ground, question)
    best = best_under(ground.terrain, number, allowed, ground.distance, floor)
    if best is None:
        return NO
    return Answer(True, best.objective, best.objective, best.values)


def _searched(matrix: Matrix, bound: Bound, watch: Watch) -> Answer:
    """Answer by the integer solver, on cores that widen until one is enough."""
    best = None
    doubtful = sorted(loss for losses in bound.losses for loss in losses if 0 < loss < NEVER)
    size = FIRST_CORE
    while best is None:
        whole = size >= len(doubtful)
        room = _everything(bound, doubtful) if whole else doubtful[size]
        core = core_of(matrix, bound, room)
        found = maximise(core.matrix, watch)
        if found.values is not None:
            best = complete(matrix, expanded(matrix, core, found.values))
            if found.outcome is Outcome.OPTIMAL and bound.room(worth(matrix, best) + 1) <= room:
                return Answer(True, worth(matrix, best), worth(matrix, best), best)
        elif found.outcome is Outcome.STOPPED or watch.over():
            return Answer(True, 0, bound.ceiling, None)
        elif whole:
            return NO
        size *= WIDER
    return _finished(matrix, bound, best, watch)


def _finished(matrix: Matrix, bound: Bound, best: tuple[int, ...], watch: Watch) -> Answer:
    """Search what the bound leaves open for an answer better than the known one."""
    objective = worth(matrix, best)
    core = core_of(matrix, bound, bound.room(objective + 1))
    found = maximise(core.matrix, watch, contracted(core, best))
    if found.values is not None and found.objective > objective:
        best = complete(matrix, expanded(matrix, core, found.values))
        objective = found.objective
    stopped = found.outcome is Outcome.STOPPED
    proven = min(bound.ceiling, max(found.bound, objective)) if stopped else objective
    return Answer(True, objective, proven, best)


def _everything(bound: Bound, doubtful: Sequence[int]) -> int:
    return max([0, *doubtful, *(abs(bound.reduced[j]) for j in bound.blocks.loose)])


def _drawn(ground: Ground, bound: Bound, objective: int, watch: Watch) -> tuple[int, ...]:
    """Return, of all allocations this good, the one the lottery selects, by matrix column."""
    best = best_of(ground.programme, ground.matrix, bound, objective, watch)
    return draw(best, ground.order, ())


def awarded(ground: Ground, values: Sequence[int]) -> frozenset[str]:
    """Return the applications that values (by matrix column) award."""
    return frozenset(
        ground.programme.columns[ground.matrix.origin[j]].application
        for j, x in enumerate(values)
        if x and not ground.matrix.follows[j]
    )


def as_programme(ground: Ground, values: Sequence[int]) -> tuple[int, ...]:
    """Return values by matrix column as values by programme column."""
    return full_values(ground.matrix, values, len(ground.programme.columns))
