"""Facts about Member States on a day: name, membership, region, groups, and what is under decision.

Everything comes from the dated tables of ``allocator/data``. This module is the one door to them:
it also offers what ``naming`` (written names) and ``travel`` (airports, fares, DSA) know.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

from allocator.errors import AllocatorError, problem
from allocator.naming import (
    Kind,
    Resolution,
    country_code,
    display_name,
    iso2,
    membership_periods,
    name_in_sentence,
    resolve,
)
from allocator.tables import Period, Row, Table, period, read, tables
from allocator.texts import say
from allocator.travel import (
    Airport,
    City,
    DsaEstimate,
    FareEstimate,
    airport,
    city,
    distance_km,
    dsa_estimate,
    fare_estimate,
    fare_tables,
)

__all__ = [
    "GROUPS",
    "INCOME_GROUPS",
    "Airport",
    "City",
    "DsaEstimate",
    "FareEstimate",
    "Kind",
    "Resolution",
    "Table",
    "Unsettled",
    "airport",
    "city",
    "country_code",
    "display_name",
    "distance_km",
    "dsa_estimate",
    "fare_estimate",
    "fare_tables",
    "groups",
    "iso2",
    "member_states",
    "name_in_sentence",
    "region",
    "region_names",
    "resolve",
    "schemes",
    "tables",
    "unsettled",
]

BDT = "itu-bdt"
INCOME_GROUPS = ("high_income", "low_income", "lower_middle_income", "upper_middle_income")
GROUPS = tuple(sorted((*INCOME_GROUPS, "ldc", "lldc", "member_state", "sids")))
"""The built-in groups of Member States, sorted."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A fact under decision or not known on a day: the group or region it bears on, and why."""

    group: str
    note: str


@dataclass(frozen=True, slots=True)
class _Fact:
    """A row of a table about one country, with its period read."""

    row: Row
    period: Period


def member_states(on: date) -> tuple[str, ...]:
    """Return the ISO alpha-3 codes of the ITU Member States of that day, sorted."""
    return tuple(sorted(code for code, when in membership_periods().items() if when.holds(on)))


def schemes() -> tuple[str, ...]:
    """Return the names of the region schemes that are complete enough to be used."""
    return tuple(sorted({row["scheme"] for row in read("regions")}))


def region_names(scheme: str = BDT) -> tuple[str, ...]:
    """Return the regions of a scheme, sorted.

    Raises
    ------
    AllocatorError
        If there is no such scheme.
    """
    names = sorted({row["region"] for row in read("regions") if row["scheme"] == scheme})
    if not names:
        known = ", ".join(schemes())
        raise AllocatorError(problem("countries-unknown-scheme", value=scheme, known=known))
    return tuple(names)


def region(iso3: str, on: date, scheme: str = BDT) -> str | None:
    """Return the region of a country on a day, ``None`` if the tables have none.

    Raises
    ------
    AllocatorError
        If there is no such scheme.
    """
    region_names(scheme)
    rows = _holding("regions", iso3, on)
    return next((row["region"] for row in rows if row["scheme"] == scheme), None)


@lru_cache(maxsize=4096)
def groups(iso3: str, on: date) -> tuple[str, ...]:
    """Return the built-in groups a country belongs to on a day, sorted.

    Where a status is under decision the last decision taken counts, and ``unsettled`` says so.
    Income classes before 2025-07-01 are not known here: none is listed, and ``unsettled`` says so.
    """
    found = [row["group"] for row in _holding("groups", iso3, on) if row["holds"] == "yes"]
    found += [row["class"] for row in _holding("income", iso3, on)]
    if (when := membership_periods().get(iso3)) and when.holds(on):
        found.append("member_state")
    return tuple(sorted(each for each in found if each in GROUPS))


@lru_cache(maxsize=4096)
def unsettled(iso3: str, on: date, scheme: str = BDT) -> tuple[Unsettled, ...]:
    """Return the facts about a country that are under decision or not known on a day.

    A decision that depends on one of these groups or regions must say so.
    """
    found = [
        Unsettled(row["group"], row["note"])
        for row in _holding("groups", iso3, on)
        if row["status"] == "unsettled"
    ]
    for row in _holding("regions", iso3, on):
        if row["scheme"] == scheme and row["status"] == "unsettled":
            found += [Unsettled(each, row["note"]) for each in (row["region"], row["could_be"])]
    if not _holding("income", iso3, on):
        note = say("countries.unsettled.income", name=name_in_sentence(iso3), on=on)
        found += [Unsettled(each, note) for each in INCOME_GROUPS]
    return tuple(sorted(found, key=lambda each: (each.group, each.note)))


def _holding(table: str, iso3: str, on: date) -> list[Row]:
    return [fact.row for fact in _facts(table).get(iso3, ()) if fact.period.holds(on)]


@cache
def _facts(table: str) -> dict[str, tuple[_Fact, ...]]:
    """Return the rows of a table by country."""
    facts: dict[str, tuple[_Fact, ...]] = {}
    for row in read(table):
        facts[row["iso3"]] = (*facts.get(row["iso3"], ()), _Fact(row, period(row)))
    return facts
