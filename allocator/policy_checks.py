"""What the form of a policy file cannot say: names that must exist, values that must fit together.

Each check takes the policy and yields problems with the line they are on.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import product

from allocator.countries import GROUPS, iso2, region_names, schemes
from allocator.errors import AllocatorError, Problem, problem
from allocator.fields import Part, closest, path_text, suggestion
from allocator.model import POINT, Gender, Package, Severity
from allocator.policy_promises import never_levels_down
from allocator.policy_schema import (
    PROPORTIONAL,
    AnyOfRule,
    BalanceEntry,
    BoundEntry,
    Cited,
    Conditions,
    GroupCriterion,
    GroupRule,
    Item,
    ListedRule,
    NumberRule,
    Parameter,
    Policy,
    days_of_change,
    parameters,
)
from allocator.policy_settle import settle
from allocator.policy_terms import points_text
from allocator.rules import Bound, Rules, UnitLimit
from allocator.strict_yaml import Path

ATTRIBUTES = (
    "gender",
    "region",
    "country_group",
    "administration",
    "meeting",
    "study_group",
    "package",
    "application",
    "person",
)
"""What selectors look at besides the columns of an applications file."""

COLUMNS = ("contributions", "role", "first_time", "specific_needs", "requested")
"""Columns of every applications file that a selector may name."""

MOST_MERIT = 100 * POINT


def checks(policy: Policy) -> Iterator[Problem]:
    """Yield every problem of a policy that has the right form."""
    names = list(_names(policy))
    yield from names
    yield from _references(policy)
    yield from _duplicates(policy)
    yield from _negatives(policy)
    yield from _bounds(policy)
    yield from _factors(policy)
    yield from _number_rules(policy)
    yield from _on_each_day(policy)


def _say(
    policy: Policy,
    code: str,
    path: Path,
    *,
    severity: Severity = Severity.ERROR,
    value: str = "",
    **values: object,
) -> Problem:
    where = policy.document.where(path)
    shown = path_text(path)
    return problem(code, where, severity=severity, value=value, path=shown, **values)


# --- references ---------------------------------------------------------------------------------


def _references(policy: Policy) -> Iterator[Problem]:
    known = policy.content.references
    used: list[str] = []
    for path, name in _cited(policy.content, (), False):
        if name is None:
            yield _say(policy, "policy-no-reference", path, severity=Severity.NOTE)
        elif name not in known:
            hint = suggestion(name, list(known))
            yield _say(policy, "policy-unknown-reference", path, value=name, hint=hint)
        else:
            used.append(name)
    for name in known:
        if name not in used:
            path = ("references", name)
            yield _say(policy, "policy-unused-reference", path, severity=Severity.NOTE, value=name)


def _cited(value: object, path: Path, covered: bool) -> Iterator[tuple[Path, str | None]]:
    """Yield each reference with its path, and (path, None) for each value that rests on none."""
    if isinstance(value, Part):
        own = getattr(value, "reference", None)
        if own is not None:
            yield (*path, "reference"), own
        covered = covered or own is not None
        if _rests_on_nothing(value, covered):
            yield path, None
            return
        fields = [each for each in type(value).model_fields if each in value.model_fields_set]
        for name in fields:
            yield from _cited(getattr(value, name), (*path, name), covered)
    elif isinstance(value, tuple):
        for position, each in enumerate(value):
            yield from _cited(each, (*path, position), covered)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _cited(each, (*path, key), covered)


def _rests_on_nothing(part: Part, covered: bool) -> bool:
    if covered or not isinstance(part, Cited | Parameter):
        return False
    inside = [part] if isinstance(part, Parameter) else [each for _, each in parameters(part)]
    return not any(each.reference or any(v.reference for v in each.values) for each in inside)


# --- names --------------------------------------------------------------------------------------


def _names(policy: Policy) -> Iterator[Problem]:
    """Yield names of groups, regions and Member States that do not exist."""
    scheme = policy.content.region_scheme
    for path, name in _written(scheme, ("region_scheme",)):
        if name not in schemes():
            yield _unknown(policy, "policy-unknown-scheme", path, name, schemes())
    known = _regions(policy)
    yield from _own_groups(policy, (*GROUPS, *known))
    groups = (*GROUPS, *policy.content.country_groups, *known)
    for path, name in _group_names(policy):
        if name not in groups:
            yield _unknown(policy, "policy-unknown-group", path, name, groups)
    for path, conditions in _selectors(policy):
        yield from _conditions(policy, path, conditions, groups, known)


def _written(parameter: Parameter[str], path: Path) -> Iterator[tuple[Path, str]]:
    if parameter.value is not None:
        yield path, parameter.value
    for position, each in enumerate(parameter.values):
        yield (*path, "values", position, "value"), each.value


def _regions(policy: Policy) -> tuple[str, ...]:
    """Return the regions of every scheme the policy names, in order."""
    named = [name for _, name in _written(policy.content.region_scheme, ())]
    return tuple(
        region
        for name in dict.fromkeys(named)
        if name in schemes()
        for region in region_names(name)
    )


def _unknown(
    policy: Policy, code: str, path: Path, name: str, known: Iterable[str], **values: object
) -> Problem:
    hint = suggestion(name, list(known))
    return _say(policy, code, path, severity=Severity.ERROR, value=name, hint=hint, **values)


def _own_groups(policy: Policy, built_in: tuple[str, ...]) -> Iterator[Problem]:
    for name, group in policy.content.country_groups.items():
        path: Path = ("country_groups", name)
        if name in built_in:
            yield _say(policy, "policy-group-name-taken", path, value=name)
        for field in ("any_of", "but_not"):
            for position, each in enumerate(getattr(group, field)):
                if each not in built_in:
                    where = (*path, field, position)
                    yield _unknown(policy, "policy-unknown-group", where, each, built_in)
        for field in ("add", "remove"):
            for position, each in enumerate(getattr(group, field)):
                if not _is_country(each):
                    yield _say(policy, "policy-not-a-code", (*path, field, position), value=each)


def _is_country(code: str) -> bool:
    return re.fullmatch("[A-Z]{3}", code) is not None and bool(iso2(code))


def _group_names(policy: Policy) -> Iterator[tuple[Path, str]]:
    for path, rule in _gates(policy):
        if isinstance(rule, GroupRule | ListedRule):
            for position, name in enumerate(rule.groups):
                yield (*path, "groups", position), name
    for position, criterion in enumerate(policy.content.merit.criteria):
        if isinstance(criterion, GroupCriterion):
            for name in criterion.points:
                yield ("merit", "criteria", position, "points", name), name


def _gates(policy: Policy) -> Iterator[tuple[Path, Item]]:
    for position, rule in enumerate(policy.content.eligibility):
        path: Path = ("eligibility", position)
        yield path, rule
        if isinstance(rule, AnyOfRule):
            for inner, each in enumerate(rule.rules):
                yield (*path, "rules", inner), each


def _selectors(policy: Policy) -> Iterator[tuple[Path, Conditions]]:
    for path, bound in _all_bounds(policy):
        yield (*path, "group"), bound.group
        yield (*path, "of"), bound.of
    for position, factor in enumerate(policy.content.balance):
        path = ("balance", position)
        yield (*path, "group"), factor.group
        for field in ("each", "known_by"):
            if name := getattr(factor, field):
                yield (*path, field), {name: ()}


def _conditions(
    policy: Policy,
    path: Path,
    conditions: Conditions,
    groups: Iterable[str],
    regions: Iterable[str],
) -> Iterator[Problem]:
    choices: dict[str, tuple[str, ...]] = {
        "gender": tuple(each.value for each in Gender if each is not Gender.NOT_STATED),
        "package": tuple(each.value for each in Package),
        "region": tuple(regions),
        "country_group": tuple(groups),
    }
    for name, values in conditions.items():
        here = (*path, name)
        if name not in ATTRIBUTES and name not in COLUMNS:
            yield _other_column(policy, here, name)
        for value in values:
            if name in choices and value not in choices[name]:
                yield _unknown(
                    policy, "policy-unknown-value", here, value, choices[name], attribute=name
                )
            elif name == "administration" and not _is_country(value):
                yield _say(policy, "policy-not-a-code", here, value=value)


def _other_column(policy: Policy, path: Path, name: str) -> Problem:
    """Say that a column of the file is meant, or warn that a known name seems misspelt."""
    meant = closest(name, [*ATTRIBUTES, *COLUMNS])
    if meant:
        return _say(
            policy, "policy-attribute", path, severity=Severity.WARNING, value=name, hint=meant
        )
    return _say(policy, "policy-own-column", path, severity=Severity.NOTE, value=name)


# --- entries ------------------------------------------------------------------------------------


def _duplicates(policy: Policy) -> Iterator[Problem]:
    content = policy.content
    criteria = [(("merit", "criteria", i), e) for i, e in enumerate(content.merit.criteria)]
    factors = [(("balance", i), e) for i, e in enumerate(content.balance)]
    for entries in (_gates(policy), _all_bounds(policy), criteria, factors):
        seen: dict[str, int] = {}
        for path, entry in entries:
            here = (*path, "id")
            if entry.id in seen:
                first = seen[entry.id]
                yield _say(policy, "policy-duplicate-id", here, value=entry.id, first=first)
            seen.setdefault(entry.id, policy.document.line(here))


def _negatives(policy: Policy) -> Iterator[Problem]:
    """Yield whole numbers and points below 0; only what a rule compares with may be negative."""
    for path, parameter in parameters(policy.content):
        for value in (parameter.value, *(each.value for each in parameter.values)):
            if isinstance(value, int) and value < 0:
                yield _say(policy, "policy-negative", path)
                break


def _all_bounds(policy: Policy) -> Iterator[tuple[Path, BoundEntry]]:
    limits = policy.content.limits
    for side, entries in (("floors", limits.floors), ("caps", limits.caps)):
        for position, entry in enumerate(entries):
            yield ("limits", side, position), entry


def _bounds(policy: Policy) -> Iterator[Problem]:
    for path, bound in _all_bounds(policy):
        written = [
            name for name in ("share", "number", "money") if getattr(bound, name) is not None
        ]
        if len(written) != 1:
            yield _say(policy, "policy-one-amount", path, value=bound.id)
        if not bound.group:
            yield _say(policy, "policy-empty-group", path, value=bound.id)
        if bound.of and written != ["share"]:
            yield _say(policy, "policy-of-without-share", path, value=bound.id)
        if (bound.number is not None and bound.count == "money") or (
            bound.money is not None and "count" in bound.model_fields_set and bound.count != "money"
        ):
            yield _say(policy, "policy-count-mismatch", path, value=bound.id)


def _factors(policy: Policy) -> Iterator[Problem]:
    for position, factor in enumerate(policy.content.balance):
        for code in _factor_faults(factor):
            yield _say(policy, code, ("balance", position), value=factor.id)


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
    for path, rule in _gates(policy):
        if isinstance(rule, NumberRule) and rule.at_least is None and rule.at_most is None:
            yield _say(policy, "policy-number-open", path, value=rule.id)


# --- values that must fit together, on every day on which something changes ----------------------


def _on_each_day(policy: Policy) -> Iterator[Problem]:
    """Yield each problem of the settled rules once, for the first day on which it occurs."""
    said: list[tuple[str, str]] = []
    for day in days_of_change(policy.content) or (date.max,):
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
    for floor, cap in product(rules.floors, rules.caps):
        if _contradict(floor, cap):
            paths = {each.id: path for path, each in _all_bounds(policy)}
            yield _say(
                policy, "policy-floor-above-cap", paths[floor.id], value=floor.id, cap=cap.id
            )
    if not (promise := never_levels_down(rules)).holds:
        yield _say(
            policy,
            "policy-levels-down",
            ("balance",),
            severity=Severity.WARNING,
            said=promise.text,
            remedy=promise.remedy,
        )


def _merit(policy: Policy, rules: Rules) -> Iterator[Problem]:
    most = rules.award_points + sum(each.most for each in rules.criteria)
    if most > MOST_MERIT:
        total, over = points_text(most), points_text(most - MOST_MERIT)
        yield _say(policy, "policy-merit-too-much", ("merit",), total=total, over=over)


def _coverage(policy: Policy, rules: Rules) -> Iterator[Problem]:
    path = ("coverage",)
    if rules.coverage_full == 0:
        yield _say(policy, "policy-coverage-nothing", path)
    if rules.coverage_ticket + rules.coverage_dsa > rules.coverage_full:
        yield _say(policy, "policy-coverage-parts", path, severity=Severity.WARNING)


def _unit_limit(policy: Policy, name: str, limit: UnitLimit | None) -> Iterator[Problem]:
    if limit is None:
        return
    path = ("limits", name)
    if limit.at_most == 0:
        yield _say(policy, "policy-limit-nothing", path, value=name)
        return
    for package in Package:
        if limit.units(package) > limit.at_most:
            here = (*path, package.value)
            yield _say(
                policy,
                "policy-package-never",
                here,
                severity=Severity.WARNING,
                value=f"{name}.{package.value}",
                package=package.value,
            )


def _contradict(floor: Bound, cap: Bound) -> bool:
    same = (floor.group, floor.of, floor.measure, floor.share) == (
        cap.group,
        cap.of,
        cap.measure,
        cap.share,
    )
    return (
        same
        and floor.at_least is not None
        and cap.at_most is not None
        and (floor.at_least > cap.at_most)
    )
