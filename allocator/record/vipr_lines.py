"""Lines of a VIPR derivation, numbered as the format does.

Constraints are rows (all ``<=``), lower bounds, upper bounds, then derived ones. What follows by
adding up is given as multipliers by index that make a ``>=`` inequality: positive for ``>=``
constraints, negative for ``<=`` constraints.
"""

from collections.abc import Mapping

type Terms = dict[int, int]
type Sum = dict[int, int]


def written(terms: Mapping[int, int]) -> str:
    """Return a linear form: the number of terms, then position and coefficient of each."""
    kept = [(j, a) for j, a in sorted(terms.items()) if a]
    return " ".join([str(len(kept)), *(f"{j} {a}" for j, a in kept)])


def added(into: Sum, *others: Sum) -> Sum:
    """Add multipliers to ``into`` and return it."""
    for other in others:
        for index, weight in other.items():
            into[index] = into.get(index, 0) + weight
    return into


class Lines:
    """The derived lines so far."""

    def __init__(self, rows: int, uppers: list[int]) -> None:
        self.rows, self.uppers = rows, uppers
        self.derived: list[str] = []

    def assume(self, sense: str, bound: int, terms: Terms) -> int:
        """Add an assumption; it must be discharged by ``cases``."""
        return self._add(sense, bound, terms, "asm")

    def total(self, sense: str, bound: int, terms: Terms, parts: Sum) -> int:
        """Add what follows by adding up; the multipliers make the ``>=`` form of it."""
        sign = 1 if sense == "G" else -1
        turned = {index: sign * weight for index, weight in parts.items()}
        return self._add(sense, bound, terms, f"lin {written(turned)}")

    def cases(self, sense: str, bound: int, terms: Terms, *sides: tuple[int, int]) -> int:
        """Add what follows in both cases, each given as (derived, assumption)."""
        reason = " ".join(f"{derived} {assumed}" for derived, assumed in sides)
        return self._add(sense, bound, terms, f"uns {reason}")

    def lower(self, j: int) -> int:
        """Return the index of a column's lower bound."""
        return self.rows + j

    def held(
        self, j: int, price: int, zero: Mapping[int, int], one: Mapping[int, int]
    ) -> tuple[int, int, int]:
        """Return the most that ``price·x[j]`` can be, and the (index, multiplier) that says so.

        ``zero`` and ``one`` are indices of constraints that hold columns there.
        """
        if price > 0:
            if j in zero:
                return 0, zero[j], -price
            return price * self.uppers[j], self.rows + len(self.uppers) + j, -price
        if j in one:
            return price, one[j], -price
        return 0, self.lower(j), -price

    def _add(self, sense: str, bound: int, terms: Terms, reason: str) -> int:
        index = self.rows + 2 * len(self.uppers) + len(self.derived)
        self.derived.append(f"d{index} {sense} {bound} {written(terms)} {{ {reason} }} -1")
        return index
