"""Administrations that owe reports on earlier awards, and what follows by policy or setting."""

from dataclasses import dataclass
from datetime import timedelta

from allocator.intake.folder import LoadedRound
from allocator.intake.overrides import Override, OverrideKind
from allocator.office.desk_awards import awards_without, last_outcomes, published_awards
from allocator.office.settings import REPORT_DAYS, REPORTS, setting
from allocator.office.states import FALLEN
from allocator.office.store import Reader
from allocator.office.store_rows import RoundRow
from allocator.policy_schema import OwedReports
from allocator.policy_settle import owed_reports
from allocator.texts import say


@dataclass(frozen=True, slots=True)
class ReportsRule:
    """What follows where reports are outstanding, and so many days after a meeting they are.

    ``by_policy`` if the policy says what follows; else it is the office's setting.
    """

    follows: OwedReports
    days: int
    by_policy: bool


def reports_rule(reader: Reader, loaded: LoadedRound) -> ReportsRule:
    """Return the rule for a round: its policy goes before the settings of the office."""
    follows, days = owed_reports(loaded.policy, loaded.round.decision_date)
    return ReportsRule(
        follows=OwedReports(setting(reader, REPORTS)) if follows is None else follows,
        days=int(setting(reader, REPORT_DAYS)) if days is None else days,
        by_policy=follows is not None,
    )


def outstanding_reports(
    reader: Reader, loaded: LoadedRound, round_id: str, days: int
) -> dict[str, int]:
    """Return how many reports a round's administrations owe from other rounds, by administration.

    Parameters
    ----------
    reader : Reader
        The store.
    loaded : LoadedRound
        The round; reports are looked at as on its decision date.
    round_id : str
        Its id.
    days : int
        Days after a meeting from which on a report is outstanding.
    """
    on, late = loaded.round.decision_date, timedelta(days=days)
    here = {each.administration for each in loaded.applications}
    owed: dict[str, int] = {}
    for row in reader.find(RoundRow):
        if row.id == round_id or row.published_run is None:
            continue
        outcomes, awards = last_outcomes(reader, row.id), published_awards(reader, row.id)
        for application, each in awards.items():
            last = outcomes.get(application)
            came = last is not None and last.kind in ("attended", "left early")
            if came and each.administration in here and each.meeting_ends + late <= on:
                owed[each.administration] = owed.get(each.administration, 0) + 1
    return dict(sorted(owed.items()))


def office_overrides(reader: Reader, loaded: LoadedRound, round_id: str) -> list[Override]:
    """Return the refusals that a round's policy, or the office's setting, asks for.

    They are overrides like those of persons, with their reason in the record: a person's own
    override of the same application goes before. An award that was published and stands is a
    promise, which no report that becomes outstanding later takes back.
    """
    rule = reports_rule(reader, loaded)
    if rule.follows is not OwedReports.REFUSE:
        return []
    owed = outstanding_reports(reader, loaded, round_id, rule.days)
    promised = awards_without(reader, round_id, FALLEN)
    return [
        Override(
            application_id=each.application_id,
            decision=OverrideKind.MUST_NOT,
            reason=say("office.report-outstanding", count=owed[each.administration]),
            by=say(f"office.{'by-policy' if rule.by_policy else 'by-setting'}"),
            on=loaded.round.decision_date,
        )
        for each in loaded.applications
        if each.administration in owed and each.application_id not in promised
    ]
