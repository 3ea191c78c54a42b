"""From a run to a published record: propose, approve with four eyes, sign, publish, close."""

import tempfile
from pathlib import Path

from allocator.errors import AllocatorError, problem
from allocator.office.desk_awards import moved_payments
from allocator.office.desk_base import command, guard_seen, seen_of
from allocator.office.desk_files import newest_bytes
from allocator.office.desk_inputs import REALLOCATION
from allocator.office.desk_review import Review
from allocator.office.desk_rounds import demand_reason, wrong_state
from allocator.office.desk_show import DONE, publication_view
from allocator.office.keys import check_key, make_key
from allocator.office.roles import Command, Source
from allocator.office.states import State, after
from allocator.office.store import Reader, Unit, subject_of
from allocator.office.store_rows import (
    AccountRow,
    OverrideRow,
    PublicationRow,
    RoundRow,
    RunRow,
    SignoffRow,
)
from allocator.office.views import PublicationView, RoundView
from allocator.record.check_all import Given
from allocator.record.check_report import FAIL
from allocator.record.check_signature import read_key
from allocator.record.revive import result_of
from allocator.record.sign import sign_record
from allocator.record.verify import verify_bytes

SHORTEST_FINGERPRINT = 16
"""So many of the first digits of a fingerprint an approver must give at least."""

DECIDING = ("overridden", "override-withdrawn", "fixed")
"""Events whose actors decided on single applications, and so do not approve what came of it."""

PROPOSED, APPROVED = "proposed", "approved"


