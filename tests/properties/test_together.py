"""Questions answered together have the answers they have alone, however many are asked."""

import pytest

from allocator.errors import AllocatorError
from allocator.explain.margin import Stand, asked, stand
from allocator.optimise import together
from allocator.optimise.allocation import Status
from allocator.optimise.beginnings import Best
from allocator.optimise.branches import Case
from allocator.optimise.forced import _allowed
from allocator.optimise.layers import TooMany
from allocator.optimise.solve import allocate
from allocator.optimise.together import best_of_all, case_of
from tests.builders import Small
from tests.properties.test_margins import coarse
from tests.rounds import numbered


def where(small: Small) -> Stand | None:
    try:
        programme, allocation = allocate(small.pool, small.round, small.rules)
    except AllocatorError:
        return None
    if allocation.status is not Status.OPTIMAL:
        return None
    return stand(programme, small.pool, small.round, small.rules, allocation)


def cases_of(here: Stand, floor: int | None = None) -> list[Case]:
    """Return everything that is asked about a round, as it is asked of the terrain."""
    ground, terrain = here.ground, here.ground.terrain
    assert terrain is not None
    cases = (
        case_of(terrain, *_allowed(ground, question), floor)
        for question in asked(here, here.merits)
    )
    return [case for case in cases if case is not None]


def alone(here: Stand, case: Case) -> Best | None:
    """Return what is found for one case by itself."""
    return together_(here, [case])[case]


def together_(here: Stand, cases: list[Case]) -> dict[Case, Best | None]:
    assert here.ground.terrain is not None
    return best_of_all(here.ground.terrain, cases, here.ground.distance, lambda: False)


def assert_as_alone(here: Stand, *sizes: int, floor: int | None = None) -> int:
    """Hold what is found so many at a time to what is found alone; return how many there were."""
    cases = cases_of(here, floor)
    expected = {case: alone(here, case) for case in cases}
    for size in sizes:
        for n in range(0, len(cases), size):
            found = together_(here, cases[n : n + size])
            assert found == {case: expected[case] for case in cases[n : n + size]}
    return len(cases)


def test_small_rounds_have_the_answers_found_alone():
    compared = 0
    for number in range(40):
        here = where(numbered(number))
        if here is not None and here.ground.terrain is not None:
            compared += assert_as_alone(here, 1000)
    assert compared > 100


@pytest.mark.parametrize(("points", "flat"), [(1, False), (10, False), (5, True)])
def test_rounds_with_many_ties_have_the_answers_found_alone(points, flat):
    here = where(coarse(30, points, flat))
    assert here is not None
    assert assert_as_alone(here, 5, 1000) > 30


def test_only_a_few_followed_first_make_no_difference(monkeypatch):
    for points in (1, 10):
        here = where(coarse(30, points, flat=False))
        assert here is not None
        cases = cases_of(here)
        monkeypatch.setattr(together, "WIDTHS", (None,))
        expected = together_(here, cases)
        for few in (1, 4):
            monkeypatch.setattr(together, "WIDTHS", (few, 2 * few, None))
            assert together_(here, cases) == expected


def test_whether_dominated_beginnings_are_dropped_makes_no_difference(monkeypatch):
    for points in (1, 10):
        here = where(coarse(30, points, flat=False))
        assert here is not None
        cases = cases_of(here)
        expected = together_(here, cases)
        for crowd in (20, 10**9):
            monkeypatch.setattr("allocator.optimise.beginnings.CROWD", crowd)
            assert together_(here, cases) == expected
        monkeypatch.undo()


def test_nothing_below_a_floor_is_found():
    here = where(coarse(30, 10, flat=False))
    assert here is not None
    floor = here.objective * 99 // 100
    assert_as_alone(here, 1000, floor=floor)
    found = together_(here, cases_of(here, floor))
    assert None in found.values()
    assert all(best.objective >= floor for best in found.values() if best is not None)


@pytest.mark.parametrize("most", [20, 100, 500, 500_000])
def test_who_is_tied_is_found_however_few_can_be_followed(monkeypatch, most):
    """Once something as good as the best is found for a case, it is asked about no more."""
    asked_about, as_good = 0, []
    for here in (where(coarse(40, 20, flat=False)), where(coarse(30, 50, flat=True))):
        assert here is not None and here.ground.terrain is not None
        cases = cases_of(here, here.objective)
        expected = {case: alone(here, case) for case in cases}
        monkeypatch.setattr("allocator.optimise.beginnings.MOST_BEGINNINGS", most)
        monkeypatch.setattr(together, "WIDTHS", (5, 10, None))
        found = best_of_all(
            here.ground.terrain,
            cases,
            here.ground.distance,
            lambda: False,
            enough=here.objective,
        )
        monkeypatch.undo()
        for case, best in found.items():
            assert (best and best.objective) == (expected[case] and expected[case].objective)
        asked_about += len(cases)
        as_good += [best is not None for best in found.values()]
    assert 0 < sum(as_good) < len(as_good), "both kinds are told apart"
    assert len(as_good) == asked_about or most < 500_000


def test_where_they_are_too_many_together_fewer_are_asked_at_once(monkeypatch):
    here = where(coarse(30, 10, flat=False))
    assert here is not None
    cases, sizes = cases_of(here), []
    within = together._within

    def few(search, some):
        if len(some) > 3:
            raise TooMany
        sizes.append(len(some))
        return within(search, some)

    with monkeypatch.context() as narrow:
        narrow.setattr(together, "_within", few)
        found = together_(here, cases)
    assert found == {case: alone(here, case) for case in cases}
    assert max(sizes) <= 3


def test_nothing_is_left_out_for_having_been_looked_for_too_far_away(monkeypatch):
    """Where there is little to follow the distance doubles; then there may be too many at once."""
    here = where(coarse(30, 10, flat=False))
    assert here is not None and here.ground.terrain is not None
    cases = cases_of(here)
    expected = {case: alone(here, case) for case in cases}
    farthest = max(case.above - best.objective for case, best in expected.items() if best)
    within = together._within

    def near(search, some):
        if any(case.above - case.goal > farthest * 5 // 4 + 2 for case in some):
            raise TooMany
        return within(search, some)

    monkeypatch.setattr(together, "_within", near)
    for first in (1, farthest // 3, farthest * 3 // 4):
        assert best_of_all(here.ground.terrain, cases, first, lambda: False) == expected


def test_what_is_too_many_even_so_is_left_out(monkeypatch):
    here = where(coarse(30, 10, flat=False))
    assert here is not None
    monkeypatch.setattr("allocator.optimise.layers.MOST_STATES", 0)
    assert together_(here, cases_of(here)) == {}


def test_nothing_is_looked_for_once_it_is_over():
    here = where(coarse(30, 10, flat=False))
    assert here is not None and here.ground.terrain is not None
    cases = cases_of(here)
    left = iter([False] * 200)
    found = best_of_all(here.ground.terrain, cases, here.ground.distance, lambda: next(left, True))
    assert len(found) < len(cases)
    assert all(found[case] == alone(here, case) for case in found)
