"""The allocations that margins rest on are carried out: whom they award, what they are worth.

An exact margin names the allocation that it was found with, as the award columns in which that one
differs from the awards. Turning those over shows whether it keeps every row of the programme and
what it is worth. That none is better takes a solver; but none that the record itself holds may be.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

from allocator.record.check_book import Book, number
from allocator.record.check_container import Opened
from allocator.record.check_effects import EFFECTS
from allocator.record.check_outcome import worth_of


class Other(NamedTuple):
    """Another allocation: what those get who get something else in it, and its objective."""

    differs: dict[str, str | None]
    worth: int


class Board:
    """The programme with the awards on it, of which some columns may be turned over.

    ``slack`` is what a row has left; a helper that has -1 in a row (``lifts``) is at the least that
    its rows ask for, and their slack is counted without it.
    """

    def __init__(self, programme: dict[str, Any], values: list[int]):
        columns = programme["columns"]
        self.names = [(each["application"], each["package"]) for each in columns]
        self.gains = [number(each["objective"]) for each in columns]
        self.upper = [number(each["upper"]) for each in columns]
        self.values = values
        self.on = {j for j, value in enumerate(values) if value and self.names[j][0]}
        self.awards = {self.names[j][0]: self.names[j][1] for j in self.on}
        self.worth = sum(gain * value for gain, value in zip(self.gains, values, strict=True))
        self.of: dict[str, list[int]] = defaultdict(list)
        for j, (application, _) in enumerate(self.names):
            self.of[application].append(j)
        self.uses: list[list[tuple[int, int]]] = [[] for _ in columns]
        self.slack: list[int] = []
        self.lifts: dict[int, int] = {}
        self.lifted: dict[int, list[int]] = defaultdict(list)
        for r, row in enumerate(programme["rows"]):
            self._read(r, row)

    def _read(self, r: int, row: dict[str, Any]) -> None:
        sign = 1 if row["sense"] == "<=" else -1
        left = sign * number(row["bound"])
        for j, coefficient in zip(row["columns"], row["coefficients"], strict=True):
            factor = sign * number(coefficient)
            self.uses[j].append((r, factor))
            if factor == -1 and not self.names[j][0]:
                self.lifts[r] = j
                self.lifted[j].append(r)
            else:
                left -= factor * self.values[j]
        self.slack.append(left)

    def turned(self, columns: list[int]) -> Other | None:
        """Return the allocation with these award columns turned over; ``None`` if there is none."""
        places = range(len(self.names))
        plain = all(type(j) is int and j in places and self.names[j][0] for j in columns)
        if not plain or columns != sorted({*columns}):
            return None
        worth, moved = self.worth, dict[int, int]()
        for j in columns:
            step = -1 if j in self.on else 1
            worth += step * self.gains[j]
            for r, factor in self.uses[j]:
                moved[r] = moved.get(r, 0) + step * factor
        for k in {self.lifts[r]: None for r in moved if r in self.lifts}:
            least = max(0, *(moved.get(r, 0) - self.slack[r] for r in self.lifted[k]))
            if least > self.upper[k]:
                return None
            step = least - self.values[k]
            worth += step * self.gains[k]
            for r, factor in self.uses[k] if step else ():
                moved[r] = moved.get(r, 0) + (0 if self.lifts.get(r) == k else step * factor)
        if any(more > self.slack[r] for r, more in moved.items() if r not in self.lifts):
            return None
        return Other(self._differing(columns), worth)

    def _differing(self, columns: list[int]) -> dict[str, str | None]:
        after = self.on.symmetric_difference(columns)
        found: dict[str, str | None] = {}
        for application in {self.names[j][0]: None for j in columns}:
            held = (self.names[j][1] for j in self.of[application] if j in after)
            package = next(held, None)
            if package != self.awards.get(application):
                found[application] = package
        return found


class Others:
    """The allocations that a record holds besides the awards, and the best of them by outcome."""

    def __init__(self, record: Opened):
        programme, result = record.plain("programme.json"), record.plain("result.json")
        self.board = Board(programme, [number(each) for each in result["values"]])
        self.awards, self.worth = self.board.awards, self.board.worth
        self.level: set[str] = set()
        order = record.plain("lottery.json")["order"]
        self._place = {application: place for place, application in enumerate(order)}
        self._best: dict[tuple[str, str | None], int] = {}
        self._step_by_step()
        if EFFECTS in record.members:
            self._of_effects(record, number(programme["scale"]))

    def named(self, columns: list[int] | None) -> Other | None:
        """Return the allocation that a margin names, having taken note of it."""
        other = None if columns is None else self.board.turned(columns)
        if other is not None:
            self._note(other)
        return other

    def best(self, application: str, package: str | None) -> int | None:
        """Return the most that an allocation noted is worth in which the application gets this."""
        return self._best.get((application, package))

    def never(self, application: str, package: str) -> bool:
        """Tell whether nothing near at hand awards a package: alone, added, or for one other."""
        if self.best(application, package) is not None:
            return False
        name, on = (application, package), self.board.on
        for j in (j for j in self.board.of[application] if self.board.names[j] == name):
            changes = ([*on, j], *([other, j] for other in on))
            if any(self.board.turned(sorted(each)) is not None for each in changes):
                return False
        return True

    def comes_before(self, one: Other, other: Other) -> bool:
        """Tell whether the lottery selects the first of two allocations."""
        both = sorted({*one.differs, *other.differs}, key=lambda each: self._place[each])
        for application in both:
            held = [
                each.differs.get(application, self.awards.get(application)) is not None
                for each in (one, other)
            ]
            if held[0] != held[1]:
                return held[0]
        return False

    def _note(self, other: Other) -> None:
        for outcome in other.differs.items():
            self._best[outcome] = max(other.worth, self._best.get(outcome, other.worth))
        if other.worth == self.worth:
            self.level |= {*other.differs}

    def _step_by_step(self) -> None:
        """Take note of one award more and of one less."""
        for j, (application, _) in enumerate(self.board.names):
            if application and (j in self.board.on or application not in self.awards):
                self.named([j])

    def _of_effects(self, record: Opened, scale: int) -> None:
        """Take note of the exchanges, which are at no loss, and of the awards without a factor."""
        book, effects = Book(record), record.plain(EFFECTS)
        for each in effects["swaps"]:
            change = {each["awarded"]: None, each["declined"]: each["package"]}
            self._note(Other(change, self.worth))
        for effect in effects["factors"]:
            without = {each["application_id"]: each["package"] for each in effect["awards"]}
            listed = [(a, package, book.costs[a][package]) for a, package in without.items()]
            both = dict.fromkeys((*self.awards, *without))
            change = {a: without.get(a) for a in both if without.get(a) != self.awards.get(a)}
            self._note(Other(change, int(worth_of(book, listed) * scale)))
