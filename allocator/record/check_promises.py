"""Every declined application is tried once more: it does not fit, or the whole is worth no more.

A plain test of the method's promises that anyone can follow without the proof: everybody else
keeps what they have, and one award is added.
"""

from __future__ import annotations

from collections.abc import Iterator

from allocator.record.check_book import Award, Book, number, unions, units
from allocator.record.check_container import Opened
from allocator.record.check_outcome import OPTIMAL, worth_of
from allocator.record.check_report import Unchecked, demand_none, safe
from allocator.record.check_rules import awards_of, broken_rules
from allocator.texts import say


def look_at_promises(record: Opened) -> str:
    """Check that no seat was left empty that could have been filled to advantage."""
    if record.plain("result.json")["status"] != OPTIMAL:
        raise Unchecked(say("verify.proof.not-final"))
    book, awards = Book(record), awards_of(record)
    fitting = list(_fitting(record, book, awards))
    worth = worth_of(book, awards)
    demand_none(
        say("verify.promises.better", application=safe(extra[0]))
        for extra in fitting
        if worth_of(book, [*awards, extra]) > worth
    )
    left = dict.fromkeys(application for application, _, _ in fitting)
    declined = len(book.candidates) - len(awards)
    return say("verify.promises.figure", declined=declined, left=len(left))


def _fitting(record: Opened, book: Book, awards: list[Award]) -> Iterator[Award]:
    """Yield every award that could be added to the others within all rules."""
    purse, states = _Purse(record, book), _units_held(book, awards)
    held = {application for application, _, _ in awards}
    quota = book.rules["quota"]
    for application, costs in book.costs.items():
        if application in held:
            continue
        used = states.get(book.place(application), 0)
        for package, amount in costs.items():
            # The quota and the money settle most, and are quick to ask about.
            if quota and used + units(quota, package) > number(quota["at_most"]):
                continue
            extra = (application, package, amount)
            if purse.can_pay(extra) and not broken_rules(book, [*awards, extra]):
                yield extra


def _units_held(book: Book, awards: list[Award]) -> dict[tuple[str, str], int]:
    quota = book.rules["quota"]
    held: dict[tuple[str, str], int] = {}
    for application, package, _ in awards:
        place = book.place(application)
        held[place] = held.get(place, 0) + (units(quota, package) if quota else 0)
    return held


class _Purse:
    """What is left in the meetings' budgets and in the funds."""

    def __init__(self, record: Opened, book: Book):
        self.book = book
        self.meetings = {
            name: number(each["budget"])
            for name, each in book.meetings.items()
            if each["budget"] is not None
        }
        self.funds = {fund["id"]: number(fund["amount"]) for fund in book.funds}
        self.sets = {
            some: sum(self.funds[fund] for fund in some) for some in unions(book.payers.values())
        }
        for award in record.plain("result.json")["awards"]:
            self._pay(award["application_id"], award["package"], award["shares"])

    def _pay(self, application: str, package: str, shares: list[list[object]]) -> None:
        amount = self.book.costs[application][package]
        meeting = self.book.place(application)[1]
        if meeting in self.meetings:
            self.meetings[meeting] -= amount
        for fund, part in shares:
            self.funds[str(fund)] -= number(part)
        for some in self.sets:
            if some.issuperset(self.book.payers[application, package]):
                self.sets[some] -= amount

    def can_pay(self, award: Award) -> bool:
        """Tell whether one more award can be paid, the others' shares moving if they may."""
        application, package, amount = award
        meeting = self.book.place(application)[1]
        if amount > self.meetings.get(meeting, amount):
            return False
        if not self.book.funds:
            return True
        payers = self.book.payers[application, package]
        if not self.book.sharing:
            return any(self.funds[fund] >= amount for fund in payers)
        over = (left for some, left in self.sets.items() if some.issuperset(payers))
        return bool(payers) and all(left >= amount for left in over)
