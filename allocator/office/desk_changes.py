"""What the files of a round brought against those before them, for as long as both are kept."""

from dataclasses import replace

from allocator.office.desk_base import command
from allocator.office.desk_files import Files, changes, files_of
from allocator.office.desk_reading import Reading
from allocator.office.roles import Command
from allocator.office.store_rows import SnapshotRow
from allocator.office.views import ChangeView


class Changes(Reading):
    """The command that compares two snapshots."""

    @command(Command.SEE_ROUNDS)
    def changes_of(self, round_id: str) -> tuple[ChangeView, ...]:
        """Return what the newest applications of a round changed against the ones before.

        To whoever may not see persons, only which cells differ, not what they say.

        Raises
        ------
        AllocatorError
            ``office-no-files`` where the bytes were erased.
        """
        with self.store.reading() as reader:
            row = self.the_round(reader, round_id)
            kept = reader.find(SnapshotRow, round=round_id, order=("-id",))
            till_now = [e for e in kept if row.snapshot is not None and e.id <= row.snapshot]
            if not till_now:
                return ()
            now = files_of(reader, row, till_now[0])
            before = files_of(reader, row, till_now[1]) if till_now[1:] else Files({}, {})
            found = changes(before, now)
            if self.sees_persons(reader):
                return found
            told = tuple(replace(each, before="", after="") for each in found)
            return self.shown(reader, told, round_id)
