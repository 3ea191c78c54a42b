"""The programme is written once more, from round, policy and pool, and must be the one recorded.

Read it beside ``docs/method.md`` (the programme): each function writes the rows of one rule. It
shares no code with the one that wrote the programme for the solver.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from allocator.record.check_book import (
    PACKAGES,
    Aim,
    Book,
    counted,
    number,
    ratio,
    unions,
    units,
)
from allocator.record.check_container import MOST_SAFE, Opened
from allocator.record.check_report import Refused, safe, same
from allocator.texts import say

type Offer = tuple[int, str, str, int, tuple[str, ...]]
"""Column, application, package, cost, funds that may pay."""


def look_at_programme(record: Opened) -> str:
    """Check that rows and columns are those that round, policy and pool ask for."""
    recorded = record.plain("programme.json")
    written = Writer(Book(record)).programme()
    for part in ("columns", "rows"):
        pairs = zip(recorded[part], written[part])  # noqa: B905 - lengths are compared below
        other = next((mine["name"] for theirs, mine in pairs if theirs != mine), None)
        if other is not None:
            raise Refused(say(f"verify.programme.{part}", name=safe(other)))
    if not same(recorded, written):
        raise Refused(say("verify.programme.size"))
    return say(
        "verify.programme.figure", columns=len(written["columns"]), rows=len(written["rows"])
    )


class Writer:
    """Writes the programme of a book; columns and rows grow rule by rule."""

    def __init__(self, book: Book):
        self.book = book
        self.rules = book.rules
        self.columns: list[dict[str, Any]] = []
        self.rows: list[dict[str, Any]] = []
        coverages = [book.coverage(package) for package in PACKAGES]
        denominators = [
            each.denominator for each in (*coverages, *(a.price * a.step for a in book.aims))
        ]
        self.scale = lcm(*denominators)

    def programme(self) -> dict[str, Any]:
        """Return columns, rows and scale in the order of the method."""
        offers = self._offers()
        self._member_states(offers)
        self._persons(offers)
        self._budgets(offers)
        self._funds(offers)
        for bound in (*self.rules["floors"], *self.rules["caps"]):
            self._bound(offers, bound)
        for aim in self.book.aims:
            self._balance(offers, aim)
        return {"columns": self.columns, "rows": self.rows, "scale": self.scale}

    def column(self, name: str, gain: int, most: int, **award: str) -> int:
        """Add a column; return its position."""
        about = {"application": "", "fund": "", "package": None, **award}
        self.columns.append(
            {"name": name, "objective": as_written(gain), "upper": as_written(most), **about}
        )
        return len(self.columns) - 1

    def row(self, name: str, terms: Iterable[tuple[int, int]], sense: str, bound: int) -> None:
        """Add a row in its lowest terms; one that always holds is left out."""
        sums: dict[int, int] = {}
        for column, factor in terms:
            sums[column] = sums.get(column, 0) + factor
        kept = sorted((column, factor) for column, factor in sums.items() if factor)
        holds = bound >= 0 if sense == "<=" else bound <= 0
        if not kept and holds:
            return
        divisor = gcd(*(factor for _, factor in kept)) or 1
        lowest = bound // divisor if sense == "<=" else -(-bound // divisor)
        self.rows.append(
            {
                "name": name,
                "columns": [column for column, _ in kept],
                "coefficients": [as_written(factor // divisor) for _, factor in kept],
                "sense": sense,
                "bound": as_written(lowest),
            }
        )

    def _offers(self) -> list[Offer]:
        """Write a column per application and package, per fund too where one must pay alone."""
        book, offers = self.book, []
        for application, costs in book.costs.items():
            for package, cost in costs.items():
                gain = int(book.coverage(package) * book.merit(application) * self.scale)
                payers = book.payers[application, package]
                alone = payers and not book.sharing
                for funds in [(fund,) for fund in payers] if alone else [payers]:
                    fund = funds[0] if alone else ""
                    label = f"{application},{fund}" if alone else application
                    name = f"{package}[{label}]"
                    about = {"application": application, "package": package, "fund": fund}
                    position = self.column(name, gain, 1, **about)
                    offers.append((position, application, package, cost, funds))
        return offers

    def _member_states(self, offers: list[Offer]) -> None:
        for (state, meeting), own in grouped(offers, self.book.place).items():
            label = f"{state},{meeting}"
            fulls, partials = which(own, "full"), which(own, "ticket", "dsa")
            dsas = which(own, "dsa")
            paired = self.book.has_pair_rule(meeting) and len(dsas) > 1
            applications = grouped(own, str)
            quota = self.rules["quota"]
            if is_usual(quota) and len(applications) > 1 and fulls and partials:
                full = self.column(f"state_full[{label}]", 0, 1)
                self.row(f"state_full[{label}]", [*ones(fulls), (full, -1)], "<=", 0)
                self.row(f"quota[{label}]", [*ones(partials), (full, 2)], "<=", 2)
                for application, mine in applications.items():
                    self._one(application, [*ones(which(mine, "ticket", "dsa")), (full, 1)])
                if paired:
                    self.row(f"ticket_in_pair[{label}]", [*ones(dsas), (full, 1)], "<=", 1)
                continue
            for application, mine in applications.items():
                self._one(application, ones(which(mine, *PACKAGES)))
            if quota is not None:
                self._units(f"quota[{label}]", own, quota, number(quota["at_most"]))
            if paired:
                self.row(f"ticket_in_pair[{label}]", ones(dsas), "<=", 1)

    def _one(self, application: str, terms: list[tuple[int, int]]) -> None:
        if len(terms) > 1:
            self.row(f"one[{application}]", terms, "<=", 1)

    def _units(self, name: str, offers: list[Offer], limit: dict[str, Any], left: int) -> None:
        terms = [(offer[0], units(limit, offer[2])) for offer in offers]
        if sum(each for _, each in terms) > left:
            self.row(name, terms, "<=", max(left, 0))

    def _persons(self, offers: list[Offer]) -> None:
        for person, own in grouped(offers, self.book.person).items():
            meetings = grouped(own, lambda application: self.book.place(application)[1])
            applications = grouped(own, str)
            if len(applications) > len(meetings):
                for meeting, there in meetings.items():
                    name = f"person_meeting[{person},{meeting}]"
                    self.row(name, ones(which(there, *PACKAGES)), "<=", 1)
            if self.rules["person_year"] is not None:
                self._person_year(person, own, applications)

    def _person_year(self, person: str, own: list[Offer], parts: dict[str, list[Offer]]) -> None:
        limit = self.rules["person_year"]
        first = next(iter(parts))
        left = number(limit["at_most"]) - number(self.book.by_id[first]["used_half_units"])
        fulls, partials = which(own, "full"), which(own, "ticket", "dsa")
        if not (is_usual(limit) and left == 2 and len(parts) > 1 and fulls and partials):
            self._units(f"person_year[{person}]", own, limit, left)
            return
        full = self.column(f"person_full[{person}]", 0, 1)
        self.row(f"person_full[{person}]", [*ones(fulls), (full, -1)], "<=", 0)
        self.row(f"person_year[{person}]", [*ones(partials), (full, 2)], "<=", 2)
        for application, mine in parts.items():
            terms = ones(which(mine, "ticket", "dsa"))
            if terms:
                self.row(f"person_one[{application}]", [*terms, (full, 1)], "<=", 1)

    def _budgets(self, offers: list[Offer]) -> None:
        spent = grouped(offers, lambda application: self.book.place(application)[1])
        for name, meeting in self.book.meetings.items():
            if meeting["budget"] is not None:
                terms = [(offer[0], offer[3]) for offer in spent.get(name, [])]
                self.row(f"budget[{name}]", terms, "<=", number(meeting["budget"]))

    def _funds(self, offers: list[Offer]) -> None:
        money = {fund["id"]: number(fund["amount"]) for fund in self.book.funds}
        if not money:
            return
        self.row("fund[none]", [(offer[0], 1) for offer in offers if not offer[4]], "<=", 0)
        sets = [frozenset([fund]) for fund in money]
        if self.book.sharing:
            sets = unions(offer[4] for offer in offers)
        for some in sets:
            terms = [(o[0], o[3]) for o in offers if o[4] and some.issuperset(o[4])]
            name = "+".join(fund for fund in money if fund in some)
            self.row(f"fund[{name}]", terms, "<=", sum(money[fund] for fund in some))

    def _bound(self, offers: list[Offer], bound: dict[str, Any]) -> None:
        whole, group = self.book.group(bound["of"]), self.book.group(bound["group"])
        floor = bound["at_least"] is not None
        level = ratio(bound["at_least"] if floor else bound["at_most"])
        terms = []
        for column, application, package, cost, _ in offers:
            if self.book.inside(whole, application, package):
                inside = int(self.book.inside(group, application, package))
                if bound["share"]:
                    inside = level.denominator * inside - level.numerator
                terms.append((column, inside * counted(bound["measure"], package, cost)))
        target = Fraction(0) if bound["share"] else level
        if floor:
            self.row(f"floor[{bound['id']}]", terms, ">=", -(-target // 1))
        else:
            self.row(f"cap[{bound['id']}]", terms, "<=", target // 1)

    def _balance(self, offers: list[Offer], aim: Aim) -> None:
        """Write the shortfall; its upper bound is what the Member States could all take of it."""
        terms, most = [], []
        for own in grouped(offers, self.book.place).values():
            losses = []
            for application, mine in grouped(own, str).items():
                if not self.book.values(application, aim.known_by):
                    continue
                inside = self.book.inside(aim.group, application)
                factor = aim.share.denominator * inside - aim.share.numerator
                counts = [
                    (o[0], factor * counted(aim.measure, o[2], o[3]) // aim.step) for o in mine
                ]
                terms += counts
                losses.append(max(0, *(-count for _, count in counts)))
            most.append(sum(sorted(losses)[-self._most_awards() :]))
        short = self.column(
            f"short[{aim.clause}]", -int(aim.price * aim.step * self.scale), sum(most)
        )
        self.row(f"balance[{aim.clause}]", [*terms, (short, 1)], ">=", 0)

    def _most_awards(self) -> int:
        """Return how many awards a Member State can hold at a meeting; 0 stands for no limit."""
        quota = self.rules["quota"]
        least = min(units(quota, package) for package in PACKAGES) if quota else 0
        return number(quota["at_most"]) // least if least > 0 else 0


def as_written(value: int) -> int | str:
    """Return a whole number as records write it."""
    return value if abs(value) <= MOST_SAFE else str(value)


def which(offers: list[Offer], *packages: str) -> list[int]:
    """Return the columns of offers of these packages."""
    return [offer[0] for offer in offers if offer[2] in packages]


def ones(columns: Iterable[int]) -> list[tuple[int, int]]:
    """Return terms that count each column once."""
    return [(column, 1) for column in columns]


def is_usual(limit: dict[str, Any] | None) -> bool:
    """Tell whether a limit reads "one full or two partial", which is written more tightly."""
    return limit is not None and [
        number(limit[each]) for each in ("full", "ticket", "dsa", "at_most")
    ] == [2, 1, 1, 2]


def grouped(offers: list[Offer], by: Any) -> dict[Any, list[Offer]]:
    """Return the offers by what ``by`` says of their application, in order of appearance."""
    found: dict[Any, list[Offer]] = {}
    for offer in offers:
        found.setdefault(by(offer[1]), []).append(offer)
    return found
