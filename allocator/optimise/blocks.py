"""The choices of one Member State at one meeting, enumerated: what makes the bound tight.

The rows that concern one State and meeting alone (one package each, quota, pair rule) leave only a
few choices: nothing, one full award, one partial, two partials. Enumerating them lets the bound
price whole choices instead of single columns, so that only the rows that tie States together
(money, persons, floors, caps, balance) need multipliers.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from allocator.optimise.matrix import Line, Matrix
from allocator.optimise.programme import Programme
from allocator.optimise.reduce import LOCAL_ROWS


@dataclass(frozen=True, slots=True)
class Block:
    """Award columns tied by local lines, and every set of them that may be one together.

    The empty choice is always among ``choices``.
    """

    columns: tuple[int, ...]
    choices: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Blocks:
    """A matrix seen as blocks and the lines that tie them.

    ``linking`` are the positions of the lines that are not a block's own; ``loose`` the columns
    that belong to no block (each between 0 and its upper bound); auxiliary columns of a block are
    in neither, for its choices say everything about them.
    """

    blocks: tuple[Block, ...]
    loose: tuple[int, ...]
    linking: tuple[int, ...]


def blocks_of(matrix: Matrix) -> Blocks:
    """Find the blocks of a matrix: columns connected by local lines, with at most two awards each.

    Where more than two awards may go together the columns stay loose and their lines linking.
    """
    local = [n for n, line in enumerate(matrix.lines) if line.name.startswith(LOCAL_ROWS)]
    group = _groups(matrix, local)
    lines_of: dict[int, list[int]] = defaultdict(list)
    for n in local:
        lines_of[group[matrix.lines[n].columns[0]]].append(n)
    members: dict[int, list[int]] = defaultdict(list)
    for j in range(matrix.size):
        members[group[j]].append(j)
    blocks: list[Block] = []
    loose: list[int] = []
    linking = [n for n in range(len(matrix.lines)) if n not in set(local)]
    for root, columns in members.items():
        own = [matrix.lines[n] for n in lines_of.get(root, ())]
        awards = [j for j in columns if not matrix.follows[j]]
        choices = _choices(matrix, awards, own) if own else None
        if choices is None:
            loose.extend(columns)
            linking.extend(lines_of.get(root, ()))
        else:
            blocks.append(Block(tuple(awards), choices))
    return Blocks(tuple(blocks), tuple(loose), tuple(sorted(linking)))


def _groups(matrix: Matrix, local: Iterable[int]) -> list[int]:
    """Return, per column, the least column it is connected to by local lines."""
    parent = list(range(matrix.size))

    def root(j: int) -> int:
        while parent[j] != j:
            parent[j] = parent[parent[j]]
            j = parent[j]
        return j

    for n in local:
        first, *rest = matrix.lines[n].columns
        for j in rest:
            a, b = sorted((root(first), root(j)))
            parent[b] = a
    return [root(j) for j in range(matrix.size)]


def _choices(
    matrix: Matrix, awards: Sequence[int], lines: Sequence[Line]
) -> tuple[tuple[int, ...], ...] | None:
    """Return every set of awards the lines allow, or ``None`` if three could go together."""
    use, bounds = _use(matrix, awards, lines)
    single = np.all(use <= bounds, axis=1)
    alone = [k for k in range(len(awards)) if single[k]]
    together = np.all(use[alone][:, None, :] + use[alone][None, :, :] <= bounds, axis=2)
    pairs = [
        (awards[alone[a]], awards[alone[b]])
        for a, b in zip(*np.nonzero(np.triu(together, 1)), strict=True)
    ]
    in_pairs = sorted({j for pair in pairs for j in pair})
    if len(in_pairs) > 2:
        column = {j: k for k, j in enumerate(awards)}
        shared = use[[column[j] for j in in_pairs]]
        if not np.any(np.all(shared >= 1, axis=0) & (bounds <= 2)):
            return None
    return ((), *((awards[k],) for k in alone), *pairs)


def _use(
    matrix: Matrix, awards: Sequence[int], lines: Sequence[Line]
) -> tuple[np.ndarray, np.ndarray]:
    """Return how much of each line (and each auxiliary column) one award takes, and the bounds.

    An auxiliary column of a block counts awards (its holding line is ``Σ awards - column <= 0``),
    so what it takes of the other lines is taken by those awards, and it may not exceed its box.
    """
    holding = [
        (line, j)
        for line in lines
        for j, c in zip(line.columns, line.coefficients, strict=True)
        if c == -1 and matrix.follows[j] and line.bound == 0
    ]
    raised = {j: dict(zip(line.columns, line.coefficients, strict=True)) for line, j in holding}
    held = {line.name for line, _ in holding}
    limits = [
        (dict(zip(e.columns, e.coefficients, strict=True)), e.bound)
        for e in lines
        if e.name not in held
    ]
    limits.extend(({j: 1}, matrix.upper[j]) for j in raised)
    use = np.array(
        [
            [
                table.get(k, 0) + sum(table.get(j, 0) * by.get(k, 0) for j, by in raised.items())
                for table, _ in limits
            ]
            for k in awards
        ],
        dtype=np.int64,
    ).reshape(len(awards), len(limits))
    return use, np.array([bound for _, bound in limits], dtype=np.int64)


def everyone_in_a_block(programme: Programme, matrix: Matrix) -> Blocks:
    """Return the blocks, each application of no block in one of its own.

    An application holds one package at most, so these choices are all it has.
    """
    blocks = blocks_of(matrix)
    own: dict[str, list[int]] = defaultdict(list)
    for j in blocks.loose:
        application = programme.columns[matrix.origin[j]].application
        if application:
            own[application].append(j)
    more = (Block(tuple(js), ((), *((j,) for j in js))) for js in own.values())
    rest = tuple(j for j in blocks.loose if matrix.follows[j])
    return Blocks((*blocks.blocks, *more), rest, blocks.linking)
