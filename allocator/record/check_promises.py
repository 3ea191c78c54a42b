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
    room = Room(record)
    fitting = list(_fitting(room))
    worth = worth_of(room.book, room.awards)
    demand_none(
        say("verify.promises.better", application=safe(extra[0]))
        for extra in fitting
        if worth_of(room.book, [*room.awards, extra]) > worth
    )
    left = dict.fromkeys(application for application, _, _ in fitting)
    declined = len(room.book.candidates) - len(room.awards)
    return say("verify.promises.figure", declined=declined, left=len(left))


def _fitting(room: Room) -> Iterator[Award]:
    """Yield every award that could be added to the others within all rules."""
    held = {application for application, _, _ in room.awards}
    for application, costs in room.book.costs.items():
        for package, amount in costs.items() if application not in held else ():
            if room.holds((application, package, amount)):
                yield application, package, amount


class Room:
    """What one more award finds beside those of a record."""

    def __init__(self, record: Opened):
        self.book, self.awards = Book(record), awards_of(record)
        self._purse = _Purse(record, self.book)
        self._quota = self.book.rules["quota"]
        self._used: dict[tuple[str, str], int] = {}
        for application, package, _ in self.awards if self._quota else ():
            place = self.book.place(application)
            self._used[place] = self._used.get(place, 0) + units(self._quota, package)

    def holds(self, extra: Award) -> bool:
        """Tell whether an award fits within all rules, everybody else keeping theirs."""
        application, package, _ = extra
        used = self._used.get(self.book.place(application), 0)
        # The quota and the money settle most, and are quick to ask about.
        if self._quota and used + units(self._quota, package) > number(self._quota["at_most"]):
            return False
        return self._purse.can_pay(extra) and not broken_rules(self.book, [*self.awards, extra])


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
