"""Every problem in one table: where, what was written, what is wrong, what to do."""

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from allocator.errors import Problem
from allocator.model import Severity
from allocator.texts import say
from allocator.ui.components import Cell, Column, Kind, table
from allocator.ui.failures import advice
from allocator.ui.formats import quoted

_ALL = "all"


def problem_table(
    problems: Sequence[Problem], *, key: str, selectable: bool = False
) -> Problem | None:
    """Show problems, by severity if asked; return the one that was chosen.

    Parameters
    ----------
    problems : sequence of Problem
        At least one.
    key : str
        A name for the table, its own on the page.
    selectable : bool
        Whether one can be chosen.
    """
    found = _of_severity(problems, key)
    columns = [
        Column(say("ui.problems.severity")),
        Column(say("ui.problems.file")),
        Column(say("ui.problems.row"), Kind.COUNT),
        Column(say("ui.problems.column")),
        Column(say("ui.problems.value")),
        Column(say("ui.problems.what")),
        Column(say("ui.problems.do")),
    ]
    row = table(
        columns,
        [_row(each) for each in found],
        key=key,
        alt=say("ui.problems.alt", count=len(found)),
        file_name="problems",
        selectable=selectable,
    )
    return None if row is None else found[row]


def _of_severity(problems: Sequence[Problem], key: str) -> Sequence[Problem]:
    counts = Counter(each.severity for each in problems)
    if len(counts) < 2:
        return problems
    order = [_ALL, *(each for each in Severity if counts[each])]
    chosen = st.radio(
        say("ui.problems.show"),
        order,
        format_func=lambda each: say(
            f"ui.problems.severities.{each}",
            count=len(problems) if each == _ALL else counts[Severity(each)],
        ),
        horizontal=True,
        key=f"{key}-severity",
    )
    return [each for each in problems if chosen in (_ALL, each.severity)]


def _row(each: Problem) -> list[Cell]:
    where = each.where
    file = f"{where.file} · {where.sheet}" if where.sheet else where.file
    place = where.row or where.line or None
    severity = say(f"ui.problems.one.{each.severity}")
    return [severity, file, place, where.column, each.value, quoted(each.what), advice(each)]
