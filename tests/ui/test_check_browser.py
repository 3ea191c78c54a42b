"""Sign-off, Audit and Administration in a real browser: nothing in anybody's way, light or dark."""

import pytest
from playwright.sync_api import expect

from allocator.texts import say
from tests.ui.browsing import press, settled, violations
from tests.ui.decided import decided_template  # noqa: F401  (a fixture)
from tests.ui.people import ADMINISTRATOR, AUDITOR, OFFICER

pytestmark = [pytest.mark.office("decided"), pytest.mark.usefixtures("decided_template")]


def test_the_pages_are_accessible_in_light_and_dark(look):
    found = {}
    for login, path in ((OFFICER, "signoff"), (ADMINISTRATOR, "administration")):
        page = look(login, path)
        found[path] = violations(page)
    page = look(AUDITOR, "audit")
    for view in ("fairness", "ties", "log", "other", "record"):
        name = say(f"ui.audit.view.{view}")
        page.get_by_text(name, exact=True).first.click()
        expect(page.get_by_role("radio", name=name, exact=True)).to_be_checked()
        settled(page)
        found[f"audit: {view}"] = violations(page)
    press(page, say("ui.audit.record.button"), say("ui.audit.verdict.verified"))
    found["audit: verified"] = violations(page)
    assert {path: bad for path, bad in found.items() if bad} == {}
