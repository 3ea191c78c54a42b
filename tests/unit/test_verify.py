"""Every record verifies; the checks need no solver; the file alone agrees with the command."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from allocator.errors import AllocatorError
from allocator.record.assemble import TARGET, standalone_source
from allocator.record.check_all import Given
from allocator.record.check_container import MANIFEST, packed, unpacked
from allocator.record.check_main import verify_alone
from allocator.record.check_outcome import points
from allocator.record.check_report import FAIL, PASS, UNCHECKED
from allocator.record.check_signature import is_signed, read_key
from allocator.record.record import add_timestamp, manifest_digest, with_manifest
from allocator.record.sign import sign_record
from allocator.record.verify import verify, verify_bytes
from allocator.rules import UnitLimit
from tests.builders import DSA, PLAIN_RULES, Small, candidate, meeting, pool_of, round_of
from tests.records import (
    SAMPLES,
    alone,
    explained_record,
    record_by_hand,
    record_of,
    sample_record,
    small_record,
    tiny_record,
)

NOT_MADE = {"signature", "timestamp"}
"""Checks of what these records do not have."""

FORBIDDEN = ("pulp", "highspy", "streamlit", "ortools", "scipy")


@pytest.mark.parametrize("name", ["one-meeting", "year"])
def test_the_samples_verify(name: str) -> None:
    report = verify_bytes(sample_record(name))
    open_ones = {each.id: each.figure for each in report.checks if each.status != PASS}
    assert set(open_ones) == NOT_MADE
    assert report.verdict == "verified"
    assert report.exit_code == 0


@pytest.mark.parametrize("name", ["one-meeting", "tiny"])
def test_explanations_are_held_against_everything_else(name: str) -> None:
    report = verify_bytes(explained_record(name))
    assert report.check("explanations").status == PASS
    assert report.verdict == "verified"


def test_a_round_from_a_workbook_verifies(tmp_path: Path) -> None:
    from allocator.commands.start import new

    new(tmp_path / "round", None, sample=True)
    report = verify_bytes(record_of(tmp_path / "round"))
    assert report.verdict == "verified", report.checks


def test_a_round_under_a_policy_from_elsewhere_verifies(tmp_path: Path) -> None:
    policy = tmp_path / "applications.csv"  # an odd name, and one that the round has too
    shutil.copyfile(SAMPLES.parent.parent / "policies" / "merit-only.yaml", policy)
    report = verify_bytes(record_of(SAMPLES / "one-meeting", str(policy)))
    assert report.verdict == "verified", report.checks


def test_a_run_that_was_stopped_is_not_fully_verified() -> None:
    """It is refused no more than it is believed: the proven bound is named."""
    report = verify_bytes(record_of(SAMPLES / "year", time_limit=0.01))
    left_open = {each.id for each in report.checks if each.status == UNCHECKED}
    assert left_open == NOT_MADE | {"effects", "proof", "promises"}
    assert report.verdict == "incomplete" and report.exit_code == 1
    assert "no allocation is worth more than" in report.check("proof").figure
    assert not any("this allocation is proven" in each for each in report.limits)


def test_what_takes_nothing_of_a_limit_is_no_breach_of_it() -> None:
    """Two journeys were paid and one is the most; an allowance alone pays none."""
    traveller = candidate("A", merit=60_000, costs={DSA: 40_000}, used=2)
    other = candidate("B", merit=50_000, costs={DSA: 40_000})
    rules = replace(PLAIN_RULES, person_year=UnitLimit(1, 1, 0, 1, None))
    round_ = round_of([meeting("m1", budget=90_000)])
    report = alone(record_by_hand(Small(pool_of([traveller, other]), round_, rules)))
    assert [each for each in report.checks if each.status == FAIL] == []
    assert report.check("rules").status == PASS


@pytest.mark.parametrize("number", range(60))
def test_small_rounds_of_every_kind_verify(number: int) -> None:
    record = small_record(number)
    if record is None:
        pytest.skip("no allocation is possible")
    report = alone(record)
    assert {each.id for each in report.checks if each.status == FAIL} == set()
    assert report.verdict == "verified"


@pytest.mark.parametrize("batch", range(4))
def test_what_a_flip_test_says_is_taken_from_every_kind_of_round(batch: int) -> None:
    records = (small_record(number, flips=True) for number in range(batch, 60, 4))
    for record in filter(None, records):
        assert alone(record).check("fairness").status == PASS


def test_the_file_alone_is_what_the_checkers_give_now() -> None:
    current = TARGET.read_text(encoding="utf-8") == standalone_source()
    assert current, "run: python -m allocator.record.assemble"


def _runs(python: str | None) -> bool:
    """Tell whether a Python is there; what bears its name may only stand for one elsewhere."""
    if python is None:
        return False
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


PYTHONS = [sys.executable, *filter(_runs, (shutil.which(f"python3.{n}") for n in (10, 11, 12)))]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("spoiled", [False, True])
def test_the_file_alone_agrees_with_the_command(tmp_path: Path, python: str, spoiled: bool) -> None:
    """It runs without site packages, where a socket cannot be made, and finds the same."""
    record = sample_record()
    if spoiled:
        record = packed({**unpacked(record), "pool.json": b"{}"})
    path = tmp_path / "record.zip"
    path.write_bytes(record)
    (tmp_path / "sitecustomize.py").write_text(
        "import socket\n"
        "def refuse(*_, **__): raise RuntimeError('network')\n"
        "socket.socket = socket.create_connection = refuse\n"
    )
    ran = subprocess.run(
        [python, "-s", str(TARGET), str(path), "--json"],
        capture_output=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path), "PATH": os.environ["PATH"]},
        cwd=tmp_path,
    )
    assert ran.stderr == b""
    told = json.loads(ran.stdout)
    mine = verify_bytes(record)
    assert ran.returncode == mine.exit_code == int(spoiled)
    for each in told["checks"]:
        check = mine.check(each["id"])
        if each["figure"] != "not looked at by this file; `allocator verify` does":
            assert (check.status, check.figure) == (each["status"], each["figure"])
    assert {each["id"] for each in told["checks"]} == {each.id for each in mine.checks}


def test_the_file_alone_imports_only_the_standard_library() -> None:
    code = (
        "import runpy, sys\n"
        f"runpy.run_path({str(TARGET)!r}, run_name='alone')\n"
        "names = {each.partition('.')[0] for each in sys.modules}\n"
        "print(sorted(names - set(sys.stdlib_module_names) - {'__main__'}))\n"
    )
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True)
    assert ran.stdout.strip() == "[]", ran.stderr


def test_the_file_alone_says_what_is_wrong_with_its_arguments(tmp_path: Path) -> None:
    def ran(*arguments: str) -> int:
        command = [sys.executable, str(TARGET), *arguments]
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert ran() == 2
    assert ran(str(tmp_path / "missing.zip")) == 2
    record, key = tmp_path / "record.zip", tmp_path / "key"
    record.write_bytes(sample_record())
    key.write_text("no key")
    assert ran(str(record), "--key", str(key)) == 2


@pytest.mark.parametrize("module", ["allocator.record.verify", "allocator.optimise.programme"])
def test_no_solver_can_be_reached(module: str) -> None:
    """Not even through another module: importing one is an error here, and none is loaded after."""
    code = f"""
