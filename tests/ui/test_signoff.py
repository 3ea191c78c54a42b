"""Sign-off, audit and administration without a browser: every role, every step, every refusal."""

import re
import shutil
from datetime import date

import pytest

from allocator.office.keys import make_key
from allocator.office.roles import Role
from allocator.office.states import State
from allocator.office.store import open_store
from allocator.texts import say
from allocator.ui import signoff_key
from tests.ui.decided import button, decided_template, published_template  # noqa: F401
from tests.ui.people import ADMINISTRATOR, ANALYST, APPROVER, AUDITOR, OFFICER, PEOPLE, desk_of
from tests.ui.test_shell import ROUND, words

EVERYONE = [OFFICER, APPROVER, AUDITOR, ANALYST, ADMINISTRATOR]


@pytest.fixture
def final(office_file, decided_template):  # noqa: F811
    """Give the officer's desk on the sample round with a final run."""
    shutil.copy(decided_template, office_file)
    with open_store(office_file) as store:
        yield desk_of(store, OFFICER)


def steps(test):
    return {each.label for each in test.button}


@pytest.mark.parametrize("login", EVERYONE)
def test_without_a_run_the_sign_off_says_what_to_do_first(app, login):
    page = app(login, "signoff", round=ROUND)
    assert not page.exception
    assert say("ui.signoff.empty.what") in words(page)


@pytest.mark.parametrize("login", EVERYONE)
def test_only_an_officer_is_offered_to_propose(app, final, login):
    page = app(login, "signoff", round=ROUND)
    assert not page.exception
    assert (say("ui.signoff.propose.button") in steps(page)) is (login == OFFICER)
    fingerprint = final.round(ROUND).run.fingerprint
    assert fingerprint in [each.value for each in page.text]


def test_a_second_person_approves_by_the_fingerprint_and_no_other_text(app, final):
    page = app(OFFICER, "signoff", round=ROUND)
    page.button(key="signoff-propose").click().run()
    assert final.round(ROUND).summary.state is State.PROPOSED

    page = app(APPROVER, "signoff", round=ROUND)
    typed = page.text_input(key="signoff-typed")
    typed.set_value("0000")
    approve = next(each for each in page.button if each.label == say("ui.signoff.approve.button"))
    approve.click().run()
    assert final.round(ROUND).summary.state is State.PROPOSED
    page.text_input(key="signoff-typed").set_value(final.round(ROUND).run.fingerprint[:8])
    approve = next(each for each in page.button if each.label == say("ui.signoff.approve.button"))
    approve.click().run()
    assert final.round(ROUND).summary.state is State.APPROVED


def test_what_somebody_else_did_meanwhile_is_told_before_a_name_is_put_to_it(app, office, final):
    page = app(OFFICER, "signoff", round=ROUND)
    desk_of(office, OFFICER).return_to_draft(ROUND, "Two files are missing.", None)
    final.check(ROUND, None)
    page.button(key="signoff-propose").click().run()
    assert final.round(ROUND).summary.state is State.CHECKED
    assert "Somebody was faster" in words(page)
    page.button(key="signoff-propose").click().run()
    assert final.round(ROUND).summary.state is State.PROPOSED


def test_an_approver_returns_it_with_a_reason_that_must_be_given(app, final):
    view = final.round(ROUND)
    final.propose(ROUND, view.run.id, view.summary.version)
    page = app(APPROVER, "signoff", round=ROUND)
    back = next(each for each in page.button if each.label == say("ui.signoff.return.button"))
    back.click().run()
    assert final.round(ROUND).summary.state is State.PROPOSED
    page.text_area(key="signoff-return-reason").set_value("A file is missing.")
    back = next(each for each in page.button if each.label == say("ui.signoff.return.button"))
    back.click().run()
    assert final.round(ROUND).summary.state is State.DRAFT

    page = app(OFFICER, "signoff", round=ROUND)
    assert say("ui.signoff.propose.button") not in steps(page), "the files must be checked first"
    assert say("ui.signoff.propose.check-first") in words(page)
    signed = "".join(each.value.to_csv() for each in page.dataframe)
    assert "A file is missing." in signed, "who signed what names the return and its reason"


