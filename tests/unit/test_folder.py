"""A round folder: which files count, whose policy prevails, and nothing from outside it."""

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from allocator.errors import AllocatorError
from allocator.intake.assess import assess, problems_of
from allocator.intake.folder import LoadedRound, load_round
from allocator.model import Severity
from allocator.policy import policy_bytes

ROUND = """\
id: r
title: A round
currency: CHF
decision_date: 2027-01-25
financial_year: "2027"
lottery_seed: the round's own
policy: itu-t-2024
meetings:
  - id: sg13
    title: Future networks
    starts: 2027-03-01
    ends: 2027-03-12
    city: Geneva
    dsa_per_day: 400
    days_paid: 13
    deadline: 2027-01-18
    region_scope: africa
    budget: 9000
"""
APPLICATIONS = """\
application_id,person_id,administration,gender,meeting,requested,ticket_cost,registration_approved,authorised,received
A1,p1,Kenya,female,sg13,full,900,yes,yes,2027-01-10
A2,p2,Mali,male,sg13,full,800,yes,yes,2027-01-10
"""
AWARDS = """\
person_id,administration,package,financial_year,meeting,awarded_on
p1,Kenya,ticket,2027,sg5,2026-12-01
"""
SHIPPED = policy_bytes("itu-t-2024")[0].decode()

type Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Write:
    """Write a round folder; a file given as ``None`` is left out."""

    def write(**files: str | None) -> Path:
        texts = {"round.yaml": ROUND, "applications.csv": APPLICATIONS}
        texts |= {name.replace("__", "."): text for name, text in files.items()}  # type: ignore[misc]
        path = tmp_path / "round"
        path.mkdir()
        for name, text in texts.items():
            if text is not None:
                (path / name).write_text(text, encoding="utf-8")
        return path

    return write


def errors(path: Path, policy: str | None = None) -> list[str]:
    try:
        found = load_round(path, policy).problems
    except AllocatorError as error:
        found = error.problems
    return [each.code for each in found if each.severity is Severity.ERROR]


def warnings(loaded: LoadedRound) -> list[tuple[str, str]]:
    found = [each for each in loaded.problems if each.severity is Severity.WARNING]
    return [(each.code, each.value) for each in found]


def test_a_round_is_loaded_with_all_its_files_and_their_fingerprints(folder: Write) -> None:
    loaded = load_round(folder(prior_awards__csv=AWARDS))
    assert [each.application_id for each in loaded.applications] == ["A1", "A2"]
    assert [each.person_id for each in loaded.prior_awards] == ["p1"]
    assert loaded.prior_awards_given
    assert [name for name, _, _ in loaded.files] == [
        "round.yaml",
        "itu-t-2024.yaml",
        "applications.csv",
        "prior_awards.csv",
    ]
    for _, digest, data in loaded.files:
        assert digest == hashlib.sha256(data).hexdigest()
    pool = assess(loaded).pool
    assert [each.used_half_units for each in pool.candidates] == [1, 0]


def test_the_rounds_seed_prevails_and_regions_are_named_as_the_scheme_names_them(
    folder: Write,
) -> None:
    policy = SHIPPED + "\nties:\n  seed: the policy's\n" if "\nties:" not in SHIPPED else SHIPPED
    loaded = load_round(folder(round__yaml=ROUND.replace("itu-t-2024", "p.yaml"), p__yaml=policy))
    assert loaded.rules.lottery_seed == loaded.round.lottery_seed == "the round's own"
    assert loaded.round.region_scheme == loaded.rules.region_scheme == "itu-bdt"
    assert loaded.round.meetings[0].region_scope == ("Africa",)
    assert loaded.rules.on == date(2027, 1, 25)


def test_without_any_seed_the_round_is_refused(folder: Write) -> None:
    text = ROUND.replace("lottery_seed: the round's own\n", "")
    assert errors(folder(round__yaml=text)) == ["round-no-seed"]


def test_the_command_line_comes_before_the_round_and_the_round_before_the_folder(
    folder: Write, tmp_path: Path
) -> None:
    named = SHIPPED.replace("id: itu-t-2024", "id: named", 1)
    beside = SHIPPED.replace("id: itu-t-2024", "id: beside", 1)
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text(SHIPPED.replace("id: itu-t-2024", "id: elsewhere", 1), encoding="utf-8")
    path = folder(
        round__yaml=ROUND.replace("itu-t-2024", "named.yaml"),
        named__yaml=named,
        policy__yaml=beside,
    )
    assert load_round(path, str(elsewhere)).rules.policy_id == "elsewhere"
    assert load_round(path).rules.policy_id == "named"
    (path / "round.yaml").write_text(ROUND.replace("policy: itu-t-2024\n", ""))
    assert load_round(path).rules.policy_id == "beside"
    (path / "policy.yaml").unlink()
    with pytest.raises(AllocatorError) as refusal:
        load_round(path)
    assert refusal.value.code == "round-no-policy"
    assert "itu-t-2024" in str(refusal.value)


