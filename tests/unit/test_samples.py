"""The shipped samples are what their generator makes, and hold what they are meant to show."""

import csv
import io

import pytest

from tools import make_samples
from tools.sample_words import FAMILY_NAMES, GIVEN_NAMES

MADE = make_samples.files()


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(MADE[name])))


@pytest.mark.parametrize("name", sorted(MADE))
def test_shipped_sample_equals_what_the_generator_makes(name: str) -> None:
    assert (make_samples.SAMPLES / name).read_text(encoding="utf-8") == MADE[name]


def test_samples_have_the_promised_size() -> None:
    assert 55 <= len(rows("one-meeting/applications.csv")) <= 65
    year = rows("year/applications.csv")
    assert len(year) == 400
    assert len({row["meeting"] for row in year}) == 12


def test_some_people_of_the_year_apply_to_several_meetings_under_one_identifier() -> None:
    meetings: dict[str, set[str]] = {}
    for row in rows("year/applications.csv"):
        meetings.setdefault(row["person_id"], set()).add(row["meeting"])
    several = [person for person, seen in meetings.items() if len(seen) > 1]
    assert len(several) >= 30
    assert len({row["person_id"] for row in rows("year/prior_awards.csv")} & meetings.keys()) >= 30


def test_samples_show_names_as_people_write_them_and_other_defects() -> None:
    one = rows("one-meeting/applications.csv")
    every = one + rows("year/applications.csv")
    written = {row["administration"] for row in every}
    assert {"Cote d'Ivoire", "Turkey", "Swaziland", "Lao PDR", "Palestine"} <= written
    assert any(row["registration_approved"] == "no" for row in one)
    assert any(row["received"] > "2025-08-04" for row in one)
    assert any(row["gender"] == "" for row in one)
    assert any(row["ticket_cost"] == "" for row in one)


def test_names_are_plain_words() -> None:
    assert len(set(GIVEN_NAMES)) == len(GIVEN_NAMES)
    assert not set(GIVEN_NAMES) & set(FAMILY_NAMES)
