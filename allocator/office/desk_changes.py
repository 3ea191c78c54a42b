"""What the files of a round brought against those before them, for as long as both are kept."""

from dataclasses import replace

from allocator.office.desk_base import command
from allocator.office.desk_files import Files, changes, files_of, steps_of
from allocator.office.desk_reading import Reading
from allocator.office.roles import Command
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
            steps = steps_of(reader, round_id)
            if not steps:
                return ()
            now = files_of(reader, row, steps[-1].snapshot)
            earlier = files_of(reader, row, steps[-2].snapshot) if steps[1:] else None
            before = earlier or Files({}, {})
            found = changes(before, now)
            if self.sees_persons(reader):
                return found
            told = tuple(replace(each, before="", after="") for each in found)
            return self.shown(reader, told, round_id)
