"""The oracle is itself held to hand-computed rounds and to a naive enumeration."""

from dataclasses import replace
from fractions import Fraction
from itertools import chain, combinations, product

import pytest

from allocator.model import Award, Fund, Gender, Package
from allocator.rules import BalanceFactor, Bound, Measure, PairScope, UnitLimit
from tests.builders import (
    DSA,
    EVERYBODY,
    FULL,
    PLAIN_RULES,
    TICKET,
    Small,
    candidate,
    meeting,
    pool_of,
    round_of,
    where,
)
from tests.oracle import decide, size
from tests.referee import broken, check, funds_broken, lottery, payers, price, value
from tests.rounds import numbered

QUOTA = UnitLimit(2, 1, 1, 2, None)
PARITY = BalanceFactor(
    "gender", "Gender", where(gender="female"), "gender", Fraction(1, 2), Measure.AWARDS, 30_000,
    None,
)  # fmt: skip


def test_the_budget_goes_to_the_best_pair_not_to_the_best_one():
    pool = pool_of(
        [
            candidate("A", merit=90_000, costs={FULL: 1000}),
            candidate("B", merit=60_000, costs={FULL: 500}, administration="MLI"),
            candidate("C", merit=60_000, costs={FULL: 500}, administration="BTN"),
        ]
    )
    verdict = decide(pool, round_of([meeting("m1", budget=1000)]), PLAIN_RULES)
    assert (verdict.value, verdict.chosen, verdict.tied) == (
        120_000,
        (("B", FULL), ("C", FULL)),
        (),
    )


def test_a_tie_goes_to_the_first_in_the_published_order():
    pool = pool_of(
        [candidate(a, merit=60_000, costs={FULL: 500}) for a in ("A1", "A2", "A3", "A4")]
    )
    round_ = round_of([meeting("m1")])
    verdict = decide(pool, round_, replace(PLAIN_RULES, quota=QUOTA))
    # sha256sum of "a published seedA1" … begins 5a55, 079b, 4ba2, 9f4d.
    assert lottery(round_.lottery_seed, ("A1", "A2", "A3", "A4")) == ["A2", "A3", "A1", "A4"]
    assert verdict.chosen == (("A2", FULL),)
    assert verdict.tied == ("A2", "A3", "A1", "A4")
    assert verdict.optima == 4


def test_balance_costs_what_the_weight_says():
    pool = pool_of(
        [
            candidate("A", merit=80_000, costs={FULL: 500}, gender=Gender.MALE),
            candidate("B", merit=60_000, costs={FULL: 500}, gender=Gender.MALE),
            candidate("C", merit=45_000, costs={FULL: 500}, gender=Gender.FEMALE),
        ]
    )
    round_ = round_of([meeting("m1", budget=1000)])
    rules = replace(PLAIN_RULES, balance=(PARITY,))
    # Two men: 140 - 30·(1/2·2) = 110. One of each: 80 + 45 = 125.
    assert decide(pool, round_, rules).value == 125_000
    assert value(pool, rules, {"A": FULL, "B": FULL}) == 110_000


def test_money_for_one_group_cannot_pay_for_another():
    pool = pool_of(
        [
            candidate("A", merit=90_000, costs={FULL: 600, TICKET: 200}, administration="KEN"),
            candidate("B", merit=50_000, costs={FULL: 600, TICKET: 200}, administration="MLI"),
        ]
    )
    funds = [Fund("ldc", "", 700, where(country_group="ldc")), Fund("all", "", 300, EVERYBODY)]
    verdict = decide(pool, round_of([meeting("m1")], funds), PLAIN_RULES)
    assert verdict.chosen == (("A", TICKET), ("B", FULL))


def test_an_award_is_shared_by_funds_only_where_the_policy_lets_it():
    pool = pool_of([candidate("A", merit=90_000, costs={FULL: 600})])
    round_ = round_of(
        [meeting("m1")], [Fund("a", "", 300, EVERYBODY), Fund("b", "", 300, EVERYBODY)]
    )
    assert decide(pool, round_, PLAIN_RULES).chosen
    assert not decide(pool, round_, replace(PLAIN_RULES, share_between_funds=False)).chosen


def test_conflicts_are_smallest_and_complete():
    pool = pool_of([candidate(a, merit=50_000, costs={DSA: 400}) for a in ("A", "B", "C")])
    two = Bound("two", EVERYBODY, EVERYBODY, Measure.AWARDS, False, Fraction(2), None, None)
    rules = replace(PLAIN_RULES, quota=QUOTA, ticket_in_pair=PairScope.ALL, floors=(two,))
    verdict = decide(pool, round_of([meeting("m1", budget=500)]), rules)
    assert verdict.value is None
    assert verdict.conflicts == {
        frozenset({"floor[two]", "ticket_in_pair"}),
        frozenset({"floor[two]", "budget[m1]"}),
    }


