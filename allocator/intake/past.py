"""What is odd about past awards beside the round they count in: never decided, always said."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from allocator.errors import Problem, Where, problem
from allocator.intake.folder import LoadedRound
from allocator.intake.values import fold
from allocator.model import PriorAward, Severity

FILE = "prior_awards.csv"
_CENTURY = 2000


def awarded_already(loaded: LoadedRound) -> list[int]:
    """Return the rows of applications whose person holds an award for the same meeting already."""
    held = {(each.person_id, fold(each.meeting)) for each in loaded.prior_awards if each.meeting}
    return [
        each.row
        for each in loaded.applications
        if each.person_id and (each.person_id, fold(each.meeting)) in held
    ]


def odd_awards(loaded: LoadedRound) -> Iterator[Problem]:
    """Yield what looks like a slip: a year or a person written otherwise, an award twice."""
    awards, year = loaded.prior_awards, loaded.round.financial_year
    other = Counter(each.financial_year for each in awards if _nearly(each.financial_year, year))
    if other:
        written = ", ".join(other)
        yield _odd("past-year", "financial_year", other.total(), written=written, year=year)
    known = {each.person_id for each in loaded.applications}
    folded = {fold(each) for each in known}
    persons = {each.person_id for each in awards if each.person_id} - known
    if alike := sum(fold(each) in folded for each in persons):
        yield _odd("past-person", "person_id", alike)
    if twice := _twice(awards):
        yield _odd("past-twice", "", twice)


def _odd(code: str, column: str, count: int, written: str = "", year: str = "") -> Problem:
    where = Where(file=FILE, column=column)
    return problem(code, where, severity=Severity.WARNING, count=count, written=written, year=year)


def _nearly(written: str, year: str) -> bool:
    """Tell whether what is written may mean a year all the same: ``FY2027``, ``27``, ``2026/27``.

    Where both are written alike, as ``2026`` and ``2027``, they mean what they say.
    """
    if fold(written) == fold(year) or _form(written) == _form(year):
        return False
    return not _years(written).isdisjoint(_years(year))


def _form(text: str) -> str:
    return re.sub(r"\d", "9", fold(text))


def _years(text: str) -> frozenset[int]:
    numbers = (int(each) for each in re.findall(r"\d{1,9}", text))
    return frozenset(each + _CENTURY if each < 100 else each for each in numbers)


def _twice(awards: Sequence[PriorAward]) -> int:
    """Return how many awards stand in the file before, alike in everything."""
    known = [each for each in awards if each.person_id and each.meeting]
    return len(known) - len(set(known))
