"""Looks at a whole store and says, line by line, whether it is what it claims to be.

Everything is read once, in order and in small portions, from one consistent view.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    Connection,
    Executable,
    Integer,
    cast,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError

from allocator.office.states import TRANSITIONS
from allocator.office.store import Store
from allocator.office.store_chain import COLUMNS, ChainFinding, Link, digest, links, walk
from allocator.office.store_errors import code_of
from allocator.office.store_guards import guards, missing_guards
from allocator.office.store_migrate import NEWEST, revision_of
from allocator.office.store_read import columns_of, subject_of, table_of
from allocator.office.store_rows import ROWS, EventRow, Row
from allocator.office.store_schema import BLOB, METADATA, PERSONAL
from allocator.office.store_vault import commit, name_of_bytes
from allocator.texts import say

AT_ONCE = 500
"""So many rows are in memory at a time."""
FILES_AT_ONCE = 4
"""So many files are."""
NAMED = 5
"""So many findings of one check are named; the rest are counted."""


class Pin(NamedTuple):
    """What a published record says of the log: its number, its manifest's SHA-256, the head."""

    number: int
    manifest: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """One check: its name, whether it passed, the figure it rests on, what to do if it failed."""

    id: str
    name: str
    passed: bool
    figure: str
    do: str

    def as_json(self) -> dict[str, str | bool]:
        """Return the machine-readable form."""
        return {
            "id": self.id,
            "name": self.name,
            "passed": self.passed,
            "figure": self.figure,
            "do": self.do,
        }


@dataclass(frozen=True, slots=True)
class StoreReport:
    """Every check of a store, in order."""

    checks: tuple[StoreCheck, ...]

    @property
    def passed(self) -> bool:
        """Whether all of them passed."""
        return all(each.passed for each in self.checks)


def check_store(store: Store, *, pinned: Sequence[tuple[int, str, int, str]] = ()) -> StoreReport:
    """Check a store: its tables, guards, log, rows, files, vault, sign-offs and publications.

    Parameters
    ----------
    store : Store
        An open store; others may go on working with it.
    pinned : sequence of Pin
        Publication number, manifest digest, number and hash of the log's head, out of published
        records kept elsewhere: a store that was set back to before one of them does not hold it.

    Returns
    -------
    StoreReport
        One line per check; a line for each pinned record.
    """
    with store.reading() as reader:
        return report_on(reader.connection, tuple(Pin(*each) for each in pinned))


def report_on(connection: Connection, pinned: tuple[Pin, ...] = ()) -> StoreReport:
    """Check what a connection sees: also what it has not committed yet."""
    return StoreReport(tuple(_Checks(connection, pinned).all()))


class _Failed(Exception):
    """A check does not hold; the arguments are what is wrong, each named as the log names it."""


