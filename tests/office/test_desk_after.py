"""After publication: outcomes in one order, corrections, payments, and what is told first."""

from datetime import date
from pathlib import Path

from allocator.model import Package
from allocator.office.desk_awards import moved_payments
from allocator.office.ledger import ledger
from allocator.office.roles import Role
from allocator.texts import say
from tests.office.desk_kit import Office, awarded, balanced, code, office_in, refusal, tiny


def test_outcomes_follow_each_other_in_one_order(office: Office) -> None:
    round_id, run = office.published()
    first, second = awarded(office.olu, run)[:2]
    record = office.olu.outcome
    early, late = date(2026, 2, 1), date(2026, 3, 6)
    record(round_id, first, "accepted", early)
    assert code(lambda: record(round_id, first, "declined", early)) == "office-outcome-order"
    assert code(lambda: record(round_id, first, "attended", early)) == "office-outcome-date"
    assert code(lambda: record(round_id, first, "report delivered", late)) == "office-outcome-order"
    record(round_id, second, "no-show", late)
    assert code(lambda: record(round_id, second, "attended", late)) == "office-outcome-order"
    record(round_id, first, "attended", late)
    assert code(lambda: record(round_id, first, "accepted", late)) == "office-outcome-order"
    record(round_id, first, "report delivered", date(2026, 4, 1))
    assert code(lambda: record(round_id, "one-A99", "accepted", late)) == "office-not-awarded"


def test_a_correction_stands_in_the_place_of_the_last_outcome_and_both_stay(
    office: Office,
) -> None:
    round_id, run = office.published()
    name = awarded(office.olu, run)[0]
    day = date(2026, 2, 1)
    correct = office.olu.correct_outcome
    before = office.olu.fund_ledger(round_id)
    assert code(lambda: correct(round_id, name, "accepted", day, "why")) == "office-outcome-none"
    office.olu.outcome(round_id, name, "withdrawn", day)
    freed = office.olu.fund_ledger(round_id)
    assert freed != before
    wrong = office.olu.outcomes(round_id)[0]
    assert code(lambda: correct(round_id, name, "accepted", day, " ")) == "office-reason-needed"
    assert code(lambda: correct(round_id, name, "withdrawn", day, "x")) == "office-outcome-same"
    found = correct(
        round_id, name, "accepted", day, "a slip of the hand", seen=office.olu.round(round_id).entry
    )
    assert (found.kind, found.corrects, found.note) == ("accepted", wrong.id, "a slip of the hand")
    assert office.olu.fund_ledger(round_id) == before
    assert code(lambda: office.olu.reallocate(round_id, "x")) == "office-nothing-free"
    new, old = office.olu.outcomes(round_id)
    assert (new.kind, new.superseded, old.kind, old.superseded) == (
        *("accepted", False),
        *("withdrawn", True),
    )
    told = office.sam.timeline()[0].sentence
    assert (
        told == f"olu corrected what was recorded for {name}: not withdrawn but accepted on {day}."
    )
    # What comes next follows the correction; what was looked at must still be the last.
    entry = office.olu.round(round_id).entry
    office.olu.outcome(round_id, name, "attended", date(2026, 3, 6))
    late = date(2026, 3, 7)
    since = refusal(lambda: correct(round_id, name, "no-show", late, "x", seen=entry))
    assert since.code == "office-stale" and "attended" in str(since)
    assert correct(round_id, name, "no-show", late, "not seen there").kind == "no-show"
    assert balanced(office.olu.fund_ledger(round_id))
    assert office.sam.check_store([]).passed


