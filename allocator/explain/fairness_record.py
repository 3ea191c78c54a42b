"""How groups fared becomes the counts that a record keeps, and these become the figures again."""

from collections.abc import Iterator

from allocator.explain.fairness import Fairness, clause_titles
from allocator.explain.fairness_counts import Comparison, Stratum, compared
from allocator.explain.fairness_flip import Flip, FlipStatus, FlipTest
from allocator.explain.fairness_kept import (
    BandCounts,
    FairnessCounts,
    FlipKept,
    FlipsKept,
    FunnelCounts,
    GroupCounts,
    PairCounts,
)
from allocator.explain.fairness_redecide import Fate
from allocator.explain.fairness_tests import Table
from allocator.explain.figures import Group, Grouping, group_label
from allocator.explain.result import Result
from allocator.policy_terms import own_titles
from allocator.rules import Rules
from allocator.texts import catalogue, say


def kept_fairness(fairness: Fairness) -> FairnessCounts:
    """Return the counts that a record keeps."""
    return FairnessCounts(
        funnel=tuple(_funnel(each) for each in fairness.funnel),
        pairs=tuple(_pair(each) for each in fairness.comparisons),
        flips=None if fairness.flips is None else _kept_flips(fairness.flips),
    )


def fairness_from(result: Result) -> Fairness | None:
    """Return everything on how groups fared again, from the counts of a run; ``None`` if none."""
    counts = result.fairness
    if counts is None:
        return None
    return Fairness(
        round_id=result.round.id,
        policy_id=result.rules.policy_id,
        currency=result.round.currency,
        funnel=tuple(_grouping(each, result.rules) for each in counts.funnel),
        comparisons=tuple(_comparison(each, result.rules) for each in counts.pairs),
        titles=clause_titles(result),
        flips=None if counts.flips is None else _flips(counts.flips),
    )


def _counts(group: Group) -> GroupCounts:
    return GroupCounts(group.value, group.nominated, group.eligible, group.awarded, group.money)


def _funnel(grouping: Grouping) -> FunnelCounts:
    return FunnelCounts(
        attribute=grouping.attribute,
        groups=tuple(_counts(each) for each in grouping.groups),
        known=_counts(grouping.known),
        unknown=None if grouping.unknown is None else _counts(grouping.unknown),
        overlap=grouping.overlap,
    )


def _pair(each: Comparison) -> PairCounts:
    bands = tuple(
        BandCounts(
            band.low,
            band.high,
            band.table.part,
            band.table.whole,
            band.table.other_part,
            band.table.other_whole,
        )
        for band in each.strata
    )
    return PairCounts(each.attribute, _counts(each.one), _counts(each.other), each.without, bands)


def _kept_flips(test: FlipTest) -> FlipsKept:
    return FlipsKept(
        status=test.status.value,
        clauses=test.clauses,
        asked=test.asked,
        flips=tuple(
            FlipKept(
                application_id=each.application_id,
                stated=each.stated,
                instead=each.instead,
                before=each.before.decision,
                before_package=each.before.package,
                after=each.after.decision,
                after_package=each.after.package,
                alone=each.alone,
            )
            for each in test.flips
        ),
        unanswered=test.unanswered,
    )


# --- and back -----------------------------------------------------------------------------------


def _grouping(counts: FunnelCounts, rules: Rules) -> Grouping:
    name = counts.attribute
    unknown = None
    if counts.unknown is not None:
        words = catalogue().get(f"outputs.not-known.{name}", say("fairness.not-known"))
        unknown = _group(counts.unknown, words)
    return Grouping(
        attribute=name,
        groups=tuple(
            _labelled(each, name, rules, say("outputs.word.none-of-these"))
            for each in counts.groups
        ),
        known=_group(counts.known, say("outputs.word.all-known")),
        unknown=unknown,
        overlap=counts.overlap,
    )


def _labelled(counts: GroupCounts, name: str, rules: Rules, rest: str) -> Group:
    label = group_label(name, counts.value, own_titles(rules)) if counts.value else rest
    return _group(counts, label)


def _group(counts: GroupCounts, label: str) -> Group:
    return Group(
        counts.value, label, counts.nominated, counts.eligible, counts.awarded, counts.money
    )


def _comparison(counts: PairCounts, rules: Rules) -> Comparison:
    first, second = (
        _labelled(each, counts.attribute, rules, say("fairness.others"))
        for each in (counts.one, counts.other)
    )
    return compared(counts.attribute, first, second, counts.without, tuple(_strata(counts)))


def _strata(counts: PairCounts) -> Iterator[Stratum]:
    for each in counts.bands:
        table = Table(each.part, each.whole, each.other_part, each.other_whole)
        yield Stratum(each.low, each.high, table)


def _flips(kept: FlipsKept) -> FlipTest:
    return FlipTest(
        status=FlipStatus(kept.status),
        clauses=kept.clauses,
        asked=kept.asked,
        flips=tuple(
            Flip(
                application_id=each.application_id,
                stated=each.stated,
                instead=each.instead,
                before=Fate(each.before, each.before_package),
                after=Fate(each.after, each.after_package),
                alone=each.alone,
            )
            for each in kept.flips
        ),
        unanswered=kept.unanswered,
    )
