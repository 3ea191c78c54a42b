"""The facts of a round in a form: one import, nothing half-saved, comments kept."""

from datetime import date

import pytest
from playwright.sync_api import expect

from allocator.texts import say
from tests.ui.people import APPROVER, OFFICER, desk_of

SAMPLE = "sg20-2025-09"


def field(page, name):
    """Return the field of a value by the end of its key."""
    kinds = (page.text_input, page.date_input, page.number_input)
    return next(each for kind in kinds for each in kind if (each.key or "").endswith(name))


def button(page):
    """Return the button that saves."""
    label = say("ui.applications.round.button")
    return next(each for each in page.button if each.label == label)


def said(page):
    """Return what the page says of an attempt."""
    return " ".join(
        str(e.value) for kind in ("success", "error", "warning") for e in page.get(kind)
    )


def text_of(desk, round_id):
    """Return the round.yaml of a round."""
    return next(
        content.decode() for name, _, content in desk.loaded(round_id).files if name == "round.yaml"
    )


@pytest.fixture
def desk(office):
    return desk_of(office, OFFICER)


@pytest.fixture
def blank(desk):
    return desk.create_empty("A new round").summary.id


def test_a_round_from_the_template_gets_its_facts_without_a_file(app, desk, blank):
    before = text_of(desk, blank)
    page = app(OFFICER, "applications", round=blank)
    assert not page.exception
    field(page, "-decision_date").set_value(date(2027, 2, 1))
    field(page, "-lottery_seed").set_value('the "letter": of #5')
    field(page, "meetings-0-city").set_value("Nairobi")
    field(page, "meetings-0-starts").set_value(date(2027, 3, 2))
    field(page, "meetings-0-days_paid").set_value(12)
    field(page, "meetings-0-budget").set_value("90 000.50")
    field(page, "funds-0-amount").set_value("130000")
    imports = len(desk.timeline(blank))
    page = button(page).click().run()
    assert not page.exception and not page.error
    assert "The facts of the round are saved" in said(page)
    assert len(desk.timeline(blank)) == imports + 1
    round_ = desk.loaded(blank).round
    meeting = round_.meetings[0]
    assert (round_.decision_date, round_.lottery_seed) == (date(2027, 2, 1), 'the "letter": of #5')
    assert (meeting.city, meeting.starts, meeting.days_paid) == ("Nairobi", date(2027, 3, 2), 12)
    assert (meeting.budget, round_.funds[0].amount) == (9_000_050, 13_000_000)
    after = text_of(desk, blank)
    assert [e for e in before.splitlines() if e.lstrip().startswith("#")] == [
        e for e in after.splitlines() if e.lstrip().startswith("#")
    ]
    assert field(page, "meetings-0-budget").value == "90000.50"


def test_what_is_wrong_is_said_as_of_a_file_and_nothing_is_saved(app, desk, blank):
    before = text_of(desk, blank)
    page = app(OFFICER, "applications", round=blank)
    field(page, "meetings-0-city").set_value("Nairobi")
    field(page, "funds-0-amount").set_value("a lot **of** money")
    page = button(page).click().run()
    assert not page.exception
    assert "cannot be read" in page.error[0].value
    assert "**of**" not in page.error[0].value
    assert text_of(desk, blank) == before
    assert field(page, "meetings-0-city").value == "Nairobi"


def test_nothing_changed_saves_nothing(app, desk, blank):
    page = app(OFFICER, "applications", round=blank)
    entries = len(desk.timeline(blank))
    page = button(page).click().run()
    assert say("ui.applications.round.same") in said(page)
    assert len(desk.timeline(blank)) == entries


