"""What a run of a round is made from: its files, the office's own ledger of awards, its overrides.

Awards published in other rounds that did not fall through count for the limit of a person and
financial year by themselves. What is made here is written into the files of the round as it is
decided, so that its record holds all of it.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from allocator.errors import AllocatorError, has_errors, problem
from allocator.intake.amended import with_overrides, with_prior_awards
from allocator.intake.folder import LoadedRound
from allocator.intake.overrides import Override, OverrideKind
from allocator.intake.prior_awards import awards_csv
from allocator.model import Application, Award, Package, PriorAward
from allocator.office.desk_files import files_of, hashes_of, load, newest_bytes
from allocator.office.ledger import shares_of
from allocator.office.memory import MEMORY, ROUND
from allocator.office.states import FALLEN, NO_OUTCOME, UNUSED
from allocator.office.store import Event, Reader, Store
from allocator.office.store_rows import (
    OutcomeRow,
    OverrideRow,
    PaymentRow,
    PublicationRow,
    RoundRow,
    RunRow,
    SettingRow,
    SnapshotRow,
)
from allocator.record.revive import result_of
from allocator.texts import say

PROPOSAL, REALLOCATION, WHAT_IF = "proposal", "reallocation", "what-if"
"""The kinds of runs."""

SECRET = "secret"
REPORTS, REPORT_DAYS = "outstanding-reports", "outstanding-report-days"
RETENTION = "retention-years"
SETTINGS: dict[str, Any] = {REPORTS: "warn", REPORT_DAYS: 60, RETENTION: 5}
"""The office's settings and what they are until somebody changes them: choices, not rules."""

REPORT_CHOICES = ("warn", "refuse", "ignore")


@dataclass(frozen=True, slots=True)
class Published:
    """An award that was published: to whom, for which meeting, with which money."""

    award: Award
    person_id: str
    administration: str
    meeting: str
    financial_year: str
    decided_on: date
    meeting_starts: date
    meeting_ends: date
    publication: int


def setting(reader: Reader, name: str) -> Any:
    """Return a setting."""
    row = reader.get(SettingRow, name)
    return SETTINGS[name] if row is None else row.content


def secret_of(store: Store) -> bytes:
    """Return the store's own secret, made when it is first needed; it keys every pseudonym."""
    with store.reading() as reader:
        found = _secret(reader)
    if found is None:
        with store.transaction() as unit:
            found = _secret(unit)
            if found is None:
                from secrets import token_hex

                found = token_hex(32)
                kept = unit.keep(SECRET, found)
                unit.insert(SettingRow, name=SECRET, content=kept.token)
                unit.append(Event("secret-made", "system", "setting:secret", {}))
    return bytes.fromhex(found)


def _secret(reader: Reader) -> str | None:
    row = reader.get(SettingRow, SECRET)
    return None if row is None else reader.kept(str(row.content))


# --- awards that are published --------------------------------------------------------------------


def published_awards(reader: Reader, round_id: str) -> dict[str, Published]:
    """Return every award a round ever published, by application, as its last publication has it."""
    found: dict[str, Published] = {}
    for row in reader.find(PublicationRow, round=round_id, order=("number",)):
        record = newest_bytes(reader, row.record)
        if record is not None:
            for each in _awards_of(record, row.id):
                found[each.award.application_id] = each
    return found


@lru_cache(maxsize=16)
def _awards_of(record: bytes, publication: int) -> tuple[Published, ...]:
    result = result_of(record)
    meetings = {each.id: each for each in result.round.meetings}
    persons = {each.application.application_id: each.application for each in result.pool.candidates}
    return tuple(
        Published(
            award=award,
            person_id=(who := persons[award.application_id]).person_id,
            administration=who.administration,
            meeting=who.meeting,
            financial_year=result.round.financial_year,
            decided_on=result.round.decision_date,
            meeting_starts=meetings[who.meeting].starts,
            meeting_ends=meetings[who.meeting].ends,
            publication=publication,
        )
        for award in result.allocation.awards
    )


def last_outcomes(reader: Reader, round_id: str) -> dict[str, OutcomeRow]:
    """Return what is recorded of every award of a round now, by application."""
    last = {each.application: each for each in reader.find(OutcomeRow, round=round_id)}
    return {a: each for a, each in last.items() if each.kind != NO_OUTCOME}


def awards_without(
    reader: Reader, round_id: str, outcomes: tuple[str, ...]
) -> dict[str, Published]:
    """Return the published awards of a round, but for those of which an outcome is recorded."""
    gone = {a for a, each in last_outcomes(reader, round_id).items() if each.kind in outcomes}
    awards = published_awards(reader, round_id)
    return {a: each for a, each in awards.items() if a not in gone}


