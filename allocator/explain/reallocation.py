"""Published awards, some of them given back, become the best use of what is free.

Every published award that can stand stands, as an override ``keep`` of its package; withdrawn ones
are barred. What is left is decided by the method as ever, with the same proof and record.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from allocator.decide import decide
from allocator.errors import AllocatorError, has_errors, ordered, problem
from allocator.explain.moves import Outcome
from allocator.explain.result import Result
from allocator.explain.what_if import assessed
from allocator.intake.amended import with_overrides
from allocator.intake.folder import LoadedRound
from allocator.intake.overrides import Override, OverrideKind, refused_overrides, with_bounds
from allocator.intake.values import fold
from allocator.model import Award, Decision, Package, Pool
from allocator.optimise.conflict import infeasible
from allocator.optimise.most_kept import most_kept
from allocator.optimise.watch import Watch
from allocator.texts import say


@dataclass(frozen=True, slots=True)
class ReallocationPlan:
    """The round to be decided anew, and what becomes of the published awards.

    ``loaded`` has the overrides in it. ``kept``, ``broken`` and ``withdrawn`` are application ids,
    sorted; ``broken`` is empty unless there is too little money for all that were published, or an
    override that came later bars one of them. Whoever takes the plan on must not pass over it.
    """

    loaded: LoadedRound
    published: Mapping[str, Package]
    kept: tuple[str, ...]
    broken: tuple[str, ...]
    withdrawn: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reallocation:
    """A reallocation that was decided: ``added`` are the awards that had not been published."""

    plan: ReallocationPlan
    result: Result
    added: tuple[Award, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, by application id."""
        return {
            "kept": list(self.plan.kept),
            "broken": list(self.plan.broken),
            "withdrawn": list(self.plan.withdrawn),
            "added": [
                {
                    "application_id": each.application_id,
                    **Outcome(Decision.AWARDED, each.package, each.amount).as_json(),
                }
                for each in self.added
            ],
        }


