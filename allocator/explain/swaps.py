"""Which awarded application could be exchanged for which declined one, at no loss.

Exact: everybody else keeps what they have, every rule holds, the objective stays the same. Of all
pairs only those whose gain can be nothing are tried against the rules: the gain depends on the two
objectives and on how each column stands in the rows of the balance factors, alike for many columns.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from allocator.explain.explanation import Swap
from allocator.explain.neighbours import Neighbourhood, neighbourhood
from allocator.model import Award
from allocator.optimise.matrix import complete, of_programme
from allocator.optimise.programme import Column, Programme

type Standing = tuple[tuple[int, int], ...]
"""The rows of balance factors that a column stands in, with its coefficients."""

type Worths = dict[int, list[int]]
"""Columns by objective."""


def swaps(programme: Programme, values: Sequence[int]) -> tuple[Swap, ...]:
    """Return every exchange at no loss, by the ids of the two; of several packages the first.

    Parameters
    ----------
    programme : Programme
        The programme of the round.
    values : sequence of int
        A best allocation, one value per column.
    """
    around = neighbourhood(programme, values)
    columns = programme.columns
    held = {c.application for c, x in zip(columns, values, strict=True) if x}
    awards = [j for j, x in enumerate(values) if x and columns[j].application]
    others = [j for j, c in enumerate(columns) if c.application and c.application not in held]
    found: dict[tuple[str, str], Swap] = {}
    for on, off in sorted(around.fitting(_level(around, others, awards))):
        pair = columns[off].application, columns[on].application
        package = columns[on].package
        if pair not in found and package is not None and around.change(on, off).possible:
            found[pair] = Swap(*pair, package)
    return tuple(found[pair] for pair in sorted(found))


def _level(
    around: Neighbourhood, others: Sequence[int], awards: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Yield the pairs of columns whose exchange leaves the objective as it is."""
    for entering, leaving, balance in _standings(around, others, awards):
        for worth, candidates in entering.items():
            for on in candidates:
                for off in leaving.get(worth + balance, ()):
                    yield on, off


def _better(
    around: Neighbourhood, others: Sequence[int], awards: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Yield the pairs of columns whose exchange would make the objective larger."""
    for entering, leaving, balance in _standings(around, others, awards):
        for worth, candidates in entering.items():
            lighter = [
                off for lost, held in leaving.items() if lost < worth + balance for off in held
            ]
            yield from ((on, off) for on in candidates for off in lighter)


def _standings(
    around: Neighbourhood, others: Sequence[int], awards: Sequence[int]
) -> Iterator[tuple[Worths, Worths, int]]:
    """Yield columns to enter and to leave that stand alike, and what balance gains by any two."""
    columns = around.programme.columns
    into, out = _sorted(around, others), _sorted(around, awards)
    for entering in into.values():
        for leaving in out.values():
            on, off = (next(iter(each.values()))[0] for each in (entering, leaving))
            own = columns[on].objective - columns[off].objective
            yield entering, leaving, around.change(on, off).gain - own


def _sorted(around: Neighbourhood, columns: Sequence[int]) -> dict[Standing, Worths]:
    found: dict[Standing, Worths] = defaultdict(lambda: defaultdict(list))
    for j in columns:
        found[_standing(around, j)][around.programme.columns[j].objective].append(j)
    return found


def _standing(around: Neighbourhood, j: int) -> Standing:
    columns = around.programme.columns
    return tuple(
        (row, coefficient)
        for row, coefficient in around.rows.get(j, ())
        if row in around.held and columns[around.held[row]].objective
    )


def improvable(programme: Programme, awards: Iterable[Award]) -> bool:
    """Tell whether one award more, another package or one exchange would be worth more.

    No proof that nothing is better, yet most allocations that are not the best fail it.
    """
    granted = {a.application_id: a for a in awards}
    columns = programme.columns
    chosen = [int(_is_granted(column, granted)) for column in columns]
    values = complete(of_programme(programme), chosen)
    around = neighbourhood(programme, values)
    held = {c.application: j for j, c in enumerate(columns) if c.application and values[j]}
    others = [j for j, c in enumerate(columns) if c.application and not values[j]]
    for on in others:
        change = around.change(on, held.get(columns[on].application))
        if change.possible and change.gain > 0:
            return True
    new = [on for on in others if columns[on].application not in held]
    pairs = around.fitting(_better(around, new, list(held.values())))
    return any(around.change(on, off).possible for on, off in pairs)


def _is_granted(column: Column, granted: Mapping[str, Award]) -> bool:
    award = granted.get(column.application)
    if award is None or award.package is not column.package:
        return False
    return not column.fund or column.fund in {fund for fund, _ in award.shares}
