"""Explanations become sentences, for the terminal and the page alike.

They name applications by id and groups by their title, and never what another person stated.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from allocator.countries import name_in_sentence
from allocator.explain.decisions import count_points
from allocator.explain.explanation import (
    Effect,
    Explanation,
    ExtraMoney,
    Margin,
    Obstacle,
    Reach,
)
from allocator.explain.figures import group_label
from allocator.explain.obstacles import kind, subject
from allocator.explain.result import Result
from allocator.intake.groups import attribute_name
from allocator.intake.overrides import override_of
from allocator.model import Decision, Package
from allocator.policy_terms import own_titles
from allocator.rules import Measure
from allocator.texts import say
from allocator.wording import money_brief, percent, share_words, target_words, trimmed

MOST_NAMED = 12
"""More applications than this are not listed in a sentence."""


@dataclass(frozen=True, slots=True)
class Part:
    """Sentences about one side of a decision: ``margin``, ``obstacles``, ``factors`` and so on."""

    id: str
    title: str
    sentences: tuple[str, ...]


class Reader(StrEnum):
    """Who is told: on a page, at the command line (which commands help), the applicant.

    An applicant is told only what was worked out.
    """

    PAGE = "page"
    COMMANDS = "commands"
    APPLICANT = "applicant"


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells about the decisions of one run."""

    result: Result
    explained: Mapping[str, Explanation]
    titles: Mapping[str, str]
    exchanges: Mapping[str, tuple[str, ...]]
    reader: Reader = Reader.PAGE

    def parts(self, application: str) -> tuple[Part, ...]:
        """Return what there is to say of one application; parts with nothing to say are left out.

        Parameters
        ----------
        application : str
            The id of an eligible application; of an ineligible one there is nothing to add to the
            rules that it breaks.
        """
        one = self.explained.get(application)
        if one is None or one.decision is Decision.INELIGIBLE:
            return ()
        told = {
            "margin": self._margin(one),
            "others": self._others(one),
            "obstacles": [self._obstacle(one, each) for each in one.obstacles],
            "factors": self._factors(one),
            "extra": [self._extra(each) for each in one.extra],
            "tie": self._tie(one),
        }
        return tuple(
            Part(name, say(f"why.part.{name}"), tuple(sentences))
            for name, found in told.items()
            if (sentences := [each for each in found if each])
        )

    # --- points ---------------------------------------------------------------------------------

    def _margin(self, one: Explanation) -> Iterator[str]:
        margin = one.margin
        if margin is None:
            yield say("why.margin.not-final")
        else:
            yield from self._points(one, margin)
            yield from self._packages(one, margin)

    def _points(self, one: Explanation, margin: Margin) -> Iterator[str]:
        if self._unsure(margin.exact):
            return
        awarded = one.decision is Decision.AWARDED
        points = None if margin.points is None else count_points(margin.points)
        if awarded and margin.at_any_merit:
            yield say("why.margin.any-merit")
        elif awarded and margin.points == 0 and margin.exact:
            yield say("why.margin.none-to-spare")
        elif awarded:
            yield say(f"why.margin.spare{'' if margin.exact else '-at-least'}", points=points)
        elif points is None:
            yield say("why.margin.never")
        else:
            yield say(f"why.margin.short{'' if margin.exact else '-at-least'}", points=points)

    def _packages(self, one: Explanation, margin: Margin) -> Iterator[str]:
        if one.decision is Decision.AWARDED or len(margin.packages) <= 1:
            return
        for each in margin.packages:
            if self._unsure(each.exact):
                continue
            key = "never" if each.points is None else "exact" if each.exact else "at-least"
            yield say(
                f"why.margin.package.{key}",
                package=_package(each.package),
                points="" if each.points is None else count_points(each.points),
            )

    def _unsure(self, exact: bool) -> bool:
        """Tell whether something is left away, because an applicant is told it only if exact."""
        return self.reader is Reader.APPLICANT and not exact

    def _others(self, one: Explanation) -> Iterator[str]:
        if one.margin is not None and one.margin.others:
            names = _named(one.margin.others)
            yield say(f"why.others.{one.decision}", applications=names)

    # --- rules ----------------------------------------------------------------------------------

    def _obstacle(self, one: Explanation, obstacle: Obstacle) -> str:
        package = _package(obstacle.package)
        if not obstacle.clauses:
            return say("why.obstacle.fits", package=package)
        if not obstacle.alone:
            return say("why.obstacle.breaks", package=package, clauses=self._list(obstacle.clauses))
        said = say("why.obstacle.alone", package=package, clauses=self._list(obstacle.alone))
        others = [each for each in obstacle.clauses if each not in obstacle.alone]
        return f"{said} {say('why.obstacle.also', clauses=self._list(others))}" if others else said

    def _list(self, clauses: Iterable[str]) -> str:
        return "; ".join(self.clause(each) for each in clauses)

    def clause(self, name: str) -> str:
        """Return a clause such as ``quota[KEN,sg13]`` in words."""
        what, about = kind(name), subject(name)
        state, _, meeting = about.partition(",")
        if what in ("quota", "ticket_in_pair"):
            return say(f"why.clause.{what}", state=name_in_sentence(state), meeting=meeting)
        if what == "budget":
            return say("why.clause.budget", meeting=about)
        if what == "fund":
            return self._fund(about)
        if override_of(name) is not None:
            return say("why.clause.override", title=self.titles.get(about) or about)
        if what in ("cap", "floor"):
            return say(f"why.clause.{what}", title=self.titles.get(about) or about)
        return say(f"why.clause.{what}")

    def _fund(self, about: str) -> str:
        if about == "none":
            return say("why.clause.no-fund")
        titles = " + ".join(self._fund_title(each) for each in about.split("+"))
        return say("why.clause.fund", funds=titles)

    def _fund_title(self, fund: str) -> str:
        return next((each.title for each in self.result.round.funds if each.id == fund), fund)

    # --- factors --------------------------------------------------------------------------------

    def _factors(self, one: Explanation) -> Iterator[str]:
        effects = self.result.effects
        for each in one.factors:
            key = each.otherwise if each.package is None else "awarded"
            package = "" if each.package is None else _package(each.package)
            yield say(f"why.factor.{key}", title=each.title, package=package)
        if effects is None:
            return
        if effects.factors and not one.factors:
            titles = say("why.list.or").join(f"“{each.title}”" for each in effects.factors)
            yield say("why.factor.same", titles=titles)
        if effects.left_out and self.reader is not Reader.APPLICANT:
            yield self.left_out()

    def _factor_titles(self, ids: Iterable[str]) -> str:
        titles = {each.id: each.title for each in self.result.rules.balance}
        return ", ".join(f"“{titles.get(each, each)}”" for each in ids)

    def _extra(self, each: ExtraMoney) -> str:
        line = self.clause(each.line)
        if kind(each.line) == "fund":
            line = say("why.clause.one-fund", funds=self._fund_title(subject(each.line)))
        if each.amount is None:
            return say("why.extra.never", line=line)
        if (each.amount == 1 and not each.exact) or self._unsure(each.exact):
            return ""  # nothing is known
        amount = f"{self.result.round.currency} {money_brief(each.amount)}"
        if each.exact:
            return say("why.extra.enough", amount=amount, line=line)
        return self._with_command("why.extra.at-least", amount=amount, line=line)

    def _with_command(self, key: str, **values: str) -> str:
        """Return a sentence, for readers of the command line with the command that helps."""
        sentence = say(key, **values)
        return f"{sentence} {say(f'{key}-how')}" if self.reader is Reader.COMMANDS else sentence

    def _tie(self, one: Explanation) -> Iterator[str]:
        if one.tie is not None:
            tie = one.tie
            key = "why.tie.draw" if tie.of > 1 else "why.tie.draw-alone"
            yield say(key, position=tie.position, of=tie.of, begins=tie.key[:16])
            yield say(f"why.tie.{one.decision}")
        if names := self.exchanges.get(one.application_id):
            yield say("why.tie.exchange", applications=_named(names))

    # --- the round ------------------------------------------------------------------------------

    def effect(self, effect: Effect) -> tuple[str, ...]:
        """Return what one balance factor did, in sentences."""
        if not (effect.brought_in or effect.kept_out or effect.repackaged):
            return (say("why.effect.nothing"),)
        lists = (
            (key, ids)
            for key, ids in (
                ("brought-in", effect.brought_in),
                ("kept-out", effect.kept_out),
                ("repackaged", effect.repackaged),
            )
            if ids
        )
        return (
            *(say(f"why.effect.{k}", n=len(ids), applications=_named(ids)) for k, ids in lists),
            self._price(effect),
        )

    def _price(self, effect: Effect) -> str:
        """Return what a factor gave up or gained in merit and money."""
        merit, money = effect.merit - effect.merit_without, effect.money - effect.money_without
        points = trimmed(abs(merit) / 1000, 3)
        amount = f"{self.result.round.currency} {money_brief(abs(money))}"
        return say(
            "why.effect.price",
            merit=say(f"why.effect.merit.{_sign(merit)}", points=points),
            money=say(f"why.effect.money.{_sign(money)}", amount=amount),
        )

    def reach(self, effect: Effect) -> tuple[tuple[str, str, str, str], ...]:
        """Return per target of a factor: its group, its share, reached with and without it."""
        factor = next(each for each in self.result.rules.balance if each.id == effect.factor)
        return tuple(
            (
                self._reach_label(each, factor.each) or factor.title,
                target_words(each.share),
                _reached(factor.measure, each.inside, each.counted),
                _reached(factor.measure, each.inside_without, each.counted_without),
            )
            for each in effect.reached
        )

    def _reach_label(self, reach: Reach, attribute: str) -> str:
        if not attribute:
            return ""
        value = reach.clause.partition(":")[2]
        return group_label(attribute_name(attribute), value, own_titles(self.result.rules))

    def exchanges_told(self) -> tuple[str, ...]:
        """Return how many exchanges at no loss there are, in sentences."""
        effects = self.result.effects
        if effects is None:
            return ()
        if not effects.swaps_count:
            return (say("why.swaps.none"),)
        key = "one" if effects.swaps_count == 1 else "many"
        said = [say(f"why.swaps.{key}", n=effects.swaps_count)]
        if effects.swaps_count > len(effects.swaps):
            said.append(say("why.swaps.first", n=len(effects.swaps)))
        return tuple(said)

    def left_out(self) -> str:
        """Return which factors' effects were not worked out; empty if all were."""
        effects = self.result.effects
        if effects is None or not effects.left_out:
            return ""
        return self._with_command(
            "why.factor.left-out", titles=self._factor_titles(effects.left_out)
        )


