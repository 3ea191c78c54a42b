"""Writes ``docs/policy-reference.md`` from the form of a policy file; a test keeps it current.

``python -m allocator.policy_reference`` writes it again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from allocator.policy import json_schema, shipped_policies
from allocator.policy_terms import list_text
from allocator.texts import catalogue, say

TARGET = Path(__file__).parent.parent / "docs" / "policy-reference.md"

_SECTIONS = (
    ("policy", "Header"),
    ("references", "ReferenceEntry"),
    ("country_groups", "GroupEntry"),
    ("limits", "Limits"),
    ("quota", "UnitEntry"),
    ("floors", "BoundEntry"),
    ("merit", "Merit"),
    ("coverage", "Coverage"),
    ("balance", "BalanceEntry"),
    ("ties", "Ties"),
    ("funds", "Funds"),
    ("reports", "Reports"),
    ("not_known", "NotKnown"),
)
_AFTER = {"country_groups": "eligibility", "merit": "criteria"}
"""Sections followed by their kinds of entries."""

_KINDS = {
    "eligibility": (
        "GroupRule",
        "ListedRule",
        "FlagRule",
        "DeadlineRule",
        "RegionScopeRule",
        "NumberRule",
        "CategoryRule",
        "AnyOfRule",
    ),
    "criteria": (
        "NumberCriterion",
        "FlagCriterion",
        "CategoryCriterion",
        "GroupCriterion",
        "DaysCriterion",
        "PriorCriterion",
    ),
}
_FIRST = ("id", "title", "kind")
_LAST = ("applies", "reference", "note")
_COMMON = ("id", "title", "applies", "reference", "note", "not_known")


def reference() -> str:
    """Return the reference of policy files as Markdown."""
    schema = json_schema()
    parts = [say("policy-reference.opening"), _whole(schema), say("policy-reference.values")]
    for key, form in _SECTIONS:
        parts.append(_section(schema, key, form))
        if key in _AFTER:
            parts.extend(_kinds(schema, _AFTER[key]))
    parts.append(_names())
    parts.append(_shipped())
    return "\n\n".join(parts) + "\n"


def _whole(schema: dict[str, Any]) -> str:
    return "\n\n".join((say("policy-reference.whole"), _table(schema, schema)))


def _section(schema: dict[str, Any], key: str, form: str) -> str:
    title, opening = say(f"policy-reference.{key}.title"), say(f"policy-reference.{key}.text")
    return "\n\n".join((f"## {title}", opening, _table(schema, schema["$defs"][form])))


def _kinds(schema: dict[str, Any], key: str) -> Iterator[str]:
    title, opening = say(f"policy-reference.{key}.title"), say(f"policy-reference.{key}.text")
    first = schema["$defs"][_KINDS[key][0]]
    yield f"## {title}\n\n{opening}"
    yield _table(
        schema, first, [name for name in first["properties"] if name in _COMMON and name != "kind"]
    )
    for form in _KINDS[key]:
        described = schema["$defs"][form]
        kind = described["properties"]["kind"]["const"]
        yield f"### `kind: {kind}`\n\n{_one_line(described['description'])}"
        own = [name for name in described["properties"] if name not in (*_COMMON, "kind")]
        if own:
            yield _table(schema, described, own)


def _table(schema: dict[str, Any], form: dict[str, Any], names: list[str] | None = None) -> str:
    rows = [say("policy-reference.columns"), "|---|---|---|"]
    shown = form["properties"] if names is None else names
    for name in sorted(shown, key=_rank):
        field = form["properties"][name]
        needed = name in form.get("required", ())
        rows.append(f"| `{name}` | {_need(field, needed)} | {_described(schema, field)} |")
    return "\n".join(rows)


def _rank(name: str) -> int:
    """Put the name of an entry first and what it rests on last, the rest in its order."""
    return _FIRST.index(name) - len(_FIRST) if name in _FIRST else 1 + (name in _LAST)


def _need(field: dict[str, Any], needed: bool) -> str:
    if needed:
        return say("policy-reference.needed")
    default = field.get("default")
    if default is True:
        default = say("policy-term.yes")
    return f"`{default}`" if isinstance(default, str | int) else ""


def _described(schema: dict[str, Any], field: dict[str, Any]) -> str:
    """Return what a field is; for a part its own description, for a choice what there is."""
    form = schema["$defs"].get(field.get("$ref", "").rpartition("/")[2], {})
    alone = form.get("anyOf", [form])[0]
    choices = field.get("enum") or alone.get("enum") or ()
    if "$ref" in alone:
        choices = schema["$defs"][alone["$ref"].rpartition("/")[2]].get("enum", ())
    text = _one_line(field.get("description") or form.get("description", ""))
    if not choices or True in choices or all(f"`{each}`" in text for each in choices):
        return text
    listed = list_text(tuple(f"`{each}`" for each in choices), "or")
    return say("policy-reference.choice", text=text, choices=listed)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _names() -> str:
    """Return the built-in attributes and country groups with what they are called."""
    lines = [f"## {say('policy-reference.names.title')}", say("policy-reference.names.text")]
    for kind in ("attribute", "group"):
        prefix = f"policy-term.{kind}."
        rows = [say(f"policy-reference.names.{kind}"), "|---|---|"]
        rows += [
            f"| `{key.removeprefix(prefix)}` | {text} |"
            for key, text in catalogue().items()
            if key.startswith(prefix)
        ]
        lines.append("\n".join(rows))
    return "\n\n".join(lines)


def _shipped() -> str:
    rows = [f"| `{name}` | {title} |" for name, title in shipped_policies()]
    head = [say("policy-reference.shipped.columns"), "|---|---|"]
    return "\n\n".join((f"## {say('policy-reference.shipped.title')}", "\n".join((*head, *rows))))


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8", newline="\n")
