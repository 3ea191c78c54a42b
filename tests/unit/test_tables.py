"""Any file an officer is likely to hand in becomes the same table, with the row numbers seen."""

import io
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest

from allocator.errors import AllocatorError
from allocator.intake.columns import PRIOR_AWARDS
from allocator.intake.tables import Table, letters, read_table
from allocator.intake.values import UNCALCULATED
from tests.intake_files import (
    HEADERS,
    ROW,
    codes,
    csv_bytes,
    rezipped,
    the_problem,
    workbook_bytes,
    xlsx_bytes,
)

NAMES = ("application_id", "administration", "requested", "family_name")
ROWS = [("A1", "Côte d'Ivoire", "full", "Pebble; Émile, é"), ("A2", "Mali", "dsa", 'Clay "C"')]


def table_of(data: bytes) -> Table:
    return read_table(data, "in")


def refusal(data: bytes) -> AllocatorError:
    with pytest.raises(AllocatorError) as caught:
        table_of(data)
    return caught.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters_make_no_difference(encoding: str, delimiter: str) -> None:
    table = table_of(csv_bytes(NAMES, *ROWS, delimiter=delimiter, encoding=encoding))
    assert table.headers == NAMES
    assert [row.cells for row in table.rows] == ROWS
    assert table.problems == ()


def test_utf_16_with_the_mark_of_big_endian_is_read() -> None:
    data = b"\xfe\xff" + csv_bytes(NAMES, *ROWS, encoding="utf-16-be")
    assert [row.cells for row in table_of(data).rows] == ROWS


def test_windows_1252_is_read_and_said() -> None:
    table = table_of(csv_bytes(NAMES, *ROWS, encoding="cp1252"))
    assert table.rows[0].cells == ROWS[0]
    assert codes(table.problems) == ["intake-windows-1252"]


def test_another_alphabet_in_an_unknown_encoding_is_not_garbled() -> None:
    data = csv_bytes(HEADERS, *[(f"A{n}", "Российская Федерация", "full") for n in range(20)])
    in_cyrillic = data.decode().encode("cp1251")
    assert refusal(in_cyrillic).code == "intake-encoding"


def test_what_excel_writes_before_the_header_names_the_delimiter() -> None:
    table = table_of(b"sep=;\r\n" + csv_bytes(NAMES, *ROWS, delimiter=";"))
    assert table.header_row == 2
    assert [row.number for row in table.rows] == [3, 4]
    assert [row.cells for row in table.rows] == ROWS


def test_rows_keep_the_numbers_seen_in_the_spreadsheet() -> None:
    lines = ["A title,,", "", "application_id,administration,requested,,", ",,,,"]
    lines += ['A1,"Ken', 'ya",full,,', ",,,", "", "A2,Mali,dsa", ",,,,"]
    table = table_of("\r\n".join(lines).encode())
    assert table.header_row == 3
    assert table.headers == HEADERS
    assert [(row.number, row.cells[0]) for row in table.rows] == [(5, "A1"), (8, "A2")]


def test_old_mac_line_ends_are_read() -> None:
    assert (
        len(table_of(csv_bytes(HEADERS, ROW, ("A2", *ROW[1:])).replace(b"\r\n", b"\r")).rows) == 2
    )


def test_a_text_that_looks_like_a_formula_is_just_text() -> None:
    formula = '=cmd|"/c calc"!A1'
    table = table_of(csv_bytes((*HEADERS, "x"), (*ROW, formula), (*ROW, "@x"), (*ROW, "-1+2")))
    assert [row.cells[3] for row in table.rows] == [formula, "@x", "-1+2"]


def test_a_row_shifted_by_a_delimiter_is_an_error_of_that_row() -> None:
    table = table_of(b"application_id,administration,requested\nA1,Kenya,full\nA2,Congo, DR,dsa\n")
    assert the_problem(table.problems, "intake-row-long").where.row == 3


