"""A pool of candidates and the rules become the programme: plain integers, named rows and columns."""

from dataclasses import dataclass
from typing import Literal

from allocator.model import Package


@dataclass(frozen=True, slots=True)
class Column:
    """One integer variable between 0 and ``upper``; ``objective`` is its gain per unit."""

    name: str
    objective: int
    upper: int
    application: str = ""
    package: Package | None = None
    fund: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """``Σ coefficients·columns (≤ | ≥) bound``; ``columns`` are positions, ascending."""

    name: str
    columns: tuple[int, ...]
    coefficients: tuple[int, ...]
    sense: Literal["<=", ">="]
    bound: int


@dataclass(frozen=True, slots=True)
class Programme:
    """Maximise ``Σ objective·x`` over integer x within all rows; ``scale`` units are one thousandth
    of a merit point."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    scale: int
