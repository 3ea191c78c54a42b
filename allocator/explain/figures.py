"""A result becomes the figures that every output shows: the funnel, the money, shares against aims.

Counts are of applications: a person with applications for two meetings counts twice. A share is
of those whose group is known, as the balance factors count it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from allocator.countries import display_name
from allocator.explain.result import Result
from allocator.intake.eligibility import NOT_MEMBER
from allocator.intake.groups import attribute_name, matches, values_of
from allocator.model import Award, Candidate, Decision, Ineligible, Package, Pool, Selector
from allocator.optimise.allocation import Allocation, Status
from allocator.optimise.programme import Target, measured, settle_targets
from allocator.policy_terms import NO_TITLES, Titles, attribute_text, own_titles
from allocator.rules import BalanceFactor, Measure, Rules
from allocator.texts import catalogue, say

GROUPINGS = ("gender", "region", "country_group")
"""Attributes by which awards are shown, in this order."""

_ORDER = {
    "gender": ("female", "male", "other"),
    "country_group": (
        *("ldc", "lldc", "sids"),
        *("low_income", "lower_middle_income", "upper_middle_income", "high_income"),
    ),
}
_NOT_SHOWN = ("member_state",)


@dataclass(frozen=True, slots=True)
class Money:
    """What one fund or one meeting pays, in minor units; ``limit`` is ``None`` where it has none.

    ``awards`` counts awards it pays for, wholly or in part.
    """

    id: str
    title: str
    awards: int
    spent: int
    limit: int | None

    @property
    def free(self) -> int | None:
        """Return what is left, in minor units, or ``None`` without a limit."""
        return None if self.limit is None else self.limit - self.spent


@dataclass(frozen=True, slots=True)
class Group:
    """How one group fared: applications at each stage, and money in minor units."""

    value: str
    label: str
    nominated: int
    eligible: int
    awarded: int
    money: int


@dataclass(frozen=True, slots=True)
class Grouping:
    """All groups of one attribute.

    ``groups`` ends with those in none of the shown groups, if any. ``known`` counts the
    applications whose group is known; ``unknown`` the others, or ``None`` if there are none. With
    ``overlap`` an application can be in several groups.
    """

    attribute: str
    groups: tuple[Group, ...]
    known: Group
    unknown: Group | None
    overlap: bool


@dataclass(frozen=True, slots=True)
class Aim:
    """A balance factor and where the round came out.

    ``name`` tells it from the others in a few words: "Women", "Region: Africa".
    ``counted`` and ``inside`` are in the factor's measure (awards, half-units or minor units of
    money); ``short`` is the missing rest in the same unit, 0 where the target is reached.
    ``points_per`` is the weight in thousandths of a merit point per award, per full award or per
    ``money_unit`` minor units.
    """

    clause: str
    name: str
    title: str
    attribute: str
    value: str
    label: str
    share: Fraction
    proportional: bool
    measure: Measure
    counted: int
    inside: int
    short: Fraction
    points_per: int
    money_unit: int
    reference: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers of one run; ``spent`` and ``available`` in minor units."""

    applications: int
    eligible: int
    ineligible: int
    awarded: int
    declined: int
    full: int
    partial: int
    spent: int
    available: int | None
    funds: tuple[Money, ...]
    meetings: tuple[Money, ...]
    groupings: tuple[Grouping, ...]
    aims: tuple[Aim, ...]
    value: Fraction
    gap: Fraction
    gap_share: Fraction | None
    final: bool


