"""Allocation without a browser: run, result, weights, overrides, propose, after publication."""

from datetime import date

import pytest

from allocator.fields import typed_money
from allocator.office import jobs
from allocator.office.states import State
from allocator.texts import say
from allocator.ui.formats import quoted
from tests.ui.decided import (  # noqa: F401  (fixtures)
    ROUND,
    button,
    decided_template,
    labels,
    published_template,
    words,
)
from tests.ui.people import ADMINISTRATOR, ANALYST, APPROVER, AUDITOR, OFFICER, desk_of
from tests.ui.test_shell_jobs import ended

decided = [pytest.mark.office("decided"), pytest.mark.usefixtures("decided_template")]
published = [pytest.mark.office("published"), pytest.mark.usefixtures("published_template")]
PARTS = ("result", "decisions", "weights", "overrides", "ties", "after")


def part(name):
    return say(f"ui.allocation.tab.{name}")


def marked(marks):
    def wrap(test):
        for mark in marks:
            test = mark(test)
        return test

    return wrap


def own_names(desk):
    """Return every name and person id of the round."""
    found = desk.loaded(ROUND).applications
    return [f"{each.given_name} {each.family_name}" for each in found] + [
        each.person_id for each in found
    ]


# --- empty states -------------------------------------------------------------------------------


@pytest.mark.office("empty")
def test_a_round_without_files_says_what_to_bring_first(app, office):
    desk_of(office, OFFICER).create_empty("Nothing yet")
    page = app(OFFICER, "allocation")
    assert say("ui.allocation.no-files.what") in words(page)
    assert say("ui.allocation.run.button") not in labels(page)


@pytest.mark.parametrize(
    ("login", "runs"), [(OFFICER, True), (AUDITOR, False), (ANALYST, False), (APPROVER, False)]
)
def test_before_the_first_run_only_an_officer_is_offered_to_run(app, login, runs):
    page = app(login, "allocation")
    assert not page.exception
    assert say("ui.allocation.empty.what") in words(page)
    assert (say("ui.allocation.run.button") in labels(page)) is runs


def test_running_starts_a_job_with_the_time_limit_asked_for(app, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "allocator.ui.pages_allocation.jobs.start",
        lambda desk, round_id, *, time_limit: asked.append((round_id, time_limit)),
    )
    page = app(OFFICER, "allocation")
    page.number_input(key="allocation-limit").set_value(2)
    page.button(key="allocation-run-button").click().run()
    assert asked == [(ROUND, 120.0)]
    assert say("ui.allocation.run.started") in words(page)


def test_a_run_that_failed_says_why_by_name(app, office):
    desk = desk_of(office, OFFICER)
    for number in ("A0003", "A0031"):  # two full fellowships of one Member State at one meeting
        desk.override(ROUND, number, "must award", "both", package="full", seen=None)
    with pytest.raises(Exception, match=r"."):
        desk.run(ROUND)
    page = app(OFFICER, "allocation")
    assert say("ui.allocation.failed") in words(page)
    assert "A0003" in words(page)
    assert page.error


# --- a decided round ----------------------------------------------------------------------------


@marked(decided)
@pytest.mark.parametrize("login", [OFFICER, APPROVER, AUDITOR, ANALYST, ADMINISTRATOR])
def test_every_role_sees_the_result_and_no_more_than_it_may(app, office, login):
    page = app(login, "allocation")
    assert not page.exception
    assert not page.error
    assert say("ui.allocation.final") in words(page)
    assert (say("ui.allocation.propose.button") in labels(page)) is (login == OFFICER)


@marked(decided)
@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("login", [ANALYST, ADMINISTRATOR])
def test_who_may_not_see_persons_is_sent_none_in_any_part(app, office, login, name):
    names = own_names(desk_of(office, OFFICER))
    page = app(login, "allocation", part=part(name))
    assert not page.exception
    assert not page.error
    told = words(page)
    assert [each for each in names if each in told] == []


@marked(decided)
def test_decisions_stand_with_names_reasons_and_margins(app, office):
    page = app(OFFICER, "allocation", part=part("decisions"))
    told = page.dataframe[0].value
    lines = desk_of(office, OFFICER).result("1").lines
    assert list(told["0"]) == [each.application_id for each in lines]
    assert list(told["7"]) == [quoted(each.reason) for each in lines]
    assert any(each in words(page) for each in own_names(desk_of(office, OFFICER)))


@marked(decided)
def test_decisions_are_filtered_and_ordered(app, office):
    page = app(OFFICER, "allocation", part=part("decisions"))
    page.multiselect(key="allocation-kinds").set_value(["declined"]).run()
    page.selectbox(key="allocation-order").set_value("line").run()
    told = page.dataframe[0].value
    declined = [e for e in desk_of(office, OFFICER).result("1").lines if e.decision == "declined"]
    assert set(told["0"]) == {each.application_id for each in declined}
    margins = [abs(each) for each in told["6"].dropna()]
    assert margins == sorted(margins)
    page.text_input(key="allocation-words").set_value("nothing like this").run()
    assert say("ui.allocation.decisions.none") in words(page)


