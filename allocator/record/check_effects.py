"""What the record says of the round as a whole: the effect of each balance factor, the exchanges.

Whether the allocation without a factor is the best one takes a solver or a proof and is not found
again here. That it keeps every rule, that it is worth no less than the awards once the factor has
no weight, and every figure that follows from the two are. Each exchange is carried out and held
against all rules.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from allocator.record.check_book import Aim, Award, Book, counted, number, unions
from allocator.record.check_container import Opened
from allocator.record.check_outcome import OPTIMAL, worth_of
from allocator.record.check_report import (
    Refused,
    Unchecked,
    demand_fields,
    demand_none,
    safe,
    same,
)
from allocator.record.check_rules import awards_of, broken_payments, broken_rules, not_offered
from allocator.texts import say

EFFECTS = "effects.json"
EFFECT = (
    *("awards", "brought_in", "factor", "kept_out", "merit", "merit_without", "money"),
    *("money_without", "reached", "repackaged", "title"),
)
MOST_SWAPS = 200
"""So many exchanges are listed, the rest counted."""

MOST_LINKED, MOST_ALONE = 150, 1500
"""Candidates up to which a round of several meetings, or of one, is decided again for each factor.

Persons and funds tie meetings together, and a single decision can then take a minute. It is a count
and not a time, so that the same round is explained alike on every machine.
"""


def look_at_effects(record: Opened) -> str:
    """Check the effects of the factors and the exchanges against the awards and the rules."""
    final = record.plain("result.json")["status"] == OPTIMAL
    if EFFECTS not in record.members:
        raise Unchecked(say("verify.effects.none" if final else "verify.proof.not-final"))
    if not final:
        raise Refused(say("verify.effects.not-final"))
    effects = record.plain(EFFECTS)
    demand_fields(effects, "factors", "left_out", "swaps", "swaps_count")
    book = Book(record)
    in_force = [each["id"] for each in book.rules["balance"] if number(each["weight"]) > 0]
    told = [each["factor"] for each in effects["factors"]]
    others = [each for each in in_force if each not in told]
    if told != [each for each in in_force if each in told] or effects["left_out"] != others:
        raise Refused(say("verify.effects.factors"))
    awards = awards_of(record)
    demand_none(
        say("verify.effects.other", factor=safe(each["factor"]), part=part)
        for each in effects["factors"]
        for part in _wrong_parts(book, awards, each)
    )
    demand_none(_wrong_swaps(record, book, awards, effects))
    meetings = {book.place(application)[1] for application in book.by_id}
    if effects["left_out"] and len(book.candidates) <= most_decided_again(meetings):
        raise Unchecked(say("verify.effects.stopped", factors=safe(", ".join(effects["left_out"]))))
    return say(
        f"verify.effects.{'some' if effects['left_out'] else 'figure'}",
        factors=len(told),
        left=len(effects["left_out"]),
        swaps=number(effects["swaps_count"]),
        tried=len(effects["swaps"]),
    )


def most_decided_again(meetings: set[str]) -> int:
    """Return up to how many candidates a round of these meetings is decided again."""
    return MOST_ALONE if len(meetings) < 2 else MOST_LINKED


def _wrong_parts(book: Book, awards: list[Award], effect: dict[str, Any]) -> Iterator[str]:
    """Yield the parts of an effect that are not what the two allocations give."""
    demand_fields(effect, *EFFECT)
    for each in effect["awards"]:
        demand_fields(each, "amount", "application_id", "package", "shares")
    without = [
        (each["application_id"], each["package"], number(each["amount"]))
        for each in effect["awards"]
    ]
    shares = {
        each["application_id"]: [(fund, number(part)) for fund, part in each["shares"]]
        for each in effect["awards"]
    }
    if [each for each, _, _ in without] != sorted(shares):
        yield "awards"
    broken = [*not_offered(book, without)] or [
        *broken_rules(book, without),
        *broken_payments(book, without, shares),
    ]
    if broken:
        yield "awards"
        return
    if not _no_worse(book, awards, without, effect["factor"]):
        yield "awards"
    expected = _expected_effect(book, awards, without, effect["factor"])
    yield from (name for name, value in expected.items() if not same(effect[name], value))


def _no_worse(book: Book, awards: list[Award], without: list[Award], factor: str) -> bool:
    """Tell whether each allocation is worth no less than the other by the weights it was made with.

    The proof shows that of the awards; that of the other one is not proven, only this.
    """
    light = copy.copy(book)
    light.aims = [each for each in book.aims if each.factor["id"] != factor]
    ahead = worth_of(book, awards) >= worth_of(book, without)
    return ahead and worth_of(light, without) >= worth_of(light, awards)


def _expected_effect(
    book: Book, awards: list[Award], without: list[Award], factor: str
) -> dict[str, Any]:
    now = {application: package for application, package, _ in awards}
    then = {application: package for application, package, _ in without}
    both = {application for application in now if application in then}
    titles = {each["id"]: each["title"] for each in book.rules["balance"]}
    aims = [each for each in book.aims if each.factor["id"] == factor]
    return {
        "title": titles[factor],
        "brought_in": sorted(each for each in now if each not in both),
        "kept_out": sorted(each for each in then if each not in both),
        "repackaged": sorted(each for each in both if now[each] != then[each]),
        "merit": _written(_merit(book, awards)),
        "merit_without": _written(_merit(book, without)),
        "money": sum(amount for _, _, amount in awards),
        "money_without": sum(amount for _, _, amount in without),
        "reached": [_reach(book, aim, awards, without) for aim in aims],
    }


def _merit(book: Book, awards: list[Award]) -> Fraction:
    worth = (book.coverage(package) * book.merit(application) for application, package, _ in awards)
    return sum(worth, Fraction(0))


def _written(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _reach(book: Book, aim: Aim, awards: list[Award], without: list[Award]) -> dict[str, Any]:
    whole, inside = _counts_of(book, aim, awards)
    whole_without, inside_without = _counts_of(book, aim, without)
    return {
        "clause": aim.clause,
        "share": _written(aim.share),
        "counted": whole,
        "inside": inside,
        "counted_without": whole_without,
        "inside_without": inside_without,
    }


def _counts_of(book: Book, aim: Aim, awards: list[Award]) -> tuple[int, int]:
    """Return what awards to people whose group is known count, and those in the group."""
    whole = inside = 0
    for application, package, amount in awards:
        if book.values(application, aim.known_by):
            count = counted(aim.measure, package, amount)
            whole += count
            inside += count * book.inside(aim.group, application, package)
    return whole, inside


def _wrong_swaps(
    record: Opened, book: Book, awards: list[Award], effects: dict[str, Any]
) -> Iterator[str]:
    """Yield exchanges that lose something, break a rule, or are not listed as they must be."""
    listed = effects["swaps"]
    for each in listed:
        demand_fields(each, "awarded", "declined", "package")
    pairs = [(each["awarded"], each["declined"]) for each in listed]
    count = number(effects["swaps_count"])
    if pairs != sorted(set(pairs)) or len(pairs) != min(count, MOST_SWAPS):
        yield say("verify.effects.swaps")
        return
    drawn = {each["application_id"] for each in record.plain("result.json")["draws"]}
    money = _Money(record, book)
    worth = worth_of(book, awards)
    for each in listed:
        place = {"awarded": safe(each["awarded"]), "declined": safe(each["declined"])}
        if not {each["awarded"], each["declined"]} <= drawn:
            yield say("verify.effects.untied", **place)
        elif not _exchangeable(book, awards, money, worth, each):
            yield say("verify.effects.swap", **place)


def _exchangeable(
    book: Book, awards: list[Award], money: _Money, worth: Fraction, swap: dict[str, Any]
) -> bool:
    """Tell whether an exchange keeps every rule and the worth, everybody else as they are."""
    entering, package = swap["declined"], swap["package"]
    held = {application for application, _, _ in awards}
    cost = book.costs.get(entering, {}).get(package)
    if swap["awarded"] not in held or entering in held or cost is None:
        return False
    after = [each for each in awards if each[0] != swap["awarded"]]
    after.append((entering, package, cost))
    return (
        not broken_rules(book, after)
        and money.suffices(after, swap["awarded"], after[-1])
        and worth_of(book, after) == worth
    )


class _Money:
    """Whether the funds can pay for awards of which one was exchanged."""

    def __init__(self, record: Opened, book: Book):
        self.book = book
        self.amounts = {fund["id"]: number(fund["amount"]) for fund in book.funds}
        self.paid = {
            each["application_id"]: [(fund, number(part)) for fund, part in each["shares"]]
            for each in record.plain("result.json")["awards"]
        }

    def suffices(self, awards: list[Award], leaving: str, entering: Award) -> bool:
        """Tell whether all can be paid; without sharing everybody else is paid as they are."""
        if not self.book.funds:
            return True
        if self.book.sharing:
            return self._by_sets(awards)
        left = dict(self.amounts)
        for application, parts in self.paid.items():
            for fund, part in parts if application != leaving else ():
                left[fund] -= part
        application, package, cost = entering
        return any(left[fund] >= cost for fund in self.book.payers[application, package])

    def _by_sets(self, awards: list[Award]) -> bool:
        """Tell whether what only a set of funds may pay fits in their money, for every set."""
        needs = [(self.book.payers[a, package], cost) for a, package, cost in awards]
        if not all(funds for funds, _ in needs):
            return False
        return all(
            sum(cost for funds, cost in needs if some.issuperset(funds))
            <= sum(self.amounts[fund] for fund in some)
            for some in unions(funds for funds, _ in needs)
        )


def otherwise_of(record: Opened) -> dict[str, list[dict[str, Any]]]:
    """Return, by application, what each factor's effect says of it: how it would be without."""
    found: dict[str, list[dict[str, Any]]] = {}
    effects = record.plain(EFFECTS) if EFFECTS in record.members else {"factors": []}
    for effect in effects["factors"]:
        then = {each["application_id"]: each["package"] for each in effect["awards"]}
        for application in (*effect["brought_in"], *effect["kept_out"], *effect["repackaged"]):
            package = then.get(application)
            found.setdefault(application, []).append(
                {
                    "factor": effect["factor"],
                    "title": effect["title"],
                    "otherwise": "awarded" if package else "declined",
                    "package": package,
                }
            )
    return found
