"""A policy and a date become the rules in force: every dated value is chosen here, once."""

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Any

from allocator.countries import country_code
from allocator.errors import AllocatorError, Problem, problem
from allocator.fields import path_text
from allocator.model import Selector
from allocator.policy_parameter import Item, Parameter
from allocator.policy_schema import (
    BalanceEntry,
    BoundEntry,
    Conditions,
    CriterionEntry,
    OwedReports,
    Policy,
    Rule,
    UnitEntry,
)
from allocator.rules import (
    BalanceFactor,
    Bound,
    CountryGroup,
    Criterion,
    EligibilityRule,
    Measure,
    PairScope,
    Reference,
    Rules,
    UnitLimit,
)
from allocator.strict_yaml import Path


def settle(policy: Policy, on: date) -> Rules:
    """Return the rules in force on a day.

    A part's reference is its own, else that of the first of its values that has one.

    Raises
    ------
    AllocatorError
        A parameter has no value in force on that day; one problem per parameter.
    """
    settler = _Settler(policy, on)
    rules = settler.rules()
    settler.reports()
    if settler.problems:
        raise AllocatorError(settler.problems)
    return rules


def owed_reports(policy: Policy, on: date) -> tuple[OwedReports | None, int | None]:
    """Return what follows on a day where reports are outstanding, and after how many days they are.

    ``None`` where the policy leaves it to the office. It is no part of the rules: it decides
    nothing by itself, but by the overrides that the office makes of it.

    Raises
    ------
    AllocatorError
        As ``settle``.
    """
    settler = _Settler(policy, on)
    found = settler.reports()
    if settler.problems:
        raise AllocatorError(settler.problems)
    return found


def selector(conditions: Conditions) -> Selector:
    """Return a group in its sorted form, however it was written; Member States by their code."""
    return Selector(
        tuple(
            (key, tuple(sorted(dict.fromkeys(_codes(key, conditions[key])))))
            for key in sorted(conditions)
        )
    )


def _codes(attribute: str, values: Iterable[str]) -> Iterable[str]:
    return map(country_code, values) if attribute == "administration" else values


def known_by(entry: BalanceEntry) -> str:
    """Return the attribute that must be known for a person to be counted."""
    return entry.known_by or entry.each or min(entry.group, default="")


_GATE_FIELDS = ("groups", "column", "must_be", "days_before", "at_least", "at_most", "one_of")
_CRITERION_FIELDS = (
    "column",
    "until",
    "points_each",
    "points_if",
    "at_most",
    "points",
    "otherwise",
    "combine",
    "whose",
    "within_days",
    "not_known",
)


