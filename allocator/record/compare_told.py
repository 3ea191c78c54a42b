"""Two records become what they tell differently beside the decisions, in words.

Margins, reasons, ties, money, factors, the effects, the exchanges, fairness and the flip test
follow from the inputs like the decisions do. Which columns the programme numbers how, and
how policies and rounds describe themselves, does not count.
"""

from collections.abc import Iterator
from typing import Any

from allocator.record.check_container import Opened
from allocator.record.check_report import safe
from allocator.texts import say

_EXPLAINED = ("margin", "tie", "factors", "extra", "obstacles")
_IDLE = frozenset({"instead", "reference", "references", "title", "version", "source", "url"})
"""What numbers the programme's columns, or names and describes only."""

_WORDED_IN = ("round.json", "rules.json", "inputs/overrides.yaml")
"""Members whose words a reason may quote."""


def told_differently(old: Opened, new: Opened) -> Iterator[tuple[str, str]]:
    """Yield what differs, as the application or the part of the record and a text.

    A part that only one of the records has was not asked for in the other, and is left out; whether
    it may be left out is for ``verify`` to say.
    """
    before, after = _by_application(old, new), _by_application(new, old)
    for application in sorted({*before} & {*after}):
        was, now = before[application], after[application]
        fields = [key for key in was if key in now and was[key] != now[key]]
        if fields:
            text = say(
                "verify.compare.told.application",
                application=safe(application),
                fields=", ".join(fields),
            )
            yield application, text
    parts, others = _parts(old), _parts(new)
    for part in parts:
        if part in others and parts[part] != others[part]:
            yield part, say(f"verify.compare.told.{part}")


def _by_application(record: Opened, other: Opened) -> dict[str, dict[str, Any]]:
    """Return what is told of each application; its reason where it can be worded alike."""
    alike = all(record.members.get(name) == other.members.get(name) for name in _WORDED_IN)
    fields = ("margin", "reason_code", *(("reason",) if alike else ()))
    found = {
        each["application_id"]: {field: each[field] for field in fields}
        for each in record.plain("result.json")["decisions"]
    }
    if "explanations.json" in record.members:
        for each in record.plain("explanations.json"):
            told = {field: _bare(each[field]) for field in _EXPLAINED}
            found.setdefault(each["application_id"], {}).update(told)
    return found


def _parts(record: Opened) -> dict[str, Any]:
    """Return what is told of the round as a whole."""
    found: dict[str, Any] = {"draws": record.plain("result.json")["draws"]}
    if "effects.json" in record.members:
        effects = record.plain("effects.json")
        found["factors"] = _bare([effects["factors"], effects["left_out"]])
        found["swaps"] = [effects["swaps"], effects["swaps_count"]]
    if "fairness.json" in record.members:
        fairness = dict(record.plain("fairness.json"))
        flips = fairness.pop("flips", None)
        found["fairness"] = _bare(fairness)
        if flips:
            found["flips"] = _bare(flips)
    return found


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(each) for key, each in value.items() if key not in _IDLE}
    return [_bare(each) for each in value] if isinstance(value, list) else value
