"""Policy: numbers turn in words and in the text, and nothing is saved silently."""

import re
from datetime import date

import pytest
from playwright.sync_api import expect
from streamlit.util import calc_hash

from allocator.policy import policy_bytes
from allocator.ui.policy_dials import in_words
from tests.ui.browsing import settled, violations
from tests.ui.people import ANALYST, APPROVER, AUDITOR, OFFICER, PEOPLE, desk_of

WEIGHT = "Weight in merit points"


def slider(page, label, index=0):
    """Return the slider of that label."""
    return [each for each in page.slider if each.label == label][index]


def button(page, label):
    """Return the button of that label."""
    return next(each for each in page.button if each.label == label)


def picker(page):
    """Return the choice of what is on the screen."""
    return next(each for each in page.selectbox if each.label == "Policy on the screen")


def words(page):
    """Return everything said in sentences."""
    return " ".join(each.value for each in (*page.markdown, *page.success, *page.warning))


def the_round(office):
    """Return the sample round."""
    desk = desk_of(office, OFFICER)
    return desk.round(desk.rounds()[0].id)


@pytest.mark.parametrize("login", PEOPLE)
def test_everybody_sees_the_weights_in_words(app, login):
    page = app(login, "policy")
    assert not page.exception
    assert slider(page, WEIGHT).value == 25
    assert "One more award to a woman is worth up to 25 merit points" in words(page)
    assert "Guaranteed" in page.success[0].value


@pytest.mark.parametrize("login", [ANALYST, AUDITOR, APPROVER])
def test_only_an_officer_is_offered_to_save(app, login):
    page = app(login, "policy")
    page = slider(page, WEIGHT).set_value(30).run()
    assert not page.exception
    assert not [each for each in page.button if each.label == "Save the new version"]
    assert "Saving a version is for a fellowship officer" in page.info[0].value


def test_a_turned_weight_is_unsaved_said_in_words_and_can_be_undone(app):
    page = app(OFFICER, "policy")
    page = slider(page, WEIGHT).set_value(38).run()
    assert not page.exception
    assert "is worth up to 38 merit points" in words(page)
    assert "Not guaranteed" in page.warning[0].value
    assert "What would have to change" in page.warning[0].value
    assert page.dataframe[0].value.iloc[0].tolist()[1:] == ["25", "38"]
    page = button(page, "Undo the last change").click().run()
    assert slider(page, WEIGHT).value == 25
    assert "is worth up to 25 merit points" in words(page)


def test_unsaved_positions_survive_a_look_at_another_page(app):
    page = app(OFFICER, "policy")
    page = slider(page, WEIGHT).set_value(31).run()
    kept = page._page_hash
    page._page_hash = calc_hash("rounds")
    page = page.run()
    assert page.title[0].value == "Rounds"
    page._page_hash = kept
    page = page.run()
    assert slider(page, WEIGHT).value == 31
    assert any("Unsaved" in each.value for each in page.markdown)


def test_turned_positions_are_in_the_address_and_survive_a_refresh(app):
    page = app(OFFICER, "policy")
    page = slider(page, WEIGHT).set_value(31).run()
    assert page.query_params["turned"] == "balance.women.weight:31"
    address = dict(page.query_params)
    again = app(OFFICER, "policy", **address)
    assert not again.exception
    assert slider(again, WEIGHT).value == 31
    assert any("Unsaved" in each.value for each in again.markdown)
    again = button(again, "Undo the last change").click().run()
    assert slider(again, WEIGHT).value == 25
    assert "turned" not in again.query_params


def test_what_was_saved_is_no_longer_in_the_address(app):
    page = app(OFFICER, "policy")
    page = slider(page, WEIGHT).set_value(30).run()
    page.text_area(key="policy-save-reason").set_value("Agreed")
    page = button(page, "Save the new version").click().run()
    assert not page.exception
    assert not {"policy", "turned", "on"} & page.query_params.keys()
    assert slider(page, WEIGHT).value == 30


