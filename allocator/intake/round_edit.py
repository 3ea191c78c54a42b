"""The text of ``round.yaml`` with facts, meetings or funds changed; comments and all else stay.

What comes out is read again: a file that is written in a way in which a change cannot be made
safely is refused and not guessed at.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any, Literal

import yaml

from allocator.errors import AllocatorError, Where, problem
from allocator.fields import validate
from allocator.intake.round_schema import FundEntry, MeetingEntry, RoundEntry
from allocator.policy_edit import node_at, with_values
from allocator.strict_yaml import Path, read_yaml

FILE = "round.yaml"
_PLAIN = re.compile(r"[0-9]+([.-][0-9]+)*", re.ASCII)
_BLOCK_TEXT = ("|", ">")
_ORDER = {
    "meetings": tuple(MeetingEntry.model_fields),
    "funds": tuple(FundEntry.model_fields),
}

type Kind = Literal["meetings", "funds"]
"""The lists of a round that entries are added to and taken out of."""

type _Pair = tuple[yaml.ScalarNode, yaml.Node]


def facts_of(data: bytes) -> RoundEntry:
    """Return what a ``round.yaml`` says.

    Raises
    ------
    AllocatorError
        Every problem of its form.
    """
    return validate(RoundEntry, read_yaml(data, FILE))


def with_facts(data: bytes, changes: Mapping[Path, str | None]) -> bytes:
    """Return a ``round.yaml`` with single values changed, added or taken out.

    Parameters
    ----------
    data : bytes
        The file, as ``facts_of`` reads it.
    changes : mapping
        Path to a single value, as ``("meetings", 0, "city")``, and what it is to say; ``None``
        takes the key out.

    Raises
    ------
    AllocatorError
        ``round-edit-by-hand`` if the file is written in a way in which this cannot be done;
        what is wrong with the file otherwise.
    """
    text = data.decode("utf-8")
    for path, value in changes.items():
        text = _with(text, path, value)
    return _as_meant(text, _expected(read_yaml(data, FILE).data, changes))


def with_entry(data: bytes, kind: Kind, entry: Mapping[str, str]) -> bytes:
    """Return a ``round.yaml`` with one meeting or fund more, after the others.

    Raises
    ------
    AllocatorError
        As ``with_facts``.
    """
    expected: Any = read_yaml(data, FILE).data
    expected.setdefault(kind, []).append({**entry})
    text = data.decode("utf-8")
    node = node_at(yaml.compose(text, Loader=yaml.SafeLoader), (kind,))
    pairs = [f"{key}: {_written(value)}" for key, value in entry.items()]
    return _as_meant(_longer(text, kind, node, pairs), expected)


def without_entry(data: bytes, kind: Kind, at: int) -> bytes:
    """Return a ``round.yaml`` without a meeting or fund, by its place; the last one stays.

    Raises
    ------
    AllocatorError
        As ``with_facts``.
    """
    expected: Any = read_yaml(data, FILE).data
    text = data.decode("utf-8")
    node = node_at(yaml.compose(text, Loader=yaml.SafeLoader), (kind,))
    if not isinstance(node, yaml.SequenceNode) or not 0 <= at < len(node.value) > 1:
        raise _by_hand()
    del expected[kind][at]
    return _as_meant(_shorter(text, node, at), expected)


def _as_meant(text: str, expected: Any) -> bytes:
    """Return the text if it reads as it was meant to."""
    changed = text.encode("utf-8")
    try:
        read = read_yaml(changed, FILE).data
    except AllocatorError:
        read = None
    if read != expected:
        raise _by_hand()
    return changed


def _expected(data: Any, changes: Mapping[Path, str | None]) -> Any:
    whole = deepcopy(data)
    for path, value in changes.items():
        part = whole
        for step in path[:-1]:
            part = part[step]
        if value is None:
            part.pop(path[-1], None)
        else:
            part[path[-1]] = value
    return whole


def _with(text: str, path: Path, value: str | None) -> str:
    mapping = node_at(yaml.compose(text, Loader=yaml.SafeLoader), path[:-1])
    if not isinstance(mapping, yaml.MappingNode):
        raise _by_hand()
    at = next((n for n, (key, _) in enumerate(mapping.value) if key.value == path[-1]), None)
    if value is None:
        return text if at is None else _without(text, mapping, at)
    if at is None:
        return _added(text, mapping, path, f"{path[-1]}: {_written(value)}")
    if not isinstance(mapping.value[at][1], yaml.ScalarNode):
        raise _by_hand()
    return with_values(text, {path: _written(value)})


def _written(value: str) -> str:
    """Return a value as YAML: numbers and dates plain, anything else in quotation marks."""
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def _added(text: str, mapping: yaml.MappingNode, path: Path, written: str) -> str:
    """Add a key under the one that stands before it in the reference."""
    first = mapping.value[0][0].start_mark.index
    if mapping.flow_style:
        return f"{text[:first]}{written}, {text[first:]}"
    order = _ORDER.get(str(path[0]), ()) if len(path) > 1 else tuple(RoundEntry.model_fields)
    before = order[: order.index(str(path[-1]))]
    key, value = _last(mapping.value, before)
    ending = "\r\n" if "\r\n" in text else "\n"
    line = f"{' ' * key.start_mark.column}{written}"
    stop = text.find("\n", value.end_mark.index)
    if stop < 0:
        return f"{text}{ending}{line}"
    return f"{text[: stop + 1]}{line}{ending}{text[stop + 1 :]}"


def _last(pairs: Iterable[_Pair], names: tuple[str, ...]) -> _Pair:
    """Return the pair of the last of some names whose value ends on its own line."""
    known = {key.value: (key, value) for key, value in pairs if _ends_on_its_line(value)}
    found = [known[each] for each in names if each in known]
    if not found:
        raise _by_hand()
    return found[-1]


def _ends_on_its_line(value: yaml.Node) -> bool:
    return isinstance(value, yaml.ScalarNode) and value.style not in _BLOCK_TEXT


def _without(text: str, mapping: yaml.MappingNode, at: int) -> str:
    """Take a key out: its line if it has one to itself, else what stands up to its neighbour."""
    key, value = mapping.value[at]
    start, stop = key.start_mark.index, value.end_mark.index
    begin = text.rfind("\n", 0, start) + 1
    if not mapping.flow_style and not text[begin:start].strip():
        if _ends_on_its_line(value):
            stop = text.find("\n", stop) + 1 or len(text)
        return text[:begin] + text[stop:]
    if at + 1 < len(mapping.value):
        return text[:start] + text[mapping.value[at + 1][0].start_mark.index :]
    if at and mapping.flow_style:
        return text[: mapping.value[at - 1][1].end_mark.index] + text[stop:]
    raise _by_hand()


def _longer(text: str, kind: Kind, node: yaml.Node | None, pairs: Sequence[str]) -> str:
    """Add an entry to a list that may not be there yet."""
    ending = "\r\n" if "\r\n" in text else "\n"
    if node is None:
        text = text if text.endswith("\n") else text + ending
        return text + f"{kind}:{ending}" + _item("  ", pairs, ending)
    if not isinstance(node, yaml.SequenceNode):
        raise _by_hand()
    if node.flow_style:
        written = f"{{{', '.join(pairs)}}}"
        stop = _end(node.value[-1]) if node.value else node.start_mark.index + 1
        return text[:stop] + (", " if node.value else "") + written + text[stop:]
    stop = _line_end(text, _end(node.value[-1]))
    before = text[:stop] if text[:stop].endswith("\n") else text[:stop] + ending
    return before + _item(" " * node.start_mark.column, pairs, ending) + text[stop:]


def _item(indent: str, pairs: Sequence[str], ending: str) -> str:
    first, *others = pairs
    lines = [f"{indent}- {first}", *(f"{indent}  {each}" for each in others)]
    return "".join(line + ending for line in lines)


def _shorter(text: str, node: yaml.SequenceNode, at: int) -> str:
    """Take one of several entries out of a list."""
    own = node.value[at]
    if node.flow_style:
        if at + 1 < len(node.value):
            return text[: own.start_mark.index] + text[node.value[at + 1].start_mark.index :]
        return text[: _end(node.value[at - 1])] + text[_end(own) :]
    begin = text.rfind("\n", 0, own.start_mark.index) + 1
    if text[begin : own.start_mark.index].strip() != "-":
        raise _by_hand()
    return text[:begin] + text[_line_end(text, _end(own)) :]


def _end(node: yaml.Node) -> int:
    """Return where the last value of a part ends: what stands after it is not part of it."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(node, yaml.MappingNode) else last
    return int(node.end_mark.index)


def _line_end(text: str, at: int) -> int:
    """Return where the line of a place ends; a text of several lines has ended it already."""
    return at if text[:at].endswith("\n") else text.find("\n", at) + 1 or len(text)


def _by_hand() -> AllocatorError:
    return AllocatorError(problem("round-edit-by-hand", Where(file=FILE)))
