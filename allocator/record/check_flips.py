"""What the flip test says is held against the stated genders, the decisions and the policy.

Whether another stated gender would have changed a decision takes deciding the round again, and is
not found again here. That everybody was asked, which clauses look at gender, and that each answer
is one that there can be, are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from allocator.record.check_book import PACKAGES, Book
from allocator.record.check_container import Opened
from allocator.record.check_outcome import OPTIMAL
from allocator.record.check_report import demand_fields, safe, same
from allocator.texts import say

GENDER = "gender"
GENDERS = ("female", "male", "other", "not stated")
NO_CLAUSE, ALL_ANSWERED, SOME_OPEN = "no clause", "complete", "incomplete"
FLIP = (
    *("after", "after_package", "alone", "application_id"),
    *("before", "before_package", "instead", "stated"),
)


def wrong_flips(record: Opened, book: Book, flips: dict[str, Any] | None) -> Iterator[str]:
    """Yield what the flip test says that is not so; ``None`` where none was made."""
    if flips is None:
        return
    demand_fields(flips, "asked", "clauses", "flips", "status", "unanswered")
    stated = {
        each["application"]["application_id"]: each["application"]["gender"]
        for each in (*book.candidates, *book.ineligible)
    }
    if not same(flips["asked"], _asked(stated)):
        yield say("verify.fairness.asked")
    if flips["clauses"] != [*gender_clauses(book)]:
        yield say("verify.fairness.clauses")
    final = record.plain("result.json")["status"] == OPTIMAL
    if flips["status"] != _status(flips, final):
        yield say("verify.fairness.status")
    if not _in_order(flips, stated):
        yield say("verify.fairness.order")
    lines = record.plain("result.json")["decisions"]
    decided = {each["application_id"]: (each["decision"], each["package"]) for each in lines}
    for each in flips["flips"]:
        demand_fields(each, *FLIP)
        if not _can_be(each, stated, decided, flips["clauses"]):
            yield say("verify.fairness.flip", application=safe(each["application_id"]))


def gender_clauses(book: Book) -> Iterator[str]:
    """Yield the paths of the clauses that look at gender, in the order in which they act."""
    rules = book.rules
    clauses = (
        ("eligibility", rules["eligibility"]),
        ("limits.floors", rules["floors"]),
        ("limits.caps", rules["caps"]),
        ("merit.criteria", rules["criteria"]),
        ("balance", rules["balance"]),
        ("funds", book.funds),
    )
    for kind, parts in clauses:
        for clause in parts:
            if any(book.meant(name) == GENDER for name in _looked_at(clause)):
                yield f"{kind}.{clause['id']}"


def _looked_at(clause: dict[str, Any]) -> Iterator[str]:
    """Yield the attributes, as written, that a clause of any kind turns on."""
    yield from (clause[field] for field in ("column", "each", "known_by") if clause.get(field))
    for field in ("group", "of", "only"):
        yield from (name for name, _ in clause.get(field, {"conditions": []})["conditions"])
    for alternative in clause.get("rules", []):
        yield from _looked_at(alternative)


def _others(gender: str) -> tuple[str, ...]:
    """Return what is put in place of a stated gender."""
    return tuple(each for each in GENDERS[:2] if each != gender)


def _asked(stated: dict[str, str]) -> list[list[Any]]:
    count = Counter(stated.values())
    return [[was, instead, count[was]] for was in GENDERS for instead in _others(was)]


def _status(flips: dict[str, Any], final: bool) -> str:
    """Return how far the test must say it got; empty if it says what goes with no status."""
    if not flips["clauses"] or not final:
        found = flips["flips"] or flips["unanswered"]
        return "" if found else "not final" if flips["clauses"] else NO_CLAUSE
    told = all(each["alone"] is not None for each in flips["flips"])
    return ALL_ANSWERED if told and not flips["unanswered"] else SOME_OPEN


def _in_order(flips: dict[str, Any], stated: dict[str, str]) -> bool:
    """Tell whether each question has at most one answer or stayed open, in the usual order."""
    answered = [(each["application_id"], each["instead"]) for each in flips["flips"]]
    left_open = [(application, instead) for application, instead in flips["unanswered"]]
    return (
        all(found == sorted({*found}) for found in (answered, left_open))
        and not {*answered}.intersection(left_open)
        and all(gender in _others(stated[each]) for each, gender in (*answered, *left_open))
    )


def _can_be(
    flip: dict[str, Any],
    stated: dict[str, str],
    decided: dict[str, tuple[str, str | None]],
    clauses: list[str],
) -> bool:
    """Tell whether a flip is from the real decision to another one, by clauses that could do it."""
    application, alone = flip["application_id"], flip["alone"]
    after = (flip["after"], flip["after_package"])
    packages = PACKAGES if flip["after"] == "awarded" else (None,)
    return (
        stated.get(application) == flip["stated"]
        and decided.get(application) == (flip["before"], flip["before_package"]) != after
        and flip["after"] in ("awarded", "declined", "ineligible", None)
        and flip["after_package"] in packages
        and (alone is None or alone == [each for each in clauses if each in alone])
        and (len(clauses) > 1 or alone == clauses)
    )
