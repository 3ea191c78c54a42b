"""The vocabulary: frozen plain data that every other module takes and returns.

Money is an ``int`` in minor units (centimes) of the round's currency unless a name says otherwise;
merit is an ``int`` in thousandths of a point; shares are ``fractions.Fraction``. Nothing here reads
a file, a clock or a locale.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

POINT = 1000
"""Thousandths in one merit point."""


class Gender(StrEnum):
    """Gender as the applicant stated it; never inferred."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    NOT_STATED = "not stated"


GENDER_COLUMNS = ("gender", "sex", "sexe", "genre", "sexo", "genero")
"""What the column of gender may be called, in applications files and so in policies."""


class Package(StrEnum):
    """What an award pays for (rules R2, R3): ``full`` is ticket and DSA, the others are partial.

    The order of definition is the order of preference when equally good allocations differ only in
    the package of one person.
    """

    FULL = "full"
    TICKET = "ticket"
    DSA = "dsa"


class Decision(StrEnum):
    """Outcome of one application."""

    AWARDED = "awarded"
    DECLINED = "declined"
    INELIGIBLE = "ineligible"


class Severity(StrEnum):
    """How a problem bears on the run: an error stops it, a warning wants a look, a note informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


type Columns = tuple[tuple[str, str], ...]
"""Extra columns of an applications file: (header as written, text as written), by header."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A group of applications: every condition must hold, any listed value satisfies a condition.

    ``conditions`` holds (attribute, values) sorted by attribute. Attributes: ``gender``,
    ``region``, ``country_group``, ``administration`` (ISO alpha-3), ``meeting``, ``study_group``,
    ``package``, ``application``, ``person``, or the name of any column of the applications file.
    An empty selector is everybody.
    """

    conditions: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting of a round.

    ``dsa_per_day`` is in minor units of ``dsa_currency``; ``days_paid`` counts days of DSA;
    ``budget`` is in minor units of the round's currency, ``None`` for no limit of its own.
    ``region_scope`` names the regions whose Member States alone may apply (rule R7); empty: all.
    """

    id: str
    title: str
    study_group: str
    starts: date
    ends: date
    city: str
    country: str | None
    dsa_per_day: int | None
    dsa_currency: str
    days_paid: int
    deadline: date | None
    region_scope: tuple[str, ...]
    budget: int | None


@dataclass(frozen=True, slots=True)
class Fund:
    """A budget line: ``amount`` in minor units, spendable only on applications in ``only``."""

    id: str
    title: str
    amount: int
    only: Selector


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """One unit of ``currency`` is ``rate`` units of the round's currency from ``valid_from`` on."""

    currency: str
    rate: Fraction
    valid_from: date
    source: str


@dataclass(frozen=True, slots=True)
class Round:
    """Applications decided together: the facts of ``round.yaml``."""

    id: str
    title: str
    currency: str
    decision_date: date
    financial_year: str
    lottery_seed: str
    region_scheme: str
    meetings: tuple[Meeting, ...]
    funds: tuple[Fund, ...]
    exchange_rates: tuple[ExchangeRate, ...]
    eligible_member_states: tuple[str, ...] | None
    fare_table: str
    policy_path: str | None


@dataclass(frozen=True, slots=True)
class Application:
    """One row of the applications file as understood; ``None`` is "not known".

    ``ticket_cost`` is in minor units of ``ticket_currency``. ``row`` is the row in the sheet, for
    messages only: nothing may be decided by it. ``not_member`` says why a recognised name is no
    Member State (``administration`` is then its code or the name as written).
    """

    application_id: str
    person_id: str
    family_name: str
    given_name: str
    gender: Gender
    administration: str
    administration_as_written: str
    not_member: str | None
    meeting: str
    requested: Package
    accepts_partial: bool | None
    ticket_cost: int | None
    ticket_currency: str
    contributions: int | None
    role: str | None
    first_time: bool | None
    specific_needs: bool | None
    registration_approved: bool | None
    authorised: bool | None
    received: date | None
    extra: Columns
    row: int


@dataclass(frozen=True, slots=True)
class PriorAward:
    """An award of the past, for the person-year limit and for merit by prior awards."""

    person_id: str
    administration: str
    package: Package
    financial_year: str
    meeting: str
    awarded_on: date | None


@dataclass(frozen=True, slots=True)
class MeritLine:
    """One criterion's share of an applicant's merit, in thousandths of a point."""

    criterion: str
    title: str
    value: str
    points: int
    reference: str | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What one package costs: ``amount`` in minor units, and in words how it came about."""

    package: Package
    amount: int
    estimated: bool
    how: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Why an application cannot be considered: the rule, its reference, the triggering fact."""

    rule: str
    reference: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """An eligible, scored, costed application.

    ``costs`` has one entry per package the application accepts, in the order of ``Package``.
    ``attributes`` are the values selectors look at, (attribute, values) sorted by attribute: the
    keys of ``Selector`` without ``package``; an attribute that is not known has no values.
    ``used_half_units`` is what the person already used of the financial year's limit.
    """

    application: Application
    merit: int
    breakdown: tuple[MeritLine, ...]
    costs: tuple[Cost, ...]
    attributes: tuple[tuple[str, tuple[str, ...]], ...]
    used_half_units: int
    unsettled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ineligible:
    """An application that breaks at least one eligibility rule, with every rule it breaks.

    ``unsettled`` names facts (an LDC status under decision) the refusal depends on.
    """

    application: Application
    findings: tuple[Finding, ...]
    attributes: tuple[tuple[str, tuple[str, ...]], ...]
    unsettled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pool:
    """All applications of a round after eligibility, merit and costs, each sorted by id."""

    candidates: tuple[Candidate, ...]
    ineligible: tuple[Ineligible, ...]


@dataclass(frozen=True, slots=True)
class Award:
    """A package granted: ``amount`` in minor units, ``shares`` (fund id, amount) sum to it.

    In a round without funds ``shares`` is empty and the meeting's budget pays.
    """

    application_id: str
    package: Package
    amount: int
    shares: tuple[tuple[str, int], ...] = field(default=())
