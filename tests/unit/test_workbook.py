"""A file becomes applications; every problem in it is named at once, with its place and remedy."""

import random
import re
import time
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocator.errors import has_errors
from allocator.intake import workbook
from allocator.model import Gender, Package, Severity
from allocator.texts import catalogue
from tests.intake_files import (
    HEADERS,
    MEETINGS,
    ROW,
    codes,
    csv_bytes,
    read,
    read_column,
    the_problem,
    xlsx_bytes,
)

EVERYTHING = {
    "application_id": "A-1",
    "person_id": "P1",
    "family_name": "Pebble",
    "given_name": "Clay",
    "gender": "Mme",
    "administration": "Cote d'Ivoire",
    "meeting": "SG 13",
    "requested": "Full fellowship",
    "accepts_partial": "oui",
    "ticket_cost": "1 234,50",
    "ticket_currency": "EUR",
    "contributions": "3",
    "role": "Rapporteur",
    "first_time": "✓",
    "specific_needs": "no",
    "registration_approved": "да",
    "authorised": "1",
    "received": "3 March 2025",
    "GDP per head": "17",
}


def test_a_row_becomes_an_application() -> None:
    intake = read(csv_bytes(list(EVERYTHING), list(EVERYTHING.values())))
    (found,) = intake.applications
    assert intake.problems == ()
    assert (found.application_id, found.person_id, found.row) == ("A-1", "P1", 2)
    assert (found.administration, found.administration_as_written) == ("CIV", "Cote d'Ivoire")
    assert (found.gender, found.meeting, found.requested) == (Gender.FEMALE, "sg13", Package.FULL)
    assert (found.ticket_cost, found.ticket_currency) == (123_450, "EUR")
    assert (found.contributions, found.role, found.received) == (3, "Rapporteur", date(2025, 3, 3))
    assert found.first_time and found.registration_approved and found.authorised
    assert found.accepts_partial and found.specific_needs is False and found.not_member is None
    assert found.extra == (("GDP per head", "17"),)
    assert intake.columns == tuple(EVERYTHING)


def test_only_three_columns_are_needed_in_a_round_of_one_meeting() -> None:
    intake = read(csv_bytes(HEADERS, ROW))
    (found,) = intake.applications
    assert (found.person_id, found.meeting, found.gender) == ("A1", "sg13", Gender.NOT_STATED)
    assert (found.ticket_cost, found.ticket_currency, found.contributions) == (None, "CHF", None)
    assert (found.role, found.first_time, found.received) == (None, None, None)
    assert {each.severity for each in intake.problems} == {Severity.NOTE}
    absent = [each.where.column for each in intake.problems if each.code == "intake-column-absent"]
    assert len(absent) == len(set(absent)) == 12
    assert codes(intake.problems).count("intake-person-absent") == 1
    assert codes(intake.problems).count("intake-meeting-absent") == 1


def test_a_real_workbook_gives_the_same_application() -> None:
    row = {**EVERYTHING, "ticket_cost": 1234.5, "received": date(2025, 3, 3), "authorised": True}
    rows = [["Requests, SG13"], [], list(EVERYTHING), list(row.values())]
    intake = read(xlsx_bytes(("Requests", rows)))
    same = read(csv_bytes(list(EVERYTHING), list(EVERYTHING.values())))
    (one,), (other,) = intake.applications, same.applications
    assert one.row == 4
    for name in one.__slots__:
        assert name == "row" or getattr(one, name) == getattr(other, name)


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("Application ID", "application_id"),
        ("APPLICATION-ID *", "application_id"),
        ("Country", "administration"),
        ("Member State", "administration"),
        ("État membre", "administration"),
        ("Fellowship type", "requested"),
        ("Sex", "gender"),
        ("Gender (F/M)", "gender"),
        ("Surname", "family_name"),
        ("Prénom", "given_name"),
        ("Study group", "meeting"),
        ("Ticket cost (CHF)", "ticket_cost"),
        ("Currency", "ticket_currency"),
        ("Date received:", "received"),
        ("Authorized", "authorised"),
    ],
)
def test_headers_match_loosely(header: str, column: str) -> None:
    headers = {name: name for name in EVERYTHING} | {column: header}
    intake = read(csv_bytes(list(headers.values()), list(EVERYTHING.values())))
    assert intake.columns == tuple(EVERYTHING)
    assert len(intake.applications) == 1


def test_a_weaker_word_gives_way_to_the_column_itself() -> None:
    headers = (*HEADERS, "Meeting", "Study group")
    intake = read(csv_bytes(headers, (*ROW, "sg13", "SG99")))
    assert intake.applications[0].meeting == "sg13"
    assert intake.applications[0].extra == (("Study group", "SG99"),)


