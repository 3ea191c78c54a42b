"""The desk's promises: frozen when proposed, four eyes, nothing overwritten, nobody given away."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from allocator.office.keys import check_key, make_key
from allocator.office.roles import Role
from allocator.office.states import State
from allocator.office.store import open_store
from allocator.office.store_backup import restore
from allocator.office.views import ImportView
from allocator.record.check_all import Given
from allocator.record.check_container import packed, unpacked
from allocator.record.record import members
from allocator.record.revive import loaded_of, result_of
from allocator.record.verify import verify_bytes
from tests.office.desk_kit import (
    Office,
    awarded,
    balanced,
    code,
    desk_of,
    office_in,
    policy,
    refusal,
    signed_again,
    tiny,
)

REMARK = "private remark"


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


def test_a_policy_is_saved_for_a_round_or_not_at_all(office: Office) -> None:
    olu, round_id = office.olu, office.checked()
    seen = olu.round(round_id).summary.version
    text = policy().decode() + "\n# heavier\n"
    made = olu.save_policy_for(round_id, text, "asked for", None, seen)
    view = olu.round(round_id)
    assert view.policy is not None and view.policy.id == made.id
    assert view.summary.state is State.DRAFT
    before = olu.policies()
    other = text + "# and more\n"
    assert code(lambda: olu.save_policy_for(round_id, other, "why", None, seen)) == "office-stale"
    assert olu.policies() == before


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


def test_rows_without_an_id_of_their_own_are_corrected_by_their_number(office: Office) -> None:
    round_id = office.checked()
    lines = tiny("one")["applications.csv"].decode().splitlines()
    place = lines[0].split(",").index("application_id")
    for row, wrong in ((2, ""), (4, "one-A3")):
        cells = lines[row].split(",")
        cells[place] = wrong
        lines[row] = ",".join(cells)
    csv = "\n".join(lines).encode()
    office.olu.import_files(round_id, {"applications.csv": csv}, None)
    fix = office.olu.fix

    def corrected(before: str, after: str, row: int | None) -> ImportView:
        return fix(round_id, before, "application_id", before, after, "typo", None, row)

    assert code(lambda: corrected("one-A3", "one-A9", None)) == "office-fix-rows"
    assert code(lambda: corrected("one-A3", "one-A9", 3)) == "office-fix-differs"
    corrected("", "one-A2", 3)
    done = corrected("one-A3", "one-A8", 5)
    assert done.check.can_run
    ids = {each.application_id for each in office.olu.loaded(round_id).applications}
    assert {"one-A2", "one-A3", "one-A8"} <= ids
    newest = office.olu.timeline(round_id)[0]
    assert "row 5" in newest.sentence and "one-A8" not in newest.sentence


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
    without = packed(
        written | {"result.json": written["result.json"].replace(b"decisions", b"d", 1)}
    )
    for wrong in (b"no record", without):
        assert code(lambda data=wrong: result_of(data)) == "record-unreadable"  # type: ignore[misc]


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


def test_a_store_set_back_to_between_run_and_publication_is_found(office: Office) -> None:
    round_id, run = office.proposed()
    unsigned = office.olu.record(run.id)
    assert code(lambda: office.ada.check_store([unsigned])) == "office-not-published"
    office.kim.approve(round_id, run.fingerprint or "", None)
    kept = office.folder / "kept.zip"
    office.ada.backup(kept)
    office.olu.publish(round_id, office.key, None)
    signed = office.sam.record(run.id)
    restore(kept, office.folder / "back.db", actor="ada")
    with open_store(office.folder / "back.db") as store:
        report = desk_of(store, "ada").check_store([signed])
    (failed,) = [each for each in report.checks if not each.passed]
    assert (run.fingerprint or "")[:8] in failed.name


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
    assert (
        office.ada.add_account(" Pat@Example.org ", "Pat", ["officer"]).login == "pat@example.org"
    )
    for alike in ("OLU", "PAT@example.org"):
        again = code(lambda alike=alike: office.ada.add_account(alike, "X", [Role.APPROVER]))
        assert again == "office-account-exists"
    for years in ("0", "101", "9" * 30):
        refused = code(lambda years=years: office.ada.set_setting("retention-years", years))
        assert refused == "office-setting-number"


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
        assert "Error" not in " ".join(each.figure for each in report.checks)
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
    assert code(lambda: check_key(key.with_name(f"{key.name}.pub"), store)) == "office-key-public"
    other = key.with_name("letter.txt")
    other.write_text("no key")
    assert code(lambda: check_key(other, store)) == "office-key-missing"


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
