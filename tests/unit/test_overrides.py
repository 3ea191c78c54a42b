"""overrides.yaml and office_awards.csv: read, settled, recorded, verified, and refused in words."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.decide import decide
from allocator.errors import AllocatorError, Problem
from allocator.intake.amended import with_overrides, with_policy, with_prior_awards
from allocator.intake.assess import assess
from allocator.intake.folder import LoadedRound, load_round
from allocator.intake.overrides import (
    Override,
    OverrideKind,
    override_of,
    overrides_yaml,
    read_overrides,
)
from allocator.model import Decision, Package, PriorAward, Severity
from allocator.policy import policy_bytes
from allocator.record.check_container import MANIFEST, packed, unpacked
from allocator.record.compare import compare
from allocator.record.record import with_manifest
from allocator.record.verify import verify_bytes
from allocator.texts import say
from tests.records import alone, forged, record_of, tiny_round

DAY = date(2027, 1, 10)
MUST, MUST_NOT, KEEP, WITHDRAWN = OverrideKind
AWARDS = "person_id,administration,package,financial_year,meeting,awarded_on\n"


@pytest.fixture
def folder() -> Iterator[Path]:
    with tiny_round() as path:
        yield path


def ruling(
    application: str, decision: OverrideKind = MUST, package: Package | None = None
) -> Override:
    return Override(application, decision, "A reason.", "Somebody", DAY, package)


def written(folder: Path, *overrides: Override, **spent: int) -> Path:
    money = tuple((f"fund[{name}]", amount) for name, amount in spent.items())
    (folder / "overrides.yaml").write_bytes(overrides_yaml(overrides, money))
    return folder


def ids(folder: Path, decision: Decision) -> list[str]:
    return [e.application_id for e in decide(load_round(folder)).lines if e.decision is decision]


def problem_of(call: Callable[[], object]) -> Problem:
    with pytest.raises(AllocatorError) as refusal:
        call()
    return next(each for each in refusal.value.problems if each.severity is Severity.ERROR)


# --- the file -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reason", ['She said "yes": no', "two\nlines\tand # a sign", "\u2028 a \x85 b \ufeff c", "no"]
)
def test_what_is_written_is_what_is_read_whatever_the_reason_says(reason: str) -> None:
    overrides = (
        replace(ruling("A 1"), reason=reason.strip()),
        ruling("B: x", KEEP, Package.DSA),
        ruling("C", WITHDRAWN),
    )
    spent = (("budget[m]", 5), ("fund[f]", -123_456))
    found = read_overrides(overrides_yaml(overrides, spent))
    assert found.overrides == overrides
    assert found.spent == spent
    assert overrides_yaml(found.overrides, found.spent) == overrides_yaml(overrides, spent)


WHOLE = {
    "application": "A",
    "decision": "must award",
    "reason": "r",
    "by": "b",
    "on": "2027-01-10",
}


def entry(**changes: str | None) -> str:
    parts = {key: value for key, value in {**WHOLE, **changes}.items() if value is not None}
    return "  - {" + ", ".join(f"{key}: {value}" for key, value in parts.items()) + "}\n"


@pytest.mark.parametrize(
    ("lines", "code", "line"),
    [
        (entry(decision="must"), "field-one-of", 2),
        (entry(reason=None), "field-missing", 2),
        (entry(by=None), "field-missing", 2),
        (entry(on="soon"), "field-wrong", 2),
        (entry(decision="keep"), "override-no-package", 2),
        (entry(decision="must not award", package="full"), "override-package-idle", 2),
        (entry() + entry(decision="must not award"), "override-twice", 3),
        (entry() + entry(), "override-twice", 3),
        (entry() + "spent:\n  fund[f]: much\n", "field-wrong", 4),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(lines: str, code: str, line: int) -> None:
    found = problem_of(lambda: read_overrides(f"overrides:\n{lines}".encode()))
    assert (found.code, found.where.file, found.where.line) == (code, "overrides.yaml", line)
    assert found.do


@pytest.mark.parametrize("name", ["overrides.yml", "Overrides.YAML", "office_awards.xlsx"])
def test_a_file_of_almost_the_right_name_is_not_passed_over(folder: Path, name: str) -> None:
    (folder / name).write_text("overrides: []\n")
    found = [each for each in load_round(folder).problems if each.severity is Severity.ERROR]
    assert [(each.code, each.where.file) for each in found] == [("round-misnamed", name)]


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_the_file_holds_is_read_or_refused_in_words(data: bytes) -> None:
    for text in (data, b"overrides:\n  - " + data, b"spent:\n  " + data):
        try:
            found = read_overrides(text)
        except AllocatorError as refusal:
            assert all(each.what and each.where.file for each in refusal.problems)
        else:
            again = read_overrides(overrides_yaml(found.overrides, found.spent))
            assert (again.overrides, again.spent) == (found.overrides, found.spent)


def test_an_unknown_application_is_refused_with_the_one_that_is_meant(folder: Path) -> None:
    written(folder, ruling("A00002"))
    found = problem_of(lambda: decide(load_round(folder)))
    assert found.code == "override-unknown"
    assert "`A0002`" in found.do


def test_an_override_does_not_make_anybody_eligible(folder: Path) -> None:
    (refused,) = ids(folder, Decision.INELIGIBLE)
    written(folder, ruling(refused))
    found = problem_of(lambda: decide(load_round(folder)))
    assert found.code == "override-ineligible"
    assert refused in found.what
    # To bar one that is ineligible anyway changes nothing.
    assert decide(load_round(written(folder, ruling(refused, MUST_NOT))))


def test_a_package_that_is_not_accepted_is_refused(folder: Path) -> None:
    pool = assess(load_round(folder)).pool
    single = next(each for each in pool.candidates if len(each.costs) == 1)
    other = next(p for p in Package if p is not single.costs[0].package)
    written(folder, ruling(single.application.application_id, MUST, other))
    found = problem_of(lambda: decide(load_round(folder)))
    assert found.code == "override-package"
    assert single.costs[0].package.value in found.do


def test_an_override_that_would_hold_for_two_applications_is_refused(folder: Path) -> None:
    path = folder / "applications.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("A0003", "a-0002"), encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace("A0002", "A 0002"), encoding="utf-8")
    written(folder, ruling("A 0002"))
    assert problem_of(lambda: decide(load_round(folder))).code == "override-ambiguous"


def test_money_can_be_spent_only_where_it_is(folder: Path) -> None:
    written(folder, fellowship=100)
    found = problem_of(lambda: decide(load_round(folder)))
    assert found.code == "override-unknown-line"
    assert "fund[fellowships]" in found.do
    written(folder, fellowships=2_000_001)
    assert problem_of(lambda: decide(load_round(folder))).code == "override-overspent"
    written(folder, fellowships=-100)
    assert load_round(folder).round.funds[0].amount == 2_000_100
    written(folder, fellowships=2_000_000)
    assert ids(folder, Decision.AWARDED) == []


def test_no_policy_can_have_a_clause_that_looks_like_an_override(folder: Path) -> None:
    assert override_of("floor[override:A[1]]") == ("A[1]", "awarded-by-override")
    assert override_of("cap[kept:A]") is None
    assert override_of("floor[women]") is None
    text = policy_bytes("itu-t-2024")[0].decode()
    floor = "  floors:\n    - id: override:A0002\n"
    data = text.replace("limits:\n", f"limits:\n{floor}", 1).encode()
    with pytest.raises(AllocatorError, match=r"floors\[1\].id` is `override:A0002`"):
        with_policy(load_round(folder), data, "p.yaml")


# --- what an override does ----------------------------------------------------------------------


def test_overrides_prevail_are_told_and_verify_from_the_raw_inputs(folder: Path) -> None:
    out, into = ids(folder, Decision.AWARDED)[0], ids(folder, Decision.DECLINED)[0]
    written(folder, ruling(out, MUST_NOT), ruling(into))
    lines = {each.application_id: each for each in decide(load_round(folder)).lines}
    assert lines[out].reason_code == "override"
    assert lines[out].decision is Decision.DECLINED
    assert lines[into].reason_code == "awarded-by-override"
    assert lines[into].decision is Decision.AWARDED
    record = record_of(folder)
    assert "inputs/overrides.yaml" in unpacked(record)
    assert [each.id for each in verify_bytes(record).checks if each.status == "fail"] == []
    assert [each.id for each in alone(record).checks if each.status == "fail"] == []


def test_whom_no_merit_would_have_helped_is_told_so_everywhere(folder: Path) -> None:
    """Another application of the person holds the place by an override."""
    first = ids(folder, Decision.AWARDED)[0]
    file = folder / "applications.csv"
    lines = file.read_text("utf-8").splitlines()
    own = next(each for each in lines if each.startswith(f"{first},"))
    file.write_text("\n".join([*lines, own.replace(first, "SECOND", 1)]) + "\n", "utf-8")
    written(folder, ruling(first))
    result = decide(load_round(folder))
    line = next(each for each in result.lines if each.application_id == "SECOND")
    told = next(each for each in result.explanations if each.application_id == "SECOND")
    assert line.decision is Decision.DECLINED
    assert told.margin is not None and told.margin.never
    assert line.reason.endswith(say("reason.no-merit"))
    record = record_of(folder)
    assert [each.id for each in verify_bytes(record).checks if each.status == "fail"] == []


def test_a_package_can_be_fixed(folder: Path) -> None:
    result = decide(load_round(folder))
    awarded = {each.application_id: each.package for each in result.allocation.awards}
    several = next(
        each
        for each in result.pool.candidates
        if len(each.costs) > 1 and each.application.application_id in awarded
    )
    name = several.application.application_id
    other = next(c.package for c in several.costs if c.package is not awarded[name])
    written(folder, ruling(name, MUST, other))
    again = decide(load_round(folder)).allocation.award_of(name)
    assert again is not None
    assert again.package is other


def test_overrides_that_cannot_all_hold_are_answered_with_the_conflict_by_name(
    folder: Path,
) -> None:
    everybody = ids(folder, Decision.AWARDED) + ids(folder, Decision.DECLINED)
    written(folder, *(ruling(each) for each in everybody))
    with pytest.raises(AllocatorError) as refusal:
        decide(load_round(folder))
    assert refusal.value.code == "optimise-infeasible"
    conflict = refusal.value.conflict  # type: ignore[attr-defined]
    assert "fund[fellowships]" in conflict
    assert "” (fund[fellowships])" in str(refusal.value)
    named = [each for each in map(override_of, conflict) if each]
    assert len(named) >= 2
    assert "taken back" in str(refusal.value) or "does not help" in str(refusal.value)


def test_a_tampered_override_is_refused_even_with_every_checksum_made_to_fit(
    folder: Path,
) -> None:
    out = ids(folder, Decision.AWARDED)[0]
    record = record_of(written(folder, ruling(out, MUST_NOT)))
    parts = unpacked(record)
    del parts[MANIFEST]
    name = "inputs/overrides.yaml"
    for change in ((b"must not award", b"must award"), (b"A reason.", b"Another.")):
        text = parts[name].replace(*change)
        digest = hashlib.sha256(text).hexdigest()
        told = forged(record, {"inputs.json": lambda files, d=digest: files[-1].update(sha256=d)})
        again = {**unpacked(told), name: text}
        del again[MANIFEST]
        failed = [
            e.id for e in verify_bytes(packed(with_manifest(again))).checks if e.status == "fail"
        ]
        assert ("policy" in failed) == (change[0] == b"must not award")
    plain = {key: content for key, content in parts.items() if key != name}
    failed = [e.id for e in verify_bytes(packed(with_manifest(plain))).checks if e.status == "fail"]
    assert "members" in failed


def test_a_reason_code_of_an_override_that_is_none_is_refused_by_the_file_alone(
    folder: Path,
) -> None:
    record = record_of(folder)

    def claim(result: dict) -> None:
        line = next(each for each in result["decisions"] if each["decision"] == "declined")
        line["reason_code"] = "override"

    told = forged(record, {"result.json": claim})
    assert "decisions" in [e.id for e in alone(told).checks if e.status == "fail"]


def test_two_records_that_differ_by_an_override_say_so(folder: Path) -> None:
    before = record_of(folder)
    out = ids(folder, Decision.AWARDED)[0]
    after = record_of(written(folder, ruling(out, MUST_NOT)))
    found = compare(before, after)
    assert found.explained
    assert [each.kind for each in found.causes] == ["overrides"]
    assert out in " ".join(found.causes[0].texts)
    assert compare(after, after).causes == ()


def test_two_records_that_differ_by_money_spent_say_how_much(folder: Path) -> None:
    before = record_of(folder)
    fund = load_round(folder).round.funds[0].id
    after = record_of(written(folder, **{fund: 10_050}))
    found = compare(before, after)
    assert [each.kind for each in found.causes] == ["overrides"]
    assert "100.50" in found.causes[0].texts[0] and fund in found.causes[0].texts[0]


def test_an_override_with_another_reason_is_named_and_explains_nothing(folder: Path) -> None:
    out = ids(folder, Decision.AWARDED)[0]
    before = record_of(written(folder, ruling(out, MUST_NOT)))
    file = folder / "overrides.yaml"
    words = file.read_text(encoding="utf-8")
    file.write_text(words.replace("reason: ", "reason: Not "), encoding="utf-8")
    assert file.read_text(encoding="utf-8") != words
    found = compare(before, record_of(folder))
    assert [(each.kind, each.decides) for each in found.causes] == [("overrides", False)]
    assert out in found.causes[0].texts[0]
    assert not found.changed and found.explained


# --- in memory ----------------------------------------------------------------------------------


def test_overrides_in_memory_are_those_of_a_folder(folder: Path) -> None:
    plain = load_round(folder)
    overrides = [ruling("A0002", KEEP, Package.FULL), ruling("A0003", MUST_NOT)]
    changed = with_overrides(plain, overrides, {"fund[fellowships]": 4200})
    written(folder, *overrides, fellowships=4200)
    assert changed == load_round(folder)
    other = with_overrides(changed, [ruling("A0004", WITHDRAWN)])
    assert [each.id for each in other.rules.caps] == ["withdrawn:A0004"]
    assert other.round == plain.round
    assert with_overrides(other, ()) == plain


def test_another_policy_in_memory_is_that_of_the_command_line(folder: Path) -> None:
    written(folder, ruling("A0003", MUST_NOT))
    changed = with_policy(load_round(folder), *policy_bytes("merit-only"))
    assert changed == load_round(folder, "merit-only")


# --- the office's own awards --------------------------------------------------------------------


def used(loaded: LoadedRound) -> dict[str, int]:
    found = assess(loaded).pool.candidates
    return {e.application.person_id: e.used_half_units for e in found if e.used_half_units}


def test_awards_of_the_office_count_and_the_same_award_counts_once(folder: Path) -> None:
    loaded = load_round(folder)
    year = loaded.round.financial_year
    one, two = (loaded.applications[at].person_id for at in (1, 2))
    (folder / "prior_awards.csv").write_text(AWARDS + f"{one},Kenya,ticket,{year},sg5-x,\n")
    assert used(load_round(folder)) == {one: 1}
    ledger = f"{one},Kenya,full,{year},SG5 X,\n{two},Mali,dsa,{year},sg5-x,\n"
    (folder / "office_awards.csv").write_text(AWARDS + ledger)
    loaded = load_round(folder)
    assert used(loaded) == {one: 2, two: 1}
    notes = [each for each in loaded.problems if each.code == "office-awards-once"]
    assert [each.severity for each in notes] == [Severity.NOTE]
    assert one not in notes[0].what
    record = record_of(folder)
    assert "inputs/office_awards.csv" in unpacked(record)
    assert [each.id for each in verify_bytes(record).checks if each.status == "fail"] == []


def test_awards_of_the_office_alone_are_awards_known(folder: Path) -> None:
    (folder / "office_awards.csv").write_text(AWARDS + "x,Kenya,full,2024,sg5-x,\n")
    loaded = load_round(folder)
    assert loaded.prior_awards_given
    assert "round-no-prior-awards" not in [each.code for each in loaded.problems]


def test_what_is_wrong_in_the_offices_file_is_named(folder: Path) -> None:
    (folder / "office_awards.csv").write_text(AWARDS + "p,Utopia,ship,,m,\n")
    found = {
        each.where.file for each in load_round(folder).problems if each.severity is Severity.ERROR
    }
    assert found == {"office_awards.csv"}


@pytest.mark.parametrize("prior", [False, True])
def test_awards_of_the_office_in_memory_are_those_of_a_folder(folder: Path, prior: bool) -> None:
    if prior:
        (folder / "prior_awards.csv").write_text(AWARDS + "x,Kenya,full,2025,sg5,2025-02-01\n")
    awards = [
        PriorAward("x", "KEN", Package.TICKET, "2025", "sg5", date(2025, 2, 3)),
        PriorAward("y, z", "CIV", Package.DSA, "2025", 'Another, of "SG"', None),
    ]
    plain = load_round(folder)
    changed = with_prior_awards(plain, awards)
    data = next(content for name, _, content in changed.files if name == "office_awards.csv")
    (folder / "office_awards.csv").write_bytes(data)
    assert changed == load_round(folder)
    both = with_overrides(changed, [ruling("A0002")])
    assert [name for name, _, _ in both.files][-2:] == ["office_awards.csv", "overrides.yaml"]
    assert with_prior_awards(with_overrides(plain, [ruling("A0002")]), awards) == both
    assert with_prior_awards(changed, ()) == plain
    assert with_prior_awards(plain, ()) == plain
