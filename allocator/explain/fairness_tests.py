"""Counts of two groups become rates with intervals, a difference, and tests, overall and in strata.

Floats are fine here: nothing decides. Every test asks one question, and which test answers it is
fixed by how the counts came about, never by what it says. The formulas are written out, for they
are short and scipy and statsmodels take two seconds to load; the tests hold them against both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import comb, erfc, exp, gamma, log, sqrt
from statistics import NormalDist

from allocator.wording import FEW

DOUBT = 0.05
"""One minus the confidence of every interval; a test below it counts as a difference."""

Z = NormalDist().inv_cdf(1 - DOUBT / 2)

MOST_FOR_BOSCHLOO = 200
"""Above so many applications Boschloo's test takes long and hardly differs from Fisher's."""

ENOUGH_IN_STRATA = 5
"""Room on both sides of its expectation that a stratified count needs for the normal theory."""


class Test(StrEnum):
    """Which test gave a p-value."""

    __test__ = False  # no test case, whatever a test runner takes the name for

    FISHER = "fisher"
    BOSCHLOO = "boschloo"
    EXACT_STRATA = "exact-strata"
    MANTEL_HAENSZEL = "mantel-haenszel"


@dataclass(frozen=True, slots=True)
class Rate:
    """``part`` of ``whole`` with the Wilson interval at 95 %.

    Below ``FEW`` (10) there is no interval and no share: ``3 of 7`` is all that is said.
    """

    part: int
    whole: int
    low: float | None
    high: float | None

    @property
    def share(self) -> float | None:
        """Return the rate, or ``None`` for a small group."""
        return self.part / self.whole if self.whole >= FEW else None


@dataclass(frozen=True, slots=True)
class Table:
    """How many got it of how many, in one group and in the other."""

    part: int
    whole: int
    other_part: int
    other_whole: int

    @property
    def cells(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return got and did not get, by group."""
        return (
            (self.part, self.whole - self.part),
            (self.other_part, self.other_whole - self.other_part),
        )

    @property
    def informative(self) -> bool:
        """Tell whether the outcome could have differed between the groups at all."""
        got, everybody = self.part + self.other_part, self.whole + self.other_whole
        return min(self.whole, self.other_whole) > 0 and 0 < got < everybody

    @property
    def excess(self) -> Fraction:
        """Return how many more the first group got than at the rate of both together."""
        got, everybody = self.part + self.other_part, self.whole + self.other_whole
        return self.part - Fraction(got * self.whole, everybody) if everybody else Fraction(0)

    @property
    def small(self) -> bool:
        """Tell whether one of the groups is too small for percentages."""
        return min(self.whole, self.other_whole) < FEW


@dataclass(frozen=True, slots=True)
class Difference:
    """Rate of the one group minus rate of the other.

    ``share`` with its Newcombe interval at 95 % is ``None`` if a group is small; ``p`` is two-sided
    and exact, ``None`` where the outcome could not have differed.
    """

    share: float | None
    low: float | None
    high: float | None
    p: float | None
    test: Test


@dataclass(frozen=True, slots=True)
class Stratified:
    """Two groups compared within strata (Cochran, Mantel and Haenszel).

    Of all tables only the ``strata`` that could tell something count. ``statistic`` (with the
    continuity correction) is ``None`` where ``p`` is exact. ``odds_ratio`` is the Mantel-Haenszel
    common odds ratio with the interval of Robins, Breslow and Greenland at 95 %; ``None`` where
    it is zero or infinite. ``homogeneity`` (Breslow-Day, Tarone's adjustment) asks with
    ``homogeneity_p`` whether the strata agree on it; ``None`` where there are too few people to
    ask. ``excess`` is how many more the first group got than at each stratum's own rate.
    """

    strata: int
    excess: Fraction
    p: float
    test: Test
    statistic: float | None
    odds_ratio: float | None
    low: float | None
    high: float | None
    homogeneity: float | None
    homogeneity_p: float | None


