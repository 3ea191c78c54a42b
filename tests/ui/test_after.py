"""After publication, through the page's own forms: what became of an award, and what was paid."""

from datetime import date

import pytest

from allocator.texts import say
from tests.ui.decided import (  # noqa: F401  (fixtures)
    ROUND,
    button,
    decided_template,
    labels,
    published_template,
    words,
)
from tests.ui.people import OFFICER, desk_of

pytestmark = [pytest.mark.office("published"), pytest.mark.usefixtures("published_template")]

THEN = date(2025, 9, 1)
ALLOCATED, COMMITTED, PAID, RELEASED, FREE = "12345"
"""Columns of the ledger; its first line is the fund that all awards are paid from."""


@pytest.fixture
def award(office):
    """Give the dearest award of the round."""
    lines = desk_of(office, OFFICER).result("1").lines
    return max((e for e in lines if e.decision == "awarded"), key=lambda each: each.amount)


@pytest.fixture
def page(app, award):
    """Give the page on which that award is chosen in the table, as by a click on its row."""
    page = app(OFFICER, "allocation", part=say("ui.allocation.tab.after"))
    row = list(awards(page)["0"]).index(award.application_id)
    page.session_state["after-awards"] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    return page.run()


def awards(page):
    """Return the table of awards."""
    return page.dataframe[1].value


def money(page):
    """Return the first line of the ledger in minor units."""
    line = page.dataframe[0].value.iloc[0]
    return {name: round(line[name] * 100) for name in (COMMITTED, PAID, RELEASED, FREE)}


def field(elements, label):
    """Return the field of that label."""
    return next(each for each in elements if each.label == label)


def record(page, kind, note=""):
    """Record what became of the chosen award."""
    outcome = next(e for e in page.selectbox if e.label == say("ui.allocation.after.outcome"))
    outcome.set_value(kind)
    field(page.date_input, say("ui.allocation.after.on")).set_value(THEN)
    field(page.text_area, say("ui.allocation.after.note")).set_value(note)
    return button(page, say("ui.allocation.after.record-button")).click().run()


def pay(page, typed):
    """Record a payment for the chosen award."""
    label = say("ui.allocation.after.amount", currency="CHF")
    field(page.text_input, label).set_value(typed)
    field(page.date_input, say("ui.allocation.after.paid-on")).set_value(THEN)
    return button(page, say("ui.allocation.after.pay-button")).click().run()


def standing(page, award):
    """Return what the table says became of an award, and since when."""
    table = awards(page)
    line = table[table["0"] == award.application_id].iloc[0]
    return line.iloc[-2], line.iloc[-1]


def test_an_acceptance_a_payment_and_a_withdrawal_are_recorded_and_shown(page, office, award):
    desk, before = desk_of(office, OFFICER), money(page)
    page = record(page, "accepted", "By letter.")
    assert not page.error
    assert say("ui.allocation.after.recorded", application=award.application_id) in words(page)
    assert standing(page, award) == (say("ui.allocation.outcome.accepted"), THEN)
    assert money(page) == before

    page = pay(page, "100.50")
    assert not page.error
    paid = {**before, PAID: before[PAID] + 10_050, COMMITTED: before[COMMITTED] - 10_050}
    assert money(page) == paid
    payments = next(e.value for e in page.dataframe if list(e.value["4"]) == [OFFICER])
    assert list(payments.iloc[0][["0", "1"]]) == [THEN, award.application_id]

    page = record(page, "withdrawn")
    assert not page.error
    assert standing(page, award) == (say("ui.allocation.outcome.withdrawn"), THEN)
    left = award.amount - 10_050
    after = money(page)
    assert after[COMMITTED] == paid[COMMITTED] - left
    assert (after[RELEASED], after[FREE]) == (before[RELEASED] + left, before[FREE] + left)
    assert after[PAID] == paid[PAID]
    assert say("ui.allocation.after.record-button") not in labels(page)
    assert say("ui.allocation.after.reallocate-button") in labels(page)
    told = [(each.kind, each.note) for each in desk.outcomes(ROUND)]
    assert told == [("withdrawn", ""), ("accepted", "By letter.")]


def test_an_outcome_recorded_by_mistake_is_corrected_with_a_reason(page, office, award):
    before = money(page)
    page = record(page, "withdrawn")
    assert money(page)[FREE] > before[FREE]
    kind = field(page.selectbox, say("ui.allocation.after.correct-to"))
    assert say("ui.allocation.outcome.accepted") in kind.options
    kind.set_value("none")
    press = say("ui.allocation.after.correct-button")
    page = button(page, press).click().run()
    assert page.error  # without a reason nothing is corrected
    assert standing(page, award)[0] == say("ui.allocation.outcome.withdrawn")
    field(page.text_area, say("ui.allocation.after.correct-why")).set_value("Another fellow.")
    page = button(page, press).click().run()
    assert not page.error
    assert standing(page, award)[0] == say("ui.allocation.outcome.none")
    assert money(page) == before
    assert press not in labels(page)
    kinds = [each.kind for each in desk_of(office, OFFICER).timeline(ROUND)]
    assert kinds[:2] == ["outcome-corrected", "outcome-recorded"]


@pytest.mark.parametrize("typed", ["", "a lot", "12.345", "5e2", "1_000.50", "9" * 400])
def test_what_is_no_amount_of_money_is_refused_and_nothing_is_paid(page, office, typed):
    before = money(page)
    page = pay(page, typed)
    assert [each.value for each in page.error] == [say("ui.allocation.after.not-money")]
    assert money(page) == before
    assert "paid" not in {each.kind for each in desk_of(office, OFFICER).timeline(ROUND)}