def test_the_version_and_the_day_are_in_the_address_too(app):
    page = app(OFFICER, "policy")
    page = picker(page).select_index(1).run()
    shipped = picker(page).value
    page = slider(page, WEIGHT).set_value(12).run()
    page = page.date_input[0].set_value(date(2024, 3, 1)).run()
    address = dict(page.query_params)
    assert address["policy"].startswith("shipped-") and address["on"] == "2024-03-01"
    again = app(OFFICER, "policy", **address)
    assert not again.exception
    assert picker(again).value == shipped
    assert slider(again, WEIGHT).value == 12
    assert again.date_input[0].value == date(2024, 3, 1)


@pytest.mark.parametrize(
    "address",
    [
        {"turned": "balance.women.weight:-3"},
        {"turned": "balance.women.weight:1e9"},
        {"turned": "balance.women.weight:100000"},
        {"turned": "balance.women.weight:0.00001"},
        {"turned": "balance.women.weight:1/0"},
        {"turned": "balance.women.weight:٣"},
        {"turned": "balance.women.weight:nan balance.nobody.weight:3 policy.title:5 :4 x"},
        {"turned": "balance.women.target:2"},
        {"turned": "balance.women.weight:31", "policy": "saved-99"},
        {"turned": "<script>:1", "policy": "../../etc", "on": "yesterday"},
        {"on": "0001-01-01"},
        {"on": "9999-12-31"},
    ],
)
def test_what_does_not_fit_in_an_address_is_passed_over(app, address):
    page = app(OFFICER, "policy", **address)
    assert not page.exception and not page.error
    assert slider(page, WEIGHT).value == 25
    assert not any("Unsaved" in each.value for each in page.markdown)
    assert not set(address) & page.query_params.keys()


def test_of_several_positions_those_that_fit_are_taken(app):
    turned = "balance.women.weight:31 balance.women.target:2 nothing:1 merit.award:7.5"
    page = app(ANALYST, "policy", turned=turned)
    assert not page.exception
    assert slider(page, WEIGHT).value == 31
    kept = page.query_params["turned"].split()
    assert kept == [each for each in kept if each.split(":")[0] in turned]
    assert "balance.women.target:2" not in kept


def test_the_back_button_and_a_refresh_show_the_positions_again(look):
    page = look(OFFICER, "policy?turned=balance.women.weight:31")
    thumb = page.get_by_role("slider", name=WEIGHT).first
    expect(thumb).to_have_value("31")
    thumb.press("ArrowRight")
    expect(thumb).to_have_value("32")
    expect(page).to_have_url(re.compile("weight%3A32|weight:32"))
    page.reload()
    expect(thumb).to_have_value("32")
    expect(page.get_by_text("Unsaved", exact=False).first).to_be_visible()
    page.go_back()
    expect(thumb).to_have_value("31")


def test_what_is_folded_is_drawn_when_opened_and_turned_like_the_rest(look):
    page = look(OFFICER, "policy")
    before = page.get_by_role("slider").count()
    fold = page.locator('[class*="st-key-policy-fold-"] summary').first
    fold.click()
    expect(page.get_by_role("slider")).not_to_have_count(before)
    inside = page.locator('[class*="st-key-policy-fold-"]').first.get_by_role("slider").first
    inside.press("ArrowRight")
    expect(page.get_by_text("Unsaved", exact=False).first).to_be_visible()
    expect(inside).to_be_visible()
    settled(page)
    assert violations(page) == []
    words = page.locator('[class*="st-key-policy-words-"]').first
    words.locator("summary").click()
    expect(words.get_by_role("listitem").first).to_be_visible()


def test_discarding_goes_back_to_the_saved_version_and_can_be_undone(app):
    page = app(OFFICER, "policy")
    page = slider(page, WEIGHT).set_value(31).run()
    page = slider(page, WEIGHT, 1).set_value(7).run()
    page = button(page, "Discard all changes").click().run()
    assert [slider(page, WEIGHT, at).value for at in (0, 1)] == [25, 5]
    page = button(page, "Undo the last change").click().run()
    assert [slider(page, WEIGHT, at).value for at in (0, 1)] == [31, 7]