def test_two_headers_for_one_column_are_an_error() -> None:
    intake = read(csv_bytes((*HEADERS, "Country"), (*ROW, "Mali")))
    found = the_problem(intake.problems, "intake-column-twice")
    assert (found.value, found.severity) == ("Country · administration", Severity.ERROR)
    assert intake.applications == ()


def test_missing_columns_are_named_all_at_once_with_what_else_is_wrong() -> None:
    intake = read(csv_bytes(("gender", "ticket_cost", "role"), ("Dr", "-5", "x")))
    errors = [each for each in intake.problems if each.severity is Severity.ERROR]
    assert {each.where.column for each in errors if each.code == "intake-column-missing"} == {
        "application_id",
        "administration",
        "requested",
    }
    assert {"intake-gender", "intake-money-negative"} <= set(codes(errors))
    assert intake.applications == ()


def test_a_near_miss_of_a_header_is_a_warning_and_kept() -> None:
    intake = read_column("contribtions", "3")
    found = the_problem(intake.problems, "intake-near-miss")
    assert (found.severity, found.value) == (Severity.WARNING, "contribtions")
    assert "contributions" in found.do
    assert intake.applications[0].extra == (("contribtions", "3"),)


def test_an_unknown_header_twice_is_read_from_neither() -> None:
    intake = read(csv_bytes((*HEADERS, "Remarks", "remarks"), (*ROW, "a", "b")))
    assert the_problem(intake.problems, "intake-extra-twice").severity is Severity.WARNING
    assert intake.applications[0].extra == ()


def test_every_problem_has_its_place_value_and_remedy() -> None:
    headers = (*HEADERS, "ticket_cost", "received", "contributions", "first_time")
    rows = [
        ("A1", "Atlantis", "partial", "-5", "31/02/2025", "1.5", "maybe"),
        ("A2", "Kenya", "full", "", "", "", ""),
    ]
    intake = read(xlsx_bytes(("S", [[], headers, *rows])))
    errors = [each for each in intake.problems if each.severity is Severity.ERROR]
    assert {(each.where.column, each.value) for each in errors} == {
        ("administration", "Atlantis"),
        ("requested", "partial"),
        ("ticket_cost", "-5"),
        ("received", "31/02/2025"),
        ("contributions", "1.5"),
        ("first_time", "maybe"),
    }
    assert {(each.where.file, each.where.sheet, each.where.row) for each in errors} == {
        ("in.csv", "S", 3)
    }
    assert all(each.what and each.do for each in intake.problems)
    assert [each.application_id for each in intake.applications] == ["A2"]


@pytest.mark.parametrize("error", ["#REF!", "#N/A", "#VALUE!"])
def test_failed_formulas_are_errors_where_they_matter(error: str) -> None:
    headers = (*HEADERS, "ticket_cost", "family_name", "Remarks")
    intake = read(csv_bytes(headers, (*ROW, error, error, error)))
    found = [each for each in intake.problems if each.code == "intake-formula-error"]
    severities = {each.where.column: each.severity.value for each in found}
    assert severities == {"ticket_cost": "error", "family_name": "warning", "Remarks": "warning"}
    assert {each.value for each in found} == {error}


def test_application_ids_are_unique_and_both_rows_are_named() -> None:
    rows = [(id, "Kenya", "full") for id in ("A1", "B1", "a1", "A1", "")]
    intake = read(csv_bytes(HEADERS, *rows))
    twice = [each for each in intake.problems if each.code == "intake-id-twice"]
    assert [each.where.row for each in twice] == [4, 5]
    assert all("row 2" in each.what for each in twice)
    assert the_problem(intake.problems, "intake-id-blank").where.row == 6
    assert [each.application_id for each in intake.applications] == ["B1"]


@pytest.mark.parametrize(
    "id", ["=1+1", "-A", "@x", "a,b", "a[b]", "x" * 65, "a\u202eb", 'a"b', "."]
)
def test_application_ids_are_sane(id: str) -> None:
    intake = read(csv_bytes(HEADERS, (id, "Kenya", "full")))
    expected = [] if id == "a\u202eb" else ["intake-id"]
    assert codes(intake.problems, "error") == expected
    assert [each.application_id for each in intake.applications] == ["ab"] * (not expected)


def test_blank_person_ids_are_one_note() -> None:
    intake = read_column("person_id", "P1", "", "")
    assert [each.person_id for each in intake.applications] == ["P1", "A2", "A3"]
    assert "person_id: 2." in the_problem(intake.problems, "intake-person-blank").what