def fallen_awards(reader: Reader, round_id: str) -> dict[str, dict[str, int]]:
    """Return the published awards that fell through, each with what was paid of it by fund."""
    outcomes = last_outcomes(reader, round_id)
    fallen: dict[str, dict[str, int]] = {
        a: {}
        for a in published_awards(reader, round_id)
        if a in outcomes and outcomes[a].kind in FALLEN
    }
    for each in reader.find(PaymentRow, round=round_id):
        if each.application in fallen:
            paid = fallen[each.application]
            paid[each.fund] = paid.get(each.fund, 0) + each.amount
    return fallen


def moved_payments(reader: Reader, round_id: str, record: bytes) -> tuple[str, ...]:
    """Return the applications for which a fund has paid more than a new record has it owe.

    A reallocation keeps every award but may have another fund pay it. What a fund has paid already
    must then be booked anew before the record counts, or the ledger would say what is not so.
    """
    paid: dict[tuple[str, str], int] = {}
    for each in reader.find(PaymentRow, round=round_id):
        key = (each.application, each.fund)
        paid[key] = paid.get(key, 0) + each.amount
    owed = {e.award.application_id: shares_of(e.award) for e in _awards_of(record, 0)}
    return tuple(
        sorted(
            application
            for (application, fund), amount in paid.items()
            if application in owed and amount > owed[application].get(fund, 0)
        )
    )


def forget_what_was_read() -> None:
    """Forget what was read and worked out, so that nothing of an erased person stays in memory."""
    _awards_of.cache_clear()
    MEMORY.forget()


def last_erasure(store: Store) -> int:
    """Return a number that another erasure changes: of the last entry about the store itself."""
    with store.reading() as reader:
        return max((each.seq for each in reader.events(subject="store", limit=1)), default=0)


def ledger_of_persons(reader: Reader, *, without: str | None = None) -> tuple[PriorAward, ...]:
    """Return the published awards of all rounds but one that count for the limit of a year."""
    return tuple(
        PriorAward(
            person_id=each.person_id,
            administration=each.administration,
            package=each.award.package,
            financial_year=each.financial_year,
            meeting=each.meeting,
            awarded_on=each.decided_on,
        )
        for row in reader.find(RoundRow)
        if row.id != without and row.published_run is not None
        for each in awards_without(reader, row.id, UNUSED).values()
    )


# --- the round as it would be decided now ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Inputs:
    """A round as it would be decided now, and by what to tell that nothing of it has changed."""

    loaded: LoadedRound
    basis: dict[str, Any]


def inputs(reader: Reader, round_: RoundRow, secret: bytes) -> Inputs:
    """Return what a run of a round is made from now.

    Raises
    ------
    AllocatorError
        The files cannot be read, or an override fits nothing.
    """
    loaded = bare_round(reader, round_)
    awards = ledger_of_persons(reader, without=round_.id)
    basis = basis_of(reader, round_, secret, awards)
    if has_errors(loaded.problems):
        return Inputs(loaded, basis)
    if awards:
        loaded = with_prior_awards(loaded, awards)
    chosen = [*office_overrides(reader, loaded, round_.id), *overrides_of(reader, round_.id)]
    by_application = {each.application_id: each for each in chosen}  # a person's own comes last
    return Inputs(with_overrides(loaded, by_application.values()), basis)


def bare_round(reader: Reader, round_: RoundRow) -> LoadedRound:
    """Return a round as its files make it, without ledger and overrides; read once, then kept."""
    row = _snapshot(reader, round_)
    key = "bare round", *hashes_of(reader, round_, row)
    return MEMORY.recall(
        key,
        lambda: load(files_of(reader, round_, row)),
        lambda found: ROUND * len(found.applications),
    )


def _snapshot(reader: Reader, round_: RoundRow) -> SnapshotRow | None:
    return reader.get(SnapshotRow, round_.snapshot) if round_.snapshot is not None else None


def standing_of(reader: Reader, round_: RoundRow, basis: Mapping[str, Any]) -> str:
    """Return a digest that differs when a run would be made from something else.

    Parameters
    ----------
    reader : Reader
        The store.
    round_ : RoundRow
        The round.
    basis : mapping
        ``basis_of`` the round now.
    """
    told = json.dumps([hashes_of(reader, round_, _snapshot(reader, round_)), basis])
    return hashlib.sha256(told.encode()).hexdigest()


