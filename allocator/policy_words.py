"""A policy read aloud: every rule and number as a sentence an officer can check against the clause.

``plain_words`` takes settled rules, or a policy file (then each sentence also names the references
of its single values and the notes written beside them, and dated values are listed).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any

from allocator.model import Package
from allocator.policy_diff import meaning
from allocator.policy_parameter import (
    Cited,
    Item,
    Parameter,
    days_of_change,
    named_path,
    parameters,
)
from allocator.policy_promises import least_merit, promises
from allocator.policy_schema import Policy
from allocator.policy_sentences import (
    bound_text,
    country_group_text,
    criterion_text,
    factor_text,
    gate_text,
    limit_text,
    named,
    reference_text,
    yes_no,
)
from allocator.policy_settle import owed_reports, settle
from allocator.policy_terms import day_text, own_titles, points_text, share_text, value_text
from allocator.rules import PairScope, Rules
from allocator.texts import say


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the policy in words; each sentence ends with its references in brackets."""

    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Margin:
    """What a policy file says beside a part: its references and its note."""

    references: tuple[str, ...]
    note: str


type _Margins = dict[tuple[str, str], _Margin]


def plain_words(source: Policy | Rules, on: date | None = None) -> tuple[Section, ...]:
    """Read a policy aloud, completely.

    Parameters
    ----------
    source : Policy or Rules
        A policy file, or rules already settled.
    on : date, optional
        The day to read a policy file on; without it, the day of its last change.

    Raises
    ------
    AllocatorError
        The policy has no value for something on that day.
    """
    if isinstance(source, Rules):
        return _sections(source, {}, source.on)
    days = days_of_change(source.content)
    read_on = on or max(days, default=date.max)
    rules = settle(source, read_on)
    office = tuple(_reports(source, read_on))
    sections = _sections(rules, _margins(source), read_on if on or days else None, office)
    head = Section(sections[0].title, sections[0].sentences + tuple(_header(source)))
    dated = Section(say("policy-words.title.dates"), tuple(_dated(source)))
    return (head, *sections[1:-1], *([dated] if dated.sentences else []), sections[-1])


def _sections(
    rules: Rules, margins: _Margins, on: date | None, office: tuple[str, ...] = ()
) -> tuple[Section, ...]:
    """Return the sections; ``office`` is what a policy says beside the rules."""
    reader = _Reader(rules, margins)
    name = say("policy-words.policy.name", title=rules.title, version=rules.version)
    day = (say("policy-words.policy.on", on=day_text(on)),) if on else ()
    parts: tuple[tuple[str, Callable[[], Iterator[str]]], ...] = (
        ("eligibility", reader.eligibility),
        ("limits", reader.limits),
        ("merit", reader.merit),
        ("balance", reader.balance),
        ("settling", lambda: chain(reader.settling(), office)),
        ("groups", reader.groups),
        ("promises", reader.promises),
        ("references", reader.references),
    )
    told = (Section(say(f"policy-words.title.{key}"), tuple(tell())) for key, tell in parts)
    return (Section(say("policy-words.title.policy"), (name, *day)), *told)


class _Reader:
    """Says each part of the rules in sentences."""

    def __init__(self, rules: Rules, margins: _Margins) -> None:
        self.rules = rules
        self.titles = own_titles(rules)
        self.margins = margins

    def cited(self, sentence: str, part: str, name: str, reference: str | None) -> str:
        """Add the note and the references of a part to a sentence about it."""
        own = (reference,) if reference else ()
        return _cited(sentence, self.margins.get((part, name), _Margin(own, "")))

    def eligibility(self) -> Iterator[str]:
        if not self.rules.eligibility:
            yield say("policy-words.eligibility.none")
            return
        yield say("policy-words.eligibility.intro")
        for rule in self.rules.eligibility:
            yield self.cited(gate_text(rule, self.titles), "eligibility", rule.id, rule.reference)

    def limits(self) -> Iterator[str]:
        rules = self.rules
        for name, limit in (("quota", rules.quota), ("person_year", rules.person_year)):
            if limit is not None:
                yield self.cited(limit_text(name, limit), "limits", name, limit.reference)
        if rules.ticket_in_pair is not PairScope.NONE:
            pair = say(f"policy-words.limits.pair-{rules.ticket_in_pair.value}")
            yield self.cited(pair, "limits", "ticket_in_pair", rules.ticket_in_pair_reference)
        for side, bounds in (("floor", rules.floors), ("cap", rules.caps)):
            for bound in bounds:
                text = named(bound.title or bound.id, bound_text(side, bound, self.titles))
                yield self.cited(text, f"limits.{side}s", bound.id, bound.reference)
        if not any((rules.quota, rules.person_year, rules.floors, rules.caps)):
            yield say("policy-words.limits.none")

    def merit(self) -> Iterator[str]:
        rules = self.rules
        award = say("policy-words.merit.award", points=points_text(rules.award_points))
        yield self.cited(award, "merit", "award", rules.award_reference)
        further = sum(each.most for each in rules.criteria)
        if rules.criteria:
            yield say("policy-words.merit.criteria", most=points_text(further))
        else:
            yield say("policy-words.merit.no-criteria")
        for criterion in rules.criteria:
            text = criterion_text(criterion, self.titles)
            yield self.cited(text, "merit.criteria", criterion.id, criterion.reference)
        yield say(
            "policy-words.merit.total",
            least=points_text(least_merit(rules)),
            most=points_text(rules.award_points + further),
        )
        parts = {each.value: share_text(rules.coverage(each)) for each in Package}
        coverage = say("policy-words.merit.coverage", **parts)
        yield self.cited(coverage, "coverage", "", rules.coverage_reference)

    def balance(self) -> Iterator[str]:
        if not self.rules.balance:
            yield say("policy-words.balance.none")
            return
        yield say("policy-words.balance.intro")
        for factor in self.rules.balance:
            text = named(factor.title, factor_text(factor, self.titles))
            yield self.cited(text, "balance", factor.id, factor.reference)

    def settling(self) -> Iterator[str]:
        rules = self.rules
        partial = say(f"policy-words.settling.partial-{yes_no(rules.partial_if_not_known)}")
        yield self.cited(partial, "not_known", "accepts_partial", None)
        funds = say(f"policy-words.settling.funds-{yes_no(rules.share_between_funds)}")
        yield self.cited(funds, "funds", "share_between_funds", None)
        yield say("policy-words.settling.ties")
        if rules.lottery_seed:
            yield say("policy-words.settling.seed", seed=rules.lottery_seed)

    def groups(self) -> Iterator[str]:
        scheme = say("policy-words.groups.scheme", scheme=self.rules.region_scheme)
        yield self.cited(scheme, "region_scheme", "", None)
        for group in self.rules.country_groups:
            text = country_group_text(group, self.titles)
            yield self.cited(text, "country_groups", group.id, group.reference)

    def promises(self) -> Iterator[str]:
        for each in promises(self.rules):
            yield named(each.title, " ".join((each.text, each.remedy)).strip())

    def references(self) -> Iterator[str]:
        for each in self.rules.references:
            yield reference_text(each)


