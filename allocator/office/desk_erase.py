"""Erasing a person: what is about them goes, the log, the counts and the hashes stay verifiable.

Exact bytes that hold the person are erased, and a copy without the person takes their place; the
hash that the log has of them stays. Texts of the vault about the person are emptied.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from secrets import token_hex

from allocator.errors import AllocatorError, problem
from allocator.intake.columns import APPLICATIONS, PRIOR_AWARDS
from allocator.intake.reading import open_table
from allocator.intake.tables import read_table
from allocator.office.desk_base import Base, command
from allocator.office.desk_files import newest_copy
from allocator.office.desk_inputs import RETENTION, forget_what_was_read, setting
from allocator.office.desk_rounds import demand_reason
from allocator.office.redaction import redacted_record, redacted_table
from allocator.office.roles import Command
from allocator.office.states import State
from allocator.office.store import Reader, Unit, subject_of
from allocator.office.store_rows import (
    PublicationRow,
    RoundRow,
    RunRow,
    SnapshotRow,
)
from allocator.record.revive import loaded_of


class Erasing(Base):
    """The command that erases."""

    @command(Command.ERASE)
    def erase(self, person_id: str, reason: str) -> dict[str, int]:
        """Erase the personal data of a person, once every round they are in is long closed.

        Parameters
        ----------
        person_id : str
            As in the applications.
        reason : str
            Why, such as the request and its date. It stays: it must not name the person.

        Returns
        -------
        dict
            How many ``texts`` and ``files`` were erased.

        Raises
        ------
        AllocatorError
            ``office-retention`` before the retention date, ``office-no-person``.
        """
        demand_reason(reason)
        with self.change(Command.ERASE) as unit:
            today = date.fromisoformat(unit.now[:10])
            files = {each.blob: each for each in _files_about(unit, person_id)}
            person = unit.find_person(person_id)
            if not files and person is None:
                raise AllocatorError(problem("office-no-person"))
            for round_id in sorted({each.round for each in files.values()}):
                _demand_retained(unit, round_id, today)
            token = f"erased-{token_hex(6)}"
            replaced = {
                blob: _replace(unit, each, person_id, token) for blob, each in files.items()
            }
            texts = unit.erase(person) if person else ()
            kept = unit.keep("reason", reason.strip())
            self.tell(
                unit,
                "erased",
                "store",
                items=len(texts),
                blobs=len(replaced),
                texts=[each.commitment for each in texts],
                files=replaced,
                reason=kept.commitment,
            )
        forget_what_was_read()
        return {"texts": len(texts), "files": len(replaced)}


@dataclass(frozen=True, slots=True)
class _About:
    """Exact bytes that hold a person, and the round they belong to."""

    round: str
    blob: str
    name: str


def _files_about(reader: Reader, person: str) -> Iterator[_About]:
    """Yield every file and record that a person is in."""
    for snapshot in reader.find(SnapshotRow):
        for each in snapshot.files:
            blob = newest_copy(reader, each["blob"])
            content = reader.blob(blob)
            if content is not None and _is_in_table(content, each["name"], person):
                yield _About(snapshot.round, blob, each["name"])
    records = [(row.round, row.record) for row in reader.find(RunRow)]
    records += [(row.round, row.record) for row in reader.find(PublicationRow)]
    for round_id, record in records:
        if record is not None:
            newest = newest_copy(reader, record)
            content = reader.blob(newest)
            if content is not None and _is_in_record(content, person):
                yield _About(round_id, newest, "record.zip")


def _is_in_table(content: bytes, name: str, person: str) -> bool:
    for stem, vocabulary in (("applications", APPLICATIONS), ("prior_awards", PRIOR_AWARDS)):
        if name.startswith(stem):
            try:
                table = read_table(content, name, vocabulary)
            except AllocatorError:
                return person.encode() in content
            who = open_table(table, vocabulary).known.get("person_id")
            return who is not None and any(row.cells[who] == person for row in table.rows)
    return False


def _is_in_record(content: bytes, person: str) -> bool:
    loaded = loaded_of(content)
    applicants = any(each.person_id == person for each in loaded.applications)
    return applicants or any(each.person_id == person for each in loaded.prior_awards)


def _replace(unit: Unit, about: _About, person: str, token: str) -> str:
    """Put a copy without the person in the place of exact bytes; return its hash."""
    content = unit.blob(about.blob)
    assert content is not None
    if about.name == "record.zip":
        copy, kind = redacted_record(content, person, token), "record"
    else:
        copy, kind = redacted_table(content, about.name, person, token), "import"
    new = unit.put_blob(copy, kind, personal=True)
    unit.erase_blob(about.blob, replaced_by=new)
    return new


def _demand_retained(unit: Unit, round_id: str, today: date) -> None:
    """Refuse to erase while a round's retention lasts: years, from the day it was closed."""
    row = unit.get(RoundRow, round_id)
    closed = [
        each
        for each in unit.events(subject=subject_of(RoundRow, round_id))
        if each.kind == "closed"
    ]
    if row is None or row.state != State.CLOSED.value or not closed:
        raise AllocatorError(problem("office-retention-open", value=round_id))
    day = date.fromisoformat(closed[-1].at[:10])
    year = day.year + int(setting(unit, RETENTION))
    until = date(year, day.month, min(day.day, 28))
    if today < until:
        raise AllocatorError(problem("office-retention", until=until.isoformat()))
