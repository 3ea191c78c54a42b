"""What changed in a round: its files against those before them, and when it went back to draft."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from allocator.naming import display_name, resolve
from allocator.office.desk_base import command
from allocator.office.desk_files import Files, changes, files_of, steps_of
from allocator.office.desk_reading import Reading
from allocator.office.desk_show import moment
from allocator.office.memory import LIST, MEMORY
from allocator.office.roles import Command
from allocator.office.store import Reader, subject_of
from allocator.office.store_rows import EventRow, PersonalRow, RoundRow
from allocator.office.views import ChangesView, ChangeView, ReturnView


class Changes(Reading):
    """Commands that look back."""

    @command(Command.SEE_ROUNDS)
    def changes_of(self, round_id: str) -> ChangesView:
        """Return what the last upload that changed a round's applications changed.

        To whoever may not see persons, only which cells differ, not what they say.

        Raises
        ------
        AllocatorError
            ``office-no-files`` where the bytes were erased.
        """
        with self.store.reading() as reader:
            row = self.the_round(reader, round_id)
            found = MEMORY.recall(
                ("last difference", row.id, reader.head().hash),
                lambda: _last_difference(reader, row),
                lambda each: LIST * (1 + len(each.changes)),
            )
            if self.sees_persons(reader):
                return found
            told = replace(found, changes=tuple(_without_persons(found.changes)))
            return self.shown(reader, told, round_id)

    @command(Command.SEE_ROUNDS)
    def returns(self, round_id: str) -> tuple[ReturnView, ...]:
        """Return when a round was returned to draft, by whom and why, the newest first."""
        with self.store.reading() as reader:
            subject = subject_of(RoundRow, self.the_round(reader, round_id).id)
            texts = self.sees_persons(reader)
            return tuple(
                ReturnView(each.actor, moment(each.at), _reason(reader, each) if texts else "")
                for each in reversed(reader.events(subject=subject))
                if each.kind == "returned"
            )


def _reason(reader: Reader, event: EventRow) -> str:
    """Return the reason that an event is committed to, as long as it is kept."""
    found = reader.find(PersonalRow, kind="reason", commitment=str(event.payload["reason"]))
    return (reader.kept(found[0].id) or "") if found else ""


def _last_difference(reader: Reader, round_: RoundRow) -> ChangesView:
    """Look back over the imports that the files stand on until one brought something else."""
    imports = [each.snapshot for each in reversed(steps_of(reader, round_.id))]
    if not imports:
        return ChangesView()
    now = files_of(reader, round_, imports[0])
    for place, row in enumerate(imports):
        earlier = imports[place + 1 :]
        before = files_of(reader, round_, earlier[0]) if earlier else Files({}, {})
        found = () if _same(before, now) else changes(before, now)
        if found:
            return ChangesView(found, row.by, moment(row.at), again=place > 0)
        now = before
    return ChangesView((), imports[0].by, moment(imports[0].at))


def _same(one: Files, other: Files) -> bool:
    return one.contents.get("applications") == other.contents.get("applications")


def _without_persons(found: Iterable[ChangeView]) -> Iterable[ChangeView]:
    for each in found:
        yield replace(
            each, before="", after="", person="", administration=_known(each.administration)
        )


def _known(written: str) -> str:
    """Return the name of a country; of what is none, nothing, for it may be anything."""
    code = resolve(written, datetime.now(UTC).date()).iso3 if written else ""
    return display_name(code) if code else ""


def counted(found: Iterable[ChangeView]) -> dict[str, int]:
    """Return how many rows are new and gone, and how many cells of the others differ."""
    kinds = Counter(each.kind for each in found)
    return {"added": kinds["added"], "gone": kinds["removed"], "cells": kinds["changed"]}
