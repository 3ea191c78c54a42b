"""The choices of one Member State at one meeting, enumerated: what makes the bound tight.

The rows that concern one State and meeting alone (one package each, quota, pair rule) leave only a
few choices: nothing, one full award, one partial, two partials. Enumerating them lets the bound
price whole choices instead of single columns, so that only the rows that tie States together
(money, persons, floors, caps, balance) need multipliers.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from allocator.optimise.matrix import Line, Matrix
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
    tables = [
        (dict(zip(line.columns, line.coefficients, strict=True)), line.bound) for line in lines
    ]
    held_up = _held_up(matrix, lines)
    singles = [j for j in awards if _allowed((j,), tables, held_up)]
    pairs = [pair for pair in combinations(singles, 2) if _allowed(pair, tables, held_up)]
    in_pairs = {j for pair in pairs for j in pair}
    limited = any(
        bound <= 2 and all(table.get(j, 0) >= 1 for j in in_pairs) for table, bound in tables
    )
    if len(in_pairs) > 2 and not limited:
        return None
    return ((), *((j,) for j in singles), *pairs)


def _held_up(matrix: Matrix, lines: Sequence[Line]) -> dict[int, tuple[Line, ...]]:
    """Return the lines that hold up each auxiliary column of a block (coefficient -1)."""
    found: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        for j, c in zip(line.columns, line.coefficients, strict=True):
            if matrix.follows[j] and c == -1:
                found[j].append(line)
    return {j: tuple(each) for j, each in found.items()}


def _allowed(
    choice: tuple[int, ...],
    tables: Sequence[tuple[dict[int, int], int]],
    held_up: dict[int, tuple[Line, ...]],
) -> bool:
    values = dict.fromkeys(choice, 1)
    for j, lines in held_up.items():
        values[j] = max(
            0,
            *(
                sum(c for k, c in zip(line.columns, line.coefficients, strict=True) if k in choice)
                - line.bound
                for line in lines
            ),
        )
    return all(
        sum(table.get(j, 0) * x for j, x in values.items()) <= bound for table, bound in tables
    ) and all(values[j] <= 1 for j in held_up)