def test_the_officer_publishes_with_the_key_of_the_server(
    app, office, final, tmp_path_factory, monkeypatch
):
    folder = tmp_path_factory.mktemp("keys")
    make_key(folder / "officer.pem", None)
    monkeypatch.setenv("ALLOCATOR_SIGNING_KEY", str(folder / "officer.pem"))
    view = final.round(ROUND)
    view = final.propose(ROUND, view.run.id, view.summary.version)
    desk_of(office, APPROVER).approve(ROUND, view.run.fingerprint, view.summary.version)
    page = app(OFFICER, "signoff", round=ROUND)
    sign = next(each for each in page.button if each.label == say("ui.signoff.publish.button"))
    sign.click().run()
    assert not page.exception
    assert final.round(ROUND).summary.state is State.PUBLISHED
    assert final.round(ROUND).publications[0].public_key in [each.value for each in page.text]


@pytest.fixture
def approved(office, final):
    view = final.round(ROUND)
    view = final.propose(ROUND, view.run.id, view.summary.version)
    return desk_of(office, APPROVER).approve(ROUND, view.run.fingerprint, view.summary.version)


def test_an_officer_without_a_key_makes_one_and_it_signs(app, final, approved, tmp_path_factory):
    page = app(OFFICER, "signoff", round=ROUND)
    for password, repeated, problem in (
        ("short", "short", say("ui.signoff.make-key.short", least=signoff_key.SHORTEST)),
        ("long enough to be one", "long enough to be", say("ui.signoff.make-key.differs")),
    ):
        page = _asks_for_a_key(page, password, repeated)
        assert [each.value for each in page.error] == [problem]
    assert not [each for each in final.timeline() if each.kind == "key-made"]
    page = _asks_for_a_key(page, "long enough to be one", "long enough to be one")
    assert not page.exception and not page.error
    private, public = page.session_state["signoff-made-key"]
    assert b"ENCRYPTED" in private and b"PUBLIC KEY" in public
    (told,) = [each for each in final.timeline() if each.kind == "key-made"]
    path = tmp_path_factory.mktemp("keys") / "mine.pem"
    path.write_bytes(private)
    path.chmod(0o600)
    final.publish(ROUND, path, None, "long enough to be one")
    assert final.round(ROUND).publications[0].public_key == told.details["public_key"]


def _asks_for_a_key(page, password, repeated):
    page.text_input(key="signoff-new-password").set_value(password)
    page.text_input(key="signoff-new-repeated").set_value(repeated)
    label = say("ui.signoff.make-key.button")
    return next(each for each in page.button if each.label == label).click().run()


@pytest.mark.parametrize("login", [AUDITOR, APPROVER, ANALYST])
def test_nobody_else_is_offered_a_key(app, approved, login):
    page = app(login, "signoff", round=ROUND)
    assert "signoff-new-password" not in {each.key for each in page.text_input}


@pytest.mark.office("published")
@pytest.mark.usefixtures("published_template")
def test_a_reallocation_is_signed_by_two_people_and_published_next(
    app, office, tmp_path_factory, monkeypatch
):
    key = tmp_path_factory.mktemp("keys") / "officer.pem"
    make_key(key, None)
    monkeypatch.setenv("ALLOCATOR_SIGNING_KEY", str(key))
    desk = desk_of(office, OFFICER)
    gone = next(e.application_id for e in desk.result("1").lines if e.decision == "awarded")
    desk.outcome(ROUND, gone, "withdrawn", date(2025, 9, 1))
    run = desk.reallocate(ROUND, "A seat is free.")

    links = [each.proto.label for each in app(OFFICER, "rounds", round=ROUND).get("page_link")]
    assert say("ui.rounds.open.proposed") in links
    page = app(OFFICER, "signoff", round=ROUND)
    assert say("ui.signoff.what.reallocation") in words(page)
    assert run.fingerprint in [each.value for each in page.text]
    page.button(key="signoff-propose").click().run()
    assert say("ui.signoff.approve.wait") in words(app(OFFICER, "signoff", round=ROUND))

    page = app(APPROVER, "signoff", round=ROUND)
    page.text_input(key="signoff-typed").set_value(run.fingerprint[:8])
    button(page, say("ui.signoff.approve.button")).click().run()
    page = app(OFFICER, "signoff", round=ROUND)
    button(page, say("ui.signoff.publish.button")).click().run()
    assert not page.error
    numbers = [each.number for each in desk.round(ROUND).publications]
    assert sorted(numbers) == [1, 2]
    page = app(OFFICER, "allocation", part=say("ui.allocation.tab.after"))
    assert not page.exception
    awards = next(
        e.value for e in page.dataframe if gone not in set(e.value["0"]) and len(e.value) > 30
    )
    assert len(awards) == sum(e.decision == "awarded" for e in desk.result(run.id).lines)
    assert say("ui.allocation.after.none-fell") in words(page)


