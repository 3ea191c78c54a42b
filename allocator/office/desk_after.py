"""After publication: what becomes of awards, payments, the ledger, and the use of what is free."""

from datetime import date

from allocator.errors import AllocatorError, problem
from allocator.explain.reallocation import plan_reallocation
from allocator.intake.folder import LoadedRound
from allocator.office.desk_awards import Published, fallen_awards, last_outcomes, published_awards
from allocator.office.desk_base import command
from allocator.office.desk_inputs import REALLOCATION, bare_round, inputs
from allocator.office.desk_rounds import wrong_state
from allocator.office.desk_show import FAILED, RUNNING, outcome_view
from allocator.office.desk_signing import Signing
from allocator.office.ledger import Claim, Paid, ledger, shares_of
from allocator.office.roles import Command
from allocator.office.states import AT_MEETING, FALLEN, FOLLOWS, REPORT, State
from allocator.office.store import Reader, Stale, Unit, subject_of
from allocator.office.store_rows import (
    OutcomeRow,
    PaymentRow,
    PublicationRow,
    RoundRow,
    RunRow,
)
from allocator.office.views import LedgerLine, OutcomeView, RunView
from allocator.record.revive import loaded_of
from allocator.texts import say
from allocator.wording import money


class AfterPublication(Signing):
    """Commands about published awards."""

    @command(Command.RECORD_OUTCOME)
    def outcome(
        self,
        round_id: str,
        application: str,
        kind: str,
        on: date,
        note: str = "",
        *,
        seen: int | None = None,
    ) -> OutcomeView:
        """Record what became of an award.

        Parameters
        ----------
        round_id, application : str
            Which award.
        kind : str
            As in ``views.OutcomeView``.
        on : date
            The day it happened.
        note : str
            Kept in the vault.
        seen : int, optional
            As for ``guard_award``.

        Raises
        ------
        AllocatorError
            ``office-not-awarded``, ``office-outcome-order``, ``office-outcome-date``.
        """
        with self.change(Command.RECORD_OUTCOME) as unit:
            # A report may come years later and moves no money; until it does, it is outstanding.
            also = (State.CLOSED,) if kind == REPORT else ()
            award = self._published(unit, round_id, application, Command.RECORD_OUTCOME, *also)
            guard_award(unit, round_id, application, seen)
            demand_day(on, unit.now)
            demand_order(award, kind, on, last_outcomes(unit, round_id).get(application))
            person = unit.person(award.person_id) if award.person_id else None
            kept = unit.keep("note", note.strip(), person=person) if note.strip() else None
            row = unit.insert(
                OutcomeRow,
                round=round_id,
                publication=award.publication,
                application=application,
                kind=kind,
                on_date=on.isoformat(),
                note_kept=kept.token if kept else None,
                by=self.identity.login,
            )
            self.tell(
                unit,
                "outcome-recorded",
                subject_of(RoundRow, round_id),
                application=application,
                outcome=kind,
                on=on,
                note=kept.commitment if kept else None,
            )
            return outcome_view(unit, row, texts=True)

    @command(Command.RECORD_PAYMENT)
    def pay(
        self,
        round_id: str,
        application: str,
        fund: str,
        amount: int,
        on: date,
        *,
        seen: int | None = None,
    ) -> None:
        """Record money that moved for an award.

        Parameters
        ----------
        round_id, application : str
            Which award.
        fund : str
            Which of its funds paid; empty in a round without funds.
        amount : int
            Minor units; below 0 if it came back.
        on : date
            The day.
        seen : int, optional
            As for ``guard_award``.

        Raises
        ------
        AllocatorError
            ``office-no-fund``, ``office-overpaid``, ``office-amount``.
        """
        if not amount:
            raise AllocatorError(problem("office-amount"))
        with self.change(Command.RECORD_PAYMENT) as unit:
            award = self._published(unit, round_id, application, Command.RECORD_PAYMENT)
            guard_award(unit, round_id, application, seen)
            demand_day(on, unit.now)
            shares = shares_of(award.award)
            if fund not in shares:
                funds = ", ".join(shares) or "–"
                raise AllocatorError(problem("office-no-fund", value=fund or "–", funds=funds))
            earlier = unit.find(PaymentRow, round=round_id, application=application, fund=fund)
            paid = sum(each.amount for each in earlier)
            last = last_outcomes(unit, round_id).get(application)
            # Of an award that fell through no more is owed: what was paid stays, or comes back.
            most = max(paid, 0) if last and last.kind in FALLEN else shares[fund]
            if not 0 <= paid + amount <= most:
                raise AllocatorError(
                    problem(
                        "office-overpaid",
                        paid=money(paid + amount),
                        awarded=money(most),
                    )
                )
            unit.insert(
                PaymentRow,
                round=round_id,
                application=application,
                fund=fund,
                amount=amount,
                currency=bare_round(unit, self.the_round(unit, round_id)).round.currency,
                kind="payment" if amount > 0 else "refund",
                on_date=on.isoformat(),
                by=self.identity.login,
            )
            self.tell(
                unit,
                "paid",
                subject_of(RoundRow, round_id),
                application=application,
                line=fund or say("office.meeting-budget"),
                amount=amount,
                on=on,
            )

    @command(Command.SEE_ROUNDS)
    def fund_ledger(self, round_id: str) -> tuple[LedgerLine, ...]:
        """Return where a round's money stands, by fund and by meeting."""
        with self.store.reading() as reader:
            row = self.the_round(reader, round_id)
            last = last_outcomes(reader, round_id)
            claims = [
                Claim(each.award, each.meeting, not _fell(last.get(application)))
                for application, each in sorted(published_awards(reader, round_id).items())
            ]
            paid = [
                Paid(each.application, each.fund, each.amount)
                for each in reader.find(PaymentRow, round=round_id)
            ]
            closed = row.state == State.CLOSED.value
            return ledger(bare_round(reader, row).round, claims, paid, closed=closed)

    @command(Command.REALLOCATE)
    def reallocate(self, round_id: str, reason: str = "") -> RunView:
        """Propose the best use of what is free, keeping every published award that stands.

        The run is to be proposed, approved and published like the first: as the next record.

        Raises
        ------
        AllocatorError
            ``office-nothing-free``, ``office-wrong-state``.
        """
        run = self._enter_reallocation(round_id, reason, RUNNING, None)
        view = self._work(run.id, None, None)
        if view.status == FAILED:
            raise AllocatorError(view.problems)
        return view

    def _enter(
        self,
        asked: Command,
        round_id: str,
        kind: str,
        status: str,
        time_limit: float | None,
        reason: str = "",
    ) -> RunRow:
        """Enter a run; a reallocation has conditions of its own."""
        if kind == REALLOCATION:
            return self._enter_reallocation(round_id, reason, status, time_limit)
        return super()._enter(asked, round_id, kind, status, time_limit, reason)

    def _enter_reallocation(
        self, round_id: str, reason: str, status: str, time_limit: float | None
    ) -> RunRow:
        with self.change(Command.REALLOCATE) as unit:
            row = self.the_round(unit, round_id)
            if row.state != State.PUBLISHED.value:
                raise wrong_state(row, Command.REALLOCATE)
            if not self._newly_free(unit, row):
                raise AllocatorError(problem("office-nothing-free"))
            kept = unit.keep("reason", reason.strip()) if reason.strip() else None
            basis = inputs(unit, row, self.secret).basis
            basis |= {"fallen": fallen_awards(unit, round_id)}
            run = self.enter_run(
                unit,
                row,
                REALLOCATION,
                status,
                basis,
                time_limit=time_limit,
                previous_run=row.published_run,
            )
            if kept:
                subject = subject_of(RoundRow, round_id)
                self.tell(unit, "reallocating", subject, run=run.id, reason=kept.commitment)
            return run

    def _newly_free(self, reader: Reader, round_: RoundRow) -> bool:
        """Tell whether there is money that the last publication did not know to be free.

        Either one of its awards fell through, or of what it took for spent some came back.
        """
        newest = reader.find(PublicationRow, round=round_.id, order=("-number",), limit=1)[0]
        outcomes, awards = last_outcomes(reader, round_.id), published_awards(reader, round_.id)
        if any(
            each.publication == newest.id and _fell(outcomes.get(application))
            for application, each in awards.items()
        ):
            return True
        known = dict(loaded_of(self.record_of(reader, self.the_run(reader, str(newest.run)))).spent)
        now = _spent_on(bare_round(reader, round_), fallen_awards(reader, round_.id), awards)
        return any(now.get(line, 0) < amount for line, amount in known.items())

    def made_from(self, reader: Reader, row: RunRow) -> LoadedRound:
        """Return the round that a run decides; a reallocation keeps what stands."""
        found = super().made_from(reader, row)
        if row.kind != REALLOCATION:
            return found
        awards, fallen = published_awards(reader, row.round), fallen_awards(reader, row.round)
        plan = plan_reallocation(
            found,
            {application: each.award.package for application, each in awards.items()},
            fallen,
            by=row.by,
            on=date.fromisoformat(row.at[:10]),
            spent=_spent_on(found, fallen, awards),
        )
        if plan.broken:  # a published award is never taken back without a word
            raise AllocatorError(problem("office-award-broken", value=", ".join(plan.broken)))
        return plan.loaded

    def _published(
        self, unit: Unit, round_id: str, application: str, asked: Command, *also: State
    ) -> Published:
        """Return a published award of a round that is published, or in a state named besides.

        Raises
        ------
        AllocatorError
            ``office-wrong-state``, ``office-not-awarded``.
        """
        row = self.the_round(unit, round_id)
        if row.state not in (State.PUBLISHED, *also):
            raise wrong_state(row, asked)
        found = published_awards(unit, round_id).get(application)
        if found is None:
            raise AllocatorError(problem("office-not-awarded", value=application))
        return found


