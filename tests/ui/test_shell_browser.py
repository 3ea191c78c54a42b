"""The frame in a real browser: sign-in, headers, addresses, keyboard, light and dark."""

import re
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from allocator.office.roles import Role
from allocator.texts import say
from tests.ui.browsing import download, says, settled, violations
from tests.ui.people import ADMINISTRATOR, ANALYST, AUDITOR, NOBODY, OFFICER, desk_of

ROUND = "sg20-2025-09"
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
}


def test_every_answer_carries_the_headers(look):
    for path in ("/", "/rounds", "/_stcore/health", "/no-such-file.txt"):
        with urlopen(look.workbench.url + path) as answer:
            assert {name: answer.headers[name] for name in HEADERS} == HEADERS
            policy = answer.headers["content-security-policy"]
            assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
            assert "camera=()" in answer.headers["permissions-policy"]


def test_another_host_name_is_refused(look):
    request = Request(look.workbench.url, headers={"Host": "evil.example"})
    with pytest.raises(OSError, match="400"):
        urlopen(request)


def test_a_person_signs_in_and_out(look):
    page = look(OFFICER)
    says(page, "Robin Sample")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    settled(page)
    assert page.get_by_text("Robin Sample").count() == 0


def test_a_stranger_with_a_valid_sign_in_sees_nothing(look):
    page = look(NOBODY)
    expect(page.get_by_text(say("ui.nothing-for-you.what"))).to_be_visible()


def test_a_mistyped_address_says_so_and_leads_back(look):
    page = look(OFFICER, f"nosuchpage?round={ROUND}")
    expect(page.get_by_text(say("ui.no-page.what", page="nosuchpage"))).to_be_visible()
    assert page.get_by_role("dialog").count() == 0
    back = say("ui.no-page.back", page=say("ui.page.rounds.title"))
    page.get_by_role("link", name=back).click()
    expect(page).to_have_title("Rounds · Fellowship allocator")
    expect(page).to_have_url(re.compile(rf"/rounds\?round={ROUND}$"))


def test_a_page_of_another_role_says_so_and_leads_back(look):
    page = look(ANALYST, "administration")
    title = say("ui.page.administration.title")
    expect(page.get_by_text(say("ui.page-closed.what", page=title))).to_be_visible()
    assert page.get_by_role("dialog").count() == 0


def test_the_address_survives_a_refresh(look):
    page = look(AUDITOR, f"rounds?round={ROUND}")
    expect(page.get_by_role("heading", level=2).first).to_contain_text("Study Group 20")
    page.reload()
    settled(page)
    assert page.url.endswith(f"round={ROUND}")
    expect(page).to_have_title("Rounds · Fellowship allocator")
    expect(page.get_by_role("heading", level=2).first).to_contain_text("Study Group 20")


@pytest.mark.office("empty")
def test_the_sample_can_be_begun_with_the_keyboard_alone(visit, office):
    page = visit(OFFICER)
    button = page.get_by_role("button", name=say("ui.rounds.new.sample-button"))
    expect(button).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if button.evaluate("e => e === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text(say("ui.rounds.new.sample-done"))).to_be_visible()
    assert [each.id for each in desk_of(office, OFFICER).rounds()] == [ROUND]


def test_axe_finds_nothing_wrong_with_the_frame(look):
    page = look(OFFICER)
    page.get_by_text(say("ui.rounds.new.title")).click()
    page.get_by_role("tab", name=say("ui.rounds.new.files")).click()
    settled(page)
    assert violations(page) == []


def test_the_chosen_tab_is_as_readable_as_the_others_in_the_dark(look):
    page = look(OFFICER, scheme="dark")
    page.get_by_text(say("ui.rounds.new.title")).click()
    colour = "e => getComputedStyle(e.querySelector('p') || e).color"
    tabs = page.get_by_role("tab")
    expect(tabs.first).to_be_visible()
    assert len({tabs.nth(i).evaluate(colour) for i in range(3)}) == 1


def test_the_frame_is_readable_at_200_percent(look):
    page = look(OFFICER, size=(640, 450))
    wide = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
    assert wide <= 0
    assert violations(page) == []


def test_an_open_page_loses_its_rights_with_its_role(visit, office):
    page = visit(AUDITOR)
    administrator = desk_of(office, ADMINISTRATOR)
    seen = next(a.version for a in administrator.accounts() if a.login == AUDITOR)
    administrator.set_roles(AUDITOR, (Role.ANALYST,), seen)
    page.get_by_text(say("ui.rounds.timeline.office")).click()
    expect(page.get_by_text(say("ui.roles-changed"))).to_be_visible()


def test_a_table_is_downloaded_as_a_workbook(look):
    page = look(AUDITOR)
    file = download(page, say("ui.download-xlsx"))
    assert file.suggested_filename == "rounds.xlsx"
    assert file.path().read_bytes()[:2] == b"PK"


def test_an_upload_beyond_the_limit_is_refused_by_the_server(look, tmp_path):
    large = tmp_path / "applications.csv"
    large.write_bytes(b"x" * (26 * 2**20))
    page = look(OFFICER)
    page.get_by_text(say("ui.rounds.new.title")).click()
    page.get_by_role("tab", name=say("ui.rounds.new.files")).click()
    page.locator('input[type="file"]').first.set_input_files(large)
    said = page.get_by_text(re.compile(r"must be 25(\.0)? ?MB or smaller"))
    expect(said.first).to_be_visible()
