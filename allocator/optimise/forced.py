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
from allocator.optimise.beginnings import Best
from allocator.optimise.blocks import Block, everyone_in_a_block
from allocator.optimise.branches import Case
from allocator.optimise.dual import UNIT, Bound, bound_of
from allocator.optimise.engine import relax
from allocator.optimise.layers import TooMany
from allocator.optimise.matrix import Matrix, full_values, of_programme
from allocator.optimise.programme import Programme
from allocator.optimise.prove import Infeasible, Proven, prove_within
from allocator.optimise.reduce import impossible
from allocator.optimise.terrain import Terrain, Truths, terrain_of
from allocator.optimise.ties import best_of, draw, drawn_from, listed, tied_among
from allocator.optimise.together import best_of_all, case_of
from allocator.optimise.watch import Stopped, Watch


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


def tuned(ground: Ground, questions: Sequence[Question], watch: Watch) -> Ground | None:
    """Return the ground for looking first as far below a bound as some questions' answers lay.

    What is found does not depend on it, only how soon. ``None`` if none of them can be answered by
    looking around the bound.
    """
    if ground.terrain is None:
        return None
    cases = _cases(ground, dict.fromkeys(questions))
    found = best_of_all(ground.terrain, cases, ground.distance, watch.over)
    if cases and not found:
        return None
    distances = [case.above - best.objective for case, best in found.items() if best is not None]
    return replace(ground, distance=median_high(distances) if distances else ground.distance)


def held(ground: Ground, question: Question) -> Bound | None:
    """Return the bound on the choices a question leaves, or ``None`` if it leaves none."""
    if question.application not in ground.columns:
        return ground.bound if question.package is None else None
    number, allowed = _allowed(ground, question)
    if not allowed.any():
        return None
    bound, blocks = ground.bound, ground.bound.blocks
    left = np.flatnonzero(allowed).tolist()
    losses = [bound.losses[number][n] for n in left]
    least = min(losses)
    own = blocks.blocks[number]
    block = Block(own.columns, tuple(own.choices[n] for n in left))
    exact = bound.exact - least
    return replace(
        bound,
        blocks=replace(blocks, blocks=_with(blocks.blocks, number, block)),
        ceiling=min(bound.ceiling, exact // UNIT),
        exact=exact,
        losses=_with(bound.losses, number, tuple(loss - least for loss in losses)),
    )


def _with[T](values: tuple[T, ...], place: int, value: T) -> tuple[T, ...]:
    return (*values[:place], value, *values[place + 1 :])


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
    known = ask_all(ground, {question: floor}, watch)
    if question in known:
        return known[question]
    if not search:
        raise TooMany
    return _searched(ground, bound, watch)


def ask_all(
    ground: Ground, questions: Mapping[Question, int | None], watch: Watch
) -> dict[Question, Answer]:
    """Answer many questions together by looking around the bound: far less work than one by one.

    Parameters
    ----------
    ground : Ground
        The programme, relaxed.
    questions : mapping
        What is asked, each with its floor as in ``ask``.
    watch : Watch
        Where it ends the search, the answers found so far are returned.

    Returns
    -------
    dict
        The answers, except where the allocations near the bound are too many to be looked at.
    """
    if ground.terrain is None:
        return {}
    cases = _cases(ground, questions)
    found = best_of_all(ground.terrain, cases, ground.distance, watch.over)
    return {cases[case]: _answered(best) for case, best in found.items()}


def _cases(ground: Ground, questions: Mapping[Question, int | None]) -> dict[Case, Question]:
    """Return the questions that leave a choice, as they are asked of the terrain."""
    found = {}
    for question, floor in questions.items():
        if ground.terrain is not None and question.application in ground.columns:
            case = case_of(ground.terrain, *_allowed(ground, question), floor)
            if case is not None:
                found[case] = question
    return found


def _answered(best: Best | None) -> Answer:
    if best is None:
        return NO
    return Answer(True, best.objective, best.objective, best.values)


def _searched(ground: Ground, bound: Bound, watch: Watch) -> Answer:
    """Answer by the integer solver, on cores that widen until one is enough."""
    try:
        proven = prove_within(ground.matrix, bound, watch, rivals=True)
    except Infeasible:
        return NO
    if not proven.optimal:
        return Answer(True, proven.objective, proven.bound, None)
    try:
        values = _drawn(ground, proven, watch)
    except Stopped:
        values = None
    return Answer(True, proven.objective, proven.objective, values)


def _drawn(ground: Ground, proven: Proven, watch: Watch) -> tuple[int, ...] | None:
    """Return, of all allocations as good, the one the lottery selects, by matrix column."""
    known, rival = proven.values, proven.rival
    if known is None or rival is None:
        return known
    bound, matrix = proven.relaxation, ground.matrix
    best = best_of(ground.programme, matrix, bound, proven.objective, watch)
    found = listed(best, known, rival)
    if found is not None:
        return drawn_from(best, found, ground.order)
    tied = tied_among(best, known, rival, ())
    return draw(best, [each for each in ground.order if each in tied], ())


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
