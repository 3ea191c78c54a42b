"""What each person comes for, from beginning to end, in real browsers on a fresh store."""

import csv
import io
import zipfile
from importlib import resources
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Response, expect

from allocator.office.keys import make_key
from allocator.record.check_report import FAIL
from allocator.record.verify import verify_bytes
from allocator.texts import say
from tests.ui.browsing import download, follow, give, open_page, press, says, settled, write
from tests.ui.decided import (  # noqa: F401  (fixtures)
    ROUND,
    decided_template,
    published_template,
)
from tests.ui.people import ANALYST, APPROVER, AUDITOR, OFFICER, desk_of

SAMPLE = resources.files("allocator") / "samples" / "one-meeting"
PAGES = ("rounds", "applications", "policy", "allocation", "why", "compare", "audit", "signoff")
"""The pages open to an analyst."""
OVERRIDDEN = "A0007"
"""Eligible, and declined for want of money."""


def people():
    """Return the sample's applications."""
    with (SAMPLE / "applications.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def files(tmp_path) -> list[Path]:
    """Give the sample round as an officer has it: ``round.yaml`` and a workbook."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "round.yaml").write_bytes((SAMPLE / "round.yaml").read_bytes())
    book = openpyxl.Workbook()
    rows = people()
    for row in (list(rows[0]), *(list(each.values()) for each in rows)):
        book.active.append(row)
    book.save(folder / "applications.xlsx")
    return sorted(folder.iterdir())


@pytest.fixture
def key(tmp_path_factory) -> Path:
    """Give the officer's signing key, which lies apart from the store."""
    folder = tmp_path_factory.mktemp("key")
    make_key(folder / "officer.pem", None)
    return folder / "officer.pem"


def run(page: Page) -> None:
    """Run the allocation, in a process of its own, and wait for its result."""
    press(page, say("ui.allocation.run.button"), say("ui.allocation.final"))
    expect(page.get_by_text(say("ui.allocation.outdated"))).to_have_count(0)
    settled(page)


@pytest.mark.office("empty")
def test_an_officer_goes_from_files_to_a_publication_that_a_second_person_approved(
    visit, office, files, key, tmp_path
):
    page = visit(OFFICER)
    page.get_by_role("tab", name=say("ui.rounds.new.files")).click()
    give(page, *files)
    press(page, say("ui.rounds.new.files-button"), say("ui.rounds.new.files-done"))
    onward = say("ui.applications.to-allocation")
    press(page, say("ui.applications.check.button"), onward)
    page.get_by_role("link", name=onward).click()

    run(page)
    page.get_by_role("tab", name=say("ui.allocation.tab.overrides")).click()
    write(page, say("ui.allocation.override.which"), OVERRIDDEN)
    write(page, say("ui.allocation.override.reason"), "The administration asked twice.")
    done = say("ui.allocation.override.done", application=OVERRIDDEN)
    press(page, say("ui.allocation.override.button"), done)
    says(page, say("ui.allocation.outdated"))
    run(page)
    press(page, say("ui.allocation.propose.button"), say("ui.allocation.propose.done"))
    fingerprint = desk_of(office, OFFICER).round(ROUND).run.fingerprint

    second = visit(APPROVER, f"signoff?round={ROUND}")
    says(second, fingerprint)
    write(second, say("ui.signoff.approve.label", count=8), fingerprint[:8])
    press(second, say("ui.signoff.approve.button"), say("ui.signoff.approve.done"))

    open_page(page, page.url)
    give(page, key)
    press(page, say("ui.signoff.publish.button"), say("ui.signoff.publish.done"))
    file = download(page, say("ui.signoff.published.download"))
    report = verify_bytes(file.path().read_bytes())
    assert [each.id for each in report.checks if each.status == FAIL] == []
    view = desk_of(office, OFFICER).round(ROUND)
    assert [each.kind for each in view.signoffs] == ["approved", "proposed"]
    assert [each.application for each in view.overrides if each.active] == [OVERRIDDEN]


def tampered(record: bytes) -> bytes:
    """Return a record in which somebody has raised the first amount by one franc."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(record)) as old, zipfile.ZipFile(made, "w") as new:
        for each in old.infolist():
            content = old.read(each)
            if each.filename == "decisions.csv":
                content = content.replace(b".00,", b".01,", 1)
            new.writestr(each, content)
    assert made.getvalue() != record
    return made.getvalue()


@pytest.mark.office("published")
@pytest.mark.usefixtures("published_template")
def test_an_auditor_verifies_a_downloaded_record_a_tampered_copy_and_the_log(look, tmp_path):
    page = look(AUDITOR, f"signoff?round={ROUND}")
    file = download(page, say("ui.signoff.published.download"))
    record, copy = tmp_path / "record.zip", tmp_path / "copy.zip"
    record.write_bytes(file.path().read_bytes())
    copy.write_bytes(tampered(record.read_bytes()))

    follow(page, say("ui.page.audit.title"))
    page.get_by_text(say("ui.audit.view.other"), exact=True).click()
    give(page, record)
    press(page, say("ui.audit.other.button"), say("ui.audit.verdict.verified"))
    give(page, copy)
    press(page, say("ui.audit.other.button"), say("ui.audit.verdict.refused"))
    for each in verify_bytes(copy.read_bytes()).checks:
        if each.status == FAIL:
            says(page, each.title)

    page.get_by_text(say("ui.audit.view.log"), exact=True).click()
    press(page, say("ui.audit.log.button"), say("ui.audit.log.holds"))


def personal() -> list[bytes]:
    """Return what of the sample nobody without need may see: names and person ids."""
    columns = ("person_id", "given_name", "family_name")
    return sorted({row[each].encode() for row in people() for each in columns})


def heard(page: Page, received: list[bytes]) -> None:
    """Keep what a page receives from now on, but for the program's own files."""

    def frame(payload: bytes | str) -> None:
        received.append(payload.encode() if isinstance(payload, str) else payload)

    page.on("websocket", lambda socket: socket.on("framereceived", frame))
    page.on("response", lambda answer: received.append(_body(answer)))


def _body(answer: Response) -> bytes:
    own = "/static/" in answer.url or "/_stcore/" in answer.url
    try:
        return b"" if own or answer.status != 200 else answer.body()
    except PlaywrightError:  # the page was left before it had all of it
        return b""


@pytest.mark.office("decided")
@pytest.mark.usefixtures("decided_template")
def test_an_analyst_opens_every_page_and_receives_no_personal_datum(look):
    received: list[bytes] = []
    control = look(OFFICER, f"rounds?round={ROUND}")
    heard(control, received)
    open_page(control, f"{look.workbench.url}/applications?round={ROUND}")
    assert leaked(received), "what an officer receives is not understood"

    received.clear()
    page = look(ANALYST, f"rounds?round={ROUND}")
    heard(page, received)
    for address in ("why", "applications"):
        open_page(page, f"{look.workbench.url}/{address}?round={ROUND}&application=A0002")
    links = page.get_by_test_id("stSidebar").get_by_role("link")
    expect(links).to_have_count(len(PAGES))
    for each in PAGES:
        follow(page, say(f"ui.page.{each}.title"))
        for name in names(page, "tab"):
            page.get_by_role("tab", name=name, exact=True).click()
            expect(page.get_by_role("tab", name=name, exact=True, selected=True)).to_be_visible()
            settled(page)
        for name in names(page, "radio"):
            page.get_by_role("radio", name=name, exact=True).click(force=True)
            expect(page.get_by_role("radio", name=name, exact=True)).to_be_checked()
            settled(page)
    assert len(received) > len(PAGES)
    assert leaked(received) == []


def names(page: Page, role: str) -> list[str]:
    """Return the names of what a page has of a role."""
    found: list[str] = page.get_by_role(role).evaluate_all(
        "all => all.map(each => (each.closest('label') || each).innerText.trim())"
    )
    return found


def leaked(received: list[bytes]) -> list[str]:
    """Return the personal data in what was received."""
    return [each.decode() for each in personal() if any(each in part for part in received)]
