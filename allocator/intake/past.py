"""What is odd about past awards beside the round they count in: never decided, always said."""

import re
from collections import Counter
from collections.abc import Iterator

from allocator.errors import Problem, Where, problem
from allocator.intake.folder import LoadedRound
from allocator.intake.prior_awards import OFFICE_AWARDS
from allocator.intake.values import fold
from allocator.model import Severity

_STEM = "prior_awards"
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
    """Yield what looks like a slip: a year or a person written otherwise."""
    awards, year = loaded.prior_awards, loaded.round.financial_year
    other = Counter(each.financial_year for each in awards if _nearly(each.financial_year, year))
    if other:
        written = ", ".join(other)
        yield _odd(loaded, "past-year", "financial_year", other.total(), written, year)
    known = {each.person_id for each in loaded.applications}
    folded = {fold(each) for each in known}
    persons = {each.person_id for each in awards if each.person_id} - known
    if alike := sum(fold(each) in folded for each in persons):
        yield _odd(loaded, "past-person", "person_id", alike)


def _odd(
    loaded: LoadedRound, code: str, column: str, count: int, written: str = "", year: str = ""
) -> Problem:
    names = (name for name, _, _ in loaded.files if name.startswith(_STEM))
    where = Where(file=next(names, OFFICE_AWARDS), column=column)
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
