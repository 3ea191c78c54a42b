"""``decisions.xlsx`` is complete, holds values only and is the same every time."""

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from allocator.explain.result import Result
from allocator.model import Gender
from allocator.outputs.decisions_xlsx import write_decisions_xlsx
from tests.outputs_sample import sample


def opened(result: Result, folder: Path) -> Any:
    path = folder / "decisions.xlsx"
    write_decisions_xlsx(result, path)
    return openpyxl.load_workbook(path)


def table(sheet: Any, first: str) -> list[dict[str, Any]]:
    """Return the rows below the heading row that begins with ``first``."""
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    at = next(i for i, row in enumerate(rows) if row[0] == first)
    return [dict(zip(rows[at], row, strict=True)) for row in rows[at + 1 :] if row[0] is not None]


def test_every_sheet_is_there(tmp_path: Path) -> None:
    assert opened(sample(), tmp_path).sheetnames == [
        "Decisions",
        "Summary",
        "Merit",
        "Ineligible",
        "Ties",
        "Problems",
        "Policy",
    ]


def test_every_decision_is_there_with_its_word_and_its_numbers(tmp_path: Path) -> None:
    result = sample()
    rows = table(opened(result, tmp_path)["Decisions"], "Application")
    assert [row["Decision"] for row in rows] == [line.decision.value for line in result.lines]
    assert rows[8]["Amount"] == 1600
    assert rows[8]["Merit"] == 61
    assert rows[1]["Margin"] == -0.75
    assert rows[7]["Merit"] is None


def test_headings_stay_in_sight_and_can_be_filtered(tmp_path: Path) -> None:
    sheet = opened(sample(), tmp_path)["Decisions"]
    assert sheet.freeze_panes == "B4"
    assert sheet.auto_filter.ref.startswith("A3:")


def test_names_are_only_on_the_first_sheet_which_says_so(tmp_path: Path) -> None:
    book = opened(sample(), tmp_path)
    assert "personal data" in book["Decisions"]["A2"].value
    assert table(book["Decisions"], "Application")[0]["Family name"] == "Sample"
    for sheet in book.worksheets[1:]:
        values = {str(cell.value) for row in sheet.iter_rows() for cell in row}
        assert not values & {"Sample", "Person"}, sheet.title


def test_without_names_there_are_no_name_columns(tmp_path: Path) -> None:
    result = sample()
    nameless = tuple(
        replace(each, application=replace(each.application, family_name="", given_name=""))
        for each in result.pool.candidates
    )
    pool = replace(result.pool, candidates=nameless, ineligible=())
    lines = tuple(line for line in result.lines if line.merit is not None)
    sheet = opened(replace(result, pool=pool, lines=lines), tmp_path)["Decisions"]
    assert "Family name" not in [cell.value for cell in sheet[2]]
    assert sheet["A2"].value == "Application"


@pytest.mark.parametrize("text", ["=1+1", "{=1}", "https://example.org", "@SUM(1)", "+1", "-1"])
def test_text_stays_text(tmp_path: Path, text: str) -> None:
    result = sample()
    first = replace(result.lines[0], reason=text)
    book = opened(replace(result, lines=(first, *result.lines[1:])), tmp_path)
    cell = next(c for c in book["Decisions"][4] if c.value == text)
    assert cell.data_type == "s"
    with zipfile.ZipFile(tmp_path / "decisions.xlsx") as archive:
        assert not any("hyperlink" in archive.read(name).decode() for name in archive.namelist())
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_text_too_long_for_a_cell_is_cut_not_lost(tmp_path: Path) -> None:
    result = sample()
    first = replace(result.lines[0], reason="x" * 40_000)
    book = opened(replace(result, lines=(first, *result.lines[1:])), tmp_path)
    assert max(len(str(cell.value)) for cell in book["Decisions"][4]) == 32_767


def test_merit_is_the_sum_of_its_criteria(tmp_path: Path) -> None:
    rows = table(opened(sample(), tmp_path)["Merit"], "Application")
    assert len(rows) == 21
    for row in rows:
        assert row["Being nominated"] + row["Contributions"] == row["Merit"]


def test_each_refusal_has_its_rule_reference_and_fact(tmp_path: Path) -> None:
    rows = table(opened(sample(), tmp_path)["Ineligible"], "Application")
    assert len(rows) == 6
    assert rows[0]["Rule"] == "Received in time"
    assert rows[0]["Reference"] == "Fellowship rules, quota"
    assert rows[0]["What it rests on"] == "Received 3 days after the deadline."


def test_an_unfinished_run_is_marked(tmp_path: Path) -> None:
    book = opened(sample(final=False), tmp_path)
    for name in ("Decisions", "Summary"):
        assert str(book[name]["A2"].value).startswith("NOT FINAL")


def test_the_same_result_gives_the_same_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / "a.xlsx", tmp_path / "b.xlsx"]
    for path in paths:
        write_decisions_xlsx(sample(), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_genders_are_written_as_stated(tmp_path: Path) -> None:
    rows = table(opened(sample(), tmp_path)["Decisions"], "Application")
    assert {row["Gender"] for row in rows} == {"female", "male", Gender.NOT_STATED.value}
