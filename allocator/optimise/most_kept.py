"""Of awards made before, the most that can be kept, and which: exactly, and then the lottery.

Asked when money was cut after publication. First the greatest number of awards that can stand is
found; then, of all allocations that keep so many, the one that is worth most and that the lottery
selects tells which stand.
"""

from collections.abc import Mapping
from dataclasses import replace

from allocator.errors import AllocatorError, problem
from allocator.model import Package, Pool, Round
from allocator.optimise.allocation import Status
from allocator.optimise.blocks import blocks_of
from allocator.optimise.conflict import infeasible
from allocator.optimise.dual import bound_of
from allocator.optimise.engine import relax
from allocator.optimise.funds import fund_order
from allocator.optimise.matrix import full_values, of_programme
from allocator.optimise.programme import Programme, Row, build
from allocator.optimise.prove import Infeasible
from allocator.optimise.reduce import impossible, lottery_order
from allocator.optimise.solve import Solution, solve
from allocator.optimise.ties import best_of, draw
from allocator.optimise.watch import Stopped, Watch
from allocator.rules import Rules


def most_kept(
    pool: Pool, round_: Round, rules: Rules, awards: Mapping[str, Package], watch: Watch
) -> tuple[str, ...]:
    """Return the applications whose awards stand, sorted.

    Parameters
    ----------
    pool, round_, rules
        The round as it is now; nothing in the rules holds it to the awards.
    awards : mapping
        The packages awarded before, by application; each is one the application accepts.
    watch : Watch
        Time limit and cancel question.

    Raises
    ------
    AllocatorError
        ``optimise-infeasible`` if nothing keeps the other rules, ``optimise-no-answer`` if the
        watch ended the search: what is not proven breaks no published award.
    """
    programme = build(pool, round_, rules)
    kept = tuple(
        j
        for j, column in enumerate(programme.columns)
        if _keeps(awards, column.application, column.package)
    )
    try:
        most = _solved(_counting(programme, kept), watch).objective
    except Infeasible:
        raise infeasible(pool, round_, rules, watch) from None
    if most == len(awards):
        return tuple(sorted(awards))
    row = Row("floor[kept]", kept, (1,) * len(kept), ">=", most)
    bound = replace(programme, rows=(*programme.rows, row))
    values = _selected(bound, pool, round_, _solved(bound, watch).objective, watch)
    return tuple(sorted(programme.columns[j].application for j in kept if values[j]))


def _keeps(awards: Mapping[str, Package], application: str, package: Package | None) -> bool:
    return package is not None and awards.get(application) is package


def _counting(programme: Programme, kept: tuple[int, ...]) -> Programme:
    """Return the programme that counts the awards kept and nothing else."""
    inside = frozenset(kept)
    columns = (
        replace(column, objective=int(j in inside)) for j, column in enumerate(programme.columns)
    )
    return replace(programme, columns=tuple(columns))


def _solved(programme: Programme, watch: Watch) -> Solution:
    solution = solve(programme, watch)
    if solution.status is not Status.OPTIMAL:
        raise AllocatorError(problem("optimise-no-answer"))
    return solution


def _selected(
    programme: Programme, pool: Pool, round_: Round, objective: int, watch: Watch
) -> tuple[int, ...]:
    """Return the values of the allocation that the lottery selects among the best."""
    matrix = of_programme(programme, impossible(programme))
    bound = bound_of(matrix, blocks_of(matrix), relax(matrix, watch).multipliers)
    ids = (each.application.application_id for each in pool.candidates)
    order = lottery_order(round_.lottery_seed, ids)
    try:
        best = best_of(programme, matrix, bound, objective, watch.quiet())
        drawn = draw(best, order, fund_order(pool, round_))
    except Stopped:
        raise AllocatorError(problem("optimise-no-answer")) from None
    return full_values(matrix, drawn, len(programme.columns))