def reallocate(
    loaded: LoadedRound,
    published: Mapping[str, Package],
    withdrawn: Iterable[str],
    *,
    by: str,
    on: date,
    spent: Mapping[str, int] | None = None,
    time_limit: float | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Reallocation:
    """Plan a reallocation and decide it; see ``plan_reallocation``.

    Write its record with ``write_record(result, plan.loaded, path, previous=...)``.
    """
    plan = plan_reallocation(
        loaded,
        published,
        withdrawn,
        by=by,
        on=on,
        spent=spent,
        time_limit=time_limit,
        cancel=cancel,
    )
    return reallocated(plan, decide(plan.loaded, time_limit=time_limit, cancel=cancel))


def plan_reallocation(
    loaded: LoadedRound,
    published: Mapping[str, Package],
    withdrawn: Iterable[str],
    *,
    by: str,
    on: date,
    spent: Mapping[str, int] | None = None,
    time_limit: float | None = None,
    cancel: Callable[[], bool] | None = None,
) -> ReallocationPlan:
    """Settle which published awards stand; nothing else is decided yet.

    Parameters
    ----------
    loaded : LoadedRound
        The round as it was published, with its overrides. An earlier reallocation's may be in it.
    published : mapping
        The package of every award published so far, those withdrawn since included or not.
    withdrawn : iterable of str
        Applications whose award was given back; they are not awarded again.
    by : str
        Who asks for the reallocation, for the overrides' author.
    on : date
        The day, for the same.
    spent : mapping, optional
        Minor units gone from ``fund[<id>]`` or ``budget[<meeting>]`` beside the awards (a ticket
        that could not be returned), below 0 for money saved or added; in all, not since the last
        time. Without it the round's own stays.
    time_limit : float, optional
        Seconds.
    cancel : callable, optional
        Asked whether to stop.

    Raises
    ------
    AllocatorError
        A published award is of an application that is unknown, ineligible now, or does not accept
        the package now; the office's ledger already counts this round's awards; nothing keeps the
        other rules; a floor or cap of the policy, not the money, stands against a published award
        (for a person to settle: the conflict is named); or it was stopped.
    """
    returned = frozenset(withdrawn)
    gone = returned | _withdrawn_before(loaded)
    standing = {a: p for a, p in sorted(published.items()) if a not in gone}
    _refuse_own_awards(loaded, standing)
    money = dict(loaded.spent) if spent is None else spent
    back = [_override(each, None, by, on) for each in sorted(returned)]
    others = _others(loaded, returned)
    free = with_overrides(loaded, [*others, *back], money)
    keeping = [_override(a, p, by, on) for a, p in standing.items()]
    known = assessed(free)
    pool = known.assessment.pool
    with_overrides(loaded, keeping, money)  # names unknown applications, as in a file of overrides
    refused = ordered(refused_overrides(keeping, pool))
    if has_errors(refused):
        raise AllocatorError(refused)
    watch = Watch(time_limit, cancel)
    kept = most_kept(pool, free.round, free.rules, standing, watch)
    if len(kept) < len(standing) and _money_suffices(free, pool, standing, watch):
        every = with_bounds(free.rules, [*others, *back, *keeping])
        raise infeasible(pool, free.round, every, watch)
    stands = frozenset(kept)
    keep = [each for each in keeping if each.application_id in stands]
    rest = [each for each in others if each.application_id not in stands]
    return ReallocationPlan(
        loaded=with_overrides(loaded, [*rest, *back, *keep], money),
        published=dict(sorted(published.items())),
        kept=kept,
        broken=tuple(a for a in standing if a not in stands),
        withdrawn=tuple(sorted(returned)),
    )


def reallocated(plan: ReallocationPlan, result: Result) -> Reallocation:
    """Return the outcome of a plan, once its round is decided."""
    added = (
        award
        for award in result.allocation.awards
        if plan.published.get(award.application_id) is not award.package
    )
    return Reallocation(plan, result, tuple(added))


def _money_suffices(
    free: LoadedRound, pool: Pool, standing: Mapping[str, Package], watch: Watch
) -> bool:
    """Tell whether all would stand but for the floors and caps of the policy."""
    overrides = with_bounds(replace(free.rules, floors=(), caps=()), free.overrides)
    return len(most_kept(pool, free.round, overrides, standing, watch)) == len(standing)


def _withdrawn_before(loaded: LoadedRound) -> frozenset[str]:
    """Return the applications that an earlier reallocation withdrew already."""
    return frozenset(
        each.application_id for each in loaded.overrides if each.decision is OverrideKind.WITHDRAWN
    )


def _others(loaded: LoadedRound, withdrawn: frozenset[str]) -> list[Override]:
    """Return the overrides that go on beside those of the reallocation itself."""
    return [
        each
        for each in loaded.overrides
        if each.decision is not OverrideKind.KEEP and each.application_id not in withdrawn
    ]


def _override(application: str, package: Package | None, by: str, on: date) -> Override:
    kind = OverrideKind.WITHDRAWN if package is None else OverrideKind.KEEP
    reason = say(f"reallocation.{kind.name.lower()}")
    return Override(application, kind, reason, by, on, package)


def _refuse_own_awards(loaded: LoadedRound, standing: Mapping[str, Package]) -> None:
    """Refuse a ledger that has awards of this very round: they would count twice."""
    year = fold(loaded.round.financial_year)
    held = {
        (each.person_id, fold(each.meeting))
        for each in loaded.prior_awards
        if each.person_id and fold(each.financial_year) == year
    }
    own = [
        each.application_id
        for each in loaded.applications
        if each.application_id in standing and (each.person_id, fold(each.meeting)) in held
    ]
    if own:
        raise AllocatorError(
            problem("reallocation-own-awards", count=len(own), applications=", ".join(own[:8]))
        )
