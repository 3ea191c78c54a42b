"""How groups fared is counted again, from the applications judged and the awards.

Which groups are told of, which of them are compared, in which bands of merit and in which order is
worked out here too, after ``docs/method.md`` (fairness), and must be what the record says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allocator.record.check_book import Book, number
from allocator.record.check_container import Opened
from allocator.record.check_flips import wrong_flips
from allocator.record.check_programme import as_written
from allocator.record.check_report import (
    Refused,
    Unchecked,
    demand_fields,
    demand_none,
    safe,
    same,
)
from allocator.texts import say

FAIRNESS = "fairness.json"
COUNTED_BY = ("gender", "region", "country_group")
"""Attributes by which every record counts, in this order."""

USUAL_ORDER = {
    "gender": ("female", "male", "other"),
    "country_group": (
        *("ldc", "lldc", "sids"),
        *("low_income", "lower_middle_income", "upper_middle_income", "high_income"),
    ),
}
"""The groups that stand first; the others follow by name."""

FEWEST = 10
"""Groups, and all others beside them, are compared from so many eligible applications on."""

MOST_BANDS = 5
PER_BAND = 20
"""A band of merit for so many eligible applications."""


def look_at_fairness(record: Opened) -> str:
    """Check the counts of every group at every stage, and every comparison with its bands."""
    if FAIRNESS not in record.members:
        raise Unchecked(say("verify.fairness.none"))
    fairness = record.plain(FAIRNESS)
    demand_fields(fairness, "flips", "funnel", "pairs")
    census = _Census(record)
    if [each["attribute"] for each in fairness["funnel"]] != [*COUNTED_BY]:
        raise Refused(say("verify.fairness.attributes"))
    funnel = [census.funnel(attribute) for attribute in COUNTED_BY]
    demand_none(
        say("verify.fairness.other", attribute=mine["attribute"], group=safe(group))
        for theirs, mine in zip(fairness["funnel"], funnel, strict=True)
        for group in _miscounted(theirs, mine)
    )
    pairs = [pair for each in funnel for pair in census.pairs(each)]
    if [_sides(each) for each in fairness["pairs"]] != [_sides(each) for each in pairs]:
        raise Refused(say("verify.fairness.pairs"))
    demand_none(
        say("verify.fairness.bands", attribute=mine["attribute"])
        for theirs, mine in zip(fairness["pairs"], pairs, strict=True)
        if not same(theirs, mine)
    )
    demand_none(wrong_flips(record, census.book, fairness["flips"]))
    groups = sum(len(each["groups"]) for each in funnel)
    return say("verify.fairness.figure", groups=groups, bands=len(pairs))


def _sides(pair: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Return what is compared with what."""
    return pair["attribute"], pair["one"]["value"], pair["other"]["value"]


def _miscounted(told: dict[str, Any], mine: dict[str, Any]) -> Iterator[str]:
    """Yield the groups whose counts are others; the attribute itself if it is the rest."""
    names = [[each["value"] for each in grouping["groups"]] for grouping in (told, mine)]
    if names[0] != names[1] or not same({**told, "groups": []}, {**mine, "groups": []}):
        yield mine["attribute"]
        return
    for theirs, group in zip(told["groups"], mine["groups"], strict=True):
        if not same(theirs, group):
            yield group["value"] or mine["attribute"]