def rate(part: int, whole: int) -> Rate:
    """Return a rate with its Wilson interval (Wilson, 1927)."""
    if whole < FEW:
        return Rate(part, whole, None, None)
    return Rate(part, whole, *wilson(part, whole))


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Return the ends of the Wilson interval at 95 %."""
    share, spread = part / whole, Z * Z / whole
    middle = (share + spread / 2) / (1 + spread)
    half = Z * sqrt(share * (1 - share) / whole + spread / (4 * whole)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def difference(table: Table, *, total_is_set: bool) -> Difference:
    """Return the difference between two groups.

    Parameters
    ----------
    table : Table
        The two groups.
    total_is_set : bool
        Whether the number who get it was settled beforehand, as money settles the number of
        awards. Then Fisher's test conditions on it rightly; else Boschloo's, which does not and is
        the sharper one, is taken up to ``MOST_FOR_BOSCHLOO`` applications.
    """
    everybody = table.whole + table.other_whole
    test = Test.FISHER if total_is_set or everybody > MOST_FOR_BOSCHLOO else Test.BOSCHLOO
    p = None
    if table.informative:
        p = exact_in_strata([table]) if test is Test.FISHER else boschloo(table)
    if table.small:
        return Difference(None, None, None, p, test)
    return Difference(*_newcombe(table), p, test)


def _newcombe(table: Table) -> tuple[float, float, float]:
    """Return the difference of the rates with its interval from Wilson's (Newcombe, 1998)."""
    one, other = table.part / table.whole, table.other_part / table.other_whole
    low, high = wilson(table.part, table.whole)
    other_low, other_high = wilson(table.other_part, table.other_whole)
    share = one - other
    below = sqrt((one - low) ** 2 + (other_high - other) ** 2)
    above = sqrt((high - one) ** 2 + (other - other_low) ** 2)
    return share, share - below, share + above


def boschloo(table: Table) -> float:
    """Return the two-sided p-value of Boschloo's test (1970): twice the smaller one-sided one.

    The groups' sizes are given, not how many get it in all. Of all outcomes those count whose
    one-sided p-value by Fisher is no larger than the observed one's; that one can tell in integers.
    Their probability is taken at the common rate where it is largest.
    """
    mirrored = Table(table.other_part, table.other_whole, table.part, table.whole)
    return min(1.0, 2 * min(_boschloo_less(table), _boschloo_less(mirrored)))


def _boschloo_less(table: Table) -> float:
    """Return the one-sided p-value that the first group's rate is smaller."""
    whole, other = table.whole, table.other_whole
    everybody, got = whole + other, table.part + table.other_part
    observed = sum(_ways(table.part, whole, other, got))
    ways = []
    for total in range(everybody + 1):
        # Fisher's p-value grows with the first group's count: those that count come first.
        most = observed * comb(everybody, total)
        running = 0
        for more in _ways(min(whole, total), whole, other, total):
            if (running + more) * comb(everybody, got) > most:
                break
            running += more
        ways.append(running)
    logs = [(total, log(each)) for total, each in enumerate(ways) if each]
    return min(1.0, _greatest(logs, everybody))


