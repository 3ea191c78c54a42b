"""The desk's promises: frozen when proposed, four eyes, nothing overwritten, nobody given away."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from allocator.commands.office_rounds import reviewed
from allocator.errors import AllocatorError
from allocator.model import Package
from allocator.office.desk import OverrideDraft
from allocator.office.desk_awards import moved_payments
from allocator.office.keys import check_key, make_key
from allocator.office.ledger import ledger
from allocator.office.roles import Role
from allocator.office.states import State
from allocator.office.views import RunView
from allocator.policy import policy_bytes
from allocator.record.check_all import Given
from allocator.record.check_container import unpacked
from allocator.record.record import members
from allocator.record.revive import loaded_of, result_of
from allocator.record.verify import verify_bytes
from tests.office.desk_kit import Office, awarded, balanced, office_in, policy, tiny

REMARK = "private remark"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with office_in(tmp_path) as found:
        yield found


def refusal(action: Callable[[], object]) -> AllocatorError:
    with pytest.raises(AllocatorError) as refused:
        action()
    return refused.value


def code(action: Callable[[], object]) -> str:
    return refusal(action).code


# --- states and four eyes -------------------------------------------------------------------------


def test_what_is_proposed_is_frozen_until_it_returns_to_draft(office: Office) -> None:
    round_id, _ = office.proposed()
    desk = office.olu
    for change in (
        lambda: desk.import_files(round_id, {"applications.csv": b"x"}, None),
        lambda: desk.fix(round_id, "one-A1", "contributions", "0", "1", "typo", None),
        lambda: desk.set_policy(round_id, "1", "other", None),
        lambda: desk.override(round_id, "one-A1", "must award", "why", seen=None),
        lambda: desk.run(round_id),
        lambda: desk.undo_import(round_id, None),
    ):
        assert code(change) == "office-wrong-state"
    assert code(lambda: desk.return_to_draft(round_id, " ", None)) == "office-reason-needed"
    view = desk.return_to_draft(round_id, "a file was missing", None)
    assert view.summary.state is State.DRAFT
    assert desk.override(round_id, "one-A1", "must award", "why", seen=None).active


@pytest.mark.parametrize("part", ["proposes", "runs", "overrides"])
def test_whoever_took_part_in_a_proposal_cannot_approve_it(office: Office, part: str) -> None:
    office.ada.set_roles("olu", [Role.OFFICER, Role.APPROVER], None)
    office.ada.add_account("pat", "Pat", [Role.OFFICER])
    by = {name: "olu" if name == part else "pat" for name in ("proposes", "runs", "overrides")}
    round_id = office.checked()
    getattr(office, by["overrides"]).override(
        round_id, "one-A1", "must award", "asked by the study group", seen=None
    )
    run = getattr(office, by["runs"]).run(round_id)
    getattr(office, by["proposes"]).propose(round_id, run.id, None)
    assert code(lambda: office.olu.approve(round_id, run.fingerprint, None)) == "office-four-eyes"
    assert office.sam.timeline()[0].kind == "refused"
    assert office.kim.approve(round_id, run.fingerprint, None).summary.state is State.APPROVED


@pytest.mark.parametrize("part", ["takes back", "corrects"])
def test_whoever_decided_on_an_application_since_cannot_approve(office: Office, part: str) -> None:
    office.ada.add_account("pat", "Pat", [Role.OFFICER, Role.APPROVER])
    round_id = office.checked()
    found = office.olu.override(round_id, "one-A1", "must award", "why", seen=None)
    if part == "takes back":
        office.pat.withdraw_override(found.id, "not needed", None)
    else:
        office.pat.fix(round_id, "one-A5", "contributions", "4", "0", "two were late", None)
        office.olu.check(round_id, None)
    run = office.olu.run(round_id)
    office.olu.propose(round_id, run.id, None)
    assert code(lambda: office.pat.approve(round_id, run.fingerprint, None)) == "office-four-eyes"
    office.kim.approve(round_id, run.fingerprint, None)


def test_an_override_of_an_application_that_is_gone_can_be_taken_back(office: Office) -> None:
    olu, round_id = office.olu, office.checked()
    found = olu.override(round_id, "one-A6", "must award", "why", seen=None)
    whole = tiny()["applications.csv"]
    without = b"".join(whole.splitlines(keepends=True)[:-1])
    olu.import_files(round_id, {"applications.csv": without}, None)
    assert not olu.check(round_id, None).can_run
    assert not olu.withdraw_override(found.id, "the application was withdrawn", None).active
    assert olu.check(round_id, None).can_run and olu.run(round_id)


def test_a_recused_person_neither_overrides_nor_approves_there(office: Office) -> None:
    office.ada.recuse("olu", "Kenya", "family")
    office.ada.recuse("kim", "Mali", "employer")
    round_id = office.checked()
    override = office.olu.override
    assert (
        code(lambda: override(round_id, "one-A1", "must award", "x", seen=None)) == "office-recused"
    )
    assert override(round_id, "one-A2", "must award", "x", seen=None).active
    run = office.olu.run(round_id)
    office.olu.propose(round_id, run.id, None)
    assert code(lambda: office.kim.approve(round_id, run.fingerprint, None)) == "office-recused"
    kinds = [each.details.get("code") for each in office.sam.timeline() if each.kind == "refused"]
    assert kinds == ["office-recused", "office-recused"]
    assert code(lambda: office.kim.lift_recusal("kim", "Mali", "x")) == "office-own-recusal"


def test_an_override_that_no_run_could_follow_is_refused_when_it_is_entered(
    office: Office,
) -> None:
    files = tiny()
    lines = files["applications.csv"].decode().splitlines()
    lines[1] = lines[1].replace(",yes,yes,2025", ",no,yes,2025")  # registration not approved
    lines[2] = lines[2].replace(",full,yes,", ",full,no,")  # takes no partial fellowship
    round_id = office.olu.create_round(
        files | {"applications.csv": "\n".join(lines).encode()}
    ).summary.id
    override = office.olu.override
    refused = refusal(lambda: override(round_id, "one-A1", "must award", "why", seen=None))
    assert refused.code == "override-ineligible"
    said = str(refused)
    assert "(registration)" in said and "registration" in said.split("(registration)")[1]
    assert "Correct the application" in said and "overrides.yaml" not in said
    partial = refusal(
        lambda: override(round_id, "one-A2", "must award", "why", package="dsa", seen=None)
    )
    assert partial.code == "override-package" and "(full)" in str(partial)
    idle = refusal(
        lambda: override(round_id, "one-A2", "must not award", "no", package="dsa", seen=None)
    )
    assert idle.code == "override-package-idle"
    assert office.olu.overrides(round_id) == ()
    # Whoever is ineligible today may be barred: it holds if the facts are corrected tomorrow.
    assert override(round_id, "one-A1", "must not award", "paid by others", seen=None).active
    assert override(round_id, "one-A2", "must award", "why", package="full", seen=None).active
    assert office.olu.check(round_id, None).can_run
    assert office.olu.run(round_id).status == "done"


def test_nobody_learns_by_an_override_of_whom_they_stand_back_from(office: Office) -> None:
    files = tiny()
    rows = files["applications.csv"].replace(b",yes,yes,2025-12-10", b",no,yes,2025-12-10")
    round_id = office.olu.create_round(files | {"applications.csv": rows}).summary.id
    office.ada.recuse("olu", "Kenya", "family")
    found = code(lambda: office.olu.override(round_id, "one-A1", "must award", "why", seen=None))
    assert found == "office-recused"


def test_only_a_final_run_of_what_is_there_now_is_proposed(office: Office) -> None:
    round_id = office.checked()
    run = office.olu.run(round_id)
    office.olu.override(round_id, "one-A6", "must award", "why", seen=None)
    assert code(lambda: office.olu.propose(round_id, run.id, None)) == "office-not-current"
    assert not office.olu.runs(round_id)[0].current
    office.olu.withdraw_override("1", "not needed", None)
    assert office.olu.runs(round_id)[0].current
    stopped = office.olu.run(round_id, cancel=lambda: True)
    assert stopped.status == "not final"
    assert code(lambda: office.olu.propose(round_id, stopped.id, None)) == "office-not-final"
    assert code(lambda: office.kim.approve(round_id, "", None)) == "office-wrong-state"


def test_the_approver_must_have_seen_the_proposed_fingerprint(office: Office) -> None:
    round_id, run = office.proposed()
    for wrong in ("", "0" * 64):
        found = code(lambda wrong=wrong: office.kim.approve(round_id, wrong, None))  # type: ignore[misc]
        assert found == "office-wrong-fingerprint"
    office.kim.approve(round_id, (run.fingerprint or "")[:16], None)


# --- nothing is overwritten -----------------------------------------------------------------------


def test_the_second_of_two_is_told_what_changed_and_by_whom(office: Office) -> None:
    office.ada.add_account("pat", "Pat", [Role.OFFICER])
    round_id = office.checked()
    seen = office.olu.round(round_id).summary.version
    office.pat.override(round_id, "one-A1", "must award", "why", seen=seen)
    stale = refusal(
        lambda: office.olu.override(round_id, "one-A1", "must not award", "no", seen=seen)
    )
    assert stale.code == "office-stale"
    assert "pat" in str(stale) and "one-A1" in str(stale)
    assert [each.decision for each in office.olu.overrides(round_id)] == ["must award"]
    for change in (
        lambda: office.olu.import_files(round_id, tiny(), seen),
        lambda: office.olu.check(round_id, seen),
        lambda: office.olu.set_policy(round_id, "1", "x", seen),
        lambda: office.olu.propose(round_id, "1", seen),
        lambda: office.olu.return_to_draft(round_id, "x", seen),
    ):
        assert code(change) == "office-stale"


# --- files ----------------------------------------------------------------------------------------


def test_an_import_tells_what_changed_and_can_be_undone(office: Office) -> None:
    round_id = office.checked()
    files = tiny(persons=("P1", "P2", "P3", "P4", "P5"))
    changed = files["applications.csv"].replace(b",700.00,", b",800.00,")
    view = office.olu.import_files(round_id, {"applications.csv": changed}, None)
    assert {(each.application, each.kind, each.column) for each in view.changes} == {
        ("one-A1", "changed", "ticket_cost"),
        ("one-A6", "removed", ""),
    }
    assert office.olu.round(round_id).summary.state is State.DRAFT
    assert office.olu.undo_import(round_id, None).summary.applications == 6


def test_undoing_goes_back_step_by_step(office: Office) -> None:
    olu, round_id = office.olu, office.checked()

    def brought(remark: bytes) -> None:
        file = tiny()["applications.csv"].replace(b"private remark P1", remark)
        olu.import_files(round_id, {"applications.csv": file}, None)

    def remark() -> str:
        return dict(olu.loaded(round_id).applications[0].extra)["remarks"]

    brought(b"second")
    olu.undo_import(round_id, None)
    brought(b"third")
    brought(b"fourth")
    assert [each.before for each in olu.changes_of(round_id).changes] == ["third"]
    for expected in ("third", "private remark P1"):
        olu.undo_import(round_id, None)
        assert remark() == expected
    assert code(lambda: olu.undo_import(round_id, None)) == "office-nothing-before"


def test_undoing_an_import_brings_back_its_policy_and_title(office: Office) -> None:
    olu, round_id = office.olu, office.checked()
    before = olu.round(round_id)
    text = tiny()["round.yaml"].replace(b"Round one", b"Round two")
    other = policy() + b"\n# changed\n"
    for chosen in (False, True):
        olu.import_files(round_id, {"policy.yaml": other, "round.yaml": text}, None)
        number = olu.round(round_id).policy.number  # type: ignore[union-attr]
        assert number != before.policy.number  # type: ignore[union-attr]
        if chosen:
            third = olu.save_policy((other + b"# again\n").decode(), "why")
            olu.set_policy(round_id, third.id, "the committee asked for it", None)
        undone = olu.undo_import(round_id, None)
        assert undone.summary.title == before.summary.title
        assert (undone.policy == before.policy) is not chosen


def test_a_correction_is_a_new_snapshot_and_its_values_are_not_in_the_log(office: Office) -> None:
    round_id = office.checked()
    fix = office.olu.fix
    assert (
        code(lambda: fix(round_id, "one-A1", "family_name", "Wrong", "New", "typo", None))
        == "office-fix-differs"
    )
    view = fix(round_id, "one-A1", "family_name", "FamilyP1", "Newname", "typo", None)
    assert [(e.before, e.after) for e in view.changes] == [("FamilyP1", "Newname")]
    assert office.olu.loaded(round_id).applications[0].family_name == "Newname"
    assert "Newname" not in repr(office.olu.timeline())


# --- publication ----------------------------------------------------------------------------------


def test_a_published_record_is_signed_verified_and_pins_the_log(office: Office) -> None:
    round_id, run = office.published()
    record = office.sam.record(run.id)
    public = bytes.fromhex(office.sam.round(round_id).publications[0].public_key)
    report = verify_bytes(record, Given(public_key=public))
    assert report.exit_code == 0
    assert office.sam.check_store([record]).passed
    head = json.loads(unpacked(record)["office.json"])
    assert office.sam.timeline()[-head["seq"]].seq == head["seq"]


def test_a_record_that_the_store_does_not_hold_is_noticed(office: Office, tmp_path: Path) -> None:
    _, run = office.published()
    record = office.sam.record(run.id)
    with office_in(tmp_path / "other") as other:
        other.checked()
        assert not other.sam.check_store([record]).passed


def test_what_a_record_revives_is_what_was_written(office: Office) -> None:
    round_id = office.checked()
    office.olu.override(round_id, "one-A6", "must award", "why", seen=None)
    run = office.olu.run(round_id)
    record = office.sam.record(run.id)
    written = unpacked(record)
    again = members(result_of(record), loaded_of(record))
    assert {name for name in again if again[name] != written[name]} == set()
    assert set(written) - set(again) == {"decisions.csv", "manifest.json", "office.json"}
    assert code(lambda: result_of(b"no record")) == "record-unreadable"


def test_a_reallocation_keeps_what_stands_and_is_signed_again(office: Office) -> None:
    round_id, run = office.published()
    before = awarded(office.olu, run)
    gone = before[0]
    office.olu.outcome(round_id, gone, "withdrawn", date(2026, 2, 1), "a private reason")
    new = office.olu.reallocate(round_id, "a withdrawal")
    after = awarded(office.olu, new)
    assert set(before) - {gone} <= set(after) and gone not in after
    assert new.previous == run.id
    office.olu.propose(round_id, new.id, None)
    assert code(lambda: office.olu.approve(round_id, new.fingerprint, None)) != ""
    office.kim.approve(round_id, new.fingerprint or "", None)
    second = office.olu.publish(round_id, office.key, None)
    assert second.number == 2
    given = Given(previous=office.sam.record(run.id), public_key=bytes.fromhex(second.public_key))
    assert verify_bytes(office.sam.record(new.id), given).exit_code == 0
    assert code(lambda: office.olu.reallocate(round_id, "again")) == "office-nothing-free"
    assert balanced(office.olu.fund_ledger(round_id))


def test_money_that_came_back_after_a_reallocation_can_be_reallocated(office: Office) -> None:
    olu, (round_id, run) = office.olu, office.published(money=4_500)
    gone = awarded(olu, run)[0]
    olu.pay(round_id, gone, "main", 50_000, date(2026, 2, 1))
    olu.outcome(round_id, gone, "withdrawn", date(2026, 2, 2))
    signed_again(office, olu.reallocate(round_id))
    assert code(lambda: olu.reallocate(round_id)) == "office-nothing-free"
    olu.pay(round_id, gone, "main", -50_000, date(2026, 2, 9))
    third = olu.reallocate(round_id, "the ticket was refunded")
    signed_again(office, third)
    assert not dict(loaded_of(olu.record(third.id)).spent).get("fund[main]")
    assert balanced(olu.fund_ledger(round_id))
    assert code(lambda: olu.reallocate(round_id)) == "office-nothing-free"


def test_a_proposed_reallocation_can_be_returned_and_the_round_stays_published(
    office: Office,
) -> None:
    olu, (round_id, run) = office.olu, office.published()
    gone = awarded(olu, run)[0]
    olu.outcome(round_id, gone, "withdrawn", date(2026, 2, 1))
    new = olu.reallocate(round_id)
    assert code(lambda: office.kim.return_to_draft(round_id, "why", None)) == "office-wrong-state"
    olu.propose(round_id, new.id, None)
    back = office.kim.return_to_draft(round_id, "the letter is missing", None)
    assert back.summary.state is State.PUBLISHED and back.run and back.run.id == run.id
    refused = code(lambda: office.kim.approve(round_id, new.fingerprint or "", None))
    assert refused == "office-wrong-state"
    signed_again(office, new)


def test_what_nobody_can_mean_is_refused_in_words(office: Office) -> None:
    olu, (round_id, run) = office.olu, office.published()
    one, huge = awarded(olu, run)[0], 10**30
    for on in (date(1026, 2, 1), date(2926, 2, 1)):
        assert code(lambda on=on: olu.outcome(round_id, one, "accepted", on)) == "office-day-absurd"
        assert code(lambda on=on: olu.pay(round_id, one, "main", 1, on)) == "office-day-absurd"
    assert code(lambda: olu.result(str(huge))) == "office-no-run"
    assert code(lambda: olu.withdraw_override(str(huge), "why", None)) == "office-no-item"
    assert code(lambda: olu.pay(round_id, one, "main", huge, date(2026, 2, 1))) == "office-overpaid"
    for seen in (huge, -huge):
        assert code(lambda seen=seen: olu.close(round_id, seen)) == "office-stale"
    assert code(lambda: office.ada.add_account(" ", "X", [Role.OFFICER])) == "office-login-empty"
    for years in ("0", "101", "9" * 30):
        refused = code(lambda years=years: office.ada.set_setting("retention-years", years))
        assert refused == "office-setting"


def signed_again(office: Office, run: RunView) -> None:
    """Propose, approve and publish a reallocation."""
    office.olu.propose(run.round, run.id, None)
    office.kim.approve(run.round, run.fingerprint or "", None)
    office.olu.publish(run.round, office.key, None)


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
    record(round_id, second, "accepted", before)
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
    assert code(lambda: office.olu.propose(round_id, new.id, None)) == "office-not-current"
    office.olu.outcome(round_id, first, "withdrawn", day)
    new = office.olu.reallocate(round_id, "a withdrawal")
    office.olu.propose(round_id, new.id, None)
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


# --- next rounds ----------------------------------------------------------------------------------


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


# --- erasing --------------------------------------------------------------------------------------


def test_erasing_leaves_log_counts_and_hashes_verifiable(tmp_path: Path) -> None:
    now = [datetime(2026, 1, 20, tzinfo=UTC)]
    with office_in(tmp_path, clock=lambda: now[0]) as office:
        round_id, run = office.published()
        winner = awarded(office.olu, run)[0]
        person = next(
            e.person_id
            for e in office.olu.loaded(round_id).applications
            if e.application_id == winner
        )
        office.kim.note(round_id, winner, "a word about the person")
        ledger_before = office.sam.fund_ledger(round_id)
        fingerprint = office.sam.round(round_id).publications[0].fingerprint
        assert code(lambda: office.ada.erase(person, "asked")) == "office-retention-open"
        office.olu.close(round_id, None)
        assert code(lambda: office.ada.erase(person, "asked")) == "office-retention"
        now[0] += timedelta(days=366 * 5 + 1)
        assert office.ada.erase(person, "asked on paper")["files"] == 3
        assert code(lambda: office.ada.erase(person, "again")) == "office-no-person"
        record = office.sam.record(run.id)
        report = verify_bytes(record)
        assert report.verdict == "incomplete"
        members_ = report.check("members")
        assert members_.status == "not checked" and "inputs/applications.csv" in members_.figure
        assert report.check("signature").status == "pass"
        assert office.sam.round(round_id).publications[0].fingerprint == fingerprint
        assert office.sam.check_store([record]).passed
        assert [each.paid for each in office.sam.fund_ledger(round_id)] == [
            each.paid for each in ledger_before
        ]
        everything = repr(office.sam.loaded(round_id, run.id)) + repr(office.sam.notes(round_id))
        for secret in (f"Family{person}", f"Given{person}", f"'{person}'", "a word about"):
            assert secret not in everything
    raw = b"".join(each.read_bytes() for each in (tmp_path / "store").iterdir())
    assert f"Family{person}".encode() not in raw and b"a word about" not in raw


# --- keys -----------------------------------------------------------------------------------------


def test_a_key_is_its_owners_alone_and_never_lies_with_the_store(tmp_path: Path) -> None:
    store = tmp_path / "store" / "office.db"
    store.parent.mkdir()
    safe, shared = tmp_path / "safe", tmp_path / "shared"
    safe.mkdir(mode=0o700)
    shared.mkdir()
    shared.chmod(0o777)
    key = safe / "key"
    public = make_key(key, store, b"a password")
    assert key.stat().st_mode & 0o777 == 0o600
    assert b"ENCRYPTED" in key.read_bytes() and public.read_bytes().startswith(b"-----BEGIN PUBLIC")
    check_key(key, store)
    assert code(lambda: make_key(key, store)) == "office-key-exists"
    assert code(lambda: make_key(store.parent / "key", store)) == "office-key-in-store"
    assert code(lambda: make_key(shared / "key", store)) == "office-key-folder-open"
    key.chmod(0o644)
    assert code(lambda: check_key(key, store)) == "office-key-open"


def test_runs_in_another_process_are_queued_worked_and_stopped(office: Office) -> None:
    round_id = office.checked()
    first, second = office.olu.queue_run(round_id), office.olu.queue_run(round_id)
    assert office.olu.round(round_id).job is not None
    assert office.olu.cancel_run(first.id).status == "cancelled"
    assert office.olu.work(first.id).status == "cancelled"
    done = office.olu.work(second.id)
    assert (done.status, done.current) == ("done", True)
    assert office.olu.round(round_id).run == done


def test_a_run_that_cannot_be_is_failed_and_says_why(office: Office) -> None:
    round_id = office.checked(money=100)
    office.olu.override(round_id, "one-A1", "must award", "x", seen=None)
    found = refusal(lambda: office.olu.run(round_id))
    assert "one-A1" in str(found)
    failed = office.olu.runs(round_id)[0]
    assert failed.status == "failed" and failed.problems == found.problems
