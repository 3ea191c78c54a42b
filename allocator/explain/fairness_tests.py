"""Counts of two groups become rates with intervals, a difference, and tests, overall and in strata.

Floats are fine here: nothing decides. Every test asks one question, and which test answers it is
fixed by how the counts came about, never by what it says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import comb

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from allocator.wording import FEW

DOUBT = 0.05
"""One minus the confidence of every interval; a test below it counts as a difference."""

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
    low, high = proportion_confint(part, whole, alpha=DOUBT, method="wilson")
    return Rate(part, whole, float(low), float(high))


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
        exact = stats.fisher_exact if test is Test.FISHER else stats.boschloo_exact
        p = min(1.0, float(exact(table.cells).pvalue))
    if table.small:
        return Difference(None, None, None, p, test)
    low, high = confint_proportions_2indep(
        *(table.part, table.whole, table.other_part, table.other_whole),
        method="newcomb",
        compare="diff",
        alpha=DOUBT,
    )
    share = table.part / table.whole - table.other_part / table.other_whole
    return Difference(share, float(low), float(high), p, test)


def stratified(tables: Sequence[Table]) -> Stratified | None:
    """Return the comparison within strata, or ``None`` where no stratum can tell anything.

    The p-value is exact unless the count of the first group has room for at least five on both
    sides of what is expected (Mantel and Fleiss, 1980).
    """
    told = [table for table in tables if table.informative]
    if not told:
        return None
    enough = _room(told) >= ENOUGH_IN_STRATA
    pooled = StratifiedTable([np.array(table.cells) for table in told])
    null = pooled.test_null_odds(correction=True) if enough else None
    odds, low, high = _common_odds(pooled, told)
    agree = _homogeneity(pooled, told, odds) if enough else None
    return Stratified(
        strata=len(told),
        excess=sum((table.excess for table in told), Fraction(0)),
        p=float(null.pvalue) if null else exact_in_strata(told),
        test=Test.MANTEL_HAENSZEL if null else Test.EXACT_STRATA,
        statistic=float(null.statistic) if null else None,
        odds_ratio=odds,
        low=low,
        high=high,
        homogeneity=agree[0] if agree else None,
        homogeneity_p=agree[1] if agree else None,
    )


def exact_in_strata(tables: Sequence[Table]) -> float:
    """Return the exact two-sided p-value that the groups have equal odds in every stratum.

    Given each stratum's totals the first group's count is a sum of hypergeometric ones; the p-value
    is the part of all ways that are at most as many as the observed one's, counted in integers (as
    ``mantelhaen.test(exact = TRUE)`` of R does; for one stratum it is Fisher's).
    """
    ways, observed = [1], 0
    for table in tables:
        got = table.part + table.other_part
        least, most = max(0, got - table.other_whole), min(got, table.whole)
        own = [
            comb(table.whole, k) * comb(table.other_whole, got - k) for k in range(least, most + 1)
        ]
        ways = _convolved(ways, own)
        observed += table.part - least
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


def _common_odds(
    pooled: StratifiedTable, tables: Sequence[Table]
) -> tuple[float | None, float | None, float | None]:
    crosses = [(a * d, b * c) for (a, b), (c, d) in (table.cells for table in tables)]
    if not any(ad for ad, _ in crosses) or not any(bc for _, bc in crosses):
        return None, None, None
    low, high = pooled.oddsratio_pooled_confint(alpha=DOUBT)
    return float(pooled.oddsratio_pooled), float(low), float(high)


def _homogeneity(
    pooled: StratifiedTable, tables: Sequence[Table], odds: float | None
) -> tuple[float, float] | None:
    if odds is None or len(tables) < 2:
        return None
    if sum((table.excess for table in tables), Fraction(0)) == 0:
        return _homogeneity_at_one(tables)
    found = pooled.test_equal_odds(adjust=True)
    return float(found.statistic), float(found.pvalue)


def _homogeneity_at_one(tables: Sequence[Table]) -> tuple[float, float]:
    """Return Breslow-Day for a common odds ratio of exactly 1, where its equation is linear."""
    statistic = 0.0
    for table in tables:
        (a, b), (c, d) = table.cells
        expected = ((a + b) * (a + c), (a + b) * (b + d), (c + d) * (a + c), (c + d) * (b + d))
        inverse_variance = sum(Fraction(a + b + c + d, each) for each in expected)
        statistic += float(table.excess**2 * inverse_variance)
    return statistic, float(stats.chi2.sf(statistic, len(tables) - 1))
