"""A result becomes counts of groups at each stage, and two groups compared within merit bands.

Counts are of applications, as in every output (``explain.figures``). Only those whose group is
known are compared.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from allocator.explain.fairness_tests import (
    DOUBT,
    Difference,
    Rate,
    Stratified,
    Table,
    difference,
    rate,
    stratified,
)
from allocator.explain.figures import Group, Grouping, attribute, everybody, figures, group_label
from allocator.explain.result import Result
from allocator.intake.groups import attribute_name
from allocator.model import Candidate, Ineligible
from allocator.policy_terms import own_titles
from allocator.rules import Criterion
from allocator.texts import say
from allocator.wording import FEW

MOST_BANDS = 5
PER_BAND = 20
"""Eligible applications a band holds at least, about; there are fewer bands where need be."""

type Members = Sequence[Candidate | Ineligible]


@dataclass(frozen=True, slots=True)
class Stratum:
    """A merit band: above ``low`` up to ``high`` thousandths of a point; ``None``: no limit."""

    low: int | None
    high: int | None
    table: Table


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two groups at both stages, and their awards again within merit bands.

    ``eligible`` and ``awarded`` hold the rates of the one and of the other: eligible of nominated,
    awarded of eligible. ``without`` are the titles of the criteria that give points for the very
    attribute compared: their points are left out of the merit that makes the bands. ``notice`` is
    ``reversed`` (within bands the other group does better: Simpson's paradox), ``gone``,
    ``appears``, or empty.
    """

    attribute: str
    one: Group
    other: Group
    eligible: tuple[Rate, Rate]
    eligibility: Difference
    awarded: tuple[Rate, Rate]
    awards: Difference
    without: tuple[str, ...]
    strata: tuple[Stratum, ...]
    within: Stratified | None
    notice: str

    @property
    def overall(self) -> Table:
        """Return the awards of the eligible, all bands together."""
        one, other = self.one, self.other
        return Table(one.awarded, one.eligible, other.awarded, other.eligible)


def grouping(result: Result, name: str) -> Grouping:
    """Count the stages for each value of an attribute of selectors, by any spelling."""
    name = attribute_name(name)
    known = next((each for each in figures(result).groupings if each.attribute == name), None)
    if known is not None:
        return known
    pool = everybody(result.pool)
    values = sorted({value for each in pool for value in attribute(each, name)})
    held = {v: [e for e in pool if v in attribute(e, name)] for v in values}
    told = [each for each in pool if attribute(each, name)]
    silent = [each for each in pool if not attribute(each, name)]
    return Grouping(
        attribute=name,
        groups=tuple(_group(result, v, group_label(name, v), each) for v, each in held.items()),
        known=_group(result, "", say("outputs.word.all-known"), told),
        unknown=_group(result, "", say("fairness.not-known"), silent) if silent else None,
        overlap=any(len(attribute(each, name)) > 1 for each in pool),
    )


def comparisons(result: Result, name: str) -> tuple[Comparison, ...]:
    """Return the comparisons worth making by an attribute.

    By gender: female with male. By any other: each group with all others whose group is known, if
    both have ten eligible applications.
    """
    name = attribute_name(name)
    if name == "gender":
        found = [compare(result, name, "female", "male")]
        return tuple(each for each in found if each.one.nominated and each.other.nominated)
    values = [each.value for each in grouping(result, name).groups if each.value]
    found = [compare(result, name, value) for value in values]
    return tuple(each for each in found if min(each.one.eligible, each.other.eligible) >= FEW)


def compare(result: Result, name: str, one: str, other: str = "") -> Comparison:
    """Compare two groups of an attribute.

    Parameters
    ----------
    result : Result
        A run.
    name : str
        The attribute.
    one, other : str
        Values of it; an empty ``other`` stands for all others whose group is known.
    """
    name = attribute_name(name)
    told = [each for each in everybody(result.pool) if attribute(each, name)]
    mine = [each for each in told if one in attribute(each, name)]
    theirs = [
        each
        for each in told
        if one not in attribute(each, name) and (not other or other in attribute(each, name))
    ]
    titles = own_titles(result.rules)
    label = group_label(name, other, titles) if other else say("fairness.others")
    first = _group(result, one, group_label(name, one, titles), mine)
    second = _group(result, other, label, theirs)
    return compared(name, first, second, *_strata(result, name, mine, theirs))