def test_a_proportional_target_is_the_part_of_the_known_pool():
    genders = (Gender.FEMALE, Gender.MALE, Gender.MALE, Gender.NOT_STATED)
    pool = pool_of(
        [
            candidate(f"A{i}", merit=50_000, costs={FULL: 400}, gender=g)
            for i, g in enumerate(genders)
        ]
    )
    rules = replace(PLAIN_RULES, balance=(replace(PARITY, target=None),))
    # One of three known: two men are short by 1/3·2, which costs 30 points a head.
    assert value(pool, rules, {"A1": FULL, "A2": FULL, "A3": FULL}) == 150_000 - 20_000


def test_every_broken_rule_of_an_allocation_is_named():
    pool = pool_of(
        [
            candidate("A", merit=50_000, costs={DSA: 400}, person="p", used=1),
            candidate("B", merit=50_000, costs={DSA: 400}, person="p", used=1),
        ]
    )
    round_ = round_of([meeting("m1", budget=500)], [Fund("f", "", 700, EVERYBODY)])
    rules = replace(
        PLAIN_RULES,
        quota=UnitLimit(1, 1, 1, 1, None),
        person_year=QUOTA,
        ticket_in_pair=PairScope.GENEVA,
        caps=(Bound("c", EVERYBODY, EVERYBODY, Measure.MONEY, False, None, Fraction(799), None),),
        share_between_funds=False,
    )
    awards = (
        Award("A", DSA, 400, (("f", 400),)),
        Award("B", DSA, 401, (("f", 200), ("g", 200))),
    )
    assert check(pool, round_, rules, awards) == [
        "budget[m1]",
        "once",
        "quota",
        "ticket_in_pair",
        "person_year",
        "cap[c]",
        "amount[B]",
        "payer[B]",
        "shares[B]",
        "one_fund[B]",
    ]
    assert check(pool, round_, rules, awards[:1]) == []


# The naive enumeration: the referee's reading of every combination, one by one.


def _naive(small: Small) -> tuple[Fraction, tuple[tuple[str, Package], ...]] | None:
    best, optima = None, []
    for choice in _choices(small):
        if any(True for _ in _failures(small, choice)):
            continue
        worth = value(small.pool, small.rules, choice)
        if best is None or worth > best:
            best, optima = worth, []
        if worth == best:
            optima.append(choice)
    if best is None:
        return None
    order = lottery(
        small.round.lottery_seed, [c.application.application_id for c in small.pool.candidates]
    )
    first = min(
        optima,
        key=lambda o: (
            [a not in o for a in order],
            [list(Package).index(o[a]) for a in order if a in o],
        ),
    )
    return best, tuple(sorted(first.items()))


def _choices(small: Small) -> list[dict[str, Package]]:
    ids = [c.application.application_id for c in small.pool.candidates]
    offers = [(None, *(k.package for k in c.costs)) for c in small.pool.candidates]
    every = product(*offers)
    return [{a: p for a, p in zip(ids, each, strict=True) if p} for each in every]


def _failures(small: Small, choice: dict[str, Package]) -> list[frozenset[str]]:
    """Clauses, or sets of funds, that this allocation breaks; ``hard`` cannot be given up."""
    clauses = broken(small.pool, small.round, small.rules, choice)
    bills = [
        (price(c, choice[a]), payers(small.round.funds, c, choice[a]))
        for c in small.pool.candidates
        if (a := c.application.application_id) in choice
    ]
    if small.round.funds and not all(able for _, able in bills):
        clauses.append("hard")
    sets = funds_broken(small.round, small.rules.share_between_funds, bills)
    return [
        *(frozenset({"hard" if clause == "once" else clause}) for clause in clauses),
        *(frozenset(f"fund[{name}]" for name in names) for names in sets),
    ]


def _naive_conflicts(small: Small) -> set[frozenset[str]]:
    failures = [_failures(small, choice) for choice in _choices(small)]
    rules = small.rules
    names = [f"{k}[{b.id}]" for k, of in (("floor", rules.floors), ("cap", rules.caps)) for b in of]
    names += [f"budget[{m.id}]" for m in small.round.meetings]
    names += [f"fund[{f.id}]" for f in small.round.funds]
    names += ["quota", "ticket_in_pair", "person_year"]
    found: set[frozenset[str]] = set()
    for some in chain.from_iterable(combinations(names, k) for k in range(len(names) + 1)):
        kept = frozenset(some)
        hopeless = all(any(f <= kept | {"hard"} for f in each) for each in failures)
        if hopeless and not any(small <= kept for small in found):
            found.add(kept)
    return found


@pytest.mark.parametrize("tenth", range(10))
def test_oracle_agrees_with_a_naive_enumeration(tenth):
    numbers = [n for n in range(tenth, 400, 10) if size(numbered(n).pool) <= 150]
    feasible = 0
    for number in numbers:
        small = numbered(number)
        verdict = decide(small.pool, small.round, small.rules)
        naive = _naive(small)
        if naive is None:
            assert verdict.value is None, number
            assert verdict.conflicts == _naive_conflicts(small), number
        else:
            feasible += 1
            assert (verdict.value, verdict.chosen) == naive, number
    assert feasible > 5