def test_whoever_saves_on_an_old_page_is_told_so_first(app, desk, blank):
    page = app(OFFICER, "applications", round=blank)
    newer = text_of(desk, blank).replace("city: Geneva", "city: Nairobi").encode()
    desk.import_files(blank, {"round.yaml": newer}, None)
    field(page, "-title").set_value("Mine")
    page = button(page).click().run()
    assert not page.exception
    assert any("imported" in each.value and "save again" in each.value for each in page.info)
    assert text_of(desk, blank) == newer.decode()
    # The form shows what is there, with what was typed; saved again it changes that and no more.
    assert field(page, "meetings-0-city").value == "Nairobi"
    assert field(page, "-title").value == "Mine"
    page = button(page).click().run()
    assert not page.error
    now = text_of(desk, blank)
    assert "city: Nairobi" in now and "Mine" in now
    assert field(page, "meetings-0-city").value == "Nairobi"
    desk.undo_import(blank, None)
    assert field(page.run(), "-title").value != "Mine", "what was typed then does not come back"


def press(page, name):
    label = say(f"ui.applications.entries.{name}")
    return next(each for each in page.button if each.label == label).click().run()


def test_meetings_and_funds_are_added_and_taken_out(app, desk, blank):
    page = app(OFFICER, "applications", round=blank)
    field(page, "meeting-id").set_value("sg2-2027-05")
    field(page, "meeting-title").set_value("Numbering: #2")
    field(page, "-meeting-starts").set_value(date(2027, 5, 3))
    field(page, "-meeting-ends").set_value(date(2027, 5, 7))
    field(page, "meeting-city").set_value("Geneva")
    page = press(page, "add-meeting")
    assert not page.exception and not page.error
    assert "was added" in said(page)
    page = page.radio(key="applications-entries").set_value("fund").run()
    field(page, "fund-id").set_value("gift")
    page = press(page, "add-fund")
    assert "Title of the fund" in said(page) and len(desk.loaded(blank).round.funds) == 1
    field(page, "fund-title").set_value("A gift")
    field(page, "fund-amount").set_value("5 000.50")
    page = press(page, "add-fund")
    round_ = desk.loaded(blank).round
    assert [each.title for each in round_.meetings][1:] == ["Numbering: #2"]
    assert [each.amount for each in round_.funds][1:] == [500_050]
    assert {field(page, f"-fund-{name}").value for name in ("id", "title", "amount")} == {""}
    field(page, "fund-id").set_value("gift")
    page = press(page, "add-fund")
    assert "already" in said(page) and field(page, "fund-id").value == "gift"
    page = page.radio(key="applications-entries").set_value("out").run()
    page = page.selectbox(key="applications-entries-which").set_value(("meetings", 0)).run()
    page = press(page, "take-out")
    assert not page.exception and not page.error
    assert [each.id for each in desk.loaded(blank).round.meetings] == ["sg2-2027-05"]


def test_the_form_is_for_officers_and_for_open_rounds(app, desk):
    def offered(login):
        page = app(login, "applications", round=SAMPLE, part="files")
        assert not page.exception
        return any(each.label == say("ui.applications.round.button") for each in page.button)

    assert offered(OFFICER)
    assert not offered(APPROVER)
    desk.check(SAMPLE, None)
    run = desk.run(SAMPLE, time_limit=None)
    desk.propose(SAMPLE, run.id, None)
    assert not offered(OFFICER)


def test_applications_alone_are_refused_with_the_way_through_the_template(desk, app):
    from allocator.errors import AllocatorError
    from allocator.ui.failures import advice

    with pytest.raises(AllocatorError) as refused:
        desk.create_round({"applications.csv": b"application_id\n"})
    assert refused.value.code == "office-round-file-first"
    assert "empty template" in advice(refused.value.problems[0])


def test_it_is_filled_in_with_the_keyboard(visit, desk, blank):
    page = visit(OFFICER, f"applications?round={blank}&part=files")
    city = page.get_by_label(say("ui.applications.round.city")).first
    city.fill("Nairobi")
    city.press("Enter")
    expect(page.get_by_text("The facts of the round are saved")).to_be_visible()
    assert desk.loaded(blank).round.meetings[0].city == "Nairobi"