def _cited(sentence: str, margin: _Margin) -> str:
    if margin.note:
        sentence = say("policy-words.note", sentence=sentence, note=margin.note)
    if not margin.references:
        return sentence
    shown = ", ".join(margin.references)
    return say("policy-words.cite", sentence=sentence, references=shown)


def _reports(policy: Policy, on: date) -> Iterator[str]:
    part, (follows, days) = policy.content.reports, owed_reports(policy, on)
    if part is None or follows is None:
        return
    after = "" if days is None else say("policy-words.settling.reports-days", days=days)
    text = say(f"policy-words.settling.reports-{follows}", after=after)
    yield _cited(text, _margin(part.outstanding))


def _header(policy: Policy) -> Iterator[str]:
    header = policy.content.policy
    yield say("policy-words.policy.status", status=header.status)
    if header.author:
        yield say("policy-words.policy.author", author=header.author)
    if header.changed:
        yield say("policy-words.policy.changed", changed=day_text(header.changed))
    if header.note:
        yield header.note


def _dated(policy: Policy) -> Iterator[str]:
    for path, parameter in parameters(policy.content):
        if not parameter.values:
            continue
        in_order = sorted(parameter.values, key=lambda each: each.start)
        shown = tuple(
            say(
                "policy-words.dates.value",
                value=value_text(path, each.value),
                day=day_text(each.start),
            )
            for each in in_order
        )
        yield say(
            "policy-words.dates.line",
            what=meaning(*named_path(policy.content, path)),
            values=", ".join(shown),
        )


def _margins(policy: Policy) -> _Margins:
    """Return what is written beside each part, by (part, id)."""
    content, limits = policy.content, policy.content.limits
    lists: tuple[tuple[str, tuple[Item, ...]], ...] = (
        ("eligibility", content.eligibility),
        ("limits.floors", limits.floors),
        ("limits.caps", limits.caps),
        ("merit.criteria", content.merit.criteria),
        ("balance", content.balance),
    )
    singles: tuple[tuple[str, str, Cited | Parameter[Any] | None], ...] = (
        ("limits", "quota", limits.quota),
        ("limits", "person_year", limits.person_year),
        ("limits", "ticket_in_pair", limits.ticket_in_pair),
        ("merit", "award", content.merit.award),
        ("coverage", "", content.coverage),
        ("not_known", "accepts_partial", content.not_known.accepts_partial),
        ("funds", "share_between_funds", content.funds.share_between_funds),
        ("region_scheme", "", content.region_scheme),
        *(("country_groups", name, group) for name, group in content.country_groups.items()),
        *((part, entry.id, entry) for part, entries in lists for entry in entries),
    )
    return {(part, name): _margin(entry) for part, name, entry in singles if entry is not None}


def _margin(entry: Cited | Parameter[Any]) -> _Margin:
    """Return every reference in a part, its own first, and its notes."""
    inside = [parameter for _, parameter in parameters(entry)]
    dated = [value for parameter in (entry, *inside) for value in getattr(parameter, "values", ())]
    written = (entry, *inside, *dated)
    references = dict.fromkeys(each.reference for each in written if each.reference)
    return _Margin(tuple(references), " ".join(each.note for each in written if each.note))
