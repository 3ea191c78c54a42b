"""A file of past awards is read like one of applications: loosely, and with every problem named."""

from datetime import date

from allocator.intake.prior_awards import read_prior_awards
from allocator.model import Package
from tests.intake_files import codes, csv_bytes


def test_past_awards_are_read_and_sorted() -> None:
    headers = ("Person ID", "Country", "Package", "Financial year", "Meeting", "Date")
    rows = [
        ("P2", "Mali", "air ticket", "2024", "sg13", "25/03/2024"),
        ("P1", "Swaziland", "full", "2024", "", ""),
        ("P3", "Atlantis", "full", "", "", "03/04/2024"),
    ]
    awards, problems = read_prior_awards(csv_bytes(headers, *rows), "past.csv", date(2025, 1, 1))
    assert [(each.person_id, each.administration) for each in awards] == [
        ("P1", "SWZ"),
        ("P2", "MLI"),
    ]
    assert awards[1].package is Package.TICKET
    assert awards[1].awarded_on == date(2024, 3, 25) and awards[0].awarded_on is None
    assert sorted(codes(problems, "error")) == ["intake-country", "intake-year-blank"]


def test_an_award_that_stands_twice_is_named_by_its_row_but_not_of_the_office() -> None:
    """Two rounds of the office may each have made one."""
    head = "person_id,administration,package,financial_year,meeting,awarded_on\n"
    row = "p1,Kenya,ticket,2027,sg5,2026-12-01\n"
    nameless = "p1,Kenya,ticket,2027,,2026-12-01\n"
    for file, rows, expected in (
        ("prior_awards.csv", row + row, [3]),
        ("prior_awards.csv", row + nameless + nameless, []),
        ("office_awards.csv", row + row, []),
    ):
        awards, problems = read_prior_awards((head + rows).encode(), file, date(2027, 1, 1))
        assert len(awards) == rows.count("\n")
        assert [e.where.row for e in problems if e.code == "past-twice"] == expected


def test_past_awards_need_three_columns() -> None:
    data = csv_bytes(("person_id", "package"), ("P1", "full"))
    awards, problems = read_prior_awards(data, "past.csv", date(2025, 1, 1))
    assert awards == ()
    assert codes(problems, "error") == ["intake-column-missing"] * 2
