"""One measurement in a process of its own.

``python -m bench.one WHO APPLICATIONS MEETINGS SEED LIMIT``, where WHO is ``ours``, ``highs`` (the
whole programme handed to HiGHS as arrays) or ``pulp`` (the same programme written in PuLP as a user
would). Prints one line of JSON: CPU seconds by stage, peak memory, status, objective and bound in
the programme's units.
"""

import gc
import json
import resource
import sys
from time import process_time

from allocator.optimise.programme import Programme, build
from bench.synthetic import Synthetic, synthetic

type Figures = dict[str, float | int | str | None]


def ours(case: Synthetic, limit: float) -> Figures:
    """Measure the allocator: build, reduce, prove, and the whole decision with its lottery."""
    from allocator.optimise.matrix import of_programme
    from allocator.optimise.prove import prove
    from allocator.optimise.reduce import reduce_programme
    from allocator.optimise.solve import allocate
    from allocator.optimise.watch import Watch

    began = process_time()
    programme = build(case.pool, case.round, case.rules)
    built = process_time()
    reduction = reduce_programme(programme, case.pool, case.rules, case.round.lottery_seed)
    matrix = of_programme(programme, reduction.never | reduction.drawn_out)
    reduced = process_time()
    proven = prove(matrix, Watch(limit))
    solved = process_time()
    del programme, reduction, matrix
    gc.collect()
    again = process_time()
    whole: float | None = None
    status = "not final"
    if proven.optimal:
        _, allocation = allocate(case.pool, case.round, case.rules, time_limit=limit)
        whole, status = process_time() - again, str(allocation.status)
    return {
        "build": built - began,
        "reduce": reduced - built,
        "solve": solved - reduced,
        "total": solved - began,
        "decision": whole,
        "status": status,
        "objective": proven.objective,
        "bound": proven.bound,
    }


def highs(case: Synthetic, limit: float) -> Figures:
    """Measure HiGHS alone on the unreduced programme, given as arrays."""
    import highspy
    import numpy as np

    from allocator.optimise.engine import as_lp
    from allocator.optimise.matrix import of_programme

    programme = build(case.pool, case.round, case.rules)
    began = process_time()
    matrix = of_programme(programme)
    lp = as_lp(matrix)
    lp.integrality_ = [
        highspy.HighsVarType.kContinuous
        if matrix.follows[j] and matrix.upper[j] > 1
        else highspy.HighsVarType.kInteger
        for j in range(matrix.size)
    ]
    solver = highspy.Highs()
    for option, value in (
        ("output_flag", False),
        ("threads", 1),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", 0.999),
        ("time_limit", limit),
    ):
        solver.setOptionValue(option, value)
    solver.passModel(lp)
    built = process_time()
    solver.run()
    solved = process_time()
    info = solver.getInfo()
    final = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    known = np.isfinite(info.objective_function_value)
    return {
        "build": built - began,
        "solve": solved - built,
        "total": solved - began,
        "status": "optimal" if final else "not final",
        "objective": round(info.objective_function_value) if known else None,
        "bound": round(info.mip_dual_bound) if np.isfinite(info.mip_dual_bound) else None,
    }


def as_a_user_would(case: Synthetic, limit: float) -> Figures:
    """Measure PuLP with HiGHS on the unreduced programme, written row by row."""
    import pulp

    programme: Programme = build(case.pool, case.round, case.rules)
    began = process_time()
    model = pulp.LpProblem("allocation", pulp.LpMaximize)
    x = [
        model.add_variable(
            f"x{j}", 0, c.upper, "Integer" if c.application or c.upper == 1 else "Continuous"
        )
        for j, c in enumerate(programme.columns)
    ]
    pairs = zip(x, programme.columns, strict=True)
    model += pulp.lpSum_vars_coefs([(v, c.objective) for v, c in pairs if c.objective])
    for row in programme.rows:
        terms = zip(row.columns, row.coefficients, strict=True)
        left = pulp.lpSum_vars_coefs([(x[j], c) for j, c in terms])
        if row.columns:
            model += (left <= row.bound) if row.sense == "<=" else (left >= row.bound)
    built = process_time()
    stats = model.solve(pulp.HiGHS(msg=False, gapRel=0, gapAbs=0.999, threads=1, timeLimit=limit))
    solved = process_time()
    final = stats.status == pulp.const.LpSolveStatus.Optimal
    return {
        "build": built - began,
        "solve": solved - built,
        "total": solved - began,
        "status": "optimal" if final else "not final",
        "objective": round(stats.objective) if stats.has_solution else None,
        "bound": round(stats.best_bound) if stats.best_bound is not None else None,
    }


def main() -> None:
    """Measure what the command line names and print it."""
    who, applications, meetings, seed, limit = sys.argv[1:6]
    case = synthetic(int(applications), int(meetings), int(seed))
    measure = {"ours": ours, "highs": highs, "pulp": as_a_user_would}[who]
    figures = measure(case, float(limit))
    figures["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
