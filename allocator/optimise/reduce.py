"""Columns that are zero in the best allocation whatever the rest: found exactly, before solving.

Two arguments (``docs/method.md`` proves them):

impossible
    one row alone forbids the column: its cost exceeds the budget, its units the limit.
dominated
    within a Member State and meeting, for the same package and with the same part in every other
    rule, more other applications than could hold an award beside it are each worth more and cost
    no more. It is then zero in every best allocation. Counting also those that are worth the same
    and win the lottery against it, it is zero in the allocation the lottery selects.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

from allocator.model import Package, Pool
from allocator.optimise.programme import Programme
from allocator.rules import Rules, UnitLimit

LOCAL_ROWS = ("one[", "state_full[", "quota[", "ticket_in_pair[")
PERSON_ROWS = ("person_meeting[", "person_full[", "person_year[", "person_one[")
MONEY_ROWS = ("budget[", "fund[")


def lottery_key(seed: str, application_id: str) -> str:
    """Return an application's draw: SHA-256 of the published seed followed by its id, as hex."""
    return hashlib.sha256(f"{seed}{application_id}".encode()).hexdigest()


def lottery_order(seed: str, applications: Iterable[str]) -> tuple[str, ...]:
    """Return application ids in the order of their draws; equal draws go by id."""
    return tuple(sorted(applications, key=lambda each: (lottery_key(seed, each), each)))


@dataclass(frozen=True, slots=True)
class Reduction:
    """What need not be solved.

    ``never`` are columns that are zero in every best allocation; ``drawn_out`` are further columns
    that are zero in the one the lottery selects; ``twins`` are classes of columns that are alike in
    everything (same worth, cost and rules), each with more members than can hold an award, in
    lottery order: what is true of one member of a class is true of all.
    """

    never: frozenset[int]
    drawn_out: frozenset[int]
    twins: tuple[tuple[int, ...], ...]
    kept_twins: tuple[int, ...]


@dataclass(slots=True)
class _Place:
    """One column's part in the rules: shared rows with coefficients, money rows, cost."""

    rules: list[tuple[int, int]]
    money: list[int]
    cost: int
    has_person_row: bool


@dataclass(frozen=True, slots=True)
class _Context:
    programme: Programme
    places: dict[int, _Place]
    order: dict[str, int]

    def rank(self, j: int) -> int:
        return self.order[self.programme.columns[j].application]


def reduce_programme(programme: Programme, pool: Pool, rules: Rules, seed: str) -> Reduction:
    """Find every column that the two arguments settle."""
    never = impossible(programme)
    quota = rules.quota
    if quota is None or min(quota.full, quota.ticket, quota.dsa) <= 0:
        return Reduction(never, frozenset(), (), ())
    applications = {c.application.application_id: c.application for c in pool.candidates}
    order = {a: n for n, a in enumerate(lottery_order(seed, applications))}
    context = _Context(programme, _places(programme, never), order)
    classes: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for j, place in context.places.items():
        column = programme.columns[j]
        own = applications[column.application]
        alike = (tuple(place.rules), tuple(place.money))
        classes[own.administration, own.meeting, column.package, column.fund, *alike].append(j)
    strict: set[int] = set()
    drawn: set[int] = set()
    twins: list[tuple[int, ...]] = []
    kept: list[int] = []
    for members in classes.values():
        package = programme.columns[members[0]].package
        if package is None or len(members) < 2:
            continue
        rivals = _rivals(quota, package)
        strict.update(_beaten(context, members, rivals, by_lottery=False))
        drawn.update(_beaten(context, members, rivals, by_lottery=True))
        for alike_columns in _twins(context, members):
            if len(alike_columns) > rivals:
                twins.append(alike_columns)
                kept.append(rivals)
    strict.update(_own_cheaper(context, rules, strictly=True))
    drawn.update(_own_cheaper(context, rules, strictly=False))
    whole = never | strict
    return Reduction(whole, frozenset(drawn) - whole, tuple(twins), tuple(kept))


