"""Two records become what they tell differently beside the decisions, in words.

Margins, reasons, ties, money, factors, the effects, the exchanges, fairness and the flip test
follow from the inputs like the decisions do. Which columns the programme numbers how, and
how policies and rounds describe themselves, does not count. How much was asked for may differ too:
what one record leaves out, and "at least so much" beside the exact figure, are no contradiction.
"""

from collections.abc import Iterator
from typing import Any

from allocator.record.check_book import number
from allocator.record.check_container import Opened
from allocator.record.check_report import safe
from allocator.texts import say

_EXPLAINED = ("margin", "tie", "factors", "extra", "obstacles")
_IDLE = frozenset({"instead", "reference", "references", "title", "version", "source", "url"})
"""What numbers the programme's columns, or names and describes only."""

_WORDED_IN = ("round.json", "rules.json", "inputs/overrides.yaml")
"""Members whose words a reason may quote."""


_QUOTED = frozenset({"margin", "tie", "factors", "extra", "obstacles"})
"""What the words of a reason may quote."""


def told_differently(old: Opened, new: Opened) -> Iterator[tuple[str, str]]:
    """Yield what differs, as the application or the part of the record and a text.

    A part that only one of the records has was not asked for in the other, and is left out; whether
    it may be left out is for ``verify`` to say.
    """
    undecided = _left_out(old) | _left_out(new)
    before, after = _by_application(old, new, undecided), _by_application(new, old, undecided)
    for application in sorted({*before} & {*after}):
        fields = list(_contradictions(before[application], after[application]))
        if fields:
            text = say(
                "verify.compare.told.application",
                application=safe(application),
                fields=", ".join(fields),
            )
            yield application, text
    parts, others = _parts(old, undecided), _parts(new, undecided)
    for part in parts:
        if part in others and parts[part] != others[part]:
            yield part, say(f"verify.compare.told.{part}")


def _left_out(record: Opened) -> frozenset[str]:
    """Return the balance factors of which the record does not say what they did."""
    if "effects.json" in record.members:
        return frozenset(record.plain("effects.json")["left_out"])
    return frozenset(each["id"] for each in record.plain("rules.json")["balance"])


def _contradictions(was: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """Yield the fields of one application that cannot both be true of the same inputs."""
    other = [field for field in was if field in now and was[field] != now[field]]
    for field in other:
        if field == "reason" and not _QUOTED.isdisjoint(other):
            continue
        agree = _AGREE.get(field)
        if agree is None or not agree(was[field], now[field]):
            yield field


def _figures_agree(was: dict[str, Any], now: dict[str, Any], name: str) -> bool:
    """Tell whether two figures can be the same; one that is not exact is at least as said."""
    if was["exact"] and now["exact"]:
        return bool(was[name] == now[name])
    if not (was["exact"] or now["exact"]):
        return True
    exact, least = (was[name], now[name]) if was["exact"] else (now[name], was[name])
    return exact is None or (least is not None and number(least) <= number(exact))


def _margins_agree(was: Any, now: Any) -> bool:
    if not (isinstance(was, dict) and isinstance(now, dict)):
        return was is None or now is None  # a decision without an explanation, or not exact
    packages, others = ({p["package"]: p for p in each["packages"]} for each in (was, now))
    if was["exact"] and now["exact"]:
        same = ("at_any_merit", "others")
        if packages.keys() != others.keys() or any(was[key] != now[key] for key in same):
            return False
    pairs = [(packages[p], others[p]) for p in packages if p in others]
    return all(_figures_agree(*each, "points") for each in ((was, now), *pairs))


def _money_agrees(was: list[dict[str, Any]], now: list[dict[str, Any]]) -> bool:
    lines, others = ({each["line"]: each for each in side} for side in (was, now))
    return lines.keys() == others.keys() and all(
        _figures_agree(lines[line], others[line], "amount") for line in lines
    )


_AGREE = {"margin": _margins_agree, "extra": _money_agrees}
"""Fields that may be told more or less exactly."""


def _by_application(
    record: Opened, other: Opened, undecided: frozenset[str]
) -> dict[str, dict[str, Any]]:
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
            if each["decision"] == "declined" and not told["extra"]:
                del told["extra"]  # it was not asked for
            told["factors"] = [f for f in told["factors"] if f["factor"] not in undecided]
            found.setdefault(each["application_id"], {}).update(told)
    return found


def _parts(record: Opened, undecided: frozenset[str]) -> dict[str, Any]:
    """Return what is told of the round as a whole."""
    found: dict[str, Any] = {"draws": record.plain("result.json")["draws"]}
    if "effects.json" in record.members:
        effects = record.plain("effects.json")
        found["factors"] = _bare([f for f in effects["factors"] if f["factor"] not in undecided])
        found["swaps"] = [effects["swaps"], effects["swaps_count"]]
    if "fairness.json" in record.members:
        fairness = dict(record.plain("fairness.json"))
        flips = fairness.pop("flips", None)
        ids = {each["title"]: each["id"] for each in record.plain("rules.json")["criteria"]}
        for pair in (pairs := _bare(fairness.pop("pairs"))):
            pair["without"] = [ids.get(title, title) for title in pair["without"]]
        found["fairness"] = [pairs, _bare(fairness)]
        if flips:
            found["flips"] = _bare(flips)
    return found


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(each) for key, each in value.items() if key not in _IDLE}
    return [_bare(each) for each in value] if isinstance(value, list) else value
