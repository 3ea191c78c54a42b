"""Which fund pays which award, once the awards are known to be payable.

Rule: awards in the order of their ids; each is paid from the most narrowly earmarked fund that may
pay it, as far as the awards after it stay payable, then from the next. How far that is follows from
Hall's condition, so every centime finds its fund.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from allocator.model import Award, Package, Pool, Round
from allocator.optimise.programme import fund_sets, payable_from


@dataclass(frozen=True, slots=True)
class Grant:
    """A package granted, with its cost (minor units) and the funds that may pay."""

    application_id: str
    package: Package
    cost: int
    funds: tuple[str, ...]


def fund_order(pool: Pool, round_: Round) -> tuple[str, ...]:
    """Return fund ids, the most narrowly earmarked first: by how many requests it may pay, id."""
    reach = {fund.id: 0 for fund in round_.funds}
    for candidate in pool.candidates:
        for cost in candidate.costs:
            for fund in payable_from(candidate, cost.package, round_.funds):
                reach[fund] += 1
    return tuple(sorted(reach, key=lambda each: (reach[each], each)))


def pay(grants: Sequence[Grant], round_: Round, order: Sequence[str]) -> tuple[Award, ...]:
    """Divide each grant over the funds that may pay it; shares sum to its cost.

    Raises
    ------
    ValueError
        If the grants are not payable from the funds (the programme's rows forbid that).
    """
    money = {fund.id: fund.amount for fund in round_.funds}
    if not money:
        return tuple(Award(g.application_id, g.package, g.cost) for g in grants)
    unions = fund_sets(g.funds for g in grants)
    slack = {
        union: sum(money[f] for f in union)
        - sum(g.cost for g in grants if union.issuperset(g.funds))
        for union in unions
    }
    awards = []
    for grant in sorted(grants, key=lambda g: g.application_id):
        due = grant.cost
        shares: list[tuple[str, int]] = []
        for fund in order:
            if fund not in grant.funds or not due:
                continue
            elsewhere = [u for u in unions if fund in u and not u.issuperset(grant.funds)]
            part = min([due, money[fund], *(slack[u] for u in elsewhere)])
            if part <= 0:
                continue
            for union in elsewhere:
                slack[union] -= part
            money[fund] -= part
            due -= part
            shares.append((fund, part))
        if due:
            raise ValueError(f"award {grant.application_id} is not payable from its funds")
        named = tuple(shares) or ((_first(order, grant.funds), 0),)
        awards.append(Award(grant.application_id, grant.package, grant.cost, named))
    return tuple(awards)


def _first(order: Sequence[str], funds: Sequence[str]) -> str:
    return next(fund for fund in order if fund in funds)
