"""Erasing a person: what is about them goes, the log, the counts and the hashes stay verifiable.

Exact bytes that hold the person are erased, and a copy without the person takes their place; the
hash that the log has of them stays. Texts of the vault about the person are emptied.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from secrets import token_hex

from allocator.errors import AllocatorError, problem
from allocator.intake.folding import plain
from allocator.intake.prior_awards import OFFICE_AWARDS
from allocator.office.desk_awards import forget_what_was_read
from allocator.office.desk_base import Base, command
from allocator.office.desk_files import newest_copy
from allocator.office.desk_rounds import demand_reason
from allocator.office.desk_show import PROBLEMS_KEPT
from allocator.office.redaction import redacted_record, redacted_table, withheld
from allocator.office.roles import Command
from allocator.office.settings import RETENTION, setting
from allocator.office.sought import Sought, is_in_file, persons_in
from allocator.office.states import State
from allocator.office.store import Reader, Unit, subject_of
from allocator.office.store_rows import (
    PersonalRow,
    PublicationRow,
    RoundRow,
    RunRow,
    SnapshotRow,
)
from allocator.record.revive import loaded_of

RECORD = "record.zip"


class Erasing(Base):
    """The command that erases."""

    @command(Command.ERASE)
    def erase(self, person_id: str, reason: str) -> dict[str, int]:
        """Erase the personal data of a person, once every round they are in is long over.

        A round is over when it was closed, or when nothing more happened in it. One that knows of
        the person only what the office awarded them in another round does not count.

        Parameters
        ----------
        person_id : str
            As in the applications.
        reason : str
            Why, such as the request and its date. It stays: it must not name the person.

        Returns
        -------
        dict
            How many ``texts`` and ``files`` were erased; ``uncleared`` is 1 if the database must
            still keep its own copies for somebody who is reading, and 0 if not.

        Raises
        ------
        AllocatorError
            ``office-retention`` before the retention date, ``office-no-person``.
        """
        demand_reason(reason)
        with self.change(Command.ERASE) as unit:
            today = date.fromisoformat(unit.now[:10])
            person_id = plain(person_id)
            files = {each.blob: each for each in _files_about(unit, person_id)}
            person = unit.find_person(person_id)
            if not files and person is None:
                raise AllocatorError(problem("office-no-person"))
            for round_id in sorted({each.round for each in files.values() if each.own}):
                _demand_retained(unit, round_id, today)
            token = f"erased-{token_hex(6)}"
            others = tuple(_other_texts(unit, person_id, files.values()))
            replaced = {blob: _replace(unit, each, token) for blob, each in files.items()}
            texts = unit.erase(*([person] if person else ()), *others)
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
        uncleared = int(self.store.uncleared)
        return {"texts": len(texts), "files": len(replaced), "uncleared": uncleared}


@dataclass(frozen=True, slots=True)
class _About:
    """Exact bytes that hold a person, whom to look for in them, and the round they belong to.

    ``own`` unless the round knows of the person from the office's awards of other rounds alone.
    """

    round: str
    blob: str
    name: str
    sought: Sought
    own: bool = True


def _files_about(reader: Reader, person: str) -> Iterator[_About]:
    """Yield every file and record that a person is in, or may be in."""
    records = [(row.round, row.record) for row in reader.find(RunRow)]
    records += [(row.round, row.record) for row in reader.find(PublicationRow)]
    for round_row in reader.find(RoundRow):
        files = list(_files_of(reader, round_row.id))
        sought = _sought(files, person)
        for blob, name, content in files:
            if is_in_file(content, name, sought):
                yield _About(round_row.id, blob, name, sought)
        for round_id, record in records:
            if record is not None and round_id == round_row.id:
                newest = newest_copy(reader, record)
                whole = reader.blob(newest)
                holding = [] if whole is None else _holding(whole, person)
                if holding:
                    own = holding != [OFFICE_AWARDS]
                    yield _About(round_id, newest, RECORD, sought, own)


def _files_of(reader: Reader, round_id: str) -> Iterator[tuple[str, str, bytes]]:
    """Yield the newest copy of every file a round ever had: its hash, name and bytes."""
    for snapshot in reader.find(SnapshotRow, round=round_id):
        for each in snapshot.files:
            blob = newest_copy(reader, each["blob"])
            content = reader.blob(blob)
            if content is not None and content != withheld():
                yield blob, each["name"], content


def _sought(files: Iterable[tuple[str, str, bytes]], person: str) -> Sought:
    """Return by what to look for a person in a round: what its readable files say of them."""
    tables = [table for _, name, content in files if (table := persons_in(content, name))]
    names = frozenset[str]().union(*(each.names_of(person) for each in tables))
    return Sought(person, names, any(each.rows_of(Sought(person)) for each in tables))


def _holding(record: bytes, person: str) -> list[str]:
    """Return what of a record's inputs has a person: files by name, and what was read of them."""
    loaded = loaded_of(record)
    read = any(each.person_id == person for each in loaded.applications)
    files = [name for name, _, data in loaded.files if is_in_file(data, name, Sought(person))]
    return [*files, *(["applications"] if read else [])]