class _Checks:
    """The checks of one view of a store, made in order: later ones rest on what the log told."""

    def __init__(self, connection: Connection, pinned: tuple[Pin, ...]) -> None:
        self._connection, self._pinned = connection, pinned
        self._told: dict[str, tuple[int, str]] = {}
        self._chain: ChainFinding | None = None

    def all(self) -> Iterator[StoreCheck]:
        """Yield every check's line."""
        yield self._line("schema", self._schema)
        if self._connection.dialect.name == "sqlite":
            yield self._line("file", self._file)
        for name, check in (
            ("guards", self._guards),
            ("links", self._links),
            ("chain", self._entries),
            ("rows", self._rows),
            ("blobs", self._blobs),
            ("vault", self._vault),
            ("four-eyes", self._four_eyes),
            ("publications", self._publications),
        ):
            yield self._line(name, check)
        for pin in self._pinned:
            if pin.number:
                yield self._line("record", partial(self._record, pin), number=pin.number)
            else:
                yield self._line("stranger", partial(self._record, pin), begins=pin.manifest[:8])

    def _line(
        self, name: str, check: Callable[[], dict[str, int | str]], **values: Any
    ) -> StoreCheck:
        title, passed, do = say(f"store.check.{name}.name", **values), True, ""
        try:
            with self._connection.begin_nested():
                figure = say(f"store.check.{name}.figure", **values, **check())
        except _Failed as wrong:
            passed, figure = False, _some(wrong.args)
        except DBAPIError as error:
            passed, figure = False, say("store.check.unreadable", code=code_of(error))
        except (TypeError, ValueError, AttributeError):
            # SQLite keeps any kind of value in any column, so an edit may leave what nobody writes.
            passed, figure = False, say("store.check.unreadable", code="store-damaged")
        if not passed:
            do = say(f"store.check.{name}.do")
        return StoreCheck(name, title, passed, figure, do)

    def _stream(self, query: Executable, at_once: int = AT_ONCE) -> Iterator[Any]:
        with self._connection.execute(query, execution_options={"yield_per": at_once}) as rows:
            yield from rows

    def _schema(self) -> dict[str, int | str]:
        found = revision_of(self._connection)
        wrong = [] if found == NEWEST else [say("store.check.schema.other", found=found)]
        inspector = inspect(self._connection)
        names = inspector.get_table_names()
        for table in METADATA.tables.values():
            columns = inspector.get_columns(table.name) if table.name in names else []
            there = {each["name"] for each in columns}
            wrong += [f"{table.name}.{each.name}" for each in table.c if each.name not in there]
        _fail_if(wrong)
        return {"schema": NEWEST, "tables": len(METADATA.tables)}

    def _file(self) -> dict[str, int | str]:
        said = self._connection.execute(text("PRAGMA integrity_check")).scalars().all()
        _fail_if([] if said == ["ok"] else list(said))
        return {"pages": self._connection.execute(text("PRAGMA page_count")).scalar_one()}

    def _guards(self) -> dict[str, int | str]:
        table = METADATA.tables["transition"]
        found = {(row.before, row.after) for row in self._stream(select(table))}
        steps = {(each.before.value, each.after.value) for each in TRANSITIONS}
        wrong = [f"transition:{before}-{after}" for before, after in sorted(found ^ steps)]
        _fail_if([*missing_guards(self._connection), *wrong])
        return {"count": len(guards(self._connection.dialect.name))}

    def _links(self) -> dict[str, int | str]:
        keys = [key for table in METADATA.tables.values() for key in table.foreign_keys]
        wrong = []
        for key in keys:
            table, column, other = key.parent.table.name, key.parent.name, key.column
            query = (
                f'SELECT count(*) FROM "{table}" t WHERE t."{column}" IS NOT NULL AND NOT EXISTS '
                f'(SELECT 1 FROM "{other.table.name}" o WHERE o."{other.name}" = t."{column}")'
            )
            lost = self._connection.exec_driver_sql(query).scalar_one()
            wrong += [f"{table}.{column}: {lost}"] if lost else []
        _fail_if(wrong)
        return {"count": len(keys)}

    def _entries(self) -> dict[str, int | str]:
        names = ", ".join(f'"{each}"' for each in COLUMNS)
        # The texts as they are: parsed and written again, an edit of their form would not show.
        query = text(f"SELECT {names} FROM event ORDER BY seq")
        self._chain = walk(
            self._telling(links(self._stream(query))), (each.seq for each in self._pinned)
        )
        if self._chain.broken_at is not None:
            raise _Failed(subject_of(EventRow, self._chain.broken_at))
        return {"count": self._chain.head.seq, "head": self._chain.head.hash[:16]}

    def _telling(self, entries: Iterable[tuple[Link, str]]) -> Iterator[tuple[Link, str]]:
        """Pass entries on, and remember which one told each row last, and how."""
        for link, carried in entries:
            for subject, told in json.loads(link.rows).items():
                self._told[subject] = (link.seq, told)
            yield link, carried

    def _rows(self) -> dict[str, int | str]:
        wrong, count = [], 0
        for kind in ROWS:
            if kind is not EventRow:
                for subject, row in self._all(kind):
                    count += 1
                    version = getattr(row, "version", 0)
                    if self._told.pop(subject, None) != (version, digest(row)):
                        wrong.append(subject)
                wrong += self._no_booleans(kind)
        _fail_if([*wrong, *self._told])
        return {"count": count}

    def _no_booleans(self, kind: type[Row]) -> Iterator[str]:
        """Yield rows in which SQLite keeps something for yes or no that reads as yes and is not."""
        table = table_of(kind)
        for column in table.c if self._connection.dialect.name == "sqlite" else ():
            if isinstance(column.type, Boolean):
                wrong = cast(column, Integer).not_in((0, 1)) | (func.typeof(column) != "integer")
                for row in self._stream(select(table.c[kind.key]).where(wrong)):
                    yield subject_of(kind, row[0])

    def _all(self, kind: type[Row]) -> Iterator[tuple[str, Row]]:
        table = table_of(kind)
        query = select(*(table.c[name] for name in columns_of(kind)))
        for row in self._stream(query.order_by(table.c[kind.key])):
            yield subject_of(kind, row._mapping[kind.key]), kind(**row._mapping)

    def _blobs(self) -> dict[str, int | str]:
        wrong, count, erased = [], 0, 0
        columns = (BLOB.c[each] for each in ("sha256", "salt", "size", "bytes", "erased_at"))
        for name, salt, size, data, gone in self._stream(select(*columns), FILES_AT_ONCE):
            count += 1
            erased += gone is not None
            if gone is not None:
                good = data is None and salt is None
            else:
                good = data is not None and name_of_bytes(salt, data) == name and len(data) == size
            wrong += [] if good else [f"blob:{name}"]
        _fail_if(wrong)
        return {"count": count, "erased": erased}

    def _vault(self) -> dict[str, int | str]:
        wrong, count, erased = [], 0, 0
        columns = (
            PERSONAL.c[each] for each in ("id", "content", "salt", "commitment", "erased_at")
        )
        for token, content, salt, commitment, gone in self._stream(select(*columns)):
            count += 1
            erased += gone is not None
            if gone is not None:
                good = content is None and salt is None
            else:
                good = None not in (content, salt) and commit(salt, content) == commitment
            wrong += [] if good else [f"personal:{token}"]
        _fail_if(wrong)
        return {"count": count, "erased": erased}

    def _four_eyes(self) -> dict[str, int | str]:
        approvals = self._connection.execute(text(_APPROVALS)).all()
        _fail_if([f"signoff:{number}" for number, good in approvals if not good])
        rounds = self._connection.execute(text(_UNAPPROVED)).scalars().all()
        _fail_if([f"round:{each}" for each in rounds])
        return {"count": len(approvals)}

    def _publications(self) -> dict[str, int | str]:
        rows = self._connection.execute(text(_PUBLICATIONS)).all()
        _fail_if([f"publication:{number}" for number, good in rows if not good])
        return {"count": len(rows)}

    def _record(self, pin: Pin) -> dict[str, int | str]:
        found = self._chain.pins.get(pin.seq) if self._chain else None
        if found is None:
            raise _Failed(say("store.check.record.shorter", seq=pin.seq))
        if found != pin.hash:
            raise _Failed(say("store.check.record.other", seq=pin.seq))
        table = METADATA.tables["publication"]
        same = (table.c.manifest == pin.manifest) & (table.c.number == pin.number)
        if not self._connection.execute(select(table.c.id).where(same)).first():
            raise _Failed(say("store.check.record.unknown"))
        return {"seq": pin.seq}


