"""Rules of eligibility applied to an application: every rule it breaks, with the fact in words."""

from datetime import date, timedelta
from fractions import Fraction

from allocator.countries import name_in_sentence
from allocator.intake.facts import Facts
from allocator.intake.roles import said_in
from allocator.intake.standing import Standing, Truth, any_true
from allocator.model import Application, Finding
from allocator.policy_terms import day_text, group_text, list_text, number_text
from allocator.rules import EligibilityRule, Unknown
from allocator.texts import say

MEMBER_STATE = "member_state"
NOT_MEMBER = "not-a-member-state"
"""What stands for the rule of ours where an administration is of no Member State.

Policies like to call a gate of their own ``member-state``, so ours is called otherwise.
"""
"""Rule id of the finding that the administration is no ITU Member State; every policy has it."""


def judge(
    application: Application,
    rules: tuple[EligibilityRule, ...],
    standing: Standing,
    facts: Facts,
) -> tuple[Finding, ...]:
    """Return every rule that an application breaks; none if it is eligible.

    Parameters
    ----------
    application : Application
        A row of the applications file.
    rules : tuple of EligibilityRule
        The policy's gates, in its order.
    standing : Standing
        What the administration is on the decision date.
    facts : Facts
        Reads the application's columns.
    """
    findings = []
    if application.not_member:
        findings.append(Finding(NOT_MEMBER, None, application.not_member))
    for rule in rules:
        truth = _holds(rule, application, standing, facts)
        if truth is None:
            truth = rule.not_known is Unknown.ELIGIBLE
        if not truth:
            text = _why_not(rule, application, standing, facts)
            findings.append(Finding(rule.id, rule.reference, text))
    return tuple(findings)


def deadline_of(application: Application, rule: EligibilityRule, facts: Facts) -> date:
    """Return the last day that counts: the meeting's own, else some days before its first day."""
    meeting = facts.meeting(application)
    return meeting.deadline or meeting.starts - timedelta(days=rule.days_before)


def _holds(
    rule: EligibilityRule, application: Application, standing: Standing, facts: Facts
) -> Truth:
    match rule.kind:
        case "country_group":
            return any_true(standing.holds(each) for each in rule.groups)
        case "listed":
            return _listed(rule, application, standing, facts)
        case "region_scope":
            return _in_scope(application, standing, facts)
        case "flag":
            said = facts.yes_no(application, rule.column)
            return None if said is None else said is rule.must_be
        case "deadline":
            received = application.received
            return None if received is None else received <= deadline_of(application, rule, facts)
        case "number":
            return _between(facts.number(application, rule.column), rule)
        case "category":
            written = facts.text(application, rule.column)
            return None if written is None else said_in(rule.column, written, rule.one_of) != ()
        case "any_of":
            return any_true(_or_assumed(each, application, standing, facts) for each in rule.rules)
    raise ValueError(f"no such kind of rule: {rule.kind}")


def _or_assumed(
    rule: EligibilityRule, application: Application, standing: Standing, facts: Facts
) -> Truth:
    """Return whether an alternative holds; one that lets pass what is not known does hold then."""
    truth = _holds(rule, application, standing, facts)
    return True if truth is None and rule.not_known is Unknown.ELIGIBLE else truth


def _listed(
    rule: EligibilityRule, application: Application, standing: Standing, facts: Facts
) -> Truth:
    listed = facts.round.eligible_member_states
    if listed is not None:
        return application.administration in listed
    if not rule.groups:
        return None
    return any_true(standing.holds(each) for each in rule.groups)


def _in_scope(application: Application, standing: Standing, facts: Facts) -> Truth:
    scope = facts.meeting(application).region_scope
    return any_true(standing.holds(each) for each in scope) if scope else True


def _between(number: Fraction | int | None, rule: EligibilityRule) -> Truth:
    if number is None:
        return None
    enough = rule.at_least is None or number >= rule.at_least
    return enough and (rule.at_most is None or number <= rule.at_most)


# --- the fact in words --------------------------------------------------------------------------


def _why_not(
    rule: EligibilityRule, application: Application, standing: Standing, facts: Facts
) -> str:
    match rule.kind:
        case "country_group" | "listed":
            return _outside(rule, application, standing, facts)
        case "region_scope":
            return _out_of_scope(application, standing, facts)
        case "deadline":
            return _late(rule, application, facts)
        case "any_of":
            parts = [_why_not(each, application, standing, facts) for each in rule.rules]
            return say("assess.finding.any-of", parts=" ".join(parts))
    return _cell(rule, application, facts)


def _outside(
    rule: EligibilityRule, application: Application, standing: Standing, facts: Facts
) -> str:
    name = name_in_sentence(application.administration)
    if rule.kind == "listed" and facts.round.eligible_member_states is not None:
        return _capital(say("assess.finding.not-listed", name=name))
    if not rule.groups:
        return say("assess.finding.no-list", name=name)
    groups = _group_words(rule.groups, "or", standing)
    if any_true(standing.holds(each) for each in rule.groups) is None:
        return say("assess.finding.group-not-known", name=name, groups=groups)
    held = tuple(each for each in standing.named if each != MEMBER_STATE)
    key = "assess.finding.other-group" if held else "assess.finding.no-group"
    held_words = _group_words(held, "and", standing)
    return _capital(say(key, name=name, groups=groups, held=held_words))


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _group_words(groups: tuple[str, ...], joined: str, standing: Standing) -> str:
    return list_text(tuple(group_text(each, standing.titles) for each in groups), joined)


def _out_of_scope(application: Application, standing: Standing, facts: Facts) -> str:
    name = name_in_sentence(application.administration)
    scope = list_text(facts.meeting(application).region_scope, "or")
    if standing.region is None:
        return say("assess.finding.region-not-known", name=name, scope=scope)
    return say("assess.finding.region", name=name, region=standing.region, scope=scope)


def _late(rule: EligibilityRule, application: Application, facts: Facts) -> str:
    deadline = deadline_of(application, rule, facts)
    if application.received is None:
        return say("assess.finding.deadline-not-known", deadline=day_text(deadline))
    days = (application.received - deadline).days
    return say("assess.finding.deadline", days=days, deadline=day_text(deadline))


def _cell(rule: EligibilityRule, application: Application, facts: Facts) -> str:
    """Say what a column holds; of free text only that it is none of what is asked for."""
    column = rule.column
    match rule.kind:
        case "flag" if (said := facts.yes_no(application, column)) is not None:
            shown = {"said": say(f"assess.{'yes' if said else 'no'}")}
            return say("assess.finding.flag", column=column, **shown)
        case "number" if (number := facts.number(application, column)) is not None:
            return say(
                "assess.finding.number",
                column=column,
                number=number_text(Fraction(number)),
                limits=_limits(rule),
            )
        case "category" if facts.text(application, column) is not None:
            wanted = list_text(rule.one_of, "or")
            return say("assess.finding.category", column=column, wanted=wanted)
    return say("assess.finding.not-known", column=column)


def _limits(rule: EligibilityRule) -> str:
    limits = []
    if rule.at_least is not None:
        limits.append(say("assess.finding.at-least", number=number_text(rule.at_least)))
    if rule.at_most is not None:
        limits.append(say("assess.finding.at-most", number=number_text(rule.at_most)))
    return list_text(tuple(limits))
