"""Promise 7: the margin of every application is exactly what trying every allocation says it is."""

from dataclasses import replace

import pytest

from allocator.errors import AllocatorError
from allocator.explain.margins import margins
from allocator.model import POINT, Candidate, Package, Pool
from allocator.optimise.solve import allocate
from allocator.optimise.watch import Watch
from bench.synthetic import synthetic
from tests.builders import Small
from tests.oracle import decide
from tests.rounds import numbered

CHUNK = 10
FEW = range(6)
MANY = range(6, 120)


def awards_at(small: Small, candidate: Candidate, merit: int) -> set[str]:
    """Return by brute force whom the method awards if a candidate had another merit."""
    changed = tuple(
        replace(each, merit=merit) if each is candidate else each for each in small.pool.candidates
    )
    verdict = decide(replace(small.pool, candidates=changed), small.round, small.rules)
    return set(dict(verdict.chosen))


def assert_margins(small: Small) -> int:
    """Hold every margin of a round to brute force; return how many there were."""
    try:
        programme, allocation = allocate(small.pool, small.round, small.rules)
    except AllocatorError:
        return 0
    found = margins(programme, small.pool, small.round, small.rules, allocation, Watch())
    awarded = {award.application_id for award in allocation.awards}
    for candidate in small.pool.candidates:
        application = candidate.application.application_id
        margin = found[application]
        assert margin.exact
        others = set(margin.others)
        if application in awarded:
            assert margin.points is not None
            if margin.at_any_merit:
                assert application in awards_at(small, candidate, 0)
            else:
                assert application in awards_at(small, candidate, candidate.merit - margin.points)
                lost = awards_at(small, candidate, candidate.merit - margin.points - 1)
                assert application not in lost
                assert others == lost - awarded
        elif margin.points is None:
            assert application not in awards_at(small, candidate, candidate.merit + 10_000_000)
        else:
            won = awards_at(small, candidate, candidate.merit + margin.points)
            assert application in won
            assert others == awarded - won
            below = awards_at(small, candidate, candidate.merit + margin.points - 1)
            assert application not in below
    return len(small.pool.candidates)


def assert_chunk(chunk: int) -> None:
    """Hold a chunk of numbered rounds to brute force."""
    compared = 0
    for number in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        try:
            compared += assert_margins(numbered(number))
        except Exception as failure:
            failure.add_note(f"round {number}: tests.rounds.numbered({number})")
            raise
    assert compared > CHUNK


@pytest.mark.parametrize("number", (214, 268))
def test_who_would_lose_an_award_follows_from_the_package_that_wins_it(number):
    assert_margins(numbered(number))


@pytest.mark.parametrize("chunk", FEW)
def test_margins_are_what_trying_every_allocation_says(chunk):
    assert_chunk(chunk)


def test_margins_found_by_the_solver_are_the_same(monkeypatch):
    monkeypatch.setattr("allocator.optimise.forced.best_of_all", lambda *_: {})
    assert_chunk(0)


@pytest.mark.soak
@pytest.mark.parametrize("chunk", MANY)
def test_many_more_margins_are_what_trying_every_allocation_says(chunk):
    assert_chunk(chunk)


# --- rounds of the size people know, with as many ties as they have ----------------------------

FLAT = {Package.FULL: 480_000, Package.TICKET: 120_000, Package.DSA: 360_000}


def coarse(applications: int, points: int, flat: bool, seed: int = 1) -> Small:
    """Return an invented round with merit in whole steps, and the same costs for everybody."""
    case = synthetic(applications, 1, seed)
    step = points * POINT
    changed = tuple(
        replace(
            each,
            merit=each.merit // step * step,
            costs=tuple(replace(k, amount=FLAT[k.package]) for k in each.costs)
            if flat
            else each.costs,
        )
        for each in case.pool.candidates
    )
    return Small(Pool(changed, ()), case.round, case.rules)


def decided_anew(small: Small, candidate: Candidate, merit: int) -> bool:
    """Tell whether the method awards a candidate with another merit."""
    changed = tuple(
        replace(each, merit=merit) if each is candidate else each for each in small.pool.candidates
    )
    _, allocation = allocate(replace(small.pool, candidates=changed), small.round, small.rules)
    return allocation.award_of(candidate.application.application_id) is not None


@pytest.mark.parametrize(("points", "flat"), [(1, False), (5, True), (10, False)])
def test_no_margin_is_left_blank_where_there_are_many_ties(points, flat):
    small = coarse(60, points, flat)
    programme, allocation = allocate(small.pool, small.round, small.rules)
    found = margins(programme, small.pool, small.round, small.rules, allocation, Watch())
    assert found.keys() == {c.application.application_id for c in small.pool.candidates}
    assert all(margin.exact for margin in found.values())
    assert all(each.exact for margin in found.values() for each in margin.packages)
    # A few of them by deciding the round anew.
    awarded = {award.application_id for award in allocation.awards}
    for candidate in small.pool.candidates[:: len(small.pool.candidates) // 4]:
        margin = found[candidate.application.application_id]
        if margin.points is None or margin.at_any_merit:
            continue
        won = candidate.application.application_id in awarded
        enough = candidate.merit - margin.points if won else candidate.merit + margin.points
        assert decided_anew(small, candidate, enough)
        assert not decided_anew(small, candidate, enough - 1)


def test_margins_do_not_depend_on_how_many_processes_find_them(monkeypatch):
    monkeypatch.setattr("allocator.explain.margins.SHARED_FROM", 1)
    small = coarse(30, 5, flat=True)
    programme, allocation = allocate(small.pool, small.round, small.rules)
    decided = (programme, small.pool, small.round, small.rules, allocation)
    alone = margins(*decided, Watch())
    shared = margins(*decided, Watch(), processes=2)
    assert list(shared.items()) == list(alone.items())


def test_the_solver_is_asked_about_everybody_where_that_is_wanted(monkeypatch):
    small = coarse(12, 5, flat=False)
    programme, allocation = allocate(small.pool, small.round, small.rules)
    decided = (programme, small.pool, small.round, small.rules, allocation)
    exact = margins(*decided, Watch())
    monkeypatch.setattr("allocator.explain.margins._looked_up", lambda *_: {})
    monkeypatch.setattr("allocator.explain.margins.FEW", 0)
    assert not any(margin.exact for margin in margins(*decided, Watch()).values())
    for processes in (1, 2):
        found = margins(*decided, Watch(), processes=processes, always=True)
        assert {a: (m.points, m.exact, m.others) for a, m in found.items()} == {
            a: (m.points, m.exact, m.others) for a, m in exact.items()
        }


def test_margins_are_only_bounded_where_the_time_is_over():
    small = coarse(30, 5, flat=True)
    programme, allocation = allocate(small.pool, small.round, small.rules)
    decided = (programme, small.pool, small.round, small.rules, allocation)
    exact = margins(*decided, Watch())
    for found in (margins(*decided, Watch(0.0)), margins(*decided, Watch(), "bounds")):
        assert found.keys() == exact.keys()
        for application, margin in found.items():
            if margin.points is not None:
                known = exact[application].points
                assert known is None or margin.points <= known