def compared(
    name: str, first: Group, second: Group, without: tuple[str, ...], strata: tuple[Stratum, ...]
) -> Comparison:
    """Return the comparison of two groups that follows from their counts."""
    overall = Table(first.awarded, first.eligible, second.awarded, second.eligible)
    gates = Table(first.eligible, first.nominated, second.eligible, second.nominated)
    awards = difference(overall, total_is_set=True)
    within = stratified([each.table for each in strata]) if len(strata) > 1 else None
    return Comparison(
        attribute=name,
        one=first,
        other=second,
        eligible=_rates(gates),
        eligibility=difference(gates, total_is_set=False),
        awarded=_rates(overall),
        awards=awards,
        without=without,
        strata=strata,
        within=within,
        notice=notice(overall, awards, within),
    )


def notice(overall: Table, awards: Difference, within: Stratified | None) -> str:
    """Say how the comparison within strata bears on the one overall; see ``Comparison``."""
    if within is None or awards.p is None:
        return ""
    if overall.excess * within.excess < 0:
        return "reversed"
    if awards.p < DOUBT <= within.p:
        return "gone"
    return "appears" if within.p < DOUBT <= awards.p else ""


def band_edges(merits: Iterable[int], bands: int | None = None) -> tuple[int, ...]:
    """Return the upper edges of all merit bands but the last, ascending.

    The i-th of k bands ends at the least merit that at least i/k of the applications do not exceed,
    so equal merit is always in the same band. There is a band for every ``PER_BAND`` applications,
    at most ``MOST_BANDS``.
    """
    ranked = sorted(merits)
    count = bands or max(1, min(MOST_BANDS, len(ranked) // PER_BAND))
    edges = {ranked[-(-i * len(ranked) // count) - 1] for i in range(1, count)} if ranked else set()
    return tuple(sorted(edge for edge in edges if edge < ranked[-1]))


def _rates(table: Table) -> tuple[Rate, Rate]:
    return rate(table.part, table.whole), rate(table.other_part, table.other_whole)


def _group(result: Result, value: str, label: str, members: Members) -> Group:
    awards = {award.application_id: award.amount for award in result.allocation.awards}
    amounts = [
        awards[each.application.application_id]
        for each in members
        if each.application.application_id in awards
    ]
    eligible = sum(isinstance(each, Candidate) for each in members)
    return Group(value, label, len(members), eligible, len(amounts), sum(amounts))


def _strata(
    result: Result, name: str, mine: Members, theirs: Members
) -> tuple[tuple[str, ...], tuple[Stratum, ...]]:
    """Cut all eligible applications into bands and count both groups in each."""
    left_out = {c.id: c.title for c in result.rules.criteria if _is_for(c, name)}
    merit = {
        each.application.application_id: each.merit
        - sum(line.points for line in each.breakdown if line.criterion in left_out)
        for each in result.pool.candidates
    }
    edges = band_edges(merit.values())
    awarded = {award.application_id for award in result.allocation.awards}

    def count(members: Members, wanted: Callable[[str], bool]) -> list[int]:
        counts = [0] * (len(edges) + 1)
        for each in members:
            application = each.application.application_id
            if application in merit and wanted(application):
                counts[bisect_left(edges, merit[application])] += 1
        return counts

    tables = zip(
        *(count(mine, awarded.__contains__), count(mine, merit.__contains__)),
        *(count(theirs, awarded.__contains__), count(theirs, merit.__contains__)),
        strict=True,
    )
    limits = zip((None, *edges), (*edges, None), strict=True)
    strata = tuple(
        Stratum(low, high, Table(*counts))
        for (low, high), counts in zip(limits, tables, strict=True)
    )
    return tuple(left_out.values()), strata


def _is_for(criterion: Criterion, name: str) -> bool:
    """Tell whether a criterion gives points for the attribute itself."""
    if criterion.kind == "country_group":
        return name in ("country_group", "region")
    return attribute_name(criterion.column) == name
