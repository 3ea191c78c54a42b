"""A year of an office on both databases, and random years: every ledger balances at each step."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from allocator.errors import AllocatorError
from allocator.model import Package
from allocator.office.states import FOLLOWS, NO_OUTCOME, State
from tests.office.conftest import DATABASES, TickingClock
from tests.office.desk_kit import Office, awarded, balanced, office_in, tiny

UNITS = {Package.FULL: 2, Package.TICKET: 1, Package.DSA: 1}


def all_balance(office: Office) -> None:
    for each in office.sam.rounds():
        if each.state in (State.PUBLISHED, State.CLOSED):
            assert balanced(office.sam.fund_ledger(each.id)), each.id


def nobody_above_the_year_limit(office: Office) -> None:
    used: dict[tuple[str, str], int] = {}
    for each in office.olu.person_ledger("2026"):
        key = (each.person_id, each.financial_year)
        used[key] = used.get(key, 0) + UNITS[each.package]
    assert not [who for who, units in used.items() if units > 2]


@pytest.mark.parametrize("database", DATABASES)
def test_a_year_with_three_rounds(
    database: str, make_url: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    people = tmp_path_factory.mktemp("people")
    with office_in(people, make_url(database), clock=TickingClock()) as office:
        play_a_year(office)


def play_a_year(office: Office) -> None:
    """Three rounds: overrides, four eyes, withdrawals, reallocation, year limits, closing."""
    olu, kim = office.olu, office.kim

    # The first: overridden, returned to draft once, published; two awards fall through.
    first = office.checked("one", persons=tuple(f"P{n}" for n in range(1, 9)), money=9_000)
    run = olu.run(first)
    lost = [e.application_id for e in olu.result(run.id).lines if e.decision.value == "declined"]
    olu.override(first, lost[0], "must award", "chairs the meeting", seen=None)
    assert lost[0] in {e.application_id for e in olu.price(first).moves}
    run = olu.run(first)
    assert lost[0] in awarded(olu, run)
    olu.propose(first, run.id, None)
    kim.return_to_draft(first, "the remarks were not read", None)
    olu.check(first, None)
    olu.propose(first, run.id, None)
    with pytest.raises(AllocatorError):
        olu.approve(first, run.fingerprint or "", None)
    kim.approve(first, run.fingerprint or "", None)
    olu.publish(first, office.key, None)
    all_balance(office)
    names = awarded(olu, run)
    award = {each.application_id: each for each in olu.result(run.id).allocation.awards}
    for name in names:
        olu.outcome(first, name, "accepted", date(2026, 1, 20))
    olu.pay(first, names[0], "main", 10_000, date(2026, 1, 25))
    all_balance(office)
    olu.outcome(first, names[0], "withdrawn", date(2026, 2, 1))
    all_balance(office)
    assert office.sam.fund_ledger(first)[0].released == award[names[0]].amount - 10_000
    assert olu.reserve(first)
    new = olu.reallocate(first, "a withdrawal")
    olu.propose(first, new.id, None)
    kim.approve(first, new.fingerprint or "", None)
    assert olu.publish(first, office.key, None).number == 2
    all_balance(office)
    for name in awarded(olu, new):
        outcomes = {each.application: each.kind for each in olu.outcomes(first)}
        if name not in outcomes:
            olu.outcome(first, name, "accepted", date(2026, 2, 10))
        owed = olu.result(new.id).allocation.award_of(name)
        assert owed is not None
        olu.pay(first, name, "main", owed.amount, date(2026, 2, 20))
        olu.outcome(first, name, "attended", date(2026, 3, 6))
        all_balance(office)
    assert office.sam.fund_ledger(first)[0].committed == 0

    # The second: the same people and some others; who had a full award gets nothing.
    persons = ("P1", "P2", "P3", "P4", "N1", "N2")
    second, run = office.published("two", persons=persons, money=40_000)
    nobody_above_the_year_limit(office)
    had = {e.person_id for e in olu.person_ledger("2026") if e.meeting == "one-sg"}
    result = olu.result(run.id)
    new_fellows = {
        each.application.person_id
        for each in result.pool.candidates
        if result.allocation.award_of(each.application.application_id)
    }
    assert {"N1", "N2"} <= new_fellows
    assert had and not {p for p in had & new_fellows if _full(olu, p)}
    all_balance(office)

    # The third is of the next year: the limit begins again; a report of the first is outstanding.
    third = tiny("three", persons=persons, money=40_000, month=11, year="2027")
    third["round.yaml"] = third["round.yaml"].replace(b"2026-01-12", b"2026-09-01")
    third_id = olu.create_round(third).summary.id
    codes = [each.code for each in olu.check(third_id, None).problems]
    assert "office-report-outstanding" in codes
    last = olu.run(third_id)
    assert len(awarded(olu, last)) == len(persons)
    olu.propose(third_id, last.id, None)
    kim.approve(third_id, last.fingerprint or "", None)
    olu.publish(third_id, office.key, None)
    for each in (first, second, third_id):
        all_balance(office)
        assert olu.close(each, None).summary.state is State.CLOSED
    all_balance(office)
    records = [office.sam.record(each.id) for each in (new, run, last)]
    assert office.ada.check_store(records).passed


def _full(desk: Any, person: str) -> bool:
    return any(
        e.person_id == person and e.meeting == "one-sg" and e.package is Package.FULL
        for e in desk.person_ledger("2026")
    )


# --- random years ---------------------------------------------------------------------------------

NUMBERS = st.integers(0, 5)
SMALL = settings(
    max_examples=4,
    stateful_step_count=14,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
LARGE = settings(SMALL, max_examples=60, stateful_step_count=60)


class Year(RuleBasedStateMachine):
    """Officers, approvers and applicants doing whatever they may, and what they may not."""

    folder: Path
    number = 0

    @initialize()
    def begin(self) -> None:
        Year.number += 1
        self.opened = office_in(self.folder / str(Year.number))
        self.office = self.opened.__enter__()
        self.made = 0

    def teardown(self) -> None:
        if hasattr(self, "opened"):
            self.opened.__exit__(None, None, None)

    def attempt(self, action: Any) -> Any:
        """Do what may be refused: a refusal must change nothing but the log of refusals."""
        before = [(each.id, each.version) for each in self.office.sam.rounds()]
        try:
            return action()
        except AllocatorError as error:
            assert all(each.code.startswith(("office-", "store-")) for each in error.problems[:1])
            assert [(e.id, e.version) for e in self.office.sam.rounds()] == before

    def one_in(self, *states: State) -> str | None:
        found = [each.id for each in self.office.sam.rounds() if each.state in states]
        return found[0] if found else None

    @precondition(lambda self: self.made < 3)
    @rule(money=st.sampled_from([9_000, 14_000, 40_000]))
    def new_round(self, money: int) -> None:
        self.made += 1
        self.office.published(f"r{self.made}", money=money)

    @rule(which=NUMBERS, kind=st.sampled_from(list(FOLLOWS)), day=st.integers(1, 27))
    def outcome(self, which: int, kind: str, day: int) -> None:
        round_id = self.one_in(State.PUBLISHED)
        if round_id:
            name = f"{round_id}-A{which + 1}"
            on = date(2026, 3, day)
            self.attempt(lambda: self.office.olu.outcome(round_id, name, kind, on))

    @rule(which=NUMBERS, kind=st.sampled_from([*FOLLOWS, NO_OUTCOME]), day=st.integers(1, 27))
    def correct(self, which: int, kind: str, day: int) -> None:
        round_id = self.one_in(State.PUBLISHED)
        if round_id:
            name, on = f"{round_id}-A{which + 1}", date(2026, 3, day)
            desk = self.office.olu
            self.attempt(lambda: desk.correct_outcome(round_id, name, kind, on, "a mistake"))

    @rule(which=NUMBERS, amount=st.integers(-50_000, 400_000))
    def pay(self, which: int, amount: int) -> None:
        round_id = self.one_in(State.PUBLISHED)
        if round_id:
            name, on = f"{round_id}-A{which + 1}", date(2026, 2, 1)
            self.attempt(lambda: self.office.olu.pay(round_id, name, "main", amount, on))

    @rule()
    def reallocate(self) -> None:
        round_id = self.one_in(State.PUBLISHED)
        run = round_id and self.attempt(lambda: self.office.olu.reallocate(round_id, "free money"))
        if round_id and run:
            standing = self.standing(round_id)
            self.office.olu.propose(round_id, run.id, None)
            self.office.kim.approve(round_id, run.fingerprint, None)
            self.office.olu.publish(round_id, self.office.key, None)
            assert standing <= set(awarded(self.office.olu, run))

    def standing(self, round_id: str) -> set[str]:
        fallen = ("declined", "withdrawn", "visa refused", "no-show")
        last = {
            each.application: each.kind for each in reversed(self.office.olu.outcomes(round_id))
        }
        run = self.office.olu.round(round_id).publications[0].run
        names = {e.application_id for e in self.office.olu.result(run).allocation.awards}
        return {name for name in names if last.get(name) not in fallen}

    @rule(approve=st.booleans())
    def what_is_not_due(self, approve: bool) -> None:
        round_id = self.one_in(State.PUBLISHED, State.CLOSED)
        if round_id and approve:
            self.attempt(lambda: self.office.kim.approve(round_id, "0" * 64, None))
        elif round_id:
            self.attempt(lambda: self.office.olu.publish(round_id, self.office.key, None))

    @rule()
    def close(self) -> None:
        round_id = self.one_in(State.PUBLISHED)
        if round_id:
            self.office.olu.close(round_id, None)

    @invariant()
    def every_ledger_balances(self) -> None:
        if hasattr(self, "office"):
            all_balance(self.office)

    @invariant()
    def nobody_is_above_the_limit(self) -> None:
        if hasattr(self, "office"):
            nobody_above_the_year_limit(self.office)


def test_random_years_balance_at_every_step(tmp_path: Path) -> None:
    play(tmp_path, SMALL)


@pytest.mark.soak
def test_many_random_years_balance_at_every_step(tmp_path: Path) -> None:
    play(tmp_path, LARGE)


def play(folder: Path, how: settings) -> None:
    machine = type("YearHere", (Year,), {"folder": folder})
    run_state_machine_as_test(machine, settings=how)
