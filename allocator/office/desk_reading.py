"""What can be looked at from the desk; nothing here changes anything."""

from collections import defaultdict
from collections.abc import Container, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from allocator.errors import AllocatorError, has_errors, ordered, problem
from allocator.explain.reserve import Reserve, reserve_list
from allocator.explain.result import Result
from allocator.explain.what_if import Assessed
from allocator.intake.assess import Assessment, assess
from allocator.intake.folder import LoadedRound
from allocator.model import PriorAward, Severity
from allocator.office.desk_awards import ledger_of_persons, standing
from allocator.office.desk_base import LOGGED, OF_THE_OFFICE, Base, command
from allocator.office.desk_files import check, ids_of, newest_bytes, newest_copy
from allocator.office.desk_inputs import bare_round, basis_of, inputs, is_made_from, standing_of
from allocator.office.desk_outputs import files_of_run
from allocator.office.desk_reports import outstanding_reports, reports_rule
from allocator.office.desk_show import (
    DONE,
    NOT_FINAL,
    UNDER_WAY,
    account_view,
    event_view,
    note_view,
    outcome_view,
    override_view,
    policy_view,
    publication_view,
    round_summary,
    run_view,
    signoff_view,
    snapshot_view,
)
from allocator.office.memory import LIST, MEMORY, RESULT, ROUND
from allocator.office.pseudonyms import Pseudonyms, is_neutral, renamed, tells
from allocator.office.roles import Actor, Command, Source
from allocator.office.settings import SETTINGS, setting
from allocator.office.states import NO_OUTCOME
from allocator.office.store import Reader, Unit, subject_of
from allocator.office.store_rows import (
    AccountRow,
    NoteRow,
    OutcomeRow,
    OverrideRow,
    PolicyRow,
    PublicationRow,
    RoundRow,
    RunRow,
    SignoffRow,
    SnapshotRow,
)
from allocator.office.views import (
    AccountView,
    CheckView,
    EventView,
    NoteView,
    OutcomeView,
    OverrideView,
    PolicyView,
    RoundSummary,
    RoundView,
    RunView,
    SnapshotView,
)
from allocator.policy_schema import OwedReports
from allocator.record.check_all import Given
from allocator.record.check_report import Report
from allocator.record.revive import loaded_of, result_of
from allocator.record.verify import verify_bytes
from allocator.texts import say


