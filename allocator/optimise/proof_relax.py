"""A part of the search becomes multipliers that bound it: the relaxation over whole choices.

Each choice that a block has left is a column, one of which is taken; the rows that tie blocks
together are the lines. Its multipliers are the best that the checker's bound can be given. What
the solver says is only ever a proposal: the bound that counts is the checker's, in integers.
"""

from collections.abc import Mapping

from allocator.optimise.engine import Reoptimised, Reoptimiser
from allocator.optimise.matrix import Line, Matrix
from allocator.record.check_proof import Choice, Part, Prices, Problem

UNIT = 1 << 24
"""Multipliers are whole numbers over this power of two."""

SHORTEST_RAY, LONGEST_RAY = 24, 72
"""Rays are tried in lengths from one power of two to another; ``UNIT`` is the first."""


class Relaxation:
    """The linear relaxation of the choices of a part, solved for parts of it.

    Parameters
    ----------
    problem : Problem
        The programme in blocks.
    part : Part
        Every part asked about later lies in this one.
    """

    def __init__(self, problem: Problem, part: Part) -> None:
        self.problem = problem
        self.blocks = part.open
        self.columns = [(k, choice) for k in part.open for choice in part.choices[k]]
        self.rows = _linking(problem, part)
        helpers = sorted({j for r in self.rows for j in problem.rows[r][0]} - problem.block.keys())
        first = len(self.columns)
        position = {j: first + n for n, j in enumerate(helpers)}
        holders: dict[int, list[int]] = {j: [p] for j, p in position.items()}
        picks: dict[int, list[int]] = {}
        for n, (k, choice) in enumerate(self.columns):
            picks.setdefault(k, []).append(n)
            for j in choice:
                holders.setdefault(j, []).append(n)
        gains = [sum(problem.gains[j] for j in choice) for _, choice in self.columns]
        size = self._size = first + len(helpers)
        matrix = Matrix(
            objective=(*gains, *(problem.gains[j] for j in helpers)),
            upper=(*[1] * first, *(problem.uppers[j] for j in helpers)),
            follows=(*[False] * first, *[True] * len(helpers)),
            lines=tuple(_line(problem, part, r, holders) for r in self.rows),
            origin=tuple(range(size)),
        )
        self._solver = Reoptimiser(matrix, list(picks.values()))

    def solve(self, part: Part, *, pivots: int | None = None) -> Reoptimised:
        """Solve the relaxation of a part; see ``Reoptimiser.solve``."""
        if not self._size:
            return Reoptimised(True, float(part.gain), (), ())
        left = {k: frozenset(part.choices[k]) for k in self.blocks}
        closed = [n for n, (k, choice) in enumerate(self.columns) if choice not in left[k]]
        return self._solver.solve(closed, pivots=pivots)

    def solve_anew(self, part: Part) -> Reoptimised:
        """Solve without what the solver remembers of the last time."""
        self._solver.forget()
        return self.solve(part)

    def prices(self, found: Reoptimised) -> Prices:
        """Return the prices by a relaxation's multipliers, as whole numbers over ``UNIT``."""
        rounded = ((r, round(y * UNIT)) for r, y in zip(self.rows, found.multipliers, strict=True))
        return Prices(self.problem, {r: y for r, y in rounded if y}, UNIT)

    def excluding(self, part: Part, found: Reoptimised, least: int) -> Prices | None:
        """Return prices by a ray long enough to show that nothing in a part is worth ``least``."""
        longest = max(found.multipliers, default=0.0)
        for power in range(SHORTEST_RAY, LONGEST_RAY, 4):
            scaled = [
                (r, round(y / longest * 2**power) if longest else 0)
                for r, y in zip(self.rows, found.multipliers, strict=False)
            ]
            prices = Prices(self.problem, {r: weight for r, weight in scaled if weight}, UNIT)
            if prices.bounded(part, least)[0] < least * UNIT:
                return prices
        return None

    def shares(self, part: Part, found: Reoptimised) -> dict[int, dict[Choice, float]]:
        """Return how much of each choice the relaxation takes, for every open block of a part."""
        shares: dict[int, dict[Choice, float]] = {k: {} for k in part.open}
        for (k, choice), value in zip(self.columns, found.values, strict=False):
            if k in shares:
                shares[k][choice] = value
        return shares


def _linking(problem: Problem, part: Part) -> list[int]:
    """Return the rows that the choices of single blocks do not already keep."""
    kept_by_choices = set()
    own = {r: problem.own_block(r) for r in range(len(problem.rows))}
    for r, (terms, _) in enumerate(problem.rows):
        helpers = [j for j in terms if j not in problem.block]
        inside = all(own[s] == own[r] for j in helpers for s in problem.uses[j])
        if own[r] is not None and inside and not any(problem.gains[j] for j in helpers):
            kept_by_choices.add(r)
    undecided = frozenset(part.open)
    return [
        r
        for r, (terms, _) in enumerate(problem.rows)
        if r not in kept_by_choices
        and any(j not in problem.block or problem.block[j] in undecided for j in terms)
    ]


def _line(problem: Problem, part: Part, r: int, holders: Mapping[int, list[int]]) -> Line:
    sums: dict[int, int] = {}
    for j, a in problem.rows[r][0].items():
        for n in holders.get(j, ()):
            sums[n] = sums.get(n, 0) + a
    return Line("", tuple(sums), tuple(sums.values()), part.left[r])
