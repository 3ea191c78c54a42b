"""Promises 1 and 2: random small rounds are decided exactly as trying every allocation decides."""

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings

from allocator.errors import AllocatorError
from allocator.optimise.allocation import Allocation, Status
from allocator.optimise.programme import Programme
from allocator.optimise.solve import allocate
from bench.synthetic import synthetic
from tests.builders import Small
from tests.oracle import Verdict, decide
from tests.referee import check
from tests.rounds import numbered, small_rounds

CHUNK = 100


def assert_decided_as_by_hand(small: Small) -> bool:
    """Hold the optimiser to the oracle on one round; say whether it was feasible."""
    verdict = decide(small.pool, small.round, small.rules)
    try:
        programme, allocation = allocate(small.pool, small.round, small.rules)
    except AllocatorError as refusal:
        assert refusal.code == "optimise-infeasible"
        assert verdict.value is None, f"refused, but {verdict.chosen} is possible"
        conflict = getattr(refusal, "conflict", ())
        assert frozenset(conflict) in verdict.conflicts
        assert len(set(conflict)) == len(conflict)
        return False
    assert verdict.value is not None, f"decided, but {verdict.conflicts} conflict"
    assert_same(small, verdict, programme, allocation)
    assert_programme_agrees(programme, allocation)
    return True


def assert_same(
    small: Small, verdict: Verdict, programme: Programme, allocation: Allocation
) -> None:
    assert check(small.pool, small.round, small.rules, allocation.awards) == []
    assert allocation.objective == verdict.value * programme.scale
    assert (allocation.status, allocation.bound) == (Status.OPTIMAL, allocation.objective)
    awards = {award.application_id: award.package for award in allocation.awards}
    assert awards == dict(verdict.chosen)
    assert tuple(draw.application_id for draw in allocation.draws) == verdict.tied
    for place, draw in enumerate(allocation.draws, start=1):
        text = small.round.lottery_seed + draw.application_id
        assert draw.position == place
        assert draw.key == hashlib.sha256(text.encode()).hexdigest()
        assert draw.package == awards.get(draw.application_id)


def assert_programme_agrees(programme: Programme, allocation: Allocation) -> None:
    """The values returned satisfy every row as written, and are worth what is said."""
    values = allocation.values
    worth = sum(c.objective * v for c, v in zip(programme.columns, values, strict=True))
    assert worth == allocation.objective
    assert all(0 <= v <= c.upper for c, v in zip(programme.columns, values, strict=True))
    for row in programme.rows:
        total = sum(a * values[j] for j, a in zip(row.columns, row.coefficients, strict=True))
        assert total <= row.bound if row.sense == "<=" else total >= row.bound, row.name
    granted = {
        (c.application, c.package)
        for c, v in zip(programme.columns, values, strict=True)
        if c.application and v
    }
    assert granted == {(a.application_id, a.package) for a in allocation.awards}


def run_chunk(chunk: int) -> None:
    numbers = range(chunk * CHUNK, (chunk + 1) * CHUNK)
    feasible = 0
    for number in numbers:
        try:
            feasible += assert_decided_as_by_hand(numbered(number))
        except Exception as failure:
            failure.add_note(f"round {number}: tests.rounds.numbered({number})")
            raise
    assert CHUNK // 2 < feasible < CHUNK, "the generator no longer makes both kinds of round"


def by_solver(monkeypatch):
    """Decide small rounds as large ones of several meetings are: by the integer solver."""
    monkeypatch.setattr("allocator.optimise.solve._ground", lambda *_: None)


def by_following(monkeypatch):
    """Decide them as those are for which the list near the bound would be too long."""
    monkeypatch.setattr("allocator.optimise.optima.LARGEST_LISTED", 0)


def by_solver_then_list(monkeypatch):
    """Decide them as those where only the list of what is as good is short enough."""
    monkeypatch.setattr("allocator.optimise.solve.optima", lambda *_: None)


def by_list(monkeypatch):
    """Decide them as they are decided."""


WAYS = (by_list, by_following, by_solver, by_solver_then_list)
SOME = [*((by_list, n) for n in range(4)), *((by_following, n) for n in range(6, 10)),
        *((by_solver, n) for n in (12, 14)),
        *((by_solver_then_list, n) for n in range(17, 19))]  # fmt: skip


@pytest.mark.parametrize(("way", "chunk"), SOME)
def test_random_rounds_are_decided_as_by_hand(way, chunk, monkeypatch):
    way(monkeypatch)
    run_chunk(chunk)


@pytest.mark.parametrize("asked", [0, 3, 30, 100, 300, 1000])
def test_what_was_found_by_following_is_kept_when_it_is_stopped(asked, monkeypatch):
    case = synthetic(40, 1, seed=5)
    _, best = allocate(case.pool, case.round, case.rules)
    by_following(monkeypatch)
    left = iter([False] * asked)
    programme, found = allocate(case.pool, case.round, case.rules, cancel=lambda: next(left, True))
    assert check(case.pool, case.round, case.rules, found.awards) == []
    assert_programme_agrees(programme, found)
    assert found.objective <= best.objective <= found.bound
    if found.status is Status.OPTIMAL:
        assert found == best


def test_who_is_tied_through_a_twin_in_another_best_allocation_is_named(monkeypatch):
    by_solver(monkeypatch)
    assert assert_decided_as_by_hand(numbered(3553))


@pytest.mark.soak
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("chunk", range(220))
def test_many_more_random_rounds_are_decided_as_by_hand(way, chunk, monkeypatch):
    way(monkeypatch)
    run_chunk(chunk)


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(small=small_rounds())
def test_drawn_rounds_are_decided_as_by_hand(small):
    assert_decided_as_by_hand(small)
