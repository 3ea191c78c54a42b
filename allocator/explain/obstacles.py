"""Which clauses one more award would break as things stand, in exact arithmetic.

Everybody else's award stays as it is and is paid as it is. The programme's rows are read back as
the clauses they are: where a tighter row stands for a rule, the rule is named, never the device.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from allocator.explain.explanation import Obstacle
from allocator.model import Package
from allocator.optimise.programme import Programme, Row

CLAUSE = {"one": "quota", "state_full": "quota", "person_full": "person_year"} | {
    "person_one": "person_year"
}
"""Rows that are part of another clause."""

NEAREST = (
    "person_year", "person_meeting", "quota", "ticket_in_pair", "cap", "floor", "budget", "fund"
)  # fmt: skip
"""Which clause is named first when several stand in the way: the one nearest to the person."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """The programme's rows by column, and what each row still bears (``<=`` form)."""

    programme: Programme
    values: Sequence[int]
    of_column: Mapping[int, tuple[tuple[int, int], ...]]
    slack: Mapping[int, int]


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
    rows = _read(programme, values)
    awarded = {c.application for c, x in zip(programme.columns, values, strict=True) if x}
    found: dict[str, dict[Package, list[Obstacle]]] = defaultdict(lambda: defaultdict(list))
    for j, column in enumerate(programme.columns):
        if column.package is not None and column.application not in awarded:
            clauses = _clauses(programme, _broken_by(rows, j))
            alone = any(c > bound for c, bound in _alone(rows, j))
            found[column.application][column.package].append(
                Obstacle(column.package, clauses, alone)
            )
    return {
        application: tuple(
            min(each, key=lambda o: (o.alone, len(o.clauses))) for each in packages.values()
        )
        for application, packages in found.items()
    }


def kind(clause: str) -> str:
    """Return what kind of clause a name is: ``quota[KEN,sg13]`` is a ``quota``."""
    return clause.partition("[")[0]


def subject(clause: str) -> str:
    """Return what a clause is about: ``KEN,sg13`` for ``quota[KEN,sg13]``."""
    return clause.partition("[")[2].removesuffix("]")


def _read(programme: Programme, values: Sequence[int]) -> _Rows:
    of_column: dict[int, list[tuple[int, int]]] = defaultdict(list)
    slack = {}
    for number, row in enumerate(programme.rows):
        sign = 1 if row.sense == "<=" else -1
        used = 0
        for j, c in zip(row.columns, row.coefficients, strict=True):
            of_column[j].append((number, sign * c))
            if kind(row.name) != "ticket_in_pair" or programme.columns[j].application:
                used += sign * c * values[j]
        slack[number] = sign * row.bound - used
    return _Rows(programme, values, {j: tuple(each) for j, each in of_column.items()}, slack)


def _broken_by(rows: _Rows, j: int) -> list[Row]:
    """Return the rows that setting column ``j`` to 1 would break."""
    broken = []
    for number, c in rows.of_column.get(j, ()):
        row = rows.programme.rows[number]
        what = kind(row.name)
        if what in ("state_full", "person_full"):
            auxiliary = next(k for k in row.columns if not rows.programme.columns[k].application)
            if rows.values[auxiliary]:
                broken.append(row)
            else:
                broken.extend(_broken_by_full(rows, auxiliary))
        elif what != "balance" and c > rows.slack[number]:
            broken.append(row)
    return broken


def _broken_by_full(rows: _Rows, auxiliary: int) -> list[Row]:
    """Return the rows that a first full award of a State or a person would break."""
    named = [(rows.programme.rows[n], n, c) for n, c in rows.of_column[auxiliary]]
    return [
        row
        for row, number, c in named
        if kind(row.name) in ("quota", "person_year") and c > rows.slack[number]
    ]


def _alone(rows: _Rows, j: int) -> list[tuple[int, int]]:
    """Return (coefficient, bound) of the rows that could forbid a column by themselves."""
    own = ((rows.programme.rows[number], c) for number, c in rows.of_column.get(j, ()))
    return [
        (c, row.bound) for row, c in own if row.sense == "<=" and min(row.coefficients) >= 0
    ]  # fmt: skip


def _clauses(programme: Programme, broken: Sequence[Row]) -> tuple[str, ...]:
    """Return the clauses of rows, each once, the one nearest to the person first."""
    names = []
    for row in broken:
        what = CLAUSE.get(kind(row.name), kind(row.name))
        if what == kind(row.name):
            names.append(row.name)
        else:
            names.append(_of_part(programme, row, what))
    return tuple(sorted(dict.fromkeys(names), key=lambda n: (NEAREST.index(kind(n)), n)))


def _of_part(programme: Programme, row: Row, what: str) -> str:
    """Return the clause of a row that is only part of it: the State's or the person's."""
    auxiliary = next(
        (programme.columns[k].name for k in row.columns if not programme.columns[k].application), ""
    )
    return f"{what}[{subject(auxiliary)}]"