class _Settler:
    """Chooses values for one day and remembers those that are missing."""

    def __init__(self, policy: Policy, on: date) -> None:
        self.policy = policy
        self.content = policy.content
        self.on = on
        self.problems: list[Problem] = []

    def value[T](self, parameter: Parameter[T], *path: str | int) -> T:
        """Return the value in force; without one, note the problem and return a stand-in."""
        found = parameter.at(self.on)
        if found is not None:
            return found[0]
        first = min(parameter.values, key=lambda each: each.start)
        self.problems.append(
            problem(
                "policy-none-in-force",
                self.policy.document.where(path),
                path=path_text(path),
                on=self.on.isoformat(),
                first=first.start.isoformat(),
            )
        )
        return first.value

    def reference(self, own: str | None, *values: Parameter[Any] | None) -> str | None:
        """Return the reference of a part: its own, else the first of its values'."""
        if own is not None:
            return own
        found = [each.at(self.on) for each in values if each is not None]
        return next((each[1] for each in found if each is not None and each[1]), None)

    def applies(self, item: Item, *path: str | int) -> bool:
        return self.value(item.applies, *path, "applies")

    def rules(self) -> Rules:
        content, merit, coverage = self.content, self.content.merit, self.content.coverage
        limits, pair = content.limits, content.limits.ticket_in_pair
        return Rules(
            policy_id=content.policy.id,
            title=content.policy.title,
            version=content.policy.version,
            on=self.on,
            references=self.references(),
            region_scheme=self.value(content.region_scheme, "region_scheme"),
            country_groups=self.country_groups(),
            eligibility=self.eligibility(content.eligibility, "eligibility"),
            quota=self.limit(limits.quota, "limits", "quota"),
            ticket_in_pair=(
                self.value(pair, "limits", "ticket_in_pair") if pair else PairScope.NONE
            ),
            ticket_in_pair_reference=self.reference(None, pair),
            person_year=self.limit(limits.person_year, "limits", "person_year"),
            floors=self.bounds(limits.floors, "floors"),
            caps=self.bounds(limits.caps, "caps"),
            award_points=self.value(merit.award, "merit", "award"),
            award_reference=self.reference(None, merit.award),
            criteria=self.criteria(),
            coverage_full=self.value(coverage.full, "coverage", "full"),
            coverage_ticket=self.value(coverage.ticket, "coverage", "ticket"),
            coverage_dsa=self.value(coverage.dsa, "coverage", "dsa"),
            coverage_reference=self.reference(
                coverage.reference, coverage.full, coverage.ticket, coverage.dsa
            ),
            balance=self.balance(),
            share_between_funds=self.value(
                content.funds.share_between_funds, "funds", "share_between_funds"
            ),
            partial_if_not_known=self.value(
                content.not_known.accepts_partial, "not_known", "accepts_partial"
            ),
            lottery_seed=content.ties.seed or "",
        )

    def reports(self) -> tuple[OwedReports | None, int | None]:
        part = self.content.reports
        if part is None:
            return None, None
        follows = self.value(part.outstanding, "reports", "outstanding")
        if part.after_days is None:
            return follows, None
        return follows, self.value(part.after_days, "reports", "after_days")

    def references(self) -> tuple[Reference, ...]:
        return tuple(
            Reference(
                id=key,
                title=each.title,
                kind=each.kind,
                url=each.url or "",
                period=each.period or "",
                note=each.note or "",
            )
            for key, each in self.content.references.items()
        )

    def country_groups(self) -> tuple[CountryGroup, ...]:
        return tuple(
            CountryGroup(
                key,
                each.any_of,
                each.but_not,
                each.add,
                each.remove,
                each.reference,
                each.title or "",
            )
            for key, each in self.content.country_groups.items()
        )

    def eligibility(
        self, entries: tuple[Rule, ...], *path: str | int
    ) -> tuple[EligibilityRule, ...]:
        return tuple(
            self.gate(each, *path, position)
            for position, each in enumerate(entries)
            if self.applies(each, *path, position)
        )

    def gate(self, entry: Rule, *path: str | int) -> EligibilityRule:
        special, reference = self.special(entry, _GATE_FIELDS, path)
        if entry.kind == "any_of":
            special["rules"] = self.eligibility(entry.rules, *path, "rules")
        return EligibilityRule(
            id=entry.id,
            kind=entry.kind,
            title=entry.title,
            reference=reference,
            not_known=entry.not_known,
            **special,
        )

    def special(
        self, entry: Item, fields: tuple[str, ...], path: Path
    ) -> tuple[dict[str, Any], str | None]:
        """Return what an entry of its kind has beyond the common fields, and its reference."""
        chosen: dict[str, Any] = {}
        values: list[Parameter[Any]] = []
        for name in fields:
            written = getattr(entry, name, None)
            if isinstance(written, Parameter):
                values.append(written)
                written = self.value(written, *path, name)
            elif isinstance(written, dict):
                values.extend(written.values())
                table = ((key, self.value(each, *path, name, key)) for key, each in written.items())
                written = tuple(table)
            if written is not None:
                chosen[name] = written
        return chosen, self.reference(entry.reference, *values)

    def limit(self, entry: UnitEntry | None, *path: str) -> UnitLimit | None:
        if entry is None:
            return None
        return UnitLimit(
            full=self.value(entry.full, *path, "full"),
            ticket=self.value(entry.ticket, *path, "ticket"),
            dsa=self.value(entry.dsa, *path, "dsa"),
            at_most=self.value(entry.at_most, *path, "at_most"),
            reference=self.reference(entry.reference, entry.at_most, entry.full),
        )

    def bounds(self, entries: tuple[BoundEntry, ...], side: str) -> tuple[Bound, ...]:
        return tuple(
            self.bound(each, "limits", side, position)
            for position, each in enumerate(entries)
            if self.applies(each, "limits", side, position)
        )

    def bound(self, entry: BoundEntry, *path: str | int) -> Bound:
        amount = Fraction(0)
        for name in ("share", "number", "money"):
            if (written := getattr(entry, name)) is not None:
                amount = Fraction(self.value(written, *path, name))
        floor = "floors" in path
        return Bound(
            id=entry.id,
            title=entry.title,
            group=selector(entry.group),
            of=selector(entry.of),
            measure=Measure.MONEY if entry.money is not None else entry.count,
            share=entry.share is not None,
            at_least=amount if floor else None,
            at_most=None if floor else amount,
            reference=self.reference(entry.reference, entry.share, entry.number, entry.money),
        )

    def criteria(self) -> tuple[Criterion, ...]:
        return tuple(
            self.criterion(each, "merit", "criteria", position)
            for position, each in enumerate(self.content.merit.criteria)
            if self.applies(each, "merit", "criteria", position)
        )

    def criterion(self, entry: CriterionEntry, *path: str | int) -> Criterion:
        special, reference = self.special(entry, _CRITERION_FIELDS, path)
        return Criterion(
            id=entry.id, kind=entry.kind, title=entry.title, reference=reference, **special
        )

    def balance(self) -> tuple[BalanceFactor, ...]:
        return tuple(
            self.factor(each, "balance", position)
            for position, each in enumerate(self.content.balance)
            if self.applies(each, "balance", position)
        )

    def factor(self, entry: BalanceEntry, *path: str | int) -> BalanceFactor:
        target = self.value(entry.target, *path, "target")
        return BalanceFactor(
            id=entry.id,
            title=entry.title,
            group=selector(entry.group),
            known_by=known_by(entry),
            target=None if isinstance(target, str) else target,
            measure=entry.count,
            weight=self.value(entry.weight, *path, "weight"),
            reference=self.reference(entry.reference, entry.target, entry.weight),
            each=entry.each or "",
            money_unit=entry.money_unit,
        )