@marked(decided)
def test_a_large_round_is_shown_in_pages(app, monkeypatch):
    monkeypatch.setattr("allocator.ui.allocation_result.PAGE_OF_ROWS", 20)
    page = app(OFFICER, "allocation", part=part("decisions"))
    assert len(page.dataframe[0].value) == 20
    page.number_input(key="allocation-page").set_value(4).run()
    assert list(page.dataframe[0].value["0"]) == ["A0061", "A0062"]


@marked(decided)
def test_turned_weights_are_in_the_address_and_a_promise_they_break_is_said(app):
    page = app(OFFICER, "allocation", part=part("weights"), weights="women:1 nobody:7 x")
    assert not page.exception
    assert 1.0 in [each.value for each in page.slider]
    assert page.query_params["weights"] == "women:1"
    page.slider[0].set_value(50.0).run()
    assert say("policy-promise.never-levels-down.title") in page.warning[0].value
    page.slider[0].set_value(0.5).run()
    assert not page.warning
    button(page, say("ui.allocation.weights.reset")).click().run()
    assert "weights" not in page.query_params


@marked(decided)
def test_a_weight_turned_moves_people_and_is_kept_only_when_saved(app, office):
    page = app(OFFICER, "allocation", part=part("weights"))
    assert say("price.nothing") in words(page)
    assert say("ui.allocation.weights.save") not in labels(page)
    page.slider[0].set_value(0.0).run()
    assert say("ui.allocation.weights.off") in words(page)
    assert say("ui.allocation.weights.proven") in words(page)
    assert say("ui.allocation.move.loses") in words(page)
    desk = desk_of(office, OFFICER)
    assert len(desk.policies()) == 1
    page.text_area(key="allocation-save-reason").set_value("To see the round without it.")
    button(page, say("ui.allocation.weights.save")).click().run()
    assert say("ui.allocation.weights.saved-set") in words(page)
    view = desk.round(ROUND)
    assert desk.loaded(ROUND).rules.balance[0].weight == 0
    assert (view.policy.number, view.policy.based_on) == (2, "1")
    assert view.summary.state is State.DRAFT
    assert say("ui.allocation.outdated") in words(page)


@marked(decided)
def test_saving_without_a_reason_is_refused_and_saves_nothing(app, office):
    page = app(OFFICER, "allocation", part=part("weights"))
    page.slider[0].set_value(10.0).run()
    button(page, say("ui.allocation.weights.save")).click().run()
    assert say("problem.office-reason-needed.what") in words(page)
    assert len(desk_of(office, OFFICER).policies()) == 1


@marked(decided)
def test_an_analyst_turns_weights_and_saves_nothing(app):
    page = app(ANALYST, "allocation", part=part("weights"))
    page.slider[0].set_value(0.0).run()
    assert not page.exception
    assert say("ui.allocation.move.loses") in words(page)
    assert say("ui.allocation.weights.save") not in labels(page)


@marked(decided)
def test_an_override_has_a_price_a_reason_and_a_way_back(app, office):
    page = app(OFFICER, "allocation", part=part("overrides"), application="A0049")
    page.button(key="allocation-override-price").click().run()
    assert not page.exception
    assert "7.5 merit points less" in words(page).replace("\\", "")
    page.text_area(key="allocation-override-form-A0049-reason").set_value("Chairs the group.")
    button(page, say("ui.allocation.override.button")).click().run()
    desk = desk_of(office, OFFICER)
    (made,) = desk.overrides(ROUND)
    assert (made.application, made.decision, made.active) == ("A0049", "must award", True)
    assert "A0049" in words(page)
    assert say("ui.allocation.outdated") in words(page)


@marked(decided)
def test_overrides_are_for_officers_to_take_and_for_others_to_read(app, office):
    desk_of(office, OFFICER).override(ROUND, "A0049", "must award", "Chairs it.", seen=None)
    page = app(AUDITOR, "allocation", part=part("overrides"))
    assert "Chairs it." in words(page)
    assert say("ui.allocation.override.new") not in words(page)
    page = app(ANALYST, "allocation", part=part("overrides"))
    assert "Chairs it." not in words(page)


@marked(decided)
def test_the_tied_stand_in_the_order_of_the_draw(app, office):
    page = app(AUDITOR, "allocation", part=part("ties"))
    draws = desk_of(office, OFFICER).result("1").allocation.draws
    assert list(page.dataframe[0].value["4"]) == [each.key for each in draws]


@marked(decided)
def test_proposing_freezes_the_round(app, office):
    page = app(OFFICER, "allocation")
    page.button(key="allocation-propose").click().run()
    assert desk_of(office, OFFICER).round(ROUND).summary.state is State.PROPOSED
    page = app(OFFICER, "allocation", part=part("overrides"))
    assert say("ui.allocation.override.frozen") in words(page)
    assert say("ui.allocation.propose.button") not in labels(page)


