"""Allocation, Why and Compare in a real browser: accessible, by keyboard, and from page to page."""

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from allocator.texts import say
from tests.ui.browsing import download, follow, open_page, violations
from tests.ui.decided import decided_template  # noqa: F401  (a fixture)
from tests.ui.people import OFFICER

pytestmark = [pytest.mark.office("decided"), pytest.mark.usefixtures("decided_template")]


def part(name):
    return f"allocation?part={quote(say(f'ui.allocation.tab.{name}'))}"


PAGES = (
    *("allocation", part("weights"), f"{part('overrides')}&application=A0049"),
    *("why?application=A0003", "compare?with=policy-1,file-merit-only"),
)


def test_the_pages_are_accessible_in_light_and_dark(look):
    page = look(OFFICER)
    found = {}
    for path in PAGES:
        open_page(page, f"{look.workbench.url}/{path}")
        if bad := violations(page):
            found[path] = bad
    assert found == {}


def test_the_figures_of_a_picture_are_a_table_when_they_are_opened(look):
    page = look(OFFICER, "allocation")
    tables = page.get_by_test_id("stDataFrame")
    before = tables.count()
    page.get_by_text(say("ui.charts.figures"), exact=True).first.click()
    expect(tables).to_have_count(before + 1)
    expect(tables.first).to_be_visible()


def test_a_weight_is_turned_with_the_keyboard_and_compared(look):
    page = look(OFFICER, part("weights"))
    expect(page.get_by_text(say("price.nothing"))).to_be_visible()
    page.get_by_role("slider").first.focus()
    page.keyboard.press("Home")
    expect(page.get_by_text(say("ui.allocation.weights.save-title"))).to_be_visible()
    follow(page, "Compare")
    expect(page.get_by_text(say("ui.compare.name.weights")).first).to_be_visible()
    assert "weights" in page.url


def test_a_decision_leads_to_the_person_and_the_letter(look):
    page = look(OFFICER, part("decisions"))
    grid = page.locator('[data-testid="stDataFrame"] .dvn-scroller').first
    grid.click(position={"x": 16, "y": 54})
    page.get_by_role(
        "button", name=say("ui.allocation.decisions.open", application="A0001")
    ).click()
    expect(page.get_by_role("heading", name="A0001")).to_be_visible()
    assert "application=A0001" in page.url
    file = download(page, say("ui.why.letter.download"))
    assert file.suggested_filename == "letter-A0001.txt"
    assert "A0001" in file.path().read_text(encoding="utf-8")