def basis_of(
    reader: Reader,
    round_: RoundRow,
    secret: bytes,
    awards: Iterable[PriorAward] | None = None,
) -> dict[str, Any]:
    """Return by what to tell whether a run is of what is there now; it gives no person away."""
    if awards is None:
        awards = ledger_of_persons(reader, without=round_.id)
    active = reader.find(OverrideRow, round=round_.id, active=True)
    ledger = hmac.new(secret, awards_csv(awards), hashlib.sha256).hexdigest()
    reports = {name: setting(reader, name) for name in (REPORTS, REPORT_DAYS)}
    if reports[REPORTS] == "refuse":  # only then do reports bear on the allocation
        reports["owed"] = _owed_here(reader, round_)
    return {"overrides": [each.id for each in active], "ledger": ledger, **reports}


def is_made_from(reader: Reader, round_: RoundRow, run: RunRow, basis: Mapping[str, Any]) -> bool:
    """Tell whether a run was made from what is there now.

    Parameters
    ----------
    reader : Reader
        The store.
    round_, run : RoundRow, RunRow
        The round, and its run.
    basis : mapping
        ``basis_of`` the round now; for a reallocation, the awards that fell through count too.
    """
    if (run.snapshot, run.policy) != (round_.snapshot, round_.policy):
        return False
    if run.kind == REALLOCATION:
        basis = {**basis, "fallen": fallen_awards(reader, round_.id)}
    return bool(run.overrides == basis)


def overrides_of(reader: Reader, round_id: str) -> list[Override]:
    """Return the overrides of a round that are in force."""
    return [
        Override(
            application_id=each.application,
            decision=OverrideKind(each.decision),
            reason=reader.kept(each.reason_kept) or say("office.erased"),
            by=each.by,
            on=date.fromisoformat(each.at[:10]),
            package=Package(each.package) if each.package else None,
        )
        for each in reader.find(OverrideRow, round=round_id, active=True)
    ]


# --- reports that are outstanding -----------------------------------------------------------------


def outstanding_reports(reader: Reader, on: date, *, without: str) -> dict[str, int]:
    """Return how many reports each administration owes on a day, from other rounds."""
    days = timedelta(days=int(setting(reader, REPORT_DAYS)))
    owed: dict[str, int] = {}
    for row in reader.find(RoundRow):
        if row.id == without or row.published_run is None:
            continue
        outcomes, awards = last_outcomes(reader, row.id), published_awards(reader, row.id)
        for application, each in awards.items():
            last = outcomes.get(application)
            came = last is not None and last.kind in ("attended", "left early")
            if came and each.meeting_ends + days <= on:
                owed[each.administration] = owed.get(each.administration, 0) + 1
    return dict(sorted(owed.items()))


def office_overrides(reader: Reader, loaded: LoadedRound, round_id: str) -> list[Override]:
    """Return the refusals that the setting ``outstanding-reports: refuse`` asks for.

    They are overrides like those of persons, with their reason in the record: a person's own
    override of the same application goes before. An award that was published and stands is a
    promise, which no report that becomes outstanding later takes back.
    """
    if setting(reader, REPORTS) != "refuse":
        return []
    on = loaded.round.decision_date
    owed = outstanding_reports(reader, on, without=round_id)
    promised = awards_without(reader, round_id, FALLEN)
    return [
        Override(
            application_id=each.application_id,
            decision=OverrideKind.MUST_NOT,
            reason=say("office.report-outstanding", count=owed[each.administration]),
            by=say("office.by-setting"),
            on=on,
        )
        for each in loaded.applications
        if each.administration in owed and each.application_id not in promised
    ]


def _owed_here(reader: Reader, round_: RoundRow) -> dict[str, int]:
    """Return the outstanding reports of a round's administrations; none where it is unreadable."""
    try:
        loaded = bare_round(reader, round_)
    except AllocatorError:  # such a round has no run that could be current
        return {}
    owed = outstanding_reports(reader, loaded.round.decision_date, without=round_.id)
    here = {each.administration for each in loaded.applications}
    return {state: count for state, count in owed.items() if state in here}


def applications_by_id(loaded: LoadedRound) -> dict[str, Application]:
    """Return the applications of a round by id."""
    return {each.application_id: each for each in loaded.applications}


def the_application(loaded: LoadedRound, application: str) -> Application:
    """Return an application of a round.

    Raises
    ------
    AllocatorError
        ``office-no-application``.
    """
    found = applications_by_id(loaded).get(application)
    if found is None:
        raise AllocatorError(problem("office-no-application", value=application))
    return found
