"""The log's chain: each entry's hash covers the entry and the hash of the one before."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from allocator.office.store_rows import Row
from allocator.record.canonical import canonical

COLUMNS = ("seq", "at", "actor", "kind", "subject", "payload", "rows", "previous", "hash")
START = "0" * 64
"""What the first entry names as the one before it."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a log: its number and its hash; ``seq`` is 0 if there is none."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as it is hashed: ``payload`` and ``rows`` are the canonical JSON itself."""

    seq: int
    at: str
    actor: str
    kind: str
    subject: str
    payload: bytes
    rows: bytes
    previous: str

    def hash(self) -> str:
        """Return the entry's SHA-256: over its canonical JSON, long parts as their own hashes."""
        content: dict[str, Any] = {
            "seq": self.seq,
            "at": self.at,
            "actor": self.actor,
            "kind": self.kind,
            "subject": self.subject,
            "payload": hashlib.sha256(self.payload).hexdigest(),
            "rows": hashlib.sha256(self.rows).hexdigest(),
            "previous": self.previous,
        }
        return hashlib.sha256(canonical(content)).hexdigest()


@dataclass(frozen=True, slots=True)
class ChainFinding:
    """What a walk along a chain found: the head reached, and the first entry that is wrong."""

    head: Head
    broken_at: int | None
    pins: Mapping[int, str]


def digest(row: Row) -> str:
    """Return the hash by which an event tells a row: over all it shows but ``unhashed``.

    What is empty does not count, so that a column added later, empty in old rows, changes nothing.
    """
    told = {each.name: getattr(row, each.name) for each in fields(row)}
    content = {
        name: value
        for name, value in told.items()
        if value is not None and name not in row.unhashed
    }
    return hashlib.sha256(canonical(content)).hexdigest()


def walk(entries: Iterable[tuple[Link, str]], wanted: Iterable[int] = ()) -> ChainFinding:
    """Follow a chain from its start, each entry with the hash it carries, in order of ``seq``.

    Parameters
    ----------
    entries : iterable of (Link, str)
        The log; read once, nothing is kept.
    wanted : iterable of int
        Numbers of entries whose hashes the caller wants to compare.

    Returns
    -------
    ChainFinding
        ``broken_at`` is ``None`` if every entry follows from the one before.
    """
    head, asked = Head(0, START), frozenset(wanted)
    pins: dict[int, str] = {}
    for link, carried in entries:
        follows = link.seq == head.seq + 1 and link.previous == head.hash
        if not follows or link.hash() != carried:
            return ChainFinding(head, head.seq + 1, pins)
        head = Head(link.seq, carried)
        if link.seq in asked:
            pins[link.seq] = carried
    return ChainFinding(head, None, pins)


def links(rows: Iterable[Any]) -> Iterator[tuple[Link, str]]:
    """Turn rows of the columns ``COLUMNS``, JSON as text, into links and the hashes they carry."""
    for seq, at, actor, kind, subject, payload, told, previous, carried in rows:
        texts = payload.encode("utf-8"), told.encode("utf-8")
        yield Link(seq, at, actor, kind, subject, *texts, previous), carried
