"""Allocations: what a round gives now, in this process or queued for another.

A run holds no transaction while it computes: it is entered, decided, and then entered as done.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from allocator.decide import decide
from allocator.errors import AllocatorError, problem
from allocator.explain.price import Price, price
from allocator.explain.result import Result
from allocator.explain.what_if import assessed, what_if
from allocator.intake.folder import LoadedRound
from allocator.intake.overrides import Override, OverrideKind
from allocator.model import Package
from allocator.office.desk_base import command
from allocator.office.desk_inputs import PROPOSAL, REALLOCATION, WHAT_IF, Inputs, inputs
from allocator.office.desk_outputs import record_of_run, summary_of
from allocator.office.desk_rounds import Rounds, wrong_state
from allocator.office.desk_show import (
    CANCELLED,
    DONE,
    FAILED,
    NOT_FINAL,
    PROBLEMS,
    PROBLEMS_KEPT,
    QUEUED,
    RUNNING,
    UNDER_WAY,
    run_view,
)
from allocator.office.desk_watch import Listener, Question, Watcher, stop_of, with_stop
from allocator.office.roles import Command
from allocator.office.states import OPEN, State
from allocator.office.store import Head, Reader, Unit, subject_of
from allocator.office.store_rows import PublicationRow, RoundRow, RunRow
from allocator.office.views import RunView
from allocator.optimise.allocation import Status
from allocator.optimise.watch import Progress
from allocator.texts import say

NOTHING_YET = "optimise-no-answer"
"""Why a search that was stopped has no allocation to keep."""


@dataclass(frozen=True, slots=True)
class OverrideDraft:
    """An override that somebody considers: as ``OverrideView``, without author and reason."""

    application: str
    decision: str
    package: str | None = None


@dataclass(frozen=True, slots=True)
class _Ready:
    """A run that was entered, with what it is made from."""

    run: RunRow
    loaded: LoadedRound
    head: Head
    previous: str | None


class Runs(Rounds):
    """Commands that allocate."""

    @command(Command.RUN)
    def run(
        self,
        round_id: str,
        *,
        time_limit: float | None = None,
        progress: Listener | None = None,
        cancel: Question | None = None,
        processes: int = 1,
    ) -> RunView:
        """Allocate a round now, in this process.

        Parameters
        ----------
        round_id : str
            The round, in draft or checked.
        time_limit : float, optional
            Seconds; after them the best known answer is kept, marked not final.
        progress : callable, optional
            Told how the solve stands.
        cancel : callable, optional
            Asked whether to stop.
        processes : int
            How many share the margins; 1 where this process must not be started again.

        Raises
        ------
        AllocatorError
            Every problem of the round, or why no allocation is possible: the run is then failed.
        """
        row = self._enter(Command.RUN, round_id, PROPOSAL, RUNNING, time_limit)
        view = self._work(row.id, progress, cancel, processes)
        if view.status == FAILED:
            raise AllocatorError(view.problems)
        return view

    @command(Command.RUN)
    def queue_run(
        self,
        round_id: str,
        *,
        kind: str = PROPOSAL,
        time_limit: float | None = None,
        reason: str = "",
    ) -> RunView:
        """Enter a run that another process takes up with ``work``.

        Parameters
        ----------
        round_id : str
            The round.
        kind : str
            ``proposal``, ``reallocation`` or ``what-if``.
        time_limit : float, optional
            Seconds; after them the best known answer is kept, marked not final.
        reason : str
            Why a reallocation is asked for; kept in the vault. Other runs have none.
        """
        row = self._enter(Command.RUN, round_id, kind, QUEUED, time_limit, reason)
        return self._run_view(row.id)

    @command(Command.RUN)
    def work(
        self,
        run_id: str,
        *,
        progress: Listener | None = None,
        cancel: Question | None = None,
        processes: int = 1,
    ) -> RunView:
        """Take up a queued run and finish it; one that is not queued is left as it is."""
        with self.change(Command.RUN) as unit:
            row = self.the_run(unit, run_id)
            if row.status != QUEUED:
                return self._view_in(unit, row)
            unit.update(RunRow, row.id, row.version, status=RUNNING, started_at=unit.now)
            self._tell_run(unit, "run-started", row)
        return self._work(row.id, progress, cancel, processes)

    @command(Command.CANCEL_RUN)
    def cancel_run(self, run_id: str, *, for_good: bool = False) -> RunView:
        """Stop a run: it ends with the best allocation found so far, as at a time limit.

        Until its process has heard of it the run stays under way. One that only waits ends at
        once, and one that has found nothing yet as soon as its process hears of it: cancelled.
        So does at once, keeping nothing, a run that the same person asks to stop again.

        Parameters
        ----------
        run_id : str
            The run; one that has ended is left as it is.
        for_good : bool
            Whether to end it at once, whatever its process does, and keep nothing.
        """
        with self.change(Command.CANCEL_RUN) as unit:
            row = self.the_run(unit, run_id)
            again = (stop_of(row) or {}).get("by") == self.identity.login
            if row.status == RUNNING and not (for_good or again):
                row = self._ask_to_stop(unit, row)
            elif row.status in UNDER_WAY:
                row = self.end_run(unit, row, "run-cancelled")
            return self._view_in(unit, row)

    def _ask_to_stop(self, unit: Unit, row: RunRow) -> RunRow:
        summary = with_stop(unit, row, self.identity.login)
        row = unit.update(RunRow, row.id, row.version, summary=summary)
        self._tell_run(unit, "run-stopping", row)
        return row

    def end_run(self, unit: Unit, row: RunRow, event: str) -> RunRow:
        """Enter a run as cancelled and tell why; nothing of it is kept."""
        row = unit.update(RunRow, row.id, row.version, status=CANCELLED, finished_at=unit.now)
        self._tell_run(unit, event, row)
        return row

    @command(Command.COMPARE)
    def price(
        self,
        round_id: str,
        drafts: tuple[OverrideDraft, ...] | None = None,
        *,
        time_limit: float | None = None,
    ) -> Price:
        """Return what overrides cost: the round without any, and with them.

        Parameters
        ----------
        round_id : str
            The round, as it would be decided now.
        drafts : tuple of OverrideDraft, optional
            Instead of the overrides that are in force.
        time_limit : float, optional
            Seconds.

        Raises
        ------
        AllocatorError
            The overrides that cannot all hold, by name.
        """
        with self.store.reading() as reader:
            found = inputs(reader, self.the_round(reader, round_id), self.secret)
        known = assessed(found.loaded)
        chosen = found.loaded.overrides if drafts is None else self._considered(drafts)
        before = what_if(known, overrides=(), time_limit=time_limit)
        found_price = price(before, what_if(known, overrides=chosen, time_limit=time_limit))
        with self.store.reading() as reader:
            return self.shown(reader, found_price, round_id)

    def _considered(self, drafts: tuple[OverrideDraft, ...]) -> tuple[Override, ...]:
        today = datetime.now(UTC).date()
        return tuple(
            Override(
                application_id=each.application,
                decision=OverrideKind(each.decision),
                reason="?",
                by=self.identity.login,
                on=today,
                package=Package(each.package) if each.package else None,
            )
            for each in drafts
        )

    # --- how a run is made --------------------------------------------------------------------

    def _enter(
        self,
        asked: Command,
        round_id: str,
        kind: str,
        status: str,
        time_limit: float | None,
        reason: str = "",
    ) -> RunRow:
        """Enter a run of what is there now; only a reallocation keeps a reason."""
        with self.change(asked) as unit:
            round_ = self.the_round(unit, round_id)
            if kind not in (PROPOSAL, WHAT_IF):
                raise AllocatorError(problem("office-no-item", value=kind))
            if kind == PROPOSAL and State(round_.state) not in OPEN:
                raise wrong_state(round_, asked)
            if round_.snapshot is None or round_.policy is None:
                raise AllocatorError(problem("office-no-files", value="policy.yaml"))
            basis = inputs(unit, round_, self.secret).basis
            return self.enter_run(unit, round_, kind, status, basis, time_limit=time_limit)

    def enter_run(
        self,
        unit: Unit,
        round_: RoundRow,
        kind: str,
        status: str,
        basis: dict[str, Any],
        *,
        time_limit: float | None = None,
        previous_run: int | None = None,
    ) -> RunRow:
        """Enter a run and tell it."""
        row = unit.insert(
            RunRow,
            round=round_.id,
            snapshot=round_.snapshot,
            policy=round_.policy,
            kind=kind,
            status=status,
            overrides=basis,
            summary={"time_limit": None if time_limit is None else str(time_limit)},
            previous_run=previous_run,
            started_at=unit.now if status == RUNNING else None,
            by=self.identity.login,
        )
        self._tell_run(unit, "run-started" if status == RUNNING else "run-queued", row)
        return row

    def _tell_run(self, unit: Unit, event: str, row: RunRow, **payload: Any) -> None:
        subject = subject_of(RoundRow, row.round)
        self.tell(unit, event, subject, run=row.id, run_kind=row.kind, **payload)

    def made_from(self, reader: Reader, row: RunRow) -> LoadedRound:
        """Return the round that a run decides; a reallocation adds its own overrides."""
        return self._inputs_of(reader, row).loaded

    def _inputs_of(self, reader: Reader, row: RunRow) -> Inputs:
        return inputs(reader, self.the_round(reader, row.round), self.secret)

    def _work(
        self, run: int, progress: Listener | None, cancel: Question | None, processes: int = 1
    ) -> RunView:
        try:
            with self.store.reading() as reader:
                ready = self._ready(reader, run)
            limit = (ready.run.summary or {}).get("time_limit")
            watcher = Watcher(self.store, ready.run.id, progress, cancel)
            result = decide(
                ready.loaded,
                time_limit=None if limit is None else float(limit),
                progress=watcher.note,
                cancel=watcher.stopped,
                processes=processes,
            )
            watcher.note(Progress("record", None, None, 0.0))
            record, fingerprint = record_of_run(result, ready.loaded, ready.head, ready.previous)
        except AllocatorError as error:
            return self._fail(run, error)
        except BaseException:
            self._fail(run, AllocatorError(problem("office-run-broke", value=str(run))))
            raise
        return self._finish(ready.run, result, record, fingerprint)

    def _ready(self, reader: Reader, run: int) -> _Ready:
        row = self.the_run(reader, str(run))
        last = reader.find(PublicationRow, round=row.round, order=("-number",), limit=1)
        previous = last[0].manifest if last and row.kind == REALLOCATION else None
        return _Ready(row, self.made_from(reader, row), reader.head(), previous)

    def _finish(self, row: RunRow, result: Result, record: bytes, fingerprint: str) -> RunView:
        """Enter a run as done; one that was ended meanwhile stays as it is."""
        final = result.allocation.status is Status.OPTIMAL
        # The right was asked for when the run was entered; it ends even if taken back meanwhile.
        with self.store.transaction() as unit:
            now = self.the_run(unit, str(row.id))
            if now.finished_at is not None:
                return self._view_in(unit, now)
            now = unit.update(
                RunRow,
                now.id,
                now.version,
                status=DONE if final else NOT_FINAL,
                finished_at=unit.now,
                record=unit.put_blob(record, "record", personal=True),
                manifest=fingerprint,
                summary=summary_of(result),
            )
            round_ = self.the_round(unit, row.round)
            if self._becomes_current(round_, now):
                unit.update(RoundRow, round_.id, round_.version, current_run=now.id)
            self._tell_run(unit, "run-finished", now, status=now.status, fingerprint=fingerprint)
            return self._view_in(unit, now)

    def _becomes_current(self, round_: RoundRow, run: RunRow) -> bool:
        state = State(round_.state)
        if run.kind == REALLOCATION:
            return state is State.PUBLISHED
        return run.kind == PROPOSAL and state in OPEN

    def _fail(self, run: int, error: AllocatorError) -> RunView:
        full = [each.as_json() for each in error.problems]
        bare = [each | {"value": "", "what": say("office.problem-kept"), "do": ""} for each in full]
        with self.store.transaction() as unit:
            row = self.the_run(unit, str(run))
            if row.finished_at is None and stop_of(row) and error.code == NOTHING_YET:
                row = self.end_run(unit, row, "run-empty")
            elif row.finished_at is None:
                # A run's row can never change again: what repeats the files goes into the vault.
                kept = unit.keep("problems", json.dumps(full))
                row = unit.update(
                    RunRow,
                    row.id,
                    row.version,
                    status=FAILED,
                    finished_at=unit.now,
                    summary={PROBLEMS: bare, PROBLEMS_KEPT: kept.token},
                )
                codes = sorted({each.code for each in error.problems})
                self._tell_run(unit, "run-failed", row, codes=codes, problems=kept.commitment)
            return self._view_in(unit, row)

    def _run_view(self, run: int) -> RunView:
        with self.store.reading() as reader:
            return self._view_in(reader, self.the_run(reader, str(run)))

    def _view_in(self, reader: Reader, row: RunRow) -> RunView:
        current = self.is_current(reader, self.the_round(reader, row.round), row)
        return run_view(reader, row, current=current)
