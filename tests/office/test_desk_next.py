"""What one round means for the next: the limit of a year, reports that are outstanding."""

import hashlib
from datetime import date

import pytest

from allocator.commands.office_rounds import reviewed
from allocator.office.desk import OverrideDraft
from allocator.office.store_rows import RunRow
from allocator.policy import policy_bytes
from allocator.record.revive import loaded_of
from tests.office.desk_kit import (
    Office,
    awarded,
    code,
    signed_again,
    tiny,
)


def test_awards_of_one_round_count_for_the_year_limit_of_the_next(office: Office) -> None:
    first, run = office.published("one")
    used = {each.person_id: each.package for each in office.olu.person_ledger("2026")}
    assert len(used) == len(awarded(office.olu, run))
    second = office.checked("two", money=60_000)
    decided = office.olu.result(office.olu.run(second).id)
    full = {person for person, package in used.items() if package.value == "full"}
    for each in decided.pool.candidates:
        award = decided.allocation.award_of(each.application.application_id)
        assert award is None or each.application.person_id not in full
    gone = awarded(office.olu, run)[0]
    office.olu.outcome(first, gone, "withdrawn", date(2026, 2, 1))
    assert len(office.olu.person_ledger("2026")) == len(used) - 1
    assert not office.olu.runs(second)[0].current


def test_outstanding_reports_warn_or_refuse_as_the_office_says(office: Office) -> None:
    first, run = office.published("one")
    came = awarded(office.olu, run)[0]
    office.olu.outcome(first, came, "attended", date(2026, 3, 6))
    later = tiny("two", persons=("Q1", "Q2"), money=60_000, month=9, year="2027")
    later["round.yaml"] = later["round.yaml"].replace(
        b"decision_date: 2026-01", b"decision_date: 2026-07"
    )
    second = office.olu.create_round(later).summary.id
    state = {
        each.application_id: each.administration for each in office.olu.loaded(first).applications
    }[came]
    found = [
        each
        for each in office.olu.check(second, None).problems
        if each.code == "office-report-outstanding"
    ]
    assert [each.value for each in found] == [state]
    office.ada.set_setting("outstanding-reports", "refuse")
    result = office.olu.result(office.olu.run(second).id)
    refused = {
        each.application.application_id
        for each in result.pool.candidates
        if each.application.administration == state
    }
    assert refused and not refused & {a.application_id for a in result.allocation.awards}
    office.ada.set_setting("outstanding-reports", "ignore")
    assert not [e for e in office.olu.check_of(second).problems if e.code.startswith("office-")]


def with_policy(files: dict[str, bytes], more: str) -> dict[str, bytes]:
    """Return the files of a round with the policy of 2024 and some lines more."""
    policy = policy_bytes("itu-t-2024")[0] + more.encode()
    own = files["round.yaml"].replace(b"policy: itu-t-2024\n", b"")
    return {**files, "round.yaml": own, "policy.yaml": policy}


def test_runs_of_stores_from_before_the_policy_could_say_it_are_still_current(
    office: Office,
) -> None:
    """A run keeps what it was made from, and that is compared: its form must not change."""
    round_id = office.checked()
    run = office.olu.run(round_id)
    with office.store.reading() as reader:
        row = reader.get(RunRow, int(run.id))
    assert row is not None and row.overrides.keys() == {
        *("overrides", "ledger", "outstanding-reports", "outstanding-report-days")
    }
    assert row.overrides["outstanding-reports"] == "warn"


@pytest.mark.parametrize(
    ("policy", "setting", "declined", "warned"),
    [
        ("reports: {outstanding: refuse}\n", "ignore", True, True),
        ("reports: {outstanding: warn, after_days: 30}\n", "refuse", False, True),
        ("reports: {outstanding: refuse, after_days: 200}\n", "refuse", False, False),
        ("reports: {outstanding: ignore}\n", "refuse", False, False),
        ("", "refuse", True, True),
    ],
)
def test_what_the_policy_says_of_reports_goes_before_the_setting(
    office: Office, policy: str, setting: str, declined: bool, warned: bool
) -> None:
    olu = office.olu
    first, _ = office.published("one")
    olu.outcome(first, "one-A2", "attended", date(2026, 3, 6))
    office.ada.set_setting("outstanding-reports", setting)
    files = tiny("two", persons=("Q1", "Q2"), money=60_000, month=9, year="2027")
    files["round.yaml"] = files["round.yaml"].replace(b"n_date: 2026-01", b"n_date: 2026-07")
    second = olu.create_round(with_policy(files, policy)).summary.id
    told = [each for each in olu.check(second, None).problems if "report" in each.code]
    assert bool(told) is warned
    run = olu.run(second)
    assert ("two-A2" not in awarded(olu, run)) is declined
    if not declined:
        return
    (made,) = loaded_of(olu.record(run.id)).overrides
    assert made.application_id == "two-A2" and "report" in made.reason
    assert made.by.endswith("as the policy says of outstanding reports") is bool(policy)
    olu.outcome(first, "one-A2", "report delivered", date(2026, 4, 6))
    assert not olu.runs(second)[0].current


