"""Round, policy and pool of a record, read from plain JSON, answer what the rules ask about them.

Who is in a group, what a package counts, which funds may pay, which share a balance factor aims at.
Written from ``docs/method.md``, apart from the code that decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from math import gcd
from typing import Any

from allocator.intake.folding import fold
from allocator.record.check_container import MOST_SAFE, Opened

PACKAGES = ("full", "ticket", "dsa")
GENEVA = ("geneva", "geneve", "genf", "ginebra")
FINEST = 1000
"""A proportional target with a larger denominator is taken down to the thousandth."""

type Award = tuple[str, str, int]
"""Application id, package, amount in minor units."""

type Group = list[tuple[str, frozenset[str]]]
"""Conditions: an attribute, and the values of which it must have one."""


def number(value: object) -> int:
    """Return a whole number; beyond 2^53, and only there, it is written as text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("not a whole number")
    whole_number = int(value)
    if isinstance(value, str) and (abs(whole_number) <= MOST_SAFE or str(whole_number) != value):
        raise ValueError("not written as records write it")
    return whole_number


def ratio(text: str) -> Fraction:
    """Return a fraction written ``n/d``."""
    numerator, denominator = text.split("/")
    return Fraction(int(numerator), int(denominator))


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """Return a value as it is compared: no case, accents or punctuation."""
    return fold(text) or text


class Aim:
    """A balance factor with its group and target share settled on the pool.

    ``step`` divides all that awards can count of its measure: the programme counts in such steps.
    """

    def __init__(
        self, clause: str, factor: dict[str, Any], group: Group, share: Fraction, step: int
    ):
        self.clause, self.factor, self.group, self.share = clause, factor, group, share
        self.step = step
        self.known_by: str = factor["known_by"] or factor["each"]
        self.measure: str = factor["measure"]

    @property
    def price(self) -> Fraction:
        """Return what 1/den of the measure short costs, in thousandths of a point."""
        unit = {"awards": 1, "half_units": 2, "money": number(self.factor["money_unit"])}
        return Fraction(number(self.factor["weight"]), self.share.denominator * unit[self.measure])


