"""The least extra money with which an allocation that awards an application is worth so much.

More money never makes the best allocation that awards an application worse, so there is a least
amount with which one is worth as much as the present best. It is looked for upwards from a bound
that the prices prove: at each amount everything worth so much is followed, and of what is found the
least need is taken. Less is not possible, for what needs less would have been found as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from allocator.model import POINT
from allocator.optimise.blocks import everyone_in_a_block
from allocator.optimise.cheapest import cheapest_under
from allocator.optimise.engine import relax
from allocator.optimise.matrix import Line, Matrix
from allocator.optimise.programme import Programme
from allocator.optimise.terrain import Integers, Terrain, Truths, terrain_of

GROWTH = 2
"""The second amount beyond the bound is so many times the first, and so on."""

MOST_BITS = 62
"""No bound may need more bits than this however much money there is."""


@dataclass(frozen=True, slots=True)
class Wants:
    """A programme in which some lines, in minor units, may have ``most`` more money together.

    ``places`` are those lines' on the terrain; ``home`` is an application's block. ``best`` (S, B)
    is the most a block can gain at each set of prices, ``bound`` (S) what they prove altogether.
    """

    programme: Programme
    terrain: Terrain
    places: Integers
    home: dict[str, int]
    most: int
    best: Integers
    bound: Integers


def wants_of(
    programme: Programme, matrix: Matrix, needs: Sequence[Line], most: int
) -> Wants | None:
    """Look at a programme once for all applications; ``None`` if it is too large for that.

    Parameters
    ----------
    programme : Programme
        Written with all the money it could use.
    matrix : Matrix
        Its matrix.
    needs : sequence of Line
        The money lines with the money there is, in minor units; they replace those of that name.
    most : int
        The most extra money, in minor units.
    """
    names = {each.name for each in needs}
    lines = (*(each for each in matrix.lines if each.name not in names), *needs)
    tight = replace(matrix, lines=lines)
    blocks = everyone_in_a_block(programme, tight)
    columns = [programme.columns[position] for position in matrix.origin]
    rank = dict.fromkeys((each.application for each in columns), 0)
    prices = relax(tight).multipliers
    plenty = dict(zip((e.name for e in matrix.lines), relax(matrix).multipliers, strict=True))
    # What is scarce once there is more money has other prices.
    others = [[plenty.get(each.name, 0.0) for each in lines]]
    terrain = terrain_of(programme, tight, blocks, prices, rank, others)
    if terrain is None:
        return None
    places = [p for p, n in enumerate(terrain.lines) if lines[n].name in names]
    dearest = sum(int(each) for each in terrain.weights[:, places].max(axis=0, initial=0))
    if (int(np.abs(terrain.rest).max()) + dearest * most).bit_length() > MOST_BITS:
        return None
    home = {
        columns[j].application: number
        for number, block in enumerate(blocks.blocks)
        for j in block.columns
    }
    best = np.maximum.reduceat(terrain.gains, terrain.start[:-1], axis=1)
    bound = terrain.rest + best.sum(axis=1)
    return Wants(programme, terrain, np.array(places, dtype=np.int64), home, most, best, bound)


def least_need(wants: Wants, application: str, worth: int) -> int | None:
    """Return the least extra money (minor units) with which an award to it can be worth so much.

    Parameters
    ----------
    wants : Wants
        What is looked at.
    application : str
        The application that is to be awarded.
    worth : int
        What the whole allocation is then worth at least, in units of the objective.

    Returns
    -------
    int
        0 if no extra money is needed, ``None`` if none would do.

    Raises
    ------
    TooMany
        If there are more allocations than are looked at.
    """
    number = wants.home.get(application)
    if number is None:
        return None
    allowed = _awarding(wants, application, number)
    least = _least(wants, number, allowed, worth)
    if least is None:
        return None
    low = _eased(wants, least)
    amount, step = least, _step(wants)
    while True:
        amount = min(wants.most, amount + step)
        found = cheapest_under(_eased(wants, amount), low, number, allowed, worth)
        if found is not None:
            return max(least, _needed(wants, found.values))
        if amount == wants.most:
            return None
        step *= GROWTH


def least_proven(wants: Wants, application: str, worth: int) -> int | None:
    """Return extra money that ``least_need`` is not below, at once; ``None``: none would do."""
    number = wants.home.get(application)
    if number is None:
        return None
    return _least(wants, number, _awarding(wants, application, number), worth)


def _least(wants: Wants, number: int, allowed: Truths, worth: int) -> int | None:
    terrain = wants.terrain
    if not allowed.any():
        return None
    own = terrain.gains[:, terrain.block(number)][:, allowed].max(axis=1)
    bound = wants.bound - wants.best[:, number] + own
    least = 0
    for missing, weights in zip(worth * terrain.unit - bound, terrain.weights, strict=True):
        price = int(weights[wants.places].sum())
        if missing > 0 and not price:
            return None
        if missing > 0:
            least = max(least, -(-int(missing) // price))
    return least if least <= wants.most else None


def _awarding(wants: Wants, application: str, number: int) -> Truths:
    terrain = wants.terrain
    return np.array(
        [
            any(
                wants.programme.columns[terrain.matrix.origin[j]].application == application
                for j in choice
            )
            for choice in terrain.choices[terrain.block(number)]
        ]
    )


def _step(wants: Wants) -> int:
    """Return the extra money that is worth a point, the first that is tried beyond the bound."""
    terrain = wants.terrain
    price = int(terrain.weights[0][wants.places].sum())
    return max(1, POINT * wants.programme.scale * terrain.unit // price) if price else wants.most


def _eased(wants: Wants, amount: int) -> Terrain:
    """Return the terrain with so much more money."""
    terrain = wants.terrain
    room = terrain.room.copy()
    room[wants.places] += amount
    priced = terrain.weights[:, wants.places].sum(axis=1) * amount
    return replace(
        terrain,
        room=room,
        rest=terrain.rest + priced,
        bare_rest=terrain.bare_rest + priced[: len(terrain.bare_rest)],
    )


def _needed(wants: Wants, values: Sequence[int]) -> int:
    """Return what an allocation (by matrix column) spends beyond the money there is."""
    lines = wants.terrain.matrix.lines
    return max(
        (
            sum(c * values[j] for j, c in zip(line.columns, line.coefficients, strict=True))
            - line.bound
            for line in (lines[wants.terrain.lines[place]] for place in wants.places)
        ),
        default=0,
    )
