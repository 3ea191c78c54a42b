"""Every gate: who passes, what follows from what is not known, and the fact in words."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from allocator.intake.eligibility import judge
from allocator.intake.facts import Facts
from allocator.intake.standing import Standings
from allocator.model import Application, Meeting
from allocator.rules import CountryGroup, EligibilityRule, Rules, Unknown
from tests.intake_rounds import GENEVA, RULES, form, round_of, rule

ON = date(2027, 2, 1)


def findings(
    application: Application,
    *gates: EligibilityRule,
    meeting: Meeting = GENEVA,
    rules: Rules = RULES,
    **round_changes: Any,
) -> list[str]:
    round_ = round_of(meeting, **round_changes)
    standing = Standings(rules, round_.decision_date).of(application.administration)
    facts = Facts(round_, [application])
    return [each.text for each in judge(application, gates, standing, facts)]


def passes(application: Application, *gates: EligibilityRule, **more: Any) -> bool:
    return not findings(application, *gates, **more)


def test_a_name_that_is_no_member_state_is_a_finding_of_every_policy() -> None:
    application = form(administration="PSE", not_member="It is not a Member State.")
    (finding,) = judge(
        application,
        (),
        Standings(RULES, ON).of("PSE"),
        Facts(round_of(), [application]),
    )
    assert (finding.rule, finding.reference) == ("not-a-member-state", None)
    assert finding.text == "It is not a Member State."


def test_a_name_is_said_with_its_article() -> None:
    gate = rule("country_group", groups=("ldc",))
    (said,) = findings(form(administration="KOR"), gate)
    assert said.startswith("The Republic of Korea does not belong to ")
    (said,) = findings(form(administration="JPN"), gate)
    assert said.startswith("Japan does not belong to ")


def test_deadline_counts_days_in_words() -> None:
    meeting = replace(GENEVA, deadline=date(2017, 9, 25))
    gate = rule("deadline")
    assert passes(form(received=date(2017, 9, 25)), gate, meeting=meeting)
    assert findings(form(received=date(2017, 9, 28)), gate, meeting=meeting) == [
        "Received 3 days after the deadline of 25 September 2017."
    ]
    assert findings(form(received=date(2017, 9, 26)), gate, meeting=meeting) == [
        "Received 1 day after the deadline of 25 September 2017."
    ]


def test_deadline_is_42_days_before_the_first_day_where_the_meeting_names_none() -> None:
    # ITU-T circulars of 2017: SG13 from 6 November, deadline 25 September.
    meeting = replace(GENEVA, starts=date(2017, 11, 6), ends=date(2017, 11, 17), deadline=None)
    assert passes(form(received=date(2017, 9, 25)), rule("deadline"), meeting=meeting)
    assert not passes(form(received=date(2017, 9, 26)), rule("deadline"), meeting=meeting)
    assert passes(
        form(received=date(2017, 10, 16)), rule("deadline", days_before=21), meeting=meeting
    )


def test_every_broken_rule_is_named_in_the_policys_order() -> None:
    application = form(registration_approved=False, received=date(2027, 1, 19))
    gates = (
        replace(rule("flag", column="registration_approved"), id="registration"),
        replace(rule("deadline"), id="deadline"),
        replace(rule("country_group", groups=("ldc",)), id="group"),
    )
    facts = Facts(round_of(), [application])
    found = judge(application, gates, Standings(RULES, ON).of("KEN"), facts)
    assert [each.rule for each in found] == ["registration", "deadline", "group"]
    assert {each.reference for each in found} == {"R"}


UNKNOWN_FACTS = {
    "flag": (form(), rule("flag", column="authorised")),
    "deadline": (form(), rule("deadline")),
    "number": (form(), rule("number", column="contributions", at_least=Fraction(1))),
    "category": (form(), rule("category", column="role", one_of=("Editor",))),
    "listed": (form(), rule("listed")),
    "extra column that the file lacks": (form(), rule("flag", column="Visa granted")),
    "extra column that is blank": (
        form(extra=(("Visa granted", "n/a"),)),
        rule("flag", column="visa_granted"),
    ),
    "extra column that cannot be read": (
        form(extra=(("Visa granted", "soon"),)),
        rule("flag", column="visa_granted"),
    ),
    "any of": (form(), rule("any_of", rules=(rule("flag", column="authorised"),))),
    "region": (form(administration="Utopia"), rule("region_scope")),
    "income class before the tables begin": (
        form(administration="KEN"),
        rule("country_group", groups=("low_income",)),
    ),
}


@pytest.mark.parametrize("name", UNKNOWN_FACTS)
def test_the_policy_says_what_follows_from_a_fact_that_is_not_known(name: str) -> None:
    application, gate = UNKNOWN_FACTS[name]
    more: dict[str, Any] = {"meeting": replace(GENEVA, region_scope=("Africa",))}
    if name.startswith("income"):
        more["decision_date"] = date(2019, 1, 1)
    said = findings(application, replace(gate, not_known=Unknown.INELIGIBLE), **more)
    assert len(said) == 1
    assert "know" in said[0]
    assert passes(application, replace(gate, not_known=Unknown.ELIGIBLE), **more)


KNOWN_FACTS = [
    (rule("flag", column="authorised"), {"authorised": True}, {"authorised": False}),
    (
        rule("flag", column="first_time", must_be=False),
        {"first_time": False},
        {"first_time": True},
    ),
    (
        rule("number", column="contributions", at_least=Fraction(1), at_most=Fraction(3)),
        {"contributions": 3},
        {"contributions": 4},
    ),
    (
        rule("number", column="Years of work", at_least=Fraction("2.5")),
        {"extra": (("years_of_work", "2,5"),)},
        {"extra": (("years_of_work", "2.4"),)},
    ),
    (
        rule("category", column="role", one_of=("Chair", "Working party vice-chair")),
        {"role": "WP2/13 Vice-Chairman"},
        {"role": "Vice-Chairman"},
    ),
    (
        rule("category", column="language", one_of=("French",)),
        {"extra": (("Language", "FRENCH"),)},
        {"extra": (("Language", "English"),)},
    ),
    (
        rule("country_group", groups=("ldc", "sids")),
        {"administration": "HTI"},
        {"administration": "BRA"},
    ),
    (rule("country_group", groups=("africa",)), {}, {"administration": "FRA"}),
    (
        rule("listed", groups=("ldc",)),
        {"administration": "HTI"},
        {"administration": "BRA"},
    ),
    (rule("region_scope"), {}, {"administration": "PER"}),
    (
        rule(
            "any_of",
            rules=(
                rule("flag", column="authorised"),
                rule("country_group", groups=("ldc",)),
            ),
        ),
        {"administration": "HTI", "authorised": False},
        {"authorised": False},
    ),
]


@pytest.mark.parametrize(("gate", "good", "bad"), KNOWN_FACTS, ids=lambda each: str(each)[:40])
def test_a_gate_passes_what_it_should_and_nothing_else(
    gate: EligibilityRule, good: dict[str, Any], bad: dict[str, Any]
) -> None:
    meeting = replace(GENEVA, region_scope=("Africa", "Americas")[:1])
    assert findings(form(**good), gate, meeting=meeting) == []
    (said,) = findings(form(**bad), gate, meeting=meeting)
    assert said
    # What a policy does when nothing is known has no say where something is.
    lenient = replace(gate, not_known=Unknown.ELIGIBLE)
    assert not passes(form(**bad), lenient, meeting=meeting)


def test_a_list_of_eligible_member_states_comes_before_the_groups() -> None:
    gate = rule("listed", groups=("ldc",))
    assert passes(form(administration="BRA"), gate, eligible_member_states=("BRA",))
    assert findings(form(administration="HTI"), gate, eligible_member_states=("BRA",)) == [
        "Haiti is not on this round's list of eligible Member States."
    ]


def test_free_text_of_a_person_is_never_repeated() -> None:
    application = form(role="a private remark", extra=(("Remark", "something private"),))
    said = findings(
        application,
        rule("category", column="role", one_of=("Editor",)),
        rule("category", column="Remark", one_of=("no",)),
        rule("number", column="Remark", at_least=Fraction(1)),
        rule("flag", column="Remark"),
    )
    assert len(said) == 4
    assert not [text for text in said if "private" in text]


def own(**values: Any) -> CountryGroup:
    empty: dict[str, Any] = {
        "any_of": (),
        "but_not": (),
        "add": (),
        "remove": (),
        "reference": None,
    }
    return CountryGroup(**{**empty, **values})


def test_a_policys_own_group_is_any_of_but_not_plus_added_minus_removed() -> None:
    groups = (
        own(
            id="wide", any_of=("ldc", "Americas"), but_not=("sids",), add=("FRA",), remove=("TCD",)
        ),
        own(id="narrow", any_of=("wide",), but_not=("Americas",)),
    )
    rules = replace(RULES, country_groups=groups)
    standings = Standings(rules, ON)
    wide = {each: standings.of(each).holds("wide") for each in ("MLI", "TCD", "BRA", "HTI", "FRA")}
    # Haiti is an LDC and in the Americas, but a small island State.
    assert wide == {"MLI": True, "TCD": False, "BRA": True, "HTI": False, "FRA": True}
    assert standings.of("MLI").holds("narrow") is True
    assert standings.of("BRA").holds("narrow") is False
    assert "wide" in standings.of("MLI").named


def test_what_is_not_known_of_one_group_stays_so_in_groups_made_of_it() -> None:
    groups = (
        own(id="poor", any_of=("low_income", "ldc")),
        own(id="rest", any_of=("member_state",), but_not=("low_income",)),
    )
    standings = Standings(replace(RULES, country_groups=groups), date(2019, 1, 1))
    assert standings.of("KEN").holds("poor") is None
    assert standings.of("MLI").holds("poor") is True
    # Nobody is left out for what is not known.
    assert standings.of("KEN").holds("rest") is True
