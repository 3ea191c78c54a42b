"""What differs between two records is explained by inputs or policy, or said to be unexplained."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from allocator.commands.answer import Heading
from allocator.commands.audit import verify
from allocator.errors import Exit
from allocator.record.check_container import MANIFEST, packed, unpacked
from allocator.record.check_report import Refused
from allocator.record.compare import Comparison, compare
from allocator.record.record import with_manifest
from tests.records import SAMPLES, forged, record_of, sample_record


def changed_round(
    folder: Path, name: str, change: Callable[[str], str], policy: str | None = None
) -> bytes:
    """Return the record of the sample with one of its files changed."""
    shutil.copytree(SAMPLES / "one-meeting", folder, dirs_exist_ok=True)
    file = folder / name
    before = file.read_text(encoding="utf-8")
    file.write_text(change(before), encoding="utf-8")
    assert file.read_text(encoding="utf-8") != before
    return record_of(folder, policy)


def kinds(comparison: Comparison) -> list[str]:
    return [each.kind for each in comparison.causes]


def test_the_same_record_differs_in_nothing() -> None:
    comparison = compare(sample_record(), sample_record())
    assert comparison == Comparison((), ())
    assert comparison.explained


def test_rows_in_another_order_and_remarks_change_nothing(tmp_path: Path) -> None:
    def reverse(text: str) -> str:
        head, *rows = text.splitlines()
        return "\n".join([head, *reversed(rows)]) + "\n"

    shutil.copytree(SAMPLES / "one-meeting", tmp_path, dirs_exist_ok=True)
    with (tmp_path / "round.yaml").open("a", encoding="utf-8") as file:
        file.write("# a remark\n")
    table = tmp_path / "applications.csv"
    table.write_text(reverse(table.read_text(encoding="utf-8")), encoding="utf-8")
    record = record_of(tmp_path)
    assert record != sample_record()
    assert compare(sample_record(), record) == Comparison((), ())


def test_a_changed_application_is_named_and_explains_its_own_outcome(tmp_path: Path) -> None:
    def withdraw(text: str) -> str:
        return "".join(line for line in text.splitlines(True) if not line.startswith("A0002,"))

    comparison = compare(sample_record(), changed_round(tmp_path, "applications.csv", withdraw))
    assert kinds(comparison) == ["applications"]
    assert comparison.causes[0].texts == ("A0002: only in the first",)
    own = {each.application_id: each.own for each in comparison.changed}
    assert own["A0002"] and list(own.values()).count(True) == 1
    assert comparison.explained


def test_nothing_of_a_person_is_shown(tmp_path: Path) -> None:
    def rename(text: str) -> str:
        return text.replace("A0002,PFD9267", "A0002,P-OTHER").replace("female", "male", 1)

    comparison = compare(sample_record(), changed_round(tmp_path, "applications.csv", rename))
    texts = " ".join(text for cause in comparison.causes for text in cause.texts)
    assert "A0002: person_id" in texts
    assert "P-OTHER" not in texts and "PFD9267" not in texts
    assert "gender" in texts and "female" not in texts


def test_another_budget_explains_what_it_changes(tmp_path: Path) -> None:
    record = changed_round(
        tmp_path, "round.yaml", lambda text: text.replace("amount: 120000", "amount: 90000")
    )
    comparison = compare(sample_record(), record)
    assert kinds(comparison) == ["round"]
    assert comparison.causes[0].texts == ("the round's funds",)
    assert comparison.changed and comparison.explained
    assert not any(each.own for each in comparison.changed)


def test_another_policy_is_told_in_words() -> None:
    record = record_of(SAMPLES / "one-meeting", "merit-only")
    comparison = compare(sample_record(), record)
    assert kinds(comparison) == ["policy"]
    assert any("weight" in text.lower() for text in comparison.causes[0].texts)
    assert comparison.explained


def test_a_decision_that_changed_for_no_reason_is_unexplained() -> None:
    def swap(result: Any) -> None:
        lines = result["decisions"]
        given = next(each for each in lines if each["decision"] == "awarded")
        other = next(each for each in lines if each["decision"] == "declined")
        for name in ("decision", "package", "fund", "amount"):
            given[name], other[name] = other[name], given[name]

    comparison = compare(sample_record(), forged(sample_record(), {"result.json": swap}))
    assert not comparison.causes
    assert len(comparison.changed) == 2
    assert not comparison.explained


def _another_margin(explained: Any) -> None:
    margin = next(e["margin"] for e in explained if e["margin"] and e["margin"]["points"])
    margin["points"] += 1


def _another_reason(result: Any) -> None:
    result["decisions"][0]["reason"] += " Indeed."


def _one_draw_less(result: Any) -> None:
    result["draws"].pop()


def _no_exchanges(effects: Any) -> None:
    effects |= {"swaps": [], "swaps_count": 0}


def _another_effect(effects: Any) -> None:
    effects["factors"].pop()


def _extra_money(explained: Any) -> None:
    explained[0]["extra"] = [{"amount": 1, "exact": False, "line": "fund[fellowships]"}]


def _fairer(fairness: Any) -> None:
    fairness["more"] = 1


@pytest.mark.parametrize(
    "member, change, said",
    [
        ("explanations.json", _another_margin, "margin"),
        ("explanations.json", _extra_money, "extra"),
        ("result.json", _another_reason, "reason"),
        ("result.json", _one_draw_less, "draws"),
        ("effects.json", _no_exchanges, "exchanges"),
        ("effects.json", _another_effect, "factors"),
        ("fairness.json", _fairer, "fairness"),
    ],
)
def test_what_is_told_differently_for_no_reason_is_unexplained(
    member: str, change: Callable[[Any], None], said: str
) -> None:
    comparison = compare(sample_record(), forged(sample_record(), {member: change}))
    assert not comparison.causes and not comparison.changed
    assert said in " ".join(comparison.told)
    assert not comparison.explained


def _bounds_only(explained: Any) -> None:
    """As a run that was asked for less tells it."""
    for each in explained:
        each["factors"] = []
        if each["decision"] == "declined":
            each["extra"] = []
        for part in [] if each["margin"] is None else [each["margin"], *each["margin"]["packages"]]:
            part |= {"exact": False, "points": 0, "instead": None}
        if each["margin"]:
            each["margin"]["others"] = []


def _no_figures(result: Any) -> None:
    for line in result["decisions"]:
        if line["decision"] != "ineligible":
            line["margin"], line["reason"] = None, "It was so."


def _no_effects(effects: Any) -> None:
    effects |= {"left_out": [each["factor"] for each in effects["factors"]], "factors": []}


def _more_than_it_was(explained: Any) -> None:
    _bounds_only(explained)
    one = next(e for e in explained if e["decision"] == "declined")
    one["margin"]["points"] = 99_000
    for part in one["margin"]["packages"]:
        part["points"] = 99_000


def test_a_run_that_was_asked_for_less_contradicts_nothing() -> None:
    less = {
        "explanations.json": _bounds_only,
        "result.json": _no_figures,
        "effects.json": _no_effects,
    }
    comparison = compare(sample_record(), forged(sample_record(), less))
    assert comparison == Comparison((), ())
    more = {**less, "explanations.json": _more_than_it_was}
    comparison = compare(forged(sample_record(), more), sample_record())
    assert len(comparison.told) == 1 and "margin" in comparison.told[0]
    assert not comparison.explained


def test_a_run_that_was_stopped_is_what_explains_the_rest() -> None:
    def stop(result: Any) -> None:
        result["status"] = "not-final"
        result["draws"].pop()

    comparison = compare(sample_record(), forged(sample_record(), {"result.json": stop}))
    assert kinds(comparison) == ["stopped"]
    assert "second" in comparison.causes[0].texts[0]
    assert comparison.told and comparison.explained


def test_a_criterion_by_another_title_is_the_same_one() -> None:
    def renamed(rules: Any) -> None:
        for each in rules["criteria"]:
            each["title"] += " (as amended)"

    def without(fairness: Any) -> None:
        for pair in fairness["pairs"]:
            pair["without"] = [f"{title} (as amended)" for title in pair["without"]]

    changes = {"rules.json": renamed, "fairness.json": without}
    assert compare(sample_record(), forged(sample_record(), changes)) == Comparison((), ())


def test_what_stands_in_the_way_of_comparing_is_said_after_both_reports(tmp_path: Path) -> None:
    """A record that is none is not held against the one beside it."""

    def without_policy(inputs: Any) -> None:
        inputs[:] = [each for each in inputs if each["role"] != "policy"]

    def other_rules(rules: Any) -> None:
        rules["quota"] = None

    def no_list(explained: Any) -> dict[str, int]:
        return {"more": 1}

    good = tmp_path / "good.zip"
    good.write_bytes(sample_record())
    for number, changes in enumerate(
        ({"inputs.json": without_policy, "rules.json": other_rules}, {"explanations.json": no_list})
    ):
        bad = tmp_path / f"bad{number}.zip"
        bad.write_bytes(forged(sample_record(), changes))
        for record, other in ((good, bad), (bad, good)):
            answer = verify(record, other=other)
            assert answer.exit_code is Exit.REFUSED
            assert answer.data["comparison"]["explained"] in (False, True)
            assert other.name in " ".join(
                each.text for each in answer.blocks if isinstance(each, Heading)
            )


def test_awards_of_the_past_tables_and_version_are_causes() -> None:
    def more(understood: Any) -> None:
        understood["prior_awards"].append({"person_id": "P-1"})

    def table(shown: Any) -> None:
        shown["tables"][0]["sha256"] = "0"

    def version(versions: Any) -> None:
        versions["allocator"] = "9"

    changes = {"applications.json": more, "tables.json": table, "versions.json": version}
    comparison = compare(sample_record(), forged(sample_record(), changes))
    assert kinds(comparison) == ["prior_awards", "tables", "version"]


@pytest.mark.parametrize("other", [b"", b"PK"])
def test_what_is_no_record_cannot_be_compared(other: bytes) -> None:
    with pytest.raises(Refused):
        compare(sample_record(), other)


def test_forging_keeps_what_it_does_not_change() -> None:
    assert forged(sample_record(), {}) == sample_record()
    parts = unpacked(sample_record())
    previous = json.loads(parts.pop(MANIFEST))["previous"]
    assert packed(with_manifest(parts, previous)) == sample_record()
