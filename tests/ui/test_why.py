"""Why without a browser: one applicant in full, and a letter that speaks of nobody else."""

from dataclasses import replace

import pytest

from allocator.explain.explanation import ExtraMoney
from allocator.explain.why_words import Reader, teller
from allocator.model import Decision
from allocator.texts import say
from allocator.ui.formats import quoted
from allocator.ui.results import Shown
from allocator.ui.why_letter import letter_text
from allocator.ui.why_line import standing
from tests.ui.decided import ROUND, button, decided_template, labels, words  # noqa: F401
from tests.ui.people import ADMINISTRATOR, ANALYST, APPROVER, AUDITOR, OFFICER, desk_of


def decided(test):
    return pytest.mark.office("decided")(pytest.mark.usefixtures("decided_template")(test))


def names_of(desk):
    found = desk.loaded(ROUND).applications
    return {e.application_id: f"{e.given_name} {e.family_name}".strip() for e in found}


@pytest.mark.parametrize("login", [OFFICER, ANALYST, AUDITOR, APPROVER, ADMINISTRATOR])
def test_before_the_first_run_it_says_what_to_do_first(app, login):
    page = app(login, "why")
    assert not page.exception
    assert say("ui.why.empty.what") in words(page)


@decided
def test_without_an_application_the_nearest_to_an_award_are_offered(app):
    page = app(OFFICER, "why")
    assert say("ui.why.nearest") in words(page)
    short = list(page.dataframe[0].value["3"])
    assert short == sorted(short)
    assert say("ui.why.letter.title") not in words(page)


@decided
def test_an_unknown_application_in_the_address_is_said_to_be_unknown(app):
    page = app(OFFICER, "why", application="![x](http://evil.example)")
    assert not page.exception
    assert "![x](http" not in "\n".join(each.value for each in page.warning)
    assert page.warning


@decided
@pytest.mark.parametrize("application", ["A0001", "A0002", "A0003", "A0049"])
def test_one_applicant_is_explained_in_full(app, office, application):
    page = app(OFFICER, "why", application=application)
    assert not page.exception
    assert not page.error
    result = desk_of(office, OFFICER).result("1")
    line = next(each for each in result.lines if each.application_id == application)
    told = " ".join(words(page).split())
    assert " ".join(quoted(line.reason).split()) in told
    for part in Shown(result, True).teller.parts(application):
        if part.id != "others":
            sentences = (" ".join(each.split()) for each in part.sentences)  # as `safe` writes
            assert [each for each in sentences if each not in told] == [], part.id
    if line.decision is not Decision.INELIGIBLE:
        points = next(e.value for e in page.dataframe if "Total" in list(e.value["0"]))
        assert points["2"].iloc[-1] * 1000 == line.merit


@decided
@pytest.mark.parametrize("login", [ANALYST, ADMINISTRATOR])
@pytest.mark.parametrize("application", [None, "A0001", "A0002", "A0003"])
def test_who_may_not_see_persons_is_sent_no_name_and_no_letter(app, office, login, application):
    address = {"application": application} if application else {}
    page = app(login, "why", **address)
    assert not page.exception
    assert not page.error
    told = words(page)
    assert [name for name in names_of(desk_of(office, OFFICER)).values() if name in told] == []
    assert say("ui.why.letter.title") not in told


@decided
def test_an_application_is_found_by_name_only_by_those_who_may_see_names(app, office):
    name = names_of(desk_of(office, OFFICER))["A0003"]
    page = app(OFFICER, "why")
    page.text_input(key="why-search").set_value(name).run()
    assert page.query_params["application"] == "A0003"
    page = app(ANALYST, "why")
    page.text_input(key="why-search").set_value(name).run()
    assert "application" not in page.query_params
    page.text_input(key="why-search").set_value("a0003").run()
    assert page.query_params["application"] == "A0003"


@decided
def test_a_letter_names_nobody_else_and_nothing_of_others(office):
    desk = desk_of(office, OFFICER)
    found = Shown(desk.result("1"), True)
    names = names_of(desk)
    for line in found.result.lines:
        text = letter_text(found, line)
        own = names[line.application_id]
        assert own in text
        others = [n for a, n in names.items() if a != line.application_id and n not in own]
        assert [each for each in others if each in text] == []
        ids = [a for a in names if a != line.application_id]
        assert [each for each in ids if each in text] == []
        assert quoted(line.reason) in text or line.decision is Decision.INELIGIBLE
        if line.decision is Decision.INELIGIBLE:
            judged = found.judged[line.application_id]
            assert all(quoted(each.text) in text for each in judged.findings)


@decided
def test_the_picture_of_the_line_has_the_exact_margin(office):
    found = Shown(desk_of(office, OFFICER).result("1"), True)
    stands = 0
    for application, explained in found.teller.explained.items():
        here, line = standing(explained), found.lines[application]
        if here is None or not here.exact:
            continue
        stands += 1
        assert here.merit - here.line == line.margin
    assert stands > 10


@decided
def test_notes_are_written_by_those_who_may_and_read_by_those_who_may(app, office):
    page = app(OFFICER, "why", application="A0003")
    page.text_area[0].set_value("Asked for the <b>visa</b> letter.")
    button(page, say("ui.why.note-button")).click().run()
    assert "Asked for the <b>visa</b> letter." in [each.value for each in page.text]
    page = app(AUDITOR, "why", application="A0003")
    assert "Asked for the <b>visa</b> letter." in [each.value for each in page.text]
    assert say("ui.why.note-button") not in labels(page)
    assert "visa" not in words(app(ANALYST, "why", application="A0003"))


@decided
def test_a_letter_leaves_away_what_was_not_worked_out_and_names_no_command(office):
    result = desk_of(office, OFFICER).result("1")
    unsure = [_unsure(each) for each in result.explanations]
    left = [each.id for each in result.rules.balance]
    effects = replace(result.effects, left_out=tuple(left))
    found = Shown(replace(result, explanations=tuple(unsure), effects=effects), True)
    declined = [line for line in result.lines if line.decision is Decision.DECLINED]
    for line in declined:
        text = letter_text(found, line)
        assert "`" not in text
        assert "not worked out" not in text
        assert "at least 0" not in text
    page = "\n".join(
        sentence
        for line in declined
        for part in found.teller.parts(line.application_id)
        for sentence in part.sentences
    )
    assert "not worked out" in page
    assert "`" not in page
    told = teller(found.result, Reader.COMMANDS).left_out()
    assert "`allocator run ROUND --exact`" in told


def _unsure(each):
    if each.margin is None:
        return each
    packages = tuple(replace(one, points=0, exact=False) for one in each.margin.packages)
    margin = replace(each.margin, points=0, exact=False, packages=packages)
    extra = (ExtraMoney("fund[itu]", 1000, exact=False),)
    return replace(each, margin=margin, extra=extra)