def test_a_correction_is_what_can_follow_the_outcome_before_the_wrong_one(office: Office) -> None:
    round_id, run = office.published()
    first, second = awarded(office.olu, run)[:2]
    early, late = date(2026, 2, 1), date(2026, 3, 6)
    record, correct = office.olu.outcome, office.olu.correct_outcome
    record(round_id, first, "accepted", early)
    record(round_id, first, "withdrawn", early)
    # Nothing but a state that could be: after "accepted", or "accepted" itself.
    wrong = refusal(lambda: correct(round_id, first, "report delivered", late, "x"))
    assert wrong.code == "office-outcome-order" and "accepted" in str(wrong)
    assert code(lambda: correct(round_id, first, "none", early, "x")) == "office-outcome-order"
    before = date(2026, 1, 1)
    assert code(lambda: correct(round_id, first, "accepted", before, "x")) == "office-outcome-date"
    assert correct(round_id, first, "accepted", early, "another person withdrew").kind == "accepted"
    # Nothing was to be recorded at all: then anything can be recorded anew.
    record(round_id, second, "declined", early)
    assert correct(round_id, second, "none", early, "meant for somebody else").kind == "none"
    assert code(lambda: correct(round_id, second, "accepted", early, "x")) == "office-outcome-none"
    assert code(lambda: record(round_id, second, "accepted", before)) == "office-outcome-date"
    record(round_id, second, "accepted", early)
    assert balanced(office.olu.fund_ledger(round_id))


def test_what_lies_beneath_a_wrong_outcome_can_be_taken_back_too(office: Office) -> None:
    round_id, run = office.published()
    name = awarded(office.olu, run)[0]
    early, late = date(2026, 2, 1), date(2026, 3, 6)
    record, correct = office.olu.outcome, office.olu.correct_outcome
    record(round_id, name, "accepted", early)
    record(round_id, name, "attended", late)
    correct(round_id, name, "accepted", early, "somebody else was there")
    correct(round_id, name, "none", early, "and it was not accepted either")
    assert not [each for each in office.olu.outcomes(round_id) if not each.superseded][1:]
    record(round_id, name, "declined", early)
    assert balanced(office.olu.fund_ledger(round_id)) and office.sam.check_store([]).passed


def test_whoever_records_after_somebody_else_is_told_first(office: Office) -> None:
    round_id, run = office.published()
    name, other = awarded(office.olu, run)[:2]
    day, entry = date(2026, 2, 1), office.olu.round(round_id).entry
    office.ada.add_account("pat", "Pat", [Role.OFFICER])
    office.pat.pay(round_id, name, "main", 1_000, day, seen=entry)
    twice = refusal(lambda: office.olu.pay(round_id, name, "main", 1_000, day, seen=entry))
    assert twice.code == "office-stale" and "pat" in str(twice) and "10.00" in str(twice)
    since = code(lambda: office.olu.outcome(round_id, name, "accepted", day, seen=entry))
    assert since == "office-stale"
    # What was recorded of another award is no obstacle.
    office.olu.pay(round_id, other, "main", 1_000, day, seen=entry)
    office.olu.pay(round_id, name, "main", 1_000, day, seen=office.olu.round(round_id).entry)


def test_what_was_awarded_anew_is_not_promised_twice_by_a_correction(office: Office) -> None:
    round_id, run = office.published()
    first, second = awarded(office.olu, run)[:2]
    day = date(2026, 2, 1)
    correct = office.olu.correct_outcome
    office.olu.outcome(round_id, first, "withdrawn", day)
    new = office.olu.reallocate(round_id, "a withdrawal")
    # Corrected before it is published, the reallocation is no longer of what is there now.
    assert correct(round_id, first, "none", day, "a mistake").kind == "none"
    assert code(lambda: office.olu.propose(round_id, new.id, None)) == (
        "office-not-current-reallocation"
    )
    assert office.olu.round(round_id).summary.next_step == say("office.next.reallocating-outdated")
    office.olu.outcome(round_id, first, "withdrawn", day)
    new = office.olu.reallocate(round_id, "a withdrawal")
    office.olu.propose(round_id, new.id, None)
    assert code(lambda: office.olu.close(round_id, None)) == "office-being-signed"
    office.kim.approve(round_id, new.fingerprint or "", None)
    office.olu.publish(round_id, office.key, None)
    refused = refusal(lambda: correct(round_id, first, "accepted", day, "a mistake"))
    assert refused.code == "office-outcome-reallocated"
    assert "record 2" in str(refused) and "promised twice" in str(refused)
    # Why it fell through can be corrected still, and what became of those that stand.
    assert correct(round_id, first, "visa refused", day, "as the letter says").kind
    office.olu.outcome(round_id, second, "declined", day)
    assert correct(round_id, second, "accepted", day, "a mistake").kind == "accepted"
    assert balanced(office.olu.fund_ledger(round_id))


