"""Rounds, their files and their policies: everything before an allocation."""

import re
from collections.abc import Callable, Mapping
from importlib import resources

from allocator.errors import AllocatorError, problem
from allocator.intake.round_file import read_round
from allocator.intake.template import round_text
from allocator.office.desk_base import command, guard_seen, seen_of
from allocator.office.desk_files import (
    POLICY,
    Cell,
    Files,
    Step,
    changes,
    check_files,
    corrected,
    counts_of,
    demand_readable,
    files_of,
    own_policy,
    policy_row,
    put_snapshot,
    sorted_out,
    steps_of,
)
from allocator.office.desk_reading import Reading
from allocator.office.desk_show import policy_view
from allocator.office.desk_words import next_step, number_of
from allocator.office.roles import Command
from allocator.office.states import OPEN, State, after
from allocator.office.store import Reader, Unit, subject_of
from allocator.office.store_rows import PolicyRow, RoundRow, SnapshotRow
from allocator.office.views import CheckView, ImportView, PolicyView, RoundView
from allocator.policy import policy_bytes
from allocator.texts import say

SAMPLE, SAMPLE_FILES = "one-meeting", ("round.yaml", "applications.csv")
DEFAULT_POLICY = "itu-t-2024"


class Rounds(Reading):
    """Commands that make rounds and change what goes into them."""

    # --- making rounds ------------------------------------------------------------------------

    @command(Command.CREATE_ROUND)
    def create_round(self, files: Mapping[str, bytes], *, reason: str = "") -> RoundView:
        """Make a round from its files; problems in them are for the check to name.

        Parameters
        ----------
        files : mapping
            Bytes by name: ``round.yaml``, and as far as there are any ``applications.csv`` or
            ``.xlsx``, ``prior_awards.csv`` or ``.xlsx``, ``policy.yaml``.
        reason : str
            Kept with the policy if it is new to the office.

        Raises
        ------
        AllocatorError
            ``round.yaml`` or the policy cannot be read, or there is a round of that id.
        """
        return self._create(sorted_out(files), reason)

    @command(Command.CREATE_ROUND)
    def create_sample(self) -> RoundView:
        """Make a round from the shipped sample; its people are invented."""
        folder = resources.files("allocator") / "samples" / SAMPLE
        files = {name: (folder / name).read_bytes() for name in SAMPLE_FILES}
        identifier = read_round(files["round.yaml"], "round.yaml").round.id
        free = self._free_id(identifier)
        first = f"id: {identifier}\n".encode()
        files["round.yaml"] = files["round.yaml"].replace(first, f"id: {free}\n".encode(), 1)
        return self._create(sorted_out(files), "")

    @command(Command.CREATE_ROUND)
    def create_empty(self, title: str) -> RoundView:
        """Make a round with an example ``round.yaml`` to be replaced, and the usual policy."""
        identifier = re.sub(r"[^a-z0-9]+", "-", title.lower())[:48].strip("-") or "round"
        text = round_text(self._free_id(identifier), title)
        files = {"round.yaml": text.encode(), "policy.yaml": policy_bytes(DEFAULT_POLICY)[0]}
        return self._create(sorted_out(files), "")

    def _free_id(self, wanted: str) -> str:
        with self.store.reading() as reader:
            taken = {each.id for each in reader.find(RoundRow)}
        number = 1
        while (free := wanted if number == 1 else f"{wanted}-{number}") in taken:
            number += 1
        return free

    def _create(self, found: dict[str, tuple[str, bytes]], reason: str) -> RoundView:
        if "round" not in found:
            raise AllocatorError(problem("office-round-file-first"))
        round_ = read_round(found["round"][1], "round.yaml").round
        demand_readable(found)
        with self.change(Command.CREATE_ROUND) as unit:
            by = self.identity.login
            content = own_policy(found)
            policy = policy_row(unit, content, reason, by)[0] if content else None
            files = _files(found, content)
            counts = counts_of(files)
            row = unit.insert(
                RoundRow,
                id=round_.id,
                title=round_.title,
                state=State.DRAFT.value,
                policy=policy.id if policy else None,
                deadline=counts.get("deadline"),
                by=by,
            )
            snapshot = put_snapshot(unit, row.id, _without_policy(files), (), counts, by)
            row = unit.update(RoundRow, row.id, row.version, snapshot=snapshot.id)
            subject = subject_of(RoundRow, row.id)
            self.tell(
                unit,
                "round-created",
                subject,
                applications=counts["applications"],
                files=[each["blob"] for each in snapshot.files],
                policy=policy.number if policy else None,
            )
            return self.round_view(unit, row)

    # --- files --------------------------------------------------------------------------------

    @command(Command.IMPORT)
    def import_files(
        self, round_id: str, files: Mapping[str, bytes], seen: int | None
    ) -> ImportView:
        """Put files in the place of those of the same kind; the others stay.

        Parameters
        ----------
        round_id : str
            The round, in draft or checked; afterwards it is in draft.
        files : mapping
            Bytes by name, as for ``create_round``.
        seen : int, optional
            The version of the round that was looked at; ``None`` if nobody looked.
        """
        found = sorted_out(files)
        self._refuse_other_round(round_id, found)
        content = own_policy(found)

        def renewed(unit: Unit, before: Files) -> tuple[Files, int | None]:
            demand_readable(found)
            policy = policy_row(unit, content, None, self.identity.login)[0] if content else None
            return _without_policy(_files(found, None)), policy.id if policy else None

        roles = {name for name, _ in found.values()}
        return self._renew(
            Command.IMPORT, round_id, seen, renewed, "imported", roles_read=sorted(roles)
        )

    @command(Command.FIX)
    def fix(
        self,
        round_id: str,
        application_id: str,
        column: str,
        before: str,
        after: str,
        reason: str,
        seen: int | None,
        row: int | None = None,
    ) -> ImportView:
        """Correct one cell of the applications, as a new snapshot.

        Parameters
        ----------
        round_id, application_id, column : str
            Which cell; the id as the file has it, which may be empty where ``row`` is given.
        before, after : str
            What it says, and what it is to say: kept in the vault, not in the log.
        reason : str
            Why.
        seen : int, optional
            The version of the round that was looked at.
        row : int, optional
            The row of the file as problems name it, where several have the same id or one has none.
        """
        demand_reason(reason)
        said: dict[str, object] = {"application": application_id, "column": column}
        if row is not None:
            said["row"] = row

        def renewed(unit: Unit, files: Files) -> tuple[Files, int | None]:
            if "applications" not in files.contents:
                raise AllocatorError(problem("office-no-files", value="applications"))
            old = files.contents["applications"]
            name = files.names["applications"]
            cell = Cell(application_id, column, row)
            new, who = corrected(old, name, cell, before, after)
            person = unit.person(who) if who else None
            for key, text in (("before", before), ("after", after), ("reason", reason)):
                said[key] = unit.keep("fix", text, person=person).commitment
            return Files({"applications": "applications.csv"}, {"applications": new}), None

        return self._renew(Command.FIX, round_id, seen, renewed, "fixed", said=said)

    @command(Command.IMPORT)
    def undo_import(self, round_id: str, seen: int | None) -> RoundView:
        """Go back to the files before the last import, as a new event; again, one step further.

        A policy that the import brought goes back too, unless another was chosen since.
        """
        with self.change(Command.IMPORT) as unit:
            row = self._open_round(unit, round_id, seen, Command.IMPORT)
            steps = steps_of(unit, round_id)
            if len(steps) < 2:
                raise AllocatorError(problem("office-nothing-before"))
            last, before = steps[-1], steps[-2].snapshot
            policy = _policy_before(unit, row, last)
            counts = before.counts or {}
            row = unit.update(
                RoundRow,
                row.id,
                seen_of(row, seen),
                snapshot=before.id,
                policy=row.policy if policy is None else policy.id,
                title=counts.get("title", row.title),
                deadline=counts.get("deadline"),
                state=State.DRAFT.value,
            )
            self.tell(
                unit,
                "import-undone",
                subject_of(RoundRow, round_id),
                snapshot=before.id,
                policy=policy.number if policy else None,
            )
            return self.round_view(unit, row)

    def _renew(
        self,
        asked: Command,
        round_id: str,
        seen: int | None,
        renewed: Callable[[Unit, Files], tuple[Files, int | None]],
        event: str,
        said: Mapping[str, object] | None = None,
        **payload: object,
    ) -> ImportView:
        """Make a new snapshot of a round from what ``renewed`` gives."""
        with self.change(asked) as unit:
            row = self._open_round(unit, round_id, seen, asked)
            old = None if row.snapshot is None else unit.get(SnapshotRow, row.snapshot)
            before = files_of(unit, row, old)
            new, policy = renewed(unit, before)
            kept = [e for e in (old.files if old else ()) if e["role"] not in new.contents]
            whole = _joined(before, new)
            chosen = None if policy is None else unit.get(PolicyRow, policy)
            if policy is not None:
                content = unit.blob(chosen.blob) if chosen else None
                whole = _joined(whole, Files({POLICY: "policy.yaml"}, {POLICY: content or b""}))
            counts = counts_of(whole)
            snapshot = put_snapshot(unit, row.id, new, kept, counts, self.identity.login)
            if policy is not None and chosen is not None:
                payload = {**payload, "policy": chosen.number}
            values = {"title": counts.get("title", row.title), "deadline": counts.get("deadline")}
            row = unit.update(
                RoundRow,
                row.id,
                seen_of(row, seen),
                snapshot=snapshot.id,
                policy=row.policy if policy is None else policy,
                state=State.DRAFT.value,
                **values,
            )
            self.tell(
                unit,
                event,
                subject_of(RoundRow, row.id),
                applications=counts["applications"],
                files=[each["blob"] for each in snapshot.files],
                **payload,
                **(said or {}),
            )
        return ImportView(check_files(whole), changes(before, whole), str(snapshot.id))

    def _refuse_other_round(self, round_id: str, found: dict[str, tuple[str, bytes]]) -> None:
        if "round" in found:
            named = read_round(found["round"][1], "round.yaml").round.id
            if named != round_id:
                raise AllocatorError(problem("office-round-id", value=named, expected=round_id))

    # --- check and policy ---------------------------------------------------------------------

    @command(Command.CHECK)
    def check(self, round_id: str, seen: int | None) -> CheckView:
        """Check a round; one that can be run is then checked."""
        with self.change(Command.CHECK) as unit:
            row = self._open_round(unit, round_id, seen, Command.CHECK)
            found = self._check(unit, row)
            if found.can_run and row.state == State.DRAFT.value:
                unit.update(RoundRow, row.id, seen_of(row, seen), state=State.CHECKED.value)
                self.tell(
                    unit,
                    "checked",
                    subject_of(RoundRow, row.id),
                    eligible=found.eligible,
                    ineligible=len(found.ineligible),
                )
        return found

    @command(Command.SAVE_POLICY)
    def save_policy(self, text: str, reason: str, based_on: str | None = None) -> PolicyView:
        """Keep a policy as a new version; one with the same text is the same version.

        Raises
        ------
        AllocatorError
            Everything that is wrong with the policy.
        """
        demand_reason(reason)
        with self.change(Command.SAVE_POLICY) as unit:
            return policy_view(unit, self._kept(unit, text, reason, based_on), texts=True)

    @command(Command.SET_POLICY)
    def save_policy_for(
        self, round_id: str, text: str, reason: str, based_on: str | None, seen: int | None
    ) -> PolicyView:
        """Keep a policy as a new version and choose it for a round: both, or neither."""
        demand_reason(reason)
        with self.change(Command.SET_POLICY) as unit:
            self.demand(self.actor(unit), Command.SAVE_POLICY)
            row = self._open_round(unit, round_id, seen, Command.SET_POLICY)
            policy = self._kept(unit, text, reason, based_on)
            self._chosen(unit, row, policy, reason, seen)
            return policy_view(unit, policy, texts=True)

    def _kept(self, unit: Unit, text: str, reason: str, based_on: str | None) -> PolicyRow:
        row, new = policy_row(unit, text.encode("utf-8"), reason, self.identity.login, based_on)
        if new:
            self.tell(
                unit,
                "policy-saved",
                subject_of(PolicyRow, row.id),
                number=row.number,
                title=row.title,
                policy=row.blob,
            )
        return row

    @command(Command.SET_POLICY)
    def set_policy(self, round_id: str, policy_id: str, reason: str, seen: int | None) -> RoundView:
        """Choose a policy for a round, in draft or checked; afterwards it is in draft."""
        demand_reason(reason)
        with self.change(Command.SET_POLICY) as unit:
            row = self._open_round(unit, round_id, seen, Command.SET_POLICY)
            number = number_of(policy_id)
            policy = None if number is None else unit.get(PolicyRow, number)
            if policy is None:
                raise AllocatorError(problem("office-no-policy", value=policy_id))
            return self.round_view(unit, self._chosen(unit, row, policy, reason, seen))

    def _chosen(
        self, unit: Unit, row: RoundRow, policy: PolicyRow, reason: str, seen: int | None
    ) -> RoundRow:
        row = unit.update(
            RoundRow,
            row.id,
            seen_of(row, seen),
            policy=policy.id,
            state=State.DRAFT.value,
        )
        kept = unit.keep("reason", reason)
        self.tell(
            unit,
            "policy-set",
            subject_of(RoundRow, row.id),
            number=policy.number,
            reason=kept.commitment,
        )
        return row

    def _open_round(
        self, reader: Reader, round_id: str, seen: int | None, asked: Command
    ) -> RoundRow:
        """Return a round whose files, policy and overrides may change.

        Raises
        ------
        AllocatorError
            ``office-wrong-state`` after it was proposed.
        """
        row = self.the_round(reader, round_id)
        guard_seen(reader, row, round_id, seen)
        if State(row.state) not in OPEN:
            raise wrong_state(row, asked)
        return row