def test_countries_are_resolved_or_named_with_what_they_could_be() -> None:
    names = ["Turkey", "Korea", "Kenyya", "Atlantis", ""]
    rows = [(f"A{at}", name, "full") for at, name in enumerate(names)]
    intake = read(csv_bytes(HEADERS, *rows))
    assert [each.administration for each in intake.applications] == ["TUR"]
    ambiguous = the_problem(intake.problems, "intake-country-ambiguous")
    assert "KOR" in ambiguous.what and "PRK" in ambiguous.what
    assert "Kenya" in the_problem(intake.problems, "intake-country-near").what
    assert the_problem(intake.problems, "intake-country").value == "Atlantis"
    assert the_problem(intake.problems, "intake-country-blank").where.row == 6


def test_what_is_no_member_state_is_no_fault_of_the_file() -> None:
    intake = read(csv_bytes(HEADERS, ("A1", "Kosovo", "full"), ("A2", "Cook Islands", "full")))
    assert not has_errors(intake.problems)
    assert all(each.not_member for each in intake.applications)
    assert intake.applications[1].administration == "COK"


@pytest.mark.parametrize(
    "name",
    ["sg13-2025-10", "SG13 2025 10", "sg 13", "Study Group 13", "ITU-T SG13", "FUTURE networks"],
)
def test_meetings_are_found_by_id_title_or_study_group(name: str) -> None:
    intake = read(csv_bytes((*HEADERS, "meeting"), (*ROW, name)), *MEETINGS)
    assert [each.meeting for each in intake.applications] == ["sg13-2025-10"]


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("SG20", "intake-meeting-several", "sg20-2025-09, sg20-2025-12"),
        ("sg13-2025-11", "intake-meeting-near", "sg13-2025-10"),
        ("plenary", "intake-meeting", ""),
        ("", "intake-meeting-blank", ""),
    ],
)
def test_a_meeting_that_is_not_clear_is_an_error_with_the_choice(
    name: str, code: str, said: str
) -> None:
    intake = read(csv_bytes((*HEADERS, "meeting"), (*ROW, name)), *MEETINGS)
    found = the_problem(intake.problems, code)
    assert said in found.what
    assert code == "intake-meeting-several" or "sg20-2025-12" in found.do


def test_a_round_of_several_meetings_needs_the_column() -> None:
    intake = read(csv_bytes(HEADERS, ROW, ("A2", "Mali", "dsa")), *MEETINGS)
    assert codes(intake.problems, "error") == ["intake-column-missing"]
    assert intake.applications == ()


def test_unclear_dates_are_settled_by_the_column_or_named() -> None:
    settled = read_column("received", "03/04/2025", "25/03/2025")
    assert [each.received for each in settled.applications] == [date(2025, 4, 3), date(2025, 3, 25)]
    open_ = read_column("received", "03/04/2025", "2025-03-25")
    found = the_problem(open_.problems, "intake-date-ambiguous")
    assert "2025-04-03" in found.what and "2025-03-04" in found.what
    assert [each.received for each in open_.applications] == [date(2025, 3, 25)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1900-01-01", "intake-date-impossible"),
        ("2055-01-01", "intake-date-impossible"),
        ("1 January 1900", "intake-date-implausible"),
        ("2025-09-02", "intake-received-late"),
        ("2021-03-01", "intake-received-early"),
    ],
)
def test_days_of_receipt_are_plausible(text: str, code: str) -> None:
    assert code in codes(read_column("received", text).problems)


def test_currency_is_the_cells_the_columns_the_headers_or_the_rounds() -> None:
    assumed = read_column("ticket_cost", "5", "USD 5")
    assert [each.ticket_currency for each in assumed.applications] == ["CHF", "USD"]
    assert codes(assumed.problems).count("intake-currency-assumed") == 1
    headed = read_column("Ticket cost (EUR)", "5")
    assert headed.applications[0].ticket_currency == "EUR"
    assert "intake-currency-assumed" not in codes(headed.problems)
    blank = read_column("ticket_cost", "5", ticket_currency="")
    assert the_problem(blank.problems, "intake-currency-blank").severity is Severity.WARNING
    many = read_column("ticket_cost", *["5"] * 12, ticket_currency="")
    (said,) = [each for each in many.problems if each.code == "intake-currency-blank"]
    assert "12 ticket costs" in said.what and "(row 2, 3, 4, 5, 6, 7, 8, 9 …)" in said.what
    unreadable = read_column("ticket_cost", "5", ticket_currency="XYZ")
    assert codes(unreadable.problems).count("intake-currency") == 1
    assert "intake-currency-blank" not in codes(unreadable.problems)
    two = read_column("ticket_cost", "USD 5", ticket_currency="EUR")
    assert the_problem(two.problems, "intake-currency-two").severity is Severity.ERROR


