"""What the form of ``round.yaml`` cannot say: that its facts fit together, with line and remedy."""

from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction

from allocator import countries
from allocator.countries import Kind
from allocator.errors import Problem, problem
from allocator.fields import path_text, suggestion
from allocator.intake.groups import attribute_name, matches
from allocator.intake.round_schema import MeetingEntry, RateEntry, RoundEntry
from allocator.intake.terms import as_currency
from allocator.intake.values import Unreadable, fold
from allocator.model import Fund, Gender, Meeting, Package, Round, Selector, Severity
from allocator.policy_terms import day_text, money_text
from allocator.strict_yaml import Document, Path

YEARS = range(1990, 2101)
"""Years in which a date of a round is taken seriously."""

LONGEST_MEETING = 31
"""A meeting of more days is taken for a slip of the pen, and warned about."""

MOST_DAYS_PAID = 366
LARGEST_RATE = 1_000_000


def checks(entry: RoundEntry, round_: Round, document: Document) -> Iterator[Problem]:
    """Yield every problem of a round that is readable, before its policy is known."""
    say = _Saying(document)
    yield from _header(entry, say)
    yield from _twice([each.id for each in entry.meetings], "meetings", say)
    yield from _twice([each.id for each in entry.funds], "funds", say)
    for at, each in enumerate(entry.meetings):
        yield from _meeting(each, round_, ("meetings", at), say)
    yield from _paid_for(round_, say)
    for at, fund in enumerate(round_.funds):
        yield from _fund(fund, entry, at, say)
    yield from _rates(entry, say)
    yield from _member_states(entry, say)


def policy_checks(
    round_: Round, document: Document, scheme: str, groups: Sequence[str]
) -> Iterator[Problem]:
    """Yield the problems that show once the policy is known.

    Parameters
    ----------
    round_ : Round
        The round, with the seed it will be decided with.
    document : Document
        For the lines.
    scheme : str
        The region scheme in force.
    groups : sequence of str
        The policy's own country groups.
    """
    say = _Saying(document)
    if not round_.lottery_seed:
        yield say("round-no-seed", ())
    regions = countries.region_names(scheme)
    for at, meeting in enumerate(round_.meetings):
        path = ("meetings", at, "region_scope")
        yield from _unknown(meeting.region_scope, regions, "region", path, say)
    known = {"region": regions, "country_group": (*countries.GROUPS, *groups, *regions)}
    for at, fund in enumerate(round_.funds):
        for name, values in fund.only.conditions:
            if name in known:
                here = ("funds", at, "only", name)
                yield from _unknown(values, known[name], name, here, say)


class _Saying:
    """Makes problems at their line of the file."""

    def __init__(self, document: Document):
        self._document = document

    def __call__(
        self,
        code: str,
        path: Path,
        *,
        severity: Severity = Severity.ERROR,
        value: str = "",
        **fields: object,
    ) -> Problem:
        fields.setdefault("path", path_text(path))
        where = self._document.where(path)
        return problem(code, where, severity=severity, value=value, **fields)


def _header(entry: RoundEntry, say: _Saying) -> Iterator[Problem]:
    yield from _day(entry.decision_date, ("decision_date",), say)
    yield from _currency(entry.currency, ("currency",), say)
    if entry.region_scheme and entry.region_scheme not in countries.schemes():
        path, known = ("region_scheme",), list(countries.schemes())
        hint = suggestion(entry.region_scheme, known)
        yield say("round-unknown-scheme", path, value=entry.region_scheme, hint=hint)
    if entry.fare_table not in countries.fare_tables():
        path, known = ("fare_table",), list(countries.fare_tables())
        hint = suggestion(entry.fare_table, known)
        yield say("round-unknown-fare-table", path, value=entry.fare_table, hint=hint)


def _day(day: date | None, path: Path, say: _Saying) -> Iterator[Problem]:
    if day is not None and day.year not in YEARS:
        first, last = YEARS[0], YEARS[-1]
        yield say("round-date-absurd", path, value=day.isoformat(), first=first, last=last)


def _currency(written: str | None, path: Path, say: _Saying) -> Iterator[Problem]:
    try:
        as_currency(written or "")
    except Unreadable:
        yield say("round-currency", path, value=written or "")


