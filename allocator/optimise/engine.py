"""The only room with a solver in it: linear relaxations by highspy, integer programmes by PuLP.

Floats live here and in ``integer``, and nowhere else. An integer answer leaves this module only
after it was rounded and checked against every line in exact arithmetic; a linear answer leaves it
as multipliers, from which ``dual`` computes a bound that holds whatever the solver did.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import highspy
import numpy as np

from allocator.errors import AllocatorError, problem
from allocator.optimise.matrix import Line, Matrix, broken, complete, with_lines, worth
from allocator.optimise.watch import Watch

REPAIRS = 25
"""How often a rounded answer that fails the exact check is cut off before giving up."""

COST_SIZE = 1000
"""The largest cost of a relaxation that is solved repeatedly, after scaling."""


class Outcome(StrEnum):
    """What became of a solve."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The linear relaxation: one multiplier per line (>= 0) and one value per column, as floats."""

    feasible: bool
    multipliers: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """An integer answer, exactly checked, and the solver's bound (objective units, with constant).

    ``values`` is ``None`` when there is no answer: none exists, or none was found in time.
    """

    outcome: Outcome
    values: tuple[int, ...] | None
    objective: int
    bound: int


def relax(matrix: Matrix, watch: Watch | None = None) -> Relaxed:
    """Solve the linear relaxation with one thread of HiGHS."""
    solver = _quiet()
    if watch is not None and watch.left() is not None:
        solver.setOptionValue("time_limit", watch.left())
    solver.passModel(as_lp(matrix))
    solver.run()
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return Relaxed(False, (), ())
    solution = solver.getSolution()
    if status != highspy.HighsModelStatus.kOptimal:
        return Relaxed(True, (0.0,) * len(matrix.lines), (0.0,) * matrix.size)
    # For a maximisation HiGHS gives the multipliers of "<=" rows as non-negative numbers.
    return Relaxed(True, tuple(solution.row_dual), tuple(solution.col_value))


def _silence_banner() -> None:
    """Create one solver with standard output closed to it.

    HiGHS prints its banner to the process's standard output when the first one is made, whatever
    its options say; that would stand in the middle of somebody's JSON.
    """
    try:
        kept = os.dup(1)
    except OSError:
        return  # there is no standard output to protect
    if sys.stdout is not None:
        sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        highspy.Highs()  # type: ignore[no-untyped-call]
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


_silence_banner()


def _quiet() -> Any:
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    return solver


def as_lp(matrix: Matrix) -> Any:
    """Return the linear relaxation of a matrix in the arrays HiGHS reads."""
    lp = highspy.HighsLp()
    lp.num_col_ = matrix.size
    lp.num_row_ = len(matrix.lines)
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = np.array(matrix.objective, dtype=np.float64)
    lp.col_lower_ = np.zeros(matrix.size)
    lp.col_upper_ = np.array(matrix.upper, dtype=np.float64)
    lp.row_lower_ = np.full(len(matrix.lines), -highspy.kHighsInf)
    lp.row_upper_ = np.array([line.bound for line in matrix.lines], dtype=np.float64)
    sizes = [len(line.columns) for line in matrix.lines]
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.concatenate(([0], np.cumsum(sizes))).astype(np.int32)
    lp.a_matrix_.index_ = np.array([j for line in matrix.lines for j in line.columns], np.int32)
    lp.a_matrix_.value_ = np.array(
        [c for line in matrix.lines for c in line.coefficients], dtype=np.float64
    )
    return lp