def figures(result: Result) -> Figures:
    """Count everything that the outputs show of a result.

    Parameters
    ----------
    result : Result
        One run.

    Returns
    -------
    Figures
        Exact numbers: money in minor units, shares as fractions, value and gap in merit points.
    """
    awards = {award.application_id: award for award in result.allocation.awards}
    decided = Counter(line.decision for line in result.lines)
    full = sum(award.package is Package.FULL for award in awards.values())
    spent = sum(award.amount for award in awards.values())
    funds = _by_fund(result)
    meetings = _by_meeting(result, awards)
    held = [
        (each, awards[each.application.application_id])
        for each in result.pool.candidates
        if each.application.application_id in awards
    ]
    value, gap, gap_share = _gap(result.allocation, result.programme.scale)
    return Figures(
        applications=len(result.lines),
        eligible=len(result.pool.candidates),
        ineligible=len(result.pool.ineligible),
        awarded=decided[Decision.AWARDED],
        declined=decided[Decision.DECLINED],
        full=full,
        partial=len(awards) - full,
        spent=spent,
        available=_sum_of_limits(funds or meetings),
        funds=funds,
        meetings=meetings,
        groupings=tuple(_grouping(result, awards, name) for name in GROUPINGS),
        aims=tuple(
            _aim(result, held, target) for target in settle_targets(result.pool, result.rules)
        ),
        value=value,
        gap=gap,
        gap_share=gap_share,
        final=result.allocation.status is Status.OPTIMAL,
    )


def group_label(name: str, value: str, titles: Titles = NO_TITLES) -> str:
    """Return the words for one value of an attribute (``gender``, ``female`` → "Female")."""
    if name == "country_group" and value in titles:
        return titles[value]
    if name == "administration":
        return display_name(value)
    return catalogue().get(f"outputs.group.{name}.{value.casefold()}", value)


def selector_label(selector: Selector, titles: Titles = NO_TITLES) -> str:
    """Return the words for a group, as "Female" or "Female and LDC"."""
    parts = [
        f" {say('outputs.word.or')} ".join(group_label(name, value, titles) for value in values)
        for name, values in selector.conditions
    ]
    return f" {say('outputs.word.and')} ".join(parts) or say("outputs.word.everybody")


def _gap(allocation: Allocation, scale: int) -> tuple[Fraction, Fraction, Fraction | None]:
    """Return value and gap in merit points, and the gap as a part of the bound."""
    per_point = scale * 1000
    gap = allocation.bound - allocation.objective
    share = Fraction(gap, allocation.bound) if allocation.bound > 0 else None
    return Fraction(allocation.objective, per_point), Fraction(gap, per_point), share


def _sum_of_limits(lines: Iterable[Money]) -> int | None:
    total = 0
    for line in lines:
        if line.limit is None:
            return None
        total += line.limit
    return total


def _by_fund(result: Result) -> tuple[Money, ...]:
    spent: Counter[str] = Counter()
    awards: Counter[str] = Counter()
    for award in result.allocation.awards:
        for fund, amount in award.shares:
            spent[fund] += amount
            awards[fund] += 1
    return tuple(
        Money(fund.id, fund.title, awards[fund.id], spent[fund.id], fund.amount)
        for fund in result.round.funds
    )


def _by_meeting(result: Result, awards: dict[str, Award]) -> tuple[Money, ...]:
    spent: Counter[str] = Counter()
    count: Counter[str] = Counter()
    for candidate in result.pool.candidates:
        award = awards.get(candidate.application.application_id)
        if award:
            spent[candidate.application.meeting] += award.amount
            count[candidate.application.meeting] += 1
    return tuple(
        Money(meeting.id, meeting.title, count[meeting.id], spent[meeting.id], meeting.budget)
        for meeting in result.round.meetings
    )


def _grouping(result: Result, awards: dict[str, Award], name: str) -> Grouping:
    """Count the stages for each value of one attribute, for all known and for the unknown."""
    known, unknown, rest = _Tally(), _Tally(), _Tally()
    tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
    overlap = False
    titles = own_titles(result.rules)
    alike: defaultdict[tuple[str, ...], _Tally] = defaultdict(_Tally)
    for each in everybody(result.pool):
        award = awards.get(each.application.application_id)
        alike[attribute(each, name)].add(isinstance(each, Candidate), award)
    regions = _values_in_pool(result, "region") if name == "country_group" else frozenset()
    for values, counted in alike.items():
        shown = _shown(values, name, regions)
        overlap = overlap or len(shown) > 1
        held = [tallies[value] for value in shown] or ([rest] if values else [])
        for tally in (known if values else unknown, *held):
            tally.include(counted)
    groups = [
        tallies[value].group(value, group_label(name, value, titles))
        for value in sorted(tallies, key=lambda value: _place(name, value))
    ]
    if rest.nominated:
        groups.append(rest.group("", say("outputs.word.none-of-these")))
    return Grouping(
        attribute=name,
        groups=tuple(groups),
        known=known.group("", say("outputs.word.all-known")),
        unknown=unknown.group("", say(f"outputs.not-known.{name}")) if unknown.nominated else None,
        overlap=overlap,
    )


