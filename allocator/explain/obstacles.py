"""Which clauses one more award would break as things stand, in exact arithmetic.

The programme's rows are read back as the clauses they are: where a tighter row stands for a rule,
the rule is named, never the device. A clause about a person is named without the person.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from allocator.explain.explanation import Obstacle
from allocator.explain.neighbours import Change, Neighbourhood, neighbourhood
from allocator.model import Package
from allocator.optimise.programme import Programme, Row

PART_OF = {
    "one": "quota",
    "state_full": "quota",
    "person_full": "person_year",
    "person_one": "person_year",
}
"""Rows that are part of another clause."""

NEAREST = (
    *("person_year", "person_meeting", "quota", "ticket_in_pair"),
    *("cap", "floor", "budget", "fund"),
)
"""Which clause is named first when several stand in the way: the one nearest to the person."""


def obstacles(programme: Programme, values: Sequence[int]) -> dict[str, tuple[Obstacle, ...]]:
    """Return, per application without an award, what an award of each package would break.

    Parameters
    ----------
    programme : Programme
        The programme of the round.
    values : sequence of int
        The allocation, one value per column.

    Returns
    -------
    dict
        By application id, one obstacle per package it accepts, in the order of ``Package``. Where
        several funds may each pay alone, the obstacle is that of the fund with the fewest.
    """
    around = neighbourhood(programme, values)
    awarded = {c.application for c, x in zip(programme.columns, values, strict=True) if x}
    found: dict[str, dict[Package, list[Obstacle]]] = defaultdict(lambda: defaultdict(list))
    for j, column in enumerate(programme.columns):
        if column.package is not None and column.application not in awarded:
            clauses = _clauses(around, j, around.change(j))
            alone = frozenset(_alone(around, j))
            obstacle = Obstacle(column.package, clauses, tuple(c for c in clauses if c in alone))
            found[column.application][column.package].append(obstacle)
    return {
        application: tuple(
            min(each, key=lambda o: (bool(o.alone), len(o.clauses))) for each in packages.values()
        )
        for application, packages in found.items()
    }


def kind(clause: str) -> str:
    """Return what kind of clause a name is: ``quota[KEN,sg13]`` is a ``quota``."""
    return clause.partition("[")[0]


def subject(clause: str) -> str:
    """Return what a clause is about: ``KEN,sg13`` for ``quota[KEN,sg13]``."""
    return clause.partition("[")[2].removesuffix("]")


def _alone(around: Neighbourhood, j: int) -> Iterator[str]:
    """Yield the clauses whose row, of non-negative coefficients, forbids a column by itself."""
    rows = around.programme.rows
    for number, c in around.rows.get(j, ()):
        if around.simple[number] and c > rows[number].bound:
            yield _named(rows[number].name)


def _clauses(around: Neighbourhood, j: int, change: Change) -> tuple[str, ...]:
    """Return the clauses a change would break, each once, the one nearest to the person first."""
    rows, columns = around.programme.rows, around.programme.columns
    # A shortfall beyond its bound only says that some limit on awards is broken, which is named.
    names = [_named(columns[k].name) for k in change.full if kind(columns[k].name) != "short"]
    for number in change.over:
        row = rows[number]
        if kind(row.name) != "ticket_in_pair" or _second_dsa(around, j, row):
            auxiliary = around.helper[number]
            inner = kind(row.name) in PART_OF and auxiliary is not None
            names.append(_named(columns[auxiliary].name if inner and auxiliary else row.name))
    return tuple(sorted(dict.fromkeys(names), key=lambda n: (NEAREST.index(kind(n)), n)))


def _named(name: str) -> str:
    """Return the clause that a row or an auxiliary column stands for."""
    clause = PART_OF.get(kind(name), kind(name))
    return clause if clause.startswith("person_") else f"{clause}[{subject(name)}]"


def _second_dsa(around: Neighbourhood, j: int, row: Row) -> bool:
    """Tell whether an award would be the second of DSA; the row also counts a State's full one."""
    columns = around.programme.columns
    held = sum(around.values[k] for k in row.columns if columns[k].application)
    return columns[j].package is Package.DSA and held > 0
