"""Reading the store: rows as dataclasses, exact bytes, texts of the vault, the log and its head."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Select, Table, desc, select

from allocator.office.store_chain import START, Head
from allocator.office.store_rows import EventRow, PersonalRow, Row
from allocator.office.store_schema import BLOB, EVENT, METADATA, PERSONAL, PROGRESS


def subject_of(kind: type[Row], key: str | int) -> str:
    """Return how the log names a row: ``round:sg13-2026``, ``run:12``."""
    return f"{kind.table}:{key}"


class Reader:
    """One consistent view of the store, inside ``with store.reading() as reader``."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        """For the store's own modules alone."""

    def get[R: Row](self, kind: type[R], key: str | int) -> R | None:
        """Return the row with a key, ``None`` if there is none.

        Parameters
        ----------
        kind : type of Row
            The table, by its row class: ``reader.get(RoundRow, "sg13-2026")``.
        key : str or int
            The value of its key column.
        """
        found = self._rows(kind, _all(kind).where(table_of(kind).c[kind.key] == key))
        return found[0] if found else None

    def find[R: Row](
        self, kind: type[R], /, *, order: Sequence[str] = (), limit: int | None = None, **equal: Any
    ) -> tuple[R, ...]:
        """Return the rows whose columns equal the given values.

        Parameters
        ----------
        kind : type of Row
            The table, by its row class.
        order : sequence of str
            Columns to sort by, ``-`` before one to begin with the largest; by key if empty.
        limit : int, optional
            The most rows wanted.
        **equal : Any
            A column and the value it must have; ``None`` for a column that is empty, a tuple or
            list for any of its values.
        """
        table = table_of(kind)
        query = _all(kind)
        for name, value in equal.items():
            column = table.c[name]
            some = isinstance(value, list | tuple)
            query = query.where(column.in_(value) if some else column == value)
        for name in (*order, kind.key):
            column = table.c[name.removeprefix("-")]
            query = query.order_by(desc(column) if name.startswith("-") else column)
        return self._rows(kind, query.limit(limit))

    def head(self) -> Head:
        """Return the last entry of the log, which a published record pins."""
        query = select(EVENT.c.seq, EVENT.c.hash).order_by(desc(EVENT.c.seq)).limit(1)
        row = self.connection.execute(query).first()
        return Head(row.seq, row.hash) if row else Head(0, START)

    def events(
        self, *, subject: str | None = None, since: int = 0, limit: int | None = None
    ) -> tuple[EventRow, ...]:
        """Return entries of the log in order, of one subject or all, after the entry ``since``.

        Parameters
        ----------
        subject : str, optional
            As ``subject_of`` writes it, or ``"round:R1*"`` for every subject that begins so.
        since : int
            The number of the last entry already known.
        limit : int, optional
            The most entries wanted: the newest of them.
        """
        query = _all(EventRow).where(EVENT.c.seq > since).order_by(desc(EVENT.c.seq)).limit(limit)
        if subject is not None and subject.endswith("*"):
            query = query.where(EVENT.c.subject.startswith(subject[:-1], autoescape=True))
        elif subject is not None:
            query = query.where(EVENT.c.subject == subject)
        return self._rows(EventRow, query)[::-1]

    def blob(self, sha256: str) -> bytes | None:
        """Return the exact bytes kept under a hash; ``None`` if never kept, or erased."""
        query = select(BLOB.c.bytes).where(BLOB.c.sha256 == sha256)
        found: bytes | None = self.connection.execute(query).scalar()
        return found

    def replacements(self) -> dict[str, str]:
        """Return the hashes of all bytes that others took the place of, each with theirs."""
        replaced = BLOB.c.replaced_by.is_not(None)
        query = select(BLOB.c.sha256, BLOB.c.replaced_by).where(replaced)
        return {row.sha256: row.replaced_by for row in self.connection.execute(query)}

    def kept(self, token: str | None) -> str | None:
        """Return a text of the vault, ``None`` if the token has none (any more)."""
        query = select(PERSONAL.c.content).where(PERSONAL.c.id == token)
        found: str | None = self.connection.execute(query).scalar()
        return found

    def find_person(self, person_id: str) -> str | None:
        """Return the token of a person, ``None`` if the person is not known (any more)."""
        known = (PERSONAL.c.kind == "person") & (PERSONAL.c.content == person_id)
        found: str | None = self.connection.execute(select(PERSONAL.c.id).where(known)).scalar()
        return found

    def due(self, on: str) -> tuple[PersonalRow, ...]:
        """Return the items of the vault whose retention date is before the ISO date ``on``."""
        late = (PERSONAL.c.retention_until < on) & PERSONAL.c.erased_at.is_(None)
        query = _all(PersonalRow).where(late).order_by(PERSONAL.c.id)
        return self._rows(PersonalRow, query)

    def progress(self, run: int) -> Any:
        """Return how a run said last that it stands, ``None`` if it did not say."""
        query = select(PROGRESS.c.content).where(PROGRESS.c.run == run)
        return self.connection.execute(query).scalar()

    def _rows[R: Row](self, kind: type[R], query: Select[Any]) -> tuple[R, ...]:
        return tuple(kind(**row._mapping) for row in self.connection.execute(query))


def table_of(kind: type[Row]) -> Table:
    """Return the table of a row class."""
    return METADATA.tables[kind.table]


def _all(kind: type[Row]) -> Select[Any]:
    return select(*(table_of(kind).c[name] for name in columns_of(kind)))


def columns_of(kind: type[Row]) -> tuple[str, ...]:
    """Return the columns a row class shows: never contents, salts or bytes."""
    return tuple(each.name for each in fields(kind))