def guard_award(reader: Reader, round_id: str, application: str, seen: int | None) -> None:
    """Refuse what was decided before something else was recorded of the same award.

    Parameters
    ----------
    reader : Reader
        The store.
    round_id, application : str
        Which award.
    seen : int, optional
        The number of the newest entry of the round's log that was looked at (``RoundView.entry``);
        ``None`` if nobody looked.

    Raises
    ------
    Stale
        With what was recorded since.
    """
    if seen is None:
        return
    since = reader.events(subject=subject_of(RoundRow, round_id), since=max(0, seen))
    about = tuple(each for each in since if each.payload.get("application") == application)
    row = reader.get(RoundRow, round_id)
    if about and row is not None:
        raise Stale(row, about)


FIRST_DAY, YEARS_AHEAD = date(2000, 1, 1), 10
"""No day before the one, or further ahead than the other, is meant: it is a slip of the pen."""


def demand_day(on: date, now: str) -> None:
    """Refuse a day that nobody can mean.

    Raises
    ------
    AllocatorError
        ``office-day-absurd``.
    """
    if on < FIRST_DAY or on.year > int(now[:4]) + YEARS_AHEAD:
        raise AllocatorError(problem("office-day-absurd", value=on.isoformat()))


def demand_order(
    award: Published, kind: str, on: date, last: OutcomeRow | None, *, also: str = ""
) -> None:
    """Refuse an outcome that cannot follow the last one, or lies before it, decision or meeting.

    Parameters
    ----------
    award : Published
        What the outcome is of.
    kind, on : str, date
        What is to be recorded.
    last : OutcomeRow or None
        What it follows, ``None`` if nothing.
    also : str
        A kind that is possible besides those that follow.

    Raises
    ------
    AllocatorError
        ``office-outcome-order``, ``office-outcome-date``.
    """
    before = last.kind if last else ""
    allowed = [each for each, after in FOLLOWS.items() if before in after]
    if also and also not in allowed:
        allowed.append(also)
    if kind not in allowed:
        raise AllocatorError(
            problem(
                "office-outcome-order",
                value=award.award.application_id,
                before=before or say("office.no-outcome"),
                kind=kind,
                allowed=", ".join(allowed) or "–",
            )
        )
    earliest = date.fromisoformat(last.on_date) if last else award.decided_on
    if kind in AT_MEETING:
        earliest = max(earliest, award.meeting_starts)
    if on < earliest:
        raise AllocatorError(problem("office-outcome-date", on=on, kind=kind, earliest=earliest))


def _spent_on(
    loaded: LoadedRound, fallen: dict[str, dict[str, int]], awards: dict[str, Published]
) -> dict[str, int]:
    """Return what was paid for awards that fell through, by the line it is gone from."""
    budgeted = {each.id for each in loaded.round.meetings if each.budget is not None}
    spent: dict[str, int] = {}
    for application, paid in fallen.items():
        meeting = awards[application].meeting
        for fund, amount in paid.items():
            lines = [f"fund[{fund}]"] if fund else []
            lines += [f"budget[{meeting}]"] if meeting in budgeted else []
            for line in lines:
                spent[line] = spent.get(line, 0) + amount
    return spent


def _fell(last: OutcomeRow | None) -> bool:
    return last is not None and last.kind in FALLEN
