"""A matrix becomes its best integer answer with a bound that holds: the certified core.

The linear relaxation's multipliers bound every solution, in integers. Choices that no solution
better than a known one can make are left out; what remains, the core, is small enough for the
integer solver. The answer is the whole matrix's optimum, not only the core's.
"""

from bisect import bisect_right
from dataclasses import dataclass

from allocator.optimise.blocks import blocks_of
from allocator.optimise.core import contracted, core_of, expanded, translated
from allocator.optimise.dual import Bound, bound_of
from allocator.optimise.engine import Outcome, maximise, relax
from allocator.optimise.filling import filled
from allocator.optimise.matrix import Line, Matrix, broken, complete, with_lines, worth
from allocator.optimise.watch import Watch

FIRST_CORE = 25
"""Choices in doubt that the first core holds: few enough to solve at once, often enough."""

WIDER = 6
"""By how much a core grows that has no answer, or whose answer leaves too much open."""

GLANCE = 1_000
"""Nodes spent on a core that only serves to find a good answer; a count, so that it is the same
on every machine."""

FEW = 600
"""Up to so many choices left open, the optimum and its rivals are settled in one solve."""


class Infeasible(Exception):
    """No allocation satisfies every row."""


@dataclass(frozen=True, slots=True)
class Proven:
    """The best answer found: ``values`` by matrix column, ``objective``, and the proven ``bound``.

    ``values`` is ``None`` if the solve was stopped before any answer was found. ``rival`` is
    another answer with other awards and the same objective; ``None`` if there is none, or if it was
    not asked for.
    """

    values: tuple[int, ...] | None
    objective: int
    bound: int
    relaxation: Bound
    rival: tuple[int, ...] | None = None

    @property
    def optimal(self) -> bool:
        """Tell whether the answer is proven to be the best."""
        return self.values is not None and self.objective >= self.bound


def prove(matrix: Matrix, watch: Watch, *, rivals: bool = False) -> Proven:
    """Solve a matrix to proven optimality, or as far as the watch allows.

    With ``rivals`` the proof also settles whether an equally good answer with other awards exists:
    one solve asks for the best answer other than the known one, which proves both at once.

    Raises
    ------
    Infeasible
        If no integer solution exists.
    """
    relaxed = relax(matrix, watch)
    if not relaxed.feasible:
        raise Infeasible
    bound = bound_of(matrix, blocks_of(matrix), relaxed.multipliers)
    return prove_within(matrix, bound, watch, rivals=rivals)


def prove_within(matrix: Matrix, bound: Bound, watch: Watch, *, rivals: bool = False) -> Proven:
    """Do the same among the choices that a bound lists: perhaps not all there are.

    Raises
    ------
    Infeasible
        If no integer solution makes only these choices.
    """
    watch.report(bound=bound.ceiling)
    known, left, done = _good_answer(matrix, bound, watch)
    if known is None or watch.over():
        return _stopped(matrix, bound, known)
    if rivals and left <= FEW:
        return _with_rivals(matrix, bound, known, watch)
    if not done:
        proven = _finish(matrix, bound, known, watch)
        if not proven.optimal or not rivals:
            return proven
        known = proven.values or known
    if rivals:
        return _with_rivals(matrix, bound, known, watch)
    objective = worth(matrix, known)
    return Proven(known, objective, objective, bound)


def _good_answer(
    matrix: Matrix, bound: Bound, watch: Watch
) -> tuple[tuple[int, ...] | None, int, bool]:
    """Look into ever larger cores until what an answer leaves open is about as large as its core.

    Returns the answer (``None`` if stopped before there was one), how many choices it leaves open,
    and whether the core it came from already proves it.
    """
    doubtful = sorted(loss for losses in bound.losses for loss in losses if loss)
    size = FIRST_CORE
    known: tuple[int, ...] | None = None
    while True:
        room = doubtful[size] if size < len(doubtful) else _everything(bound)
        core = core_of(matrix, bound, room)
        start = None if known is None else contracted(core, known)
        found = maximise(core.matrix, watch, start, nodes=None if core.whole else GLANCE)
        if found.values is not None:
            known = complete(matrix, expanded(matrix, core, found.values))
        elif known is None and core.whole and found.outcome is Outcome.INFEASIBLE:
            raise Infeasible
        if known is not None:
            needed = bound.room(worth(matrix, known) + 1)
            left = bisect_right(doubtful, needed)
            if left <= WIDER * size or core.whole or watch.over():
                return known, left, found.outcome is Outcome.OPTIMAL and needed <= room
        elif core.whole or watch.over():
            return None, len(doubtful), False
        size *= WIDER


def _everything(bound: Bound) -> int:
    """Return a loss that every choice and loose column can bear."""
    most = max((loss for losses in bound.losses for loss in losses), default=0)
    return max([most, *(abs(bound.reduced[j]) for j in bound.blocks.loose)])


def _finish(matrix: Matrix, bound: Bound, known: tuple[int, ...], watch: Watch) -> Proven:
    """Search what the bound leaves open for an answer better than the known one."""
    objective = worth(matrix, known)
    watch.report(objective, bound.ceiling)
    core = core_of(matrix, bound, bound.room(objective + 1))
    found = maximise(core.matrix, watch, contracted(core, known))
    ceiling = min(bound.ceiling, max(found.bound, objective))
    if found.values is not None and found.objective > objective:
        known = complete(matrix, expanded(matrix, core, found.values))
        objective = found.objective
    if found.outcome is not Outcome.STOPPED:
        ceiling = objective
    watch.report(objective, ceiling)
    return Proven(known, objective, ceiling, bound)


def another_than(matrix: Matrix, values: tuple[int, ...]) -> Line:
    """Return the line that only solutions with other awards satisfy."""
    awards = tuple(j for j in range(matrix.size) if not matrix.follows[j])
    signs = tuple(1 if values[j] else -1 for j in awards)
    return Line("another", awards, signs, sum(values[j] for j in awards) - 1)


def _with_rivals(matrix: Matrix, bound: Bound, known: tuple[int, ...], watch: Watch) -> Proven:
    """Search for the best answer other than the known one until none is better."""
    while True:
        objective = worth(matrix, known)
        watch.report(objective, bound.ceiling)
        core = core_of(matrix, bound, bound.room(objective))
        line = translated(core, another_than(matrix, known))
        found = maximise(with_lines(core.matrix, [line]), watch)
        other = None
        if found.values is not None:
            other = complete(matrix, expanded(matrix, core, found.values))
        better = other is not None and found.objective > objective
        if found.outcome is Outcome.STOPPED:
            best = other if better and other is not None else known
            ceiling = min(bound.ceiling, max(found.bound, objective))
            return Proven(best, worth(matrix, best), ceiling, bound)
        if other is not None and better:
            known = other
            continue
        rival = other if other is not None and found.objective == objective else None
        return Proven(known, objective, objective, bound, rival)


def _stopped(matrix: Matrix, bound: Bound, known: tuple[int, ...] | None) -> Proven:
    """Return the known answer, or a plain one, when the watch ended the search.

    Without a known answer columns are taken by what they are worth, each if it still fits beside
    those taken before.
    """
    if known is not None:
        return Proven(known, worth(matrix, known), bound.ceiling, bound)
    awards = [j for j in range(matrix.size) if not matrix.follows[j]]
    whole = filled(
        matrix, sorted(awards, key=lambda j: (-bound.reduced[j], -matrix.objective[j], j))
    )
    if broken(matrix, whole) is not None:
        return Proven(None, 0, bound.ceiling, bound)
    return Proven(whole, worth(matrix, whole), bound.ceiling, bound)