@pytest.mark.office("published")
@pytest.mark.usefixtures("published_template")
def test_a_reallocation_shows_what_it_rests_on_and_is_returned_or_made_anew(app, office):
    desk = desk_of(office, OFFICER)
    gone, other = [e for e in desk.result("1").lines if e.decision == "awarded"][:2]
    desk.outcome(ROUND, gone.application_id, "withdrawn", date(2025, 9, 1))
    run = desk.reallocate(ROUND, "A seat is free.")
    desk.propose(ROUND, run.id, None)
    page = app(APPROVER, "signoff", round=ROUND)
    fell = next(e.value for e in page.dataframe if list(e.value["0"]) == [gone.application_id])
    assert say("ui.allocation.outcome.withdrawn") in set(fell["1"])
    assert say("ui.signoff.again.moves") in words(page)

    # A payment of an award that fell through is money that is not free after all.
    desk.outcome(ROUND, other.application_id, "withdrawn", date(2025, 9, 2))
    page = app(APPROVER, "signoff", round=ROUND)
    assert say("ui.signoff.outdated.reallocation") in words(page)
    assert "signoff-typed" not in {each.key for each in page.text_input}
    assert desk.round(ROUND).summary.next_step == say("office.next.reallocating-outdated")
    page.text_area(key="signoff-return-reason").set_value("One more has withdrawn.")
    button(page, say("ui.signoff.return-reallocation.button")).click().run()
    assert not page.error
    view = desk.round(ROUND)
    assert view.summary.state is State.PUBLISHED and view.run.id != run.id


@pytest.mark.parametrize("login", EVERYONE)
@pytest.mark.parametrize("view", ["record", "fairness", "ties", "log", "other"])
def test_every_view_of_the_audit_opens_for_every_role(app, final, login, view):
    page = app(login, "audit", round=ROUND)
    page.radio(key="audit-view").set_value(view).run()
    assert not page.exception
    assert not page.error
    assert page.query_params["part"] == view


def test_an_auditor_sees_every_check_pass(app, final):
    page = app(AUDITOR, "audit", round=ROUND)
    page.button(key="audit-verify").click().run()
    assert say("ui.audit.verdict.verified") in words(page)
    results = set(page.dataframe[0].value["0"])
    assert results <= {say("ui.audit.check.passed"), say("ui.audit.check.open")}


def test_an_auditor_checks_the_log(app, final):
    page = app(AUDITOR, "audit", round=ROUND, part="log")
    page.button(key="audit-log").click().run()
    assert set(page.dataframe[0].value["0"]) == {say("ui.audit.check.passed")}


def test_an_analyst_gets_no_record(app, final):
    page = app(ANALYST, "audit", round=ROUND)
    assert "audit-verify" not in {each.key for each in page.button}
    assert say("ui.audit.record.not-yours") in words(page)


def test_an_administrator_adds_an_account_and_changes_its_roles(app, office):
    page = app(ADMINISTRATOR, "administration")
    assert not page.exception
    labels = {each.label: each for each in page.text_input}
    labels[say("ui.administration.add.login")].set_value("new@example.org")
    labels[say("ui.administration.add.name")].set_value("New Colleague")
    page.multiselect[0].set_value([Role.AUDITOR])
    add = next(each for each in page.button if each.label == say("ui.administration.add.button"))
    add.click().run()
    desk = desk_of(office, ADMINISTRATOR)
    assert {each.login: each.roles for each in desk.accounts()}["new@example.org"] == (
        Role.AUDITOR,
    )


def test_an_administrator_changes_a_setting(app, office):
    page = app(ADMINISTRATOR, "administration")
    before = desk_of(office, ADMINISTRATOR).settings()["retention-years"]
    number = next(
        each
        for each in page.number_input
        if each.label == say("ui.administration.setting.retention-years")
    )
    number.set_value(before + 1)
    saves = [each for each in page.button if each.label == say("ui.administration.settings.button")]
    saves[-1].click().run()
    assert not page.exception
    assert desk_of(office, ADMINISTRATOR).settings()["retention-years"] == before + 1


@pytest.mark.parametrize("login", [OFFICER, APPROVER, ANALYST])
def test_administration_is_not_shown_to_those_who_may_not(app, login):
    page = app(login, "administration")
    assert not page.exception
    assert not re.search(re.escape(say("ui.administration.accounts.title")), words(page))


def test_an_auditor_sees_the_accounts_and_changes_nothing(app):
    page = app(AUDITOR, "administration")
    assert not page.exception
    assert list(page.dataframe[0].value["0"]) == sorted(PEOPLE)
    assert not steps(page) & {
        say("ui.administration.add.button"),
        say("ui.administration.erase.button"),
    }