class _Census:
    """Everybody's attributes, who is eligible, and what they were awarded."""

    def __init__(self, record: Opened):
        self.book = Book(record)
        self.attributes: dict[str, dict[str, list[str]]] = {
            each["application"]["application_id"]: dict(each["attributes"])
            for each in (*self.book.candidates, *self.book.ineligible)
        }
        self.awards = {
            each["application_id"]: number(each["amount"])
            for each in record.plain("result.json")["awards"]
        }

    def values(self, application: str, attribute: str) -> list[str]:
        """Return what is known of an attribute."""
        return self.attributes[application].get(attribute, [])

    def shown(self, attribute: str) -> list[str]:
        """Return the values that are told of: of country groups not those told of elsewhere."""
        every = {v for each in self.attributes for v in self.values(each, attribute)}
        if attribute == "country_group":
            every -= {v for each in self.attributes for v in self.values(each, "region")}
            every.discard("member_state")
        first = [each for each in USUAL_ORDER.get(attribute, ()) if each in every]
        return [*first, *sorted(every.difference(first))]

    def funnel(self, attribute: str) -> dict[str, Any]:
        """Return the counts of every group of an attribute, of all known and of all others."""
        shown = self.shown(attribute)
        known = [each for each in self.attributes if self.values(each, attribute)]
        silent = [each for each in self.attributes if not self.values(each, attribute)]
        held = {each: {*self.values(each, attribute)}.intersection(shown) for each in known}
        groups = [self.counts(value, [e for e in known if value in held[e]]) for value in shown]
        if rest := [each for each in known if not held[each]]:
            groups.append(self.counts("", rest))
        return {
            "attribute": attribute,
            "groups": groups,
            "known": self.counts("", known),
            "unknown": self.counts("", silent) if silent else None,
            "overlap": any(len(each) > 1 for each in held.values()),
        }

    def counts(self, value: str, applications: list[str]) -> dict[str, Any]:
        """Return how many were nominated, eligible and awarded, and the money awarded."""
        amounts = [self.awards[each] for each in applications if each in self.awards]
        return {
            "value": value,
            "nominated": len(applications),
            "eligible": sum(each in self.book.by_id for each in applications),
            "awarded": len(amounts),
            "money": as_written(sum(amounts)),
        }

    def pairs(self, funnel: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the comparisons by an attribute, in the order of its groups.

        By gender women with men, where there are both; otherwise each group with all others whose
        group is known, where both have enough eligible applications.
        """
        attribute = funnel["attribute"]
        if attribute == "gender":
            pair = self.pair(attribute, "female", "male")
            if pair["one"]["nominated"] and pair["other"]["nominated"]:
                yield pair
            return
        for value in [each["value"] for each in funnel["groups"] if each["value"]]:
            pair = self.pair(attribute, value, "")
            if min(pair["one"]["eligible"], pair["other"]["eligible"]) >= FEWEST:
                yield pair

    def pair(self, attribute: str, one: str, other: str) -> dict[str, Any]:
        """Return the comparison of two groups; without ``other`` with all others that are known."""
        known = [each for each in self.attributes if self.values(each, attribute)]
        mine = [each for each in known if one in self.values(each, attribute)]
        theirs = [
            each
            for each in known
            if one not in self.values(each, attribute)
            and (not other or other in self.values(each, attribute))
        ]
        own = {e["id"]: e["title"] for e in self.book.rules["criteria"] if self._for(e, attribute)}
        merit = {each: self._merit_without(each, own) for each in self.book.by_id}
        edges = band_edges([*merit.values()])
        return {
            "attribute": attribute,
            "one": self.counts(one, mine),
            "other": self.counts(other, theirs),
            "without": [*own.values()],
            "bands": [
                self._band(low, high, merit, mine, theirs)
                for low, high in zip([None, *edges], [*edges, None], strict=True)
            ],
        }

    def _for(self, criterion: dict[str, Any], attribute: str) -> bool:
        """Tell whether a criterion gives points for the attribute itself."""
        if criterion["kind"] == "country_group":
            return attribute in ("country_group", "region")
        return self.book.meant(criterion["column"]) == attribute

    def _merit_without(self, application: str, left_out: dict[str, str]) -> int:
        judged = self.book.by_id[application]
        lines = (each for each in judged["breakdown"] if each["criterion"] in left_out)
        return number(judged["merit"]) - sum(number(each["points"]) for each in lines)

    def _band(
        self,
        low: int | None,
        high: int | None,
        merit: dict[str, int],
        mine: list[str],
        theirs: list[str],
    ) -> dict[str, Any]:
        """Return how both groups fared above ``low`` and up to ``high`` thousandths of a point."""
        within = [
            [
                each
                for each in group
                if each in merit
                and (low is None or merit[each] > low)
                and (high is None or merit[each] <= high)
            ]
            for group in (mine, theirs)
        ]
        part, other_part = (sum(each in self.awards for each in group) for group in within)
        return {
            "low": low,
            "high": high,
            "part": part,
            "whole": len(within[0]),
            "other_part": other_part,
            "other_whole": len(within[1]),
        }


def band_edges(merits: list[int]) -> list[int]:
    """Return the merit at which each band of about as many applications ends, but the last.

    The i-th of k bands ends at the least merit that at least i/k of them do not exceed.
    """
    merits = sorted(merits)
    count = max(1, min(MOST_BANDS, len(merits) // PER_BAND))
    edges = {merits[-(-i * len(merits) // count) - 1] for i in range(1, count)}
    return sorted(edge for edge in edges if edge < merits[-1])
