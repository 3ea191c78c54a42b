"""Promise 7: the extra money said to suffice does, and no smaller amount would have."""

from dataclasses import replace

import pytest

from allocator.errors import AllocatorError
from allocator.explain.explanation import ExtraMoney
from allocator.explain.extra_money import extra_money, with_more
from allocator.model import Pool, Round
from allocator.optimise.allocation import Allocation
from allocator.optimise.programme import Programme
from allocator.optimise.rising import Least
from allocator.optimise.solve import allocate
from allocator.optimise.watch import Watch
from allocator.rules import Rules
from bench.synthetic import synthetic
from tests.builders import Small
from tests.oracle import decide
from tests.referee import payers, price
from tests.rounds import numbered

CHUNK = 4
FEW = range(2)
MANY = range(2, 200)
MOST_TRIED = 8
"""Smaller amounts that are tried for one application and line."""

type Decided = tuple[Programme, Pool, Round, Rules, Allocation]
type Figures = dict[str, tuple[ExtraMoney, ...]]


def awarded_with(small: Small, application: str, line: str, amount: int) -> bool:
    """Tell by brute force whether the method awards with so much more in a line."""
    verdict = decide(small.pool, with_more(small.round, line, amount), small.rules)
    return application in dict(verdict.chosen)


def smaller(amount: int) -> list[int]:
    """Return amounts below one: the next below, and some spread over the rest."""
    spread = {amount - 1, *(amount * n // MOST_TRIED for n in range(MOST_TRIED))}
    return sorted(each for each in spread if 0 <= each < amount)


def decided(small: Small) -> Decided | None:
    """Decide a round; ``None`` if no allocation keeps its rules."""
    try:
        programme, allocation = allocate(small.pool, small.round, small.rules)
    except AllocatorError:
        return None
    return programme, small.pool, small.round, small.rules, allocation


def assert_figures(small: Small, found: Figures) -> int:
    """Hold what is said to brute force; return how many figures there were.

    No smaller amount would do, and an exact one does.
    """
    most = sum(price(c, k.package) for c in small.pool.candidates for k in c.costs)
    for application, lines in found.items():
        for extra in lines:
            assert extra.amount is None or extra.amount > 0
            if extra.exact and extra.amount is not None:
                assert awarded_with(small, application, extra.line, extra.amount)
            for amount in smaller(extra.amount or most + 1):
                assert not awarded_with(small, application, extra.line, amount), amount
    return sum(len(lines) for lines in found.values())


def assert_round(small: Small, monkeypatch: pytest.MonkeyPatch) -> int:
    """Hold every figure of a round to brute force, however it was found; return how many."""
    known = decided(small)
    if known is None:
        return 0
    every = [c.application.application_id for c in small.pool.candidates]
    found = extra_money(*known, every, Watch())
    assert all(extra.exact for lines in found.values() for extra in lines)
    compared = assert_figures(small, found)
    unasked = extra_money(*known, (), Watch())
    if len(small.round.meetings) == 1:
        assert unasked in (found, {})  # nothing where it cannot be followed
    compared += assert_figures(small, unasked)
    with monkeypatch.context() as patch:
        patch.setattr("allocator.explain.extra_money.amounts", nothing_settled)
        assert extra_money(*known, every, Watch()) == found
        compared += assert_figures(small, extra_money(*known, (), Watch(), always=True))
        proven = extra_money(*known, (), Watch())
        # Of a lost lottery nothing is said of money.
        assert not any(proven.get(each.application_id) for each in known[-1].draws)
        compared += assert_figures(small, proven)
    with monkeypatch.context() as patch:
        patch.setattr("allocator.explain.extra_money.PATIENCE", 1)
        compared += assert_figures(small, extra_money(*known, (), Watch()))
    return compared


def nothing_settled(wants, applications, objective, over, *, patience=None):
    """Stand in for what follows allocations, where there are too many of them."""
    return dict.fromkeys(applications, Least(0, settled=False))


def assert_chunk(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold a chunk of numbered rounds to brute force."""
    compared = 0
    for number in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        try:
            compared += assert_round(numbered(number), monkeypatch)
        except Exception as failure:
            failure.add_note(f"round {number}: tests.rounds.numbered({number})")
            raise
    assert compared


@pytest.mark.parametrize("chunk", FEW)
def test_extra_money_is_what_deciding_anew_says(chunk, monkeypatch):
    assert_chunk(chunk, monkeypatch)


@pytest.mark.soak
@pytest.mark.parametrize("chunk", MANY)
def test_much_more_extra_money_is_what_deciding_anew_says(chunk, monkeypatch):
    assert_chunk(chunk, monkeypatch)


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


def test_a_line_without_money_and_costs_of_centimes_have_figures(monkeypatch):
    small = numbered(3)  # the price of a centime there, times all the money, has 75 bits
    dear, *others = small.pool.candidates
    cheap = (
        replace(c, costs=tuple(replace(k, amount=1 + k.amount // 100_000) for k in c.costs))
        for c in others
    )
    poor = replace(
        small.round,
        meetings=tuple(replace(m, budget=None) for m in small.round.meetings),
        funds=tuple(replace(f, amount=0) for f in small.round.funds),
    )
    tiny = replace(small, pool=replace(small.pool, candidates=(dear, *cheap)), round=poor)
    assert assert_round(tiny, monkeypatch) > 3
    known = decided(tiny)
    assert known is not None
    assert any(extra_money(*known, (), Watch()).values())


def test_extra_money_does_not_depend_on_how_many_processes_find_it(monkeypatch):
    monkeypatch.setattr("allocator.explain.extra_money.SHARED_FROM", 1)
    case = synthetic(40, 1, 1)
    programme, allocation = allocate(case.pool, case.round, case.rules)
    known = (programme, case.pool, case.round, case.rules, allocation)
    alone = extra_money(*known, (), Watch())
    assert len(alone) > 3
    assert list(extra_money(*known, (), Watch(), processes=2).items()) == list(alone.items())


def test_what_is_settled_does_not_depend_on_the_steps_taken(monkeypatch):
    case = synthetic(40, 1, 1)
    programme, allocation = allocate(case.pool, case.round, case.rules)
    known = (programme, case.pool, case.round, case.rules, allocation)
    found = extra_money(*known, (), Watch())
    assert all(each.exact for lines in found.values() for each in lines)
    for first, most, few, nearer, crowd in (
        (1, (60,), 60, 2, 2),
        (30, (50, 10_000), 2, 10, 10**9),
    ):
        monkeypatch.setattr("allocator.optimise.rising.FIRST", first)
        monkeypatch.setattr("allocator.optimise.rising.MOST_FOLLOWED", most)
        monkeypatch.setattr("allocator.optimise.rising.FEW", few)
        monkeypatch.setattr("allocator.optimise.rising.NEARER", nearer)
        monkeypatch.setattr("allocator.optimise.beginnings.CROWD", crowd)
        for application, lines in extra_money(*known, (), Watch()).items():
            for each, exact in zip(lines, found[application], strict=True):
                assert each == exact or not each.exact
                assert each.exact or exact.amount is None or each.amount <= exact.amount
