"""Bytes of a YAML file become plain data with line numbers, or problems that say what to do.

Only the plain part of YAML is read: mappings, lists and text. Every scalar stays text as written
(``NO`` is Norway, ``1e5`` is three characters), so that the reader of each field decides what it
means. Aliases, anchors, tags, duplicate keys and oversized files are refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from allocator.errors import AllocatorError, Problem, Where, problem
from allocator.model import Severity
from allocator.texts import say

MAX_BYTES = 1_000_000
MAX_NODES = 20_000
MAX_DEPTH = 30

type Data = str | list[Data] | dict[str, Data] | None
type Path = tuple[str | int, ...]

# What an escape in double quotes can smuggle in: control characters and halves of characters.
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")

_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})

# What PyYAML says, and which of our hints explains it to somebody who does not know YAML.
_HINTS = (
    ("'\\t' that cannot start any token", "tab"),
    ("that cannot start any token", "sign"),
    ("mapping values are not allowed here", "colon"),
    ("could not find expected ':'", "no-colon"),
    ("expected ',' or", "bracket"),
    ("expected <block end>", "indent"),
    ("found unexpected end of stream", "quote"),
    ("unexpected end of stream", "quote"),
    ("unknown escape character", "escape"),
    ("escape sequence", "escape"),
    ("expected alphabetic or numeric character", "sign"),
)


@dataclass(frozen=True, slots=True)
class Document:
    """A file as plain data, and the line (from 1) on which each part of it is written."""

    file: str
    data: Data
    lines: dict[Path, int] = field(repr=False)

    def line(self, path: Path) -> int:
        """Return the line of ``path``, or of the nearest part around it that was written."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def where(self, path: Path) -> Where:
        """Return the place of ``path`` for a problem."""
        return Where(file=self.file, line=self.line(path))


def read_yaml(data: bytes, file: str, *, times: int = 1) -> Document:
    """Read the bytes of a YAML file.

    Parameters
    ----------
    data : bytes
        UTF-8, with or without byte order mark, at most ``MAX_BYTES``.
    file : str
        The file's name as the person knows it, for messages.
    times : int
        How many times longer than written by hand it may be: some files are written by programs.

    Raises
    ------
    AllocatorError
        With every problem found: each has its line and what to do.
    """
    text = _decode(data, file, MAX_BYTES * times)
    builder = _Builder(file, MAX_NODES * times)
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        builder.problems.append(_syntax(error, file))
    except yaml.reader.ReaderError as error:
        builder.problems.append(_unreadable(error, text, file))
    except (ValueError, OverflowError):  # PyYAML lets an escape beyond the last character through
        builder.problems.append(
            problem("yaml-syntax", Where(file=file), hint=say("yaml-hint.escape"))
        )
    if builder.problems:
        raise AllocatorError(builder.problems)
    return Document(file=file, data=builder.root, lines=builder.lines)


def _decode(data: bytes, file: str, most: int) -> str:
    if len(data) > most:
        raise AllocatorError(problem("yaml-too-big", Where(file=file), size=len(data), most=most))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise AllocatorError(problem("yaml-not-utf8", Where(file=file, line=line))) from None


def _events(text: str) -> Iterator[Event]:
    events: Iterator[Event] = yaml.parse(text, Loader=yaml.SafeLoader)
    return events


def _syntax(error: yaml.MarkedYAMLError, file: str) -> Problem:
    said = str(error.problem)
    hint = next((name for words, name in _HINTS if words in said), "other")
    # An open quote or bracket is noticed at the end of the file; the person needs its beginning.
    opened = error.context_mark if hint in {"quote", "bracket"} else None
    mark = opened or error.problem_mark or error.context_mark
    where = Where(file=file, line=mark.line + 1 if mark else 1)
    return problem("yaml-syntax", where, hint=say(f"yaml-hint.{hint}"))


def _unreadable(error: yaml.reader.ReaderError, text: str, file: str) -> Problem:
    line = text.count("\n", 0, error.position) + 1
    return problem(
        "yaml-control-character",
        Where(file=file, line=line),
        sign=f"U+{ord(text[error.position]):04X}",
    )


