"""Two results of one round become a price: what a change costs in merit and money, and who moves.

It is the price of an override where the second result differs from the first by that override, and
as well that of any other change: another weight, less money, a withdrawal.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from allocator.explain.figures import Aim, Figures, Group, Money, figures
from allocator.explain.moves import Move, moves
from allocator.explain.result import Result
from allocator.explain.what_if import Assessed, what_if
from allocator.intake.overrides import Override
from allocator.model import POINT
from allocator.rules import Measure, Rules
from allocator.texts import say
from allocator.wording import (
    decimal,
    money_brief,
    percent,
    share_words,
    target_words,
    trimmed,
)


@dataclass(frozen=True, slots=True)
class Change:
    """A figure before and after; in the unit that is said where it stands."""

    before: Fraction
    after: Fraction

    @property
    def by(self) -> Fraction:
        """Return how much more it is after; below 0 if it is less."""
        return self.after - self.before

    def as_json(self, unit: int, places: int) -> dict[str, str]:
        """Return the figures in whole units with so many decimals, as text."""
        return {
            "before": decimal(self.before / unit, places),
            "after": decimal(self.after / unit, places),
            "change": decimal(self.by / unit, places),
        }


@dataclass(frozen=True, slots=True)
class MoneyChange:
    """What one fund, or one meeting with its budget, pays: in minor units."""

    line: str
    title: str
    spent: Change

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"line": self.line, "title": self.title, **self.spent.as_json(100, 2)}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a whole: awards, half-units or minor units in a group, of all that count."""

    inside: int
    counted: int
    measure: Measure = Measure.AWARDS

    @property
    def share(self) -> Fraction | None:
        """Return it as a fraction; ``None`` of nothing."""
        return Fraction(self.inside, self.counted) if self.counted else None

    def as_json(self) -> dict[str, Any]:
        """Return the counts, and the share in percent with one decimal."""
        share = None if self.share is None else decimal(100 * self.share, 1)
        counts = {"inside": self.inside, "counted": self.counted, "measure": self.measure.value}
        return {**counts, "percent": share}

    @property
    def words(self) -> str:
        """Return it as people read it; small numbers never as a bare percentage."""
        if self.measure is Measure.MONEY:
            return say("price.none") if self.share is None else percent(self.share, 1)
        return share_words(self.inside, self.counted)


