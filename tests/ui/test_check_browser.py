"""Sign-off, Audit and Administration in a real browser: nothing in anybody's way, light or dark."""

import pytest
from playwright.sync_api import expect

from allocator.texts import say
from tests.ui.browsing import settled, violations
from tests.ui.decided import decided_template  # noqa: F401  (a fixture)
from tests.ui.people import ADMINISTRATOR, AUDITOR, OFFICER

pytestmark = [pytest.mark.office("decided"), pytest.mark.usefixtures("decided_template")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_accessible(visit, scheme):
    found = {}
    for login, path in ((OFFICER, "signoff"), (ADMINISTRATOR, "administration")):
        page = visit(login, path, scheme=scheme)
        settled(page)
        found[path] = violations(page)
        page.context.close()
    page = visit(AUDITOR, "audit", scheme=scheme)
    for view in ("fairness", "ties", "log", "other", "record"):
        page.get_by_text(say(f"ui.audit.view.{view}"), exact=True).first.click()
        settled(page)
        found[f"audit: {view}"] = violations(page)
    page.get_by_role("button", name=say("ui.audit.record.button")).click()
    expect(page.get_by_text(say("ui.audit.verdict.verified"))).to_be_visible()
    settled(page)
    found["audit: verified"] = violations(page)
    assert {path: bad for path, bad in found.items() if bad} == {}
