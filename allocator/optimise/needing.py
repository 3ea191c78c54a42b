"""A programme in which some budget lines may have more money, and what its prices prove at once.

With too little extra money no allocation that awards an application is worth as much as the best
without extra money: then the method does not award it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from allocator.optimise.blocks import Blocks, everyone_in_a_block
from allocator.optimise.engine import relax
from allocator.optimise.matrix import Line, Matrix
from allocator.optimise.programme import Programme
from allocator.optimise.terrain import Integers, Terrain, Truths, terrain_of


@dataclass(frozen=True, slots=True)
class Wants:
    """A programme in which some lines, in minor units, may have ``most`` more money together.

    ``places`` are those lines' on the terrain; ``home`` is an application's block, ``rank`` its
    place in the lottery. ``best`` (S, B) is the most a block can gain at each set of prices,
    ``bound`` (S) what they prove altogether.
    """

    programme: Programme
    blocks: Blocks
    rank: Mapping[str, int]
    terrain: Terrain
    places: Integers
    home: dict[str, int]
    most: int
    best: Integers
    bound: Integers


def wants_of(
    programme: Programme,
    matrix: Matrix,
    needs: Sequence[Line],
    most: int,
    order: Sequence[str],
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
    order : sequence of str
        All applications in lottery order.
    """
    names = {each.name for each in needs}
    lines = (*(each for each in matrix.lines if each.name not in names), *needs)
    tight = replace(matrix, lines=lines)
    blocks = everyone_in_a_block(programme, tight)
    columns = [programme.columns[position] for position in matrix.origin]
    rank = {application: place for place, application in enumerate(order)}
    prices = relax(tight).multipliers
    plenty = dict(zip((e.name for e in matrix.lines), relax(matrix).multipliers, strict=True))
    # What is scarce once there is more money has other prices.
    others = [[plenty.get(each.name, 0.0) for each in lines]]
    terrain = terrain_of(programme, tight, blocks, prices, rank, others, packages=True)
    if terrain is None:
        return None
    places = [p for p, n in enumerate(terrain.lines) if lines[n].name in names]
    home = {
        columns[j].application: number
        for number, block in enumerate(blocks.blocks)
        for j in block.columns
    }
    best = np.maximum.reduceat(terrain.gains, terrain.start[:-1], axis=1)
    bound = terrain.rest + best.sum(axis=1)
    return Wants(
        programme, blocks, rank, terrain, np.array(places, dtype=np.int64), home, most, best, bound
    )


def least_proven(wants: Wants, application: str, worth: int) -> int | None:
    """Return extra money (minor units) without which an award to it cannot be worth so much.

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
        0 if nothing is proven, ``None`` if no extra money would do.
    """
    number = wants.home.get(application)
    if number is None:
        return None
    terrain, allowed = wants.terrain, awarding(wants, application)
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


def awarding(wants: Wants, application: str) -> Truths:
    """Return which choices of an application's block award it."""
    columns, terrain = wants.programme.columns, wants.terrain
    choices = terrain.choices[terrain.block(wants.home[application])]
    return np.array(
        [
            any(columns[terrain.matrix.origin[j]].application == application for j in choice)
            for choice in choices
        ]
    )