def test_saving_needs_a_reason_and_makes_a_version_that_the_round_uses(app, office):
    page = app(OFFICER, "policy")
    page = slider(page, WEIGHT).set_value(30).run()
    page = button(page, "Save the new version").click().run()
    assert page.error
    assert len(desk_of(office, OFFICER).policies()) == 1
    page.text_area(key="policy-save-reason").set_value("Agreed in the meeting of 3 June")
    page = button(page, "Save the new version").click().run()
    assert not page.exception and not page.error
    versions = desk_of(office, OFFICER).policies()
    assert [each.number for each in versions] == [2, 1]
    assert versions[0].reason == "Agreed in the meeting of 3 June"
    assert 'version: "2"' in versions[0].text
    assert "weight: {value: 30, reference: C-WEIGHTS}" in versions[0].text
    assert the_round(office).policy.number == 2
    assert slider(page, WEIGHT).value == 30
    assert not [each for each in page.button if each.label == "Discard all changes"]


def test_a_version_can_be_saved_without_using_it_and_used_later(app, office):
    page = app(OFFICER, "policy")
    page = slider(page, WEIGHT).set_value(30).run()
    page.checkbox(key="policy-save-use").uncheck()
    page.text_area(key="policy-save-reason").set_value("To compare")
    page = button(page, "Save the new version").click().run()
    assert the_round(office).policy.number == 1
    page.text_area(key="policy-use-reason").set_value("The committee chose it")
    page = button(page, "Use this version").click().run()
    assert not page.error
    assert the_round(office).policy.number == 2


def test_a_policy_that_comes_with_the_tool_is_a_place_to_begin(app):
    page = app(OFFICER, "policy")
    page = picker(page).set_value("shipped-example-path-to-parity").run()
    assert not page.exception
    target = slider(page, "Target")
    assert target.value == 40
    assert any("in force since 1 January 2025" in each.value for each in page.caption)
    page = page.date_input[0].set_value(date(2028, 6, 1)).run()
    assert slider(page, "Target").value == 45


def test_a_policy_without_balance_says_so(app):
    page = app(OFFICER, "policy")
    page = picker(page).set_value("shipped-merit-only").run()
    assert not page.exception
    assert "merit alone decides" in words(page)


def test_a_text_with_errors_is_not_taken_over_and_all_problems_are_shown(app):
    page = app(OFFICER, "policy")
    text = policy_bytes("itu-t-2024")[0].decode()
    area = next(each for each in page.text_area if each.label == "Policy as YAML")
    area.set_value(text.replace("weight: {value: 25,", "weight: {value: many,"))
    page = button(page, "Check and take over").click().run()
    assert not page.exception
    assert "not taken over" in page.error[0].value
    assert slider(page, WEIGHT).value == 25


def test_a_text_changed_by_hand_is_taken_over_unsaved(app):
    page = app(OFFICER, "policy")
    text = policy_bytes("itu-t-2024")[0].decode()
    area = next(each for each in page.text_area if each.label == "Policy as YAML")
    area.set_value(text.replace("weight: {value: 25,", "weight: {value: 27,"))
    page = button(page, "Check and take over").click().run()
    assert not page.exception and not page.error
    assert slider(page, WEIGHT).value == 27


def test_the_policy_of_a_proposed_round_is_frozen_and_says_how_to_go_back(app, office):
    desk = desk_of(office, OFFICER)
    round_id = desk.rounds()[0].id
    desk.check(round_id, None)
    run = desk.run(round_id)
    desk.propose(round_id, run.id, None)
    page = app(OFFICER, "policy")
    assert not page.exception
    assert "cannot be changed now" in page.info[0].value
    page = slider(page, WEIGHT).set_value(30).run()
    assert not [each for each in page.checkbox if each.key == "policy-save-use"]
    page.text_area(key="return-reason").set_value("Another weight was agreed")
    page = button(page, "Return to draft").click().run()
    assert the_round(office).summary.state == "draft"


@pytest.mark.office("empty")
def test_without_a_round_the_page_says_what_to_do_first(app):
    page = app(OFFICER, "policy")
    assert not page.exception
    assert not page.slider


def test_names_in_backticks_become_quotations_and_nothing_is_markdown():
    told = in_words("the column `a](http://x)` **b**").replace("\u2060", "")
    assert told == "the column “a\\]\\(http\\:\\/\\/x\\)” \\*\\*b\\*\\*"
