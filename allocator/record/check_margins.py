"""A margin is held against the decision, the merit, and the allocations that it was found with.

Which allocation is the best takes a solver to find. But an exact margin names those it rests on,
and from these it is worked out once more: the figures of the packages, the draw where two are
level, who else it touches. No allocation that the record holds anywhere may contradict it. A margin
that is a bound names none; its parts are held against one another. The packages a margin is about,
and those that a rule forbids anyhow, are looked up in the programme.
"""

from __future__ import annotations

from typing import Any

from allocator.record.check_book import PACKAGES, Book, number
from allocator.record.check_container import Opened
from allocator.record.check_instead import Other, Others
from allocator.record.check_outcome import OPTIMAL
from allocator.record.check_report import demand_fields, same


class Margins:
    """What the margins, ties and obstacles of a record must agree with."""

    def __init__(self, record: Opened):
        book, result = Book(record), record.plain("result.json")
        self._final = result["status"] == OPTIMAL
        programme = record.plain("programme.json")
        self._asked = _packages(programme, frozenset())
        self._possible = _packages(programme, _impossible(programme))
        scale = number(programme["scale"])
        self._gains = {each: int(book.coverage(each) * scale) for each in PACKAGES}
        self._drawn = {each["application_id"] for each in result["draws"]}
        self._others = Others(record)
        for each in record.plain("explanations.json"):
            for part in _parts(each["margin"]):
                self._others.named(part.get("instead"))

    def agree(self, explained: dict[str, Any], line: dict[str, Any]) -> bool:
        """Tell whether an explanation has the margin it must have, which the decision states.

        Every candidate has one if the allocation is final, nobody else.
        """
        margin, awarded = explained["margin"], explained["decision"] == "awarded"
        if explained["merit"] is None or not self._final:
            return margin is None and line["margin"] is None
        demand_fields(margin, "at_any_merit", "exact", "instead", "others", "packages", "points")
        for each in margin["packages"]:
            demand_fields(each, "exact", "instead", "package", "points")
        if any(type(each) is not bool for each in (margin["at_any_merit"], *_exact(margin))):
            return False
        if line["margin"] != _stated(margin, awarded):
            return False
        offered = self._possible.get(explained["application_id"], [])
        if awarded:
            return self._spared(explained, offered)
        return self._short(explained["application_id"], margin, offered)

    def tie_agrees(self, explained: dict[str, Any]) -> bool:
        """Tell whether an application was drawn for if, and only if, it could be otherwise.

        It could where an allocation that the record holds is as good and does something else with
        it. An exact margin holds the best there is; of a bound the reverse is not known.
        """
        if not self._final:
            return True
        application, margin = explained["application_id"], explained["margin"]
        drawn, level = application in self._drawn, application in self._others.level
        if drawn == level or margin is None:
            return drawn == level
        return drawn and not self._settled(explained, margin)

    def _settled(self, explained: dict[str, Any], margin: dict[str, Any]) -> bool:
        """Tell whether a margin names the best allocation for whatever else could have been."""
        if explained["decision"] == "awarded":
            return margin["instead"] is not None
        return all(_exact(margin)) and all(
            each["instead"] is not None or self._gains[each["package"]]
            for each in margin["packages"]
        )

    def obstacles_agree(self, explained: dict[str, Any]) -> bool:
        """Tell whether there is an obstacle for each package of a declined application only.

        Which packages a rule forbids by itself is looked up in the programme.
        """
        for each in explained["obstacles"]:
            demand_fields(each, "alone", "clauses", "package")
        told = [(each["package"], bool(each["alone"])) for each in explained["obstacles"]]
        application = explained["application_id"]
        asked = self._asked.get(application, []) if explained["decision"] == "declined" else []
        possible = self._possible.get(application, [])
        return same(told, [(each, each not in possible) for each in asked])

    def _spared(self, explained: dict[str, Any], offered: list[str]) -> bool:
        """Tell whether what an awarded application could lose is what its allocations give."""
        margin, merit = explained["margin"], number(explained["merit"])
        points = number(margin["points"])
        if not 0 <= points <= merit or margin["at_any_merit"] is not (points == merit):
            return False
        if not margin["packages"]:
            return self._spared_without(explained, offered)
        application, rest = explained["application_id"], self._others.named(margin["instead"])
        if rest is None or rest.differs.get(application, "") is not None:
            return False
        if rest.worth != self._others.best(application, None) or not all(_exact(margin)):
            return False
        names = [each["package"] for each in margin["packages"]]
        if (
            names != [each for each in offered if each in names]
            or explained["package"] not in names
        ):
            return False
        missed = (self._others.best(application, each) for each in offered if each not in names)
        if any(each is not None and each >= rest.worth for each in missed):
            return False
        rivals = {each["package"]: self._with(explained, each) for each in margin["packages"]}
        return all(
            rival is not None
            and rival.worth >= rest.worth
            and same(each["points"], self._spare(each["package"], rival, rest))
            for each, rival in zip(margin["packages"], rivals.values(), strict=True)
        ) and same(
            [margin["points"], margin["others"]],
            [self._most(merit, rivals, rest), self._gaining(rest)],
        )

    def _spared_without(self, explained: dict[str, Any], offered: list[str]) -> bool:
        """Tell whether a margin of an award that names no allocation can be right.

        None does without the award, or a package that carries no merit cannot be lost by merit; or
        it is a bound, which no allocation that the record holds may be below.
        """
        margin, gain = explained["margin"], self._gains[explained["package"]]
        if margin["others"] != [] or margin["instead"] is not None:
            return False
        gone = self._others.best(explained["application_id"], None)
        if margin["exact"]:
            never = gone is None or (not gain and gone < self._others.worth)
            return never and margin["at_any_merit"]
        if gone is None or not gain or len(offered) > 1:
            return True
        return number(margin["points"]) <= (self._others.worth - gone) // gain

    def _with(self, explained: dict[str, Any], part: dict[str, Any]) -> Other | None:
        """Return the allocation in which an awarded application gets a package, if it is so."""
        if part["package"] == explained["package"]:
            return Other({}, self._others.worth) if part["instead"] == [] else None
        return self._best_with(explained["application_id"], part)

    def _best_with(self, application: str, part: dict[str, Any]) -> Other | None:
        """Return the allocation named for a package, if it awards it and none held is better."""
        other = self._others.named(part["instead"])
        if other is None or other.differs.get(application) != part["package"]:
            return None
        best = self._others.best(application, part["package"])
        return other if other.worth == best else None

    def _spare(self, package: str, rival: Other, rest: Other) -> int | None:
        gain = self._gains[package]
        return (rival.worth - rest.worth) // gain if gain else None

    def _most(self, merit: int, rivals: dict[str, Other | None], rest: Other) -> int:
        """Return the most merit that can be lost with the award kept, by lead or by lot."""
        held = [(each, self._gains[package]) for package, each in rivals.items() if each]

        def kept(points: int) -> bool:
            lead = max(each.worth - gain * points for each, gain in held)
            level = [each for each, gain in held if each.worth - gain * points == lead]
            before = any(self._others.comes_before(each, rest) for each in level)
            return lead > rest.worth or (lead == rest.worth and before)

        if kept(merit):
            return merit
        most = max((each.worth - rest.worth) // gain for each, gain in held if gain)
        return most if kept(most) else most - 1

    def _gaining(self, other: Other) -> list[str]:
        held = self._others.awards
        return sorted(a for a, package in other.differs.items() if package and a not in held)

    def _losing(self, other: Other) -> list[str]:
        return sorted(a for a, package in other.differs.items() if package is None)

    def _short(self, application: str, margin: dict[str, Any], offered: list[str]) -> bool:
        """Tell whether what a declined application was short of is the least for a package.

        No merit would do for a package of which no figure is given, and that is exact.
        """
        if [each["package"] for each in margin["packages"]] != offered or margin["at_any_merit"]:
            return False
        if margin["instead"] is not None:
            return False
        if not all(self._figure_agrees(application, each) for each in margin["packages"]):
            return False
        known = _figures(margin)
        if not known:
            return margin["points"] is None and all(_exact(margin)) and margin["others"] == []
        points, least = number(margin["points"]), min(known.values())
        if margin["exact"]:
            return all(_exact(margin)) and self._reached(margin, least)
        bounded = [each["exact"] is (each["points"] is None) for each in margin["packages"]]
        return points == least and all(bounded) and margin["others"] == []

    def _figure_agrees(self, application: str, part: dict[str, Any]) -> bool:
        """Tell whether a package of a declined application was short of so much, or can have been.

        A figure that is not exact names no allocation, and is no more than any of them gives.
        """
        package, points = part["package"], part["points"]
        if part["instead"] is not None:
            other = self._best_with(application, part)
            needed = None if other is None else self._needed(package, other.worth)
            return other is not None and part["exact"] and same(points, needed)
        if points is None:
            never = not self._gains[package] or self._others.never(application, package)
            return bool(part["exact"]) and never
        best = self._others.best(application, package)
        needed = 0 if best is None else self._needed(package, best)
        if part["exact"] or number(points) < 0 or needed is None or not self._gains[package]:
            return False
        return best is None or number(points) <= needed

    def _needed(self, package: str, worth: int) -> int | None:
        gain = self._gains[package]
        return max(0, -((worth - self._others.worth) // gain)) if gain else None

    def _reached(self, margin: dict[str, Any], least: int) -> bool:
        """Tell whether the margin is the least figure, or more by one where the lottery was lost.

        Those it touches are who has no award in the allocation that was reached.
        """
        awards = Other({}, self._others.worth)
        lost, won = list[list[str]](), list[list[str]]()
        for each in margin["packages"]:
            other = self._others.named(each["instead"])
            if other is None or each["points"] is None or number(each["points"]) != least:
                continue
            ahead = other.worth + self._gains[each["package"]] * least > self._others.worth
            drawn = least > 0 and (ahead or self._others.comes_before(other, awards))
            (won if drawn else lost).append(self._losing(other))
        return number(margin["points"]) == (least if won else least + 1) and margin["others"] in (
            won or lost
        )


def _parts(margin: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return what names an allocation: the margin, and each of its packages."""
    return [] if margin is None else [margin, *margin["packages"]]


def _impossible(programme: dict[str, Any]) -> frozenset[int]:
    """Return the columns that one row forbids, whoever else is awarded."""
    never: set[int] = set()
    for row in programme["rows"]:
        factors = [number(each) for each in row["coefficients"]]
        if row["sense"] == "<=" and min(factors, default=0) >= 0:
            bound = number(row["bound"])
            pairs = zip(row["columns"], factors, strict=True)
            never.update(column for column, factor in pairs if factor > bound)
    return frozenset(never)


def _packages(programme: dict[str, Any], without: frozenset[int]) -> dict[str, list[str]]:
    """Return the packages of each application, but for those that only these columns have."""
    found: dict[str, dict[str, None]] = {}
    for place, column in enumerate(programme["columns"]):
        if place not in without:
            found.setdefault(column["application"], {})[column["package"]] = None
    return {application: [*packages] for application, packages in found.items()}


def _exact(margin: dict[str, Any]) -> list[Any]:
    return [margin["exact"], *(each["exact"] for each in margin["packages"])]


def _figures(margin: dict[str, Any]) -> dict[str, int]:
    """Return the figures of the packages that have one."""
    given = (each for each in margin["packages"] if each["points"] is not None)
    return {each["package"]: number(each["points"]) for each in given}


def _stated(margin: dict[str, Any], awarded: bool) -> int | None:
    """Return what the decision says: an exact margin, a shortage below 0."""
    if margin["points"] is None or not margin["exact"]:
        return None
    return number(margin["points"]) if awarded else -number(margin["points"])