@dataclass(slots=True)
class _Tally:
    """Running counts of one group."""

    nominated: int = 0
    eligible: int = 0
    awarded: int = 0
    money: int = 0

    def add(self, eligible: bool, award: Award | None) -> None:
        self.nominated += 1
        self.eligible += eligible
        if award is not None:
            self.awarded += 1
            self.money += award.amount

    def include(self, other: "_Tally") -> None:
        self.nominated += other.nominated
        self.eligible += other.eligible
        self.awarded += other.awarded
        self.money += other.money

    def group(self, value: str, label: str) -> Group:
        return Group(value, label, self.nominated, self.eligible, self.awarded, self.money)


def everybody(pool: Pool) -> tuple[Candidate | Ineligible, ...]:
    """Return all applications of a pool, the eligible first."""
    return (*pool.candidates, *pool.ineligible)


def attribute(each: Candidate | Ineligible, name: str) -> tuple[str, ...]:
    """Return the values of one attribute of an application; empty when it is not known."""
    return values_of(each.attributes, name)


def _values_in_pool(result: Result, name: str) -> frozenset[str]:
    return frozenset(v for each in everybody(result.pool) for v in attribute(each, name))


def _shown(values: tuple[str, ...], name: str, regions: frozenset[str]) -> tuple[str, ...]:
    """Leave out of the country groups what is shown elsewhere: regions, and being a member."""
    if name != "country_group":
        return values
    return tuple(v for v in values if v not in regions and v not in _NOT_SHOWN)


def _place(name: str, value: str) -> tuple[int, str]:
    """Return where a group stands in its table: known ones in their usual order, others by name."""
    order = _ORDER.get(name, ())
    return (order.index(value) if value in order else len(order), value)


def _aim(result: Result, held: Iterable[tuple[Candidate, Award]], target: Target) -> Aim:
    """Measure one balance factor on the candidates who are awarded, with their awards."""
    factor = target.factor
    counted = inside = 0
    for candidate, award in held:
        if not attribute(candidate, factor.known_by or factor.each):
            continue
        count = measured(factor.measure, award.package, award.amount)
        counted += count
        inside += count * bool(matches(target.group, candidate.attributes, award.package))
    conditions = target.group.conditions
    single = len(conditions) == 1 and len(conditions[0][1]) == 1
    label = selector_label(target.group, own_titles(result.rules))
    return Aim(
        clause=target.clause,
        name=_aim_name(factor, label),
        title=factor.title,
        attribute=attribute_name(conditions[0][0]) if single else "",
        value=conditions[0][1][0] if single else "",
        label=label,
        share=target.share,
        proportional=factor.target is None,
        measure=factor.measure,
        counted=counted,
        inside=inside,
        short=max(target.share * counted - inside, Fraction(0)),
        points_per=factor.weight,
        money_unit=factor.money_unit,
        reference=factor.reference,
    )


def _aim_name(factor: BalanceFactor, label: str) -> str:
    """Return the title the policy gives; of one row per group, the attribute and the group."""
    if not factor.each:
        return factor.title
    name = attribute_name(factor.each)
    own = f"policy-term.attribute.{name}" not in catalogue()
    attribute = factor.each if own else attribute_text(name)
    return f"{attribute[:1].upper()}{attribute[1:]}: {label}"


def references(rules: Rules) -> dict[str, str]:
    """Return the titles of a policy's references by id."""
    return {each.id: each.title for each in rules.references}


def rule_titles(rules: Rules) -> dict[str, str]:
    """Return the titles of a policy's eligibility rules by id, those inside ``any_of`` too."""
    titles = {NOT_MEMBER: say("outputs.rule.member-state")}
    waiting = list(rules.eligibility)
    while waiting:
        rule = waiting.pop()
        titles[rule.id] = rule.title
        waiting.extend(rule.rules)
    return titles
