"""Writing to the store: state changes and the events that tell them, in one transaction."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from allocator.errors import AllocatorError, problem
from allocator.office.store_chain import Head, Link, digest
from allocator.office.store_read import Reader, columns_of, subject_of, table_of
from allocator.office.store_rows import EventRow, Row, VersionedRow
from allocator.office.store_schema import EVENT, PROGRESS
from allocator.record.canonical import canonical

type Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Event:
    """What somebody did. Nothing here can be erased later: no names, person ids or free text.

    ``kind`` is what was done (``round-created``); ``actor`` the login of who did it, ``system``
    for the program itself; ``subject`` what it was done to, as ``subject_of`` writes it;
    ``payload`` plain JSON values (``record.canonical``), of kept texts only the commitments.
    """

    kind: str
    actor: str
    subject: str
    payload: Mapping[str, Any] = field(default_factory=dict)


class Stale(AllocatorError):
    """Somebody else changed the row meanwhile; nothing was overwritten.

    ``current`` is the row as it is now, ``events`` what happened to it since, oldest first.
    """

    def __init__(self, current: VersionedRow, events: tuple[EventRow, ...]) -> None:
        self.current, self.events = current, events
        names = ", ".join(dict.fromkeys(each.actor for each in events))
        last = events[-1].at[:16].replace("T", " ")
        kinds = ", ".join(dict.fromkeys(each.kind for each in events))
        super().__init__(problem("store-stale", names=names, kinds=kinds, at=last))


class WithoutEvent(RuntimeError):
    """A transaction changed rows after its last event: a defect of the caller; nothing is kept."""


def demand_storable(values: Mapping[str, Any]) -> None:
    """Refuse what only one of the two databases could keep.

    Raises
    ------
    AllocatorError
        ``store-unkept`` for a text with a NUL or half a character, or a number beyond 64 bits.
    """
    for value in values.values():
        if isinstance(value, str):
            good = "\0" not in value and not any("\ud800" <= each <= "\udfff" for each in value)
        else:
            good = not isinstance(value, int) or -(2**63) <= value < 2**63
        if not good:
            raise AllocatorError(problem("store-unkept"))


def stamp(moment: datetime) -> str:
    """Return a time as the store writes it: UTC, to the microsecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Writer(Reader):
    """One transaction that writes, inside ``with store.transaction() as unit``.

    Change rows first, then append the event that tells the changes; several of both are fine.
    It is all kept when the block ends, or, if it raises, nothing is.
    """

    def __init__(self, connection: Connection, clock: Clock) -> None:
        super().__init__(connection)
        self.now: str = stamp(clock())
        """The time of everything in this transaction."""
        self._head = self.head()
        self._touched: dict[tuple[type[Row], str | int], None] = {}
        self._erased = False

    @property
    def next_seq(self) -> int:
        """The number of the next event: the ``version`` of rows changed before it."""
        return self._head.seq + 1

    @property
    def erased(self) -> bool:
        """Whether anything was erased, so that the file itself must be cleared of it."""
        return self._erased

    def append(self, event: Event) -> EventRow:
        """Append an event to the log and return it with its number and hash.

        It tells every row changed since the event before: their hashes become part of it.
        """
        payload, rows = canonical(event.payload), canonical(self._told())
        link = Link(
            *(self.next_seq, self.now, event.actor, event.kind, event.subject),
            *(payload, rows, self._head.hash),
        )
        row = EventRow(
            seq=link.seq,
            at=link.at,
            actor=link.actor,
            kind=link.kind,
            subject=link.subject,
            payload=json.loads(payload),
            rows=json.loads(rows),
            previous=link.previous,
            hash=link.hash(),
        )
        values = {name: getattr(row, name) for name in columns_of(EventRow)}
        self.connection.execute(insert(EVENT).values(**values))
        self._head = Head(row.seq, row.hash)
        self._touched.clear()
        return row

    def insert[R: VersionedRow](self, kind: type[R], /, **values: Any) -> R:
        """Insert a row and return it.

        Parameters
        ----------
        kind : type of Row
            The table, by its row class: ``unit.insert(NoteRow, round="r", ...)``.
        **values : Any
            Its columns. A number as key is given by the store; ``at`` is now unless given;
            a column that may be empty may be left out.

        Raises
        ------
        AllocatorError
            ``store-exists`` if a row with its key (or another unique value) exists, and the
            refusals of the database: ``store-transition``, ``store-four-eyes``, ``store-frozen``.
        """
        demand_storable(values)
        table = table_of(kind)
        key = table.c[kind.key]
        if kind.key not in values and key.type.python_type is int:
            values[kind.key] = self._next_number(kind)
        if "at" in table.c:
            values.setdefault("at", self.now)
        statement = insert(table).values(**values, version=self.next_seq)
        self._write(statement, kind, values[kind.key])
        return self._must_get(kind, values[kind.key])

    def update[R: VersionedRow](
        self, kind: type[R], row_key: str | int, version_seen: int, /, **values: Any
    ) -> R:
        """Change columns of a row that is still as it was seen, and return it as it is now.

        Parameters
        ----------
        kind : type of Row
            The table, by its row class.
        row_key : str or int
            The value of its key column.
        version_seen : int
            The ``version`` of the row on which the change was decided.
        **values : Any
            The columns to change.

        Raises
        ------
        Stale
            Somebody else changed the row since.
        AllocatorError
            ``store-missing`` if there is no such row, and the refusals of the database.
        """
        demand_storable(values)
        table = table_of(kind)
        same = (table.c[kind.key] == row_key) & (table.c.version == version_seen)
        statement = update(table).where(same).values(**values, version=self.next_seq)
        changed = self._write(statement, kind, row_key)
        current = self.get(kind, row_key)
        if current is None:
            raise AllocatorError(problem("store-missing", item=subject_of(kind, row_key)))
        if not changed:
            raise Stale(current, self._since(current, subject_of(kind, row_key), version_seen))
        return current

    def set_progress(self, run: int, content: Any) -> None:
        """Note how a run stands: not an event, and worth nothing once the run has ended."""
        values = {"content": content, "at": self.now}
        change = update(PROGRESS).where(PROGRESS.c.run == run).values(**values)
        if not self.connection.execute(change).rowcount:
            self.connection.execute(insert(PROGRESS).values(run=run, **values))

    def finish(self) -> None:
        """Refuse to keep changes that no event tells; called when the transaction ends."""
        if self._touched:
            raise WithoutEvent("rows were changed after the last event of this transaction")

    def _write(self, statement: Any, kind: type[Row], *keys: str | int) -> int:
        """Execute a change of rows, and remember that the next event must tell them."""
        changed = int(self.connection.execute(statement).rowcount)
        if changed:
            self._touched.update(dict.fromkeys((kind, key) for key in keys))
        return changed

    def _told(self) -> dict[str, str]:
        return {
            subject_of(kind, key): digest(self._must_get(kind, key)) for kind, key in self._touched
        }

    def _must_get[R: Row](self, kind: type[R], key: str | int) -> R:
        row = self.get(kind, key)
        if row is None:
            raise AllocatorError(problem("store-missing", item=subject_of(kind, key)))
        return row

    def _next_number(self, kind: type[Row]) -> int:
        """Return the next free key: nothing is deleted and one writes at a time, so it is new."""
        largest = select(func.coalesce(func.max(table_of(kind).c[kind.key]), 0))
        return int(self.connection.execute(largest).scalar_one()) + 1

    def _since(self, current: VersionedRow, subject: str, seen: int) -> tuple[EventRow, ...]:
        """Return the events on a subject after one seen; the row's last change is one of them."""
        later = self.events(subject=subject, since=seen)
        if any(each.seq == current.version for each in later):
            return later
        last = self.find(EventRow, seq=current.version)
        return tuple(sorted((*later, *last), key=lambda each: each.seq))
