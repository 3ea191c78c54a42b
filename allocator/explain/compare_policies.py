"""Several results of one round, each under a policy, side by side; the first is the yardstick."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from allocator.errors import AllocatorError, ordered, problem
from allocator.explain.figures import Aim, Figures, attribute, figures
from allocator.explain.moves import Move, Moved, counted_moves, moves
from allocator.explain.price import Part, merit_of, objective_of
from allocator.explain.result import Result
from allocator.explain.what_if import assessed, what_if
from allocator.intake.amended import with_policy
from allocator.intake.folder import LoadedRound
from allocator.model import POINT
from allocator.optimise.programme import Target, inside_of, measured, settle_targets
from allocator.wording import decimal, plain_money


@dataclass(frozen=True, slots=True)
class Standing:
    """A group's part of the awards; ``target`` of a balance factor, else ``None``.

    ``key`` is ``aim:<clause>`` or ``<attribute>:<value>``: the same for the same group everywhere.
    """

    key: str
    label: str
    part: Part
    target: Fraction | None


@dataclass(frozen=True, slots=True)
class Side:
    """The round under one policy.

    Money in minor units, merit and objective in thousandths of a point. ``merit_by_first`` is the
    merit of this side's awards as the first policy measures it, so that sides can be compared;
    ``objective`` and ``merit`` are by the side's own policy.
    """

    name: str
    title: str
    final: bool
    eligible: int
    awarded: int
    full: int
    partial: int
    spent: int
    objective: Fraction
    merit: Fraction
    merit_by_first: Fraction
    standings: tuple[Standing, ...]
    moves: tuple[Move, ...]

    def count(self, kind: Moved) -> int:
        """Return how many applications moved in a way, against the first side."""
        return counted_moves(self.moves)[kind]

    def standing(self, key: str) -> Standing | None:
        """Return a group's part of the awards, ``None`` where this side has no such group."""
        return next((each for each in self.standings if each.key == key), None)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values: points with three decimals, amounts with two, as text."""
        return {
            "policy": self.name,
            "title": self.title,
            "final": self.final,
            "eligible": self.eligible,
            "awarded": self.awarded,
            "full": self.full,
            "partial": self.partial,
            "spent": plain_money(self.spent),
            "objective_points": decimal(self.objective / POINT, 3),
            "merit_points": decimal(self.merit / POINT, 3),
            "merit_points_by_first": decimal(self.merit_by_first / POINT, 3),
            "shares": [
                {
                    "key": each.key,
                    "label": each.label,
                    "target": None if each.target is None else str(each.target),
                    **each.part.as_json(),
                }
                for each in self.standings
            ],
            "moves": [each.as_json() for each in self.moves],
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """A round under several policies; every side's moves are against the first."""

    round_id: str
    title: str
    currency: str
    on: date
    sides: tuple[Side, ...]

    def groups(self) -> tuple[Standing, ...]:
        """Return every group that occurs, once, as the first side that has it names it."""
        found: dict[str, Standing] = {}
        for side in self.sides:
            for each in side.standings:
                found.setdefault(each.key, each)
        return tuple(sorted(found.values(), key=lambda each: not each.key.startswith("aim:")))

    def moved(self) -> tuple[str, ...]:
        """Return the applications that any side decides otherwise than the first, sorted."""
        return tuple(sorted({each.application_id for side in self.sides for each in side.moves}))

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "round": self.round_id,
            "title": self.title,
            "currency": self.currency,
            "sides": [each.as_json() for each in self.sides],
        }


def compare_policies(
    loaded: LoadedRound,
    policies: Sequence[tuple[str, bytes, str]],
    *,
    time_limit: float | None = None,
) -> Comparison:
    """Decide a round under several policies and set the results side by side.

    Parameters
    ----------
    loaded : LoadedRound
        The round; its overrides and money hold under every policy.
    policies : sequence of (str, bytes, str)
        What to call it, the policy file, and the file's name.
    time_limit : float, optional
        Seconds for each.

    Raises
    ------
    AllocatorError
        A policy has errors or does not fit the round, or it allows no allocation; the policy is
        named first.
    """
    decided = []
    for name, data, file in policies:
        try:
            known = assessed(with_policy(loaded, data, file))
            decided.append((name, what_if(known, time_limit=time_limit)))
        except AllocatorError as error:
            told = problem("compare-policy", value=name)
            raise AllocatorError((told, *ordered(error.problems)), error.exit_code) from None
    return compare_results(decided)


def compare_results(results: Sequence[tuple[str, Result]]) -> Comparison:
    """Set results of one round side by side.

    Parameters
    ----------
    results : sequence of (str, Result)
        At least one, with what to call it; the first is what the others are compared with.
    """
    first = results[0][1]
    counted = [(name, result, figures(result)) for name, result in results]
    aims = _all_aims(counted)
    return Comparison(
        round_id=first.round.id,
        title=first.round.title,
        currency=first.round.currency,
        on=first.round.decision_date,
        sides=tuple(_side(each, first, aims) for each in counted),
    )


type _Counted = tuple[str, Result, Figures]


def _all_aims(counted: Iterable[_Counted]) -> dict[str, tuple[Target, str]]:
    """Return every balance factor of any side by clause, as the first that has it means it."""
    found: dict[str, tuple[Target, str]] = {}
    for _, result, own in counted:
        names = {each.clause: each.name for each in own.aims}
        for target in settle_targets(result.pool, result.rules):
            found.setdefault(target.clause, (target, names[target.clause]))
    return found


def _side(counted: _Counted, first: Result, aims: dict[str, tuple[Target, str]]) -> Side:
    name, result, found = counted
    own = {each.clause: _aim(each) for each in found.aims}
    reached = (
        own.get(clause) or _without_target(result, target, label)
        for clause, (target, label) in aims.items()
    )
    return Side(
        name=name,
        title=result.rules.title,
        final=found.final,
        eligible=found.eligible,
        awarded=found.awarded,
        full=found.full,
        partial=found.partial,
        spent=found.spent,
        objective=objective_of(result),
        merit=merit_of(result),
        merit_by_first=merit_of(result, first),
        standings=(*reached, *_groups(found)),
        moves=moves(first, result),
    )


def _aim(aim: Aim) -> Standing:
    return Standing(
        f"aim:{aim.clause}", aim.name, Part(aim.inside, aim.counted, aim.measure), aim.share
    )


def _without_target(result: Result, target: Target, label: str) -> Standing:
    """Return how a group fares on a side whose policy has no target for it."""
    candidates = {each.application.application_id: each for each in result.pool.candidates}
    measure, known_by = target.factor.measure, target.factor.known_by or target.factor.each
    inside = counted = 0
    for award in result.allocation.awards:
        candidate = candidates[award.application_id]
        if attribute(candidate, known_by):
            count = measured(measure, award.package, award.amount)
            counted += count
            inside += count * inside_of(target.group, candidate, award.package)
    return Standing(f"aim:{target.clause}", label, Part(inside, counted, measure), None)


def _groups(found: Figures) -> tuple[Standing, ...]:
    return tuple(
        Standing(
            f"{grouping.attribute}:{group.value}",
            group.label,
            Part(group.awarded, grouping.known.awarded),
            None,
        )
        for grouping in found.groupings
        for group in grouping.groups
    )
