"""The numbers of a policy that can be turned, and the policy's own text with some of them changed.

A change replaces the number where it stands and nothing else: comments, order, line ends and every
other value stay as they were written. A dated value is changed in the entry that is in force.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

import yaml

from allocator.errors import AllocatorError, problem
from allocator.fields import path_text
from allocator.model import POINT
from allocator.policy import check_policy
from allocator.policy_parameter import Parameter, named_path, parameters
from allocator.policy_schema import Policy
from allocator.policy_terms import number_text
from allocator.strict_yaml import Path


class Unit(StrEnum):
    """What a number of a policy is counted in: merit points, or a share of a whole."""

    POINTS = "points"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Dial:
    """A number of a policy that can be turned.

    ``name`` is its path with the ids of entries: ``balance.women.weight``; ``path`` leads to the
    value in the file. ``value`` is in points, or a fraction of 1. ``since`` is the day from which a
    dated value is in force, ``reference`` what the value itself rests on.
    """

    name: str
    steps: Path
    path: Path
    title: str
    unit: Unit
    value: Fraction
    since: date | None
    reference: str | None


_POINTS = frozenset({"award", "weight", "points_each", "points_if", "points", "at_most"})
_POINTS_BESIDE = frozenset({"otherwise", "not_known"})


def dials(policy: Policy, on: date) -> tuple[Dial, ...]:
    """Return every weight, target share and number of points that a policy writes, in its order.

    Parameters
    ----------
    policy : Policy
        As read; what it leaves out has no dial.
    on : date
        The day on which a dated value is in force.
    """
    found = (_dial(policy, path, parameter, on) for path, parameter in parameters(policy.content))
    return tuple(each for each in found if each is not None)


def _dial(policy: Policy, path: Path, parameter: Parameter[Any], on: date) -> Dial | None:
    unit, at = _unit(path), parameter.at(on)
    if unit is None or at is None or not isinstance(at[0], int | Fraction):
        return None  # no number, or "proportional"
    steps, title = named_path(policy.content, path)
    leads, since = _written(policy, path, parameter, on)
    value = Fraction(at[0], POINT) if unit is Unit.POINTS else Fraction(at[0])
    return Dial(path_text(steps), steps, leads, title, unit, value, since, at[1])


def _unit(path: Path) -> Unit | None:
    if path[0] == "balance":
        return {"weight": Unit.POINTS, "target": Unit.SHARE}.get(str(path[-1]))
    if path[0] == "merit" and (path[-1] in _POINTS | _POINTS_BESIDE or "points" in path):
        return Unit.POINTS
    return None


def _written(
    policy: Policy, path: Path, parameter: Parameter[Any], on: date
) -> tuple[Path, date | None]:
    """Return where the value in force is written: alone, with its reference, or with its date."""
    if parameter.value is not None:
        alone = not isinstance(_data_at(policy, path), dict)
        return path if alone else (*path, "value"), None
    begun = [(each.start, at) for at, each in enumerate(parameter.values) if each.start <= on]
    start, at = max(begun)
    return (*path, "values", at, "value"), start


def _data_at(policy: Policy, path: Path) -> object:
    data: Any = policy.document.data
    for step in path:
        data = data[step]
    return data


def with_weights(text: str, values: Mapping[str, Fraction], on: date) -> str:
    """Return a policy's text with some of its numbers changed.

    Parameters
    ----------
    text : str
        The file, without errors.
    values : mapping
        By name of the dial: points, or a share between 0 and 1.
    on : date
        The day whose values are changed.

    Raises
    ------
    AllocatorError
        ``policy-no-dial`` for a name that the policy does not have; the text is no policy.
    """
    policy, problems = check_policy(text.encode("utf-8"), "policy.yaml")
    if policy is None:
        raise AllocatorError(problems)
    known = {each.name: each for each in dials(policy, on)}
    changes: dict[Path, str] = {}
    for name, value in values.items():
        dial = known.get(name)
        if dial is None:
            raise AllocatorError(problem("policy-no-dial", value=name))
        if value != dial.value:  # "1/2" is not to become "50 %" for having been looked at
            changes[dial.path] = written(value, dial.unit)
    return with_values(text, changes)


def written(value: Fraction, unit: Unit) -> str:
    """Return a number as a policy file writes it: ``25``, ``2.5``, ``40 %``, ``1/3``."""
    if unit is Unit.POINTS:
        return number_text(value)
    percent = number_text(value * 100)
    return f"{value.numerator}/{value.denominator}" if "/" in percent else f"{percent} %"


def with_header(text: str, version: str, changed: date) -> str:
    """Return a policy's text with another version, and the day where the file states one."""
    day: Path = ("policy", "changed")
    changes: dict[Path, str] = {
        ("policy", "version"): json.dumps(version, ensure_ascii=False),
    }
    stated = _places(text, [day]).get(day)
    if stated is not None and stated.value:
        changes[day] = changed.isoformat()
    return with_values(text, changes)


def with_values(text: str, changes: Mapping[Path, str]) -> str:
    """Return a YAML text with single values replaced where they stand.

    Parameters
    ----------
    text : str
        YAML without aliases, as ``strict_yaml`` accepts it.
    changes : mapping
        Path to a single value, and what is to be written there as YAML.
    """
    places = _places(text, changes)
    for path in sorted(changes, key=lambda each: places[each].start_mark.index, reverse=True):
        node = places[path]
        end = "\n" if node.style in ("|", ">") else ""  # such a value ends with its last line
        start, stop = node.start_mark.index, node.end_mark.index
        text = f"{text[:start]}{changes[path]}{end}{text[stop:]}"
    return text


def _places(text: str, paths: Iterable[Path]) -> dict[Path, yaml.ScalarNode]:
    """Return the single values at these paths that the text has."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    found = ((path, node_at(root, path)) for path in paths)
    return {path: node for path, node in found if isinstance(node, yaml.ScalarNode)}


def node_at(node: yaml.Node | None, path: Path) -> yaml.Node | None:
    """Return the part of a composed YAML text that a path leads to, if there is one."""
    for step in path:
        if isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step] if step < len(node.value) else None
        else:
            return None
    return node