def _twice(names: Sequence[str], where: str, say: _Saying) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for at, name in enumerate(names):
        if (key := fold(name)) in first:
            yield say("round-id-twice", (where, at, "id"), value=name, other=first[key])
        first.setdefault(key, name)


def _unknown(
    written: Sequence[str], known: Sequence[str], what: str, path: Path, say: _Saying
) -> Iterator[Problem]:
    keys = {fold(each) for each in known}
    for each in written:
        if fold(each) not in keys:
            hint = suggestion(each, list(known))
            kind = what.replace("_", " ")
            yield say("round-unknown-value", path, value=each, kind=kind, hint=hint)


# --- meetings -----------------------------------------------------------------------------------


def _meeting(entry: MeetingEntry, round_: Round, path: Path, say: _Saying) -> Iterator[Problem]:
    yield from _meeting_dates(entry, round_.decision_date, path, say)
    yield from _place(entry, round_.decision_date, path, say)
    yield from _allowance(entry, round_.decision_date, path, say)


def _meeting_dates(
    entry: MeetingEntry, decided: date, path: Path, say: _Saying
) -> Iterator[Problem]:
    for name in ("starts", "ends", "deadline"):
        yield from _day(getattr(entry, name), (*path, name), say)
    starts, ends = day_text(entry.starts), day_text(entry.ends)
    if entry.ends < entry.starts:
        yield say("round-dates-reversed", (*path, "ends"), value=entry.id, starts=starts, ends=ends)
    elif entry.days > LONGEST_MEETING:
        yield say(
            "round-long-meeting",
            (*path, "ends"),
            severity=Severity.WARNING,
            value=entry.id,
            days=entry.days,
        )
    if entry.deadline and entry.deadline > entry.starts:
        here, deadline = (*path, "deadline"), day_text(entry.deadline)
        yield say("round-deadline-late", here, value=entry.id, deadline=deadline, starts=starts)
    if decided > entry.starts:
        yield say(
            "round-decided-late",
            (*path, "starts"),
            severity=Severity.WARNING,
            value=entry.id,
            decided=day_text(decided),
            starts=starts,
        )


def _place(entry: MeetingEntry, on: date, path: Path, say: _Saying) -> Iterator[Problem]:
    place = countries.city(entry.city)
    if place is None:
        here = (*path, "city")
        yield say("round-city-unknown", here, severity=Severity.WARNING, value=entry.city)
    if entry.country is None:
        return
    country = countries.resolve(entry.country, on)
    here = (*path, "country")
    if country.iso3 is None:
        hint = _likely(country)
        yield say("round-country-unknown", here, value=entry.country, hint=hint)
    elif place is not None and place.iso3 != country.iso3:
        yield say(
            "round-country-other",
            here,
            severity=Severity.WARNING,
            value=entry.country,
            city=place.name,
            other=countries.display_name(place.iso3),
        )


def _likely(country: countries.Resolution) -> str:
    names = country.suggestions or tuple(map(countries.display_name, country.candidates))
    return suggestion(country.written, list(names)) if names else ""


def _allowance(entry: MeetingEntry, on: date, path: Path, say: _Saying) -> Iterator[Problem]:
    if entry.dsa_currency:
        yield from _currency(entry.dsa_currency, (*path, "dsa_currency"), say)
    if entry.dsa_per_day is None:
        yield _estimated_allowance(entry, on, path, say)
    if entry.days_paid is None:
        yield say(
            "round-days-paid-usual",
            path,
            severity=Severity.NOTE,
            value=entry.id,
            days=entry.usual_days,
        )
    elif not 1 <= entry.days_paid <= MOST_DAYS_PAID:
        here, value = (*path, "days_paid"), str(entry.days_paid)
        yield say("round-days-paid", here, value=value, most=MOST_DAYS_PAID)


def _estimated_allowance(entry: MeetingEntry, on: date, path: Path, say: _Saying) -> Problem:
    estimate = countries.dsa_estimate(entry.city, on)
    if estimate is None:
        return say("round-dsa-missing", path, value=entry.id, city=entry.city)
    return say(
        "round-dsa-estimated",
        path,
        severity=Severity.WARNING,
        value=entry.id,
        amount=money_text(estimate.amount),
        currency=estimate.currency,
        status=estimate.status,
    )


