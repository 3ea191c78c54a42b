"""What each package an application accepts costs: ticket, DSA, and both.

Every component is converted with the rate in force on the decision date and rounded once, to the
centime, halves up; a full package is the sum of its rounded ticket and its rounded DSA.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from allocator import countries
from allocator.intake.exact import rounded
from allocator.model import Application, Cost, ExchangeRate, Meeting, Package, Round
from allocator.policy_terms import day_text, money_text, number_text
from allocator.texts import say


class NoCost(Exception):
    """A component cannot be costed: ``code`` is the problem's, ``about`` what it is about."""

    def __init__(self, code: str, **about: str):
        self.code = code
        self.about = about
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class _Part:
    """A ticket or the DSA: minor units of the round's currency."""

    amount: int
    estimated: bool
    how: str


def accepted(application: Application, partial_if_not_known: bool) -> tuple[Package, ...]:
    """Return the packages an application accepts, in the order of ``Package``.

    Who asks for a full fellowship may accept either part of it; who asks for one part gets that
    part or nothing.
    """
    if application.requested is not Package.FULL:
        return (application.requested,)
    partial = application.accepts_partial
    if partial is None:
        partial = partial_if_not_known
    return tuple(Package) if partial else (Package.FULL,)


class Coster:
    """Costs the applications of a round."""

    def __init__(self, round_: Round):
        self._round = round_
        self._meetings = {each.id: each for each in round_.meetings}
        self._rates: dict[str, ExchangeRate | None] = {}
        self._fares: dict[tuple[str, str], _Part] = {}
        self._allowances: dict[str, _Part] = {}

    def cost(self, application: Application, packages: Iterable[Package]) -> tuple[Cost, ...]:
        """Return the cost of each package.

        Parameters
        ----------
        application : Application
            Its quote is used, or a fare estimate where it gives none.
        packages : iterable of Package
            As ``accepted`` returns them.

        Raises
        ------
        NoCost
            ``cost-no-rate`` (about ``currency``), ``cost-no-fare`` (about ``administration`` and
            ``city``) or ``cost-no-dsa`` (about ``meeting``).
        """
        wanted = tuple(packages)
        parts: dict[Package, _Part] = {}
        if wanted != (Package.DSA,):
            parts[Package.TICKET] = self._ticket(application)
        if wanted != (Package.TICKET,):
            parts[Package.DSA] = self._allowance(application.meeting)
        if Package.FULL in wanted:
            parts[Package.FULL] = _both(parts[Package.TICKET], parts[Package.DSA])
        return tuple([Cost(p, parts[p].amount, parts[p].estimated, parts[p].how) for p in wanted])

    def _ticket(self, application: Application) -> _Part:
        if application.ticket_cost is None:
            return self._fare(application.administration, self._meetings[application.meeting])
        currency = application.ticket_currency or self._round.currency
        amount, quote = application.ticket_cost, money_text(application.ticket_cost)
        how = say("assess.cost.quote", amount=quote, currency=currency)
        return self._converted(Fraction(amount), currency, how, estimated=False)

    def _fare(self, administration: str, meeting: Meeting) -> _Part:
        key = (administration, meeting.city)
        if key not in self._fares:
            estimate = countries.fare_estimate(
                administration, meeting.city, self._round.fare_table, self._round.decision_date
            )
            if estimate is None:
                raise NoCost("cost-no-fare", administration=administration, city=meeting.city)
            self._fares[key] = self._converted(
                Fraction(estimate.amount), estimate.currency, estimate.how, estimated=True
            )
        return self._fares[key]

    def _allowance(self, meeting_id: str) -> _Part:
        if meeting_id not in self._allowances:
            meeting = self._meetings[meeting_id]
            self._allowances[meeting_id] = self._allowance_at(meeting)
        return self._allowances[meeting_id]

    def _allowance_at(self, meeting: Meeting) -> _Part:
        days = meeting.days_paid
        if meeting.dsa_per_day is not None:
            per_day, currency = meeting.dsa_per_day, meeting.dsa_currency
            written = money_text(per_day)
            how = say("assess.cost.dsa", days=days, amount=written, currency=currency)
            return self._converted(Fraction(per_day * days), currency, how, estimated=False)
        estimate = countries.dsa_estimate(meeting.city, self._round.decision_date)
        if estimate is None:
            raise NoCost("cost-no-dsa", meeting=meeting.id)
        how = say("assess.cost.dsa-estimated", days=days, how=estimate.how.rstrip("."))
        whole = Fraction(estimate.amount * days)
        return self._converted(whole, estimate.currency, how, estimated=True)

    def _converted(self, amount: Fraction, currency: str, how: str, *, estimated: bool) -> _Part:
        if currency == self._round.currency:
            return _Part(rounded(amount), estimated, how)
        rate = self._rate(currency)
        converted = rounded(amount * rate.rate)
        how = say(
            "assess.cost.converted",
            how=how,
            rate=number_text(rate.rate),
            since=day_text(rate.valid_from),
            amount=money_text(converted),
            currency=self._round.currency,
        )
        return _Part(converted, estimated, how)

    def _rate(self, currency: str) -> ExchangeRate:
        if currency not in self._rates:
            self._rates[currency] = rate_of(self._round, currency)
        rate = self._rates[currency]
        if rate is None:
            raise NoCost("cost-no-rate", currency=currency)
        return rate


def _both(ticket: _Part, dsa: _Part) -> _Part:
    how = say("assess.cost.full", ticket=ticket.how, dsa=dsa.how)
    return _Part(ticket.amount + dsa.amount, ticket.estimated or dsa.estimated, how)


def rate_of(round_: Round, currency: str) -> ExchangeRate | None:
    """Return the exchange rate in force on the decision date, ``None`` if there is none."""
    begun = [
        each
        for each in round_.exchange_rates
        if each.currency == currency and each.valid_from <= round_.decision_date
    ]
    return max(begun, key=lambda each: each.valid_from, default=None)