def _policy_before(reader: Reader, round_: RoundRow, step: Step) -> PolicyRow | None:
    """Return the policy that an import put another in the place of, if that one still holds."""
    now = None if round_.policy is None else reader.get(PolicyRow, round_.policy)
    if now is None or step.policy != now.number or step.policy_before is None:
        return None
    return reader.find(PolicyRow, number=step.policy_before)[0]


def demand_reason(reason: str) -> None:
    """Refuse an empty reason."""
    if not reason.strip():
        raise AllocatorError(problem("office-reason-needed"))


def wrong_state(row: RoundRow, asked: Command) -> AllocatorError:
    """Return the refusal of a command that this state does not allow."""
    state = State(row.state)
    frozen = state not in OPEN and after(state, Command.RETURN) is not None
    following = next_step(state, can_run=True, has_run=True)
    return AllocatorError(
        problem(
            "office-wrong-state",
            state=say(f"office.state.{state}"),
            command=say(f"office.command.{asked}"),
            next=say("office.return-first") if frozen else following,
        )
    )


def _files(found: Mapping[str, tuple[str, bytes]], policy: bytes | None) -> Files:
    """Return files with the policy that holds for them."""
    whole = dict(found)
    if policy is not None:
        whole[POLICY] = ("policy.yaml", policy)
    names = {role: name for role, (name, _) in whole.items()}
    return Files(names, {role: content for role, (_, content) in whole.items()})


def _without_policy(files: Files) -> Files:
    names = {role: name for role, name in files.names.items() if role != POLICY}
    return Files(names, {role: files.contents[role] for role in names})


def _joined(before: Files, new: Files) -> Files:
    return Files({**before.names, **new.names}, {**before.contents, **new.contents})
