"""The flip test says what deciding the changed round again says, on random small rounds."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from allocator.errors import AllocatorError
from allocator.explain.fairness_clauses import Law, gender_clauses, seen_only_by
from allocator.explain.fairness_flip import OTHERS, FlipStatus, FlipTest, flip_test
from allocator.explain.fairness_redecide import Fate
from allocator.explain.result import Result
from allocator.model import Candidate, Decision, Gender
from allocator.optimise.solve import allocate
from allocator.policy_promises import gender_parameters
from tests.builders import (
    Small,
    pool_of,
)
from tests.properties.changes import all_of, edited, mentions, of_gender, without_gender
from tests.rounds import numbered

type Fates = dict[str, Fate]

FEW, MANY = range(40), range(20_000, 21_000)

some_rounds = pytest.mark.parametrize(
    "numbers", [pytest.param(FEW, id="few"), pytest.param(MANY, marks=pytest.mark.soak, id="many")]
)


@cache
def decided(small: Small) -> Fates | None:
    try:
        _, allocation = allocate(small.pool, small.round, small.rules)
    except AllocatorError as refusal:
        assert refusal.code == "optimise-infeasible"
        return None
    awards = {award.application_id: award.package for award in allocation.awards}
    return {
        a: Fate(Decision.AWARDED, awards[a]) if a in awards else Fate(Decision.DECLINED)
        for a in (c.application.application_id for c in small.pool.candidates)
    }


def result_of(small: Small) -> Result | None:
    try:
        programme, allocation = allocate(small.pool, small.round, small.rules)
    except AllocatorError:
        return None
    return Result(small.round, small.rules, small.pool, programme, allocation, (), (), ())


def results(numbers: range) -> Iterator[tuple[Small, Result]]:
    """Yield every round that can be decided and in which something looks at gender."""
    for number in numbers:
        small = numbered(number)
        if gender_clauses(Law(small.round, small.rules)):
            result = result_of(small)
            if result:
                yield small, result


def changed(small: Small, one: Candidate, gender: Gender) -> Small:
    person = one.application.person_id
    return edited(small, *(of_gender(c, gender) for c in all_of(small, person)))


def by_hand(small: Small) -> dict[tuple[str, Gender], Fate]:
    """Decide every changed round from the start; keep what differs."""
    before, found = decided(small), {}
    for one in small.pool.candidates:
        application = one.application.application_id
        for gender in OTHERS[one.application.gender]:
            after = decided(changed(small, one, gender))
            fate = after[application] if after else Fate(None)
            if fate != before[application]:
                found[application, gender] = fate
    return found


def as_found(test: FlipTest) -> dict[tuple[str, Gender], Fate]:
    return {(flip.application_id, flip.instead): flip.after for flip in test.flips}


@some_rounds
def test_the_flips_are_those_of_deciding_every_changed_round_from_the_start(numbers):
    flips = 0
    for small, result in results(numbers):
        test = flip_test(result, processes=1)
        assert test.status is FlipStatus.COMPLETE
        assert as_found(test) == by_hand(small)
        flips += len(test.flips)
    assert flips > 5


@some_rounds
def test_a_clause_is_named_if_and_only_if_it_makes_a_difference_alone(numbers):
    named = 0
    for small, result in results(numbers):
        law = Law(small.round, small.rules)
        clauses = gender_clauses(law)
        for flip in flip_test(result, processes=1).flips:
            one = next(
                c
                for c in small.pool.candidates
                if c.application.application_id == flip.application_id
            )
            alone = [c for c in clauses if _differs_by(small, law, c, one, flip.instead)]
            assert list(flip.alone) == alone
            named += len(clauses) > 1
    assert named


def _differs_by(small: Small, law: Law, clause: str, one: Candidate, instead: Gender) -> bool:
    """Give everybody a column with the stated gender that all other clauses look at."""
    only = seen_only_by(law, clause)
    kept = [
        replace(c, attributes=tuple(sorted((*c.attributes, _stated(c)))))
        for c in small.pool.candidates
    ]
    after = decided(changed(Small(pool_of(kept), only.round, only.rules), one, instead))
    application = one.application.application_id
    return (after[application] if after else Fate(None)) != decided(small)[application]


def _stated(one: Candidate) -> tuple[str, tuple[str, ...]]:
    gender = one.application.gender
    return "genderasreallystated", () if gender is Gender.NOT_STATED else (gender.value,)


@some_rounds
def test_without_a_clause_on_gender_there_is_no_flip_and_this_is_so(numbers):
    for number in numbers:
        small = without_gender(numbered(number))
        result = result_of(small)
        if result:
            test = flip_test(result)
            assert (test.status, test.flips) == (FlipStatus.NO_CLAUSE, ())
            assert by_hand(small) == {}


def test_processes_change_nothing():
    _, result = max(results(FEW), key=lambda each: len(each[0].pool.candidates))
    assert flip_test(result, processes=2) == flip_test(result, processes=1)


def test_the_clauses_are_those_the_policy_promises_to_be_all():
    for number in range(200):
        small = numbered(number)
        of_the_policy = [
            path
            for path in gender_clauses(Law(small.round, small.rules))
            if not path.startswith("funds.")
        ]
        assert of_the_policy == list(gender_parameters(small.rules))
        funds = [f"funds.{f.id}" for f in small.round.funds if mentions(f.only, "gender")]
        assert set(funds) <= set(gender_clauses(Law(small.round, small.rules)))