def _other_texts(reader: Reader, person: str, files: Iterable[_About]) -> Iterator[str]:
    """Yield tokens of texts that are not kept under the person and still may be about them.

    Those are corrections of cells of their applications, and what failed runs of their rounds said.
    """
    found = list(files)
    own = _applications_of(reader, person, found)
    for round_id in sorted({each.round for each in found}):
        for row in reader.find(RunRow, round=round_id):
            if kept := (row.summary or {}).get(PROBLEMS_KEPT):
                yield kept
        for event in reader.events(subject=subject_of(RoundRow, round_id)):
            if event.kind == "fixed" and (round_id, event.payload["application"]) in own:
                for key in ("before", "after", "reason"):
                    for text in reader.find(PersonalRow, commitment=event.payload[key]):
                        yield text.id


def _applications_of(
    reader: Reader, person: str, files: Iterable[_About]
) -> frozenset[tuple[str, str]]:
    """Return a person's application ids, each with its round."""
    found: set[tuple[str, str]] = set()
    for each in files:
        content = reader.blob(each.blob) or b""
        if each.name == RECORD:
            mine = {
                a.application_id for a in loaded_of(content).applications if a.person_id == person
            }
        else:
            persons = persons_in(content, each.name)
            mine = set() if persons is None else set(persons.applications_of(each.sought))
        found |= {(each.round, application) for application in mine}
    return frozenset(found)


def _replace(unit: Unit, about: _About, token: str) -> str:
    """Put a copy without the person in the place of exact bytes; return its hash."""
    content = unit.blob(about.blob)
    assert content is not None
    if about.name == RECORD:
        copy, kind = redacted_record(content, about.sought.person, token), "record"
    else:
        copy, kind = redacted_table(content, about.name, about.sought, token), "import"
    new = unit.put_blob(copy, kind, personal=True)
    unit.erase_blob(about.blob, replaced_by=new)
    return new


def _demand_retained(unit: Unit, round_id: str, today: date) -> None:
    """Refuse to erase while a round's retention lasts.

    That is for years, from the day it was closed; where it was not, from the last day on which
    anything happened in it: a round that came to nothing is never closed.
    """
    row = unit.get(RoundRow, round_id)
    events = list(unit.events(subject=subject_of(RoundRow, round_id)))
    closed = [each for each in events if each.kind == "closed"]
    over = row is not None and row.state == State.CLOSED.value and bool(closed)
    day = date.fromisoformat((closed if over else events)[-1].at[:10])
    year = day.year + int(setting(unit, RETENTION))
    until = date(year, day.month, min(day.day, monthrange(year, day.month)[1])).isoformat()
    if today.isoformat() >= until:
        return
    if not over:
        raise AllocatorError(problem("office-retention-open", value=round_id, until=until))
    raise AllocatorError(problem("office-retention", until=until))