def _ways(most: int, whole: int, other: int, total: int) -> list[int]:
    """Return in how many ways the first group gets the least possible to ``most`` of so many."""
    least = max(0, total - other)
    ways = [comb(whole, least) * comb(other, total - least)]
    for k in range(least, most):  # each from the one before it: large binomials are slow
        ways.append(ways[-1] * (whole - k) * (total - k) // ((k + 1) * (other - total + k + 1)))
    return ways


def _greatest(logs: Sequence[tuple[int, float]], everybody: int) -> float:
    """Return the largest of ``Σ ways · rate^total · (1 - rate)^(rest)`` over all rates."""

    def likely(rate: float) -> float:
        yes, no = log(rate), log(1 - rate)
        return sum(exp(way + total * yes + (everybody - total) * no) for total, way in logs)

    steps = 2 * everybody
    rates = [(i + 0.5) / steps for i in range(steps)]
    values = [likely(rate) for rate in rates]
    best = sorted(range(steps), key=lambda i: values[i], reverse=True)[:3]
    return max(_summit(likely, rates[i], 0.5 / steps) for i in best)


def _summit(function: Callable[[float], float], middle: float, reach: float) -> float:
    """Return the largest value of a function within a short stretch, by golden sections."""
    low, high, golden = middle - 2 * reach, middle + 2 * reach, (sqrt(5) - 1) / 2
    low, high = max(low, 1e-12), min(high, 1 - 1e-12)
    for _ in range(30):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if function(left) < function(right):
            low = left
        else:
            high = right
    return max(function((low + high) / 2), function(middle))


def stratified(tables: Sequence[Table]) -> Stratified | None:
    """Return the comparison within strata, or ``None`` where no stratum can tell anything.

    The p-value is exact unless the count of the first group has room for at least five on both
    sides of what is expected (Mantel and Fleiss, 1980).
    """
    told = [table for table in tables if table.informative]
    if not told:
        return None
    enough = _room(told) >= ENOUGH_IN_STRATA
    null = _mantel_haenszel(told) if enough else None
    odds, low, high = _common_odds(told)
    agree = _homogeneity(told, odds) if enough else None
    return Stratified(
        strata=len(told),
        excess=sum((table.excess for table in told), Fraction(0)),
        p=exact_in_strata(told) if null is None else chi_square(null, 1),
        test=Test.EXACT_STRATA if null is None else Test.MANTEL_HAENSZEL,
        statistic=null,
        odds_ratio=odds,
        low=low,
        high=high,
        homogeneity=agree[0] if agree else None,
        homogeneity_p=agree[1] if agree else None,
    )


def chi_square(statistic: float, degrees: int) -> float:
    """Return the probability of a chi-square at least as large."""
    half = statistic / 2
    if degrees % 2 == 0:
        return exp(-half) * sum(half**i / gamma(i + 1) for i in range(degrees // 2))
    tail: float = sum(half ** (i - 0.5) / gamma(i + 0.5) for i in range(1, (degrees + 1) // 2))
    return erfc(sqrt(half)) + exp(-half) * tail


def _mantel_haenszel(tables: Sequence[Table]) -> float:
    """Return the statistic of Cochran, Mantel and Haenszel with the continuity correction."""
    gap = abs(sum((table.excess for table in tables), Fraction(0)))
    variance = Fraction(0)
    for table in tables:
        everybody, got = table.whole + table.other_whole, table.part + table.other_part
        product = table.whole * table.other_whole * got * (everybody - got)
        variance += Fraction(product, everybody**2 * (everybody - 1))
    beyond = max(gap - Fraction(1, 2), Fraction(0))
    return float(beyond * beyond / variance)


def exact_in_strata(tables: Sequence[Table]) -> float:
    """Return the exact two-sided p-value that the groups have equal odds in every stratum.

    Given each stratum's totals the first group's count is a sum of hypergeometric ones; the p-value
    is the part of all ways that are at most as many as the observed one's, counted in integers (as
    ``mantelhaen.test(exact = TRUE)`` of R does; for one stratum it is Fisher's).
    """
    ways, observed = [1], 0
    for table in tables:
        got = table.part + table.other_part
        own = _ways(min(got, table.whole), table.whole, table.other_whole, got)
        ways = _convolved(ways, own)
        observed += table.part - max(0, got - table.other_whole)
    as_rare = sum(way for way in ways if way <= ways[observed])
    return float(Fraction(as_rare, sum(ways)))


def _convolved(one: Sequence[int], other: Sequence[int]) -> list[int]:
    sums = [0] * (len(one) + len(other) - 1)
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            sums[i + j] += a * b
    return sums


def _room(tables: Sequence[Table]) -> Fraction:
    """Return how far the first group's count can move from its expectation, to the nearer side."""
    below = above = Fraction(0)
    for table in tables:
        got = table.part + table.other_part
        expected = table.part - table.excess
        below += expected - max(0, got - table.other_whole)
        above += min(got, table.whole) - expected
    return min(below, above)


def _common_odds(tables: Sequence[Table]) -> tuple[float | None, float | None, float | None]:
    """Return the common odds ratio and its interval (Robins, Breslow and Greenland, 1986)."""
    parts = []
    for (a, b), (c, d) in (table.cells for table in tables):
        n = a + b + c + d
        parts.append(((a + d) / n, (b + c) / n, a * d / n, b * c / n))
    above, below = sum(r for _, _, r, _ in parts), sum(s for _, _, _, s in parts)
    if not above or not below:
        return None, None, None
    variance = (
        sum(p * r for p, _, r, _ in parts) / (2 * above**2)
        + sum(p * s + q * r for p, q, r, s in parts) / (2 * above * below)
        + sum(q * s for _, q, _, s in parts) / (2 * below**2)
    )
    odds, reach = above / below, exp(Z * sqrt(variance))
    return odds, odds / reach, odds * reach


def _homogeneity(tables: Sequence[Table], odds: float | None) -> tuple[float, float] | None:
    """Return the statistic of Breslow and Day with Tarone's adjustment, and its p-value."""
    if odds is None or len(tables) < 2:
        return None
    if sum((table.excess for table in tables), Fraction(0)) == 0:
        return _homogeneity_at_one(tables)
    statistic = gap = weight = 0.0
    for (a, b), (c, d) in (table.cells for table in tables):
        square, linear = 1 - odds, odds * (2 * a + b + c) + d - a
        root = sqrt(linear**2 + 4 * square * odds * (a + b) * (a + c))
        expected = (root - linear) / (2 * square)
        cells = (expected, a + b - expected, a + c - expected, d - a + expected)
        variance = 1 / sum(1 / each for each in cells)
        statistic += (a - expected) ** 2 / variance
        gap += a - expected
        weight += variance
    statistic -= gap**2 / weight
    return statistic, chi_square(statistic, len(tables) - 1)


def _homogeneity_at_one(tables: Sequence[Table]) -> tuple[float, float]:
    """Return Breslow-Day for a common odds ratio of exactly 1, where its equation is linear."""
    statistic = 0.0
    for table in tables:
        (a, b), (c, d) = table.cells
        expected = ((a + b) * (a + c), (a + b) * (b + d), (c + d) * (a + c), (c + d) * (b + d))
        inverse_variance = sum(Fraction(a + b + c + d, each) for each in expected)
        statistic += float(table.excess**2 * inverse_variance)
    return statistic, chi_square(statistic, len(tables) - 1)