@marked(decided)
def test_files_are_for_those_who_may_download(app):
    assert part("files") in [each.label for each in app(OFFICER, "allocation").tabs]
    assert part("files") not in [each.label for each in app(ANALYST, "allocation").tabs]


@marked(decided)
def test_before_publication_nothing_is_recorded(app):
    assert say("ui.allocation.after.empty") in words(app(OFFICER, "allocation", part=part("after")))


# --- after publication --------------------------------------------------------------------------


@marked(published)
def test_after_publication_the_money_and_the_awards_are_shown(app, office):
    desk = desk_of(office, OFFICER)
    awarded = next(e for e in desk.result("1").lines if e.decision == "awarded")
    fund = desk.result("1").allocation.award_of(awarded.application_id).shares[0][0]
    desk.pay(ROUND, awarded.application_id, fund, 100, date(2025, 9, 1))
    desk.outcome(ROUND, awarded.application_id, "accepted", date(2025, 9, 1))
    page = app(OFFICER, "allocation", part=part("after"))
    assert not page.exception
    assert not page.error
    ledger = page.dataframe[0].value
    assert ledger["3"].iloc[0] == 1.0
    assert say("ui.allocation.outcome.accepted") in words(page)
    assert say("ui.allocation.after.payments") in words(page)


@marked(published)
def test_reallocating_begins_when_an_award_has_fallen_through(app, office):
    desk = desk_of(office, OFFICER)
    page = app(OFFICER, "allocation", part=part("after"))
    assert say("ui.allocation.after.reallocate-button") not in labels(page)
    awarded = next(e for e in desk.result("1").lines if e.decision == "awarded" and e.amount)
    desk.outcome(ROUND, awarded.application_id, "declined", date(2025, 9, 1))
    page = app(OFFICER, "allocation", part=part("after"))
    page.text_area(key="after-reallocate-reason").set_value("One fellow does not come.")
    button(page, say("ui.allocation.after.reallocate-button")).click().run()
    assert not page.error
    run = ended(desk, desk.runs(ROUND)[0].id)
    assert (run.kind, run.status, run.current) == ("reallocation", "done", True)
    page = app(OFFICER, "allocation", part=part("after"))
    assert not page.exception
    assert say("ui.allocation.after.there", run=run.id) in words(page)
    assert say("ui.allocation.propose.button") in labels(page)
    assert say("ui.allocation.after.reallocate-button") not in labels(page)
    shown = next(e.value for e in page.dataframe if awarded.application_id in set(e.value["1"]))
    before, after = (desk.result(each).lines for each in ("1", run.id))
    changed = sum(
        (b.decision, b.package) != (a.decision, a.package)
        for b, a in zip(before, after, strict=True)
    )
    assert len(shown) == changed


@marked(published)
def test_a_reallocation_under_way_outlasts_a_refresh_and_can_be_stopped(app, office, monkeypatch):
    monkeypatch.setattr(jobs, "begin", lambda *_: None)
    monkeypatch.setattr(jobs, "settle", lambda desk, round_id: None)
    desk = desk_of(office, OFFICER)
    awarded = next(e for e in desk.result("1").lines if e.decision == "awarded" and e.amount)
    desk.outcome(ROUND, awarded.application_id, "withdrawn", date(2025, 9, 1))
    run = jobs.start(desk, ROUND, kind="reallocation", reason="A seat is free.")
    page = app(OFFICER, "allocation", part=part("after"))
    assert say("ui.allocation.after.reallocating") in words(page)
    assert say("ui.allocation.after.reallocate-button") not in labels(page)
    page.button(key=f"cancel-{run.id}").click().run()
    page = app(OFFICER, "allocation", part=part("after"))
    assert desk.runs(ROUND)[0].status == "cancelled"
    assert say("ui.allocation.after.reallocate-button") in labels(page)
    assert awarded.application_id in words(page)


@marked(published)
def test_the_reserve_list_is_in_order_and_without_names_for_an_analyst(app, office):
    page = app(ANALYST, "allocation", part=part("after"))
    page.button(key="after-reserve-button").click().run()
    assert not page.exception
    assert not page.error
    places = [list(e.value["0"]) for e in page.dataframe if e.value["0"].dtype == "Int64"]
    assert places
    assert places[-1] == list(range(1, len(places[-1]) + 1))
    told = words(page)
    assert [each for each in own_names(desk_of(office, OFFICER)) if each in told] == []


@pytest.mark.parametrize(
    ("typed", "minor"),
    [
        ("1234.50", 123450),
        ("1 234.5", 123450),
        ("-12", -1200),
        ("\u2212 12.05", -1205),
        ("1.234", None),
        ("1e999", None),
        ("5e2", None),
        ("1_000", None),
        ("nan", None),
        ("", None),
        ("ten", None),
    ],
)
def test_amounts_are_read_exactly_or_not_at_all(typed, minor):
    assert typed_money(typed) == minor