# --- money --------------------------------------------------------------------------------------


NO_FUND = "none"
"""Stands in names of clauses for no fund at all."""


def _paid_for(round_: Round, say: _Saying) -> Iterator[Problem]:
    """Yield meetings for which no money can be spent.

    Where there are funds, every award is paid from them and a budget is but a limit.
    """
    for at, meeting in enumerate(round_.meetings):
        path = ("meetings", at)
        if not round_.funds and meeting.budget is None:
            yield say("round-no-money", path, value=meeting.id)
        if round_.funds and not any(_could_pay(fund, meeting) for fund in round_.funds):
            yield say("round-no-fund", path, value=meeting.id)


def _could_pay(fund: Fund, meeting: Meeting) -> bool:
    group = meeting.study_group
    known = {"meeting": (meeting.id,), "study_group": (group,) if group else ()}
    about = tuple(each for each in fund.only.conditions if each[0] in known)
    return matches(Selector(about), tuple(known.items())) is True


def _fund(fund: Fund, entry: RoundEntry, at: int, say: _Saying) -> Iterator[Problem]:
    if fund.id == NO_FUND:
        yield say("round-fund-id-taken", ("funds", at, "id"), value=fund.id)
    if fund.amount == 0:
        amount = ("funds", at, "amount")
        yield say("round-fund-empty", amount, severity=Severity.NOTE, value=fund.id)
    known = {
        "meeting": [each.id for each in entry.meetings],
        "study_group": sorted({each.study_group for each in entry.meetings if each.study_group}),
        "gender": [each.value for each in Gender if each is not Gender.NOT_STATED],
        "package": [each.value for each in Package],
    }
    for written, stated in entry.funds[at].only.items():
        name = attribute_name(written)
        values = dict(fund.only.conditions)[name]
        path = ("funds", at, "only", written)
        for each in stated if name == "administration" else ():
            yield from _member_state(each, entry, path, say)
        yield from _unknown(values, known.get(name, values), name, path, say)


def _rates(entry: RoundEntry, say: _Saying) -> Iterator[Problem]:
    seen: set[tuple[str, date]] = set()
    for at, rate in enumerate(entry.exchange_rates):
        path = ("exchange_rates", at)
        yield from _day(rate.valid_from, path, say)
        yield from _currency(rate.currency, (*path, "currency"), say)
        yield from _rate(rate, entry, path, say)
        key = (fold(rate.currency), rate.valid_from)
        if key in seen:
            day = day_text(rate.valid_from)
            yield say("round-rate-twice", (*path, "currency"), value=rate.currency, day=day)
        seen.add(key)


def _rate(rate: RateEntry, entry: RoundEntry, path: Path, say: _Saying) -> Iterator[Problem]:
    if fold(rate.currency) == fold(entry.currency):
        yield say("round-rate-own", (*path, "currency"), value=rate.currency)
    if not Fraction(1, LARGEST_RATE) <= rate.rate <= LARGEST_RATE:
        yield say("round-rate-size", (*path, "rate"), value=rate.currency, most=LARGEST_RATE)
    if rate.valid_from > entry.decision_date:
        yield say(
            "round-rate-later",
            path,
            severity=Severity.WARNING,
            value=rate.currency,
            day=day_text(rate.valid_from),
            decided=day_text(entry.decision_date),
        )


def _member_states(entry: RoundEntry, say: _Saying) -> Iterator[Problem]:
    for at, written in enumerate(entry.eligible_member_states or ()):
        yield from _member_state(written, entry, ("eligible_member_states", at), say)


def _member_state(written: str, entry: RoundEntry, path: Path, say: _Saying) -> Iterator[Problem]:
    found = countries.resolve(written, entry.decision_date)
    if found.kind is Kind.NOT_MEMBER:
        reason = found.reason
        yield say("round-not-member", path, severity=Severity.WARNING, value=written, reason=reason)
    elif found.kind is not Kind.MEMBER:
        yield say("round-country-unknown", path, value=written, hint=_likely(found))
