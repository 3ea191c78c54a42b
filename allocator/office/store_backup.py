"""A store in one file, the same for both databases: backup, and restore into an empty one.

A zip archive: ``tables/NAME.jsonl`` with a canonical JSON object per row in order of its key,
``blobs/HASH`` with exact bytes, and ``manifest.json`` with the schema, the log's head and the
SHA-256 of every table. The same content gives the same bytes. It holds personal data.
"""

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Column, Connection, LargeBinary, MetaData, Table, Text, insert, select

from allocator.errors import AllocatorError, problem
from allocator.office.store import Store, open_engine, system_clock
from allocator.office.store_chain import COLUMNS, Head, links, walk
from allocator.office.store_check import AT_ONCE, StoreReport, report_on
from allocator.office.store_errors import translated
from allocator.office.store_guards import drop_guards, put_guards
from allocator.office.store_migrate import (
    NEWEST,
    REVISIONS,
    begin_unchecked,
    migrate,
    revision_of,
)
from allocator.office.store_read import Reader, table_of
from allocator.office.store_rows import ROWS
from allocator.office.store_schema import BLOB, CanonicalJson
from allocator.office.store_unit import Clock, Event
from allocator.office.store_vault import Unit, name_of_bytes
from allocator.record.canonical import canonical

FORMAT = "allocator-office-backup-1"


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds: its schema, the log's head, how many rows and files."""

    schema: str
    head: Head
    rows: int
    blobs: int


@dataclass(frozen=True, slots=True)
class _Raw:
    """A table as it lies in the database: JSON as its text, so that no byte of it changes."""

    name: str
    table: Table
    key: str

    @property
    def columns(self) -> tuple[Column[Any], ...]:
        """Every column but exact bytes, which are files of their own."""
        return tuple(each for each in self.table.c if not isinstance(each.type, LargeBinary))


def _raw_tables() -> tuple[_Raw, ...]:
    metadata = MetaData()
    found = []
    for kind in ROWS:
        columns: list[Column[Any]] = [
            Column(each.name, Text if isinstance(each.type, CanonicalJson) else each.type)
            for each in table_of(kind).c
        ]
        found.append(_Raw(kind.table, Table(kind.table, metadata, *columns), kind.key))
    return tuple(found)


def backup(store: Store, path: Path) -> Backup:
    """Write a backup while others go on working, and read it again before it counts.

    Parameters
    ----------
    store : Store
        An open store.
    path : Path
        The file to write; it must not exist. Only its owner may read it.

    Returns
    -------
    Backup
        What was written, as read again.

    Raises
    ------
    AllocatorError
        ``store-backup-exists``, ``store-backup-write``; nothing is left of it then.
    """
    if path.exists():
        raise AllocatorError(problem("store-backup-exists", file=path.name))
    aside = path.with_name(path.name + ".part")
    try:
        with _writing(path.name):
            # A file left there may be open to others, or lead elsewhere: never written into.
            aside.unlink(missing_ok=True)
            with os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w+b") as to:
                with store.reading() as reader, zipfile.ZipFile(to, "w") as archive:
                    _write(reader, archive)
                to.flush()
                os.fsync(to.fileno())
            read = inspect_backup(aside)
            os.replace(aside, path)
            _sync_folder(path.parent)
        return read
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def inspect_backup(path: Path) -> Backup:
    """Read a whole backup and check every hash in it, and the chain of its log.

    Raises
    ------
    AllocatorError
        ``store-backup-damaged``; ``store-newer`` if a newer program wrote it.
    """
    with _opened(path) as archive:
        manifest = _manifest(archive, path)
        rows = sum(_check_table(archive, name, told) for name, told in manifest["tables"].items())
        head = Head(**manifest["head"])
        found = walk(links(_entries(archive)))
        blobs = _check_blobs(archive)
        if found.broken_at is not None or found.head != head or blobs != manifest["blobs"]:
            raise zipfile.BadZipFile
        return Backup(manifest["schema"], head, rows, blobs)


def restore(
    path: Path,
    url: str | Path | None = None,
    *,
    actor: str,
    clock: Clock = system_clock,
    wait: float = 30.0,
) -> StoreReport:
    """Fill an empty database from a backup of either kind, of this schema or an older one.

    Parameters
    ----------
    path : Path
        The backup.
    url : str or Path, optional
        Where to, as for ``open_store``: a file that does not exist, or an empty database.
    actor : str
        The login of who asked for it; an event of the restored log tells it.
    clock : Callable
        Gives the time that is written.
    wait : float
        Seconds to wait for others who write.

    Returns
    -------
    StoreReport
        The check of the restored store; had it failed, nothing would have been kept.

    Raises
    ------
    AllocatorError
        ``store-backup-damaged``, ``store-not-empty``, ``store-restore`` and what ``open_store``
        raises.
    """
    content = inspect_backup(path)
    with open_engine(url, wait, make=True) as (engine, name), translated(name):
        with begin_unchecked(engine) as connection:
            if revision_of(connection) is not None:
                raise AllocatorError(problem("store-not-empty", store=name))
            migrate(connection, content.schema)
            drop_guards(connection)
            with _opened(path) as archive:
                _load(connection, archive)
            if content.schema == NEWEST:
                put_guards(connection)
            else:
                migrate(connection, NEWEST)
            told = {"seq": content.head.seq, "hash": content.head.hash, "schema": content.schema}
            Unit(connection, clock).append(Event("store-restored", actor, "store", told))
            report = report_on(connection)
            if not report.passed:
                raise AllocatorError(problem("store-restore", store=name))
        return report


