"""The workbook that ``allocator new`` makes helps to fill it in and cannot be bent by accident."""

from datetime import date
from pathlib import Path

import openpyxl
import pytest
import yaml
from openpyxl.worksheet.worksheet import Worksheet

from allocator.intake.template import columns, round_text, write_workbook
from allocator.texts import say

ON = date(2027, 1, 25)
MEETINGS = ("sg13-2027-03",)


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> openpyxl.Workbook:
    path = tmp_path_factory.mktemp("template") / "applications.xlsx"
    write_workbook(path, MEETINGS, ON)
    return openpyxl.load_workbook(path)


@pytest.fixture(scope="module")
def sheet(workbook: openpyxl.Workbook) -> Worksheet:
    return workbook.worksheets[0]


def test_first_sheet_has_the_columns_and_the_second_explains_them(
    workbook: openpyxl.Workbook, sheet: Worksheet
) -> None:
    names = [column.name for column in columns(MEETINGS, ON)]
    assert [cell.value for cell in sheet[1]] == names
    guide = workbook.worksheets[1]
    assert guide.title == say("template.sheet.guide")
    assert set(names) <= {row[0].value for row in guide.iter_rows()}
    assert workbook.worksheets[2].sheet_state == "hidden"


def test_every_header_carries_a_note_and_is_locked_while_entries_are_free(
    sheet: Worksheet,
) -> None:
    assert sheet.protection.sheet
    assert sheet.freeze_panes == "B2"
    for cell in sheet[1]:
        assert cell.comment is not None
        assert cell.comment.text == say(f"template.column.{cell.value}.note")
        assert cell.protection.locked
    for column in sheet.column_dimensions.values():
        assert not column.protection.locked


def test_identifiers_and_names_are_text_so_that_nothing_is_turned_into_a_number(
    sheet: Worksheet,
) -> None:
    for letter in "ABCD":
        assert sheet.column_dimensions[letter].number_format == "@"


def test_lists_are_offered_but_do_not_forbid_what_was_received(
    workbook: openpyxl.Workbook, sheet: Worksheet
) -> None:
    rules = sheet.data_validations.dataValidation
    lists = [rule for rule in rules if rule.type == "list"]
    assert len(lists) == len([each for each in columns(MEETINGS, ON) if each.choices])
    assert {rule.errorStyle for rule in rules} == {"warning"}
    offered = {cell.value for row in workbook.worksheets[2].iter_rows() for cell in row}
    assert {"female", "full", "yes", "Kenya", "Viet Nam", *MEETINGS} <= offered


def test_the_same_template_is_always_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        write_workbook(tmp_path / name, MEETINGS, ON)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


@pytest.mark.parametrize("title", ["Plain", 'It\'s 50: # "odd"', "- list", "{a: b}", "$id"])
def test_any_title_makes_a_readable_round(title: str) -> None:
    made = yaml.safe_load(round_text("my-round", title))
    assert made["title"] == title
    assert made["id"] == "my-round"
