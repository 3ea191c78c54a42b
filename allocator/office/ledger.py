"""Where the money of a round stands: allocated, committed, paid, released, free, to the centime.

Pure: awards, payments and what fell through become lines. At every moment, on every line with
money of its own, ``allocated = committed + paid + free``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from allocator.model import Award, Round
from allocator.office.views import LedgerLine


@dataclass(frozen=True, slots=True)
class Claim:
    """A published award upon the money: ``standing`` until it falls through."""

    award: Award
    meeting: str
    standing: bool


@dataclass(frozen=True, slots=True)
class Paid:
    """Money that moved for an award, in minor units: negative if it came back.

    ``fund`` is empty in a round without funds, where the meeting's budget pays.
    """

    application: str
    fund: str
    amount: int


def shares_of(award: Award) -> dict[str, int]:
    """Return what each fund owes for an award; a round without funds pays from one, unnamed."""
    return dict(award.shares) if award.shares else {"": award.amount}


def ledger(
    round_: Round, claims: Iterable[Claim], payments: Iterable[Paid], *, closed: bool = False
) -> tuple[LedgerLine, ...]:
    """Return the lines of a round: its funds, then its meetings.

    Parameters
    ----------
    round_ : Round
        With the amounts as they were allocated at first.
    claims : iterable of Claim
        Every award that was ever published, each as last published.
    payments : iterable of Paid
        Every payment.
    closed : bool
        Whether the round is closed: what is not paid then is released.

    Returns
    -------
    tuple of LedgerLine
        ``released`` is what came back from awards that fell through, unpaid as it was.
    """
    awards = list(claims)
    paid: dict[tuple[str, str], int] = {}
    for each in payments:
        key = (each.application, each.fund)
        paid[key] = paid.get(key, 0) + each.amount
    funds = [
        _line(
            f"fund[{fund.id}]",
            fund.title,
            fund.amount,
            [
                _Part.of(claim, {fund.id: shares_of(claim.award).get(fund.id, 0)}, paid)
                for claim in awards
            ],
            closed,
        )
        for fund in round_.funds
    ]
    meetings = [
        _line(
            f"budget[{meeting.id}]",
            meeting.title,
            meeting.budget,
            [
                _Part.of(claim, shares_of(claim.award), paid)
                for claim in awards
                if claim.meeting == meeting.id
            ],
            closed,
        )
        for meeting in round_.meetings
    ]
    return (*funds, *meetings)


@dataclass(frozen=True, slots=True)
class _Part:
    """What a line owes for one award, and what it has paid for it."""

    owed: int
    paid: int
    standing: bool

    @classmethod
    def of(
        cls, claim: Claim, shares: Mapping[str, int], paid: Mapping[tuple[str, str], int]
    ) -> "_Part":
        application = claim.award.application_id
        settled = sum(paid.get((application, fund), 0) for fund in shares)
        return cls(sum(shares.values()), settled, claim.standing)


def _line(
    name: str, title: str, allocated: int | None, parts: list[_Part], closed: bool
) -> LedgerLine:
    paid = sum(each.paid for each in parts)
    open_ = sum(each.owed - each.paid for each in parts if each.standing)
    fallen = sum(each.owed - each.paid for each in parts if not each.standing)
    committed = 0 if closed else open_
    free = None if allocated is None else allocated - committed - paid
    return LedgerLine(
        line=name,
        title=title,
        allocated=allocated,
        committed=committed,
        paid=paid,
        released=fallen + (open_ if closed else 0),
        free=free,
        forecast=None if free is None else free + sum(e.paid for e in parts if not e.standing),
    )
