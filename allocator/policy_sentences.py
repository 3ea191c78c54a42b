"""Each part of the rules as a sentence: pure wording, every number exact."""

from collections.abc import Iterator
from fractions import Fraction

from allocator.countries import display_name
from allocator.model import Selector
from allocator.policy_terms import (
    NO_TITLES,
    Titles,
    attribute_text,
    group_text,
    list_text,
    measure_text,
    money_text,
    number_text,
    points_text,
    selector_text,
    share_text,
)
from allocator.rules import (
    BalanceFactor,
    Bound,
    CountryGroup,
    Criterion,
    EligibilityRule,
    Measure,
    Reference,
    UnitLimit,
    Unknown,
)
from allocator.texts import catalogue, say


def named(title: str, sentence: str) -> str:
    """Return a sentence with the title of what it is about before it."""
    return say("policy-words.named", title=title, sentence=sentence)


def yes_no(value: bool) -> str:
    """Return the last word of the key of a text that comes in two forms."""
    return "yes" if value else "no"


def reference_text(reference: Reference) -> str:
    """Return a source, or a choice and why it was made."""
    fields = {"period": reference.period, "url": reference.url, "note": reference.note.rstrip(".")}
    more = "".join(
        say(f"policy-words.references.{key}", **{key: text}) for key, text in fields.items() if text
    )
    kind = f"policy-words.references.{reference.kind}"
    return say(kind, id=reference.id, title=reference.title, more=more)


def gate_text(rule: EligibilityRule, titles: Titles = NO_TITLES) -> str:
    """Return an eligibility rule, and what follows where the fact is not known."""
    text = named(rule.title, _gate_condition(rule, titles))
    if rule.kind in ("any_of", "region_scope"):
        return text
    return f"{text} {say(f'policy-words.eligibility.unknown-{_stays(rule)}')}"


def _stays(rule: EligibilityRule) -> str:
    return "eligible" if rule.not_known is Unknown.ELIGIBLE else "ineligible"


def _gate_condition(rule: EligibilityRule, titles: Titles) -> str:
    kind = rule.kind
    if kind == "listed" and rule.groups:
        kind = "listed-or"
    if kind == "number":
        kind += _open_ends(rule)
    return say(
        f"policy-words.eligibility.{kind}",
        groups=list_text(tuple(group_text(each, titles) for each in rule.groups), "or"),
        column=rule.column,
        answer=say(f"policy-term.{yes_no(rule.must_be)}"),
        days=rule.days_before,
        least=number_text(rule.at_least or Fraction(0)),
        most=number_text(rule.at_most or Fraction(0)),
        values=list_text(rule.one_of, "or"),
        parts=" ".join(gate_text(each, titles) for each in rule.rules),
    )


def _open_ends(rule: EligibilityRule) -> str:
    if rule.at_least is not None and rule.at_most is not None:
        return "-both"
    return "-least" if rule.at_least is not None else "-most"


def limit_text(name: str, limit: UnitLimit) -> str:
    """Return the limit ``quota`` or ``person_year``."""
    return say(
        f"policy-words.limits.{name}",
        full=limit.full,
        ticket=limit.ticket,
        dsa=limit.dsa,
        most=limit.at_most,
    )


def bound_text(side: str, bound: Bound, titles: Titles = NO_TITLES) -> str:
    """Return a bound; ``side`` is ``floor`` or ``cap``."""
    written = bound.at_least if bound.at_least is not None else bound.at_most
    value = written if written is not None else Fraction(0)
    group = selector_text(bound.group, titles)
    if not bound.share:
        money = bound.measure is Measure.MONEY
        amount = money_text(value) if money else number_text(value)
        return say(f"policy-words.limits.{side}-{bound.measure.value}", amount=amount, group=group)
    of = selector_text(bound.of, titles)
    return say(
        f"policy-words.limits.{side}-share",
        amount=share_text(value),
        measure=measure_text(bound.measure),
        of=say("policy-words.limits.of", group=of) if bound.of.conditions else "",
        group=group,
    )


def criterion_text(criterion: Criterion, titles: Titles = NO_TITLES) -> str:
    """Return how a criterion gives points, and what not knowing is worth."""
    kind = criterion.kind
    if kind == "country_group":
        kind += f"-{criterion.combine}"
    if kind == "prior_awards":
        kind = f"prior-{criterion.whose}"
    text = say(
        f"policy-words.merit.{kind}",
        column=criterion.column,
        each=points_text(criterion.points_each),
        points=points_text(criterion.points_if),
        most=points_text(criterion.at_most),
        table=_table_text(criterion, titles),
        otherwise=points_text(criterion.otherwise),
        until=_until_text(criterion.until),
        days=criterion.within_days,
    )
    unknown = say("policy-words.merit.not-known", points=points_text(criterion.not_known))
    return f"{named(criterion.title, text)} {unknown}"


def _table_text(criterion: Criterion, titles: Titles) -> str:
    groups = criterion.kind == "country_group"
    return ", ".join(
        f"{group_text(name, titles) if groups else name} {points_text(points)}"
        for name, points in criterion.points
    )


def _until_text(until: str) -> str:
    key = f"policy-words.until.{until}"
    return say(key if key in catalogue() else "policy-words.until.column", until=until)


def factor_text(factor: BalanceFactor, titles: Titles = NO_TITLES) -> str:
    """Return what the weight of a balance factor means, as an exchange rate in merit points."""
    weight, unit = points_text(factor.weight), money_text(factor.money_unit)
    measure = factor.measure.value
    if factor.each:
        attribute = attribute_text(factor.each)
        key = f"policy-words.balance.each-{measure}"
        text = say(key, attribute=attribute, weight=weight, unit=unit)
    else:
        target = _target_text(factor, titles)
        one = _one_text(factor.group, titles)
        text = say(
            f"policy-words.balance.{measure}", one=one, weight=weight, unit=unit, target=target
        )
    known = say("policy-words.balance.known", attribute=attribute_text(factor.known_by))
    return f"{text} {known}"


def _target_text(factor: BalanceFactor, titles: Titles) -> str:
    kind = "proportional" if factor.target is None else "share"
    return say(
        f"policy-words.balance.target-{kind}",
        group=selector_text(factor.group, titles),
        share=share_text(factor.target or Fraction(0)),
        measure=measure_text(factor.measure),
    )


def _one_text(group: Selector, titles: Titles) -> str:
    said = selector_text(group, titles)
    for many, one in (("women", "one-woman"), ("men", "one-man")):
        if said == say(f"policy-term.{many}"):
            return say(f"policy-term.{one}")
    return say("policy-term.one-person", group=said)


def country_group_text(group: CountryGroup, titles: Titles = NO_TITLES) -> str:
    """Return whom a country group of the policy means."""
    members = ", ".join(_member_parts(group, titles))
    key = "titled" if group.title else "group"
    return say(f"policy-words.groups.{key}", title=group.title, name=group.id, members=members)


def _member_parts(group: CountryGroup, titles: Titles) -> Iterator[str]:
    if group.any_of:
        names = list_text(tuple(group_text(each, titles) for each in group.any_of))
        yield say("policy-words.groups.any_of", groups=names)
    if group.but_not:
        names = list_text(tuple(group_text(each, titles) for each in group.but_not))
        yield say("policy-words.groups.but_not", groups=names)
    for key, codes in (("add", group.add), ("remove", group.remove)):
        if codes:
            countries = list_text(tuple(display_name(each) for each in codes))
            yield say(f"policy-words.groups.{key}", names=countries)
