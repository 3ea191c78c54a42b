"""The text of ``round.yaml`` with some of its facts changed; comments and all else stay.

What comes out is read again: a file that is written in a way in which a change cannot be made
safely is refused and not guessed at.
"""

import json
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

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
    changed = text.encode("utf-8")
    if read_yaml(changed, FILE).data != _expected(read_yaml(data, FILE).data, changes):
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


def _by_hand() -> AllocatorError:
    return AllocatorError(problem("round-edit-by-hand", Where(file=FILE)))
