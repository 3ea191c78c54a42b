"""The dated reference tables of ``allocator/data``: CSV files become rows and fingerprints.

Every row says from when (``valid_from``) and until when (``valid_until``, the first day on which it
no longer holds) it is true, where it comes from (``source``) and when that was checked
(``checked_on``). A blank date is open. ``allocator/data/README.md`` documents each table.
"""

import csv
import hashlib
import io
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

type Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A reference table as shipped, so that a record can say which one was used.

    ``sha256`` is of the file's bytes, ``as_of`` the latest day on which a row was checked,
    ``source`` every source its rows name.
    """

    name: str
    sha256: str
    as_of: date
    rows: int
    source: str


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``start`` (included) until ``end`` (excluded); ``None`` is open."""

    start: date | None
    end: date | None

    def holds(self, on: date) -> bool:
        """Tell whether the day lies in the period."""
        return (self.start is None or self.start <= on) and (self.end is None or on < self.end)


def period(row: Row) -> Period:
    """Return the period of a row."""
    return Period(_day(row["valid_from"]), _day(row["valid_until"]))


def _day(written: str) -> date | None:
    return date.fromisoformat(written) if written else None


def _bytes(name: str) -> bytes:
    return (resources.files("allocator") / "data" / f"{name}.csv").read_bytes()


@cache
def read(name: str) -> tuple[Row, ...]:
    """Return the rows of a table in file order, every value as text."""
    text = _bytes(name).decode("utf-8")
    return tuple(csv.DictReader(io.StringIO(text, newline="")))


@cache
def tables() -> tuple[Table, ...]:
    """Return every reference table, sorted by name."""
    files = (entry.name for entry in (resources.files("allocator") / "data").iterdir())
    return tuple(_table(file[:-4]) for file in sorted(files) if file.endswith(".csv"))


def _table(name: str) -> Table:
    rows = read(name)
    return Table(
        name=name,
        sha256=hashlib.sha256(_bytes(name)).hexdigest(),
        as_of=date.fromisoformat(max(row["checked_on"] for row in rows)),
        rows=len(rows),
        source="; ".join(sorted({row["source"] for row in rows})),
    )
