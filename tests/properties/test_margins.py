"""Promise 7: the margin of every application is exactly what trying every allocation says it is."""

from dataclasses import replace

import pytest

from allocator.errors import AllocatorError
from allocator.explain.margins import margins
from allocator.model import Candidate
from allocator.optimise.solve import allocate
from allocator.optimise.watch import Watch
from tests.builders import Small
from tests.oracle import decide
from tests.rounds import numbered

CHUNK = 10
FEW = range(6)
MANY = range(6, 120)


def awarded_at(small: Small, candidate: Candidate, merit: int) -> bool:
    """Tell by brute force whether the method awards a candidate with another merit."""
    changed = tuple(
        replace(each, merit=merit) if each is candidate else each for each in small.pool.candidates
    )
    verdict = decide(replace(small.pool, candidates=changed), small.round, small.rules)
    return candidate.application.application_id in dict(verdict.chosen)


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
        if application in awarded:
            assert margin.points is not None
            if margin.at_any_merit:
                assert awarded_at(small, candidate, 0)
            else:
                assert awarded_at(small, candidate, candidate.merit - margin.points)
                assert not awarded_at(small, candidate, candidate.merit - margin.points - 1)
        elif margin.points is None:
            assert not awarded_at(small, candidate, candidate.merit + 10_000_000)
        else:
            assert awarded_at(small, candidate, candidate.merit + margin.points)
            assert not awarded_at(small, candidate, candidate.merit + margin.points - 1)
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


@pytest.mark.parametrize("chunk", FEW)
def test_margins_are_what_trying_every_allocation_says(chunk):
    assert_chunk(chunk)


@pytest.mark.soak
@pytest.mark.parametrize("chunk", MANY)
def test_many_more_margins_are_what_trying_every_allocation_says(chunk):
    assert_chunk(chunk)