def maximise(
    matrix: Matrix,
    watch: Watch,
    start: Sequence[int] | None = None,
    enough: int | None = None,
    nodes: int | None = None,
) -> Found:
    """Solve the integer programme; the answer has passed the exact check.

    Parameters
    ----------
    matrix : Matrix
        The programme; auxiliary columns need not be integer, they follow from the awards.
    watch : Watch
        Time limit, cancel question, progress listener.
    start : sequence of int, optional
        A feasible answer to begin with.
    enough : int, optional
        An objective known to be the most there is: the first answer that reaches it will do.
    nodes : int, optional
        Most nodes of the search; the best answer found by then is returned, marked stopped.

    Raises
    ------
    AllocatorError
        ``optimise-unstable`` if rounding kept breaking a line (never seen in centimes).
    """
    if not matrix.size:
        feasible = broken(matrix, ()) is None
        outcome = Outcome.OPTIMAL if feasible else Outcome.INFEASIBLE
        return Found(outcome, () if feasible else None, matrix.constant, matrix.constant)
    # PuLP takes a while to load, and most rounds are decided, proven and explained without it.
    from allocator.optimise.integer import Asked, solved

    asked = Asked(start, enough, nodes)
    for _ in range(REPAIRS):
        outcome, raw, bound = solved(matrix, watch, asked)
        if raw is None:
            if outcome is Outcome.INFEASIBLE and asked.presolve:
                # Presolve has called feasible programmes infeasible where coefficients differ by
                # seven orders of magnitude: such a verdict counts only if the search agrees.
                asked = replace(asked, presolve=False)
                continue
            return Found(outcome, None, 0, bound)
        values = complete(matrix, [round(each) for each in raw])
        if broken(matrix, values) is None:
            objective = worth(matrix, values)
            if enough is not None and objective >= enough:
                return Found(Outcome.OPTIMAL, values, objective, objective)
            return Found(outcome, values, objective, max(bound, objective))
        matrix = with_lines(matrix, [_not_this(matrix, values)])
        asked = replace(asked, start=None)
    raise AllocatorError(problem("optimise-unstable"))


def _not_this(matrix: Matrix, values: Sequence[int]) -> Line:
    """Return the line that excludes exactly these awards (they fail the exact check)."""
    awards = [j for j in range(matrix.size) if not matrix.follows[j]]
    coefficients = tuple(1 if values[j] else -1 for j in awards)
    return Line("not this", tuple(awards), coefficients, sum(values[j] for j in awards) - 1)


@dataclass(frozen=True, slots=True)
class Reoptimised:
    """A relaxation solved anew: one multiplier per line and one value per column, as floats.

    Where nothing is feasible the multipliers are a ray: in the right proportion they exclude every
    solution; ``objective`` and ``values`` then say nothing.
    """

    feasible: bool
    objective: float
    multipliers: tuple[float, ...]
    values: tuple[float, ...]


class Reoptimiser:
    """A linear relaxation that is solved again and again while columns are closed and opened.

    Parameters
    ----------
    matrix : Matrix
        Columns and lines.
    picks : sequence of sequence of int
        Sets of columns of which exactly one is taken.
    """

    def __init__(self, matrix: Matrix, picks: Sequence[Sequence[int]]) -> None:
        # Costs of a size the solver is used to; multipliers are brought back to objective units.
        self._scale = max([1.0, *(abs(c) / COST_SIZE for c in matrix.objective)])
        self._lines = len(matrix.lines)
        self._upper = np.array(matrix.upper, dtype=np.float64)
        self._every = np.arange(matrix.size, dtype=np.int32)
        lp = as_lp(matrix)
        lp.col_cost_ = np.array(matrix.objective, dtype=np.float64) / self._scale
        self._solver = _quiet()
        self._solver.setOptionValue("presolve", "off")
        self._solver.passModel(lp)
        for pick in picks:
            columns = np.array(pick, dtype=np.int32)
            self._solver.addRow(1.0, 1.0, len(pick), columns, np.ones(len(pick)))

    def solve(self, closed: Sequence[int], *, pivots: int | None = None) -> Reoptimised:
        """Solve with these columns at zero, from where the last solve ended.

        With ``pivots`` the simplex method stops early; the objective is then a bound of sorts.
        """
        upper = self._upper.copy()
        upper[np.array(closed, dtype=np.int32)] = 0.0
        solver = self._solver
        solver.changeColsBounds(len(upper), self._every, np.zeros(len(upper)), upper)
        most = highspy.kHighsIInf if pivots is None else pivots
        solver.setOptionValue("simplex_iteration_limit", most)
        solver.run()
        if solver.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
            _, known, ray = solver.getDualRay()
            # HiGHS gives a ray of the minimisation; our multipliers have the other sign.
            return Reoptimised(False, 0.0, self._of_lines(-np.array(ray)) if known else (), ())
        solution = solver.getSolution()
        objective = solver.getInfo().objective_function_value * self._scale
        multipliers = self._of_lines(np.array(solution.row_dual))
        return Reoptimised(True, objective, multipliers, tuple(solution.col_value))

    def forget(self) -> None:
        """Start the next solve from nothing."""
        self._solver.clearSolver()

    def _of_lines(self, duals: Any) -> tuple[float, ...]:
        return tuple((np.maximum(duals[: self._lines], 0.0) * self._scale).tolist())