def _write(reader: Reader, archive: zipfile.ZipFile) -> None:
    tables: dict[str, dict[str, int | str]] = {}
    for raw in _raw_tables():
        with _entry(archive, f"tables/{raw.name}.jsonl") as to:
            tables[raw.name] = _write_table(reader.connection, raw, to)
    names = reader.connection.execute(
        select(BLOB.c.sha256).where(BLOB.c.erased_at.is_(None)).order_by(BLOB.c.sha256)
    )
    blobs = names.scalars().all()
    for name in blobs:
        with _entry(archive, f"blobs/{name}") as to:
            to.write(reader.blob(name) or b"")
    manifest = {
        "format": FORMAT,
        "schema": NEWEST,
        "head": reader.head(),
        "tables": tables,
        "blobs": len(blobs),
    }
    with _entry(archive, "manifest.json") as to:
        to.write(canonical(manifest))


def _write_table(connection: Connection, raw: _Raw, to: IO[bytes]) -> dict[str, int | str]:
    rows, hasher = 0, hashlib.sha256()
    query = select(*raw.columns).order_by(raw.table.c[raw.key])
    for row in connection.execute(query, execution_options={"yield_per": AT_ONCE}):
        line = canonical(dict(row._mapping)) + b"\n"
        to.write(line)
        hasher.update(line)
        rows += 1
    return {"rows": rows, "sha256": hasher.hexdigest()}


def _load(connection: Connection, archive: zipfile.ZipFile) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")
    for raw in _raw_tables():
        lines = (json.loads(line) for line in _lines(archive, raw.name))
        for some in batched(_whole(archive, raw.name, lines), AT_ONCE if raw.name != "blob" else 1):
            connection.execute(insert(raw.table), list(some))
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")


def _whole(
    archive: zipfile.ZipFile, name: str, rows: Iterator[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Give rows of blobs their bytes again."""
    for row in rows:
        if name == "blob":
            erased = row["erased_at"] is not None
            row["bytes"] = None if erased else archive.read(f"blobs/{row['sha256']}")
        yield row


def _manifest(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(archive.read("manifest.json"))
    if manifest["format"] != FORMAT or manifest["schema"] not in REVISIONS:
        found = str(manifest["schema"])[:20]
        raise AllocatorError(problem("store-newer", found=found, known=NEWEST))
    return manifest


def _check_table(archive: zipfile.ZipFile, name: str, told: dict[str, Any]) -> int:
    rows, hasher = 0, hashlib.sha256()
    for line in _lines(archive, name):
        hasher.update(line)
        rows += 1
    if rows != told["rows"] or hasher.hexdigest() != told["sha256"]:
        raise zipfile.BadZipFile
    return rows


def _check_blobs(archive: zipfile.ZipFile) -> int:
    count = 0
    for line in _lines(archive, "blob"):
        row = json.loads(line)
        if row["erased_at"] is None:
            count += 1
            data = archive.read(f"blobs/{row['sha256']}")
            if name_of_bytes(row["salt"], data) != row["sha256"]:
                raise zipfile.BadZipFile
    return count


def _entries(archive: zipfile.ZipFile) -> Iterator[tuple[Any, ...]]:
    for line in _lines(archive, "event"):
        row = json.loads(line)
        yield tuple(row[each] for each in COLUMNS)


def _lines(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(f"tables/{name}.jsonl") as lines:
        yield from lines


@contextmanager
def _entry(archive: zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
    """Open an entry whose bytes depend on nothing but its content."""
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    with archive.open(info, "w", force_zip64=True) as to:
        yield to


_DAMAGE = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError)
"""What the library says of archives that are damaged, encrypted or packed in another way."""


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a backup; whatever is wrong with it becomes one refusal."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except FileNotFoundError:
        raise AllocatorError(problem("store-backup-missing", file=path.name)) from None
    except (*_DAMAGE, OSError, KeyError, TypeError, ValueError, EOFError):
        raise AllocatorError(problem("store-backup-damaged", file=path.name)) from None


@contextmanager
def _writing(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise AllocatorError(problem("store-backup-write", file=name, why=why)) from None


def _sync_folder(folder: Path) -> None:
    """Have the new name itself on disk, where a system lets a folder be synced."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
