"""A checker of VIPR 1.0 files, written from the format's description alone, in fractions.

Ambros Gleixner and others, https://github.com/ambros-gleixner/VIPR: constraints are numbered from 0
through CON and DER; every derived one must follow from lower numbers; the last must hold without
assumptions and bound the objective.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import floor


class Wrong(Exception):
    """The file does not prove what it says."""


@dataclass
class Row:
    sense: str
    bound: Fraction
    terms: dict[int, Fraction]
    assumed: frozenset[int] = frozenset()

    def absurd(self) -> bool:
        sides = {"L": self.bound < 0, "G": self.bound > 0, "E": self.bound != 0}
        return not self.terms and sides[self.sense]

    def implies(self, other: "Row") -> bool:
        """Tell whether this row is at least as strong as another."""
        if self.absurd():
            return True
        if self.terms != other.terms or self.sense not in ("E", other.sense):
            return False
        match other.sense:
            case "L":
                return self.bound <= other.bound
            case "G":
                return self.bound >= other.bound
        return self.bound == other.bound


class _Tokens:
    def __init__(self, lines: Iterable[str]) -> None:
        kept = (line for line in lines if not line.startswith("%"))
        self.left = iter([token for line in kept for token in line.split()])

    def word(self) -> str:
        return next(self.left)

    def expect(self, word: str) -> None:
        found = self.word()
        if found != word:
            raise Wrong(f"{word} expected, {found} found")

    def whole(self) -> int:
        return int(self.word())

    def number(self) -> Fraction:
        return Fraction(self.word())

    def terms(self, size: int) -> dict[int, Fraction]:
        read: dict[int, Fraction] = {}
        for _ in range(self.whole()):
            index, value = self.whole(), self.number()
            if index in read or not 0 <= index < size:
                raise Wrong(f"index {index}")
            read[index] = value
        return {index: value for index, value in read.items() if value}


def verified(lines: Iterable[str]) -> tuple[Fraction, Fraction]:
    """Check a file of a maximisation; return the worth of its solution and the proven bound."""
    tokens = _Tokens(lines)
    tokens.expect("VER")
    tokens.expect("1.0")
    tokens.expect("VAR")
    size = tokens.whole()
    for _ in range(size):
        tokens.word()
    tokens.expect("INT")
    integer = {tokens.whole() for _ in range(tokens.whole())}
    tokens.expect("OBJ")
    tokens.expect("max")
    objective = tokens.terms(size)
    tokens.expect("CON")
    count, _ = tokens.whole(), tokens.whole()
    rows = [_row(tokens, size) for _ in range(count)]
    tokens.expect("RTP")
    tokens.expect("range")
    worth, bound = tokens.number(), tokens.number()
    _solutions(tokens, rows, objective, integer, worth, size)
    tokens.expect("DER")
    for _ in range(tokens.whole()):
        rows.append(_derived(tokens, rows, integer, size))
    last = rows[-1]
    if last.assumed or not last.implies(Row("L", bound, objective)):
        raise Wrong("the last line does not bound the objective")
    return worth, bound


def _row(tokens: _Tokens, size: int) -> Row:
    tokens.word()
    sense, bound = tokens.word(), tokens.number()
    if sense not in ("L", "G", "E"):
        raise Wrong(f"sense {sense}")
    return Row(sense, bound, tokens.terms(size))


def _solutions(
    tokens: _Tokens,
    rows: list[Row],
    objective: dict[int, Fraction],
    integer: set[int],
    worth: Fraction,
    size: int,
) -> None:
    tokens.expect("SOL")
    best = []
    for _ in range(tokens.whole()):
        tokens.word()
        values = tokens.terms(size)
        if any(values[j].denominator != 1 for j in integer & values.keys()):
            raise Wrong("a solution is not whole")
        for row in rows:
            total = sum((a * values.get(j, 0) for j, a in row.terms.items()), Fraction(0))
            if not Row("E", total, {}).implies(Row(row.sense, row.bound, {})):
                raise Wrong("a solution breaks a row")
        best.append(sum((a * values.get(j, 0) for j, a in objective.items()), Fraction(0)))
    if max(best) < worth:
        raise Wrong("no solution is worth what is said")


def _derived(tokens: _Tokens, rows: list[Row], integer: set[int], size: int) -> Row:
    row = _row(tokens, size)
    tokens.expect("{")
    reason = tokens.word()
    if reason == "asm":
        row.assumed = frozenset([len(rows)])
    elif reason in ("lin", "rnd"):
        shown = _sum(rows, tokens.terms(len(rows)))
        if reason == "rnd":
            shown = _rounded(shown, integer)
        if not shown.implies(row):
            raise Wrong(f"line {len(rows)} does not follow: {shown} for {row}")
        row.assumed = shown.assumed
    elif reason == "uns":
        row.assumed = _cases(row, rows, [tokens.whole() for _ in range(4)], integer)
    else:
        raise Wrong(f"reason {reason}")
    tokens.expect("}")
    tokens.whole()
    return row


def _sum(rows: list[Row], weights: dict[int, Fraction]) -> Row:
    sense, bound = "E", Fraction(0)
    terms: dict[int, Fraction] = {}
    assumed: frozenset[int] = frozenset()
    for index, weight in weights.items():
        row = rows[index]
        if row.sense != "E":
            direction = row.sense if weight > 0 else {"L": "G", "G": "L"}[row.sense]
            if sense not in ("E", direction):
                raise Wrong("a sum of rows in both directions")
            sense = direction
        bound += weight * row.bound
        assumed |= row.assumed
        for j, a in row.terms.items():
            terms[j] = terms.get(j, Fraction(0)) + weight * a
    return Row(sense, bound, {j: a for j, a in terms.items() if a}, assumed)


def _rounded(row: Row, integer: set[int]) -> Row:
    if any(j not in integer or a.denominator != 1 for j, a in row.terms.items()):
        raise Wrong("rounding of what is not whole")
    bound = Fraction(floor(row.bound) if row.sense == "L" else -floor(-row.bound))
    return Row(row.sense, bound, row.terms, row.assumed)


def _cases(row: Row, rows: list[Row], given: list[int], integer: set[int]) -> frozenset[int]:
    first, one, second, other = given
    if max(given) >= len(rows) or min(given) < 0:
        raise Wrong("cases of what is not yet derived")
    low, high = sorted((rows[one], rows[other]), key=lambda each: each.sense, reverse=True)
    whole = all(j in integer and a.denominator == 1 for j, a in low.terms.items())
    gapless = low.bound.denominator == 1 and high.bound == low.bound + 1
    if (low.sense, high.sense) != ("L", "G") or low.terms != high.terms or not (whole and gapless):
        raise Wrong("cases that leave something out")
    if not (rows[first].implies(row) and rows[second].implies(row)):
        raise Wrong("cases that do not say it")
    return (rows[first].assumed - {one}) | (rows[second].assumed - {other})
