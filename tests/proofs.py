"""Proofs of small rounds for tests, and a search for what would show a claim to be false."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from allocator.errors import AllocatorError
from allocator.optimise.allocation import Allocation
from allocator.optimise.funds import fund_order
from allocator.optimise.programme import Programme
from allocator.optimise.proof import prove_allocation
from allocator.optimise.reduce import lottery_order
from allocator.optimise.solve import allocate
from allocator.optimise.watch import Watch
from allocator.record.canonical import to_plain
from allocator.record.check_proof import check, questions_of
from bench.synthetic import Synthetic
from tests.builders import Small

MOST_AWARDS = 12
"""Programmes with more award columns are not tried out."""


@dataclass
class Claim:
    """Everything that the checker is given."""

    programme: dict[str, Any]
    proof: dict[str, Any]
    values: list[int]
    objective: int
    order: list[str]
    funds: list[str]

    def check(self) -> dict[str, int]:
        return check(
            self.programme, self.proof, self.values, self.objective, self.order, self.funds
        )

    def copy(self) -> "Claim":
        return copy.deepcopy(self)


def order_of(small: Small | Synthetic) -> list[str]:
    ids = [c.application.application_id for c in small.pool.candidates]
    return list(lottery_order(small.round.lottery_seed, ids))


def claim_of(
    small: Small | Synthetic,
    programme: Programme,
    allocation: Allocation,
    *,
    time_limit: float | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Claim:
    """Prove an allocation of a round."""
    order, funds = order_of(small), list(fund_order(small.pool, small.round))
    watch = Watch(time_limit, cancel)
    proof = prove_allocation(programme, allocation, order, funds, watch=watch)
    plain: Any = to_plain(programme)
    return Claim(
        plain, proof.as_json(), list(allocation.values), allocation.objective, order, funds
    )


def proven(small: Small | Synthetic) -> Claim | None:
    """Decide a round and prove the outcome; ``None`` where no allocation is possible."""
    try:
        programme, allocation = allocate(small.pool, small.round, small.rules)
    except AllocatorError:
        return None
    return claim_of(small, programme, allocation)


def reseeded(small: Small, seed: str) -> Small:
    return replace(small, round=replace(small.round, lottery_seed=seed))


def solutions(programme: dict[str, Any]) -> Iterator[tuple[int, list[int]]]:
    """Yield worth and values of solutions, every set of awards tried with least helping columns."""
    columns = programme["columns"]
    awards = [j for j, c in enumerate(columns) if c["application"]]
    rows = [
        (
            dict(zip(map(int, row["columns"]), map(int, row["coefficients"]), strict=True)),
            1 if row["sense"] == "<=" else -1,
            int(row["bound"]),
        )
        for row in programme["rows"]
    ]
    for taken in product((0, 1), repeat=len(awards)):
        values = [0] * len(columns)
        for j, x in zip(awards, taken, strict=True):
            values[j] = x
        for terms, sign, bound in rows:
            helpers = [j for j, a in terms.items() if j not in awards and sign * a == -1]
            for j in helpers:
                rest = sum(a * values[k] for k, a in terms.items() if k != j)
                values[j] = max(values[j], sign * (rest - bound))
        if all(0 <= x <= int(c["upper"]) for x, c in zip(values, columns, strict=True)) and all(
            sign * sum(a * values[j] for j, a in terms.items()) <= sign * bound
            for terms, sign, bound in rows
        ):
            yield sum(int(c["objective"]) * x for c, x in zip(columns, values, strict=True)), values


def counterexample(claim: Claim, shown: dict[str, int]) -> str | None:
    """Say what shows that an accepted claim is false, ``None`` if nothing was found."""
    programme = claim.programme
    worth = sum(
        int(c["objective"]) * x for c, x in zip(programme["columns"], claim.values, strict=True)
    )
    if worth != claim.objective:
        return f"worth {worth}, not {claim.objective}"
    if sum(bool(c["application"]) for c in programme["columns"]) > MOST_AWARDS:
        return None
    mine = _answers(claim, claim.values, claim.values)
    seen = False
    for value, values in solutions(programme):
        seen = seen or values == claim.values
        if value > shown["bound"]:
            return f"{values} is worth {value}"
        rival = shown["drawn"] and value == claim.objective
        if rival and _answers(claim, claim.values, values) > mine:
            return f"{values} wins the lottery"
    return None if seen else "the allocation is no solution"


def _answers(claim: Claim, held: list[int], values: list[int]) -> list[bool]:
    """Answer the lottery's questions, which are those put to the allocation ``held``."""
    questions = questions_of(claim.programme["columns"], held, claim.order, claim.funds)
    return [any(values[j] for j in awards) for awards, _ in questions]
