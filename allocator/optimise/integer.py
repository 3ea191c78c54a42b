"""One solve of an integer programme: modelled in PuLP, solved by HiGHS; ``engine`` checks it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import floor, gcd, isfinite
from typing import Any

import pulp

from allocator.optimise.engine import Outcome
from allocator.optimise.matrix import Matrix
from allocator.optimise.watch import Watch


@dataclass(frozen=True, slots=True)
class Asked:
    """How one solve is to go: a start, an objective that is enough, a node limit, presolve."""

    start: Sequence[int] | None
    enough: int | None
    nodes: int | None
    presolve: bool = True

    def options(self, matrix: Matrix, step: int) -> dict[str, object]:
        """Return the solver options that say so."""
        options: dict[str, object] = {}
        if self.enough is not None:
            options["objective_target"] = (self.enough - matrix.constant) / step - 0.5
        if self.nodes is not None:
            options["mip_max_nodes"] = self.nodes
        if not self.presolve:
            options["presolve"] = "off"
        return options


def solved(matrix: Matrix, watch: Watch, asked: Asked) -> tuple[Outcome, list[float] | None, int]:
    """Model in PuLP, solve with HiGHS; return the outcome, raw values and an integer bound."""
    if any(not line.columns and line.bound < 0 for line in matrix.lines):
        return Outcome.INFEASIBLE, None, 0
    step = reduce(gcd, matrix.objective, 0) or 1
    model, columns = _model(matrix, step, asked.start)
    solver = _Highs(watch, matrix.constant, step, asked.start is not None)
    solver.optionsDict.update(asked.options(matrix, step))
    stats = model.solve(solver)
    bound = _bound(stats, matrix, step)
    if stats.status == pulp.const.LpSolveStatus.Infeasible:
        return Outcome.INFEASIBLE, None, bound
    if not stats.has_solution:
        return Outcome.STOPPED, None, bound
    optimal = stats.status == pulp.const.LpSolveStatus.Optimal
    raw = [x.varValue or 0.0 for x in columns]
    return (Outcome.OPTIMAL if optimal else Outcome.STOPPED), raw, bound


def _model(
    matrix: Matrix, step: int, start: Sequence[int] | None
) -> tuple[pulp.LpProblem, list[pulp.LpVariable]]:
    """Write a matrix in PuLP, its objective divided by ``step``."""
    model = pulp.LpProblem("allocation", pulp.LpMaximize)
    columns = []
    for j, upper in enumerate(matrix.upper):
        integer = not (matrix.follows[j] and upper > 1)
        column = model.add_variable(f"x{j}", 0, upper, "Integer" if integer else "Continuous")
        if start is not None:
            column.setInitialValue(start[j])
        columns.append(column)
    terms = zip(columns, matrix.objective, strict=True)
    model += pulp.lpSum_vars_coefs([(x, c // step) for x, c in terms if c])
    for number, line in enumerate(matrix.lines):
        pairs = zip(line.columns, line.coefficients, strict=True)
        if line.columns:
            expression = pulp.lpSum_vars_coefs([(columns[j], c) for j, c in pairs])
            model += (expression <= line.bound, f"r{number}")
    return model, columns


def _bound(stats: Any, matrix: Matrix, step: int) -> int:
    if stats.best_bound is None or not isfinite(stats.best_bound):
        return matrix.constant + sum(
            c * u for c, u in zip(matrix.objective, matrix.upper, strict=True) if c > 0
        )
    best = float(stats.best_bound)
    return matrix.constant + step * floor(best + 1e-9 * max(1000.0, abs(best)))


class _Highs(pulp.HiGHS):
    """PuLP's HiGHS with exact gaps, one thread, and an ear for the watch."""

    def __init__(self, watch: Watch, constant: int, step: int, warm: bool):
        super().__init__(
            msg=False,
            gapRel=0.0,
            gapAbs=0.999,
            threads=1,
            timeLimit=watch.left(),
            warmStart=warm,
            mip_feasibility_tolerance=1e-9,
            mip_allow_restart=False,
            # Cores are small and their twins already told apart: measured, both only cost time.
            mip_detect_symmetry=False,
            mip_allow_cut_separation_at_nodes=False,
            random_seed=0,
        )
        self._watch, self._constant, self._step = watch, constant, step

    def callSolver(self, lp: Any) -> None:
        """Run HiGHS, listening for a stop where anybody could ask for one."""
        if self._watch.attended():
            lp.solverModel.cbMipInterrupt += self._listen
        lp.solverModel.run()

    def _listen(self, event: Any) -> None:
        data = event.data_out
        best, bound = (
            self._constant + self._step * round(value) if isfinite(value) else None
            for value in (data.mip_primal_bound, data.mip_dual_bound)
        )
        self._watch.report(best, bound)
        if self._watch.over():
            event.interrupt()
