"""No part of a record can be left out, emptied, doubled, swapped or altered without being noticed.

Every kind of place in every member is changed by one step, with checksums made to fit again, and
the check that should finds it. What nobody can find without deciding again is in ``NOT_FOUND``,
and in ``docs/auditor.md``.
"""

import json
import re
import tempfile
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from allocator.record.canonical import canonical
from allocator.record.check_all import Given
from allocator.record.check_container import MANIFEST, packed, unpacked
from allocator.record.check_main import FOR_THE_ALLOCATOR
from allocator.record.check_report import FAIL, PASS, Report
from allocator.record.record import with_manifest
from allocator.record.verify import verify_bytes
from tests.forging import Forged, forgeries
from tests.office.desk_kit import office_in
from tests.properties.test_tampering import Dice
from tests.records import SAMPLES, alone, explained_record, record_of

FOUND_BY = {
    "applications.json": ("inputs", "pool"),
    "attributes.json": ("inputs",),
    "effects.json": ("effects", "reasons"),
    "explanations.json": ("explanations", "reasons"),
    "fairness.json": ("fairness",),
    "inputs.json": ("members", "inputs"),
    "lottery.json": ("lottery",),
    "manifest.json": ("members", "previous"),
    "office.json": ("office",),
    "pool.json": ("pool", "eligibility", "merit", "costs"),
    "programme.json": ("programme", "costs"),
    "proof.json": ("proof",),
    "result.json": (
        *("rules", "payments", "objective", "draws", "decisions"),
        *("eligibility", "explanations", "reasons", "policy-promises"),
    ),
    "round.json": ("inputs",),
    "rules.json": ("policy",),
    "tables.json": ("tables",),
    "versions.json": ("edition",),
}
"""The checks of each member of which one must find a change."""

NOT_FOUND = {
    # Finding bounds of margins, extra money and flips again takes a solver.
    "explanations.json": r"\[\]\.margin(\.packages\[\])?\.points|\[\]\.extra.*",
    "fairness.json": r"\.flips(\.flips.*)?",
    # Another proof that proves the same is no forgery; the check has said that it does.
    "proof.json": r".*",
    # Only the store can tell where its log stood.
    "office.json": r"\.(seq|hash)",
}
"""What may pass, by member: paths as in ``tests.forging``."""

EXACT = ("tiny", "ordered", "anew")
"""Records whose margins are exact: every figure follows from the allocations that they name."""

NOT_FOUND_OF_EXACT = {**NOT_FOUND, "explanations.json": r"\[\]\.extra.*"}

NOT_IN = {"ordered": (), "anew": (), "stopped": ("office.json", "effects.json")}
"""What a record does not have; but these, none has the part of an office."""

TOLD = ("effects.json", "explanations.json", "fairness.json", "lottery.json", "result.json")
"""The members of a large record that are tried: what it tells, not what it is made from."""


@cache
def record(name: str) -> tuple[bytes, Given]:
    """Return a record of each kind, with the one before it if it names one."""
    if name in ("ordered", "anew"):
        first, second = _of_an_office()
        return (first, Given()) if name == "ordered" else (second, Given(previous=first))
    if name == "stopped":
        return record_of(SAMPLES / "year", time_limit=0.01), Given()
    return explained_record(name), Given()


@cache
def _of_an_office() -> tuple[bytes, bytes]:
    """Return a record with overrides, and that of the reallocation after a withdrawal."""
    with tempfile.TemporaryDirectory() as folder, office_in(Path(folder)) as office:
        round_id = office.checked()
        office.olu.override(round_id, "one-A6", "must award", "why", package="ticket", seen=None)
        office.olu.override(round_id, "one-A1", "must not award", "paid by others", seen=None)
        run = office.olu.run(round_id)
        office.olu.propose(round_id, run.id, None)
        office.kim.approve(round_id, run.fingerprint or "", None)
        office.olu.publish(round_id, office.key, None)
        first = office.sam.record(run.id)
        office.olu.outcome(round_id, "one-A6", "withdrawn", date(2026, 1, 20))
        again = office.olu.reallocate(round_id, "a withdrawal")
        return first, office.sam.record(again.id)


