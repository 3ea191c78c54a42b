"""Two results of one round become who moves between them: who gains, who loses, what changes."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from allocator.explain.result import DecisionLine, Result
from allocator.model import Decision, Package
from allocator.texts import say
from allocator.wording import plain_money


class Moved(StrEnum):
    """How an application's outcome differs: an award more or less, or something about it."""

    GAINS = "gains"
    LOSES = "loses"
    PACKAGE = "package"
    AMOUNT = "amount"
    ELIGIBILITY = "eligibility"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an application; ``amount`` in minor units."""

    decision: Decision
    package: Package | None
    amount: int

    def as_json(self) -> dict[str, str | None]:
        """Return it as plain values, the amount with two decimals."""
        return {
            "decision": self.decision.value,
            "package": self.package.value if self.package else None,
            "amount": plain_money(self.amount),
        }


@dataclass(frozen=True, slots=True)
class Move:
    """An application whose outcome differs between two results."""

    application_id: str
    before: Outcome
    after: Outcome

    @property
    def kind(self) -> Moved:
        """Return how it differs; to gain or lose an award comes before all else."""
        was, now = (each.decision is Decision.AWARDED for each in (self.before, self.after))
        if was != now:
            return Moved.GAINS if now else Moved.LOSES
        if self.before.decision is not self.after.decision:
            return Moved.ELIGIBILITY
        return Moved.PACKAGE if self.before.package is not self.after.package else Moved.AMOUNT

    @property
    def sentence(self) -> str:
        """Return it in words, by application id."""
        return say(
            f"moves.{self.kind}",
            application=self.application_id,
            before=_package(self.before),
            after=_package(self.after),
            before_amount=plain_money(self.before.amount),
            after_amount=plain_money(self.after.amount),
            decision=say(f"moves.decision.{self.after.decision}"),
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "application_id": self.application_id,
            "move": self.kind.value,
            "before": self.before.as_json(),
            "after": self.after.as_json(),
        }


def moves(before: Result, after: Result) -> tuple[Move, ...]:
    """Return every application whose outcome differs, by application id.

    Parameters
    ----------
    before, after : Result
        Two results of the same applications; policy, money and overrides may differ.
    """
    was, now = _outcomes(before.lines), _outcomes(after.lines)
    return tuple(
        Move(application, outcome, now[application])
        for application, outcome in was.items()
        if application in now and now[application] != outcome
    )


def counted_moves(found: Iterable[Move]) -> dict[Moved, int]:
    """Return how many applications moved in each way, every way present."""
    counts = Counter(each.kind for each in found)
    return {kind: counts[kind] for kind in Moved}


def _outcomes(lines: Iterable[DecisionLine]) -> dict[str, Outcome]:
    return {
        each.application_id: Outcome(each.decision, each.package, each.amount) for each in lines
    }


def _package(outcome: Outcome) -> str:
    return say(f"moves.package-of.{outcome.package}") if outcome.package else ""
