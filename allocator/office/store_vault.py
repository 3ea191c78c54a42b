"""The vault: personal data and free text beside the log, under random tokens, erasable.

The log holds a commitment to each item, SHA-256 of a random salt and the content. Erasing an item
takes its content and its salt away: what stays can be neither read nor guessed, and the chain,
which covers the commitment only, still verifies. A person's token is random too.
"""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from allocator.office.store_rows import BlobRow, PersonalRow
from allocator.office.store_schema import BLOB, PERSONAL
from allocator.office.store_unit import Writer, demand_storable


@dataclass(frozen=True, slots=True)
class Kept:
    """A text in the vault: the token to find it by, the commitment for the log."""

    token: str
    commitment: str


def commit(salt: str, content: str) -> str:
    """Return the commitment to a text: SHA-256 of the salt's bytes followed by the text's."""
    return hashlib.sha256(bytes.fromhex(salt) + content.encode("utf-8")).hexdigest()


def name_of_bytes(salt: str | None, data: bytes) -> str:
    """Return the hash that exact bytes are kept under, salted if they are personal."""
    return hashlib.sha256(bytes.fromhex(salt or "") + data).hexdigest()


class Unit(Writer):
    """A transaction with the vault and the blobs: what ``store.transaction()`` gives."""

    def put_blob(self, data: bytes, kind: str, *, personal: bool = False) -> str:
        """Keep exact bytes and return the hash they are kept under.

        Parameters
        ----------
        data : bytes
            The bytes; the same bytes are kept once unless they are personal.
        kind : str
            What they are: ``import``, ``record``, ``policy``.
        personal : bool
            They hold personal data. They are kept under a salted hash, so that once they are
            erased nobody can test a guess of them against the log.
        """
        salt = secrets.token_hex(32) if personal else None
        name = name_of_bytes(salt, data)
        if self.get(BlobRow, name) is None:
            values = {"sha256": name, "kind": kind, "size": len(data), "personal": personal}
            statement = insert(BLOB).values(
                **values, salt=salt, bytes=data, at=self.now, version=self.next_seq
            )
            self._write(statement, BlobRow, name)
        return name

    def keep(
        self, kind: str, content: str, *, person: str | None = None, until: str | None = None
    ) -> Kept:
        """Put a text into the vault.

        Parameters
        ----------
        kind : str
            What it is: ``reason``, ``note``, ``name``.
        content : str
            The text.
        person : str, optional
            The token of the person it is about, with whom it is erased.
        until : str, optional
            The ISO date after which it may be erased.

        Returns
        -------
        Kept
            Refer to the text by the token in rows (columns ``..._kept``), and put the commitment
            into the event's payload.
        """
        demand_storable({"content": content})
        token, salt = secrets.token_hex(16), secrets.token_hex(32)
        commitment = commit(salt, content)
        self._write(
            insert(PERSONAL).values(
                id=token,
                kind=kind,
                subject=person,
                content=content,
                salt=salt,
                commitment=commitment,
                at=self.now,
                retention_until=until,
                version=self.next_seq,
            ),
            PersonalRow,
            token,
        )
        return Kept(token, commitment)

    def person(self, person_id: str, *, until: str | None = None) -> str:
        """Return the token of a person, made if need be, with a retention date at least as late.

        Parameters
        ----------
        person_id : str
            As in the applications; it is kept in the vault and nowhere else.
        until : str, optional
            The ISO date after which what is about the person may be erased.
        """
        token = self.find_person(person_id)
        if token is None:
            return self.keep("person", person_id, until=until).token
        self._keep_longer(token, until)
        return token

    def erase(self, *tokens: str) -> tuple[PersonalRow, ...]:
        """Erase items of the vault; a person's token erases everything about the person.

        Parameters
        ----------
        *tokens : str
            Tokens of persons or of single items.

        Returns
        -------
        tuple of PersonalRow
            What is erased now (not what was before): for the event, give ids and commitments.
        """
        wanted = PERSONAL.c.id.in_(tokens) | PERSONAL.c.subject.in_(tokens)
        found = select(PERSONAL.c.id).where(wanted & PERSONAL.c.erased_at.is_(None))
        items = sorted(self.connection.execute(found).scalars())
        gone = {"content": None, "salt": None, "erased_at": self.now, "version": self.next_seq}
        if items:
            statement = update(PERSONAL).where(PERSONAL.c.id.in_(items)).values(**gone)
            self._write(statement, PersonalRow, *items)
            self._erased = True
        return tuple(self._must_get(PersonalRow, each) for each in items)

    def erase_blob(self, sha256: str, *, replaced_by: str | None = None) -> BlobRow:
        """Erase exact bytes, and name the blob that takes their place, if any.

        Parameters
        ----------
        sha256 : str
            The hash they are kept under; it stays.
        replaced_by : str, optional
            A blob with the same content but for what had to go.
        """
        before = self._must_get(BlobRow, sha256)
        if before.erased_at is None:
            gone = {"bytes": None, "salt": None, "erased_at": self.now}
            self.update(BlobRow, sha256, before.version, **gone, replaced_by=replaced_by)
            self._erased = True
        return self._must_get(BlobRow, sha256)

    def _keep_longer(self, token: str, until: str | None) -> None:
        row = self._must_get(PersonalRow, token)
        if until is not None and until > (row.retention_until or ""):
            self.update(PersonalRow, token, row.version, retention_until=until)
