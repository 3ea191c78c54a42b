"""What people decide over the method: overrides, notes, and whom they stand back from."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from allocator.errors import AllocatorError, Where, has_errors, ordered, problem
from allocator.intake.assess import assess
from allocator.intake.overrides import OverrideKind, refused_overrides, wrong_by_themselves
from allocator.model import Application, Package
from allocator.naming import Kind, resolve
from allocator.office.desk_base import command, guard_seen, seen_of
from allocator.office.desk_inputs import applications_by_id, bare_round, the_application
from allocator.office.desk_rounds import demand_reason
from allocator.office.desk_runs import OverrideDraft, Runs
from allocator.office.desk_show import account_view, note_view, override_view
from allocator.office.desk_words import number_of
from allocator.office.roles import Command
from allocator.office.store import Reader, subject_of
from allocator.office.store_rows import (
    AccountRow,
    NoteRow,
    OverrideRow,
    PersonalRow,
    RecusalRow,
    RoundRow,
)
from allocator.office.views import AccountView, NoteView, OverrideView

DECISIONS = (OverrideKind.MUST.value, OverrideKind.MUST_NOT.value)


class Review(Runs):
    """Commands of the review."""

    @command(Command.OVERRIDE)
    def override(
        self,
        round_id: str,
        application: str,
        decision: str,
        reason: str,
        *,
        package: str | None = None,
        seen: int | None,
    ) -> OverrideView:
        """Override what the method decides of an application, in place of an earlier override.

        Parameters
        ----------
        round_id, application : str
            Which application.
        decision : str
            ``must award`` or ``must not award``.
        reason : str
            Why: it goes into the record.
        package : str, optional
            Fixes what is awarded.
        seen : int, optional
            The version of the round that was looked at.

        Raises
        ------
        AllocatorError
            ``office-recused`` for an administration one stands back from; ``override-ineligible``,
            ``override-package`` and ``override-package-idle`` for what no run could follow.
        """
        demand_reason(reason)
        if decision not in DECISIONS or (package and package not in set(Package)):
            wrong = package if decision in DECISIONS else decision
            raise AllocatorError(problem("office-decision", value=wrong or ""))
        drafted = OverrideDraft(application, decision, package)
        with self.store.reading() as reader:  # beforehand: judging a large round takes seconds
            self._demand_possible(reader, round_id, drafted, seen)
        with self.change(Command.OVERRIDE) as unit:
            round_ = self._open_round(unit, round_id, seen, Command.OVERRIDE)
            about = self._about(unit, round_, application)
            for earlier in unit.find(
                OverrideRow, round=round_id, application=application, active=True
            ):
                unit.update(OverrideRow, earlier.id, earlier.version, active=False)
            kept = unit.keep("reason", reason.strip(), person=unit.person(about.person_id))
            row = unit.insert(
                OverrideRow,
                round=round_id,
                application=application,
                decision=decision,
                package=package,
                reason_kept=kept.token,
                active=True,
                by=self.identity.login,
            )
            # The round itself changes too, so that whoever decides on it learns of the override.
            unit.update(RoundRow, round_id, seen_of(round_, seen), title=round_.title)
            self.tell(
                unit,
                "overridden",
                subject_of(RoundRow, round_id),
                application=application,
                decision=decision,
                package=package,
                reason=kept.commitment,
            )
            return override_view(unit, row, texts=True)

    @command(Command.OVERRIDE)
    def withdraw_override(self, override_id: str, reason: str, seen: int | None) -> OverrideView:
        """Take an override back, also one of an application that is in the files no more.

        Parameters
        ----------
        override_id : str
            Its number.
        reason : str
            Why.
        seen : int, optional
            The version of the override that was looked at.
        """
        demand_reason(reason)
        with self.change(Command.OVERRIDE) as unit:
            number = number_of(override_id)
            row = None if number is None else unit.get(OverrideRow, number)
            if row is None or not row.active:
                code = "office-no-item" if row is None else "office-override-over"
                raise AllocatorError(problem(code, value=override_id))
            guard_seen(unit, row, override_id, seen)
            round_ = self._open_round(unit, row.round, None, Command.OVERRIDE)
            self._refuse_where_recused(unit, round_, row.application)
            before = unit.get(PersonalRow, row.reason_kept) if row.reason_kept else None
            kept = unit.keep("reason", reason.strip(), person=before.subject if before else None)
            row = unit.update(OverrideRow, row.id, row.version, active=False)
            unit.update(RoundRow, round_.id, round_.version, title=round_.title)
            self.tell(
                unit,
                "override-withdrawn",
                subject_of(RoundRow, round_.id),
                application=row.application,
                reason=kept.commitment,
            )
            return override_view(unit, row, texts=True)

    @command(Command.NOTE)
    def note(
        self,
        round_id: str,
        application: str,
        text: str,
        attachments: Sequence[tuple[str, bytes]] = (),
    ) -> NoteView:
        """Write a note on an application.

        Parameters
        ----------
        round_id, application : str
            Which application.
        text : str
            The note: it stays in the vault, beside the log, and can be erased.
        attachments : sequence of (str, bytes)
            Files by name: only their names and SHA-256 are kept.
        """
        demand_reason(text)
        listed = [(name, hashlib.sha256(content).hexdigest()) for name, content in attachments]
        with self.change(Command.NOTE) as unit:
            round_ = self.the_round(unit, round_id)
            person = unit.person(self._application(unit, round_, application).person_id)
            kept = unit.keep("note", text.strip(), person=person)
            files = unit.keep("attachments", json.dumps(listed), person=person) if listed else None
            row = unit.insert(
                NoteRow,
                round=round_id,
                application=application,
                text_kept=kept.token,
                attachment_kept=files.token if files else None,
                attachment_sha256=listed[0][1] if len(listed) == 1 else None,
                by=self.identity.login,
            )
            self.tell(
                unit,
                "noted",
                subject_of(RoundRow, round_id),
                application=application,
                note=kept.commitment,
                attachments=files.commitment if files else None,
            )
            return note_view(unit, row, texts=True)

    @command(Command.RECUSE)
    def recuse(self, login: str, administration: str, reason: str) -> AccountView:
        """Record that a person stands back from the applications of an administration."""
        return self._stand_back(login, administration, reason, active=True)

    @command(Command.RECUSE)
    def lift_recusal(self, login: str, administration: str, reason: str) -> AccountView:
        """Record that a person stands back from an administration no longer."""
        return self._stand_back(login, administration, reason, active=False)

    def _stand_back(
        self, login: str, administration: str, reason: str, *, active: bool
    ) -> AccountView:
        demand_reason(reason)
        code = administration_code(administration)
        with self.change(Command.RECUSE) as unit:
            account = unit.get(AccountRow, login)
            if account is None:
                raise AllocatorError(problem("office-no-such-account", value=login))
            if not active and login == self.identity.login:
                raise AllocatorError(problem("office-own-recusal"))
            found = unit.find(RecusalRow, account=login, administration=code)
            if found:
                unit.update(RecusalRow, found[0].id, found[0].version, active=active)
            else:
                unit.insert(RecusalRow, account=login, administration=code, active=active)
            kept = unit.keep("reason", reason.strip())
            self.tell(
                unit,
                "recused" if active else "recusal-lifted",
                subject_of(AccountRow, login),
                login=login,
                administration=code,
                reason=kept.commitment,
            )
            return account_view(unit, account)

    def _demand_possible(
        self, reader: Reader, round_id: str, drafted: OverrideDraft, seen: int | None
    ) -> None:
        """Refuse an override that no allocation could follow, with the clause and what to do.

        That an ineligible application must *not* be awarded is taken: it holds if what made it
        ineligible is corrected later.
        """
        round_ = self._open_round(reader, round_id, seen, Command.OVERRIDE)
        self._about(reader, round_, drafted.application)
        loaded = bare_round(reader, round_)  # neither ledger nor other overrides bear on it
        if has_errors(loaded.problems):
            return  # nobody can be judged yet; a run looks at every override again
        asked = self._considered((drafted,))
        found = [*wrong_by_themselves(asked), *refused_overrides(asked, assess(loaded).pool)]
        if found:
            raise AllocatorError(ordered(replace(each, where=Where()) for each in found))

    def _about(self, reader: Reader, round_: RoundRow, application: str) -> Application:
        """Return an application on which this person may decide."""
        found = self._application(reader, round_, application)
        self.refuse_if_recused(reader, (found.administration,))
        return found

    def _refuse_where_recused(self, reader: Reader, round_: RoundRow, application: str) -> None:
        """Refuse one who stands back from an application's administration, as far as it is known.

        An import may have removed the application, or not be readable: then nobody can tell whose
        it was, and its override, which no run could follow, must not stay for that.
        """
        try:
            loaded = bare_round(reader, round_)
        except AllocatorError:
            return
        found = applications_by_id(loaded).get(application)
        if found is not None:
            self.refuse_if_recused(reader, (found.administration,))

    def _application(self, reader: Reader, round_: RoundRow, application: str) -> Application:
        return the_application(bare_round(reader, round_), application)


def administration_code(written: str) -> str:
    """Return the ISO code of a Member State as people write it.

    Raises
    ------
    AllocatorError
        ``office-unknown-administration``.
    """
    found = resolve(written, datetime.now(UTC).date())
    if found.kind is not Kind.MEMBER or found.iso3 is None:
        raise AllocatorError(problem("office-unknown-administration", value=written))
    return found.iso3
