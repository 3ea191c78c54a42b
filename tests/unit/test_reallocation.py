"""After publication: what stands stands, what is free goes to its best use; the reserve list."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from allocator.decide import decide
from allocator.errors import AllocatorError
from allocator.explain.reallocation import Reallocation, plan_reallocation, reallocate
from allocator.explain.reserve import reserve_list
from allocator.explain.result import Result
from allocator.intake.amended import with_overrides, with_prior_awards
from allocator.intake.folder import LoadedRound, load_round
from allocator.intake.overrides import Override, OverrideKind
from allocator.model import POINT, Decision, MeritLine, Package, Pool, PriorAward, Selector
from allocator.optimise import most_kept
from allocator.optimise.allocation import Status
from allocator.optimise.solve import Solution, allocate
from allocator.record.record import write_record
from allocator.record.verify import verify
from allocator.rules import Bound, Measure
from tests.records import tiny_round

DAY = date(2027, 1, 10)


@pytest.fixture(scope="module")
def loaded() -> Iterator[LoadedRound]:
    with tiny_round() as folder:
        yield load_round(folder)


@pytest.fixture(scope="module")
def first(loaded: LoadedRound) -> Result:
    return decide(loaded)


def published(result: Result) -> dict[str, Package]:
    return {each.application_id: each.package for each in result.allocation.awards}


def again(
    loaded: LoadedRound, awards: dict[str, Package], *gone: str, **spent: int
) -> Reallocation:
    money = {f"fund[{name}]": amount for name, amount in spent.items()} or None
    return reallocate(loaded, awards, iter(gone), by="Somebody", on=DAY, spent=money)


def amounts(result: Result) -> dict[str, tuple[Package, int]]:
    return {e.application_id: (e.package, e.amount) for e in result.allocation.awards}


def test_after_a_withdrawal_every_other_award_stands_to_the_centime(
    loaded: LoadedRound, first: Result
) -> None:
    before = amounts(first)
    for gone in before:
        found = again(loaded, published(first), gone)
        after = amounts(found.result)
        assert found.plan.broken == ()
        assert found.plan.withdrawn == (gone,)
        assert {a: each for a, each in after.items() if a in before} == {
            a: each for a, each in before.items() if a != gone
        }
        added = {each.application_id for each in found.added}
        assert added == after.keys() - before.keys()
        spent = sum(amount for _, amount in after.values())
        assert spent <= loaded.round.funds[0].amount


def test_what_is_free_goes_to_its_best_use(loaded: LoadedRound, first: Result) -> None:
    """The new awards are the best there are, with the others held: decided without any override."""
    dear = max(first.allocation.awards, key=lambda each: each.amount).application_id
    found = again(loaded, published(first), dear)
    assert found.added
    codes = {each.application_id: each.reason_code for each in found.result.lines}
    assert codes[dear] == "withdrawn"
    assert {codes[each] for each in found.plan.kept} == {"kept"}
    assert {codes[each.application_id] for each in found.added} == {"awarded"}


def test_nothing_changes_where_nothing_is_free(loaded: LoadedRound, first: Result) -> None:
    found = again(loaded, published(first))
    assert amounts(found.result) == amounts(first)
    assert found.added == ()


def test_the_record_of_a_reallocation_verifies_and_names_the_one_before(
    loaded: LoadedRound, first: Result, tmp_path: Path
) -> None:
    one, two = tmp_path / "one.zip", tmp_path / "two.zip"
    write_record(first, loaded, one)
    found = again(loaded, published(first), next(iter(published(first))))
    write_record(found.result, found.plan.loaded, two, previous=one)
    report = verify(two, previous=one)
    assert [each.id for each in report.checks if each.status == "fail"] == []
    assert {each.id: each.status for each in report.checks}["previous"] == "pass"


def test_with_too_little_money_as_many_awards_stand_as_can(
    loaded: LoadedRound, first: Result, tmp_path: Path
) -> None:
    awards = amounts(first)
    cut = 900_000
    found = again(loaded, published(first), fellowships=cut)
    left = loaded.round.funds[0].amount - cut
    cheapest, most = 0, 0
    for amount in sorted(amount for _, amount in awards.values()):
        cheapest += amount
        most += cheapest <= left
    assert len(found.plan.kept) == most
    assert sorted((*found.plan.kept, *found.plan.broken)) == sorted(awards)
    after = amounts(found.result)
    assert all(after[each] == awards[each] for each in found.plan.kept)
    assert sum(amount for _, amount in after.values()) <= left
    write_record(found.result, found.plan.loaded, tmp_path / "record.zip")
    checks = verify(tmp_path / "record.zip").checks
    assert [each.id for each in checks if each.status == "fail"] == []


def test_a_floor_never_breaks_a_published_award_but_is_answered_by_name(
    loaded: LoadedRound, first: Result
) -> None:
    """Half of the awards stay with a group: one of it less, and one of the others would be lost."""
    awards = published(first)
    group = tuple(awards)[: len(awards) // 2]
    floor = Bound(
        id="group",
        group=Selector((("application", group),)),
        of=Selector(),
        measure=Measure.AWARDS,
        share=True,
        at_least=Fraction(len(group), len(awards)),
        at_most=None,
        reference=None,
    )
    held = replace(loaded, rules=replace(loaded.rules, floors=(floor,)))
    assert again(held, awards).plan.broken == ()
    with pytest.raises(AllocatorError) as refusal:
        again(held, awards, group[0])
    assert refusal.value.code == "optimise-infeasible"
    conflict = refusal.value.conflict  # type: ignore[attr-defined]
    assert "floor[group]" in conflict
    assert any(each.startswith("floor[kept:") for each in conflict)


def test_a_second_reallocation_goes_on_from_the_first(loaded: LoadedRound, first: Result) -> None:
    names = list(published(first))
    one = again(loaded, published(first), names[0], fellowships=1000)
    two = again(one.plan.loaded, published(one.result), names[1])
    assert names[0] not in published(two.result)
    assert two.plan.loaded.spent == (("fund[fellowships]", 1000),)
    rulings = {each.application_id: each.decision for each in two.plan.loaded.overrides}
    assert {rulings[names[0]], rulings[names[1]]} == {OverrideKind.WITHDRAWN}
    assert set(published(one.result)) - {names[1]} <= set(published(two.result))


def test_the_offices_overrides_go_on(loaded: LoadedRound, first: Result) -> None:
    declined = [e.application_id for e in first.lines if e.decision is Decision.DECLINED]
    bar = Override(declined[0], OverrideKind.MUST_NOT, "A reason.", "Somebody", DAY)
    barred = with_overrides(loaded, [bar])
    dear = max(first.allocation.awards, key=lambda each: each.amount).application_id
    found = again(barred, published(decide(barred)), dear)
    assert bar in found.plan.loaded.overrides
    assert declined[0] not in published(found.result)


def test_an_override_against_a_published_award_is_never_passed_over(
    loaded: LoadedRound, first: Result
) -> None:
    name, other = sorted(published(first))[:2]
    barred = with_overrides(
        loaded, [Override(name, OverrideKind.MUST_NOT, "A reason.", "Somebody", DAY)]
    )
    found = again(barred, published(first), other)
    assert found.plan.broken == (name,) and name not in found.plan.withdrawn


def test_a_published_award_that_cannot_be_read_again_stops_it(
    loaded: LoadedRound, first: Result
) -> None:
    ineligible = next(e.application_id for e in first.lines if e.decision is Decision.INELIGIBLE)
    for application, code in (("nobody", "override-unknown"), (ineligible, "override-ineligible")):
        with pytest.raises(AllocatorError) as refusal:
            again(loaded, {**published(first), application: Package.FULL})
        assert refusal.value.code == code


def test_a_ledger_with_the_rounds_own_awards_is_refused(loaded: LoadedRound, first: Result) -> None:
    name = next(iter(published(first)))
    form = next(each for each in loaded.applications if each.application_id == name)
    own = PriorAward(
        form.person_id, "KEN", Package.TICKET, loaded.round.financial_year, form.meeting, None
    )
    with pytest.raises(AllocatorError) as refusal:
        again(with_prior_awards(loaded, [own]), published(first))
    assert refusal.value.code == "reallocation-own-awards"
    assert name in str(refusal.value)
    assert form.person_id not in str(refusal.value)


def test_when_it_is_stopped_no_published_award_is_broken(
    loaded: LoadedRound, first: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    unproven = Solution((), 3, 9, Status.NOT_FINAL)
    monkeypatch.setattr(most_kept, "solve", lambda programme, watch: unproven)
    with pytest.raises(AllocatorError) as refusal:
        plan_reallocation(loaded, published(first), [], by="Somebody", on=DAY)
    assert refusal.value.code == "optimise-no-answer"


# --- the reserve list ---------------------------------------------------------------------------


def test_the_reserve_list_is_in_the_order_of_points_short_and_then_of_the_lottery(
    first: Result,
) -> None:
    found = reserve_list(first)
    margins = {each.application_id: each.margin for each in first.lines}
    declined = [e.application_id for e in first.lines if e.decision is Decision.DECLINED]
    assert sorted(each.application_id for each in found) == declined
    assert [each.position for each in found] == list(range(1, len(found) + 1))
    assert [each.short for each in found] == sorted(each.short for each in found)
    assert all(each.exact and -each.short == margins[each.application_id] for each in found)
    assert (
        reserve_list(replace(first, lines=tuple(replace(e, margin=None) for e in first.lines)))
        == found
    )


def test_with_the_points_it_is_short_the_first_in_reserve_is_awarded(first: Result) -> None:
    reserve = reserve_list(first)[0]
    for points, awarded in ((reserve.short, True), (reserve.short - 1, False)):
        pool = with_more_merit(first.pool, reserve.application_id, points)
        _, allocation = allocate(pool, first.round, first.rules)
        assert (allocation.award_of(reserve.application_id) is not None) == awarded
    assert reserve.short > POINT


def with_more_merit(pool: Pool, application: str, points: int) -> Pool:
    return replace(
        pool,
        candidates=tuple(
            replace(
                each,
                merit=each.merit + points,
                breakdown=(*each.breakdown, MeritLine("more", "More", "", points, None)),
            )
            if each.application.application_id == application
            else each
            for each in pool.candidates
        ),
    )


def test_who_is_barred_is_not_in_reserve(loaded: LoadedRound, first: Result) -> None:
    declined = [e.application_id for e in first.lines if e.decision is Decision.DECLINED]
    bar = Override(declined[0], OverrideKind.MUST_NOT, "A reason.", "Somebody", DAY)
    found = reserve_list(decide(with_overrides(loaded, [bar])))
    assert declined[0] not in [each.application_id for each in found]
    nobody = replace(first.round, funds=(replace(first.round.funds[0], amount=0),))
    poor = decide(replace(loaded, round=nobody))
    assert reserve_list(poor) == ()


def test_a_reserve_list_that_was_stopped_says_what_is_not_exact(first: Result) -> None:
    plain = replace(first, lines=tuple(replace(e, margin=None) for e in first.lines))
    exact = {each.application_id: each.short for each in reserve_list(first)}
    for each in reserve_list(plain, cancel=lambda: True):
        assert not each.exact
        assert each.short <= exact[each.application_id]