class _Builder:
    """Turns the parser's events into data, keeping a stack instead of recursing."""

    def __init__(self, file: str, most_nodes: int) -> None:
        self.file = file
        self.most_nodes = most_nodes
        self.root: Data = None
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self._open: list[tuple[Path, dict[str, Data] | list[Data]]] = []
        self._key: list[str | None] = []
        self._skipped = 0
        self._nodes = 0
        self._documents = 0

    def take(self, event: Event) -> None:
        """Take the next event."""
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._stop("yaml-many-documents", event)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._close()
        elif isinstance(event, NodeEvent):
            self._node(event)

    def _node(self, event: NodeEvent) -> None:
        self._nodes += 1
        if self._nodes > self.most_nodes:
            self._stop("yaml-too-many-values", event, most=self.most_nodes)
        self._refuse_tricks(event)
        starts = isinstance(event, MappingStartEvent | SequenceStartEvent)
        if self._skipped:
            self._skipped += starts
        elif self._awaits_key():
            self._take_key(event)
        else:
            self._take_value(event)
        if starts and len(self._open) + self._skipped > MAX_DEPTH:
            self._stop("yaml-too-deep", event, most=MAX_DEPTH)

    def _awaits_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1][1], dict) and self._key[-1] is None

    def _take_key(self, event: NodeEvent) -> None:
        if not isinstance(event, ScalarEvent) or not event.value.strip():
            if not isinstance(event, AliasEvent):
                self._add("yaml-bad-key", event)
            self._key[-1] = ""
            self._skipped += isinstance(event, MappingStartEvent | SequenceStartEvent)
            return
        path, mapping = self._open[-1]
        key: str = event.value
        if key in mapping:
            first = self.lines[(*path, key)]
            self._add("yaml-duplicate-key", event, value=key, first=first)
        else:
            self.lines[(*path, key)] = _line(event)
        self._key[-1] = key

    def _take_value(self, event: NodeEvent) -> None:
        path = self._place(event)
        if isinstance(event, MappingStartEvent):
            self._open_one(path, {})
        elif isinstance(event, SequenceStartEvent):
            self._open_one(path, [])
        else:
            self._put(_scalar(event))
            self._value_done()

    def _open_one(self, path: Path, holder: dict[str, Data] | list[Data]) -> None:
        self._put(holder)
        self._open.append((path, holder))
        self._key.append(None)

    def _place(self, event: NodeEvent) -> Path:
        if not self._open:
            return ()
        parent, holder = self._open[-1]
        if isinstance(holder, dict):
            return (*parent, self._key[-1] or "")
        path = (*parent, len(holder))
        self.lines[path] = _line(event)
        return path

    def _put(self, value: Data) -> None:
        if not self._open:
            self.root = value
            return
        holder = self._open[-1][1]
        if isinstance(holder, dict):
            holder[self._key[-1] or ""] = value
        else:
            holder.append(value)

    def _value_done(self) -> None:
        if self._key:
            self._key[-1] = None

    def _close(self) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        self._open.pop()
        self._key.pop()
        self._value_done()

    def _refuse_tricks(self, event: NodeEvent) -> None:
        if isinstance(event, AliasEvent):
            self._add("yaml-alias", event, value=f"*{event.anchor}")
        elif event.anchor is not None:
            self._add("yaml-anchor", event, value=f"&{event.anchor}")
        elif (tag := getattr(event, "tag", None)) is not None:
            self._add("yaml-tag", event, value=str(tag).replace("tag:yaml.org,2002:", "!!"))
        elif isinstance(event, ScalarEvent) and (found := _UNFIT.search(event.value)):
            self._add("yaml-control-character", event, sign=f"U+{ord(found[0]):04X}")

    def _add(self, code: str, event: Event, *, value: str = "", **values: object) -> None:
        where = Where(file=self.file, line=_line(event))
        self.problems.append(problem(code, where, severity=Severity.ERROR, value=value, **values))

    def _stop(self, code: str, event: Event, *, most: int = 0) -> None:
        self._add(code, event, most=most)
        raise AllocatorError(self.problems)


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _scalar(event: NodeEvent) -> str | None:
    if not isinstance(event, ScalarEvent):
        return None
    plain = event.style is None
    return None if plain and event.value in _NOTHING else str(event.value)
