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
from datetime import date
from typing import Any

from allocator.errors import AllocatorError, has_errors, problem
from allocator.intake.amended import with_overrides, with_prior_awards
from allocator.intake.folder import LoadedRound
from allocator.intake.overrides import Override, OverrideKind
from allocator.intake.prior_awards import awards_csv
from allocator.model import Application, Package, PriorAward
from allocator.office.desk_awards import fallen_awards, ledger_of_persons
from allocator.office.desk_files import files_of, hashes_of, load, without_persons
from allocator.office.desk_reports import office_overrides, outstanding_reports, reports_rule
from allocator.office.memory import MEMORY, ROUND
from allocator.office.settings import REPORT_DAYS, REPORTS
from allocator.office.store import Reader
from allocator.office.store_rows import OverrideRow, RoundRow, RunRow, SnapshotRow
from allocator.policy_schema import OwedReports
from allocator.texts import say

PROPOSAL, REALLOCATION, WHAT_IF = "proposal", "reallocation", "what-if"
"""The kinds of runs."""

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


def bare_terms(reader: Reader, round_: RoundRow) -> LoadedRound:
    """Return a round without its applications and earlier awards: its facts and its policy alone.

    Raises
    ------
    AllocatorError
        Where the whole could not be loaded either.
    """
    row = _snapshot(reader, round_)
    key = "bare terms", *hashes_of(reader, round_, row)
    return MEMORY.recall(key, lambda: load(without_persons(files_of(reader, round_, row))))


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
    reports = _reports_here(reader, round_)
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


def _reports_here(reader: Reader, round_: RoundRow) -> dict[str, Any]:
    """Return what a run rests on of the rule for reports, and of who owes some.

    Of a round that cannot be read no run is current, whatever the rule.
    """
    try:
        rule = reports_rule(reader, bare_terms(reader, round_))
    except AllocatorError:
        return {}
    told: dict[str, Any] = {REPORTS: rule.follows.value, REPORT_DAYS: rule.days}
    if rule.follows is OwedReports.REFUSE:  # only then do reports bear on the allocation
        loaded = bare_round(reader, round_)
        told["owed"] = outstanding_reports(reader, loaded, round_.id, rule.days)
    return told


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