def test_values_without_a_header_are_named_by_letter() -> None:
    table = table_of(b"application_id,,requested,administration\nA1,stray,full,Kenya\n")
    found = the_problem(table.problems, "intake-column-unnamed")
    assert found.where.column == "B"


def test_a_header_repeated_within_the_list_is_no_row() -> None:
    table = table_of(csv_bytes(HEADERS, ROW, HEADERS, ("A2", *ROW[1:])))
    assert [row.cells[0] for row in table.rows] == ["A1", "A2"]
    assert codes(table.problems, "note") == ["intake-header-again"]


def test_real_cells_of_a_workbook_have_one_form() -> None:
    cells = [date(2025, 3, 4), datetime(2025, 3, 4, 13, 5), True, 1234.5, 12, 0.1 + 0.2, 1e15, 1e-7]
    table = table_of(xlsx_bytes(("A", [[*HEADERS, *"abcdefgh"], [*ROW, *cells]])))
    assert table.rows[0].cells[3:] == (
        *("2025-03-04", "2025-03-04 13:05", "TRUE", "1234.5", "12", "0.3"),
        *("1000000000000000", "0.0000001"),
    )


def test_a_formula_is_read_as_the_value_it_last_had() -> None:
    table = table_of(xlsx_bytes(("A", [[*HEADERS, "x"], [*ROW, '=WEBSERVICE("http://x")|7']])))
    assert table.rows[0].cells[3] == "7"


def test_failed_formulas_are_not_lost() -> None:
    data = xlsx_bytes(
        ("First", [["x"]]), ("Über & <all>", [HEADERS, ["A1", "=A9|#REF!", "=B9|#N/A"]])
    )
    assert table_of(data).rows[0].cells == ("A1", "#REF!", "#N/A")


def test_a_formula_never_calculated_is_not_taken_for_a_blank() -> None:
    workbook = openpyxl.Workbook()
    for row in (HEADERS, ("A1", "=1+1", '="fu"&"ll"')):
        workbook.active.append(row)
    buffer = io.BytesIO()
    workbook.save(buffer)
    assert table_of(buffer.getvalue()).rows[0].cells == ("A1", UNCALCULATED, UNCALCULATED)


def test_a_formula_that_gives_nothing_is_a_blank() -> None:
    data = xlsx_bytes(("A", [[*HEADERS, "x"], [*ROW, '=IF(1,"","")|'], [*ROW, "=1|1"]]))
    sheet = {"xl/worksheets/sheet1.xml": lambda old: old.replace(b' r="D2"', b' r="D2" t="str"')}
    assert [row.cells[3] for row in table_of(rezipped(data, sheet)).rows] == ["", "1"]


def test_title_rows_margins_and_blank_rows_are_passed_over() -> None:
    rows = [[], [None, "Fellowships 2025"], [], [None, None, *HEADERS], [], [None, None, *ROW], []]
    table = table_of(xlsx_bytes(("A", rows)))
    assert (table.header_row, table.rows[0].number) == (4, 6)
    assert table.rows[0].cells[2:] == ROW


def test_the_sheet_with_the_header_is_chosen_and_the_others_are_named() -> None:
    notes = ("Notes", [["How to fill in"], ["application_id is yours"]])
    table = table_of(xlsx_bytes(notes, ("Requests", [HEADERS, ROW])))
    assert table.sheet == "Requests"
    found = the_problem(table.problems, "intake-sheet-not-read")
    assert (found.where.sheet, found.severity.value) == ("Notes", "note")


def test_the_explanations_in_our_own_workbook_are_no_news() -> None:
    ours = [("How to fill in", [["Column"], ["gender"]]), ("Lists", [["Kenya"], ["Mali"]])]
    table = table_of(xlsx_bytes(("Applications", [HEADERS, ROW]), *ours))
    assert table.problems == ()


