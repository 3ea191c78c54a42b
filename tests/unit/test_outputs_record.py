"""``record.zip`` holds what is needed to check a run, in one canonical form."""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from allocator.model import Package
from allocator.record.canonical import MOST, canonical, to_plain
from allocator.record.record import MANIFEST, members, zipped
from tests.outputs_sample import sample

SAFE = st.integers(-MOST, MOST)
VALUES = st.recursive(
    st.none() | st.booleans() | SAFE | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def loaded() -> Any:
    result = sample()
    files = (
        ("applications.csv", "", b"application_id\nA-0000\n"),
        ("/somewhere/else/policy.yaml", "", "title: Pol\u00edtica\n".encode()),
    )
    applications = tuple(each.application for each in result.pool.candidates)
    return SimpleNamespace(
        applications=applications,
        prior_awards=(),
        prior_awards_given=False,
        columns=(),
        files=files,
    )


def archive() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(zipped(members(sample(), loaded()))))


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
        assert set(record.namelist()) == {
            "applications.json",
            "inputs/applications.csv",
            "inputs/policy.yaml",
            "manifest.json",
            "pool.json",
            "programme.json",
            "result.json",
            "round.json",
            "rules.json",
            "tables.json",
            "versions.json",
        }
        assert record.read("inputs/applications.csv") == b"application_id\nA-0000\n"
        outcome = json.loads(record.read("result.json"))
        assert outcome["status"] == "optimal"
        assert len(outcome["decisions"]) == 24
        assert json.loads(record.read("rules.json"))["balance"][0]["target"] == "1/2"


def test_two_files_of_one_name_are_both_kept() -> None:
    both = loaded()
    both.files = (("round.yaml", "", b"round"), ("round.yaml", "", b"policy"))
    parts = members(sample(), both)
    assert parts["inputs/round.yaml"] == b"round"
    assert parts["inputs/round.yaml-2"] == b"policy"


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


def test_the_same_inputs_give_the_same_bytes() -> None:
    assert zipped(members(sample(), loaded())) == zipped(members(sample(), loaded()))


def test_members_are_dated_and_stored_alike_everywhere() -> None:
    with archive() as record:
        for member in record.infolist():
            assert member.date_time == (1980, 1, 1, 0, 0, 0)
            assert member.compress_type == zipfile.ZIP_STORED
            assert (member.create_system, member.external_attr) == (3, 0o644 << 16)
