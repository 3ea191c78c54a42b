"""Tables leave the workbench as XLSX that a spreadsheet cannot run, and in no other way."""

import ast
from pathlib import Path

import pytest
from playwright.sync_api import expect

from allocator import ui
from allocator.texts import say
from allocator.ui.server import settings
from tests.ui.decided import ROUND, decided_template  # noqa: F401
from tests.ui.people import AUDITOR, OFFICER

MODULES = sorted(Path(ui.__file__).parent.glob("*.py"))
DRAWS = {"dataframe", "data_editor", "table"}
PAGES = ("rounds", "applications", "policy", "allocation", "why", "signoff")


def test_streamlits_own_export_is_off():
    assert settings()["client.disableDataExport"] is True


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_only_the_component_draws_tables(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    drawn = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr) in {("st", each) for each in DRAWS}
    ]
    assert len(drawn) == (path.stem == "components"), drawn


@pytest.mark.office("decided")
@pytest.mark.usefixtures("decided_template")
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("login", [OFFICER, AUDITOR])
def test_every_table_has_its_workbook_beside_it(app, login, page):
    shown = app(login, page, round=ROUND)
    assert not shown.exception
    offered = [e for e in shown.get("download_button") if e.label == say("ui.download-xlsx")]
    assert shown.dataframe
    assert len(offered) >= len(shown.dataframe)


def test_the_browser_offers_no_csv(look):
    page = look(OFFICER, f"rounds?round={ROUND}")
    table = page.get_by_test_id("stDataFrame").first
    table.hover()
    expect(page.get_by_role("button", name="Search").first).to_be_visible()
    expect(page.get_by_role("button", name="Download as CSV")).to_have_count(0)
    expect(page.get_by_role("button", name=say("ui.download-xlsx")).first).to_be_visible()