@pytest.mark.parametrize("word", ["TOTAL", "Totaux", "Grand total:", "Итого"])
def test_a_total_below_the_list_is_no_application(word: str) -> None:
    table = table_of(csv_bytes((*HEADERS, "ticket_cost"), (*ROW, "5"), (word, "", "", "5")))
    assert [row.cells[0] for row in table.rows] == ["A1"]
    assert the_problem(table.problems, "intake-total").where.row == 3


def test_an_application_called_total_is_not_passed_over() -> None:
    table = table_of(csv_bytes(HEADERS, ROW, ("Total", "Kenya", "full"), ("Total", "", "full")))
    assert [row.cells[0] for row in table.rows] == ["A1", "Total", "Total"]


def test_a_second_sheet_that_looks_like_a_list_is_a_warning() -> None:
    table = table_of(xlsx_bytes(("Africa", [HEADERS, ROW]), ("Americas", [HEADERS, ROW])))
    assert table.sheet == "Africa"
    assert the_problem(table.problems, "intake-sheet-alike").where.sheet == "Americas"


def test_a_visible_sheet_comes_before_a_hidden_one() -> None:
    def fill(workbook: Any) -> None:
        for name, headers in (("Old", (*HEADERS, "gender", "role")), ("New", HEADERS)):
            sheet = workbook.add_worksheet(name)
            sheet.write_row(0, 0, headers)
            sheet.write_row(1, 0, ROW)
        workbook.get_worksheet_by_name("New").activate()
        workbook.get_worksheet_by_name("New").set_first_sheet()
        workbook.get_worksheet_by_name("Old").hide()

    assert table_of(workbook_bytes(fill)).sheet == "New"


def test_a_cell_merged_over_rows_counts_for_each_and_is_said() -> None:
    def fill(workbook: Any) -> None:
        sheet = workbook.add_worksheet()
        sheet.merge_range(0, 0, 0, 2, "Requests for fellowships")
        sheet.write_row(1, 0, HEADERS)
        sheet.write_row(2, 0, ("A1", None, "full"))
        sheet.write_row(3, 0, ("A2", None, "dsa"))
        sheet.merge_range(2, 1, 3, 1, "Mali")

    table = table_of(workbook_bytes(fill))
    assert [row.cells[1] for row in table.rows] == ["Mali", "Mali"]
    found = the_problem(table.problems, "intake-merged")
    assert (found.where.row, found.where.column) == (3, "administration")


def test_a_header_of_two_rows_is_read_from_the_lower() -> None:
    def fill(workbook: Any) -> None:
        sheet = workbook.add_worksheet()
        for column, header in enumerate(HEADERS):
            sheet.merge_range(0, column, 1, column, header)
        sheet.merge_range(0, 3, 0, 4, "Name")
        sheet.write_row(1, 3, ("Family name", "Given name"))
        sheet.write_row(2, 0, (*ROW, "Pebble", "Clay"))

    table = table_of(workbook_bytes(fill))
    assert table.headers == (*HEADERS, "Family name", "Given name")
    assert len(table.rows) == 1


def test_a_file_without_a_header_says_which_names_are_needed() -> None:
    error = refusal(b"a,b,c\n1,2,3\n")
    assert error.code == "intake-no-header"
    assert "application_id" in str(error)
    late = b"title\n" * 31 + csv_bytes(HEADERS, ROW)
    assert refusal(late).code == "intake-no-header"


def test_a_header_alone_is_said() -> None:
    assert refusal(csv_bytes(HEADERS)).code == "intake-no-rows"


def test_other_kinds_of_list_are_found_by_their_own_columns() -> None:
    data = csv_bytes(("Country", "Fellowship", "Year"), ("Mali", "full", "2024"))
    assert read_table(data, "past.csv", PRIOR_AWARDS).header_row == 1


def test_letters_of_columns() -> None:
    places = {0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA"}
    assert {at: letters(at) for at in places} == places