import sys, importlib.abc
FORBIDDEN = {FORBIDDEN!r}
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in FORBIDDEN:
            raise AssertionError(name)
sys.meta_path.insert(0, Refuse())
import {module}
loaded = {{each.partition('.')[0] for each in sys.modules}}
ours = [each for each in sys.modules if each.startswith('allocator.optimise')]
assert not loaded & set(FORBIDDEN), loaded
assert not any(each.endswith(('engine', 'solve', 'ties', 'prove', 'conflict')) for each in ours)
for each in sys.modules.values():
    names = {{getattr(part, '__name__', '') for part in vars(each).values()}} if each else set()
    assert not names & set(FORBIDDEN), each
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_verifying_runs_without_any_solver(tmp_path: Path) -> None:
    path = tmp_path / "record.zip"
    path.write_bytes(sample_record())
    code = f"""
import sys
from pathlib import Path
for name in {FORBIDDEN!r}:
    sys.modules[name] = None
from allocator.record.verify import verify
sys.exit(verify(Path({str(path)!r})).exit_code)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x03\x04" * 30, b"\x00" * 1000])
def test_what_is_no_record_is_refused_by_its_form(data: bytes) -> None:
    for report in (verify_bytes(data), alone(data)):
        assert [(each.id, each.status) for each in report.checks] == [("container", FAIL)]
        assert report.verdict == "refused"


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_end_in_a_report(data: bytes) -> None:
    assert alone(data).exit_code == 1


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b"{}", b"1e5", b'{"a":1,"a":1}', b"[" * 9000 + b"]" * 9000,
                b'{"b":1,"a":2}', b'"\\ud800"', b"[1.5]", b"[9007199254740993]", b"NaN"]
)  # fmt: skip
@pytest.mark.parametrize("name", ["manifest.json", "pool.json", "result.json", "inputs.json"])
def test_malformed_members_are_refused_without_an_exception(name: str, content: bytes) -> None:
    parts = {**unpacked(tiny_record()), name: content}
    if name != MANIFEST:
        parts.pop(MANIFEST)
        parts = with_manifest(parts)
    for report in (verify_bytes(packed(parts)), alone(packed(parts))):
        assert report.verdict == "refused"


def test_another_version_of_the_allocator_leaves_the_verdict_open() -> None:
    record = sample_record()
    parts = unpacked(record)
    parts.pop(MANIFEST)
    parts["versions.json"] = parts["versions.json"].replace(b'"0.1.0"', b'"0.0.9"')
    report = verify_bytes(packed(with_manifest(parts)))
    assert report.check("edition").status == UNCHECKED
    assert report.verdict == "incomplete"
    assert report.exit_code == 1


# --- signatures and time stamps -----------------------------------------------------------------


def signed_record(folder: Path) -> tuple[Path, bytes]:
    path, key = folder / "record.zip", folder / "key.pem"
    path.write_bytes(sample_record())
    private = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert sign_record(path, key) == read_key(public).hex()
    return path, read_key(public)


def test_a_signed_record_verifies_with_its_key_and_with_no_other(tmp_path: Path) -> None:
    path, key = signed_record(tmp_path)
    assert verify(path, public_key=key).check("signature").status == PASS
    assert verify(path).check("signature").status == PASS
    assert verify(path, public_key=b"\x01" * 32).check("signature").status == FAIL
    assert len(verify(path, public_key=key).limits) < len(verify(path).limits)


def test_a_record_without_the_expected_signature_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "record.zip"
    path.write_bytes(sample_record())
    assert verify(path, public_key=b"\x01" * 32).check("signature").status == FAIL


def test_a_changed_manifest_breaks_the_signature(tmp_path: Path) -> None:
    path, key = signed_record(tmp_path)
    parts = unpacked(path.read_bytes())
    parts[MANIFEST] = parts[MANIFEST].replace(b'"previous":null', b'"previous":"00"')
    path.write_bytes(packed(parts))
    assert verify(path, public_key=key).check("signature").status == FAIL


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100), st.data())
def test_signatures_are_checked_as_cryptography_does(
    seed: bytes, message: bytes, data: st.DataObject
) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert is_signed(public, message, signature)
    place = data.draw(st.integers(0, 511))
    flipped = bytearray(signature)
    flipped[place // 8] ^= 1 << place % 8
    assert not is_signed(public, message, bytes(flipped))
    assert not is_signed(public, message + b"!", signature)
    assert not is_signed(public, message, signature[:63])


def test_the_vector_of_rfc_8032() -> None:
    public = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
    signature = (
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )
    assert is_signed(bytes.fromhex(public), b"\xaf\x82", bytes.fromhex(signature))


@pytest.mark.parametrize("text", ["", "zz" * 32, "00" * 31, "-----BEGIN PUBLIC KEY-----\n!\n---"])
def test_what_is_no_public_key_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="Ed25519"):
        read_key(text.encode())


@pytest.mark.parametrize("content", [b"no key", None])
def test_only_an_ed25519_key_signs(tmp_path: Path, content: bytes | None) -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

    path, key = tmp_path / "record.zip", tmp_path / "key.pem"
    path.write_bytes(sample_record())
    other = generate_private_key(SECP256R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key.write_bytes(content or pem)
    with pytest.raises(AllocatorError) as caught:
        sign_record(path, key)
    assert caught.value.code == "record-key"


OPENSSL = shutil.which("openssl")
TSA_CONFIG = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
[extensions]
extendedKeyUsage = critical,timeStamping
"""


@pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")
def test_a_time_stamp_is_checked_offline(tmp_path: Path) -> None:
    path, authority = tmp_path / "record.zip", tmp_path / "authority.pem"
    path.write_bytes(sample_record())
    add_timestamp(path, _stamp(tmp_path, unpacked(path.read_bytes())[MANIFEST]))
    assert verify(path).check("timestamp").status == UNCHECKED
    assert verify(path, timestamp_ca=authority).check("timestamp").status == PASS
    parts = unpacked(path.read_bytes())
    parts[MANIFEST] = parts[MANIFEST].replace(b'"previous":null', b'"previous":"00"')
    path.write_bytes(packed(parts))
    assert verify(path, timestamp_ca=authority).check("timestamp").status == FAIL
    path.write_bytes(sample_record())
    assert verify(path, timestamp_ca=authority).check("timestamp").status == FAIL


def _stamp(folder: Path, manifest: bytes) -> bytes:
    """Return a token of an authority made for this test."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    (folder / "tsa.cnf").write_text(TSA_CONFIG.format(folder=folder))
    (folder / "serial").write_text("01")
    (folder / "manifest").write_bytes(manifest)
    openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
        *("-keyout", "key.pem", "-days", "9999"),
        *("-out", "authority.pem", "-subj", "/CN=Test", "-addext"),
        "extendedKeyUsage=critical,timeStamping",
    )
    openssl("ts", "-query", "-data", "manifest", "-sha256", "-cert", "-out", "query")
    signer = ("-signer", "authority.pem", "-inkey", "key.pem")
    openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", *signer, "-out", "token")
    return (folder / "token").read_bytes()


def test_previous_records_must_be_of_the_same_round() -> None:
    year, meeting = sample_record("year"), sample_record()
    parts = unpacked(meeting)
    parts.pop(MANIFEST)
    follower = packed(with_manifest(parts, manifest_digest(year)))
    report = verify_bytes(follower, Given(previous=year))
    assert report.check("previous").status == FAIL
    assert verify_bytes(meeting, Given(previous=b"nothing")).check("previous").status == FAIL


def test_a_previous_record_that_was_changed_is_refused() -> None:
    """The link names its manifest, and the manifest the rest of it."""
    before = sample_record()
    parts = unpacked(before)
    parts.pop(MANIFEST)
    follower = packed(with_manifest(parts, manifest_digest(before)))
    changed = packed({**unpacked(before), "decisions.csv": b"all declined"})
    erased = {**unpacked(before), "decisions.csv": b"-", "redacted.json": b'["decisions.csv"]'}
    for verifier in (alone, verify_bytes):
        check = verifier(follower, Given(previous=changed)).check("previous")
        assert check.status == FAIL and "decisions.csv" in check.figure
        for whole in (before, packed(erased)):
            assert verifier(follower, Given(previous=whole)).check("previous").status == PASS


def test_worth_is_rounded_as_everywhere_else() -> None:
    for thousandths, shown in ((Fraction(2629615, 2), "1314.808"), (Fraction(-1, 2), "-0.001")):
        assert points(thousandths) == shown
    assert points(Fraction(-1, 3)) == "0.000"


def test_the_report_as_json_says_the_same() -> None:
    report = verify_bytes(sample_record())
    told: Any = report.as_json()
    assert told["verdict"] == report.verdict
    assert [each["id"] for each in told["checks"]] == [each.id for each in report.checks]


def test_packages_without_the_file_alone_cannot_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """The genuine file is the one shipped: a record with another one is refused."""
    report = verify_alone(sample_record(), Given(), "0.1.0", b"another file")
    assert report.check("edition").status == FAIL


def test_the_shipped_file_is_in_the_package() -> None:
    assert (resources.files("allocator.record") / "verify_record.py").is_file()