@dataclass(frozen=True, slots=True)
class ShareChange:
    """A group's part of the awards: of a balance factor, with its target, or of a grouping.

    ``attribute`` is empty for a balance factor; then ``key`` is its clause.
    """

    attribute: str
    key: str
    label: str
    target: Fraction | None
    before: Part
    after: Part

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "attribute": self.attribute,
            "key": self.key,
            "label": self.label,
            "target": None if self.target is None else str(self.target),
            "before": self.before.as_json(),
            "after": self.after.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Price:
    """What a change costs.

    ``objective`` and ``merit`` are in thousandths of a point: merit is that of all awards by their
    coverage, the objective is merit less what missed balance costs. ``same_merit`` and
    ``same_worth`` tell whether both results measure merit, and the objective, alike; otherwise the
    figures stand side by side but their difference means nothing. Money is in minor units.
    """

    currency: str
    same_merit: bool
    same_worth: bool
    objective: Change
    merit: Change
    awards: Change
    money: Change
    funds: tuple[MoneyChange, ...]
    meetings: tuple[MoneyChange, ...]
    aims: tuple[ShareChange, ...]
    groups: tuple[ShareChange, ...]
    moves: tuple[Move, ...]

    def sentences(self) -> tuple[str, ...]:
        """Return the price in words: worth, merit, money, shares that change, who moves."""
        if not self.moves:
            return (say("price.nothing"), *self._worth())
        return (
            *self._worth(),
            *self._money(),
            *(_share_sentence(each) for each in self.aims if each.before != each.after),
            *(each.sentence for each in self.moves),
        )

    def _worth(self) -> Iterator[str]:
        told = (
            ("objective", self.objective, self.same_worth),
            ("merit", self.merit, self.same_merit),
        )
        for name, change, alike in told:
            key = _direction(change) if alike else "other"
            yield say(f"price.{name}.{key}", points=trimmed(abs(change.by) / POINT, 3))

    def _money(self) -> Iterator[str]:
        yield say(
            f"price.money.{_direction(self.money)}",
            currency=self.currency,
            by=money_brief(abs(int(self.money.by))),
            after=money_brief(int(self.money.after)),
        )
        for each in self.funds if len(self.funds) > 1 else ():
            if each.spent.by:
                yield say(
                    f"price.fund.{_direction(each.spent)}",
                    title=each.title,
                    currency=self.currency,
                    by=money_brief(abs(int(each.spent.by))),
                )

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values: points with three decimals, amounts with two, as text."""
        return {
            "currency": self.currency,
            "same_merit": self.same_merit,
            "same_worth": self.same_worth,
            "objective_points": self.objective.as_json(POINT, 3),
            "merit_points": self.merit.as_json(POINT, 3),
            "awards": {"before": int(self.awards.before), "after": int(self.awards.after)},
            "money": self.money.as_json(100, 2),
            "funds": [each.as_json() for each in self.funds],
            "meetings": [each.as_json() for each in self.meetings],
            "aims": [each.as_json() for each in self.aims],
            "groups": [each.as_json() for each in self.groups],
            "moves": [each.as_json() for each in self.moves],
            "sentences": list(self.sentences()),
        }


def price(before: Result, after: Result) -> Price:
    """Compare two results of one round.

    Parameters
    ----------
    before, after : Result
        Of the same applications: say, without and with an override.
    """
    was, now = figures(before), figures(after)
    same_merit = _merit_rules(before.rules) == _merit_rules(after.rules)
    return Price(
        currency=after.round.currency,
        same_merit=same_merit,
        same_worth=same_merit and before.rules.balance == after.rules.balance,
        objective=Change(objective_of(before), objective_of(after)),
        merit=Change(merit_of(before), merit_of(after)),
        awards=Change(Fraction(was.awarded), Fraction(now.awarded)),
        money=Change(Fraction(was.spent), Fraction(now.spent)),
        funds=tuple(_money_changes("fund", was.funds, now.funds)),
        meetings=tuple(_money_changes("budget", was.meetings, now.meetings)),
        aims=tuple(_aim_changes(was, now)),
        groups=tuple(_group_changes(was, now)),
        moves=moves(before, after),
    )


def price_of_override(
    known: Assessed, override: Override, *, time_limit: float | None = None
) -> Price:
    """Return what one override costs, all others of the round held.

    Parameters
    ----------
    known : Assessed
        The round; an override of the same application that it has is left out before.
    override : Override
        In the round already, or only thought of.
    time_limit : float, optional
        Seconds for each of the two decisions.

    Raises
    ------
    AllocatorError
        The override is refused, or cannot hold together with the other rules: the conflict.
    """
    application = override.application_id
    others = [each for each in known.loaded.overrides if each.application_id != application]
    before = what_if(known, overrides=others, time_limit=time_limit)
    return price(before, what_if(known, overrides=[*others, override], time_limit=time_limit))


def objective_of(result: Result) -> Fraction:
    """Return what the allocation is worth, in thousandths of a point."""
    return Fraction(result.allocation.objective, result.programme.scale)


def merit_of(result: Result, measured_by: Result | None = None) -> Fraction:
    """Return the merit of all awards by their coverage, in thousandths of a point.

    Parameters
    ----------
    result : Result
        Whose awards.
    measured_by : Result, optional
        Whose merit and coverage, if not its own; who is ineligible there counts nothing.
    """
    scale = measured_by or result
    merits = {each.application.application_id: each.merit for each in scale.pool.candidates}
    return sum(
        (
            scale.rules.coverage(award.package) * merits.get(award.application_id, 0)
            for award in result.allocation.awards
        ),
        Fraction(0),
    )


def _merit_rules(rules: Rules) -> tuple[object, ...]:
    """Return what the merit of awards is made of."""
    coverage = (rules.coverage_full, rules.coverage_ticket, rules.coverage_dsa)
    return (rules.award_points, rules.criteria, rules.country_groups, rules.region_scheme, coverage)


def _direction(change: Change) -> str:
    return "same" if not change.by else "more" if change.by > 0 else "less"


def _money_changes(
    kind: str, before: tuple[Money, ...], after: tuple[Money, ...]
) -> Iterator[MoneyChange]:
    was = {each.id: each.spent for each in before}
    for each in after:
        spent = Change(Fraction(was.get(each.id, 0)), Fraction(each.spent))
        yield MoneyChange(f"{kind}[{each.id}]", each.title, spent)


def _aim_changes(before: Figures, after: Figures) -> Iterator[ShareChange]:
    was: dict[str, Aim] = {each.clause: each for each in before.aims}
    for each in after.aims:
        earlier = was.get(each.clause)
        if earlier is not None and earlier.measure is each.measure:
            parts = (Part(e.inside, e.counted, e.measure) for e in (earlier, each))
            yield ShareChange("", each.clause, each.name, each.share, *parts)


def _group_changes(before: Figures, after: Figures) -> Iterator[ShareChange]:
    was: dict[tuple[str, str], tuple[Group, Group]] = {
        (grouping.attribute, group.value): (group, grouping.known)
        for grouping in before.groupings
        for group in grouping.groups
    }
    for grouping in after.groupings:
        for group in grouping.groups:
            earlier = was.get((grouping.attribute, group.value))
            if earlier is not None:
                parts = (
                    Part(one.awarded, all_.awarded)
                    for one, all_ in (earlier, (group, grouping.known))
                )
                yield ShareChange(grouping.attribute, group.value, group.label, None, *parts)


def _share_sentence(change: ShareChange) -> str:
    return say(
        "price.share",
        label=change.label,
        after=change.after.words,
        before=change.before.words,
        target=target_words(change.target or Fraction(0)),
    )
