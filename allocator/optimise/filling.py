"""A plain allocation for a search that was ended: columns taken in an order, each if it fits."""

from collections import defaultdict
from collections.abc import Iterable

from allocator.optimise.matrix import Matrix, complete


def filled(matrix: Matrix, order: Iterable[int]) -> tuple[int, ...]:
    """Return the values with columns set to 1 in this order, each if it still fits.

    A column fits if no line is exceeded that held before, and none gets worse that did not (a
    floor is such a line until enough is awarded).
    """
    filling = _Filling(matrix)
    for j in order:
        if not filling.change(j, 1):
            filling.change(j, -1)
    return complete(matrix, filling.values)


class _Filling:
    """Values so far and what they use of every line; a change looks only at the lines it touches.

    Parameters
    ----------
    matrix : Matrix
        What is filled.
    """

    def __init__(self, matrix: Matrix) -> None:
        self._matrix = matrix
        self.values = [0] * matrix.size
        self._awarded = [0] * len(matrix.lines)  # what awards alone use
        self._used = [0] * len(matrix.lines)  # and what follows from them
        self._lines: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._held: dict[int, list[int]] = defaultdict(list)
        self._holding: dict[int, list[int]] = defaultdict(list)
        for n, line in enumerate(matrix.lines):
            for j, c in zip(line.columns, line.coefficients, strict=True):
                self._lines[j].append((n, c))
                if c == -1 and matrix.follows[j]:
                    self._held[n].append(j)
                    self._holding[j].append(n)
        for j in self._holding:
            self._follow(j, {})

    def change(self, column: int, by: int) -> bool:
        """Change a column's value, let what follows from it follow, and tell whether it fits."""
        before = {n: self._used[n] for n, _ in self._lines[column]}
        for n, c in self._lines[column]:
            self._awarded[n] += by * c
            self._used[n] += by * c
        self.values[column] += by
        following = sorted({j for n in before for j in self._held[n]})
        within = [self._follow(j, before) for j in following]
        lines = self._matrix.lines
        return all(within) and all(
            self._used[n] <= max(lines[n].bound, was) for n, was in before.items()
        )

    def _follow(self, column: int, before: dict[int, int]) -> bool:
        """Give an auxiliary column the least value its lines ask for; tell whether it may have it.

        ``before`` notes what was used of the lines that this touches.
        """
        lines = self._matrix.lines
        value = max(0, *(self._awarded[n] - lines[n].bound for n in self._holding[column]))
        for n, c in self._lines[column]:
            before.setdefault(n, self._used[n])
            self._used[n] += c * (value - self.values[column])
        self.values[column] = value
        return value <= self._matrix.upper[column]