class Book:
    """What a record says of its round, policy and candidates."""

    def __init__(self, record: Opened):
        self.round: dict[str, Any] = record.plain("round.json")
        self.rules: dict[str, Any] = record.plain("rules.json")
        self.candidates: list[dict[str, Any]] = record.plain("pool.json")["candidates"]
        self.ineligible: list[dict[str, Any]] = record.plain("pool.json")["ineligible"]
        self._names: dict[str, str] = record.plain("attributes.json")
        self.meetings = {each["id"]: each for each in self.round["meetings"]}
        self.funds: list[dict[str, Any]] = self.round["funds"]
        self.sharing: bool = self.rules["share_between_funds"]
        self.by_id = {each["application"]["application_id"]: each for each in self.candidates}
        self.costs = {
            application: {cost["package"]: number(cost["amount"]) for cost in each["costs"]}
            for application, each in self.by_id.items()
        }
        self._known: dict[str, dict[str, list[str]]] = {
            application: dict(each["attributes"]) for application, each in self.by_id.items()
        }
        self.payers = self._payers()
        self.aims = list(self._aims())

    def place(self, application: str) -> tuple[str, str]:
        """Return the Member State and the meeting of an application."""
        about = self.by_id[application]["application"]
        return about["administration"], about["meeting"]

    def person(self, application: str) -> str:
        """Return the person's id."""
        return str(self.by_id[application]["application"]["person_id"])

    def values(self, application: str, attribute: str) -> list[str]:
        """Return the values of an attribute; none where it is not known."""
        return self._known[application].get(self.meant(attribute), [])

    def meant(self, written: str) -> str:
        """Return the attribute that a word of a policy or a fund means."""
        return self._names.get(written, written)

    def group(self, selector: dict[str, Any]) -> Group:
        """Return a selector's conditions as they are compared."""
        return [
            (self.meant(name), frozenset(folded(value) for value in wanted))
            for name, wanted in selector["conditions"]
        ]

    def inside(self, group: Group, application: str, package: str = "") -> bool:
        """Tell whether an award of a package is in a group; what is not known is outside."""
        return all(
            any(folded(value) in wanted for value in self._compared(application, name, package))
            for name, wanted in group
        )

    def _compared(self, application: str, attribute: str, package: str) -> list[str]:
        if attribute == "package":
            return [package] if package else []
        found = self._known[application].get(attribute, [])
        if attribute == "country_group" and found:
            return [*found, *self.values(application, "region")]
        return found

    def coverage(self, package: str) -> Fraction:
        """Return the part of a full award's merit that a package carries."""
        return ratio(self.rules[f"coverage_{package}"])

    def merit(self, application: str) -> int:
        """Return an application's merit in thousandths of a point."""
        return number(self.by_id[application]["merit"])

    def has_pair_rule(self, meeting: str) -> bool:
        """Tell whether of two partial awards at this meeting one must be the ticket."""
        scope = self.rules["ticket_in_pair"]
        city = fold(self.meetings[meeting]["city"])
        return scope == "all" or (scope == "geneva" and city in GENEVA)

    def _payers(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return, by application and package, the funds that may pay."""
        funds = [(fund["id"], self.group(fund["only"])) for fund in self.funds]
        return {
            (application, package): tuple(
                fund for fund, only in funds if self.inside(only, application, package)
            )
            for application, costs in self.costs.items()
            for package in costs
        }

    def fund_order(self) -> list[str]:
        """Return the funds, first the one that may pay the fewest requests, equal ones by id."""
        reach = {fund["id"]: 0 for fund in self.funds}
        for funds in self.payers.values():
            for fund in funds:
                reach[fund] += 1
        return sorted(reach, key=lambda each: (reach[each], each))

    def _aims(self) -> Iterable[Aim]:
        amounts = [amount for costs in self.costs.values() for amount in costs.values()]
        for factor in self.rules["balance"]:
            step = gcd(*amounts) if factor["measure"] == "money" else 1
            if number(factor["weight"]) <= 0:
                continue
            for clause, group in self._groups(factor):
                known_by = factor["known_by"] or factor["each"]
                target = factor["target"]
                share = ratio(target) if target else self._proportion(group, known_by)
                if share > 0:
                    yield Aim(clause, factor, group, share, step or 1)

    def _groups(self, factor: dict[str, Any]) -> list[tuple[str, Group]]:
        """Return the groups a factor is about: its own, or one for each value of an attribute."""
        attribute = factor["each"]
        if not attribute:
            return [(factor["id"], self.group(factor["group"]))]
        values = sorted({v for each in self.by_id for v in self.values(each, attribute)})
        return [
            (f"{factor['id']}:{value}", self.group({"conditions": [[attribute, [value]]]}))
            for value in values
        ]

    def _proportion(self, group: Group, known_by: str) -> Fraction:
        """Return the group's part of the candidates of whom it is known."""
        known = [each for each in self.by_id if self.values(each, known_by)]
        if not known:
            return Fraction(0)
        part = Fraction(sum(self.inside(group, each) for each in known), len(known))
        if part.denominator <= FINEST:
            return part
        return Fraction(int(FINEST * part), FINEST)


def counted(measure: str, package: str, amount: int) -> int:
    """Return what an award counts: itself, its half-units, or its money in minor units."""
    if measure == "money":
        return amount
    return 2 if measure == "half_units" and package == "full" else 1


def units(limit: dict[str, Any], package: str) -> int:
    """Return the units that a package takes of a limit."""
    return number(limit[package])


def unions(sets: Iterable[tuple[str, ...]]) -> list[frozenset[str]]:
    """Return every union of sets that hang together, the small ones first."""
    base = sorted({frozenset(each) for each in sets if each}, key=sorted)
    found, fresh = set(base), set(base)
    while fresh:
        fresh = {a | b for a in fresh for b in base if a & b} - found
        found |= fresh
        if len(found) > 4096:
            raise ValueError("funds overlap in too many ways")
    return sorted(found, key=lambda each: (len(each), sorted(each)))
