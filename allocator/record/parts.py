"""What the writer of a record puts into it and its verifier makes again, said once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from allocator.intake.folder import LoadedRound, selectors
from allocator.intake.folding import fold
from allocator.intake.groups import attribute_name
from allocator.model import Application, Pool, Round
from allocator.optimise.funds import fund_order
from allocator.optimise.reduce import lottery_order
from allocator.record.check_container import INPUTS, is_plain_name
from allocator.record.check_report import same
from allocator.rules import EligibilityRule, Rules
from allocator.tables import Row, read, tables

ROLES = ("round", "policy", "applications", "prior_awards", "office_awards", "overrides")
"""What the files of a round are for, in the order in which they are read.

The first three are always there; the others are told by their names, which are fixed.
"""

_PLACE_COLUMNS = ("iso3", "code", "country")


@dataclass(frozen=True, slots=True)
class Input:
    """A file that was read: its part in the round, its name, where the record keeps it."""

    role: str
    name: str
    member: str
    sha256: str


def inputs_of(loaded: LoadedRound) -> tuple[tuple[Input, bytes], ...]:
    """Return the files of a round with their bytes; the policy may come from another folder."""
    found: list[tuple[Input, bytes]] = []
    for place, (name, digest, content) in enumerate(loaded.files):
        role = ROLES[place] if place < 3 else name.partition(".")[0]
        member = INPUTS + (name if is_plain_name(name) else role)
        while any(each.member == member for each, _ in found):
            member += "-2"
        found.append((Input(role, name, member, digest), content))
    return tuple(found)


def understood(loaded: LoadedRound) -> dict[str, object]:
    """Return the applications and past awards as they were understood."""
    return {
        "applications": loaded.applications,
        "columns": loaded.columns,
        "prior_awards": loaded.prior_awards,
        "prior_awards_given": loaded.prior_awards_given,
    }


def attributes_meant(round_: Round, rules: Rules) -> dict[str, str]:
    """Return which attribute each word means by which the policy or a fund names one."""
    written = {name for _, each in selectors(round_, rules) for name, _ in each.conditions}
    written |= {name for each in rules.balance for name in (each.each, each.known_by)}
    written |= {name for each in rules.criteria for name in (each.column, each.until)}
    written |= {name for each in rules.eligibility for name in _columns(each)}
    return {name: attribute_name(name) for name in sorted(written - {""})}


def _columns(rule: EligibilityRule) -> Iterator[str]:
    yield rule.column
    for each in rule.rules:
        yield from _columns(each)


def lottery_of(pool: Pool, round_: Round) -> dict[str, Any]:
    """Return the published seed, the order it gives, and the order in which funds pay."""
    ids = [each.application.application_id for each in pool.candidates]
    return {
        "seed": round_.lottery_seed,
        "order": lottery_order(round_.lottery_seed, ids),
        "funds": fund_order(pool, round_),
    }


def reference_tables(round_: Round, applications: Sequence[Application]) -> dict[str, object]:
    """Return every reference table by name and SHA-256, and the rows about the round's places."""
    states = {each.administration for each in applications}
    places = states | {each.country for each in round_.meetings if each.country}
    cities = {fold(each.city) for each in round_.meetings}
    rows = {
        each.name: [row for row in read(each.name) if _bears_on(row, round_, places, cities)]
        for each in tables()
    }
    return {"tables": tables(), "rows": rows}


def _bears_on(row: Row, round_: Round, places: set[str], cities: set[str]) -> bool:
    """Tell whether a row is about a Member State, a city or a fare table of the round."""
    if "table" in row:
        return row["table"] == round_.fare_table
    for column in _PLACE_COLUMNS:
        if column in row:
            return row[column] in places
    return fold(row["city"]) in cities


def differing(mine: Sequence[object], theirs: Sequence[object]) -> Iterator[int]:
    """Yield the places at which two sequences differ, their common length apart."""
    for place, (one, other) in enumerate(zip(mine, theirs, strict=False)):
        if not same(one, other):
            yield place
