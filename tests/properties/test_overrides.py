"""Overrides are decided, refused and broken as trying every allocation says."""

from dataclasses import replace
from datetime import date
from itertools import combinations

import pytest

from allocator.errors import AllocatorError
from allocator.intake.overrides import Override, OverrideKind, with_bounds
from allocator.model import Fund, Meeting, Package
from allocator.optimise.most_kept import most_kept
from allocator.optimise.watch import Watch
from allocator.rules import Rules
from tests.builders import Small
from tests.oracle import decide
from tests.properties.test_optimal import assert_decided_as_by_hand
from tests.rounds import hashed, numbered

DAY = date(2027, 1, 10)
MOST_AWARDS = 4


def an_override(application: str, kind: OverrideKind, package: Package | None = None) -> Override:
    return Override(application, kind, "A reason.", "Somebody", DAY, package)


def some_overrides(small: Small, number: int) -> list[Override]:
    """Draw an override for about every third application."""
    choose = hashed(number, "overrides")
    found = []
    for each in small.pool.candidates:
        kind = [*OverrideKind, None, None, None, None][choose(8)]
        package = each.costs[choose(len(each.costs))].package
        if kind is not None:
            fixed = kind is OverrideKind.KEEP or (kind.awards and choose(2) == 0)
            name = each.application.application_id
            found.append(an_override(name, kind, package if fixed else None))
    return found


def test_a_round_with_overrides_is_decided_as_by_hand_and_conflicts_name_them() -> None:
    feasible, refused = 0, 0
    for number in range(120):
        small = numbered(number)
        rules = with_bounds(small.rules, some_overrides(small, number))
        if assert_decided_as_by_hand(Small(small.pool, small.round, rules)):
            feasible += 1
        else:
            refused += 1
    assert feasible > 30
    assert refused > 10


def cut(small: Small, number: int) -> Small:
    """Return the round with a part of its money."""
    part = 2 + hashed(number, "cut")(3)
    rules = with_bounds(small.rules, ())
    funds = tuple(_less(each, "amount", part) for each in small.round.funds)
    meetings = tuple(_less(each, "budget", part) for each in small.round.meetings)
    return Small(small.pool, replace(small.round, funds=funds, meetings=meetings), rules)


def _less[T: (Fund, Meeting)](line: T, name: str, part: int) -> T:
    value = getattr(line, name)
    return line if value is None else replace(line, **{name: value * part // 5})


def best_to_keep(small: Small, awards: dict[str, Package]) -> tuple[int, object] | None:
    """Return the greatest number of awards that can stand, and what the round is then worth."""
    for size in range(len(awards), -1, -1):
        values = [
            verdict.value
            for some in combinations(sorted(awards), size)
            if (
                verdict := decide(small.pool, small.round, keeping(small.rules, some, awards))
            ).value
            is not None
        ]
        if values:
            return size, max(values)
    return None


def keeping(rules: Rules, some: tuple[str, ...], awards: dict[str, Package]) -> Rules:
    return with_bounds(rules, [an_override(a, OverrideKind.KEEP, awards[a]) for a in some])


def test_the_most_published_awards_stand_and_then_the_whole_is_worth_most() -> None:
    tried, broken = 0, 0
    for number in range(400):
        small = numbered(number)
        awards = dict(decide(small.pool, small.round, small.rules).chosen)
        if not 0 < len(awards) <= MOST_AWARDS or len(small.pool.candidates) > 6:
            continue
        poorer = cut(small, number)
        expected = best_to_keep(poorer, awards)
        question = (poorer.pool, poorer.round, poorer.rules, awards, Watch())
        if expected is None:
            with pytest.raises(AllocatorError):
                most_kept(*question)
            continue
        kept = most_kept(*question)
        verdict = decide(poorer.pool, poorer.round, keeping(poorer.rules, kept, awards))
        assert (len(kept), verdict.value) == expected, number
        tried += 1
        broken += len(kept) < len(awards)
    assert tried > 40
    assert broken > 10


def test_which_awards_stand_does_not_depend_on_the_order_of_anything() -> None:
    for number in range(30):
        small = numbered(number)
        awards = dict(decide(small.pool, small.round, small.rules).chosen)
        poorer = cut(small, number)
        try:
            kept = most_kept(poorer.pool, poorer.round, poorer.rules, awards, Watch())
        except AllocatorError:
            continue
        backwards = dict(reversed(awards.items()))
        again = most_kept(poorer.pool, poorer.round, poorer.rules, backwards, Watch())
        assert kept == again
