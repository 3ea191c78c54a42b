"""The programme as the solver takes it: every row in ``<=`` form, columns fixed or left free.

All numbers stay exact integers; ``check`` is the judge of every answer a solver gives.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from allocator.optimise.programme import Programme


@dataclass(frozen=True, slots=True)
class Line:
    """``Σ coefficients·x[columns] <= bound``; ``name`` is the programme's row."""

    name: str
    columns: tuple[int, ...]
    coefficients: tuple[int, ...]
    bound: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """Maximise ``Σ objective·x`` within the lines, ``0 <= x <= upper``.

    ``follows[j]`` is true for auxiliary columns, whose value follows from the awards. ``origin[j]``
    is the column's position in the programme; ``constant`` is the objective of columns fixed above
    zero; ``fixed`` are those columns' values by programme position.
    """

    objective: tuple[int, ...]
    upper: tuple[int, ...]
    follows: tuple[bool, ...]
    lines: tuple[Line, ...]
    origin: tuple[int, ...]
    constant: int = 0
    fixed: tuple[tuple[int, int], ...] = ()

    @property
    def size(self) -> int:
        """Return the number of free columns."""
        return len(self.objective)


def of_programme(programme: Programme, dropped: frozenset[int] = frozenset()) -> Matrix:
    """Return the programme's matrix without the columns that are known to be zero."""
    keep = [j for j in range(len(programme.columns)) if j not in dropped]
    position = {j: k for k, j in enumerate(keep)}
    lines = []
    for row in programme.rows:
        sign = 1 if row.sense == "<=" else -1
        terms = [
            (position[j], sign * c)
            for j, c in zip(row.columns, row.coefficients, strict=True)
            if j in position
        ]
        lines.append(_line(row.name, terms, sign * row.bound))
    columns = [programme.columns[j] for j in keep]
    upper = tuple(c.upper for c in columns)
    return Matrix(
        objective=tuple(c.objective for c in columns),
        upper=upper,
        follows=tuple(not c.application for c in columns),
        lines=tuple(line for line in lines if _binds(line, upper)),
        origin=tuple(keep),
    )


def _line(name: str, terms: Iterable[tuple[int, int]], bound: int) -> Line:
    pairs = tuple(terms)
    return Line(name, tuple(p for p, _ in pairs), tuple(c for _, c in pairs), bound)


def _binds(line: Line, upper: Sequence[int]) -> bool:
    """Tell whether a line can be broken at all within the columns' bounds."""
    most = sum(c * upper[j] for j, c in zip(line.columns, line.coefficients, strict=True) if c > 0)
    return most > line.bound


def fix(matrix: Matrix, values: Mapping[int, int]) -> Matrix:
    """Return the matrix with some columns (by position in it) fixed at the given values."""
    keep = [j for j in range(matrix.size) if j not in values]
    position = {j: k for k, j in enumerate(keep)}
    upper = tuple(matrix.upper[j] for j in keep)
    lines = []
    for line in matrix.lines:
        bound = line.bound
        terms = []
        for j, c in zip(line.columns, line.coefficients, strict=True):
            if j in position:
                terms.append((position[j], c))
            else:
                bound -= c * values[j]
        reduced = _line(line.name, terms, bound)
        if _binds(reduced, upper):
            lines.append(reduced)
    held = [(matrix.origin[j], value) for j, value in values.items() if value]
    return Matrix(
        objective=tuple(matrix.objective[j] for j in keep),
        upper=upper,
        follows=tuple(matrix.follows[j] for j in keep),
        lines=tuple(lines),
        origin=tuple(matrix.origin[j] for j in keep),
        constant=matrix.constant + sum(matrix.objective[j] * v for j, v in values.items()),
        fixed=tuple(sorted((*matrix.fixed, *held))),
    )


def with_lines(matrix: Matrix, lines: Iterable[Line]) -> Matrix:
    """Return the matrix with more lines."""
    return Matrix(
        matrix.objective,
        matrix.upper,
        matrix.follows,
        (*matrix.lines, *lines),
        matrix.origin,
        matrix.constant,
        matrix.fixed,
    )


def with_objective(matrix: Matrix, objective: Sequence[int]) -> Matrix:
    """Return the matrix with another objective and no constant."""
    return Matrix(
        tuple(objective),
        matrix.upper,
        matrix.follows,
        matrix.lines,
        matrix.origin,
        0,
        matrix.fixed,
    )


def at_least(matrix: Matrix, value: int, name: str = "objective") -> Line:
    """Return the line that keeps the objective (constant included) at ``value`` or better."""
    terms = [(j, -c) for j, c in enumerate(matrix.objective) if c]
    return _line(name, terms, matrix.constant - value)


def worth(matrix: Matrix, values: Sequence[int]) -> int:
    """Return the exact objective of free-column values, the constant included."""
    gain = sum(c * x for c, x in zip(matrix.objective, values, strict=True) if x)
    return matrix.constant + gain


def broken(matrix: Matrix, values: Sequence[int]) -> Line | None:
    """Return the first line these values break, by exact arithmetic, or ``None``."""
    for line in matrix.lines:
        used = sum(c * values[j] for j, c in zip(line.columns, line.coefficients, strict=True))
        if used > line.bound:
            return line
    return None


@dataclass(frozen=True, slots=True)
class Holds:
    """The auxiliary columns of a matrix, and what holds them up in the order of its lines.

    ``held`` are the columns, each with the bound of a line in which its coefficient is -1: it is at
    least what the line's other columns use beyond that. ``uses`` are these uses by column: the
    place in ``held``, and the coefficient.
    """

    auxiliary: frozenset[int]
    held: tuple[tuple[int, int], ...]
    uses: Mapping[int, Sequence[tuple[int, int]]]


def holds_of(matrix: Matrix) -> Holds:
    """Return what holds the auxiliary columns of a matrix up."""
    auxiliary = frozenset(j for j, follows in enumerate(matrix.follows) if follows)
    held: list[tuple[int, int]] = []
    uses: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for line in matrix.lines:
        if auxiliary.isdisjoint(line.columns):
            continue
        pairs = list(zip(line.columns, line.coefficients, strict=True))
        for column in [j for j, c in pairs if c == -1 and j in auxiliary]:
            for j, c in pairs:
                if j != column:
                    uses[j].append((len(held), c))
            held.append((column, line.bound))
    return Holds(auxiliary, tuple(held), {**uses})


def complete(matrix: Matrix, values: Sequence[int], known: Holds | None = None) -> tuple[int, ...]:
    """Return the values with every auxiliary column at the least value its lines ask for.

    An auxiliary column (a shortfall, a State's full award) has the coefficient -1 in the lines
    that hold it up; the least value is best for the objective and for every other line. ``known``
    are the matrix's holds, for whoever completes many values.
    """
    known = known or holds_of(matrix)
    done = [0 if j in known.auxiliary else x for j, x in enumerate(values)]
    needed = [-bound for _, bound in known.held]

    def use(column: int, more: int) -> None:
        for place, c in known.uses.get(column, ()):
            needed[place] += c * more

    for j, x in enumerate(done):
        if x:
            use(j, x)
    for place, (column, _) in enumerate(known.held):
        more = needed[place] - done[column]
        if more > 0:
            done[column] += more
            use(column, more)
    return tuple(done)


def full_values(matrix: Matrix, values: Sequence[int], columns: int) -> tuple[int, ...]:
    """Return one value per column of the programme."""
    whole = [0] * columns
    for position, value in matrix.fixed:
        whole[position] = value
    for position, value in zip(matrix.origin, values, strict=True):
        whole[position] = value
    return tuple(whole)
