"""What each application was told is held against the decisions, the merit, the draws and the rules.

The margins took a solver to find; here the allocations that they name are carried out, and the
margins follow from those. Which awards would fit is worked out again for some of the declined.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from allocator.record.check_book import Book, number
from allocator.record.check_container import Opened
from allocator.record.check_effects import otherwise_of
from allocator.record.check_margins import Margins
from allocator.record.check_outcome import OPTIMAL, OVERRIDE_CODES
from allocator.record.check_promises import Room
from allocator.record.check_report import (
    Refused,
    Unchecked,
    demand_fields,
    demand_none,
    safe,
    same,
)
from allocator.texts import say

EXPLANATIONS = "explanations.json"
EXPLAINED = (
    *("application_id", "breakdown", "decision", "extra", "factors", "margin", "merit"),
    *("obstacles", "package", "reason_code", "tie"),
)
NEAREST = (
    *("person_year", "person_meeting", "quota", "ticket_in_pair"),
    *("cap", "floor", "budget", "fund"),
)
"""Which clause is named first when several stand in the way: the one nearest to the person."""
SAMPLE = 40
"""So many declined applications are tried again: those whose id has the smallest SHA-256."""


def look_at_explanations(record: Opened) -> str:
    """Check the explanations against everything that they rest on."""
    if EXPLANATIONS not in record.members:
        raise Unchecked(say("verify.explanations.none"))
    explained = record.plain(EXPLANATIONS)
    lines = record.plain("result.json")["decisions"]
    for each in explained:
        demand_fields(each, *EXPLAINED)
    if [each["application_id"] for each in explained] != [line["application_id"] for line in lines]:
        raise Refused(say("verify.explanations.ids"))
    told = _elsewhere(record)
    demand_none(
        say("verify.explanations.other", application=safe(each["application_id"]), field=field)
        for each, line in zip(explained, lines, strict=True)
        for field in _differing_explanation(each, line, told)
    )
    tried = sorted((each for each in explained if each["decision"] == "declined"), key=_rank)
    demand_none(_wrong_obstacles(record, tried[:SAMPLE]))
    exact = sum(each["margin"] is not None and each["margin"]["exact"] for each in explained)
    return say(
        "verify.explanations.figure",
        count=len(explained),
        exact=exact,
        tried=len(tried[:SAMPLE]),
    )


def _rank(explained: dict[str, Any]) -> str:
    return hashlib.sha256(explained["application_id"].encode("utf-8")).hexdigest()


class _Alone:
    """Which clauses of a programme forbid an award by themselves, whoever else is awarded."""

    def __init__(self, programme: dict[str, Any]):
        by_column: list[set[str]] = [set() for _ in programme["columns"]]
        for row in programme["rows"]:
            factors = [number(each) for each in row["coefficients"]]
            if row["sense"] != "<=" or min(factors, default=0) < 0:
                continue
            clause = _kind(row["name"])
            # A clause about a person is named without the person.
            clause = clause if clause.startswith("person_") else row["name"]
            for column, factor in zip(row["columns"], factors, strict=True):
                if factor > number(row["bound"]):
                    by_column[column].add(clause)
        self._found: dict[tuple[str, str], list[set[str]]] = {}
        for column, clauses in zip(programme["columns"], by_column, strict=True):
            key = (column["application"], column["package"])
            self._found.setdefault(key, []).append(clauses)

    def agrees(self, explained: dict[str, Any]) -> bool:
        """Tell whether each obstacle names the clauses that forbid it alone, of one fund at least.

        They are some of those that it names in all, in the same order.
        """
        return all(
            set(each["alone"])
            in self._found.get((explained["application_id"], each["package"]), ())
            and each["alone"] == [one for one in each["clauses"] if one in each["alone"]]
            for each in explained["obstacles"]
        )


def _code_of(obstacles: list[dict[str, Any]]) -> str:
    """Return the reason code of a declined application that no draw and no override settled."""
    if not all(each["clauses"] for each in obstacles):
        return "balance"
    if not obstacles:
        return "outranked"
    alone = [{_kind(one) for one in each["alone"]} for each in obstacles]
    if all(alone):
        nearest = min(set.intersection(*alone) or set.union(*alone), key=NEAREST.index)
        return nearest.replace("_", "-")
    least = min(obstacles, key=lambda each: (bool(each["alone"]), len(each["clauses"])))
    return _kind(least["clauses"][0]).replace("_", "-")


def _kind(clause: str) -> str:
    return clause.partition("[")[0]


def _code_follows(explained: dict[str, Any]) -> bool:
    """Tell whether the reason of a declined application is the one that its obstacles give."""
    code = explained["reason_code"]
    if explained["decision"] != "declined" or code in OVERRIDE_CODES.values():
        return True
    return bool(code == ("lottery" if explained["tie"] else _code_of(explained["obstacles"])))


@dataclass(frozen=True)
class _Elsewhere:
    """What the record says elsewhere, by application; ``lines`` are the lines of money."""

    breakdowns: dict[str, Any]
    ties: dict[str, dict[str, Any]]
    factors: dict[str, list[dict[str, Any]]]
    lines: dict[str, list[str]]
    margins: Margins
    alone: _Alone


def _elsewhere(record: Opened) -> _Elsewhere:
    book = Book(record)
    return _Elsewhere(
        breakdowns=_breakdowns(record),
        ties=_ties(record),
        factors=otherwise_of(record),
        lines=_lines(book),
        margins=Margins(record),
        alone=_Alone(record.plain("programme.json")),
    )


def _lines(book: Book) -> dict[str, list[str]]:
    """Return, by application, the budget and the funds from which it could be paid."""
    found = {}
    for application, costs in book.costs.items():
        meeting = book.place(application)[1]
        limited = book.meetings[meeting]["budget"] is not None
        payers = {fund for package in costs for fund in book.payers[application, package]}
        funds = [f"fund[{each['id']}]" for each in book.funds if each["id"] in payers]
        found[application] = [*([f"budget[{meeting}]"] if limited else []), *funds]
    return found


def _breakdowns(record: Opened) -> dict[str, Any]:
    return {
        each["application"]["application_id"]: each["breakdown"]
        for each in record.plain("pool.json")["candidates"]
    }


def _ties(record: Opened) -> dict[str, dict[str, Any]]:
    draws = record.plain("result.json")["draws"]
    return {
        each["application_id"]: {
            "key": each["key"],
            "of": len(draws),
            "position": each["position"],
        }
        for each in draws
    }


def _differing_explanation(
    explained: dict[str, Any], line: dict[str, Any], told: _Elsewhere
) -> Iterator[str]:
    """Yield the fields in which an explanation is not what the record says elsewhere."""
    application = line["application_id"]
    elsewhere = {
        **{field: line[field] for field in ("decision", "package", "reason_code", "merit")},
        "breakdown": told.breakdowns.get(application, []),
        "tie": told.ties.get(application),
        "factors": told.factors.get(application, []),
    }
    yield from (field for field, value in elsewhere.items() if not same(explained[field], value))
    if not told.margins.tie_agrees(explained):
        yield "tie"
    if not _extra_agrees(explained, told.lines.get(application, [])):
        yield "extra"
    if not _code_follows(explained):
        yield "reason_code"
    if not (told.margins.obstacles_agree(explained) and told.alone.agrees(explained)):
        yield "obstacles"
    if not told.margins.agree(explained, line):
        yield "margin"


def _extra_agrees(explained: dict[str, Any], lines: list[str]) -> bool:
    """Tell whether extra money is only asked for by the declined, of each line that could pay.

    That no amount would do is always exact.
    """
    for each in explained["extra"]:
        demand_fields(each, "amount", "exact", "line")
        if each["exact"] is not True and (each["exact"] is not False or each["amount"] is None):
            return False
        if each["amount"] is not None and number(each["amount"]) <= 0:
            return False
    named = [each["line"] for each in explained["extra"]]
    return not named or (explained["decision"] == "declined" and named == lines)


def _wrong_obstacles(record: Opened, declined: list[dict[str, Any]]) -> Iterator[str]:
    """Yield applications said to be in the way of a rule that they are not, or the reverse."""
    if not declined or record.plain("result.json")["status"] != OPTIMAL:
        return
    room = Room(record)
    for explained in declined:
        application = explained["application_id"]
        costs = room.book.costs[application]
        if any(
            room.holds((application, each["package"], costs[each["package"]]))
            is bool(each["clauses"])
            for each in explained["obstacles"]
        ):
            yield say("verify.explanations.obstacles", application=safe(application))
