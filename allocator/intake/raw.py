"""What a file holds before anything is understood: sheets of rows of text; and how much is read."""

from dataclasses import dataclass
from typing import NamedTuple

from allocator.errors import AllocatorError, Where, problem
from allocator.model import Severity

MAX_BYTES = 50_000_000
MAX_ROWS = 200_000
MAX_COLUMNS = 300
MAX_CELL = 32_767
"""Characters in one cell: the limit of the spreadsheets themselves."""


class RawRow(NamedTuple):
    """A row as in the file: its number there, counted from 1, and its cells, none blank at the end.

    A cell is text without white space around it. A real date is in ISO form, a real yes/no is
    ``TRUE`` or ``FALSE``, a real number has no separators but a decimal point.
    """

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RawSheet:
    """The rows of a sheet that are not wholly blank.

    ``merged`` has the merged cells as (top, left, bottom, right), rows from 1, columns from 0.
    """

    name: str
    visible: bool
    rows: tuple[RawRow, ...]
    merged: tuple[tuple[int, int, int, int], ...] = ()


def refuse(code: str, where: Where, value: str = "", **fields: str | int) -> AllocatorError:
    """Return the refusal of a whole file, to be raised."""
    return AllocatorError(problem(code, where, severity=Severity.ERROR, value=value, **fields))
