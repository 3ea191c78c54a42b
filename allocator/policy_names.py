"""The names a policy uses: references, groups, regions, countries and attributes must exist."""

import re
from collections.abc import Iterable, Iterator

from allocator.countries import GROUPS, country_code, iso2, region_names, schemes
from allocator.errors import Problem, problem
from allocator.fields import Part, closest, path_text, suggestion
from allocator.model import Gender, Package, Severity
from allocator.policy_parameter import Cited, Item, Parameter, parameters
from allocator.policy_schema import (
    AnyOfRule,
    BoundEntry,
    Conditions,
    GroupCriterion,
    GroupRule,
    ListedRule,
    Policy,
)
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


def located(
    policy: Policy,
    code: str,
    path: Path,
    *,
    severity: Severity = Severity.ERROR,
    value: str = "",
    **values: object,
) -> Problem:
    """Make a problem at the line of a path, which its texts may show as ``{path}``."""
    where = policy.document.where(path)
    shown = path_text(path)
    return problem(code, where, severity=severity, value=value, path=shown, **values)


def gates(policy: Policy) -> Iterator[tuple[Path, Item]]:
    """Yield every rule of eligibility with its path, those inside ``any_of`` too."""
    for position, rule in enumerate(policy.content.eligibility):
        path: Path = ("eligibility", position)
        yield path, rule
        if isinstance(rule, AnyOfRule):
            for inner, each in enumerate(rule.rules):
                yield (*path, "rules", inner), each


def all_bounds(policy: Policy) -> Iterator[tuple[Path, BoundEntry]]:
    """Yield every floor and cap with its path."""
    limits = policy.content.limits
    for side, entries in (("floors", limits.floors), ("caps", limits.caps)):
        for position, entry in enumerate(entries):
            yield ("limits", side, position), entry


def reference_problems(policy: Policy) -> Iterator[Problem]:
    """Yield references that do not exist or are not used, and values that rest on none."""
    known = policy.content.references
    used: list[str] = []
    for path, name in _cited(policy.content, (), False):
        if name is None:
            yield located(policy, "policy-no-reference", path, severity=Severity.NOTE)
        elif name not in known:
            hint = suggestion(name, list(known))
            yield located(policy, "policy-unknown-reference", path, value=name, hint=hint)
        else:
            used.append(name)
    for name in known:
        if name not in used:
            path = ("references", name)
            yield located(
                policy, "policy-unused-reference", path, severity=Severity.NOTE, value=name
            )


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


def name_problems(policy: Policy) -> Iterator[Problem]:
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
    return located(policy, code, path, severity=Severity.ERROR, value=name, hint=hint, **values)


def _own_groups(policy: Policy, built_in: tuple[str, ...]) -> Iterator[Problem]:
    for name, group in policy.content.country_groups.items():
        path: Path = ("country_groups", name)
        if name in built_in:
            yield located(policy, "policy-group-name-taken", path, value=name)
        for field in ("any_of", "but_not"):
            for position, each in enumerate(getattr(group, field)):
                if each not in built_in:
                    where = (*path, field, position)
                    yield _unknown(policy, "policy-unknown-group", where, each, built_in)
        for field in ("add", "remove"):
            for position, each in enumerate(getattr(group, field)):
                if not _is_country(each):
                    yield located(policy, "policy-not-a-code", (*path, field, position), value=each)


def _is_country(code: str) -> bool:
    return re.fullmatch("[A-Z]{3}", code) is not None and bool(iso2(code))


def _group_names(policy: Policy) -> Iterator[tuple[Path, str]]:
    for path, rule in gates(policy):
        if isinstance(rule, GroupRule | ListedRule):
            for position, name in enumerate(rule.groups):
                yield (*path, "groups", position), name
    for position, criterion in enumerate(policy.content.merit.criteria):
        if isinstance(criterion, GroupCriterion):
            for name in criterion.points:
                yield ("merit", "criteria", position, "points", name), name


def _selectors(policy: Policy) -> Iterator[tuple[Path, Conditions]]:
    for path, bound in all_bounds(policy):
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
            elif name == "administration" and not _is_country(country_code(value)):
                yield located(policy, "policy-not-a-country", here, value=value)


def _other_column(policy: Policy, path: Path, name: str) -> Problem:
    """Say that a column of the file is meant, or warn that a known name seems misspelt."""
    meant = closest(name, [*ATTRIBUTES, *COLUMNS])
    if meant:
        return located(
            policy, "policy-attribute", path, severity=Severity.WARNING, value=name, hint=meant
        )
    return located(policy, "policy-own-column", path, severity=Severity.NOTE, value=name)
