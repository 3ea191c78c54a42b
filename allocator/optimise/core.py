"""What a bound leaves open becomes a small integer programme over whole choices.

Each block keeps the choices whose loss the bound can bear; a block with one choice left is settled.
Every choice kept is one binary column, so the solver never sees a State's own rows: this is the
tightest form they have.
"""

from dataclasses import dataclass

from allocator.optimise.dual import Bound, loose_settled
from allocator.optimise.matrix import Line, Matrix


@dataclass(frozen=True, slots=True)
class Core:
    """A matrix over choices; ``expand[k]`` are the columns of the whole that core column k sets.

    ``base`` are the whole's columns (and values) that are the same in every solution of the core;
    ``whole`` is true if nothing was left out, so that the core's answer is the matrix's.
    """

    matrix: Matrix
    expand: tuple[tuple[int, ...], ...]
    base: tuple[tuple[int, int], ...]
    whole: bool


def core_of(matrix: Matrix, bound: Bound, room: int) -> Core:
    """Return the core of the choices and loose columns that lose at most ``room``."""
    base = loose_settled(matrix, bound, room)
    whole = not base
    expand: list[tuple[int, ...]] = []
    picks: list[tuple[int, ...]] = []
    for block, losses in zip(bound.blocks.blocks, bound.losses, strict=True):
        left = [c for c, loss in zip(block.choices, losses, strict=True) if loss <= room]
        whole = whole and len(left) == len(losses)
        # What all choices left have in common is settled; the rest stays to be chosen.
        common = frozenset(left[0]).intersection(*left[1:]) if left else frozenset[int]()
        base.update(dict.fromkeys(sorted(common), 1))
        numbers = []
        for choice in left:
            rest = tuple(j for j in choice if j not in common)
            if rest:
                numbers.append(len(expand))
                expand.append(rest)
        # Without the empty rest among them, one of the choices must be made.
        must = all(any(j not in common for j in choice) for choice in left)
        if numbers:
            picks.append((*numbers, -1 if must else 0))
    loose = [j for j in bound.blocks.loose if j not in base]
    expand.extend((j,) for j in loose)
    return Core(_matrix(matrix, bound, base, expand, picks), tuple(expand), _pairs(base), whole)


def _pairs(values: dict[int, int]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted((j, x) for j, x in values.items() if x))


def translated(core: Core, line: Line) -> Line:
    """Return a line over the whole's columns as a line over the core's."""
    coefficients = dict(zip(line.columns, line.coefficients, strict=True))
    left = line.bound - sum(coefficients.get(j, 0) * x for j, x in core.base)
    sums = [sum(coefficients.get(j, 0) for j in each) for each in core.expand]
    terms = [(k, c) for k, c in enumerate(sums) if c]
    return Line(line.name, tuple(k for k, _ in terms), tuple(c for _, c in terms), left)


def _matrix(
    matrix: Matrix,
    bound: Bound,
    base: dict[int, int],
    expand: list[tuple[int, ...]],
    picks: list[tuple[int, ...]],
) -> Matrix:
    holders: dict[int, list[int]] = {}
    for k, columns in enumerate(expand):
        for j in columns:
            holders.setdefault(j, []).append(k)
    lines: list[Line] = []
    for n in bound.blocks.linking:
        line = matrix.lines[n]
        left = line.bound
        sums: dict[int, int] = {}
        for j, c in zip(line.columns, line.coefficients, strict=True):
            left -= c * base.get(j, 0)
            for k in holders.get(j, ()):
                sums[k] = sums.get(k, 0) + c
        lines.append(Line(line.name, tuple(sums), tuple(sums.values()), left))
    upper = tuple(matrix.upper[each[0]] for each in expand)
    kept = [line for line in lines if _binds(line, upper)]
    for number, pick in enumerate(picks):
        columns, must = pick[:-1], pick[-1]
        if len(columns) > 1:
            kept.append(Line(f"choice {number}", columns, (1,) * len(columns), 1))
        if must:
            kept.append(Line(f"choice {number}", columns, (-1,) * len(columns), -1))
    return Matrix(
        objective=tuple(sum(matrix.objective[j] for j in each) for each in expand),
        upper=upper,
        follows=tuple(len(each) == 1 and matrix.follows[each[0]] for each in expand),
        lines=tuple(kept),
        origin=tuple(range(len(expand))),
        constant=matrix.constant + sum(matrix.objective[j] * x for j, x in base.items()),
    )


def _binds(line: Line, upper: tuple[int, ...]) -> bool:
    most = sum(c * upper[j] for j, c in zip(line.columns, line.coefficients, strict=True) if c > 0)
    return most > line.bound


def expanded(matrix: Matrix, core: Core, values: tuple[int, ...]) -> tuple[int, ...]:
    """Return a core's answer as values of the whole matrix (auxiliary columns still to follow)."""
    whole = dict(core.base)
    for columns, value in zip(core.expand, values, strict=True):
        if value:
            whole.update(dict.fromkeys(columns, value))
    return tuple(whole.get(j, 0) for j in range(matrix.size))


def contracted(core: Core, values: tuple[int, ...]) -> list[int] | None:
    """Return a whole answer as values of the core's columns, or ``None`` if it is not in it."""
    found = [int(all(values[j] for j in each)) * values[each[0]] for each in core.expand]
    # Of nested choices (one award, and the same with a second) only the larger is meant.
    for k, columns in enumerate(core.expand):
        if found[k] and any(
            found[i] and set(columns) < set(other) for i, other in enumerate(core.expand)
        ):
            found[k] = 0
    covered = {j for j, _ in core.base}
    covered.update(j for k, each in enumerate(core.expand) if found[k] for j in each)
    return found if all(j in covered for j, x in enumerate(values) if x) else None
