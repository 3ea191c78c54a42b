"""The bytes of ``round.yaml`` become a ``Round``, with every problem and its line.

``round_schema`` holds the form, ``round_checks`` what the form alone cannot say.
"""

from dataclasses import dataclass
from datetime import date

from allocator import countries
from allocator.errors import Problem, ordered
from allocator.fields import validate
from allocator.intake.groups import canonical_selector
from allocator.intake.round_checks import checks
from allocator.intake.round_schema import MeetingEntry, RoundEntry
from allocator.intake.terms import as_currency
from allocator.intake.values import Unreadable
from allocator.model import ExchangeRate, Fund, Meeting, Round
from allocator.strict_yaml import Document, read_yaml


@dataclass(frozen=True, slots=True)
class RoundFile:
    """A round as read, before its policy is known.

    ``round.lottery_seed`` and ``round.region_scheme`` are empty where the file leaves them to the
    policy; ``document`` gives later problems their line.
    """

    round: Round
    document: Document
    problems: tuple[Problem, ...]


def read_round(data: bytes, file: str) -> RoundFile:
    """Read ``round.yaml``.

    Parameters
    ----------
    data : bytes
        The file's bytes.
    file : str
        Its name, for messages.

    Raises
    ------
    AllocatorError
        The file cannot be read as a round at all: every problem of its form.
    """
    document = read_yaml(data, file)
    entry = validate(RoundEntry, document)
    round_ = _round(entry)
    return RoundFile(round_, document, ordered(checks(entry, round_, document)))


def _round(entry: RoundEntry) -> Round:
    currency = currency_or_written(entry.currency)
    on = entry.decision_date
    listed = entry.eligible_member_states
    return Round(
        id=entry.id,
        title=entry.title,
        currency=currency,
        decision_date=on,
        financial_year=entry.financial_year,
        lottery_seed=entry.lottery_seed or "",
        region_scheme=entry.region_scheme or "",
        meetings=tuple(_meeting(each, currency, on) for each in entry.meetings),
        funds=tuple(
            Fund(each.id, each.title, each.amount, canonical_selector(each.only))
            for each in entry.funds
        ),
        exchange_rates=tuple(
            ExchangeRate(
                currency_or_written(each.currency), each.rate, each.valid_from, each.source
            )
            for each in entry.exchange_rates
        ),
        eligible_member_states=None if listed is None else _member_states(listed, on),
        fare_table=entry.fare_table,
        policy_path=entry.policy,
    )


def _meeting(entry: MeetingEntry, currency: str, on: date) -> Meeting:
    return Meeting(
        id=entry.id,
        title=entry.title,
        study_group=entry.study_group or "",
        starts=entry.starts,
        ends=entry.ends,
        city=entry.city,
        country=_country(entry, on),
        dsa_per_day=entry.dsa_per_day,
        dsa_currency=currency_or_written(entry.dsa_currency) if entry.dsa_currency else currency,
        days_paid=entry.usual_days if entry.days_paid is None else entry.days_paid,
        deadline=entry.deadline,
        region_scope=entry.region_scope,
        budget=entry.budget,
    )


def _country(entry: MeetingEntry, on: date) -> str | None:
    if entry.country is None:
        place = countries.city(entry.city)
        return place.iso3 if place else None
    return countries.resolve(entry.country, on).iso3


def _member_states(written: tuple[str, ...], on: date) -> tuple[str, ...]:
    codes = (countries.resolve(each, on).iso3 for each in written)
    return tuple(sorted({code for code in codes if code}))


def currency_or_written(text: str) -> str:
    """Return the ISO 4217 code, or the text itself where it is no currency (``checks`` says so)."""
    try:
        return as_currency(text)
    except Unreadable:
        return text
