"""Promise 7: the extra money said to suffice does, and no smaller amount would have."""

from dataclasses import replace
from fractions import Fraction

import pytest

from allocator.errors import AllocatorError
from allocator.explain.extra_money import extra_money, with_more
from allocator.optimise.solve import allocate
from allocator.optimise.watch import Watch
from bench.synthetic import synthetic
from tests.builders import Small
from tests.oracle import decide, worth_awarding
from tests.referee import payers, price
from tests.rounds import numbered

CHUNK = 8
FEW = range(2)
MANY = range(2, 100)
MOST_TRIED = 12
"""Smaller amounts that are tried for one application and line."""


def awarded_with(small: Small, application: str, line: str, amount: int) -> bool:
    """Tell by brute force whether the method awards with so much more in a line."""
    verdict = decide(small.pool, with_more(small.round, line, amount), small.rules)
    return application in dict(verdict.chosen)


def smaller(amount: int) -> list[int]:
    """Return amounts below one: the next below, and some spread over the rest."""
    spread = {amount - 1, *(amount * n // MOST_TRIED for n in range(MOST_TRIED))}
    return sorted(each for each in spread if 0 <= each < amount)


def assert_extra_money(small: Small) -> int:
    """Hold every figure of a round to brute force; return how many there were."""
    try:
        programme, allocation = allocate(small.pool, small.round, small.rules)
    except AllocatorError:
        return 0
    every = [c.application.application_id for c in small.pool.candidates]
    found = extra_money(programme, small.pool, small.round, small.rules, allocation, every, Watch())
    most = sum(price(c, k.package) for c in small.pool.candidates for k in c.costs)
    for application, lines in found.items():
        for extra in lines:
            assert extra.exact
            if extra.amount is None:
                tried = smaller(most + 1)
            else:
                assert extra.amount > 0
                assert awarded_with(small, application, extra.line, extra.amount)
                tried = smaller(extra.amount)
            for amount in tried:
                assert not awarded_with(small, application, extra.line, amount), amount
    return sum(len(lines) for lines in found.values())


def assert_bounds(small: Small) -> int:
    """Hold what is said unasked to brute force: with less no award is as good as the present."""
    try:
        programme, allocation = allocate(small.pool, small.round, small.rules)
    except AllocatorError:
        return 0
    one = len(small.round.meetings) == 1
    decided = (programme, small.pool, small.round, small.rules, allocation)
    found = extra_money(*decided, (), Watch(), always=True)
    unasked = extra_money(*decided, (), Watch())
    awarded = {each.application_id for each in allocation.awards}
    assert all(
        each.application_id in awarded or each.application_id not in unasked
        for each in allocation.draws
    )  # of a lost lottery nothing is said of money
    most = sum(price(c, k.package) for c in small.pool.candidates for k in c.costs)
    present = Fraction(allocation.objective, programme.scale)

    def as_good(application: str, line: str, amount: int) -> bool:
        raised = with_more(small.round, line, amount)
        worth = worth_awarding(small.pool, raised, small.rules, application)
        return worth is not None and worth >= present

    for application, lines in found.items():
        for extra in lines:
            never = extra.amount is None
            drawn = as_good(application, extra.line, 0)  # and the lottery was lost
            assert extra.exact == never
            assert not one or drawn or extra in unasked[application]
            assert drawn or as_good(application, extra.line, extra.amount or most) != never
            for amount in smaller(extra.amount or most):
                assert not awarded_with(small, application, extra.line, amount)
                assert drawn or not as_good(application, extra.line, amount)
    return sum(len(lines) for lines in found.values())


def assert_chunk(chunk: int) -> None:
    """Hold a chunk of numbered rounds to brute force."""
    compared = 0
    for number in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        try:
            compared += assert_extra_money(numbered(number))
            compared += assert_bounds(numbered(number))
        except Exception as failure:
            failure.add_note(f"round {number}: tests.rounds.numbered({number})")
            raise
    assert compared


@pytest.mark.parametrize("chunk", FEW)
def test_extra_money_is_what_deciding_anew_says(chunk):
    assert_chunk(chunk)


@pytest.mark.soak
@pytest.mark.parametrize("chunk", MANY)
def test_much_more_extra_money_is_what_deciding_anew_says(chunk):
    assert_chunk(chunk)


def test_every_line_that_may_pay_has_a_figure():
    small = next(
        s for s in map(numbered, range(500)) if s.round.funds and s.round.meetings[0].budget
    )
    programme, allocation = allocate(small.pool, small.round, small.rules)
    poor = replace(small.round, funds=tuple(replace(f, amount=0) for f in small.round.funds))
    programme, allocation = allocate(small.pool, poor, replace(small.rules, floors=()))
    rules = replace(small.rules, floors=())
    every = [c.application.application_id for c in small.pool.candidates]
    found = extra_money(programme, small.pool, poor, rules, allocation, every, Watch())
    for c in small.pool.candidates:
        if c.application.application_id in found:
            paying = {f for k in c.costs for f in payers(poor.funds, c, k.package)}
            named = {each.line for each in found[c.application.application_id]}
            assert {f"fund[{f}]" for f in paying} <= named


def test_extra_money_does_not_depend_on_how_many_processes_find_it(monkeypatch):
    monkeypatch.setattr("allocator.explain.extra_money.SHARED_FROM", 1)
    case = synthetic(40, 1, 1)
    programme, allocation = allocate(case.pool, case.round, case.rules)
    decided = (programme, case.pool, case.round, case.rules, allocation)
    alone = extra_money(*decided, (), Watch())
    assert len(alone) > 3
    assert list(extra_money(*decided, (), Watch(), processes=2).items()) == list(alone.items())
