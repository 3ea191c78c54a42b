"""A browser on Applications and Policy: from a broken file to a checked round, by hand and keys."""

from importlib import resources

import pytest
from playwright.sync_api import expect

from tests.ui.browsing import choose, open_page, settled, violations
from tests.ui.people import ANALYST, OFFICER

SAMPLE = resources.files("allocator") / "samples" / "one-meeting"
HOSTILE = "![x](http://evil.example/a.png) [y](http://evil.example) www.evil.example"


def broken() -> bytes:
    """Return the sample's applications with a sum that cannot be read and a hostile name."""
    text = (SAMPLE / "applications.csv").read_text(encoding="utf-8")
    text = text.replace(",631.55,", ",a lot,", 1).replace("Prairie", HOSTILE, 1)
    return text.encode()


def test_an_officer_brings_in_a_file_corrects_it_and_goes_on(visit):
    page = visit(OFFICER, "applications?part=files")
    field = page.locator('input[type="file"]').first
    file = {"name": "requests.csv", "mimeType": "text/csv", "buffer": broken()}
    field.set_input_files(file)
    expect(page.get_by_text("requests.csv")).to_be_visible()
    page.get_by_role("button", name="Bring in").click()
    expect(page.get_by_text("The files are there: 61 applications")).to_be_visible()
    expect(page.get_by_role("button", name="Confirm the check")).to_be_disabled()
    open_page(page, f"{visit.workbench.url}/applications?application=A0002")
    choose(page, "Column of application A0002", "Ticket cost")
    expect(page.get_by_text("It says: a lot")).to_be_visible()
    page.get_by_role("textbox", name="It is to say").fill("631.55")
    page.get_by_role("textbox", name="Why").fill("The offer says so")
    page.get_by_role("button", name="Correct it").click()
    expect(page.get_by_text("Corrected. Errors left: 0")).to_be_visible()
    page.get_by_role("button", name="All applications").click()
    page.get_by_role("button", name="Confirm the check").click()
    expect(page.get_by_text("The round is checked")).to_be_visible()


def test_names_from_a_file_are_text_wherever_they_stand(visit):
    page = visit(OFFICER, "applications?part=files")
    file = {"name": "a.csv", "mimeType": "text/csv", "buffer": broken()}
    page.locator('input[type="file"]').first.set_input_files(file)
    page.get_by_role("button", name="Bring in").click()
    expect(page.get_by_text("The files are there")).to_be_visible()
    page.goto(f"{visit.workbench.url}/applications?application=A0003")
    settled(page)
    expect(page.get_by_role("heading", name="evil.example")).to_be_visible()
    assert page.locator('a[href*="evil"], img[src*="evil"]').count() == 0


def test_a_weight_is_turned_by_keys_and_said_in_words(visit):
    page = visit(OFFICER, "policy")
    weight = page.get_by_role("slider", name="Weight in merit points").first
    weight.focus()
    weight.press("ArrowRight")
    expect(page.get_by_text("is worth up to 26 merit points").first).to_be_visible()
    expect(page.get_by_text("Unsaved changes").first).to_be_visible()
    page.get_by_role("link", name="Applications").click()
    expect(page.get_by_role("heading", name="Applications", level=1)).to_be_visible()
    page.get_by_role("link", name="Policy").click()
    expect(page.get_by_text("is worth up to 26 merit points").first).to_be_visible()
    page.get_by_role("button", name="Undo the last change").click()
    expect(page.get_by_text("is worth up to 25 merit points").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_hinders_anybody_on_any_part(visit, scheme):
    page = visit(OFFICER, "policy", scheme=scheme)
    assert violations(page) == []
    for address in (
        *("part=list", "part=problems", "part=ineligible", "part=changes", "part=files"),
        "application=A0002",
    ):
        page.goto(f"{visit.workbench.url}/applications?{address}")
        settled(page)
        assert violations(page) == [], address


def test_an_analysts_browser_receives_no_personal_datum(visit):
    page = visit(ANALYST)
    received: list[bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", _keep(received)))
    for address in ("applications", "applications?part=changes", "applications?application=A0002"):
        page.goto(f"{visit.workbench.url}/{address}")
        settled(page)
    told = b"".join(received)
    assert b"A0002" in told
    for personal in (b"PFD9267", b"Clay-Field", b"Cobalt"):
        assert personal not in told


def _keep(into: list[bytes]):
    """Return what keeps every frame of a socket."""
    return lambda frame: into.append(frame.encode() if isinstance(frame, str) else frame)