def owing(office: Office) -> tuple[str, str]:
    """Return a round in which a person of Mali came, and one of its States later that is published.

    From then on the office refuses administrations with outstanding reports.
    """
    first, _ = office.published("one", persons=("Q1", "Q2", "Q3"))
    files = tiny("two", month=11, money=4_500)
    files["round.yaml"] = files["round.yaml"].replace(b"2026-01-", b"2026-07-")
    second = office.olu.create_round(files).summary.id
    office.ada.set_setting("outstanding-reports", "refuse")
    office.olu.check(second, None)
    return first, second


def test_a_report_on_a_closed_round_is_recorded_and_nothing_else(office: Office) -> None:
    olu, (round_id, run) = office.olu, office.published()
    came, other = awarded(olu, run)[:2]
    olu.outcome(round_id, came, "attended", date(2026, 3, 6))
    olu.close(round_id, None)
    for late in (
        lambda: olu.outcome(round_id, other, "withdrawn", date(2026, 4, 1)),
        lambda: olu.pay(round_id, came, "main", 100, date(2026, 4, 1)),
        lambda: olu.correct_outcome(round_id, came, "none", date(2026, 4, 1), "why"),
    ):
        assert code(late) == "office-wrong-state"
    before = olu.fund_ledger(round_id)
    report, on = "report delivered", date(2026, 5, 1)
    assert code(lambda: olu.outcome(round_id, other, report, on)) == "office-outcome-order"
    olu.outcome(round_id, came, report, on)
    assert olu.outcomes(round_id)[0].kind == "report delivered"
    assert olu.fund_ledger(round_id) == before


def test_a_published_award_stands_whatever_reports_become_outstanding(office: Office) -> None:
    olu, (first, second) = office.olu, owing(office)
    run = olu.run(second)
    signed_again(office, run)
    before = awarded(olu, run)
    assert {"two-A2", "two-A3"} & set(before)
    for came in ("one-A2", "one-A3"):
        olu.outcome(first, came, "attended", date(2026, 3, 6))
    gone = next(each for each in before if each not in ("two-A2", "two-A3"))
    olu.outcome(second, gone, "withdrawn", date(2026, 8, 1))
    new = olu.reallocate(second)
    assert set(before) - {gone} <= set(awarded(olu, new))
    states = {each.application_id: each.administration for each in olu.loaded(second).applications}
    added = set(awarded(olu, new)) - set(before)
    assert not {states[each] for each in added} & {"MLI", "NPL"}
    signed_again(office, new)
    assert all(line.free is None or line.free >= 0 for line in olu.fund_ledger(second))


def test_a_run_is_not_current_once_other_reports_are_outstanding(office: Office) -> None:
    olu, (first, second) = office.olu, owing(office)
    olu.outcome(first, "one-A2", "attended", date(2026, 3, 6))
    run = olu.run(second)
    assert "two-A2" not in awarded(olu, run)
    basis = olu.round(second).basis
    olu.outcome(first, "one-A2", "report delivered", date(2026, 4, 6))
    assert not olu.runs(second)[0].current and olu.round(second).basis != basis
    assert code(lambda: olu.propose(second, run.id, None)) == "office-not-current"
    assert not [e for e in olu.check_of(second).problems if e.code.startswith("office-report")]


def test_the_price_of_an_override_names_who_moves(office: Office) -> None:
    round_id = office.checked()
    loser = next(
        each.application_id
        for each in office.olu.result(office.olu.run(round_id).id).lines
        if each.decision.value == "declined"
    )
    found = office.ana.price(round_id, (OverrideDraft(loser, "must award"),))
    assert loser in {each.application_id for each in found.moves}
    assert found.objective.by < 0


def test_the_status_of_a_round_shows_what_people_decided_and_wrote(office: Office) -> None:
    olu, (round_id, _) = office.olu, office.proposed()
    office.kim.note(round_id, "one-A2", "a note", [("letter.pdf", b"x")])
    told = reviewed(olu.overrides(round_id), olu.notes(round_id), olu.outcomes(round_id))
    (table,) = told
    assert "a note" in repr(table) and hashlib.sha256(b"x").hexdigest() in repr(table)