def test_a_comma_is_not_read_both_ways_in_one_column() -> None:
    found = read_column("ticket_cost", "1,200", "12,5")
    assert codes(found.problems, "error") == ["intake-money-comma"]
    assert read_column("ticket_cost", "1,200").applications[0].ticket_cost == 120_000


def test_a_free_ticket_is_doubted() -> None:
    intake = read(csv_bytes((*HEADERS, "ticket_cost"), (*ROW, "0"), ("A2", "Mali", "dsa", "0")))
    assert the_problem(intake.problems, "intake-ticket-free").where.row == 2


def test_m_beside_h_is_not_taken_for_male() -> None:
    intake = read_column("gender", "H", "M")
    assert codes(intake.problems, "error") == ["intake-gender-m"]
    assert [each.gender for each in read_column("gender", "M").applications] == [Gender.MALE]


def test_personal_data_is_never_repeated() -> None:
    secret = "Pebblestone"
    names = ("person_id", "family_name", "given_name", "specific_needs", "gender")
    cells = [(f"#{secret}", secret, secret, f"{secret} wheelchair", f"Dear {secret}")] * 2
    rows = [(f"A{at}", "Kenya", "full", *row) for at, row in enumerate(cells)]
    intake = read(csv_bytes((*HEADERS, *names), *rows, ("A9", "Kenya", "full", f"#{secret}")))
    assert has_errors(intake.problems)
    assert secret not in repr(intake.problems)


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_bears_on_nothing_but_the_row(shuffle: random.Random) -> None:
    headers = [*EVERYTHING, "Zeal", "Ardour"]
    rows = [_row(at) for at in range(30)]
    plainly = read(csv_bytes(headers, *rows))
    order = list(range(len(headers)))
    shuffle.shuffle(order)
    shuffle.shuffle(rows)
    mixed = [[row[at] for at in order] for row in rows]
    shuffled = read(csv_bytes([headers[at] for at in order], *mixed))
    assert shuffled.columns == plainly.columns
    assert _without_rows(shuffled.applications) == _without_rows(plainly.applications)
    assert _said(shuffled.problems) == _said(plainly.problems)


def _row(at: int) -> list[str]:
    row = EVERYTHING | {"application_id": f"A{at}", "person_id": f"P{at % 20}"}
    row |= {"received": ["03/04/2025", "25/03/2025", "1/2/2025"][at % 3]}
    row |= {"ticket_cost": ["5", "1,200", "", "USD 7", "x"][at % 5]}
    row |= {"given_name": ["Clay", "Clai", "Umber"][at % 3]}
    return [*row.values(), str(at), str(-at)]


def _without_rows(applications: object) -> list[object]:
    fields = [
        [(name, getattr(each, name)) for name in each.__slots__ if name != "row"]
        for each in applications  # type: ignore[attr-defined]
    ]
    return sorted(fields, key=str)


def _said(problems: object) -> list[tuple[str, str, str]]:
    return sorted((each.code, each.what, each.value) for each in problems)  # type: ignore[attr-defined]


def test_many_rows_take_seconds() -> None:
    headers = list(EVERYTHING)
    rows = [list((EVERYTHING | _large(at)).values()) for at in range(40_000)]
    data = csv_bytes(headers, *rows)
    start = time.process_time()
    intake = read(data)
    assert time.process_time() - start < 8
    assert len(intake.applications) == 40_000


def _large(at: int) -> dict[str, str]:
    states = ("Mali", "Kenya", "Peru", "BTN", "Lao PDR")
    return {
        "application_id": f"A{at}",
        "person_id": f"P{at}",
        "family_name": f"Pebble{chr(97 + at % 26)}{chr(97 + at // 26 % 26)}",
        "given_name": f"{chr(97 + at // 676 % 26)}lay{chr(97 + at // 17576)}",
        "administration": states[at % 5],
        "ticket_cost": f"{at % 3000}.{at % 100:02}",
        "received": (date(2025, 1, 1) + timedelta(days=at % 200)).isoformat(),
    }


def test_every_problem_has_words_and_all_words_are_used() -> None:
    folder = Path(workbook.__file__).parent
    sources = "".join(each.read_text(encoding="utf-8") for each in sorted(folder.glob("*.py")))
    used = set(re.findall(r'"(intake-[a-z0-9-]+)"', sources))
    worded = {key.split(".")[1] for key in catalogue() if key.startswith("problem.intake-")}
    assert used == worded
