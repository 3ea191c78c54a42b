"""Problems and the one exception: coded, located, and saying what to do.

The words live in ``allocator/texts``; a problem holds its code and the values to fill in, so that
it can be shown as a line, as a table row or as JSON.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from allocator.model import Severity
from allocator.texts import say


class Exit(IntEnum):
    """Exit codes of the command line (design, section 6)."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    NOT_FINAL = 3


@dataclass(frozen=True, slots=True, order=True)
class Where:
    """A place in an input: any part may be empty; ``row`` and ``line`` count from 1."""

    file: str = ""
    sheet: str = ""
    row: int = 0
    column: str = ""
    line: int = 0

    def __str__(self) -> str:
        parts = [
            self.file,
            f"sheet {self.sheet}" if self.sheet else "",
            f"row {self.row}" if self.row else "",
            f"column {self.column}" if self.column else "",
            f"line {self.line}" if self.line else "",
        ]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong (or worth knowing) in what the officer gave us.

    ``value`` is the offending value as written, empty where it would be personal data.
    """

    code: str
    severity: Severity
    what: str
    do: str
    where: Where = Where()
    value: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if str(self.where) else ""
        return f"{place}{self.what} {self.do}".strip()

    def as_json(self) -> dict[str, str | int]:
        """Return the machine-readable form: flat, every key always present."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "file": self.where.file,
            "sheet": self.where.sheet,
            "row": self.where.row,
            "column": self.where.column,
            "line": self.where.line,
            "value": self.value,
            "what": self.what,
            "do": self.do,
        }


def problem(
    code: str,
    where: Where | None = None,
    *,
    severity: Severity = Severity.ERROR,
    value: str = "",
    **values: object,
) -> Problem:
    """Make a problem; its words are the texts ``problem.<code>.what`` and ``problem.<code>.do``.

    Parameters
    ----------
    code : str
        Key of the texts, in the form ``area-what``.
    where : Where, optional
        The place in the input.
    severity : Severity
        An error stops the run.
    value : str
        The value as written, where that is no personal datum; cut to 80 characters.
    **values : object
        What the texts' fields are filled with; ``value`` is passed on too.
    """
    shown = value if len(value) <= 80 else value[:77] + "..."
    return Problem(
        code=code,
        severity=severity,
        what=say(f"problem.{code}.what", value=shown, **values),
        do=say(f"problem.{code}.do", value=shown, **values),
        where=where or Where(),
        value=shown,
    )


class AllocatorError(Exception):
    """The input does not permit what was asked: carries every problem found.

    Parameters
    ----------
    problems : iterable of Problem
        At least one; errors first is not required, ``ordered`` sorts.
    exit_code : Exit
        What the command line returns.
    """

    def __init__(self, problems: Problem | Iterable[Problem], exit_code: Exit = Exit.REFUSED):
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        self.exit_code = exit_code
        super().__init__("\n".join(str(each) for each in self.problems))

    @property
    def code(self) -> str:
        """Code of the first problem."""
        return self.problems[0].code


_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


def ordered(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sort problems: errors, warnings, notes; within each by place, then code."""
    return tuple(sorted(problems, key=lambda p: (_RANK[p.severity], p.where, p.code, p.value)))


def has_errors(problems: Iterable[Problem]) -> bool:
    """Tell whether any of the problems stops a run."""
    return any(each.severity is Severity.ERROR for each in problems)
