"""Fairness as a record keeps it: counts only, from which all other figures follow.

Rates, intervals and tests are no whole numbers, which alone a record holds; they are worked out
again where they are shown (``fairness_record.fairness_from``).
"""

from dataclasses import dataclass

from allocator.model import Decision, Gender, Package


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """Applications of one group at each stage, and money in minor units.

    ``value`` is empty for all others, for all of whom the attribute is known, and for the rest.
    """

    value: str
    nominated: int
    eligible: int
    awarded: int
    money: int


@dataclass(frozen=True, slots=True)
class FunnelCounts:
    """All groups of one attribute; ``unknown`` is ``None`` if it is known of everybody."""

    attribute: str
    groups: tuple[GroupCounts, ...]
    known: GroupCounts
    unknown: GroupCounts | None
    overlap: bool


@dataclass(frozen=True, slots=True)
class BandCounts:
    """Awarded and eligible of two groups in one merit band (see ``fairness_counts.Stratum``)."""

    low: int | None
    high: int | None
    part: int
    whole: int
    other_part: int
    other_whole: int


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Two groups compared; ``without`` are titles of criteria whose points the bands leave out."""

    attribute: str
    one: GroupCounts
    other: GroupCounts
    without: tuple[str, ...]
    bands: tuple[BandCounts, ...]


@dataclass(frozen=True, slots=True)
class FlipKept:
    """An application that would be decided otherwise; see ``fairness_flip.Flip``."""

    application_id: str
    stated: Gender
    instead: Gender
    before: Decision | None
    before_package: Package | None
    after: Decision | None
    after_package: Package | None
    alone: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class FlipsKept:
    """The flip test; see ``fairness_flip.FlipTest``."""

    status: str
    clauses: tuple[str, ...]
    asked: tuple[tuple[Gender, Gender, int], ...]
    flips: tuple[FlipKept, ...]
    unanswered: tuple[tuple[str, Gender], ...]


@dataclass(frozen=True, slots=True)
class FairnessCounts:
    """Everything on how groups fared that a record keeps.

    ``flips`` is ``None`` where the flip test was not asked for.
    """

    funnel: tuple[FunnelCounts, ...]
    pairs: tuple[PairCounts, ...]
    flips: FlipsKept | None
