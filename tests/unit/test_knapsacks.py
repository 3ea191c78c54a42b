"""Promise 1 on published problems: seven 0/1 knapsacks with known optima (Petersen, 1967)."""

from fractions import Fraction
from itertools import islice
from math import lcm
from pathlib import Path

import pytest

from allocator.model import Package
from allocator.optimise.allocation import Status
from allocator.optimise.programme import Column, Programme, Row
from allocator.optimise.solve import solve

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "optimum" / "mknap1.txt"


def problems() -> list[tuple[Programme, Fraction]]:
    """Read OR-Library's format: count; then n, m, optimum, profits, rows, capacities."""
    words = iter(PUBLISHED.read_text(encoding="ascii").split())

    def take(count: int) -> list[Fraction]:
        return [Fraction(word) for word in islice(words, count)]

    found = []
    for _ in range(int(next(words))):
        n, m = int(next(words)), int(next(words))
        (optimum,) = take(1)
        profits, weights, capacities = take(n), [take(n) for _ in range(m)], take(m)
        found.append((knapsack(profits, weights, capacities), optimum))
    return found


def knapsack(
    profits: list[Fraction], weights: list[list[Fraction]], capacities: list[Fraction]
) -> Programme:
    """Write a knapsack in integers; ``scale`` is what the profits were multiplied with."""
    scale = lcm(*(p.denominator for p in profits))
    rows = []
    for i, (row, capacity) in enumerate(zip(weights, capacities, strict=True)):
        whole = lcm(capacity.denominator, *(w.denominator for w in row))
        kept = [(j, int(w * whole)) for j, w in enumerate(row) if w]
        rows.append(
            Row(
                f"capacity[{i}]",
                tuple(j for j, _ in kept),
                tuple(w for _, w in kept),
                "<=",
                int(capacity * whole),
            )
        )
    columns = tuple(
        Column(f"x[{j}]", int(p * scale), 1, application=f"item {j}", package=Package.FULL)
        for j, p in enumerate(profits)
    )
    return Programme(columns, tuple(rows), scale)


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published knapsacks are not here")
@pytest.mark.parametrize("number", range(7))
def test_published_optimum_is_reached_exactly(number):
    programme, optimum = problems()[number]
    solution = solve(programme)
    assert Fraction(solution.objective, programme.scale) == optimum
    assert (solution.status, solution.bound) == (Status.OPTIMAL, solution.objective)
    assert sum(
        c.objective * v for c, v in zip(programme.columns, solution.values, strict=True)
    ) == (solution.objective)
    for row in programme.rows:
        used = sum(
            a * solution.values[j] for j, a in zip(row.columns, row.coefficients, strict=True)
        )
        assert used <= row.bound


def test_a_knapsack_small_enough_to_see_is_solved():
    whole = [Fraction(n) for n in (5, 4, 3)]
    solution = solve(knapsack([Fraction("10.5"), Fraction(7), Fraction(4)], [whole], [Fraction(7)]))
    assert (solution.values, solution.objective) == ((0, 1, 1), 22)
