"""What the form of a policy file cannot say: names that must exist, values that must fit together.

Each check takes the policy and gives problems with the line they are on.
"""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from allocator.errors import AllocatorError, Problem, has_errors
from allocator.model import Package, Selector, Severity
from allocator.policy_names import all_bounds, gates, located, name_problems, reference_problems
from allocator.policy_parameter import days_of_change, parameters
from allocator.policy_promises import MOST_MERIT, margin, never_levels_down
from allocator.policy_schema import PROPORTIONAL, BalanceEntry, NumberRule, Policy
from allocator.policy_settle import settle
from allocator.policy_terms import points_text
from allocator.rules import Bound, Measure, Rules, UnitLimit

MOST_DAYS = 100
"""Most days on which some value of a policy may change."""


def checks(policy: Policy) -> tuple[Problem, ...]:
    """Return every problem of a policy that has the right form.

    How values fit together is looked at only where each of them is right by itself.
    """
    found = (
        *name_problems(policy),
        *reference_problems(policy),
        *_duplicates(policy),
        *_negatives(policy),
        *_bounds(policy),
        *_factors(policy),
        *_number_rules(policy),
    )
    return found if has_errors(found) else (*found, *_on_each_day(policy))


# --- entries ------------------------------------------------------------------------------------


def _duplicates(policy: Policy) -> Iterator[Problem]:
    content = policy.content
    criteria = [(("merit", "criteria", i), e) for i, e in enumerate(content.merit.criteria)]
    factors = [(("balance", i), e) for i, e in enumerate(content.balance)]
    for entries in (gates(policy), all_bounds(policy), criteria, factors):
        seen: dict[str, int] = {}
        for path, entry in entries:
            here = (*path, "id")
            if entry.id in seen:
                first = seen[entry.id]
                yield located(policy, "policy-duplicate-id", here, value=entry.id, first=first)
            seen.setdefault(entry.id, policy.document.line(here))


def _negatives(policy: Policy) -> Iterator[Problem]:
    """Yield whole numbers and points below 0; only what a rule compares with may be negative."""
    for path, parameter in parameters(policy.content):
        for value in (parameter.value, *(each.value for each in parameter.values)):
            if isinstance(value, int) and value < 0:
                yield located(policy, "policy-negative", path)
                break


def _bounds(policy: Policy) -> Iterator[Problem]:
    for path, bound in all_bounds(policy):
        written = [
            name for name in ("share", "number", "money") if getattr(bound, name) is not None
        ]
        if len(written) != 1:
            yield located(policy, "policy-one-amount", path, value=bound.id)
        if not bound.group:
            yield located(policy, "policy-empty-group", path, value=bound.id)
        if bound.of and written != ["share"]:
            yield located(policy, "policy-of-without-share", path, value=bound.id)
        if (bound.number is not None and bound.count == "money") or (
            bound.money is not None and "count" in bound.model_fields_set and bound.count != "money"
        ):
            yield located(policy, "policy-count-mismatch", path, value=bound.id)


def _factors(policy: Policy) -> Iterator[Problem]:
    for position, factor in enumerate(policy.content.balance):
        for code in _factor_faults(factor):
            yield located(policy, code, ("balance", position), value=factor.id)


def _factor_faults(factor: BalanceEntry) -> Iterator[str]:
    targets = [factor.target.value, *(each.value for each in factor.target.values)]
    written = [each for each in targets if each is not None]
    looked_at = {factor.each, *factor.group}
    if bool(factor.group) == bool(factor.each):
        yield "policy-group-or-each"
    if factor.each and any(each != PROPORTIONAL for each in written):
        yield "policy-each-proportional"
    if looked_at & {"package", "application", "person"}:
        yield "policy-factor-attribute"
    if len(factor.group) > 1 and not factor.known_by:
        yield "policy-known-by"
    if factor.money_unit == 0:
        yield "policy-money-unit"


def _number_rules(policy: Policy) -> Iterator[Problem]:
    for path, rule in gates(policy):
        if isinstance(rule, NumberRule) and rule.at_least is None and rule.at_most is None:
            yield located(policy, "policy-number-open", path, value=rule.id)


# --- values that must fit together, on every day on which something changes ----------------------


def _on_each_day(policy: Policy) -> Iterator[Problem]:
    """Yield each problem of the settled rules once, for the first day on which it occurs."""
    days = days_of_change(policy.content)
    if len(days) > MOST_DAYS:
        yield located(policy, "policy-too-many-days", (), days=len(days), most=MOST_DAYS)
        return
    said: list[tuple[str, str]] = []
    for day in days or (date.max,):
        try:
            rules = settle(policy, day)
        except AllocatorError:  # not everything has begun by then; the last day always has
            continue
        for each in _settled(policy, rules):
            if (each.code, each.value) not in said:
                said.append((each.code, each.value))
                yield each


def _settled(policy: Policy, rules: Rules) -> Iterator[Problem]:
    yield from _merit(policy, rules)
    yield from _coverage(policy, rules)
    yield from _unit_limit(policy, "quota", rules.quota)
    yield from _unit_limit(policy, "person_year", rules.person_year)
    yield from _contradictions(policy, rules)
    if not (promise := never_levels_down(rules)).holds:
        fails = any(margin(rules, package, 0) < 0 for package in Package)
        yield located(
            policy,
            "policy-levels-down",
            ("balance",),
            severity=Severity.WARNING if fails else Severity.NOTE,
            said=promise.text,
            remedy=promise.remedy,
        )


def _merit(policy: Policy, rules: Rules) -> Iterator[Problem]:
    most = rules.award_points + sum(each.most for each in rules.criteria)
    if most > MOST_MERIT:
        total, over = points_text(most), points_text(most - MOST_MERIT)
        yield located(policy, "policy-merit-too-much", ("merit",), total=total, over=over)


def _coverage(policy: Policy, rules: Rules) -> Iterator[Problem]:
    path = ("coverage",)
    if rules.coverage_full == 0:
        yield located(policy, "policy-coverage-nothing", path)
    if rules.coverage_ticket + rules.coverage_dsa > rules.coverage_full:
        yield located(policy, "policy-coverage-parts", path, severity=Severity.WARNING)


def _unit_limit(policy: Policy, name: str, limit: UnitLimit | None) -> Iterator[Problem]:
    if limit is None:
        return
    path = ("limits", name)
    if limit.at_most == 0:
        yield located(policy, "policy-limit-nothing", path, value=name)
        return
    for package in Package:
        if limit.units(package) > limit.at_most:
            here = (*path, package.value)
            yield located(
                policy,
                "policy-package-never",
                here,
                severity=Severity.WARNING,
                value=f"{name}.{package.value}",
                package=package.value,
            )


def _contradictions(policy: Policy, rules: Rules) -> Iterator[Problem]:
    """Yield floors that ask for more than a cap on the same group allows."""
    caps = {_what(each): each for each in sorted(rules.caps, key=_amount, reverse=True)}
    for floor in rules.floors:
        cap = caps.get(_what(floor))
        if cap is not None and _amount(floor) > _amount(cap):
            path = next(path for path, each in all_bounds(policy) if each.id == floor.id)
            yield located(policy, "policy-floor-above-cap", path, value=floor.id, cap=cap.id)


def _what(bound: Bound) -> tuple[Selector, Selector, Measure, bool]:
    return bound.group, bound.of, bound.measure, bound.share


def _amount(bound: Bound) -> Fraction:
    return (bound.at_least or Fraction(0)) + (bound.at_most or Fraction(0))
