"""The keyboard alone: every page is walked through and its main action is carried out."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from allocator.office.roles import Role
from allocator.office.states import State
from allocator.texts import say
from tests.ui.browsing import says, settled
from tests.ui.decided import ROUND, decided_template  # noqa: F401  (a fixture)
from tests.ui.people import ADMINISTRATOR, APPROVER, AUDITOR, OFFICER, desk_of

pytestmark = [pytest.mark.office("decided"), pytest.mark.usefixtures("decided_template")]

MOST = 400
SAME = 20
"""Presses of a key during which something is taken to be the same element."""

TABS = 12
"""Presses of a key after which something is not to be reached."""

_STILL = (
    """*:not([data-testid="stCode"], [data-testid="stCode"] *) { transition: none !important; }"""
)
"""Looks change at once, but where a button appears only while something has the focus."""

_STEP = """async () => {
  const moving = () => document.getAnimations().filter(each => each instanceof CSSTransition);
  const still = () => Promise.all(moving().map(each => each.finished.catch(() => null)));
  const looks = element => {
    const near = [element, element.nextElementSibling, element.previousElementSibling];
    const whole = element.closest('[data-testid="stElementContainer"]') ?? element.parentElement;
    for (let each = element; each !== whole; each = each.parentElement)
      near.push(each.parentElement);
    near.push(...(element.closest('label, [data-testid="stSlider"]')?.querySelectorAll('*') ?? []));
    const told = near.filter(Boolean).flatMap(each => ['', '::before', '::after'].map(part => {
      const style = getComputedStyle(each, part || null);
      return [style.outline, style.boxShadow, style.border, style.backgroundColor, style.opacity,
              style.color, style.textDecoration].join();
    }));
    return told.join(';');
  };
  const walk = (window.walk ??= {met: [], at: null, look: '', unseen: []});
  await still();
  const now = document.activeElement === document.body ? null : document.activeElement;
  if (now === walk.at) return now !== null;
  if (walk.at && looks(walk.at) === walk.look) walk.unseen.push(walk.at);
  walk.at = now;
  walk.look = now ? looks(now) : '';
  if (now) walk.met.push(now);
  return now !== null;
}"""
"""Take note of where the focus is, and whether what had it before looks different without it."""

_FOUND = """() => {
  const kinds = 'a[href], button, input, select, textarea, summary, [role="tab"], canvas';
  const open = each => each.checkVisibility({checkVisibilityCSS: true}) && !each.disabled;
  const told = each => each.outerHTML.slice(0, 120) + ' ' + each.innerText;
  const all = [...document.querySelectorAll(kinds)].filter(open).filter(each => each.tabIndex >= 0);
  return {
    missed: all.filter(each => !walk.met.includes(each)).map(told),
    unseen: walk.unseen.filter(each => all.includes(each)).map(told),
    met: walk.met.length,
  };
}"""


def walk(page: Page, key: str) -> dict:
    """Go once through a page with one key; return what was missed, or had the focus unseen."""
    leave(page, key, "() => document.activeElement !== document.body")
    page.evaluate("() => { delete window.walk; }")
    leave(page, key, _STEP)
    return page.evaluate(_FOUND)


def leave(page: Page, key: str, still_within: str) -> None:
    """Press a key until the focus has left the page at its end."""
    for _ in range(MOST):
        page.keyboard.press(key)
        if not page.evaluate(still_within):
            return
    raise AssertionError(f"no way out with {key}")


def reach(page: Page, target: Locator) -> None:
    """Press Tab until something has the focus."""
    settled(page)
    expect(target).to_be_visible()
    for turn in range(MOST):
        if turn % SAME == 0:  # the page may have drawn it anew
            element = target.element_handle()
        page.keyboard.press("Tab")
        if element.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"never reached: {target}")


def enter(page: Page, role: str, name: str) -> None:
    """Press Enter on a button or a link."""
    reach(page, page.get_by_role(role, name=name, exact=True))
    page.keyboard.press("Enter")


def fill(page: Page, name: str, words: str) -> None:
    """Type into the field of that name."""
    field = page.get_by_role("textbox", name=name, exact=True)
    reach(page, field)
    page.keyboard.type(words)
    page.keyboard.press("Tab")
    expect(field).to_have_value(words)


def go_along(page: Page, name: str) -> None:
    """Go along the tabs with an arrow key until the one of that name is chosen.

    A key pressed while the page draws itself anew may be lost, as it may be for a person; the tab
    that Tab leads to is then not always the chosen one.
    """
    entry = page.locator("[role=tab][tabindex='0']").first
    wanted = page.get_by_role("tab", name=name, exact=True)
    for _ in range(TABS):
        settled(page)
        if wanted.get_attribute("aria-selected") == "true":
            return
        if not entry.evaluate("element => element === document.activeElement"):
            reach(page, entry)
        page.keyboard.press("ArrowRight")
    raise AssertionError(f"never reached: {name}")


def go(page: Page, name: str) -> None:
    """Go to another page by the navigation."""
    title = say(f"ui.page.{name}.title")
    reach(page, page.get_by_test_id("stSidebar").get_by_role("link", name=title, exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name=title, exact=True)).to_be_visible()
    settled(page)


@pytest.mark.parametrize(
    ("login", "pages"),
    [
        (OFFICER, ("rounds", "applications", "policy", "allocation", "why", "compare", "signoff")),
        (AUDITOR, ("audit",)),
        (ADMINISTRATOR, ("administration",)),
    ],
)
def test_everything_on_a_page_is_reached_and_left_and_seen_to_have_the_focus(look, login, pages):
    page = look(login, f"rounds?round={ROUND}")
    page.add_style_tag(content=_STILL)
    for name in pages:
        go(page, name)
        for key in ("Tab", "Shift+Tab"):
            found = walk(page, key)
            assert found["met"] > 10
            assert found["missed"] == [], (name, key)
            assert found["unseen"] == [], (name, key)


@pytest.fixture
def at(visit):
    """Give ``at(login, page)``: a page of the round as a person who has no mouse."""

    def opened(login: str, name: str) -> Page:
        return visit(login, f"{name}?round={ROUND}")

    return opened


def test_the_main_actions_need_no_mouse(at, office):
    officer = at(OFFICER, "why")
    fill(officer, say("ui.why.search"), "A0003")
    says(officer, say("ui.why.letter.title"))
    assert "application=A0003" in officer.url

    go(officer, "allocation")
    go_along(officer, say("ui.allocation.tab.weights"))
    says(officer, say("ui.allocation.weights.about"))
    reach(officer, officer.get_by_role("slider").first)
    officer.keyboard.press("Home")
    says(officer, say("ui.allocation.weights.save-title"))

    go(officer, "compare")
    reach(officer, officer.get_by_role("combobox", name=say("ui.compare.which")))
    officer.keyboard.type("merit-only")
    expect(officer.get_by_role("option")).to_have_count(1)
    officer.keyboard.press("Enter")
    expect(officer).to_have_url(re.compile("file-merit-only"))
    officer.keyboard.press("Escape")

    go(officer, "policy")
    reach(officer, officer.get_by_role("slider", name="Weight in merit points").first)
    officer.keyboard.press("ArrowRight")
    says(officer, "is worth up to 26 merit points")
    reach(officer, officer.get_by_role("checkbox").first)
    officer.keyboard.press("Space")
    fill(officer, say("ui.policy.save.reason"), "To compare")
    enter(officer, "button", say("ui.policy.save.button"))
    says(officer, say("ui.policy.save.done"))

    go(officer, "signoff")
    enter(officer, "button", say("ui.signoff.propose.button"))
    says(officer, say("ui.signoff.propose.done"))
    desk = desk_of(office, OFFICER)
    approver = at(APPROVER, "signoff")
    fill(approver, say("ui.signoff.approve.label", count=8), desk.round(ROUND).run.fingerprint[:8])
    enter(approver, "button", say("ui.signoff.approve.button"))
    says(approver, say("ui.signoff.approve.done"))
    assert desk.round(ROUND).summary.state is State.APPROVED


def test_a_record_is_verified_and_an_account_added_without_a_mouse(at, office):
    auditor = at(AUDITOR, "audit")
    enter(auditor, "button", say("ui.audit.record.button"))
    says(auditor, say("ui.audit.verdict.verified"))

    page = at(ADMINISTRATOR, "administration")
    reach(page, page.locator("summary", has_text=say("ui.administration.add.title")))
    page.keyboard.press("Enter")
    fill(page, say("ui.administration.add.login"), "new@example.org")
    fill(page, say("ui.administration.add.name"), "New Colleague")
    roles = page.get_by_role("combobox", name=say("ui.administration.add.roles")).first
    reach(page, roles)
    page.keyboard.type(say("office.role.auditor"))
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    enter(page, "button", say("ui.administration.add.button"))
    says(page, say("ui.administration.add.done"))
    accounts = {each.login: each.roles for each in desk_of(office, ADMINISTRATOR).accounts()}
    assert accounts["new@example.org"] == (Role.AUDITOR,)
