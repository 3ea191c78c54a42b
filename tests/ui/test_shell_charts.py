"""Pictures: what they say to those who do not see them, and the same figures as a table."""

from dataclasses import replace
from fractions import Fraction

import pytest
from streamlit.testing.v1 import AppTest

from allocator.explain.figures import Money, figures
from allocator.explain.price import Change, price
from tests.outputs_sample import sample
from tests.ui.browsing import TIMEOUT


@pytest.fixture(scope="module")
def result():
    return sample(40)


def drawn(function, *arguments):
    """Draw one picture and return its words and its table."""

    def script(name, values):
        from allocator.ui import charts

        getattr(charts, name)(*values, key="one")

    page = AppTest.from_function(script, args=(function, arguments), default_timeout=TIMEOUT / 1000)
    page.session_state["one-figures"] = True  # somebody has opened the figures
    page.run()
    assert not page.exception, page.exception
    return page.get("vega_lite_chart")[0].proto.alt, page.dataframe[0].value


def test_money_is_told_by_fund_with_what_it_is_of(result):
    funds = (
        Money("a", "Main fund", 3, 1_234_550, 2_000_000),
        Money("b", "No end", 1, 50_000, None),
    )
    words, table = drawn("money_chart", funds, "CHF", "Money used")
    assert "Main fund: 12\u202f345.50 of 20\u202f000" in words
    assert "No end: CHF 500" in words
    assert list(table["2"]) == [12345.5, 500]
    assert table["3"].isna().tolist() == [False, True]


def test_stages_are_told_with_shares_and_target(result):
    numbers = figures(result)
    gender = numbers.groupings[0]
    words, table = drawn("stage_chart", gender, numbers.aims)
    assert "Target for Female: 50\u202f%" in words
    assert list(table["3"])[: len(gender.groups)] == [group.awarded for group in gender.groups]


@pytest.mark.parametrize("picture", ["share_chart", "strip_chart"])
def test_groups_are_told_one_by_one(result, picture):
    numbers = figures(result)
    regions = numbers.groupings[1]
    arguments = (regions, numbers.aims) if picture == "share_chart" else (regions,)
    words, table = drawn(picture, *arguments)
    assert all(f"{group.label}: " in words for group in regions.groups)
    assert list(table["1"])[: len(regions.groups)] == [g.nominated for g in regions.groups]


def test_groups_of_which_nobody_is_awarded_can_be_drawn(result):
    numbers = figures(result)
    regions = numbers.groupings[1]
    none = replace(
        regions,
        groups=tuple(replace(group, awarded=0, eligible=0) for group in regions.groups),
        known=replace(regions.known, awarded=0, eligible=0),
    )
    words, _ = drawn("share_chart", none, ())
    assert "target" not in words


def test_a_waterfall_adds_up(result):
    same = price(result, result)
    before = Fraction(100_000)
    change = replace(
        same,
        merit=Change(Fraction(90_000), Fraction(60_000)),
        objective=Change(before, before - 10_000),
    )
    words, table = drawn("waterfall", change)
    assert words == ("From 100 points to 90: merit of awards \u221230, missed balance 20.")
    steps = [float(each) for each in table["1"]]
    assert steps[0] + steps[1] + steps[2] == steps[3] == 90
