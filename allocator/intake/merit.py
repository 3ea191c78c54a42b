"""Merit of an application: the award's own points and those of every criterion, line by line."""

from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from allocator.intake.exact import rounded
from allocator.intake.facts import Facts
from allocator.intake.roles import said_in
from allocator.intake.standing import Standing
from allocator.model import Application, MeritLine, PriorAward
from allocator.policy_terms import group_text, list_text, number_text
from allocator.rules import Criterion, Rules
from allocator.texts import say

AWARD = "award"
"""Criterion id of the first line: the points of every eligible application."""

type Worth = tuple[int, str]
"""Points in thousandths, and the value they are for, in words."""


class History:
    """Awards of the past, by administration and by person.

    Parameters
    ----------
    awards : iterable of PriorAward, or None
        ``None`` when no file of past awards was given: nothing is known then.
    on : date
        The decision date; only awards up to that day count.
    """

    def __init__(self, awards: Iterable[PriorAward] | None, on: date):
        self.known = awards is not None
        self._on = on
        self._days: dict[tuple[str, str], list[date | None]] = {}
        for each in awards or ():
            for whose, key in (("administration", each.administration), ("person", each.person_id)):
                if key:
                    self._days.setdefault((whose, key), []).append(each.awarded_on)

    def count(self, application: Application, whose: str, within_days: int) -> int | None:
        """Return how many awards there were in the days before the decision.

        ``None`` where that is not known: no file, or an award without a date.
        """
        if not self.known:
            return None
        key = application.person_id if whose == "person" else application.administration
        days = self._days.get((whose, key), [])
        if None in days:
            return None
        return sum(1 for day in days if day and 0 <= (self._on - day).days <= within_days)


class Scorer:
    """Scores the applications of a round under some rules.

    ``unmatched`` collects the rows whose category no value of a criterion names, by (criterion id,
    column).
    """

    def __init__(self, rules: Rules, facts: Facts, history: History):
        self.unmatched: dict[tuple[str, str], list[int]] = {}
        self._rules = rules
        self._facts = facts
        self._history = history
        self._award = MeritLine(
            AWARD, say("assess.award"), "", rules.award_points, rules.award_reference
        )
        self._lines: dict[tuple[str, Worth], MeritLine] = {}
        self._numbers: dict[tuple[str, Fraction | int], Worth] = {}
        self._standings: dict[tuple[str, str], Worth | None] = {}

    def score(
        self, application: Application, standing: Standing
    ) -> tuple[int, tuple[MeritLine, ...]]:
        """Return merit in thousandths of a point, and the lines that sum to it.

        Parameters
        ----------
        application : Application
            An eligible application.
        standing : Standing
            What its administration is on the decision date.
        """
        lines = [self._award]
        for criterion in self._rules.criteria:
            worth = self._worth(criterion, application, standing)
            lines.append(self._line(criterion, worth))
        return sum([line.points for line in lines]), tuple(lines)

    def _line(self, criterion: Criterion, worth: Worth) -> MeritLine:
        key = (criterion.id, worth)
        if key not in self._lines:
            points, value = worth
            self._lines[key] = MeritLine(
                criterion.id, criterion.title, value, points, criterion.reference
            )
        return self._lines[key]

    def _worth(self, criterion: Criterion, application: Application, standing: Standing) -> Worth:
        worth: Worth | None
        match criterion.kind:
            case "number":
                worth = self._number(criterion, application)
            case "flag":
                worth = self._flag(criterion, application)
            case "category":
                worth = self._category(criterion, application)
            case "country_group":
                worth = self._groups(criterion, standing)
            case "days":
                worth = self._days(criterion, application)
            case "prior_awards":
                worth = self._prior(criterion, application)
            case _:
                raise ValueError(f"no such kind of criterion: {criterion.kind}")
        return worth or (criterion.not_known, say("assess.not-known"))

    def _number(self, criterion: Criterion, application: Application) -> Worth | None:
        number = self._facts.number(application, criterion.column)
        if number is None:
            return None
        key = (criterion.id, number)
        if key not in self._numbers:
            shown = number_text(Fraction(number))
            self._numbers[key] = (_each(criterion, max(number, 0)), shown)
        return self._numbers[key]

    def _flag(self, criterion: Criterion, application: Application) -> Worth | None:
        said = self._facts.yes_no(application, criterion.column)
        if said is None:
            return None
        return (criterion.points_if, say("assess.yes")) if said else (0, say("assess.no"))

    def _category(self, criterion: Criterion, application: Application) -> Worth | None:
        written = self._facts.text(application, criterion.column)
        if written is None:
            return None
        found = said_in(criterion.column, written, tuple([value for value, _ in criterion.points]))
        if not found:
            rows = self.unmatched.setdefault((criterion.id, criterion.column), [])
            rows.append(application.row)
            return criterion.otherwise, say("assess.other-value")
        return max((points, value) for value, points in criterion.points if value in found)

    def _days(self, criterion: Criterion, application: Application) -> Worth | None:
        start = self._facts.day(application, criterion.column)
        end = self._until(criterion, application)
        if start is None or end is None:
            return None
        days = max((end - start).days, 0)
        return _each(criterion, days), say("assess.days", days=days)

    def _groups(self, criterion: Criterion, standing: Standing) -> Worth | None:
        key = (criterion.id, standing.key)
        if key not in self._standings:
            self._standings[key] = _groups(criterion, standing)
        return self._standings[key]

    def _until(self, criterion: Criterion, application: Application) -> date | None:
        match criterion.until:
            case "decision_date":
                return self._facts.round.decision_date
            case "deadline":
                return self._facts.meeting(application).deadline
            case "starts":
                return self._facts.meeting(application).starts
        return self._facts.day(application, criterion.until)

    def _prior(self, criterion: Criterion, application: Application) -> Worth | None:
        count = self._history.count(application, criterion.whose, criterion.within_days)
        if count is None:
            return None
        left = criterion.points_if - count * criterion.points_each
        key = "assess.priors" if count else "assess.no-prior"
        return max(left, 0), say(key, count=count)


def _each(criterion: Criterion, number: Fraction | int) -> int:
    return min(rounded(number * criterion.points_each), criterion.at_most)


def _groups(criterion: Criterion, standing: Standing) -> Worth | None:
    truths = [(name, points, standing.holds(name)) for name, points in criterion.points]
    held = [(points, name) for name, points, truth in truths if truth]
    if not held:
        open_ = any(truth is None for _, _, truth in truths)
        return None if open_ else (0, say("assess.no-group"))
    if criterion.combine == "highest":
        held = [max(held)]
    names = tuple([group_text(name, standing.titles) for _, name in held])
    return sum([points for points, _ in held]), list_text(names)