class Reading(Base):
    """Commands that only look."""

    def me(self) -> Actor:
        """Return who is at the desk, with the roles the store gives now: perhaps none."""
        with self.store.reading() as reader:
            return self.actor(reader)

    def notice(self) -> str:
        """Return the label of single-user mode, which goes with every answer; empty otherwise."""
        actor = self.me()
        return say("office.single", login=actor.login) if actor.source is Source.SINGLE else ""

    # --- rounds -------------------------------------------------------------------------------

    @command(Command.SEE_ROUNDS)
    def rounds(self) -> tuple[RoundSummary, ...]:
        """Return every round in brief, the last changed first."""
        with self.store.reading() as reader:
            return tuple(
                self._summary(reader, row) for row in reader.find(RoundRow, order=("-version",))
            )

    @command(Command.SEE_ROUNDS)
    def round(self, round_id: str) -> RoundView:
        """Return a round with all that belongs to it."""
        with self.store.reading() as reader:
            return self.shown(
                reader, self.round_view(reader, self.the_round(reader, round_id)), round_id
            )

    @command(Command.SEE_ROUNDS)
    def timeline(self, round_id: str | None = None) -> tuple[EventView, ...]:
        """Return what happened to a round, or in the whole office, the newest first."""
        with self.store.reading() as reader:
            subject = None
            if round_id is not None:
                subject = subject_of(RoundRow, self.the_round(reader, round_id).id)
            events = reversed(reader.events(subject=subject))
            return self.shown(reader, tuple(event_view(each) for each in events), round_id)

    @command(Command.SEE_ROUNDS)
    def runs(self, round_id: str) -> tuple[RunView, ...]:
        """Return the runs of a round, the newest first."""
        with self.store.reading() as reader:
            row = self.the_round(reader, round_id)
            return self._runs(reader, row, basis_of(reader, row, self.secret))

    @command(Command.SEE_ROUNDS)
    def job(self, round_id: str) -> RunView | None:
        """Return the run of a round that is under way, if there is one: asked every second."""
        with self.store.reading() as reader:
            row = self.the_round(reader, round_id)
            found = reader.find(RunRow, round=row.id, status=UNDER_WAY, order=("-id",))
            if not found:
                return None
            persons = self.sees_persons(reader)
            return self.run_shown(reader, found[0], current=False, persons=persons)

    @command(Command.SEE_ROUNDS)
    def check_of(self, round_id: str) -> CheckView:
        """Return what a check of a round's files finds now, without changing its state."""
        with self.store.reading() as reader:
            found = self._check(reader, self.the_round(reader, round_id))
            if not self.sees_persons(reader):
                bare = Pseudonyms(self.secret).of_problems(found.problems)
                found = replace(found, problems=tuple(bare))
            return self.shown(reader, found, round_id)

    @command(Command.SEE_ROUNDS)
    def assessed(self, round_id: str) -> Assessed:
        """Return a round's applications as they would be judged, scored and costed now.

        To whoever may not see persons, those of the pseudonymised round. What judging finds wrong
        is among its problems.

        Raises
        ------
        AllocatorError
            Every problem of the round's files, if one of them is an error.
        """
        with self.store.reading() as reader:
            row = self.the_round(reader, round_id)
            loaded = inputs(reader, row, self.secret).loaded
            if has_errors(loaded.problems):
                raise AllocatorError(ordered(loaded.problems))
            if self.sees_persons(reader):
                return Assessed(loaded, self._assessment(reader, row, loaded))
            bare = Pseudonyms(self.secret).of_loaded(loaded, self._hidden(reader, row))
            return Assessed(bare, assess(bare))

    @command(Command.SEE_ROUNDS)
    def policies(self, round_id: str | None = None) -> tuple[PolicyView, ...]:
        """Return every version of every policy, the newest first; of a round, those it had."""
        with self.store.reading() as reader:
            rows = reader.find(PolicyRow, order=("-number",))
            if round_id is not None:
                round_ = self.the_round(reader, round_id)
                used = {each.policy for each in reader.find(RunRow, round=round_id)}
                rows = tuple(each for each in rows if each.id in {*used, round_.policy})
            return tuple(self._policy(reader, each) for each in rows)

    # --- review -------------------------------------------------------------------------------

    @command(Command.SEE_ROUNDS)
    def overrides(self, round_id: str) -> tuple[OverrideView, ...]:
        """Return the overrides of a round, those taken back among them, the newest first."""
        with self.store.reading() as reader:
            found = self._overrides(reader, self.the_round(reader, round_id).id)
            return self.shown(reader, found, round_id)

    @command(Command.SEE_ROUNDS)
    def notes(self, round_id: str, application: str | None = None) -> tuple[NoteView, ...]:
        """Return the notes on a round's applications, or on one of them, the newest first."""
        about: dict[str, Any] = {} if application is None else {"application": application}
        with self.store.reading() as reader:
            found = reader.find(
                NoteRow, round=self.the_round(reader, round_id).id, order=("-id",), **about
            )
            texts = self.sees_persons(reader)
            views = tuple(note_view(reader, each, texts=texts) for each in found)
            return self.shown(reader, views, round_id)

    @command(Command.SEE_ROUNDS)
    def outcomes(self, round_id: str) -> tuple[OutcomeView, ...]:
        """Return what became of a round's awards, the newest first."""
        with self.store.reading() as reader:
            found = reader.find(
                OutcomeRow, round=self.the_round(reader, round_id).id, order=("-id",)
            )
            texts, of_award = self.sees_persons(reader), defaultdict[str, list[OutcomeRow]](list)
            for each in reversed(found):
                of_award[each.application].append(each)
            stands = {each.id for rows in of_award.values() for each in standing(rows)}
            views = tuple(
                outcome_view(
                    reader,
                    each,
                    texts=texts,
                    superseded=each.kind != NO_OUTCOME and each.id not in stands,
                )
                for each in found
            )
            return self.shown(reader, views, round_id)

    # --- results ------------------------------------------------------------------------------

    @command(Command.SEE_ROUNDS)
    def loaded(self, round_id: str, run_id: str | None = None) -> LoadedRound:
        """Return a round as it would be decided now, or as a run had it.

        To whoever may not see persons, pseudonymised: good for every what-if, and no more.
        """
        with self.store.reading() as reader:
            round_ = self.the_round(reader, round_id)
            if run_id is None:
                found = inputs(reader, round_, self.secret).loaded
            else:
                found = loaded_of(self.record_of(reader, self.the_run(reader, run_id)))
            if self.sees_persons(reader):
                return found
            return Pseudonyms(self.secret).of_loaded(found, self._hidden(reader, round_))

    @command(Command.SEE_ROUNDS)
    def result(self, run_id: str) -> Result:
        """Return a run, out of its record; to whoever may not see persons, pseudonymised."""
        with self.store.reading() as reader:
            run = self.the_run(reader, run_id)
            found = self._result(reader, run)
            if self.sees_persons(reader):
                return found
            hidden = self._hidden(reader, self.the_round(reader, run.round))
            return Pseudonyms(self.secret).of_result(found, hidden)

    @command(Command.DOWNLOAD)
    def record(self, run_id: str) -> bytes:
        """Return the record of a run: signed, once it is published."""
        with self.store.reading() as reader:
            return self.record_of(reader, self.the_run(reader, run_id))

    @command(Command.DOWNLOAD)
    def outputs(self, run_id: str) -> dict[str, bytes]:
        """Return every file of a run by name."""
        with self.store.reading() as reader:
            record = self.record_of(reader, self.the_run(reader, run_id))
        return files_of_run(record)

    @command(Command.VERIFY)
    def verify(self, run_id: str) -> Report:
        """Verify the record of a run, against its round's previous record where it names one."""
        with self.store.reading() as reader:
            run = self.the_run(reader, run_id)
            record = self.record_of(reader, run)
            before = None if run.previous_run is None else str(run.previous_run)
            previous = before and self.record_of(reader, self.the_run(reader, before))
        report = verify_bytes(record, Given(previous=previous or None))
        with self.store.reading() as reader:
            return self.shown(reader, report, run.round)

    @command(Command.SEE_ROUNDS)
    def reserve(self, round_id: str, *, time_limit: float | None = None) -> tuple[Reserve, ...]:
        """Return the declined of a round's newest allocation in the order they were closest."""
        with self.store.reading() as reader:
            round_ = self.the_round(reader, round_id)
            number = round_.published_run or round_.current_run
            if number is None:
                raise AllocatorError(problem("office-no-record", value="–"))
            found = self._result(reader, self.the_run(reader, str(number)))
        listed = reserve_list(found, time_limit=time_limit)
        with self.store.reading() as reader:
            return self.shown(reader, listed, round_id)

    @command(Command.SEE_ROUNDS)
    def person_ledger(self, financial_year: str) -> tuple[PriorAward, ...]:
        """Return the awards that count for the limit of a year, sorted by person."""
        with self.store.reading() as reader:
            found = [e for e in ledger_of_persons(reader) if e.financial_year == financial_year]
            if not self.sees_persons(reader):
                found = [Pseudonyms(self.secret).of_award(each) for each in found]
        return tuple(sorted(found, key=lambda each: (each.person_id, each.meeting)))

    @command(Command.SEE_ACCOUNTS)
    def accounts(self) -> tuple[AccountView, ...]:
        """Return everybody of the office, by login."""
        with self.store.reading() as reader:
            return tuple(account_view(reader, row) for row in reader.find(AccountRow))

    @command(Command.SEE_STORE)
    def settings(self) -> dict[str, Any]:
        """Return the office's settings."""
        with self.store.reading() as reader:
            return {name: setting(reader, name) for name in SETTINGS}

    def shown[T](self, reader: Reader, value: T, round_id: str | None) -> T:
        """Return a view as this person may see it: without application ids that name somebody."""
        if self.sees_persons(reader):
            return value
        rows = reader.find(RoundRow) if round_id is None else (self.the_round(reader, round_id),)
        hidden: dict[str, str] = {}
        for row in rows:
            hidden |= self._hidden(reader, row)
        return renamed(value, hidden)

    def told(self, error: AllocatorError, typed: Container[str]) -> AllocatorError:
        """Return a refusal as this person may see it: without cells, persons and telling ids."""
        with self.store.reading() as reader:
            harmless = all(each.code in LOGGED | OF_THE_OFFICE for each in error.problems)
            if harmless or self.sees_persons(reader):
                return error
            bare = Pseudonyms(self.secret).of_problems(error.problems, typed)
            return AllocatorError(self.shown(reader, tuple(bare), None), error.exit_code)

    def _hidden(self, reader: Reader, row: RoundRow) -> dict[str, str]:
        """Return the pseudonyms of the application ids, now and ever, that may name somebody.

        Outside of a change they are found once for every state of the store, which the hash of the
        log's last entry names.
        """
        if isinstance(reader, Unit):
            return self._hidden_now(reader, row)
        key = "hidden ids", self.secret, row.id, reader.head().hash
        return MEMORY.recall(key, lambda: self._hidden_now(reader, row), lambda e: 1 + len(e) // 10)

    def _hidden_now(self, reader: Reader, row: RoundRow) -> dict[str, str]:
        ids, telling, seed = ids_of(reader, row.id), frozenset[str](), ""
        with suppress(AllocatorError):  # files that cannot be read tell nobody's name either
            loaded = bare_round(reader, row)
            seed = loaded.round.lottery_seed
            telling = frozenset(e.application_id for e in loaded.applications if tells(e))
            ids |= {each.application_id for each in loaded.applications}
        neutral = frozenset(e for e in ids if e not in telling and is_neutral(e, row.id))
        return Pseudonyms(self.secret).hidden_ids(ids, neutral, seed)

    # --- parts that other commands use --------------------------------------------------------

    def round_view(self, reader: Reader, row: RoundRow) -> RoundView:
        """Return a round with all that belongs to it."""
        snapshot = None if row.snapshot is None else reader.get(SnapshotRow, row.snapshot)
        policy = None if row.policy is None else reader.get(PolicyRow, row.policy)
        basis = basis_of(reader, row, self.secret)
        runs = self._runs(reader, row, basis)
        number = None if row.current_run is None else str(row.current_run)
        of_round: dict[str, Any] = {"round": row.id, "order": ("-id",)}
        return RoundView(
            summary=self._summary(reader, row),
            snapshot=None if snapshot is None else self._snapshot(reader, snapshot),
            policy=None if policy is None else self._policy(reader, policy),
            run=next((each for each in runs if each.id == number), None),
            runs=runs,
            overrides=self._overrides(reader, row.id),
            signoffs=tuple(signoff_view(each) for each in reader.find(SignoffRow, **of_round)),
            publications=tuple(
                publication_view(each) for each in reader.find(PublicationRow, **of_round)
            ),
            job=next((each for each in runs if each.status in UNDER_WAY), None),
            basis=standing_of(reader, row, basis),
            entry=reader.events(subject=subject_of(RoundRow, row.id), limit=1)[-1].seq,
        )

    def record_of(self, reader: Reader, run: RunRow) -> bytes:
        """Return the record of a run: as published, if it is.

        Raises
        ------
        AllocatorError
            ``office-no-record``.
        """
        found = newest_bytes(reader, _record_named(reader, run))
        if found is None:
            raise AllocatorError(problem("office-no-record", value=str(run.id)))
        return found

    def _result(self, reader: Reader, run: RunRow) -> Result:
        """Return a run, out of its record, read once and then kept, outside of changes."""
        named = _record_named(reader, run)
        if named is None or isinstance(reader, Unit):
            return result_of(self.record_of(reader, run))
        return MEMORY.recall(
            ("result", newest_copy(reader, named)),
            lambda: result_of(self.record_of(reader, run)),
            lambda each: RESULT * len(each.lines),
        )

    def is_current(self, reader: Reader, row: RoundRow, run: RunRow) -> bool:
        """Tell whether a run was made from what is there now."""
        return is_made_from(reader, row, run, basis_of(reader, row, self.secret))

    def _snapshot(self, reader: Reader, row: SnapshotRow) -> SnapshotView:
        return snapshot_view(reader, row, hashes=self.sees_persons(reader))

    def _policy(self, reader: Reader, row: PolicyRow) -> PolicyView:
        return policy_view(reader, row, texts=self.sees_persons(reader))

    def _summary(self, reader: Reader, row: RoundRow) -> RoundSummary:
        run = None if row.current_run is None else reader.get(RunRow, row.current_run)
        finished = run is not None and run.status in (DONE, NOT_FINAL)
        reallocating = ""
        if run is not None and row.current_run != row.published_run:
            current = row.published_run is None or self.is_current(reader, row, run)
            reallocating = "reallocating" if current else "reallocating-outdated"
        return round_summary(reader, row, run if finished else None, reallocating=reallocating)

    def _runs(self, reader: Reader, row: RoundRow, basis: Mapping[str, Any]) -> tuple[RunView, ...]:
        found = reader.find(RunRow, round=row.id, order=("-id",))
        persons = self.sees_persons(reader)
        return tuple(
            self.run_shown(
                reader, each, current=is_made_from(reader, row, each, basis), persons=persons
            )
            for each in found
        )

    def run_shown(self, reader: Reader, row: RunRow, *, current: bool, persons: bool) -> RunView:
        """Return a run; what its problems repeat of the files, to whoever may see persons."""
        view = run_view(reader, row, current=current)
        if persons or not view.problems:
            return view
        bare = Pseudonyms(self.secret).of_problems(view.problems)
        return self.shown(reader, replace(view, problems=tuple(bare)), row.round)

    def _overrides(self, reader: Reader, round_id: str) -> tuple[OverrideView, ...]:
        texts = self.sees_persons(reader)
        found = reader.find(OverrideRow, round=round_id, order=("-id",))
        return tuple(override_view(reader, each, texts=texts) for each in found)

    def _assessment(self, reader: Reader, row: RoundRow, loaded: LoadedRound) -> Assessment:
        """Judge a round as it would be decided now; done once, then kept, outside of changes."""
        if isinstance(reader, Unit):
            return assess(loaded)
        key = "assessment", standing_of(reader, row, basis_of(reader, row, self.secret))
        size = ROUND * len(loaded.applications)
        return MEMORY.recall(key, lambda: assess(loaded), lambda _: size)

    def _check(self, reader: Reader, row: RoundRow) -> CheckView:
        """Check a round as it would be decided, and warn of reports that are outstanding."""
        try:
            loaded = inputs(reader, row, self.secret).loaded
        except AllocatorError as error:
            return CheckView(ordered(error.problems), 0, 0, (), can_run=False)
        standing = standing_of(reader, row, basis_of(reader, row, self.secret))
        found = MEMORY.recall(
            ("check", standing),
            lambda: check(loaded, lambda each: self._assessment(reader, row, each)),
            lambda each: LIST * each.applications,
        )
        rule = reports_rule(reader, loaded)
        if has_errors(found.problems) or rule.follows is OwedReports.IGNORE:
            return found
        owed = outstanding_reports(reader, loaded, row.id, rule.days)
        warnings = (
            problem(
                "office-report-outstanding",
                severity=Severity.WARNING,
                value=state,
                count=count,
                days=rule.days,
                rule=say(f"office.reports-{'policy' if rule.by_policy else 'setting'}"),
            )
            for state, count in owed.items()
        )
        return replace(found, problems=ordered((*found.problems, *warnings)))


def _record_named(reader: Reader, run: RunRow) -> str | None:
    """Return the hash of a run's record as it was written: as published, if it is."""
    published = reader.find(PublicationRow, run=run.id)
    return published[0].record if published else run.record
