"""The guide leads a newcomer over the pages of the sample round, and goes when it is told to."""

import pytest
from playwright.sync_api import expect

from allocator.texts import say
from allocator.ui import guide
from allocator.ui.navigation import all_pages
from tests.ui.browsing import settled, violations
from tests.ui.decided import (  # noqa: F401  (fixtures)
    ROUND,
    decided_template,
    labels,
    published_template,
    words,
)
from tests.ui.people import ANALYST, APPROVER, AUDITOR, OFFICER, desk_of

HIDE = say("ui.guide.hide")
OF_A_ROUND = ("applications", "policy", "allocation", "why", "compare", "audit", "signoff")


def step_of(number, name):
    title = say(f"ui.guide.step.{name}.title")
    return say("ui.guide.step-of", number=number, count=len(guide.steps(None)), title=title)


def leads_to(number, name):
    title = say(f"ui.guide.step.{name}.title")
    return say("ui.guide.next-of", number=number, count=len(guide.steps(None)), title=title)


def next_of(number, name):
    return say("ui.guide.next", number=number, title=say(f"ui.guide.step.{name}.title"))


def links(page):
    return [each.proto.label for each in page.get("page_link")]


@pytest.mark.parametrize("login", [OFFICER, APPROVER, AUDITOR, ANALYST])
@pytest.mark.parametrize("name", OF_A_ROUND)
def test_it_stands_on_every_page_of_the_sample_round(app, login, name):
    page = app(login, name, round=ROUND)
    assert not page.exception
    assert HIDE in labels(page)


def test_it_says_which_step_this_is_and_leads_to_the_next(app, office):
    page = app(OFFICER, "applications", round=ROUND)
    assert step_of(2, "check") in words(page)
    assert say("ui.guide.step.check.what") in words(page)
    assert next_of(3, "allocate") in links(page)
    desk_of(office, OFFICER).check(ROUND, None)
    page = app(OFFICER, "applications", round=ROUND)
    assert f"{step_of(2, 'check')}** *{say('ui.guide.done')}" in words(page)
    assert say("ui.guide.step.check.what") not in words(page)


@pytest.mark.office("decided")
@pytest.mark.usefixtures("decided_template")
def test_the_steps_that_are_done_are_those_of_the_round(app, office):
    page = app(OFFICER, "policy", round=ROUND)
    assert leads_to(4, "why") in words(page)
    assert say("ui.guide.go") in links(page)
    page = app(OFFICER, "why", round=ROUND, application="A0049")
    assert f"{step_of(4, 'why')}** *{say('ui.guide.done')}" in words(page)
    assert next_of(5, "propose") in links(page)
    assert step_of(5, "propose") in words(app(OFFICER, "signoff", round=ROUND))
    desk = desk_of(office, OFFICER)
    desk.propose(ROUND, desk.runs(ROUND)[0].id, None)
    page = app(OFFICER, "signoff", round=ROUND)
    assert step_of(6, "approve") in words(page)
    assert say("ui.guide.not-yours") in words(page)
    assert say("ui.guide.not-yours") not in words(app(APPROVER, "signoff", round=ROUND))


@pytest.mark.office("published")
@pytest.mark.usefixtures("published_template")
def test_to_verify_is_the_last_step_and_is_done_when_it_was(app):
    page = app(AUDITOR, "audit", round=ROUND)
    assert step_of(7, "verify") in words(page)
    page.button(key="audit-verify").click().run()
    page.run()
    assert f"{step_of(7, 'verify')}** *{say('ui.guide.done')}" in words(page)


def test_it_goes_when_it_is_hidden_and_comes_back_from_rounds(app):
    page = app(OFFICER, "applications", round=ROUND)
    page.button(key="guide-hide").click().run()
    assert HIDE not in labels(page)
    page.run()
    assert HIDE not in labels(page)
    rounds = app(OFFICER, "rounds", round=ROUND)
    assert say("ui.guide.again") not in labels(rounds)
    rounds.session_state["_guide-hidden"] = True
    rounds.run()
    rounds.button(key="guide-again").click().run()
    assert rounds.session_state["_guide-hidden"] is False
    assert say("ui.guide.again") not in labels(rounds)


@pytest.mark.parametrize("name", OF_A_ROUND)
def test_other_rounds_are_free_of_it(app, office, name):
    desk = desk_of(office, OFFICER)
    own = desk.create_empty("Our own round").summary.id
    assert HIDE not in labels(app(OFFICER, name, round=own))


def test_a_second_sample_is_a_sample_too(office):
    desk = desk_of(office, OFFICER)
    assert guide.is_sample(desk.create_sample().summary)
    assert not guide.is_sample(desk.create_empty("sg20-2025-09-3").summary)


def test_every_step_is_on_a_page_that_somebody_is_shown():
    pages = {each.name for each in all_pages()}
    assert {each.page for each in guide.steps(None)} <= pages


@pytest.mark.parametrize("size", [(1280, 900), (640, 450)])
def test_it_is_accessible_and_hidden_with_the_keyboard_also_at_200_percent(look, size):
    page = look(OFFICER, f"compare?round={ROUND}", size=size)
    assert violations(page) == []
    hide = page.get_by_role("button", name=HIDE)
    hide.focus()
    page.keyboard.press("Enter")
    expect(hide).to_have_count(0)
    settled(page)
    width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert width <= 0