class Signing(Review):
    """Commands that put names to a run."""

    @command(Command.PROPOSE)
    def propose(self, round_id: str, run_id: str, seen: int | None) -> RoundView:
        """Propose a final run of what is there now; files, policy and overrides are then frozen.

        Raises
        ------
        AllocatorError
            ``office-not-current``, ``office-not-final``, ``office-wrong-state``.
        """
        with self.change(Command.PROPOSE) as unit:
            round_ = self.the_round(unit, round_id)
            guard_seen(unit, round_, round_id, seen)
            run = self.the_run(unit, run_id)
            self._demand_proposable(unit, round_, run)
            self._make_account(unit)
            if run.id != round_.current_run:
                round_ = unit.update(RoundRow, round_id, round_.version, current_run=run.id)
            unit.insert(
                SignoffRow,
                round=round_id,
                run=run.id,
                kind=PROPOSED,
                account=self.identity.login,
                fingerprint=run.manifest,
            )
            return self._step(unit, round_, Command.PROPOSE, "proposed", run)

    def _demand_proposable(self, unit: Unit, round_: RoundRow, run: RunRow) -> None:
        reallocating = run.kind == REALLOCATION and round_.state == State.PUBLISHED.value
        if run.round != round_.id:
            raise AllocatorError(problem("office-no-run", value=str(run.id)))
        if not reallocating and after(State(round_.state), Command.PROPOSE) is None:
            raise wrong_state(round_, Command.PROPOSE)
        if run.status != DONE:
            raise AllocatorError(problem("office-not-final", value=str(run.id)))
        kind_fits = run.kind == "proposal" or reallocating
        if not kind_fits or not self.is_current(unit, round_, run):
            raise _not_current(run)
        self._demand_booked(unit, run)

    def _demand_booked(self, unit: Unit, run: RunRow) -> None:
        """Refuse a reallocation by which a fund would owe less than it has paid for an award."""
        if run.kind == REALLOCATION:
            moved = moved_payments(unit, run.round, self.record_of(unit, run))
            if moved:
                raise AllocatorError(problem("office-payment-moved", value=", ".join(moved)))

    @command(Command.APPROVE)
    def approve(self, round_id: str, fingerprint: str, seen: int | None) -> RoundView:
        """Approve what is proposed, as a second person.

        Parameters
        ----------
        round_id : str
            The round.
        fingerprint : str
            Of the run as it was looked at: the SHA-256 of its record's manifest, or at least its
            first 16 digits.
        seen : int, optional
            The version of the round that was looked at.

        Raises
        ------
        AllocatorError
            ``office-four-eyes`` for whoever proposed or ran it, overrode a decision since the last
            publication, took an override back or corrected a cell,
            ``office-recused`` if it holds applications of an administration one stands back from.
        """
        with self.change(Command.APPROVE) as unit:
            if self.actor(unit).source is Source.SINGLE:
                raise AllocatorError(problem("office-single-approval"))
            round_ = self.the_round(unit, round_id)
            guard_seen(unit, round_, round_id, seen)
            proposal, run = self._last_signoff(unit, round_, PROPOSED)
            typed = fingerprint.strip().lower()
            enough = len(typed) >= SHORTEST_FINGERPRINT
            if not enough or not proposal.fingerprint.startswith(typed):
                raise AllocatorError(problem("office-wrong-fingerprint"))
            self._demand_second_person(unit, proposal, run)
            if not self.is_current(unit, round_, run):
                raise _not_current(run)
            unit.insert(
                SignoffRow,
                round=round_id,
                run=run.id,
                kind=APPROVED,
                proposal=proposal.id,
                account=self.identity.login,
                fingerprint=proposal.fingerprint,
            )
            return self._step(unit, round_, Command.APPROVE, "approved", run)

    def _demand_second_person(self, unit: Unit, proposal: SignoffRow, run: RunRow) -> None:
        overrides = (run.overrides or {}).get("overrides", ())
        authors = {each.by for each in unit.find(OverrideRow, id=tuple(overrides))}
        authors |= _deciding_since_publication(unit, run.round)
        if self.identity.login in {proposal.account, run.by, *authors}:
            raise AllocatorError(problem("office-four-eyes"))
        pool = result_of(self.record_of(unit, run)).pool
        eligible = [each.application.administration for each in pool.candidates]
        others = [each.application.administration for each in pool.ineligible]
        self.refuse_if_recused(unit, (*eligible, *others))

    @command(Command.RETURN)
    def return_to_draft(self, round_id: str, reason: str, seen: int | None) -> RoundView:
        """Return a round to draft, so that files, policy and overrides can change again.

        Of a published round, whose reallocation is proposed or approved, only that is returned: the
        round stays published as it is.
        """
        demand_reason(reason)
        with self.change(Command.RETURN) as unit:
            round_ = self.the_round(unit, round_id)
            guard_seen(unit, round_, round_id, seen)
            state = after(State(round_.state), Command.RETURN)
            values: dict[str, str | int | None] = {}
            if state is not None:
                values = {"state": state.value}
            elif _is_being_signed(unit, round_):
                values = {"current_run": round_.published_run}
            else:
                raise wrong_state(round_, Command.RETURN)
            kept = unit.keep("reason", reason.strip())
            row = unit.update(RoundRow, round_id, seen_of(round_, seen), **values)
            subject = subject_of(RoundRow, round_id)
            self.tell(unit, "returned", subject, reason=kept.commitment)
            return self.round_view(unit, row)

    @command(Command.PUBLISH)
    def publish(
        self, round_id: str, key: Path, seen: int | None, password: str | None = None
    ) -> PublicationView:
        """Sign the record of the approved run, verify all of it, and publish it.

        Parameters
        ----------
        round_id : str
            The round.
        key : Path
            The officer's private key (``allocator office keygen``).
        seen : int, optional
            The version of the round that was looked at.
        password : str, optional
            Of an encrypted key.

        Raises
        ------
        AllocatorError
            ``office-not-verified`` with every check that fails; the refusals of ``keys``.
        """
        check_key(key, self.store_file())
        with self.store.reading() as reader:
            round_ = self.the_round(reader, round_id)
            guard_seen(reader, round_, round_id, seen)
            approval, run = self._last_signoff(reader, round_, APPROVED)
            record = self.record_of(reader, run)
            previous = self._previous_record(reader, round_)
        signed, public = _signed(record, key, password)
        _demand_verified(signed, public, previous)
        with self.change(Command.PUBLISH) as unit:
            now = self.the_round(unit, round_id)
            guard_seen(unit, now, round_id, round_.version)
            if not self.is_current(unit, now, run):
                raise _not_current(run)
            self._demand_booked(unit, run)
            head, earlier = unit.head(), unit.find(PublicationRow, round=round_id)
            row = unit.insert(
                PublicationRow,
                round=round_id,
                run=run.id,
                number=len(earlier) + 1,
                manifest=approval.fingerprint,
                record=unit.put_blob(signed, "record", personal=True),
                public_key=public,
                pinned_seq=head.seq,
                pinned_hash=head.hash,
                by=self.identity.login,
            )
            unit.update(
                RoundRow,
                round_id,
                now.version,
                published_run=run.id,
                state=State.PUBLISHED.value,
            )
            self.tell(
                unit,
                "published",
                subject_of(RoundRow, round_id),
                run=run.id,
                number=row.number,
                fingerprint=row.manifest,
                public_key=public,
                log_seq=head.seq,
                log_hash=head.hash,
            )
            return publication_view(row)

    @command(Command.CLOSE)
    def close(self, round_id: str, seen: int | None) -> RoundView:
        """Close a round: what is not paid is released, and nothing changes any more.

        Raises
        ------
        AllocatorError
            ``office-wrong-state``; ``office-being-signed`` while a reallocation is proposed.
        """
        with self.change(Command.CLOSE) as unit:
            round_ = self.the_round(unit, round_id)
            guard_seen(unit, round_, round_id, seen)
            if after(State(round_.state), Command.CLOSE) is None:
                raise wrong_state(round_, Command.CLOSE)
            if _is_being_signed(unit, round_):
                run = str(round_.current_run)
                raise AllocatorError(problem("office-being-signed", value=run))
            row = unit.update(RoundRow, round_id, seen_of(round_, seen), state=State.CLOSED.value)
            self.tell(unit, "closed", subject_of(RoundRow, round_id))
            return self.round_view(unit, row)

    @command(Command.KEYGEN)
    def make_key(self, path: Path, password: str | None = None) -> Path:
        """Make a key to sign records with, and return the file of its public half.

        Parameters
        ----------
        path : Path
            The private key, in a folder that nobody else can write to and not with the store.
        password : str, optional
            Encrypts it.

        Raises
        ------
        AllocatorError
            The refusals of ``keys.make_key``.
        """
        public = make_key(path, self.store_file(), password.encode() if password else None)
        with self.change(Command.KEYGEN) as unit:
            digest = read_key(public.read_bytes()).hex()
            subject = subject_of(AccountRow, self.identity.login)
            self.tell(unit, "key-made", subject, public_key=digest)
        return public

    # --- parts --------------------------------------------------------------------------------

    def store_file(self) -> Path | None:
        """Return the file of the store, where it is one."""
        return Path(self.store.name) if self.store.database == "sqlite" else None

    def _last_signoff(
        self, reader: Reader, round_: RoundRow, kind: str
    ) -> tuple[SignoffRow, RunRow]:
        """Return the sign-off that the next step rests on, of the current run.

        Raises
        ------
        AllocatorError
            ``office-not-proposed`` if there is none.
        """
        found = reader.find(SignoffRow, round=round_.id, order=("-id",), limit=1)
        command_ = Command.APPROVE if kind == PROPOSED else Command.PUBLISH
        state = State(round_.state)
        if state is not State.PUBLISHED and after(state, command_) is None:
            raise wrong_state(round_, command_)
        if not found or found[0].kind != kind or found[0].run != round_.current_run:
            raise wrong_state(round_, command_)
        if reader.find(PublicationRow, run=found[0].run):
            raise wrong_state(round_, command_)
        return found[0], self.the_run(reader, str(found[0].run))

    def _previous_record(self, reader: Reader, round_: RoundRow) -> bytes | None:
        found = reader.find(PublicationRow, round=round_.id, order=("-number",), limit=1)
        return newest_bytes(reader, found[0].record) if found else None

    def _step(
        self, unit: Unit, round_: RoundRow, asked: Command, event: str, run: RunRow
    ) -> RoundView:
        """Take a round's step, unless it is published and its reallocation is being signed."""
        state = after(State(round_.state), asked)
        values = {"state": state.value} if state else {"title": round_.title}
        row = unit.update(RoundRow, round_.id, round_.version, **values)
        subject = subject_of(RoundRow, round_.id)
        self.tell(unit, event, subject, run=run.id, fingerprint=run.manifest)
        return self.round_view(unit, row)

    def _make_account(self, unit: Unit) -> None:
        """Enter who signs in single-user mode, as an account without any role."""
        if unit.get(AccountRow, self.identity.login) is None:
            unit.insert(AccountRow, login=self.identity.login, name=self.identity.name, active=True)


