"""``decisions.csv`` keeps its contract."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.explain.result import Result
from allocator.outputs.decisions_csv import HEADER, decisions_csv, guarded
from tests.outputs_sample import SECRETS, sample


def rows(result: Result) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(decisions_csv(result).decode("utf-8"), newline="")))


def with_first_line(**values: object) -> Result:
    result = sample()
    return replace(result, lines=(replace(result.lines[0], **values), *result.lines[1:]))


def test_columns_are_the_contract() -> None:
    first = decisions_csv(sample()).splitlines()[0]
    assert first == (
        b"application_id,decision,package,fund,amount,currency,merit,margin,reason_code,reason"
    )
    assert HEADER[0] == "application_id"


def test_it_is_utf8_without_mark_and_with_line_feeds() -> None:
    content = decisions_csv(with_first_line(reason="Café, «très» bien"))
    assert content.startswith(b"application_id")
    assert b"\r" not in content
    assert "Café, «très» bien" in content.decode("utf-8")


def test_an_awarded_line_has_amount_with_two_and_points_with_three_decimals() -> None:
    row = rows(sample())[8]
    assert (row["decision"], row["package"], row["fund"]) == ("awarded", "dsa", "general + ldc")
    assert (row["amount"], row["currency"]) == ("1600.00", "CHF")
    assert (row["merit"], row["margin"]) == ("61.000", "2.000")


def test_a_short_margin_is_a_negative_number_and_not_guarded() -> None:
    row = rows(with_first_line(margin=-2_500))[0]
    assert row["margin"] == "-2.500"


def test_an_ineligible_line_leaves_merit_and_margin_empty() -> None:
    row = rows(sample())[7]
    assert (row["decision"], row["package"], row["fund"]) == ("ineligible", "", "")
    assert (row["amount"], row["merit"], row["margin"]) == ("0.00", "", "")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
@pytest.mark.parametrize("column", ["application_id", "fund", "reason_code", "reason"])
def test_no_text_is_taken_for_a_formula(sign: str, column: str) -> None:
    row = rows(with_first_line(**{column: f"{sign}HYPERLINK(1)"}))[0]
    assert row[column] == f"'{sign}HYPERLINK(1)"


@given(st.text())
def test_guarding_only_ever_adds_one_sign(text: str) -> None:
    assert guarded(text) in (text, f"'{text}")
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_lines_stay_in_order_and_no_person_is_named() -> None:
    result = sample()
    assert [row["application_id"] for row in rows(result)] == [
        line.application_id for line in result.lines
    ]
    text = decisions_csv(result).decode("utf-8")
    assert not any(secret in text for secret in SECRETS)


def test_the_same_result_gives_the_same_bytes() -> None:
    assert decisions_csv(sample()) == decisions_csv(sample())
