"""Tables leave every text room; sentences are written alike wherever they come from."""

import pytest

from allocator.errors import AllocatorError, problem
from allocator.ui.failures import advice
from allocator.ui.fitting import ROOM, fit, pixels
from allocator.ui.formats import grouped, quoted

LONG = "Gabon does not belong to the group “Member States taken as eligible in 2024”; " * 2


def test_short_texts_stay_in_one_line():
    found = fit(("Application", "Decision"), (("A0001",), ("Awarded",)), (None, None), ROOM)
    assert found.row_height is None
    assert sum(found.widths) < ROOM


def test_long_texts_go_on_in_the_next_line_and_nothing_leaves_the_page():
    found = fit(("Application", "Why"), (("A0001",), (LONG,)), (None, None), ROOM)
    assert sum(found.widths) <= ROOM
    assert found.row_height is not None
    assert found.row_height >= 66, "the grid lets text go on only in rows so high"
    assert found.widths[0] < 120 < found.widths[1]


def test_a_heading_is_never_cut_off():
    found = fit(("A heading of some length", "Why"), (("1",), (LONG,)), (None, None), 400)
    assert found.widths[0] > pixels("A heading of some length")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("40 awards of 119217.96 CHF", "40 awards of 119\u202f217.96 CHF"),
        ("790059 bytes, 20 members", "790\u202f059 bytes, 20 members"),
        ("1314.808 points", "1\u202f314.808 points"),
        ("version 2026, 2025-08-18", "version 2026, 2025-08-18"),
        ("begins 46690001ab", "begins 46690001ab"),
    ],
)
def test_thousands_are_set_apart_and_nothing_else_changes(written, read):
    assert grouped(written) == read


def test_names_in_backquotes_are_quoted():
    assert quoted("The column `role` says `a`.") == "The column “role” says “a”."


@pytest.mark.parametrize(
    "code", ["record-key", "office-key-missing", "round-no-prior-awards", "round-no-file"]
)
def test_a_page_names_no_command_and_no_folder(code):
    told = advice(problem(code))
    assert "allocator" not in told
    assert "openssl" not in told
    assert "folder" not in told
    assert AllocatorError((problem(code),)).problems[0].do != told