_APPROVALS = """
    SELECT a.id, CASE WHEN p.kind = 'proposed' AND p.account <> a.account AND p.run = a.run
                       AND p.round = a.round AND p.fingerprint = a.fingerprint
                       AND r."by" <> a.account
                  THEN 1 ELSE 0 END
    FROM signoff a LEFT JOIN signoff p ON p.id = a.proposal LEFT JOIN run r ON r.id = a.run
    WHERE a.kind = 'approved' ORDER BY a.id
"""
_UNAPPROVED = """
    SELECT r.id FROM round r WHERE
      (r.state = 'approved' AND NOT EXISTS (SELECT 1 FROM signoff s
        WHERE s.round = r.id AND s.run = r.current_run AND s.kind = 'approved'))
      OR (r.state IN ('published', 'closed') AND NOT EXISTS (SELECT 1 FROM signoff s
        WHERE s.round = r.id AND s.kind = 'approved'))
      OR (r.published_run IS NOT NULL AND NOT EXISTS (SELECT 1 FROM signoff s
        WHERE s.round = r.id AND s.run = r.published_run AND s.kind = 'approved'))
    ORDER BY r.id
"""
_PUBLICATIONS = """
    SELECT p.id, CASE WHEN e.hash = p.pinned_hash THEN 1 ELSE 0 END
    FROM publication p LEFT JOIN event e ON e.seq = p.pinned_seq ORDER BY p.id
"""


def _fail_if(wrong: Sequence[str]) -> None:
    if wrong:
        raise _Failed(*wrong)


def _some(findings: Sequence[str]) -> str:
    named = ", ".join(str(each) for each in findings[:NAMED])
    rest = len(findings) - NAMED
    return say("store.check.more", named=named, rest=rest) if rest > 0 else named
