"""Compare without a browser: policies side by side, by every kind of source and for every role."""

from dataclasses import replace
from fractions import Fraction
from io import BytesIO

import openpyxl
import pytest

from allocator.explain.compare_policies import compare_policies
from allocator.explain.moves import moves as moves_of
from allocator.explain.what_if import assessed, what_if
from allocator.outputs.compare_xlsx import figure_rows, move_rows
from allocator.policy import policy_bytes
from allocator.texts import say
from allocator.ui.compare_charts import _shares
from allocator.ui.pages_compare import _workbook
from allocator.wording import target_words
from tests.ui.decided import ROUND, decided_template, words  # noqa: F401
from tests.ui.people import ADMINISTRATOR, ANALYST, AUDITOR, OFFICER, desk_of

BOTH = "policy-1,file-merit-only"


def compared(desk):
    """Return what the library says of the round's own policy and merit alone."""
    own = desk.policies()[0].text.encode()
    name = say("ui.compare.name.own", number=1)
    merit = policy_bytes("merit-only")[0]
    sides = [(name, own, "policy.yaml"), ("merit-only", merit, "merit-only.yaml")]
    return compare_policies(desk.loaded(ROUND), sides)


def tables(page):
    """Return the tables of a page as lists of rows of text."""
    return [[tuple(map(str, row)) for row in each.value.to_numpy()] for each in page.dataframe]


@pytest.mark.office("empty")
def test_a_round_without_files_says_what_to_bring_first(app, office):
    desk_of(office, OFFICER).create_empty("Nothing yet")
    page = app(OFFICER, "compare")
    assert say("ui.compare.no-files.what") in words(page)


@pytest.mark.parametrize("login", [OFFICER, AUDITOR, ANALYST])
def test_one_policy_alone_is_nothing_to_compare(app, login):
    page = app(login, "compare")
    assert not page.exception
    assert say("ui.compare.empty.what") in words(page)


def test_an_administrator_is_not_shown_the_page(app):
    assert app(ADMINISTRATOR, "compare", **{"with": BOTH}).title[0].value != "Compare"


def test_the_table_says_what_the_library_says(app, office):
    page = app(OFFICER, "compare", **{"with": BOTH})
    assert not page.exception
    assert not page.error
    comparison = compared(desk_of(office, OFFICER))
    moves, figures = tables(page)
    assert figures == list(figure_rows(comparison))
    assert [(row[0], *row[3:]) for row in moves] == list(move_rows(comparison))


def test_an_analyst_compares_the_same_without_a_name(app, office):
    page = app(ANALYST, "compare", **{"with": BOTH})
    assert not page.exception
    assert not page.error
    desk = desk_of(office, OFFICER)
    comparison = compared(desk)
    moves, figures = tables(page)
    assert figures == list(figure_rows(comparison))
    assert [(row[0], *row[2:]) for row in moves] == list(move_rows(comparison))
    told = words(page)
    names = [f"{e.given_name} {e.family_name}" for e in desk.loaded(ROUND).applications]
    assert [each for each in names if each in told] == []


def test_an_uploaded_policy_is_compared_and_a_broken_one_refused(app):
    page = app(OFFICER, "compare")
    page.file_uploader(key="compare-upload").upload("mine.yaml", policy_bytes("merit-only")[0])
    page.run()
    assert not page.error
    assert len(page.multiselect[0].value) == 2
    assert tables(page)[1][1][1] != ""
    page = app(OFFICER, "compare")
    page.file_uploader(key="compare-upload").upload("broken.yaml", b"policy: [")
    page.run()
    assert not page.exception
    assert "broken" in words(page)
    assert page.error


@pytest.mark.office("decided")
@pytest.mark.usefixtures("decided_template")
def test_weights_turned_and_not_saved_are_compared(app, office):
    page = app(OFFICER, "allocation", part=say("ui.allocation.tab.weights"))
    page.slider[0].set_value(0.0).run()
    kept = page.session_state["_weights"]
    fresh = app(OFFICER, "compare")
    fresh.session_state["_weights"] = kept
    fresh.query_params["with"] = "policy-1,weights"
    fresh.run()
    assert not fresh.exception
    assert fresh.multiselect[0].value == ["policy-1", "weights"]
    desk = desk_of(office, OFFICER)
    known = assessed(desk.loaded(ROUND))
    first, *others = known.loaded.rules.balance
    balance = (replace(first, weight=0), *others)
    after = what_if(known, replace(known.loaded.rules, balance=balance))
    moves = tables(fresh)[0]
    changed = {each.application_id for each in moves_of(desk.result("1"), after)}
    assert {row[0] for row in moves} == changed