def teller(result: Result, reader: Reader = Reader.PAGE) -> Teller:
    """Return what tells about a run."""
    bounds = (*result.rules.floors, *result.rules.caps)
    exchanges: dict[str, list[str]] = {}
    for each in result.effects.swaps if result.effects else ():
        exchanges.setdefault(each.awarded, []).append(each.declined)
        exchanges.setdefault(each.declined, []).append(each.awarded)
    return Teller(
        result=result,
        explained={each.application_id: each for each in result.explanations},
        titles={each.id: each.title for each in bounds},
        exchanges={application: tuple(each) for application, each in exchanges.items()},
        reader=reader,
    )


def nearest(result: Result, most: int) -> tuple[tuple[Explanation, int], ...]:
    """Return the declined that were the fewest points short, with how many (thousandths).

    Only those of which it is known exactly.
    """
    short = [
        (each, each.margin.points)
        for each in result.explanations
        if each.decision is Decision.DECLINED
        and each.margin is not None
        and each.margin.exact
        and each.margin.points is not None
    ]
    short.sort(key=lambda found: (found[1], found[0].application_id))
    return tuple(short[:most])


def _package(package: Package) -> str:
    return say(f"package.{package}")


def _named(applications: Iterable[str]) -> str:
    names = list(applications)
    shown = ", ".join(names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    return f"{shown} {say('why.list.more', n=more)}" if more > 0 else shown


def _sign(value: Fraction | int) -> str:
    return "same" if not value else "more" if value > 0 else "less"


def _reached(measure: Measure, inside: int, counted: int) -> str:
    if measure is Measure.MONEY:
        return percent(Fraction(inside, counted)) if counted else say("outputs.word.none")
    return share_words(inside, counted)
