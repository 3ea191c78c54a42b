"""Where people fly from and to, how far it is, and what a ticket and a day are estimated to cost.

Estimates stand in for a quote or a rate the officer did not give, and are always labelled as such.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from math import asin, cos, radians, sin, sqrt

from allocator.errors import AllocatorError, problem
from allocator.naming import fold, resolve
from allocator.tables import Row, period, read
from allocator.texts import say

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""


@dataclass(frozen=True, slots=True)
class Airport:
    """An airport: IATA code, name, ISO alpha-3 of its country, degrees north and east."""

    iata: str
    name: str
    country: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class City:
    """A city where meetings are held, or a capital; the place is that of its airport."""

    name: str
    iso3: str
    iata: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class FareEstimate:
    """An estimated return fare.

    ``amount`` in minor units of ``currency``; ``status`` is ``published`` or ``unverified``;
    ``how`` says in words how it came about.
    """

    amount: int
    currency: str
    km: int
    table: str
    status: str
    how: str
    source: str


@dataclass(frozen=True, slots=True)
class DsaEstimate:
    """An estimated daily subsistence allowance.

    ``amount`` in minor units of ``currency`` for one day; ``status`` is ``published``, ``assumed``
    or ``derived``.
    """

    city: str
    amount: int
    currency: str
    status: str
    how: str
    source: str


@cache
def _airports() -> dict[str, Airport]:
    return {
        row["iata"]: Airport(
            row["iata"], row["name"], row["country"], float(row["lat"]), float(row["lon"])
        )
        for row in read("airports")
    }


def airport(iso3: str, on: date | None = None) -> Airport | None:
    """Return the main airport of a country's capital, on a day or as last known."""
    rows = [row for row in _gateways().get(iso3, ()) if on is None or period(row).holds(on)]
    return _airports()[rows[-1]["iata"]] if rows else None


@cache
def _gateways() -> dict[str, tuple[Row, ...]]:
    found: dict[str, tuple[Row, ...]] = {}
    for row in read("gateways"):
        found[row["iso3"]] = (*found.get(row["iso3"], ()), row)
    return found


@lru_cache(maxsize=4096)
def city(name: str) -> City | None:
    """Return a city by its name, alone or with its country ("Geneva", "Genève (Switzerland)")."""
    known = _cities()
    if whole := next((known[key] for key in fold(name) if key in known), None):
        return whole
    bare, _, rest = name.replace("(", ",").partition(",")
    found = next((known[key] for key in fold(bare) if key in known), None)
    country = resolve(rest.strip(" ,)"), date.max).iso3
    return found if found and found.iso3 == country else None


@cache
def _cities() -> dict[str, City]:
    found: dict[str, City] = {}
    for row in read("cities"):
        at = _airports()[row["iata"]]
        place = City(row["city"], row["iso3"], at.iata, at.lat, at.lon)
        for name in (row["city"], *row["also_written"].split(";")):
            found.update((key, place) for key in fold(name))
    return found


def distance_km(a: Airport | City, b: Airport | City) -> int:
    """Return the great-circle distance in whole kilometres.

    Floats are safe here: machines differ by a few units in the last place of a sine, which is less
    than a millimetre, and only the whole kilometre is kept. A test holds that no airport and city
    of the tables lie so near to a half kilometre apart that this could turn the result.
    """
    return round(great_circle_km(a, b))


def great_circle_km(a: Airport | City, b: Airport | City) -> float:
    """Return the great-circle distance in kilometres by the haversine formula."""
    north, south = radians(a.lat), radians(b.lat)
    half = sin((south - north) / 2) ** 2
    half += cos(north) * cos(south) * sin(radians(b.lon - a.lon) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, half)))


@cache
def fare_tables() -> tuple[str, ...]:
    """Return the names of the fare tables, sorted."""
    return tuple(sorted({row["table"] for row in read("fares")}))


@lru_cache(maxsize=1 << 14)
def fare_estimate(iso3: str, to: str, table: str, on: date) -> FareEstimate | None:
    """Estimate a return fare from a country's main airport to a city by its distance.

    Returns ``None`` when the country or the city is not in the tables, or the distance is below the
    shortest band of the fare table: the officer has to give a quote.

    Parameters
    ----------
    iso3 : str
        The applicant's country.
    to : str
        The city of the meeting as written.
    table : str
        One of ``fare_tables()``.
    on : date
        The day of the estimate; a fare table outside its period is still used, and ``how`` says so.

    Raises
    ------
    AllocatorError
        If there is no such fare table.
    """
    if table not in fare_tables():
        known = ", ".join(fare_tables())
        raise AllocatorError(problem("countries-unknown-fare-table", value=table, known=known))
    start, end = airport(iso3, on), city(to)
    if start is None or end is None:
        return None
    km = distance_km(start, end)
    band = next((row for row in _bands(table) if _within(km, row)), None)
    if band is None:
        return None
    how = say(
        "countries.fare.how",
        table=table,
        km=km,
        start=start.iata,
        end=end.iata,
        euros=band["eur"],
        remark=_fare_remark(band, on),
    )
    amount = _minor(band["eur"])
    return FareEstimate(amount, "EUR", km, table, band["status"], how, band["source"])


def _bands(table: str) -> list[Row]:
    return [row for row in read("fares") if row["table"] == table]


def _within(km: int, band: Row) -> bool:
    return int(band["km_from"]) <= km and (not band["km_to"] or km <= int(band["km_to"]))


def _fare_remark(band: Row, on: date) -> str:
    remarks = []
    if band["status"] == "unverified":
        remarks.append(say("countries.fare.unverified"))
    if not period(band).holds(on):
        since, until = band["valid_from"], band["valid_until"]
        key = "over" if until and on.isoformat() >= until else "early"
        remarks.append(say(f"countries.fare.{key}", since=since, until=until))
    return "".join(f"; {remark}" for remark in remarks)


@lru_cache(maxsize=4096)
def dsa_estimate(to: str, on: date) -> DsaEstimate | None:
    """Estimate the DSA of a city for one day, ``None`` where the tables have nothing to go by."""
    place = city(to)
    if place is None:
        return None
    for row in read("dsa"):
        if row["city"] == place.name and period(row).holds(on):
            how = say("countries.dsa.how", city=place.name, note=row["note"], **_money(row))
            amount, currency = _minor(row["per_day"]), row["currency"]
            return DsaEstimate(place.name, amount, currency, row["status"], how, row["source"])
    return None


def _money(row: Row) -> dict[str, str]:
    return {"per_day": row["per_day"], "currency": row["currency"]}


def _minor(written: str) -> int:
    return int(Decimal(written) * 100)