def test_a_correction_does_not_bring_a_person_above_the_limit_of_the_year(office: Office) -> None:
    first, _ = office.published("one", money=40_000)
    ledger_of_2026 = office.olu.person_ledger("2026")
    full = next(each for each in ledger_of_2026 if each.package is Package.FULL)
    at = full.person_id.removeprefix("P")
    day = date(2026, 2, 1)
    office.olu.outcome(first, f"one-A{at}", "withdrawn", day)
    second, _ = office.published("two", money=40_000)
    correct = office.olu.correct_outcome
    found = code(lambda: correct(first, f"one-A{at}", "accepted", day, "a mistake"))
    assert found == "office-outcome-year"
    assert correct(first, f"one-A{at}", "declined", day, "a mistake").kind == "declined"
    office.olu.outcome(second, f"two-A{at}", "declined", day)
    assert correct(first, f"one-A{at}", "accepted", day, "a mistake").kind == "accepted"


def test_payments_never_exceed_what_is_owed(office: Office) -> None:
    round_id, run = office.published()
    award = office.olu.result(run.id).allocation.awards[0]
    pay = office.olu.pay
    name, day = award.application_id, date(2026, 2, 1)
    assert code(lambda: pay(round_id, name, "main", award.amount + 1, day)) == "office-overpaid"
    assert code(lambda: pay(round_id, name, "other", 1, day)) == "office-no-fund"
    assert code(lambda: pay(round_id, name, "main", 0, day)) == "office-amount"
    pay(round_id, name, "main", award.amount, day)
    assert code(lambda: pay(round_id, name, "main", 1, day)) == "office-overpaid"
    pay(round_id, name, "main", -1, day)
    office.olu.outcome(round_id, name, "withdrawn", day)
    assert code(lambda: pay(round_id, name, "main", 1, day)) == "office-overpaid"
    line = office.olu.fund_ledger(round_id)[0]
    assert (line.paid, line.released) == (award.amount - 1, 1)
    assert balanced((line,))


def test_a_ledger_without_awards_is_all_free(office: Office) -> None:
    round_ = office.olu.loaded(office.checked()).round
    assert [each.free for each in ledger(round_, (), ())] == [1_200_000, None]


def test_a_payment_that_another_fund_would_now_owe_must_be_booked_anew(
    office: Office, tmp_path: Path
) -> None:
    round_id, run = office.published()
    name = awarded(office.olu, run)[0]
    office.olu.pay(round_id, name, "main", 500, date(2026, 2, 1))
    with office_in(tmp_path / "other") as other:
        files = tiny()
        files["round.yaml"] = files["round.yaml"].replace(b"id: main,", b"id: second,")
        same = other.olu.create_round(files).summary.id
        other.olu.check(same, None)
        record = other.sam.record(other.olu.run(same).id)
    with office.store.reading() as reader:
        assert moved_payments(reader, round_id, office.sam.record(run.id)) == ()
        assert moved_payments(reader, round_id, record) == (name,)


def test_a_reallocation_can_be_left_to_another_process(office: Office) -> None:
    round_id, run = office.published()
    assert code(lambda: office.olu.queue_run(round_id)) == "office-wrong-state"
    assert (
        code(lambda: office.olu.queue_run(round_id, kind="reallocation")) == "office-nothing-free"
    )
    gone = awarded(office.olu, run)[0]
    office.olu.outcome(round_id, gone, "declined", date(2026, 2, 1))
    queued = office.olu.queue_run(round_id, kind="reallocation")
    done = office.olu.work(queued.id)
    assert (done.status, done.current, done.previous) == ("done", True, run.id)
    assert gone not in awarded(office.olu, done)
