"""What each balance factor did: the round is decided once more with no weight on that factor.

Everything else is the same: the other factors, the rules, the lottery. So the difference is what
this factor alone brought about, which of two factors together may hide.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

from allocator.errors import AllocatorError
from allocator.explain.explanation import Effect, Effects, FactorEffect, Reach
from allocator.explain.swaps import swaps
from allocator.intake.groups import matches, values_of
from allocator.model import Award, Candidate, Decision, Pool, Round
from allocator.optimise.allocation import Allocation, Status
from allocator.optimise.programme import Programme, Target, measured, settle_targets
from allocator.optimise.solve import allocate
from allocator.optimise.watch import Watch
from allocator.record.check_effects import MOST_SWAPS, most_decided_again
from allocator.rules import BalanceFactor, Rules


def effects_of(
    programme: Programme,
    pool: Pool,
    round_: Round,
    rules: Rules,
    allocation: Allocation,
    watch: Watch,
    *,
    always: bool = False,
) -> Effects | None:
    """Return what the balance factors did and what could be exchanged; ``None`` if not final.

    Parameters
    ----------
    programme, pool, round_, rules, allocation
        The decided round.
    watch : Watch
        Where it ends the search, the factors left are only named.
    always : bool
        Whether to decide again however large the round is.
    """
    if allocation.status is not Status.OPTIMAL:
        return None
    watch.stage = "explain"
    meetings = {each.application.meeting for each in pool.candidates}
    most = most_decided_again(meetings)
    found: list[Effect] = []
    left_out: list[str] = []
    for factor in rules.balance:
        if factor.weight <= 0:
            continue
        other = None
        if always or len(pool.candidates) <= most:
            other = _without(pool, round_, rules, factor, watch)
        if other is None:
            left_out.append(factor.id)
        else:
            found.append(_effect(pool, rules, factor, allocation.awards, other))
    pairs = swaps(programme, allocation.values)
    return Effects(tuple(found), tuple(left_out), pairs[:MOST_SWAPS], len(pairs))


def factor_effects(effects: Effects | None) -> dict[str, tuple[FactorEffect, ...]]:
    """Return, by application, the factors without which it would be decided otherwise."""
    found: dict[str, list[FactorEffect]] = {}
    for effect in effects.factors if effects else ():
        then = {each.application_id: each.package for each in effect.awards}
        for application in (*effect.brought_in, *effect.kept_out, *effect.repackaged):
            package = then.get(application)
            otherwise = Decision.AWARDED if package else Decision.DECLINED
            one = FactorEffect(effect.factor, effect.title, otherwise, package)
            found.setdefault(application, []).append(one)
    return {application: tuple(each) for application, each in found.items()}


def _without(
    pool: Pool, round_: Round, rules: Rules, factor: BalanceFactor, watch: Watch
) -> tuple[Award, ...] | None:
    """Return the awards if one factor has no weight, ``None`` if the watch ended the search."""
    if watch.over():
        return None
    light = tuple(replace(f, weight=0) if f is factor else f for f in rules.balance)
    try:
        _, allocation = allocate(
            pool,
            round_,
            replace(rules, balance=light),
            time_limit=watch.left(),
            cancel=watch.cancel,
        )
    except AllocatorError:
        return None  # stopped before any answer; the rules can be kept, for they are kept now
    return allocation.awards if allocation.status is Status.OPTIMAL else None


def _effect(
    pool: Pool,
    rules: Rules,
    factor: BalanceFactor,
    awards: tuple[Award, ...],
    without: tuple[Award, ...],
) -> Effect:
    now, then = ({a.application_id: a for a in each} for each in (awards, without))
    both = now.keys() & then.keys()
    candidates = {each.application.application_id: each for each in pool.candidates}
    targets = [each for each in settle_targets(pool, rules) if each.factor is factor]
    return Effect(
        factor=factor.id,
        title=factor.title,
        awards=without,
        brought_in=tuple(sorted(now.keys() - both)),
        kept_out=tuple(sorted(then.keys() - both)),
        repackaged=tuple(sorted(a for a in both if now[a].package is not then[a].package)),
        merit=_merit(rules, candidates, awards),
        merit_without=_merit(rules, candidates, without),
        money=sum(each.amount for each in awards),
        money_without=sum(each.amount for each in without),
        reached=tuple(
            Reach(
                target.clause,
                target.share,
                *_counts(target, candidates, awards),
                *_counts(target, candidates, without),
            )
            for target in targets
        ),
    )


def _merit(rules: Rules, candidates: Mapping[str, Candidate], awards: Iterable[Award]) -> Fraction:
    worth = (rules.coverage(a.package) * candidates[a.application_id].merit for a in awards)
    return sum(worth, Fraction(0))


def _counts(
    target: Target, candidates: Mapping[str, Candidate], awards: Iterable[Award]
) -> tuple[int, int]:
    """Return what awards to people whose group is known count, and those in the group."""
    counted = inside = 0
    known_by = target.factor.known_by or target.factor.each
    for award in awards:
        attributes = candidates[award.application_id].attributes
        if values_of(attributes, known_by):
            count = measured(target.factor.measure, award.package, award.amount)
            counted += count
            inside += count * bool(matches(target.group, attributes, award.package))
    return counted, inside
