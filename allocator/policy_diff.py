"""Two policies become a list of what differs in meaning; order and comments do not count."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from allocator.fields import Part, path_text
from allocator.policy_parameter import Item, Parameter
from allocator.policy_schema import BalanceEntry, Policy
from allocator.policy_terms import day_text, value_text
from allocator.rules import Measure
from allocator.strict_yaml import Path
from allocator.texts import catalogue, say

_LISTS: tuple[Path, ...] = (
    ("eligibility",),
    ("balance",),
    ("references",),
    ("country_groups",),
    ("merit", "criteria"),
    ("limits", "floors"),
    ("limits", "caps"),
)
"""Where entries with a name of their own are: one that is new or gone is one change."""

_SILENT = ("id", "applies")
_LAST = ("reference", "note")

type _Values = dict[Path, str]
"""Every single value of a policy in words, by path; entries of lists by their id."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: ``old`` or ``new`` is empty where the parameter is not there at all."""

    path: str
    meaning: str
    old: str
    new: str


def diff(a: Policy, b: Policy, on: date | None = None) -> tuple[Change, ...]:
    """Return what policy ``b`` says differently from policy ``a``, references last.

    Parameters
    ----------
    a, b : Policy
        Before and after.
    on : date, optional
        Compare what is in force on that day; without it, every dated value.
    """
    before, after = _values(a, on), _values(b, on)
    changes: dict[Path, Change] = {}
    for path in dict.fromkeys((*before, *after)):
        place = path
        old, new = before.get(path, ""), after.get(path, "")
        entry = _entry(path)
        if entry and bool(_inside(before, entry)) != bool(_inside(after, entry)):
            place, old, new = entry, _whole(before, entry), _whole(after, entry)
        if old != new:
            title = after.get((*entry, "title")) or before.get((*entry, "title"), "")
            changes[place] = Change(path_text(place), meaning(place, title), old, new)
    in_order = sorted(changes, key=lambda path: path[0] == "references")
    return tuple(changes[path] for path in in_order)


def _values(policy: Policy, on: date | None) -> _Values:
    values: _Values = {}
    _collect(policy.content, (), on, values)
    return values


def _collect(value: object, path: Path, on: date | None, into: _Values) -> None:
    if isinstance(value, Parameter):
        into[path] = _parameter_text(value, path, on)
    elif not isinstance(value, Part | dict | tuple) and value is not None:
        into[path] = value_text(path, value)
    for key, each in _steps(value, on):
        _collect(each, (*path, key), on, into)
    if isinstance(value, tuple) and value and isinstance(value[0], str):
        into[path] = value_text(path, tuple(sorted(value)))


def _steps(value: object, on: date | None) -> Iterable[tuple[str, object]]:
    """Return the parts of a value with the keys to reach them; none for a single value."""
    if isinstance(value, Parameter):
        written = (value, *value.values)
        return [(name, _joined([getattr(each, name) for each in written])) for name in _LAST]
    if isinstance(value, Item) and on is not None and not _applies(value, on):
        return []
    if isinstance(value, Part):
        idle = isinstance(value, BalanceEntry) and value.count is not Measure.MONEY
        names = [name for name in type(value).model_fields if not (idle and name == "money_unit")]
        return [(name, getattr(value, name)) for name in names]
    if isinstance(value, tuple):
        return [(each.id, each) for each in value if isinstance(each, Item)]
    return value.items() if isinstance(value, dict) else []


def _joined(texts: list[str | None]) -> str | None:
    return ", ".join(dict.fromkeys(each for each in texts if each)) or None


def _applies(item: Item, on: date) -> bool:
    found = item.applies.at(on)
    return found is not None and found[0]


def _parameter_text(parameter: Parameter[object], path: Path, on: date | None) -> str:
    if on is not None or parameter.value is not None:
        found = parameter.at(on or date.max)
        return value_text(path, found[0]) if found else say("policy-term.nothing")
    in_order = sorted(parameter.values, key=lambda each: each.start)
    return ", ".join(
        say(
            "policy-words.dates.value", value=value_text(path, each.value), day=day_text(each.start)
        )
        for each in in_order
    )


def _entry(path: Path) -> Path:
    """Return the path of the list entry that a path is in, empty if it is in none."""
    found = (path[: len(each) + 1] for each in _LISTS if path[: len(each)] == each)
    return next(found, ())


def _inside(values: _Values, entry: Path) -> _Values:
    return {path: value for path, value in values.items() if path[: len(entry)] == entry}


def _whole(values: _Values, entry: Path) -> str:
    """Return all that an entry says: ``title: Women; weight: 25``; what it rests on comes last."""
    inside = {path[len(entry) :]: value for path, value in _inside(values, entry).items()}
    told = [path for path in inside if path[-1] not in _SILENT]
    told.sort(key=lambda path: path[-1] in _LAST)
    return "; ".join(f"{path_text(path)}: {inside[path]}" for path in told)


def meaning(path: Path, title: str) -> str:
    """Return what a parameter is, in words: ``weight of the balance factor “Women”``.

    Parameters
    ----------
    path : Path
        Of a value or of an entry; entries of lists by their id.
    title : str
        Title of the entry it is in, if any.
    """
    lengths = range(len(path), -1, -1)
    found = ((each, _part_text(path[:each], title)) for each in lengths)
    length, part = next((each for each in found if each[1]), (0, ""))
    if length == len(path):
        return part
    field = _field_text(path[length:])
    return say("policy-change.of", field=field, part=part) if part else field


def _part_text(path: Path, title: str) -> str:
    """Return what a part of a policy is called, empty if it has no name."""
    entry = _entry(path)
    named = entry[:-1] if entry == path else path
    key = f"policy-change.part.{'.'.join(str(step) for step in named)}"
    known = key in catalogue() and bool(entry) == (named in _LISTS)
    return say(key, title=title or path[-1]) if known else ""


def _field_text(steps: Path) -> str:
    """Return what a field is called; with the key beneath it where it is a table."""
    *around, last = steps
    if last in _LAST and around:
        return say("policy-change.of", field=_field_text((last,)), part=_field_text(tuple(around)))
    known = [i for i, step in enumerate(steps) if f"policy-change.field.{step}" in catalogue()]
    if not known:
        return path_text(steps)
    field = say(f"policy-change.field.{steps[known[-1]]}")
    keys = ", ".join(str(step) for step in steps[known[-1] + 1 :])
    return say("policy-change.key", field=field, entry=keys) if keys else field
