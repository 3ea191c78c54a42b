"""What an administration is on the decision date: its region and groups, or that a fact is open."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from allocator import countries
from allocator.countries import Unsettled
from allocator.intake.values import fold
from allocator.policy_terms import Titles, own_titles
from allocator.rules import CountryGroup, Rules

type Truth = bool | None
"""Yes, no, or not known."""


def any_true(truths: Iterable[Truth]) -> Truth:
    """Return whether any is true: not known if none is and one is not known."""
    seen = tuple(truths)
    return True if True in seen else None if None in seen else False


@dataclass(frozen=True, slots=True)
class Standing:
    """Region and groups of an administration.

    ``key`` tells the standings of a round apart: the administration, and a doubt decided otherwise.
    ``groups`` says of every group and region, by folded name, whether the administration belongs;
    ``named`` are the groups it does belong to, without regions, sorted; ``titles`` is what the
    policy calls its own.
    """

    key: str
    region: str | None
    groups: dict[str, Truth]
    named: tuple[str, ...]
    titles: Titles

    def holds(self, group: str) -> Truth:
        """Tell whether the administration belongs to a group or region, by any spelling."""
        return self.groups.get(fold(group), False)


class Standings:
    """The standing of every administration under some rules on a day, each worked out once."""

    def __init__(self, rules: Rules, on: date):
        self._on = on
        self._scheme = rules.region_scheme
        self._regions = countries.region_names(rules.region_scheme)
        self._own = rules.country_groups
        self._titles = own_titles(rules)
        self._folded = {each: fold(each) for each in countries.GROUPS + self._regions}
        self._known: dict[str, Standing] = {}
        self._doubts: dict[str, tuple[tuple[Unsettled, Standing], ...]] = {}

    def of(self, administration: str) -> Standing:
        """Return the standing of an administration, by ISO alpha-3 code."""
        if administration not in self._known:
            region, built_in = self._facts(administration)
            self._known[administration] = self._standing(administration, "", region, built_in)
        return self._known[administration]

    def otherwise(self, administration: str) -> tuple[tuple[Unsettled, Standing], ...]:
        """Return every fact under decision, each with the standing if it is decided otherwise."""
        if administration not in self._doubts:
            doubts = countries.unsettled(administration, self._on, self._scheme)
            self._doubts[administration] = tuple(
                (each, standing)
                for each in doubts
                if (standing := self._with(administration, each.group)) is not None
            )
        return self._doubts[administration]

    def _facts(self, administration: str) -> tuple[str | None, dict[str, Truth]]:
        held = countries.groups(administration, self._on)
        built_in: dict[str, Truth] = {each: each in held for each in countries.GROUPS}
        if not any(built_in[each] for each in countries.INCOME_GROUPS):
            built_in |= dict.fromkeys(countries.INCOME_GROUPS)
        return countries.region(administration, self._on, self._scheme), built_in

    def _with(self, administration: str, group: str) -> Standing | None:
        """Return the standing with one fact decided the other way; ``None`` where it is no change.

        A region under decision is listed twice, as what it is and as what it could be.
        """
        region, built_in = self._facts(administration)
        if group in self._regions:
            if group == region:
                return None
            region = group
        elif built_in.get(group) is None:
            built_in |= dict.fromkeys(countries.INCOME_GROUPS, False)
            built_in[group] = True
        else:
            built_in[group] = not built_in[group]
        return self._standing(administration, group, region, built_in)

    def _standing(
        self, administration: str, doubt: str, region: str | None, built_in: dict[str, Truth]
    ) -> Standing:
        groups = {self._folded[name]: truth for name, truth in built_in.items()}
        for each in self._regions:
            groups[self._folded[each]] = region == each if region else None
        named = [name for name, truth in built_in.items() if truth]
        for own in self._own:
            truth = _belongs(own, administration, groups)
            groups[fold(own.id)] = truth
            if truth:
                named.append(own.id)
        key = f"{administration}/{doubt}"
        return Standing(key, region, groups, tuple(sorted(named)), self._titles)


def _belongs(group: CountryGroup, administration: str, groups: dict[str, Truth]) -> Truth:
    """Evaluate a policy's own group: any of, but not, then those added and taken out by name.

    Who is known to belong and not known to be left out belongs: the least developed countries among
    "LDCs but not high income" stay in it where income classes are not known.
    """
    code = fold(administration)
    if code in [fold(each) for each in group.remove]:
        return False
    if code in [fold(each) for each in group.add]:
        return True
    inside = any_true(groups.get(fold(each), False) for each in group.any_of)
    outside = any_true(groups.get(fold(each), False) for each in group.but_not)
    return False if outside else inside
