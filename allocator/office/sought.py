"""Whom an erasure looks for, and where: the person's id and names, in files of whatever state.

Ids are compared as intake reads them, so that a full-width or doubly spaced one is found. A file
that cannot be read as a table, or in which no column of person ids is recognised, is searched as
text; one that cannot even be searched is taken to hold everybody of its round.
"""

import html
import io
import re
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from allocator.errors import AllocatorError
from allocator.intake.columns import APPLICATIONS, PRIOR_AWARDS, Vocabulary
from allocator.intake.folding import fold, plain
from allocator.intake.prior_awards import OFFICE_AWARDS
from allocator.intake.reading import open_table
from allocator.intake.tables import Table, read_table

MOST_UNPACKED = 500_000_000
"""Bytes of a workbook that are searched as text at most."""

_TAG = re.compile(r"<[^<>]*>")
_NAMES = ("family_name", "given_name")


@dataclass(frozen=True, slots=True)
class Sought:
    """A person: ``person`` is the id as intake reads it, ``names`` are folded.

    ``here`` if a readable file of the round at hand has the person.
    """

    person: str
    names: frozenset[str] = frozenset()
    here: bool = False

    def is_in(self, text: str) -> bool:
        """Tell whether a text has the id or one of the names, as words of their own."""
        padded = f" {fold(text)} "
        marks = (fold(self.person), *self.names)
        return any(f" {each} " in padded for each in marks if each)


@dataclass(frozen=True, slots=True)
class Persons:
    """A table with the place of its columns by name, that of the person ids among them."""

    table: Table
    known: dict[str, int]

    def rows_of(self, sought: Sought) -> frozenset[int]:
        """Return the places of a person's rows; one without any id is theirs if it names them."""
        who = self.known["person_id"]
        return frozenset(
            at
            for at, row in enumerate(self.table.rows)
            if plain(row.cells[who]) == sought.person
            or (not row.cells[who].strip() and sought.is_in(" ".join(row.cells)))
        )

    def names_of(self, person: str) -> frozenset[str]:
        """Return the folded names in the rows with a person's id."""
        who, places = self.known["person_id"], [self.known.get(each) for each in _NAMES]
        return frozenset(
            fold(row.cells[at])
            for row in self.table.rows
            if plain(row.cells[who]) == person
            for at in places
            if at is not None and fold(row.cells[at])
        )

    def applications_of(self, sought: Sought) -> frozenset[str]:
        """Return the application ids in a person's rows."""
        at = self.known.get("application_id")
        if at is None:
            return frozenset()
        return frozenset(plain(self.table.rows[each].cells[at]) for each in self.rows_of(sought))


def vocabulary_of(name: str) -> Vocabulary | None:
    """Return the columns of a file of applications or past awards, ``None`` for another file."""
    if name.startswith("applications"):
        return APPLICATIONS
    return PRIOR_AWARDS if name.startswith(("prior_awards", OFFICE_AWARDS)) else None


def persons_in(content: bytes, name: str) -> Persons | None:
    """Return a file as a table of persons, ``None`` where it cannot be read as one."""
    vocabulary = vocabulary_of(name)
    if vocabulary is None:
        return None
    try:
        table = read_table(content, name, vocabulary)
    except AllocatorError:
        return None
    known = open_table(table, vocabulary).known
    return Persons(table, known) if "person_id" in known else None


def is_in_file(content: bytes, name: str, sought: Sought) -> bool:
    """Tell whether a person is, or may be, in a file of applications or past awards."""
    if vocabulary_of(name) is None:
        return False
    persons = persons_in(content, name)
    if persons is not None:
        return bool(persons.rows_of(sought))
    texts = _texts(content)
    return sought.here if texts is None else any(sought.is_in(each) for each in texts)


def _texts(content: bytes) -> Iterable[str] | None:
    """Return a file as text in every way it may be meant; ``None`` if it cannot be searched."""
    if content.startswith(b"PK"):
        return _unpacked(content)
    codings = ("utf-8", "cp1252", "utf-16-le", "utf-16-be")
    return [content.decode(each, "ignore") for each in codings]


def _unpacked(content: bytes) -> list[str] | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(each.file_size for each in packed.infolist()) > MOST_UNPACKED:
                return None
            members = [packed.read(each) for each in packed.infolist()]
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError):
        return None
    return [html.unescape(_TAG.sub(" ", each.decode("utf-8", "ignore"))) for each in members]