def _deciding_since_publication(reader: Reader, round_id: str) -> set[str]:
    """Return who overrode, took an override back or corrected a cell since the last publication."""
    found: set[str] = set()
    for event in reader.events(subject=subject_of(RoundRow, round_id)):
        if event.kind == "published":
            found.clear()
        elif event.kind in DECIDING:
            found.add(event.actor)
    return found


def _not_current(run: RunRow) -> AllocatorError:
    kind = "-reallocation" if run.kind == REALLOCATION else ""
    return AllocatorError(problem(f"office-not-current{kind}", value=str(run.id)))


def _is_being_signed(reader: Reader, round_: RoundRow) -> bool:
    """Tell whether a reallocation of a published round is proposed and not yet published."""
    last = reader.find(SignoffRow, round=round_.id, order=("-id",), limit=1)
    own = bool(last) and last[0].run == round_.current_run != round_.published_run
    return own and round_.state == State.PUBLISHED.value


def _signed(record: bytes, key: Path, password: str | None) -> tuple[bytes, str]:
    """Return a record with its signature, and the public key as hex."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "record.zip")
        path.write_bytes(record)
        public = sign_record(path, key, password.encode() if password else None)
        return path.read_bytes(), public


def _demand_verified(record: bytes, public: str, previous: bytes | None) -> None:
    """Refuse a record of which any check fails.

    Raises
    ------
    AllocatorError
        ``office-not-verified``.
    """
    report = verify_bytes(record, Given(previous, bytes.fromhex(public)))
    if report.exit_code:
        failing = [each for each in report.checks if each.status == FAIL] or report.checks
        words = "; ".join(f"{each.title}: {each.figure}" for each in failing[:3])
        raise AllocatorError(problem("office-not-verified", found=words))
