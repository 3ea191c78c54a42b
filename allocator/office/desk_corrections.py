"""An outcome that was recorded wrongly is corrected: another stands in its place, and it stays."""

from datetime import date

from allocator.errors import AllocatorError, problem
from allocator.intake.assess import used_half_units
from allocator.office.desk_after import (
    AfterPublication,
    demand_day,
    demand_order,
    guard_award,
)
from allocator.office.desk_awards import Published, awards_without, standing
from allocator.office.desk_base import command
from allocator.office.desk_inputs import inputs
from allocator.office.desk_rounds import demand_reason
from allocator.office.desk_show import outcome_view
from allocator.office.roles import Command
from allocator.office.states import FALLEN, NO_OUTCOME, UNUSED
from allocator.office.store import Reader, subject_of
from allocator.office.store_rows import OutcomeRow, PublicationRow, RoundRow
from allocator.office.views import OutcomeView


class Corrections(AfterPublication):
    """Corrections of what was recorded after publication."""

    @command(Command.CORRECT_OUTCOME)
    def correct_outcome(
        self,
        round_id: str,
        application: str,
        kind: str,
        on: date,
        reason: str,
        *,
        seen: int | None = None,
    ) -> OutcomeView:
        """Put another outcome in the place of the last one of an award; both stay in the log.

        Parameters
        ----------
        round_id, application : str
            Which award.
        kind : str
            What really became of it, as in ``views.OutcomeView``: what can follow the outcome
            before the wrong one, that outcome itself, or ``none`` if there was none before.
        on : date
            The day it happened.
        reason : str
            Why: kept in the vault.
        seen : int, optional
            As for ``guard_award``.

        Raises
        ------
        AllocatorError
            ``office-outcome-none``, ``office-outcome-same``, ``office-outcome-order``,
            ``office-outcome-date``; ``office-outcome-reallocated`` and
            ``office-outcome-year`` where the money, or the person's place in the limit of the year,
            that the wrong outcome had freed was awarded anew.
        """
        demand_reason(reason)
        with self.change(Command.CORRECT_OUTCOME) as unit:
            award = self._published(unit, round_id, application, Command.CORRECT_OUTCOME)
            guard_award(unit, round_id, application, seen)
            before, wrong = _last_two(unit, round_id, application)
            if (kind, on.isoformat()) == (wrong.kind, wrong.on_date):
                raise AllocatorError(problem("office-outcome-same", value=application, kind=kind))
            demand_day(on, unit.now)
            demand_order(award, kind, on, before, also=before.kind if before else NO_OUTCOME)
            if wrong.kind in FALLEN and kind not in FALLEN:
                _demand_money(unit, round_id, award, wrong)
            if wrong.kind in UNUSED and kind not in UNUSED:
                self._demand_year(unit, round_id, award)
            person = unit.person(award.person_id) if award.person_id else None
            kept = unit.keep("note", reason.strip(), person=person)
            row = unit.insert(
                OutcomeRow,
                round=round_id,
                publication=award.publication,
                application=application,
                kind=kind,
                on_date=on.isoformat(),
                note_kept=kept.token,
                by=self.identity.login,
                corrects=wrong.id,
            )
            self.tell(
                unit,
                "outcome-corrected",
                subject_of(RoundRow, round_id),
                application=application,
                before=wrong.kind,
                outcome=kind,
                on=on,
                reason=kept.commitment,
            )
            return outcome_view(unit, row, texts=True)

    def _demand_year(self, reader: Reader, round_id: str, award: Published) -> None:
        """Refuse to count an award again for which its person has had others instead.

        Raises
        ------
        AllocatorError
            ``office-outcome-year``.
        """
        loaded = inputs(reader, self.the_round(reader, round_id), self.secret).loaded
        limit, person = loaded.rules.person_year, award.person_id
        if limit is None or not person:
            return
        own = [
            each.award.package
            for each in awards_without(reader, round_id, UNUSED).values()
            if each.person_id == person
        ]
        used = used_half_units(loaded).get(person, 0)
        if used + sum(limit.units(each) for each in (*own, award.award.package)) > limit.at_most:
            value = award.award.application_id
            raise AllocatorError(problem("office-outcome-year", value=value))


def _last_two(
    reader: Reader, round_id: str, application: str
) -> tuple[OutcomeRow | None, OutcomeRow]:
    """Return what is recorded of an award now, and what was recorded before it.

    Raises
    ------
    AllocatorError
        ``office-outcome-none``.
    """
    stands = standing(reader.find(OutcomeRow, round=round_id, application=application))
    if not stands:
        raise AllocatorError(problem("office-outcome-none", value=application))
    return (stands[-2] if len(stands) > 1 else None), stands[-1]


def _demand_money(reader: Reader, round_id: str, award: Published, wrong: OutcomeRow) -> None:
    """Refuse to let an award stand again whose money a later publication has used.

    Raises
    ------
    AllocatorError
        ``office-outcome-reallocated``.
    """
    newest = reader.find(PublicationRow, round=round_id, order=("-number",), limit=1)[0]
    if award.publication != newest.id:
        raise AllocatorError(
            problem(
                "office-outcome-reallocated",
                value=award.award.application_id,
                kind=wrong.kind,
                number=newest.number,
            )
        )
