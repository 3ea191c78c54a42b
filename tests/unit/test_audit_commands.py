"""``verify`` and ``explain`` as one types them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from allocator.cli import main
from allocator.record.check_container import unpacked
from tests.records import (
    SAMPLES,
    forged,
    record_of,
    sample_record,
    tiny_record,
    tiny_round,
)
from tests.vipr import verified


class Ended(NamedTuple):
    code: int
    out: str
    err: str


type Allocator = Callable[..., Ended]


@pytest.fixture
def allocator(capsys: pytest.CaptureFixture[str]) -> Allocator:
    def run(*arguments: object) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main([str(each) for each in arguments])
        shown = capsys.readouterr()
        return Ended(int(str(ended.value.code)), shown.out, shown.err)

    return run


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "record.zip"
    path.write_bytes(sample_record())
    return path


def worse(result: Any) -> None:
    result["objective"] -= 1


def test_a_genuine_record_is_verified_line_by_line(allocator: Allocator, record: Path) -> None:
    ended = allocator("verify", record)
    assert ended.code == 0
    assert "VERIFIED" in ended.out
    lines = [line for line in ended.out.splitlines() if line.startswith("  pass ")]
    assert len(lines) > 20
    assert "What no check can show:" in ended.out


def test_a_forged_record_is_refused(allocator: Allocator, record: Path) -> None:
    record.write_bytes(forged(sample_record(), {"result.json": worse}))
    ended = allocator("verify", record)
    assert ended.code == 1
    assert "REFUSED" in ended.out and "  fail  " in ended.out


def test_the_report_can_be_read_by_programs(allocator: Allocator, record: Path) -> None:
    told = json.loads(allocator("verify", record, "--json").out)
    assert told["verdict"] == "verified" and told["exit_code"] == 0
    assert {"id", "title", "status", "figure", "detail", "required"} == set(told["checks"][0])


def test_two_records_are_compared(allocator: Allocator, record: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    other.write_bytes(sample_record())
    ended = allocator("verify", record, "--compare", other)
    assert ended.code == 0
    assert "The two records hold the same decisions." in ended.out

    def flip(result: Any) -> None:
        line = next(each for each in result["decisions"] if each["decision"] == "declined")
        line["decision"] = "awarded"

    other.write_bytes(forged(sample_record(), {"result.json": flip}))
    ended = allocator("verify", record, "--compare", other)
    assert ended.code == 1
    assert "UNEXPLAINED: 1 outcome differs" in ended.out
    told = json.loads(allocator("verify", record, "--compare", other, "--json").out)
    assert told["comparison"]["explained"] is False
    assert told["comparison"]["other_verdict"] == "refused"


@pytest.mark.parametrize(
    "arguments, code, said",
    [
        (("verify", "missing.zip"), 1, "No such file"),
        (("verify", "{record}", "--key", "{record}"), 1, "no public key"),
        (("verify", "{record}", "--compare", "{other}"), 1, "cannot be compared"),
        (("explain", "{other}"), 1, "not a record"),
        (("explain", "{record}", "A9999"), 1, "no application of this id"),
        (("verify",), 2, "Missing argument"),
    ],
)
def test_what_is_wrong_is_said(
    allocator: Allocator,
    record: Path,
    tmp_path: Path,
    arguments: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    other = tmp_path / "other.zip"
    other.write_bytes(b"no record")
    ended = allocator(*(each.format(record=record, other=other) for each in arguments))
    assert ended.code == code
    assert said in ended.out + ended.err
    assert "Traceback" not in ended.err


def _fewer_decisions(result: Any) -> None:
    result["decisions"].pop()


def _no_factors(rules: Any) -> None:
    rules["balance"] = []


def _nobody_eligible(pool: Any) -> None:
    pool["candidates"] = []


@pytest.mark.parametrize(
    "member, change",
    [
        ("result.json", _fewer_decisions),
        ("rules.json", _no_factors),
        ("pool.json", _nobody_eligible),
    ],
)
def test_a_record_that_contradicts_itself_is_not_explained(
    allocator: Allocator, tmp_path: Path, member: str, change: Callable[[Any], None]
) -> None:
    other = tmp_path / "other.zip"
    other.write_bytes(forged(sample_record(), {member: change}))
    for more in ((), ("A0004",), ("--fairness",)):
        ended = allocator("explain", other, *more)
        assert ended.code in (0, 1)
        assert "situation it was not made for" not in ended.err


def test_every_decision_is_explained_in_brief_and_in_full(
    allocator: Allocator, record: Path
) -> None:
    lines = json.loads(unpacked(sample_record())["result.json"])["decisions"]
    brief = allocator("explain", record)
    assert brief.code == 0
    for line in lines:
        assert line["application_id"] in brief.out
        full = allocator("explain", record, line["application_id"])
        assert full.code == 0
        assert line["reason"] in full.out
    told = json.loads(allocator("explain", record, "--json").out)
    assert [each["application_id"] for each in told["decisions"]] == [
        each["application_id"] for each in lines
    ]


def test_why_somebody_is_ineligible_is_said_once(allocator: Allocator, record: Path) -> None:
    said = allocator("explain", record, "A0060").out
    assert said.count("after the deadline") == 1


def test_the_round_as_a_whole_is_explained(allocator: Allocator, record: Path) -> None:
    told = allocator("explain", record).out
    effects = json.loads(unpacked(sample_record())["effects.json"])
    women = next(each for each in effects["factors"] if each["factor"] == "women")
    for heading in ("What decided", "What balance did", "Ties", "Nearest to an award"):
        assert heading in told
    assert f"Awarded because of it ({len(women['brought_in'])}): " in told
    assert "points of merit less and cost CHF" in told
    assert "could be exchanged at no loss and within all rules" in told
    plain = json.loads(allocator("explain", record, "--json").out)
    assert plain["effects"] == effects
    assert plain["final"] is True


def test_one_decision_tells_of_points_rules_balance_and_the_draw(
    allocator: Allocator, record: Path
) -> None:
    explained = json.loads(unpacked(sample_record())["explanations.json"])
    kept_out = next(e for e in explained if e["factors"] and e["decision"] == "declined")
    told = allocator("explain", record, kept_out["application_id"]).out
    assert "Without the balance factor “Women”, all else equal, it would be awarded" in told
    assert "would break: " in told
    drawn = next(e for e in explained if e["tie"] and e["decision"] == "awarded")
    told = allocator("explain", record, drawn["application_id"]).out
    assert f"number {drawn['tie']['position']} of {drawn['tie']['of']}" in told
    assert drawn["tie"]["key"][:16] in told
    assert "Without this award, these would be awarded instead: " in told
    words = json.loads(allocator("explain", record, drawn["application_id"], "--json").out)
    assert set(words["words"]) >= {"margin", "others", "factors", "tie"}


def test_what_is_told_of_one_names_nobody_elses_gender(allocator: Allocator, record: Path) -> None:
    explained = json.loads(unpacked(sample_record())["explanations.json"])
    for each in explained:
        plain = json.loads(allocator("explain", record, each["application_id"], "--json").out)
        words = " ".join(text for part in plain["words"].values() for text in part).casefold()
        assert not {"female", "male", "woman", "man", "her", "his"} & set(words.split())


def test_fairness_is_told_from_the_counts_of_the_record(allocator: Allocator, record: Path) -> None:
    told = allocator("explain", record, "--fairness").out
    assert "Who was nominated, eligible and awarded, by gender" in told
    assert "The same within merit bands, by gender" in told
    assert "Mantel-Haenszel" in told
    assert "allocator run ROUND --fairness makes it" in told
    plain = json.loads(allocator("explain", record, "--fairness", "--json").out)
    assert [each["attribute"] for each in plain["fairness"]["funnel"]] == [
        "gender",
        "region",
        "country_group",
    ]


def test_a_stopped_run_says_that_its_explanations_are_of_no_final_allocation(
    allocator: Allocator, tmp_path: Path
) -> None:
    path = tmp_path / "record.zip"
    path.write_bytes(record_of(SAMPLES / "year", time_limit=0.01))
    told = allocator("explain", path).out
    assert "was stopped before it was proven" in told
    assert "What balance did" not in told
    lines = json.loads(unpacked(path.read_bytes())["result.json"])["decisions"]
    declined = next(each for each in lines if each["decision"] == "declined")
    told = allocator("explain", path, declined["application_id"]).out
    assert "Not told: the allocation is not final." in told


def test_the_flip_test_and_extra_money_are_made_on_request(
    allocator: Allocator, tmp_path: Path
) -> None:
    with tiny_round() as folder:
        lines = json.loads(unpacked(tiny_record())["result.json"])["decisions"]
        declined = next(each for each in lines if each["decision"] == "declined")
        name = declined["application_id"]
        asked = ("--fairness", "--money-for", name)
        assert allocator("run", folder, "--out", tmp_path / "out", *asked).code == 0
        wrong = allocator("run", folder, "--out", tmp_path / "out", "--money-for", "A9999")
    assert wrong.code == 1 and "no application of this id" in wrong.err
    record = tmp_path / "out" / "record.zip"
    assert allocator("verify", record).code == 0
    assert "Had another gender been stated" in allocator("explain", record, "--fairness").out
    told = allocator("explain", record, name).out
    assert "it would be awarded; no smaller amount would do." in told


def test_no_person_is_named(allocator: Allocator, record: Path) -> None:
    people = json.loads(unpacked(sample_record())["applications.json"])["applications"]
    shown = allocator("explain", record).out + allocator("verify", record).out
    for each in people:
        one = allocator("explain", record, each["application_id"], "--json").out
        for said in (shown, one):
            assert each["person_id"] not in said
            assert not (each["family_name"] in said and each["given_name"] in said)


def test_the_proof_can_be_given_to_checkers_written_by_others(
    allocator: Allocator, tmp_path: Path
) -> None:
    record, file = tmp_path / "record.zip", tmp_path / "proof.vipr"
    record.write_bytes(tiny_record())
    assert allocator("verify", record, "--export-vipr", file).code == 0
    result = json.loads(unpacked(tiny_record())["result.json"])
    with file.open(encoding="ascii") as lines:
        assert verified(lines) == (result["objective"], result["objective"])
    assert sorted(each.name for each in tmp_path.iterdir()) == ["proof.vipr", "record.zip"]


def test_a_proof_that_does_not_hold_is_not_exported(allocator: Allocator, tmp_path: Path) -> None:
    record, file = tmp_path / "record.zip", tmp_path / "proof.vipr"

    def cut(proof: Any) -> None:
        proof["parts"].pop()

    record.write_bytes(forged(tiny_record(), {"proof.json": cut}))
    ended = allocator("verify", record, "--export-vipr", file)
    assert ended.code == 1
    assert "does not hold" in ended.err
    assert not file.exists()


def test_a_record_is_signed_and_stamped(allocator: Allocator, record: Path, tmp_path: Path) -> None:
    key, token = tmp_path / "key.pem", tmp_path / "token"
    private = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    token.write_bytes(b"a token")
    told = json.loads(allocator("sign", record, "--json").out)
    assert told["public_key"] is None and told["manifest"] in allocator("sign", record).out
    told = json.loads(allocator("sign", record, "--key", key, "--timestamp", token, "--json").out)
    trusted = tmp_path / "public"
    trusted.write_text(told["public_key"])
    assert allocator("verify", record, "--key", trusted).code == 0
    assert unpacked(record.read_bytes())["timestamp.tsr"] == b"a token"