def forged(
    name: str, member: str, instances: int, one_in: int = 1
) -> Iterator[tuple[Forged, bytes]]:
    """Yield changed records with what was done, or one in so many; the checksums fit."""
    dice = Dice(f"{name} {member}")
    parts = unpacked(record(name)[0])
    parts.pop("signature.json", None)
    if member not in parts:
        assert member in NOT_IN.get(name, ("office.json",)), "a part is missing"
        return
    previous = json.loads(parts[MANIFEST])["previous"]
    held: list[Any] = [json.loads(parts[member])]
    for what in forgeries(held, instances):
        if dice.upto(one_in):
            continue
        changed = {**parts, member: canonical(held[0])}
        if changed[member] == parts[member]:
            continue
        if member != MANIFEST:
            changed.pop(MANIFEST)
            changed = with_manifest(changed, previous)
        yield what, packed(changed)


@cache
def passes(name: str) -> frozenset[str]:
    """Return the checks that the record as it was made passes."""
    before, given = record(name)
    parts = unpacked(before)
    parts.pop("signature.json", None)
    return _passed(verify_bytes(packed(parts), given))


def _passed(report: Report) -> frozenset[str]:
    return frozenset(each.id for each in report.checks if each.status == PASS)


def assert_found(name: str, member: str, what: Forged, changed: bytes) -> None:
    """The file alone finds a change, or the command does; and it is the check that should."""
    before, given = passes(name), record(name)[1]
    for verify, left in ((alone, FOR_THE_ALLOCATOR), (verify_bytes, ())):
        lost = before - _passed(verify(changed, given)) - {*left}
        if not lost.isdisjoint(FOUND_BY[member]):
            return
    allowed = NOT_FOUND_OF_EXACT if name in EXACT else NOT_FOUND
    assert re.fullmatch(allowed.get(member, ""), what[0]), (name, member, *what)


SMALL = ("tiny", "flipped", "ordered", "anew")


@pytest.mark.parametrize("name", ["flipped", "ordered"])
@pytest.mark.parametrize("member", sorted(FOUND_BY))
def test_some_of_all_changes_are_found(name: str, member: str) -> None:
    for what, changed in forged(name, member, 1, one_in=20):
        assert_found(name, member, what, changed)


@pytest.mark.soak
@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("member", sorted(FOUND_BY))
def test_all_changes_of_small_records_are_found(name: str, member: str) -> None:
    for what, changed in forged(name, member, 2):
        assert_found(name, member, what, changed)


@pytest.mark.soak
@pytest.mark.parametrize("name", ["one-meeting", "year", "stopped"])
@pytest.mark.parametrize("member", TOLD)
def test_all_changes_of_what_large_records_tell_are_found(name: str, member: str) -> None:
    for what, changed in forged(name, member, 1):
        assert_found(name, member, what, changed)


@pytest.mark.parametrize("name", ["flipped", "ordered"])
def test_no_part_can_be_left_out(name: str) -> None:
    """But where the office's log stood: without it a record reads like one made without an office.

    A signature covers that too.
    """
    parts = unpacked(record(name)[0])
    parts.pop("signature.json", None)
    del parts[MANIFEST]
    for member in sorted(parts):
        fewer = {other: content for other, content in parts.items() if other != member}
        for verify in (alone, verify_bytes):
            report = verify(packed(with_manifest(fewer)), Given())
            assert (report.exit_code == 0) is (member == "office.json"), member


def test_a_list_of_withheld_parts_that_are_not_there_is_refused() -> None:
    for listed in ([], ["nothing.json"], {"pool.json": 0}, 5, None, ["pool.json", "effects.json"]):
        parts = {**unpacked(record("tiny")[0]), "redacted.json": canonical(listed)}
        for verify in (alone, verify_bytes):
            report = verify(packed(parts), Given())
            assert report.exit_code == 1
            assert report.check("members").status == FAIL
