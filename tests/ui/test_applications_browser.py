"""A browser on Applications and Policy: from a broken file to a checked round, by hand and keys."""

from importlib import resources

from playwright.sync_api import expect

from tests.ui.browsing import choose, follow, open_page, press, says, violations, write
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
    says(page, "requests.csv")
    press(page, "Bring in", "The files are there: 61 applications")
    expect(page.get_by_role("button", name="Confirm the check")).to_be_disabled()
    open_page(page, f"{visit.workbench.url}/applications?application=A0003")
    expect(page.get_by_role("heading", name="evil.example")).to_be_visible()
    assert page.locator('a[href*="evil"], img[src*="evil"]').count() == 0
    open_page(page, f"{visit.workbench.url}/applications?application=A0002")
    choose(page, "Column of application A0002", "Ticket cost")
    says(page, "It says: a lot")
    write(page, "It is to say", "631.55")
    write(page, "Why", "The offer says so")
    press(page, "Correct it", "Corrected. Errors left: 0")
    press(page, "All applications", "Confirm the check")
    press(page, "Confirm the check", "The round is checked")


def test_a_weight_is_turned_by_keys_and_said_in_words(look):
    page = look(OFFICER, "policy")
    weight = page.get_by_role("slider", name="Weight in merit points").first
    weight.focus()
    weight.press("ArrowRight")
    expect(page.get_by_text("is worth up to 26 merit points").first).to_be_visible()
    expect(page.get_by_text("Unsaved changes").first).to_be_visible()
    follow(page, "Applications")
    follow(page, "Policy")
    expect(page.get_by_text("is worth up to 26 merit points").first).to_be_visible()
    page.get_by_role("button", name="Undo the last change").click()
    expect(page.get_by_text("is worth up to 25 merit points").first).to_be_visible()


def test_nothing_hinders_anybody_on_any_part_in_light_or_dark(look):
    page = look(OFFICER, "policy")
    assert violations(page) == []
    for address in (
        *("part=list", "part=problems", "part=ineligible", "part=changes", "part=files"),
        "application=A0002",
    ):
        open_page(page, f"{look.workbench.url}/applications?{address}")
        assert violations(page) == [], address


def test_an_analysts_browser_receives_no_personal_datum(look):
    page = look(ANALYST)
    received: list[bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", _keep(received)))
    for address in ("applications", "applications?part=changes", "applications?application=A0002"):
        open_page(page, f"{look.workbench.url}/{address}")
    told = b"".join(received)
    assert b"A0002" in told
    for personal in (b"PFD9267", b"Clay-Field", b"Cobalt"):
        assert personal not in told


def _keep(into: list[bytes]):
    """Return what keeps every frame of a socket."""
    return lambda frame: into.append(frame.encode() if isinstance(frame, str) else frame)