def test_what_cannot_be_decided_is_named(app, office):
    desk = desk_of(office, OFFICER)
    text = desk.policies()[0].text.replace("column: contributions", "column: no_such_column")
    assert text != desk.policies()[0].text
    desk.save_policy(text, "For the test.")
    page = app(OFFICER, "compare", **{"with": "policy-1,policy-2"})
    assert not page.exception
    assert page.error or page.dataframe


def test_the_workbook_holds_the_figures_and_who_moves(office):
    comparison = compared(desk_of(office, OFFICER))
    book = openpyxl.load_workbook(BytesIO(_workbook(comparison)))
    cells = [str(c.value) for sheet in book for row in sheet.iter_rows() for c in row]
    assert all(row[0] in cells for row in figure_rows(comparison))
    assert all(row[0] in cells for row in move_rows(comparison))


@pytest.mark.office("decided")
@pytest.mark.usefixtures("decided_template")
def test_both_kinds_of_unsaved_changes_are_compared_and_say_whose_they_are(app, office):
    turned = app(OFFICER, "allocation", part=say("ui.allocation.tab.weights"))
    turned.slider[0].set_value(0.0).run()
    changed = app(OFFICER, "policy")
    changed.slider[0].set_value(0.0).run()
    page = app(OFFICER, "compare")
    page.session_state["_weights"] = turned.session_state["_weights"]
    page.session_state["_policy-drafts"] = changed.session_state["_policy-drafts"]
    del page.query_params["with"]  # as one comes to the page from another
    page.run()
    assert not page.exception
    assert not page.error
    assert page.multiselect[0].value == ["policy-1", "draft-saved-1", "weights"]
    told = words(page)
    draft = say("ui.compare.name.draft", of=say("ui.compare.name.saved", number=1))
    weights = say("ui.compare.name.weights")
    for name, where in ((draft, "on-policy"), (weights, "on-allocation")):
        whose = say(f"ui.compare.name.{where}", who="Robin Sample")
        assert say("ui.compare.unsaved", name=name, where=whose) in told
    figures = tables(page)[-1]
    assert len(figures[0]) == 4
    assert [row[2] for row in figures] == [row[3] for row in figures]  # the same weight, turned off
    assert [row[1] for row in figures] != [row[2] for row in figures]


def test_nothing_unsaved_is_offered_where_nothing_was_changed(app):
    page = app(OFFICER, "policy")
    fresh = app(OFFICER, "compare")
    fresh.session_state["_policy-drafts"] = page.session_state["_policy-drafts"]
    fresh.run()
    assert "unsaved" not in words(fresh)
    assert not [each for each in fresh.multiselect[0].options if "unsaved" in each]


def test_five_policies_stand_side_by_side(app):
    keys = "policy-1,file-merit-only,file-wtsa-24,file-itu-d-2009-2017,file-example-path-to-parity"
    page = app(OFFICER, "compare", **{"with": keys})
    assert not page.exception
    assert not page.error
    moves, figures = tables(page)
    assert {len(row) for row in figures} == {6}
    assert {len(row) for row in moves} == {8}
    found = {row[0]: row[1:] for row in figures}
    targets = found[say("compare.targets", label="Women")]
    assert targets[0] == target_words(Fraction(1, 2))
    assert targets[2] == target_words(Fraction(35, 100))
    assert targets[1] == say("compare.nothing")


def test_every_mark_has_the_target_of_its_own_policy_beside_it(office):
    rows, targets = _shares(compared(desk_of(office, OFFICER)))
    own = say("ui.compare.name.own", number=1)
    assert {each["name"] for each in targets} == {own}
    assert len(targets) == len([each for each in rows if each["name"] == own])
