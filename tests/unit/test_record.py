"""``record.zip`` holds what is needed to check a run, in one canonical form."""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from allocator.model import Package
from allocator.record.canonical import MOST, canonical, to_plain
from allocator.record.check_container import (
    MANIFEST,
    OPTIONAL,
    REQUIRED,
    SIGNATURE,
    TIMESTAMP,
    packed,
    unpacked,
)
from allocator.record.check_report import Refused
from allocator.record.record import add_signature, add_timestamp, manifest_digest, write_record
from allocator.record.verify import verify
from tests.outputs_sample import sample
from tests.records import sample_record

SAFE = st.integers(-MOST, MOST)
VALUES = st.recursive(
    st.none() | st.booleans() | SAFE | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
NAMES = st.text("abcdefgh\u00e9\u4e2d._-", min_size=1, max_size=12).filter(
    lambda each: each.strip(". ") == each
)
MEMBERS = st.dictionaries(NAMES, st.binary(max_size=40), min_size=1, max_size=6)


def written(path: Path, **options: Any) -> Path:
    """Write a record of a round that was made by hand, from files of odd names."""
    result = sample()
    files = (
        ("round.yaml", "", b"round"),
        ("round.yaml", "", "title: Pol\u00edtica\n".encode()),
        ("a:b.csv", "", b"application_id\nA-0000\n"),
    )
    loaded: Any = SimpleNamespace(
        applications=tuple(each.application for each in result.pool.candidates),
        prior_awards=(),
        prior_awards_given=False,
        columns=(),
        files=files,
    )
    write_record(result, loaded, path, **options)
    return path


def archive() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(sample_record()))


@given(VALUES)
def test_canonical_is_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


def test_keys_are_sorted_by_utf16_code_units() -> None:
    assert canonical({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


@dataclass(frozen=True)
class Thing:
    share: Fraction
    day: date
    package: Package
    many: tuple[int, ...]


def test_frozen_data_become_plain_values() -> None:
    thing = Thing(Fraction(1, 3), date(2026, 11, 23), Package.DSA, (1, 2))
    assert to_plain(thing) == {
        "day": "2026-11-23",
        "many": [1, 2],
        "package": "dsa",
        "share": "1/3",
    }


@given(st.integers())
def test_whole_numbers_survive_however_large(value: int) -> None:
    assert int(json.loads(canonical(value))) == value


@pytest.mark.parametrize("value", [0.5, {1, 2}, b"bytes", Thing])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="has no canonical form"):
        canonical(value)


def test_the_manifest_lists_the_checksum_of_every_other_member() -> None:
    with archive() as record:
        manifest = json.loads(record.read(MANIFEST))
        names = [name for name in record.namelist() if name != MANIFEST]
        assert sorted(manifest["members"]) == sorted(names)
        for name in names:
            assert hashlib.sha256(record.read(name)).hexdigest() == manifest["members"][name]


def test_it_holds_inputs_policy_programme_and_result() -> None:
    with archive() as record:
        assert record.namelist() == sorted(record.namelist())
        inputs = {"inputs/applications.csv", "inputs/itu-t-2024.yaml", "inputs/round.yaml"}
        needed = {MANIFEST, *REQUIRED, *inputs}
        assert needed <= set(record.namelist()) <= needed | {*OPTIONAL}
        outcome = json.loads(record.read("result.json"))
        assert outcome["status"] == "optimal"
        assert len(outcome["decisions"]) == 62
        assert json.loads(record.read("rules.json"))["balance"][0]["target"] == "1/2"


def test_files_of_one_name_and_of_odd_names_are_all_kept(tmp_path: Path) -> None:
    parts = unpacked(written(tmp_path / "record.zip").read_bytes())
    told = json.loads(parts["inputs.json"])
    assert [each["name"] for each in told] == ["round.yaml", "round.yaml", "a:b.csv"]
    assert parts["inputs/round.yaml"] == b"round"
    assert parts["inputs/round.yaml-2"].startswith(b"title")
    assert parts["inputs/applications"].startswith(b"application_id")


def test_no_float_is_in_it() -> None:
    def refuse(text: str) -> None:
        raise AssertionError(f"a float: {text}")

    with archive() as record:
        for name in record.namelist():
            if name.endswith(".json"):
                json.loads(record.read(name), parse_float=refuse)


def test_only_the_format_and_our_own_version_are_named() -> None:
    with archive() as record:
        assert set(json.loads(record.read("versions.json"))) == {"allocator", "format"}


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    paths = [written(tmp_path / name).read_bytes() for name in ("one", "two")]
    assert paths[0] == paths[1]


def test_the_rows_of_reference_tables_shown_are_those_of_the_rounds_places() -> None:
    with archive() as record:
        shown = json.loads(record.read("tables.json"))
        states = {
            each["administration"]
            for each in json.loads(record.read("applications.json"))["applications"]
        }
    names = [each["name"] for each in shown["tables"]]
    assert sorted(shown["rows"]) == names
    assert {row["iso3"] for row in shown["rows"]["member_states"]} <= states | {"CHE"}
    assert "Geneva" in {row["city"] for row in shown["rows"]["dsa"]}


@given(MEMBERS)
def test_packing_gives_the_zip_that_python_writes(members: dict[str, bytes]) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as record:
        for name, content in sorted(members.items()):
            about = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            about.create_system, about.external_attr = 3, 0o644 << 16
            record.writestr(about, content)
    assert packed(members) == file.getvalue()
    assert unpacked(packed(members)) == members


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data + b"!",
        lambda data: b"!" + data,
        lambda data: data[:-1],
        lambda data: b"",
        lambda data: data.replace(b"PK\x01\x02", b"PK\x01\x03"),
        lambda data: data[:10] + b"\x01" + data[11:],
    ],
)
def test_any_other_bytes_are_no_record(spoil: Any) -> None:
    with pytest.raises(Refused):
        unpacked(spoil(packed({"a": b"one", "b": b"two"})))


@pytest.mark.parametrize(
    "name", ["../a", "/a", "inputs/../a", "a\\b", "C:a", "a\nb", ".", "inputs/"]
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        unpacked(packed({name: b""}))


def test_a_compressed_record_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as record:
        record.writestr("manifest.json", b"0" * 1000)
    with pytest.raises(Refused):
        unpacked(file.getvalue())


def test_signature_and_time_stamp_leave_the_manifest_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path / "record.zip")
    before = manifest_digest(path.read_bytes())
    add_signature(path, b"k" * 32, b"s" * 64)
    add_timestamp(path, b"token")
    parts = unpacked(path.read_bytes())
    assert json.loads(parts[SIGNATURE])["public_key"] == (b"k" * 32).hex()
    assert parts[TIMESTAMP] == b"token"
    assert manifest_digest(path.read_bytes()) == before
    assert [each.name for each in tmp_path.iterdir()] == ["record.zip"]


def test_a_record_names_the_one_before_it(tmp_path: Path) -> None:
    first = written(tmp_path / "first.zip")
    second = written(tmp_path / "second.zip", previous=first)
    link = json.loads(unpacked(second.read_bytes())[MANIFEST])["previous"]
    assert link == manifest_digest(first.read_bytes())
    assert verify(second).check("previous").status == "not checked"
    assert verify(second, previous=first).check("previous").status == "pass"
    assert verify(second, previous=second).check("previous").status == "fail"
    assert verify(first, previous=second).check("previous").status == "fail"
