"""How groups fared is counted again, from the applications judged and the awards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allocator.record.check_book import number
from allocator.record.check_container import Opened
from allocator.record.check_report import Refused, Unchecked, demand_fields, demand_none, safe
from allocator.texts import say

FAIRNESS = "fairness.json"
STAGES = ("nominated", "eligible", "awarded", "money")
MEANT_FOR = ("gender", "region", "country_group")
"""Every record counts by these; by others if it was asked to."""


def look_at_fairness(record: Opened) -> str:
    """Check the counts of every group at every stage, and of every band compared."""
    if FAIRNESS not in record.members:
        raise Unchecked(say("verify.fairness.none"))
    fairness = record.plain(FAIRNESS)
    demand_fields(fairness, "flips", "funnel", "pairs")
    census = _Census(record)
    attributes = [each["attribute"] for each in fairness["funnel"]]
    if len({*attributes}) != len(attributes) or not {*MEANT_FOR} <= {*attributes}:
        raise Refused(say("verify.fairness.attributes"))
    demand_none(
        say("verify.fairness.other", attribute=safe(each["attribute"]), group=safe(group))
        for each in fairness["funnel"]
        for group in _miscounted(census, each)
    )
    demand_none(
        say("verify.fairness.bands", attribute=safe(each["attribute"]))
        for each in fairness["pairs"]
        if not _compared_rightly(census, each)
    )
    demand_none(_wrong_flips(record, fairness["flips"]))
    groups = sum(len(each["groups"]) for each in fairness["funnel"])
    return say("verify.fairness.figure", groups=groups, bands=len(fairness["pairs"]))


class _Census:
    """Everybody's attributes, who is eligible, and what they were awarded."""

    def __init__(self, record: Opened):
        pool = record.plain("pool.json")
        self.attributes: dict[str, dict[str, list[str]]] = {}
        self.merits: dict[str, dict[str, Any]] = {}
        for each in (*pool["candidates"], *pool["ineligible"]):
            application = each["application"]["application_id"]
            self.attributes[application] = dict(each["attributes"])
            if "merit" in each:
                self.merits[application] = each
        self.awards = {
            each["application_id"]: number(each["amount"])
            for each in record.plain("result.json")["awards"]
        }

        self.criteria = [each["title"] for each in record.plain("rules.json")["criteria"]]

    def values(self, application: str, attribute: str) -> list[str]:
        """Return what is known of an attribute."""
        return self.attributes[application].get(attribute, [])

    def known(self, attribute: str) -> list[str]:
        """Return the applications of which an attribute is known."""
        return [each for each in self.attributes if self.values(each, attribute)]

    def shown(self, attribute: str) -> set[str]:
        """Return the values that are told of: of country groups not those told of elsewhere."""
        every = {v for each in self.attributes for v in self.values(each, attribute)}
        if attribute != "country_group":
            return every
        regions = {v for each in self.attributes for v in self.values(each, "region")}
        return every - regions - {"member_state"}

    def holding(self, attribute: str, value: str) -> list[str]:
        """Return the applications that have a value."""
        return [each for each in self.attributes if value in self.values(each, attribute)]

    def counts(self, applications: list[str]) -> tuple[int, int, int, int]:
        """Return nominated, eligible and awarded, and the money awarded."""
        amounts = [self.awards[each] for each in applications if each in self.awards]
        eligible = sum(each in self.merits for each in applications)
        return len(applications), eligible, len(amounts), sum(amounts)


def _told(group: dict[str, Any]) -> tuple[int, int, int, int]:
    demand_fields(group, "value", *STAGES)
    nominated, eligible, awarded, money = (number(group[stage]) for stage in STAGES)
    return nominated, eligible, awarded, money


def _is_whole(group: dict[str, Any] | None, counts: tuple[int, int, int, int]) -> bool:
    """Tell whether a group without a value has these counts; where it has nobody it is left out."""
    if group is None:
        return counts[0] == 0
    return not group["value"] and _told(group) == counts


