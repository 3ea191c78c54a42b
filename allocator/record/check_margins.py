"""A margin is held against the decision and the merit it is of, and its parts against one another.

Which figure it is takes a solver to find. Which parts it has, and how they follow from each other,
does not: what each package needed settles what the application was short of, or could spare. The
packages it is about, and those that a rule forbids anyhow, are looked up in the programme.
"""

from __future__ import annotations

from typing import Any

from allocator.record.check_book import PACKAGES, Book, number
from allocator.record.check_container import Opened
from allocator.record.check_outcome import OPTIMAL
from allocator.record.check_report import demand_fields, same


class Margins:
    """What the margins and obstacles of a record must agree with."""

    def __init__(self, record: Opened):
        book, result = Book(record), record.plain("result.json")
        self._final = result["status"] == OPTIMAL
        programme = record.plain("programme.json")
        self._asked = _packages(programme, frozenset())
        self._possible = _packages(programme, _impossible(programme))
        self._worthless = [each for each in PACKAGES if not book.coverage(each)]
        self._decided: dict[str, set[str]] = {"awarded": set(), "declined": set()}
        for each in result["decisions"]:
            self._decided.setdefault(each["decision"], set()).add(each["application_id"])

    def agree(self, explained: dict[str, Any], line: dict[str, Any]) -> bool:
        """Tell whether an explanation has the margin it must have, which the decision states.

        Every candidate has one if the allocation is final, nobody else.
        """
        margin, awarded = explained["margin"], explained["decision"] == "awarded"
        if explained["merit"] is None or not self._final:
            return margin is None and line["margin"] is None
        demand_fields(margin, "at_any_merit", "exact", "others", "packages", "points")
        for each in margin["packages"]:
            demand_fields(each, "exact", "package", "points")
        if any(type(each) is not bool for each in (margin["at_any_merit"], *_exact(margin))):
            return False
        if line["margin"] != _stated(margin, awarded):
            return False
        others = self._decided["declined" if awarded else "awarded"]
        if margin["others"] != sorted({*margin["others"]} & others):
            return False
        offered = self._possible.get(explained["application_id"], [])
        return self._spared(explained, offered) if awarded else self._short(margin, offered)

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
        """Tell whether what an awarded application could lose is the most that one package could.

        Or a thousandth less, where it is level then and loses the draw. A package worth nothing
        cannot lose anything.
        """
        margin, merit = explained["margin"], number(explained["merit"])
        points = number(margin["points"])
        if not 0 <= points <= merit or margin["at_any_merit"] is not (points == merit):
            return False
        if not margin["packages"]:
            return (margin["at_any_merit"] or not margin["exact"]) and not margin["others"]
        names = [each["package"] for each in margin["packages"]]
        if names != [each for each in offered if each in names]:
            return False
        if explained["package"] not in names or not all(_exact(margin)):
            return False
        known = _figures(margin)
        if [*known] != [each for each in names if each not in self._worthless]:
            return False
        most = max(known.values(), default=-1)
        if margin["at_any_merit"]:
            return most >= merit or len(known) < len(names)
        return points <= most <= min(points + 1, merit)

    def _short(self, margin: dict[str, Any], offered: list[str]) -> bool:
        """Tell whether what a declined application was short of is the least for a package.

        Or a thousandth more, where it is level then and loses the draw. No merit would do for a
        package of which no figure is given, and that is exact.
        """
        if [each["package"] for each in margin["packages"]] != offered or margin["at_any_merit"]:
            return False
        known = _figures(margin)
        if any(each in known for each in self._worthless) or min(known.values(), default=0) < 0:
            return False
        if not known:
            return margin["points"] is None and all(_exact(margin)) and not margin["others"]
        points, least = number(margin["points"]), min(known.values())
        if margin["exact"]:
            return all(_exact(margin)) and max(1, least) <= points <= least + 1
        bounded = [each["exact"] is (each["points"] is None) for each in margin["packages"]]
        return points == least and all(bounded) and not margin["others"]


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
