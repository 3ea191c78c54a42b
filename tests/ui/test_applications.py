"""Applications: problems with what to do, corrections that are events, nothing for other eyes."""

import csv
import io
from importlib import resources

import pytest

from allocator.errors import AllocatorError
from allocator.intake.tables import read_table
from allocator.ui.applications_data import Refused
from allocator.ui.applications_files import named_by_role, template
from tests.ui.people import ANALYST, APPROVER, AUDITOR, OFFICER, PEOPLE, desk_of

SAMPLE = resources.files("allocator") / "samples" / "one-meeting"


def button(page, label):
    """Return the button of that label."""
    return next(each for each in page.button if each.label == label)


def labels(page):
    """Return the labels of all buttons."""
    return [each.label for each in page.button]


def shown(page):
    """Return everything that reaches the browser in tables, texts and messages, as one text."""
    tables = [each.value.to_csv() for each in page.dataframe]
    texts = (*page.markdown, *page.text, *page.header, *page.caption, *page.metric)
    return "\n".join([*tables, *(str(each.value) for each in texts)])


def rows():
    """Return the sample's applications."""
    with (SAMPLE / "applications.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def as_csv(changed):
    """Return applications as a file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, changed[0])
    writer.writeheader()
    writer.writerows(changed)
    return text.getvalue().encode()


@pytest.fixture
def broken(office):
    """Give the sample round with a gender and a sum that cannot be read; return its id."""
    desk = desk_of(office, OFFICER)
    changed = rows()
    changed[1]["ticket_cost"] = "a lot"
    changed[2]["requested"] = "everything"
    round_id = desk.rounds()[0].id
    desk.import_files(round_id, {"applications.csv": as_csv(changed)}, None)
    return round_id


@pytest.mark.parametrize("login", PEOPLE)
@pytest.mark.parametrize("part", ["list", "problems", "ineligible", "changes", "files"])
def test_every_part_opens_for_everybody(app, login, part):
    page = app(login, "applications", part=part)
    assert not page.exception
    assert not page.error
    assert page.title[0].value == "Applications"


@pytest.mark.parametrize("login", [ANALYST, "administrator@example.org"])
@pytest.mark.parametrize(
    "address",
    [{"part": each} for each in ("list", "problems", "ineligible", "changes", "files")]
    + [{"application": "A0002"}],
)
def test_no_personal_datum_is_sent_to_who_may_not_see_it(app, login, address):
    page = app(login, "applications", **address)
    told = shown(page)
    assert not page.exception
    for row in rows():
        assert row["person_id"] not in told
        assert f"{row['given_name']} {row['family_name']}" not in told
    assert not [each for each in page.text_input if "say" in each.label]
    assert "Bring in" not in labels(page)


def test_an_officer_sees_names_and_can_search_them(app):
    page = app(OFFICER, "applications")
    assert len(page.dataframe[0].value) == 62
    page = page.text_input[0].set_value("cobalt clay").run()
    assert "Cobalt Clay-Field" in page.dataframe[0].value.to_csv()
    assert len(page.dataframe[0].value) < 62
    page = page.text_input[0].set_value("").run()
    page = page.multiselect[2].set_value(["female"]).run()
    assert set(page.dataframe[0].value["3"]) == {"female"}


def test_filters_go_together(app):
    page = app(OFFICER, "applications")
    page = page.multiselect(key="applications-filter-standing").set_value(["no"]).run()
    assert len(page.dataframe[0].value) == 10
    page = page.multiselect(key="applications-filter-gender").set_value(["other"]).run()
    assert len(page.dataframe) == 1
    assert not page.exception


def test_each_ineligible_application_has_the_rule_and_what_it_rests_on(app):
    page = app(OFFICER, "applications", part="ineligible")
    table = page.dataframe[0].value
    assert (table["2"] == "Eligible Member State").any()
    rests_on = table["4"][table["2"] == "Eligible Member State"]
    assert rests_on.str.startswith("S-").any()
    assert table["3"].str.len().gt(20).all()


def test_one_page_shows_facts_points_with_sources_and_costs(app):
    page = app(OFFICER, "applications", application="A0002")
    told = shown(page)
    for part in ("Cobalt", "PFD9267", "S-ITUT", "ticket CHF 631.55 as quoted", "Together"):
        assert part in told
    merit = page.dataframe[0].value
    assert merit["2"].iloc[:-1].sum() == merit["2"].iloc[-1] == 68


def test_an_unknown_application_leads_to_the_list(app):
    page = app(OFFICER, "applications", application="[no](http://such.example)")
    assert not page.exception
    assert "does not have" in page.warning[0].value
    assert "[no](" not in page.warning[0].value
    assert page.dataframe


def test_problems_come_first_where_there_are_errors_and_nothing_can_be_confirmed(app, broken):
    page = app(OFFICER, "applications")
    table = page.dataframe[0].value
    assert list(table["0"])[:2] == ["Error"] * 2
    assert {"ticket_cost", "requested"} <= set(table["3"])
    assert button(page, "Confirm the check").disabled
    page = page.radio(key="applications-problems-severity").set_value("error").run()
    assert set(page.dataframe[0].value["0"]) == {"Error"}


def test_a_correction_is_an_event_with_reason_and_can_be_undone(app, office, broken):
    page = app(OFFICER, "applications", application="A0002")
    assert "could not be read" in page.warning[0].value
    page = page.selectbox(key="applications-fix-A0002-").set_value("ticket_cost").run()
    assert any("a lot" in each.value for each in page.text)
    key = "applications-fix-A0002--ticket_cost"
    page.text_input(key=f"{key}-after").set_value("631.55")
    page = button(page, "Correct it").click().run()
    assert page.error, "a correction needs a reason"
    page.text_input(key=f"{key}-reason").set_value("The offer says so")
    page = button(page, "Correct it").click().run()
    assert not page.exception and not page.error
    assert "Corrected" in page.success[0].value
    desk = desk_of(office, OFFICER)
    assert desk.timeline(broken)[0].kind == "fixed"
    changed = app(OFFICER, "applications", part="changes")
    assert changed.dataframe[0].value.iloc[0].tolist() == [
        *(
            "A0002",
            "Cobalt Clay-Field",
            "Burkina Faso",
            "changed",
            "Ticket cost",
            "a lot",
            "631.55",
        ),
    ]
    page = button(changed, "Go back").click().run()
    assert not page.error
    assert desk.timeline(broken)[0].kind == "import-undone"


def test_a_correction_that_changes_nothing_is_no_event(app, office):
    before = desk_of(office, OFFICER).timeline()
    page = app(OFFICER, "applications", application="A0002")
    page = button(page, "Correct it").click().run()
    assert "already says" in page.warning[0].value
    assert desk_of(office, OFFICER).timeline() == before


def test_who_sees_no_persons_learns_which_cells_changed_but_not_what_they_say(office, broken):
    for login, told in ((ANALYST, False), (AUDITOR, True)):
        found = desk_of(office, login).changes_of(broken)
        assert [(each.application, each.column) for each in found.changes] == [
            ("A0002", "ticket_cost"),
            ("A0003", "requested"),
        ]
        assert ("a lot" in repr(found)) is told


def test_confirming_the_check_moves_the_round_on(app, office):
    page = app(OFFICER, "applications")
    page = button(page, "Confirm the check").click().run()
    assert not page.error
    assert "52 applications are eligible" in page.success[0].value
    assert desk_of(office, OFFICER).rounds()[0].state == "checked"
    assert "Confirm the check" not in labels(page)


@pytest.mark.parametrize("login", [OFFICER, APPROVER])
def test_a_note_stays_with_the_application(app, login):
    page = app(login, "applications", application="A0002")
    page.text_area[0].set_value("Asked again on **3 June**")
    page = button(page, "Add the note").click().run()
    assert not page.exception and not page.error
    assert "Asked again on **3 June**" in [each.value for each in page.text]
    analyst = app(ANALYST, "applications", application="A0002")
    assert "3 June" not in shown(analyst)
    assert "Add the note" not in labels(analyst)


def test_a_proposed_round_says_why_nothing_can_be_changed(app, office):
    desk = desk_of(office, OFFICER)
    round_id = desk.rounds()[0].id
    desk.check(round_id, None)
    desk.propose(round_id, desk.run(round_id).id, None)
    page = app(OFFICER, "applications", part="files")
    assert "return the round to draft" in page.info[0].value
    assert "Bring in" not in labels(page)
    assert "Return to draft" in labels(page)
    auditor = app(AUDITOR, "applications")
    assert "Return to draft" not in labels(auditor)
    person = app(OFFICER, "applications", application="A0002")
    assert "Correct it" not in labels(person)


@pytest.mark.office("empty")
def test_a_round_without_applications_begins_with_its_files(app, office):
    desk = desk_of(office, OFFICER)
    view = desk.create_empty("A round to come")
    page = app(OFFICER, "applications", round=view.summary.id)
    assert not page.exception
    assert page.radio(key="applications-part").value == "files"
    page = page.radio(key="applications-part").set_value("list").run()
    assert "Go to Files" in labels(page)
    assert "Go to Files" not in labels(app(ANALYST, "applications", part="list"))


@pytest.mark.office("empty")
def test_without_a_round_the_page_says_what_to_do_first(app):
    page = app(OFFICER, "applications")
    assert not page.exception
    assert not page.metric


def test_files_are_known_by_the_place_they_were_given_in_not_by_their_name():
    given = {"applications": {"SG20 requests (final).XLSX": b"1"}, "round": {"r.yml": b"2"}}
    assert named_by_role(given) == {"applications.xlsx": b"1", "round.yml": b"2"}
    for wrong in ({}, {"applications": {}}, {"applications": {"a.csv": b"", "b.csv": b""}}):
        with pytest.raises(AllocatorError):
            named_by_role(wrong)


def test_the_template_is_a_workbook_that_intake_reads():
    with pytest.raises(AllocatorError) as error:
        read_table(template(Refused(())), "applications.xlsx")
    assert error.value.code == "intake-no-rows"  # its headers are understood


def test_of_two_rows_with_one_id_each_is_corrected_by_its_number(app, office):
    desk = desk_of(office, OFFICER)
    changed = rows()
    changed[2]["application_id"] = changed[1]["application_id"]
    desk.import_files(desk.rounds()[0].id, {"applications.csv": as_csv(changed)}, None)
    page = app(OFFICER, "applications", application="A0002")
    assert not page.exception
    key = "applications-fix-A0002--4"
    page = page.selectbox(key=key).set_value("application_id").run()
    page.text_input(key=f"{key}-application_id-after").set_value("A0003")
    page.text_input(key=f"{key}-application_id-reason").set_value("Copied from the row above")
    page = [each for each in page.button if each.label == "Correct it"][1].click().run()
    assert not page.exception and not page.error
    assert "Errors left: 0" in page.success[0].value
