"""A pool, a round and the rules become the one allocation the method selects.

Build the programme, reduce it, prove an optimum, draw the lottery among equally good ones, find the
paying funds, and check the outcome against every row as written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from allocator.errors import AllocatorError, problem
from allocator.model import Award, Package, Pool, Round
from allocator.optimise.allocation import Allocation, Draw, Status
from allocator.optimise.blocks import blocks_of
from allocator.optimise.conflict import infeasible
from allocator.optimise.dual import bound_of
from allocator.optimise.engine import relax
from allocator.optimise.funds import Grant, fund_order, pay
from allocator.optimise.matrix import Matrix, broken, complete, full_values, of_programme
from allocator.optimise.optima import Ground, ground_of, optima, optima_worth
from allocator.optimise.programme import Programme, build, payable_from
from allocator.optimise.prove import Infeasible, Proven, prove
from allocator.optimise.reduce import (
    Reduction,
    impossible,
    lottery_key,
    lottery_order,
    reduce_programme,
)
from allocator.optimise.ties import Best, best_of, differing, draw, drawn_from, listed, tied_among
from allocator.optimise.watch import Progress, Stopped, Watch
from allocator.rules import Rules


@dataclass(frozen=True, slots=True)
class Solution:
    """A best answer to a bare programme: one value per column, objective and proven bound."""

    values: tuple[int, ...]
    objective: int
    bound: int
    status: Status


def solve(programme: Programme, watch: Watch | None = None) -> Solution:
    """Solve a programme by itself, without a lottery; any best answer may be returned.

    Raises
    ------
    Infeasible
        If no integer solution exists.
    AllocatorError
        ``optimise-no-answer`` if the watch ended it before any answer was known.
    """
    matrix = of_programme(programme, impossible(programme))
    proven = prove(matrix, watch or Watch())
    values = _values(programme, full_values(matrix, _known(proven), len(programme.columns)))
    status = Status.OPTIMAL if proven.optimal else Status.NOT_FINAL
    return Solution(values, proven.objective, proven.bound, status)


def allocate(
    pool: Pool,
    round_: Round,
    rules: Rules,
    *,
    time_limit: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancel: Callable[[], bool] | None = None,
) -> tuple[Programme, Allocation]:
    """Decide a round.

    Parameters
    ----------
    pool : Pool
        Eligible candidates with merit (thousandths of a point) and costs (minor units).
    round_ : Round
        Meetings, budgets, funds, the published lottery seed.
    rules : Rules
        The policy on the decision date.
    time_limit : float, optional
        Seconds after which the best known answer is returned, marked not final.
    progress : callable, optional
        Told how the solve stands.
    cancel : callable, optional
        Asked whether to stop; as with the time limit.

    Returns
    -------
    Programme, Allocation
        The programme as written, and an allocation that satisfies every row of it exactly.

    Raises
    ------
    AllocatorError
        ``optimise-infeasible`` with the smallest conflict when no allocation keeps every clause;
        ``optimise-no-answer`` if it was stopped before any allocation was found.
    """
    watch = Watch(time_limit, cancel, progress)
    programme = build(pool, round_, rules)
    watch.scale = programme.scale
    reduction = reduce_programme(programme, pool, rules, round_.lottery_seed)
    try:
        proven, values, tied = _select(programme, pool, round_, reduction, watch)
    except Infeasible:
        raise infeasible(pool, round_, rules, watch) from None
    values = _values(programme, values)
    awards = _awards(programme, values, pool, round_)
    final = proven.optimal and tied is not None
    return programme, Allocation(
        status=Status.OPTIMAL if final else Status.NOT_FINAL,
        values=values,
        awards=awards,
        objective=proven.objective,
        bound=proven.bound,
        draws=_draws(round_.lottery_seed, tied or frozenset(), awards),
    )


def _known(proven: Proven) -> tuple[int, ...]:
    if proven.values is None:
        raise AllocatorError(problem("optimise-no-answer"))
    return proven.values


def _select(
    programme: Programme, pool: Pool, round_: Round, reduction: Reduction, watch: Watch
) -> tuple[Proven, tuple[int, ...], frozenset[str] | None]:
    """Return the proof, the selected values by programme column, and who was tied.

    Nobody is named as tied (``None``) if the watch ended the search or the draw. Twins kept out of
    the matrix are only told apart by the lottery, so an award to one of a class is a tie by itself.
    """
    order = lottery_order(
        round_.lottery_seed, [each.application.application_id for each in pool.candidates]
    )
    columns = len(programme.columns)
    whole = of_programme(programme, reduction.never)
    ground = _ground(programme, whole, order, watch)
    found = None if ground is None else optima(ground, watch)
    if ground is not None and found is not None:
        watch.report(found.objective, found.bound)
        before = Proven(found.values, found.objective, found.bound, ground.bound)
        if before.optimal or watch.over():
            return before, full_values(whole, found.values, columns), found.tied
    matrix = of_programme(programme, reduction.never | _extra_twins(reduction))
    proven = prove(matrix, watch, rivals=True)
    if not proven.optimal and found is not None and found.objective > proven.objective:
        bound = min(found.bound, proven.bound)
        better = replace(proven, values=found.values, objective=found.objective, bound=bound)
        return better, full_values(whole, found.values, columns), None
    values = _known(proven)
    known = full_values(matrix, values, columns)
    if not proven.optimal:
        return proven, known, None
    twins = _twins_at_stake(reduction, known)
    if proven.rival is None and not twins:
        return proven, known, frozenset()
    watch.stage = "ties"
    watch.report(proven.objective, proven.bound)
    if ground is not None and (found := optima_worth(ground, proven.objective)) is not None:
        return proven, full_values(whole, found.values, columns), found.tied
    watch = watch.quiet()  # what follows maximises other things than the objective
    best_known = best_of(programme, matrix, proven.relaxation, proven.objective, watch)
    try:
        if few := _few(best_known, proven, reduction):
            drawn = full_values(matrix, drawn_from(best_known, few, order), columns)
            return proven, drawn, differing(best_known, few)
        tied = tied_among(best_known, values, proven.rival or values, reduction.twins)
        drawn = _drawn(programme, pool, round_, reduction, proven, tied, watch)
    except Stopped:
        return proven, known, None
    return proven, drawn, tied


def _ground(
    programme: Programme, matrix: Matrix, order: Sequence[str], watch: Watch
) -> Ground | None:
    """Return what the best allocations are looked for in; ``None`` where that needs the solver.

    In a round of one meeting this is by far the quickest way: no search of a tree is needed.
    """
    named = any(column.fund for column in programme.columns)
    if named or all(matrix.follows) or watch.over():
        return None
    relaxed = relax(matrix, watch)
    if not relaxed.feasible:
        raise Infeasible
    return ground_of(programme, matrix, relaxed.multipliers, order)


def _few(best: Best, proven: Proven, reduction: Reduction) -> list[tuple[int, ...]]:
    """Return all best allocations where they are few and say everything; else none.

    They do not say everything where an award went to a twin, or where awards name their funds.
    """
    named = any(column.fund for column in best.programme.columns)
    if proven.values is None or proven.rival is None or named:
        return []
    found = listed(best, proven.values, proven.rival) or []
    columns = len(best.programme.columns)
    whole = (full_values(best.matrix, each, columns) for each in found)
    return [] if any(_twins_at_stake(reduction, each) for each in whole) else found


def _extra_twins(reduction: Reduction) -> frozenset[int]:
    """Return the members of classes of twins that need not be kept to know what is best."""
    pairs = zip(reduction.twins, reduction.kept_twins, strict=True)
    return frozenset(p for alike, kept in pairs for p in alike[kept:])


def _twins_at_stake(reduction: Reduction, known: Sequence[int]) -> bool:
    """Tell whether an award went to one of a class of twins that others are as good for."""
    return any(known[p] for alike in reduction.twins for p in alike)


def _drawn(
    programme: Programme,
    pool: Pool,
    round_: Round,
    reduction: Reduction,
    proven: Proven,
    tied: frozenset[str],
    watch: Watch,
) -> tuple[int, ...]:
    """Draw the lottery on the matrix without what the lottery alone has ruled out."""
    matrix = of_programme(programme, reduction.never | reduction.drawn_out)
    bound = bound_of(matrix, blocks_of(matrix), relax(matrix, watch).multipliers)
    best = best_of(programme, matrix, bound, proven.objective, watch)
    order = lottery_order(round_.lottery_seed, tied)
    named = any(column.fund for column in programme.columns)
    funds = fund_order(pool, round_) if named else ()
    return full_values(matrix, draw(best, order, funds), len(programme.columns))


def _values(programme: Programme, values: Sequence[int]) -> tuple[int, ...]:
    """Complete and check an answer against every row of the programme as written.

    Raises
    ------
    AllocatorError
        ``optimise-unstable`` if it breaks a row: such an answer is never returned.
    """
    matrix = of_programme(programme)
    whole = complete(matrix, values)
    if broken(matrix, whole) is not None:
        raise AllocatorError(problem("optimise-unstable"))
    return whole


def objective_of(programme: Programme, values: Sequence[int]) -> int:
    """Return the exact objective of values, one per column of the programme."""
    return sum(c.objective * x for c, x in zip(programme.columns, values, strict=True) if x)


def _awards(
    programme: Programme, values: Sequence[int], pool: Pool, round_: Round
) -> tuple[Award, ...]:
    candidates = {c.application.application_id: c for c in pool.candidates}
    grants = []
    for column, value in zip(programme.columns, values, strict=True):
        if not value or column.package is None:
            continue
        candidate = candidates[column.application]
        cost = next(c.amount for c in candidate.costs if c.package is column.package)
        funds: tuple[str, ...] = (column.fund,) if column.fund else ()
        funds = funds or payable_from(candidate, column.package, round_.funds)
        grants.append(Grant(column.application, column.package, cost, funds))
    return tuple(
        sorted(
            pay(grants, round_, fund_order(pool, round_)), key=lambda award: award.application_id
        )
    )


def _draws(seed: str, tied: frozenset[str], awards: Sequence[Award]) -> tuple[Draw, ...]:
    package: dict[str, Package] = {a.application_id: a.package for a in awards}
    return tuple(
        Draw(n, application, lottery_key(seed, application), package.get(application))
        for n, application in enumerate(lottery_order(seed, tied), start=1)
    )