def impossible(programme: Programme) -> frozenset[int]:
    """Return the award columns that one row of non-negative coefficients forbids on its own."""
    found: set[int] = set()
    for row in programme.rows:
        if row.sense != "<=" or (row.coefficients and min(row.coefficients) < 0):
            continue
        found.update(
            j
            for j, c in zip(row.columns, row.coefficients, strict=True)
            if c > row.bound and programme.columns[j].application
        )
    return frozenset(found)


def _rivals(quota: UnitLimit, package: Package) -> int:
    """Return how many dominators suffice: one more than can hold awards beside this package."""
    least = min(quota.full, quota.ticket, quota.dsa)
    return 1 + max(0, quota.at_most - quota.units(package)) // least


def _places(programme: Programme, without: frozenset[int]) -> dict[int, _Place]:
    """Return each remaining award column's part in the rows that are not its State's own."""
    places = {
        j: _Place([], [], 0, False)
        for j, column in enumerate(programme.columns)
        if column.application and j not in without
    }
    for number, row in enumerate(programme.rows):
        if row.name.startswith(LOCAL_ROWS):
            continue
        person, money = row.name.startswith(PERSON_ROWS), row.name.startswith(MONEY_ROWS)
        for j, c in zip(row.columns, row.coefficients, strict=True):
            place = places.get(j)
            if place is None:
                continue
            if person:
                place.has_person_row = True
            elif money:
                # Columns are compared only within the same money rows, so any one row's
                # coefficient (the cost over the row's common divisor) orders them by cost.
                place.money.append(number)
                place.cost = c
            else:
                place.rules.append((number, c))
    return places


def _beaten(
    context: _Context, members: list[int], rivals: int, *, by_lottery: bool
) -> Iterator[int]:
    """Yield the columns of a class that at least ``rivals`` others dominate.

    An application bound by a rule about its person can be dominated but not dominate, for taking
    its place might break that rule.
    """
    columns = context.programme.columns
    ranked = sorted(members, key=lambda j: (-columns[j].objective, context.rank(j)))
    cheapest: list[int] = []  # the ``rivals`` least costs of dominators so far, as a max-heap
    waiting: list[int] = []
    worth: int | None = None
    for j in ranked:
        if columns[j].objective != worth or by_lottery:
            for earlier in waiting:
                heappush(cheapest, -context.places[earlier].cost)
                if len(cheapest) > rivals:
                    heappop(cheapest)
            waiting, worth = [], columns[j].objective
        if len(cheapest) == rivals and -cheapest[0] <= context.places[j].cost:
            yield j
        if not context.places[j].has_person_row:
            waiting.append(j)


def _twins(context: _Context, members: list[int]) -> Iterator[tuple[int, ...]]:
    """Yield the sets of columns of a class that are alike in worth and cost, in lottery order."""
    alike: dict[tuple[int, int], list[int]] = defaultdict(list)
    for j in members:
        place = context.places[j]
        if not place.has_person_row:
            alike[context.programme.columns[j].objective, place.cost].append(j)
    for columns in alike.values():
        if len(columns) > 1:
            yield tuple(sorted(columns, key=context.rank))


def _own_cheaper(context: _Context, rules: Rules, *, strictly: bool) -> Iterator[int]:
    """Yield DSA columns whose applicant's own ticket is worth at least as much and costs no more.

    The ticket counts no more than the DSA in any limit, and comes first where both are as good.
    """
    limits = [limit for limit in (rules.quota, rules.person_year) if limit is not None]
    if any(limit.ticket > limit.dsa for limit in limits):
        return
    columns = context.programme.columns
    tickets = {
        (columns[j].application, columns[j].fund): j
        for j in context.places
        if columns[j].package is Package.TICKET
    }
    for j, place in context.places.items():
        if columns[j].package is not Package.DSA:
            continue
        ticket = tickets.get((columns[j].application, columns[j].fund))
        if ticket is None:
            continue
        other = context.places[ticket]
        better = columns[ticket].objective - columns[j].objective
        if (
            (better > 0 or (better == 0 and not strictly))
            and other.cost <= place.cost
            and other.money == place.money
            and other.rules == place.rules
        ):
            yield j