def test_nothing_outside_the_folder_is_read(folder: Write, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(SHIPPED, encoding="utf-8")
    path = folder(round__yaml=ROUND.replace("itu-t-2024", "../outside.yaml"))
    assert errors(path) == ["round-outside"]
    (path / "round.yaml").write_text(ROUND.replace("itu-t-2024", str(outside)))
    assert errors(path) == ["round-outside"]
    (path / "round.yaml").write_text(ROUND.replace("itu-t-2024", "policy.yaml"))
    (path / "policy.yaml").symlink_to(outside)
    assert errors(path) == ["round-outside"]


def test_a_shipped_name_never_means_a_file_of_the_current_directory(
    folder: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "itu-t-2024").write_text("no policy at all", encoding="utf-8")
    (tmp_path / "mine").write_text(SHIPPED, encoding="utf-8")
    path = folder()
    monkeypatch.chdir(tmp_path)
    assert errors(path) == []
    text = (path / "round.yaml").read_text(encoding="utf-8")
    (path / "round.yaml").write_text(text.replace("itu-t-2024", "mine"), encoding="utf-8")
    assert errors(path) == ["round-outside"]


def test_a_linked_applications_file_outside_is_refused(folder: Write, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text(APPLICATIONS, encoding="utf-8")
    path = folder(applications__csv=None)
    (path / "applications.csv").symlink_to(outside)
    assert errors(path) == ["round-outside"]


def test_one_applications_file_and_not_two_or_none(folder: Write) -> None:
    path = folder(applications__xlsx="")
    assert errors(path) == ["round-two-files"]
    for ending in ("csv", "xlsx"):
        (path / f"applications.{ending}").unlink()
    with pytest.raises(AllocatorError) as refusal:
        loaded = load_round(path)
        raise AllocatorError(loaded.problems)
    assert refusal.value.code == "round-no-applications"
    assert "allocator new" in str(refusal.value)


def test_every_problem_of_every_file_is_named_at_once(folder: Write) -> None:
    path = folder(
        round__yaml=ROUND.replace("2027-03-12", "2027-02-12").replace("itu-t-2024", "nosuch.yaml"),
        applications__csv=APPLICATIONS.replace("Kenya", "Utopia").replace("male,", "mal,", 2),
        prior_awards__csv=AWARDS.replace("ticket", "a ship"),
    )
    found = errors(path)
    assert {"round-dates-reversed", "round-file-missing"} <= set(found)
    assert {code.partition("-")[0] for code in found} == {"round", "intake"}
    assert len(found) >= 4


def test_a_misspelt_policy_is_answered_with_the_one_that_is_meant(folder: Write) -> None:
    path = folder(round__yaml=ROUND.replace("itu-t-2024", "itu-t-2042"))
    with pytest.raises(AllocatorError, match="`itu-t-2024`"):
        load_round(path)


@pytest.mark.parametrize("text", ["", "\0", "a: [", "- 1\n", "id: r\n"])
def test_an_unreadable_round_is_refused_in_words(folder: Write, text: str) -> None:
    with pytest.raises(AllocatorError) as refusal:
        load_round(folder(round__yaml=text))
    assert all(each.where.file == "round.yaml" for each in refusal.value.problems)


def test_what_is_no_round_folder_is_refused(tmp_path: Path) -> None:
    assert errors(tmp_path / "nothing") == ["round-no-folder"]
    assert errors(tmp_path) == ["round-no-file"]
    (tmp_path / "round.yaml").mkdir()
    assert errors(tmp_path) == ["round-no-file"]


def test_columns_that_the_policy_looks_at_and_the_file_lacks_are_warned_about(
    folder: Write,
) -> None:
    merit = "    - id: years\n      kind: number\n      column: Years of work\n"
    merit += (
        "      title: Years\n      points_each: 1\n      at_most: 0\n      reference: C-POINTS\n"
    )
    policy = SHIPPED.replace("  criteria:\n", f"  criteria:\n{merit}", 1)
    text = ROUND.replace("itu-t-2024", "p.yaml")
    with_years = APPLICATIONS.replace("received", "received,Years off work").replace("-10", "-10,3")
    loaded = load_round(folder(round__yaml=text, p__yaml=policy, applications__csv=with_years))
    absent = [value for code, value in warnings(loaded) if code == "round-column-absent"]
    assert "Years of work" in absent
    assert {"contributions", "role"} <= set(absent)
    assert "gender" not in absent
    assert "received" not in absent
    said = next(each for each in loaded.problems if each.value == "Years of work")
    assert "`Years off work`" in said.do
    # One problem for a column is enough.
    noted = [each.where.column for each in loaded.problems if each.code == "intake-column-absent"]
    assert not set(noted) & set(absent)


def test_a_column_that_is_there_twice_is_not_said_to_be_absent(folder: Write) -> None:
    twice = APPLICATIONS.replace("received", "received,sex").replace("-10", "-10,female")
    loaded = load_round(folder(applications__csv=twice))
    assert "intake-column-twice" in {each.code for each in loaded.problems}
    assert "gender" not in [v for code, v in warnings(loaded) if code == "round-column-absent"]


def test_a_file_of_past_awards_without_rows_says_that_there_were_none(folder: Write) -> None:
    header = AWARDS.splitlines()[0] + "\n"
    loaded = load_round(folder(prior_awards__csv=header))
    assert loaded.prior_awards == () and loaded.prior_awards_given
    assert "round-no-prior-awards" not in {each.code for each in loaded.problems}


@pytest.mark.parametrize("column", ["family_name", "Given name", "Surname"])
def test_a_policy_that_looks_at_names_is_refused(folder: Write, column: str) -> None:
    merit = f"    - id: name\n      kind: category\n      column: {column}\n      title: Name\n"
    merit += "      points: {N: 0}\n      reference: C-POINTS\n"
    policy = SHIPPED.replace("  criteria:\n", f"  criteria:\n{merit}", 1)
    text = ROUND.replace("itu-t-2024", "p.yaml")
    loaded = load_round(folder(round__yaml=text, p__yaml=policy))
    (said,) = [each for each in loaded.problems if each.code == "round-decided-by-name"]
    assert said.severity is Severity.ERROR and said.where.column == column
    assert "“Name”" in said.what


@pytest.mark.parametrize("blank", [True, False])
def test_nothing_known_of_gender_or_partial_awards_is_warned_about(
    folder: Write, blank: bool
) -> None:
    text = APPLICATIONS.replace("full,", "full,,").replace(
        "requested,", "requested,accepts_partial,"
    )
    for value in ("female", "male"):
        text = text.replace(f",{value},", ",," if blank else ",")
    loaded = load_round(folder(applications__csv=text if blank else text.replace(",gender", "")))
    said = {each.where.column: each for each in loaded.problems if each.where.column}
    assert said["gender"].code == f"round-column-{'blank' if blank else 'absent'}"
    assert "“Women” looks at the column gender" in said["gender"].what
    assert said["accepts_partial"].code == "round-partial-unknown"
    assert said["gender"].severity is said["accepts_partial"].severity is Severity.WARNING


def test_where_a_criterion_finds_a_blank_column_it_is_noted(folder: Write) -> None:
    """That nobody holds a role is nothing strange, unlike that nobody states a gender."""
    text = APPLICATIONS.replace("received", "received,role").replace("-10\n", "-10,\n")
    loaded = load_round(folder(applications__csv=text))
    (said,) = [each for each in loaded.problems if each.where.column == "role"]
    assert (said.code, said.severity) == ("round-column-blank", Severity.NOTE)


def test_one_stated_value_is_enough_for_no_warning(folder: Write) -> None:
    text = APPLICATIONS.replace("requested,", "requested,accepts_partial,")
    text = text.replace("full,900", "full,no,900").replace("full,800", "full,,800")
    found = [value for _, value in warnings(load_round(folder(applications__csv=text)))]
    assert not {"gender", "accepts_partial"} & set(found)


def test_a_row_that_cannot_be_costed_is_told_beside_one_that_cannot_be_read(folder: Write) -> None:
    text = APPLICATIONS.replace(",ticket_cost,", ",ticket_cost,ticket_currency,")
    text = text.replace(",900,", ",900,JPY,").replace(",800,", ",800,XYZ,")
    loaded = load_round(folder(applications__csv=text))
    codes = [each.code for each in problems_of(loaded) if each.severity is Severity.ERROR]
    assert codes == ["cost-no-rate", "intake-currency"]


def test_missing_prior_awards_are_noted_only_where_a_rule_looks_at_them(folder: Write) -> None:
    codes = {each.code for each in load_round(folder()).problems}
    assert "round-no-prior-awards" in codes


def test_a_broken_file_of_prior_awards_is_not_taken_for_a_missing_one(folder: Write) -> None:
    path = folder(prior_awards__csv="")
    with pytest.raises(AllocatorError) as refusal:
        raise AllocatorError(load_round(path).problems)
    assert "round-no-prior-awards" not in {each.code for each in refusal.value.problems}
    assert errors(path)