def _miscounted(census: _Census, grouping: dict[str, Any]) -> Iterator[str]:
    """Yield the groups of one attribute whose counts are others, or that are missing."""
    demand_fields(grouping, "attribute", "groups", "known", "overlap", "unknown")
    attribute, groups = grouping["attribute"], grouping["groups"]
    known = census.known(attribute)
    shown = census.shown(attribute)
    rest = [each for each in known if not {*census.values(each, attribute)} & shown]
    silent = [each for each in census.attributes if not census.values(each, attribute)]
    several = any(len({*census.values(each, attribute)} & shown) > 1 for each in known)
    if sorted(each["value"] for each in groups) != sorted([*shown, *([""] if rest else [])]):
        yield attribute
    if grouping["overlap"] is not several:
        yield attribute
    for group in groups:
        members = census.holding(attribute, group["value"]) if group["value"] else rest
        if _told(group) != census.counts(members):
            yield group["value"] or attribute
    for group, members in ((grouping["known"], known), (grouping["unknown"], silent)):
        if not _is_whole(group, census.counts(members)):
            yield attribute


def _compared_rightly(census: _Census, compared: dict[str, Any]) -> bool:
    """Tell whether two groups and their bands are those of the pool."""
    demand_fields(compared, "attribute", "bands", "one", "other", "without")
    attribute = compared["attribute"]
    one, other = compared["one"]["value"], compared["other"]["value"]
    mine = census.holding(attribute, one)
    rest = [each for each in census.known(attribute) if each not in {*mine}]
    theirs = [each for each in rest if not other or other in census.values(each, attribute)]
    if _told(compared["one"]) != census.counts(mine):
        return False
    if _told(compared["other"]) != census.counts(theirs):
        return False
    if any(each not in census.criteria for each in compared["without"]):
        return False
    if not _bands_join(compared["bands"]):
        return False
    merit = {each: _merit_without(judged, compared) for each, judged in census.merits.items()}
    return all(_band_is_right(census, each, merit, (mine, theirs)) for each in compared["bands"])


def _bands_join(bands: list[dict[str, Any]]) -> bool:
    """Tell whether each band begins where the one before ends, the first and last being open."""
    for each in bands:
        demand_fields(each, "high", "low", "other_part", "other_whole", "part", "whole")
    lows, highs = [each["low"] for each in bands], [each["high"] for each in bands]
    return not bands or (lows[0] is None and highs[-1] is None and lows[1:] == highs[:-1])


def _merit_without(judged: dict[str, Any], compared: dict[str, Any]) -> int:
    """Return an applicant's merit less the criteria that the comparison leaves out, by title."""
    lines = (each for each in judged["breakdown"] if each["title"] in compared["without"])
    return number(judged["merit"]) - sum(number(each["points"]) for each in lines)


def _band_is_right(
    census: _Census,
    band: dict[str, Any],
    merit: dict[str, int],
    groups: tuple[list[str], list[str]],
) -> bool:
    low = None if band["low"] is None else number(band["low"])
    high = None if band["high"] is None else number(band["high"])
    found: list[int] = []
    for members in groups:
        within = [
            each
            for each in members
            if each in merit
            and (low is None or merit[each] > low)
            and (high is None or merit[each] <= high)
        ]
        found += [sum(each in census.awards for each in within), len(within)]
    told = [number(band[n]) for n in ("part", "whole", "other_part", "other_whole")]
    return found == told


def _wrong_flips(record: Opened, flips: dict[str, Any] | None) -> Iterator[str]:
    """Yield what the flip test says of decisions and stated genders that is not so."""
    if flips is None:
        return
    demand_fields(flips, "asked", "clauses", "flips", "status", "unanswered")
    pool = record.plain("pool.json")
    stated = {
        each["application"]["application_id"]: each["application"]["gender"]
        for each in (*pool["candidates"], *pool["ineligible"])
    }
    lines = record.plain("result.json")["decisions"]
    decided = {each["application_id"]: (each["decision"], each["package"]) for each in lines}
    for was, _, asked in flips["asked"]:
        if number(asked) != sum(gender == was for gender in stated.values()):
            yield say("verify.fairness.asked")
    for each in flips["flips"]:
        application = each["application_id"]
        before = (each["before"], each["before_package"])
        after = (each["after"], each["after_package"])
        as_told = stated.get(application) == each["stated"] and decided.get(application) == before
        if not as_told or before == after or each["instead"] == each["stated"]:
            yield say("verify.fairness.flip", application=safe(application))
