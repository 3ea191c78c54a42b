"""What one award more, or one instead of another, would do to an allocation, in exact arithmetic.

Everybody else's award stays as it is and is paid as it is. Only the rows that the two columns stand
in are looked at.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from allocator.optimise.programme import Programme


@dataclass(frozen=True, slots=True)
class Change:
    """What a change would do: the rows it would break, and what the objective would gain.

    ``over`` are rows over their bound; ``full`` are auxiliary columns (a State's or a person's full
    award) that would have to be more than one.
    """

    over: tuple[int, ...]
    full: tuple[int, ...]
    gain: int

    @property
    def possible(self) -> bool:
        """Tell whether every row would hold."""
        return not self.over and not self.full


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """A programme and an allocation of it, with rows by column and what each row has left.

    ``slack`` is counted without auxiliary columns that the row itself holds up; ``held`` are those
    columns by row, ``holders`` their rows by column. ``simple`` tells the rows that only ever get
    fuller (an upper bound without negative coefficients); ``helper`` is a row's first auxiliary
    column.
    """

    programme: Programme
    values: Sequence[int]
    rows: Mapping[int, tuple[tuple[int, int], ...]]
    slack: Sequence[int]
    held: Mapping[int, int]
    holders: Mapping[int, tuple[int, ...]]
    simple: Sequence[bool]
    helper: Sequence[int | None]

    def change(self, on: int, off: int | None = None) -> Change:
        """Return what setting column ``on``, and clearing column ``off``, would do."""
        moved = self._moved({on: 1} if off is None else {on: 1, off: -1})
        columns, full, gain = self.programme.columns, [], 0
        gain += columns[on].objective - (columns[off].objective if off is not None else 0)
        for k in dict.fromkeys(self.held[row] for row in moved if row in self.held):
            need = max(0, *(moved.get(row, 0) - self.slack[row] for row in self.holders[k]))
            if need > columns[k].upper:
                full.append(k)
            step = min(need, columns[k].upper) - self.values[k]
            gain += columns[k].objective * step
            for row, coefficient in self.rows[k] if step else ():
                if row not in self.holders[k]:
                    moved[row] = moved.get(row, 0) + coefficient * step
        over = [r for r, more in moved.items() if r not in self.held and more > self.slack[r]]
        return Change(tuple(over), tuple(full), gain)

    def fitting(self, pairs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Yield the pairs of columns, one to set and one to clear, that are worth a closer look.

        Left out are those that break a row without auxiliary columns: that takes one comparison.
        """
        short: dict[int, tuple[tuple[int, int], ...]] = {}
        taken: dict[int, dict[int, int]] = {}
        for on, off in pairs:
            if on not in short:
                short[on] = tuple(
                    (row, coefficient - self.slack[row])
                    for row, coefficient in self.rows.get(on, ())
                    if self.helper[row] is None and coefficient > self.slack[row]
                )
            if off not in taken:
                taken[off] = dict(self.rows.get(off, ()))
            given = taken[off]
            if all(given.get(row, 0) >= need for row, need in short[on]):
                yield on, off

    def _moved(self, steps: Mapping[int, int]) -> dict[int, int]:
        moved: dict[int, int] = defaultdict(int)
        for j, step in steps.items():
            for row, coefficient in self.rows.get(j, ()):
                moved[row] += coefficient * step
        return dict(moved)


def neighbourhood(programme: Programme, values: Sequence[int]) -> Neighbourhood:
    """Read a programme for looking around an allocation, one value per column."""
    rows: dict[int, list[tuple[int, int]]] = defaultdict(list)
    slack: list[int] = []
    held: dict[int, int] = {}
    for number, row in enumerate(programme.rows):
        sign = 1 if row.sense == "<=" else -1
        left = sign * row.bound
        for j, c in zip(row.columns, row.coefficients, strict=True):
            rows[j].append((number, sign * c))
            if sign * c == -1 and not programme.columns[j].application:
                held[number] = j
            else:
                left -= sign * c * values[j]
        slack.append(left)
    columns = programme.columns
    holders: dict[int, list[int]] = defaultdict(list)
    for number, k in held.items():
        holders[k].append(number)
    return Neighbourhood(
        programme=programme,
        values=values,
        rows={j: tuple(each) for j, each in rows.items()},
        slack=slack,
        held=held,
        holders={k: tuple(each) for k, each in holders.items()},
        simple=[each.sense == "<=" and min(each.coefficients) >= 0 for each in programme.rows],
        helper=[
            next((k for k in each.columns if not columns[k].application), None)
            for each in programme.rows
        ],
    )
