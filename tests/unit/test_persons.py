"""Who is meant: one person under two ids and two people under one are flagged, never merged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.intake.persons import alike, near
from allocator.model import Severity
from tests.intake_files import HEADERS, MEETINGS, csv_bytes, read

PEOPLE = (*HEADERS, "person_id", "family_name", "given_name", "meeting")


def people(*rows: tuple[str, str, str, str]) -> list[str]:
    """Read (person id, administration, family name, given name) as A1, A2, ... for one meeting."""
    written = [
        (f"A{at}", country, "full", person, family, given, MEETINGS[at % 2].id)
        for at, (person, country, family, given) in enumerate(rows, 1)
    ]
    found = read(csv_bytes(PEOPLE, *written), *MEETINGS).problems
    return [f"{each.code} {each.what}" for each in found if each.severity is Severity.WARNING]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Pébble", "Clay"), ("PEBBLE", "clay")),
        (("Pebble", "Clay"), ("Clay", "Pebble")),
        (("Clay-Field", "Umber"), ("Clay Field", "Umber")),
        (("Clayfield", "Umber"), ("Clay Field", "Umber")),
        (("Pebble", "Clay"), ("Peble", "Clay")),
        (("Pebble", "Clay"), ("Pebblo", "Clay")),
        (("Pebble", "Clay"), ("Pebbel", "Clay")),
    ],
)
def test_one_person_under_two_spellings_is_flagged(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    (found,) = people(("P1", "Mali", *one), ("P2", "MLI", *other))
    assert found.startswith("intake-person-spelling")
    assert "A1, A2" in found and "Pebble" not in found


def test_what_one_person_cannot_be_twice_is_flagged_without_what_was_stated() -> None:
    headers = (*HEADERS, "person_id", "gender")
    rows = [
        ("A1", "Kenya", "full", "P1", "female"),
        ("A2", "Kenya", "full", "P1", "male"),
        ("A3", "Kenya", "full", "P2", "female"),
        ("A4", "Mali", "full", "P2", ""),
    ]
    found = {each.code: each for each in read(csv_bytes(headers, *rows)).problems}
    genders = found["intake-person-two-genders"]
    assert "A1, A2" in genders.what and "A3" not in genders.what
    administrations = found["intake-person-two-administrations"]
    assert "A3, A4" in administrations.what and "A1" not in administrations.what
    assert {genders.severity, administrations.severity} == {Severity.WARNING}
    assert not any(each in str(found) for each in ("female", "Mali"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("P1", "Mali", "Pebble", "Clay"), ("P2", "Niger", "Pebble", "Clay")),
        (("P1", "Mali", "Pebble", "Clay"), ("P2", "Mali", "Pebble", "Umber")),
        (("P1", "Mali", "Ana", "Li"), ("P2", "Mali", "Ama", "Li")),
        (("P1", "Mali", "", ""), ("P2", "Mali", "", "")),
        (("P1", "Mali", "Pebble", "Clay"), ("P1", "Mali", "Pebble", "C.")),
        (("P1", "Mali", "Pebble", "Clay"), ("P1", "Mali", "Pebble Field", "Clay")),
    ],
)
def test_different_people_are_not_flagged(
    one: tuple[str, str, str, str], other: tuple[str, str, str, str]
) -> None:
    assert people(one, other) == []


def test_one_id_for_two_people_is_flagged() -> None:
    rows = [("P1", "Mali", "Pebble", "Clay"), ("P1", "Mali", "Cotton", "Umber")]
    (found,) = people(*rows)
    assert found.startswith("intake-person-two-names") and "A1, A2" in found


def test_two_requests_of_one_person_for_one_meeting_are_flagged() -> None:
    rows = [("P1", "Mali", "Pebble", "Clay")] * 4
    found = people(*rows)
    assert [each.split(maxsplit=1)[0] for each in found] == ["intake-person-twice"] * 2
    assert "A1, A3" in "".join(found) and "A2, A4" in "".join(found)


def test_flagging_people_does_not_merge_them() -> None:
    rows = [("A1", "Mali", "full", "P1", "Pebble", "Clay", "SG13")]
    rows += [("A2", "Mali", "full", "P2", "Peble", "Clay", "SG13")]
    intake = read(csv_bytes(PEOPLE, *rows), *MEETINGS)
    assert [each.person_id for each in intake.applications] == ["P1", "P2"]


@given(st.text("abc", min_size=1, max_size=6), st.text("abc", min_size=1, max_size=6))
def test_near_is_one_edit_or_one_swap(one: str, other: str) -> None:
    assert near(one, other) is (other != one and other in _one_edit(one))
    assert near(one, other) is near(other, one)


def _one_edit(word: str) -> set[str]:
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    return {
        *(head + tail[1:] for head, tail in cuts if tail),
        *(head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if len(tail) > 1),
        *(head + letter + tail[1:] for head, tail in cuts if tail for letter in "abc"),
        *(head + letter + tail for head, tail in cuts for letter in "abc"),
    }


def test_alike_allows_initials_and_further_names() -> None:
    assert alike(("clay", "pebble"), ("c", "pebble"))
    assert alike(("clay", "pebble"), ("clay", "field", "pebble"))
    assert not alike(("clay", "pebble"), ("cotton", "umber"))
