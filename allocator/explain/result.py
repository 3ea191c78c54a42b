"""One run's full outcome as plain data: what the outputs render and the record keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from allocator.errors import Problem
from allocator.explain.explanation import Effects, Explanation
from allocator.explain.fairness_kept import FairnessCounts
from allocator.model import Decision, Package, Pool, Round
from allocator.optimise.allocation import Allocation
from allocator.optimise.programme import Programme
from allocator.rules import Rules


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """One row of ``decisions.csv``.

    ``fund`` names the paying funds, joined by `` + ``; ``amount`` is in minor units, 0 if nothing
    is paid; ``merit`` in thousandths of a point (``None`` if ineligible); ``margin`` in
    thousandths: points to spare (awarded) or short (declined, negative), ``None`` where there is
    none to give (ineligible, or no amount of merit would do).
    """

    application_id: str
    decision: Decision
    package: Package | None
    fund: str
    amount: int
    currency: str
    merit: int | None
    margin: int | None
    reason_code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise of the method as it stands for this run or this policy, in words."""

    id: str
    title: str
    holds: bool
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """A run: what went in, what was solved, what came out; ``lines`` sorted by application id.

    ``proof`` is that of the allocation, as plain JSON values for the record. ``explanations`` are
    one per application, in the order of ``lines``; ``effects`` is ``None`` where the allocation is
    not final.
    """

    round: Round
    rules: Rules
    pool: Pool
    programme: Programme
    allocation: Allocation
    lines: tuple[DecisionLine, ...]
    promises: tuple[Promise, ...]
    problems: tuple[Problem, ...]
    proof: Mapping[str, Any] | None = None
    explanations: tuple[Explanation, ...] = ()
    effects: Effects | None = None
    fairness: FairnessCounts | None = None
