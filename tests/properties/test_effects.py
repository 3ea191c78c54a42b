"""Promise 7: what a balance factor did, and what could be exchanged, is what trying it all says."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from allocator.errors import AllocatorError
from allocator.explain.effects import effects_of, factor_effects
from allocator.explain.explanation import Effects
from allocator.explain.swaps import improvable, swaps
from allocator.model import Candidate, Decision, Package
from allocator.optimise.allocation import Allocation
from allocator.optimise.programme import Programme, build
from allocator.optimise.solve import allocate
from allocator.optimise.watch import Watch
from tests.builders import FULL, PLAIN_RULES, Small, candidate, meeting, pool_of, round_of
from tests.oracle import decide
from tests.referee import broken, funds_broken, payers, price, value
from tests.rounds import numbered

type Choice = dict[str, Package]

CHUNK = 30
FEW = range(4)
MANY = range(4, 60)


@cache
def decided(number: int) -> tuple[Small, Programme, Allocation, Effects] | None:
    small = numbered(number)
    try:
        programme, allocation = allocate(small.pool, small.round, small.rules)
    except AllocatorError:
        return None
    found = effects_of(
        programme, small.pool, small.round, small.rules, allocation, Watch(), always=True
    )
    assert found is not None
    return small, programme, allocation, found


def choice_of(allocation: Allocation) -> Choice:
    return {award.application_id: award.package for award in allocation.awards}


def rounds(chunk: int) -> Iterator[tuple[int, Small, Programme, Allocation, Effects]]:
    for number in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        found = decided(number)
        if found is not None:
            yield number, *found


def without(small: Small, factor: str) -> Small:
    light = tuple(replace(b, weight=0) if b.id == factor else b for b in small.rules.balance)
    return replace(small, rules=replace(small.rules, balance=light))


def assert_effects(chunk: int) -> None:
    told = 0
    for number, small, _, allocation, effects in rounds(chunk):
        now = choice_of(allocation)
        assert [e.factor for e in effects.factors] == [
            b.id for b in small.rules.balance if b.weight > 0
        ]
        for effect in effects.factors:
            other = without(small, effect.factor)
            then = dict(decide(other.pool, other.round, other.rules).chosen)
            assert {a.application_id: a.package for a in effect.awards} == then, number
            assert effect.brought_in == tuple(sorted(now.keys() - then.keys()))
            assert effect.kept_out == tuple(sorted(then.keys() - now.keys()))
            both = now.keys() & then.keys()
            assert effect.repackaged == tuple(sorted(a for a in both if now[a] is not then[a]))
            plain = replace(small.rules, balance=())
            assert effect.merit == value(small.pool, plain, now)
            assert effect.merit_without == value(small.pool, plain, then)
            told += 1
        for application, factors in factor_effects(effects).items():
            for each in factors:
                assert each.package is not now.get(application)
                assert (each.otherwise is Decision.AWARDED) == (each.package is not None)
    assert told > CHUNK // 3


@pytest.mark.parametrize("chunk", FEW)
def test_an_effect_is_the_difference_to_deciding_without_the_factor(chunk: int) -> None:
    assert_effects(chunk)


@pytest.mark.soak
@pytest.mark.parametrize("chunk", MANY)
def test_many_more_effects(chunk: int) -> None:
    assert_effects(chunk)


def exchanged(small: Small, now: Choice) -> Iterator[tuple[str, str]]:
    """Yield every exchange at no loss, by trying each."""
    worth = value(small.pool, small.rules, now)
    for out in now:
        for entering in small.pool.candidates:
            name = entering.application.application_id
            if name not in now:
                rest = {each: package for each, package in now.items() if each != out}
                for cost in entering.costs:
                    after = {**rest, name: cost.package}
                    if holds(small, after) and value(small.pool, small.rules, after) == worth:
                        yield out, name
                        break


def holds(small: Small, choice: Choice) -> bool:
    if broken(small.pool, small.round, small.rules, choice):
        return False
    funds = small.round.funds
    bills = [
        (price(c, choice[c.application.application_id]), payers(funds, c, package))
        for c in small.pool.candidates
        if (package := choice.get(c.application.application_id)) is not None
    ]
    if not funds:
        return True
    paid = all(able for _, able in bills)
    return paid and not funds_broken(small.round, small.rules.share_between_funds, bills)


def assert_swaps(chunk: int) -> int:
    told = 0
    for number, small, programme, allocation, effects in rounds(chunk):
        found = [(each.awarded, each.declined) for each in swaps(programme, allocation.values)]
        tried = sorted(exchanged(small, choice_of(allocation)))
        if small.rules.share_between_funds:
            assert found == tried, number
        else:  # everybody else's award stays with the fund that pays it
            assert set(found) <= set(tried), number
        tied = {draw.application_id for draw in allocation.draws}
        assert {each for pair in found for each in pair} <= tied
        assert effects.swaps_count == len(found)
        told += len(found)
    return told


def test_exchanges_are_those_that_trying_each_finds() -> None:
    assert sum(assert_swaps(chunk) for chunk in FEW) > 40


@pytest.mark.soak
@pytest.mark.parametrize("chunk", MANY)
def test_many_more_exchanges(chunk: int) -> None:
    assert_swaps(chunk)


def test_no_change_improves_the_best_and_an_award_taken_away_is_noticed() -> None:
    noticed = 0
    for chunk in FEW:
        for number, small, programme, allocation, effects in rounds(chunk):
            assert not improvable(programme, allocation.awards), number
            for effect in effects.factors:
                light = without(small, effect.factor)
                other = build(light.pool, light.round, light.rules)
                assert not improvable(other, effect.awards), number
            if allocation.awards:
                fewer = allocation.awards[1:]
                worth = value(small.pool, small.rules, choice_of(allocation))
                less = {award.application_id: award.package for award in fewer}
                if holds(small, less) and value(small.pool, small.rules, less) < worth:
                    assert improvable(programme, fewer), number
                    noticed += 1
    assert noticed > 40


def test_a_large_round_of_several_meetings_names_the_factors_it_left_out() -> None:
    small = next(
        each
        for each in map(numbered, range(300))
        if any(b.weight > 0 for b in each.rules.balance)
        and len({c.application.meeting for c in each.pool.candidates}) > 1
        and not each.rules.floors
    )
    programme, allocation = allocate(small.pool, small.round, small.rules)
    crowd = replace(small.pool, candidates=small.pool.candidates * 200)
    found = effects_of(programme, crowd, small.round, small.rules, allocation, Watch())
    assert found is not None
    assert found.factors == ()
    assert found.left_out == tuple(b.id for b in small.rules.balance if b.weight > 0)


def test_a_hundred_alike_are_counted_and_the_first_listed() -> None:
    alike: list[Candidate] = [
        candidate(f"A{n:02d}", merit=50_000, costs={FULL: 100_000}) for n in range(40)
    ]
    small = Small(pool_of(alike), round_of([meeting("m1", budget=2_000_000)]), PLAIN_RULES)
    programme, allocation = allocate(small.pool, small.round, small.rules)
    found = effects_of(programme, small.pool, small.round, small.rules, allocation, Watch())
    assert found is not None
    assert found.swaps_count == 20 * 20
    assert len(found.swaps) == 200
    assert found.factors == ()
