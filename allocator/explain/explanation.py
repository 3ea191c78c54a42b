"""Why one application fell as it did, as plain data: what the texts, the record and the pages show.

Every merit figure is in thousandths of a point, every amount in minor units.
"""

from dataclasses import dataclass
from fractions import Fraction

from allocator.model import Award, Decision, MeritLine, Package


@dataclass(frozen=True, slots=True)
class PackageMargin:
    """The merit one package was short of, or had to spare.

    Declined: the least with which an allocation giving the application this package would be as
    good as the best without it; ``None`` if no merit would do. Awarded: the most it could lose
    while one giving it this package stays as good; ``None`` if all of it and more. If not
    ``exact``, the true figure is at least this. ``instead`` is the allocation that an exact figure
    rests on, as the award columns of the programme in which it differs from the awards; ``None`` if
    there is none.
    """

    package: Package
    points: int | None
    exact: bool = True
    instead: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Margin:
    """The merit an application was short of, or had to spare.

    Awarded: ``points`` is the most it could lose and still be awarded, all of its merit if
    ``at_any_merit``. Declined: the least with which it would have been awarded; ``None`` if no
    merit would do. If not ``exact``, the true figure is at least this. ``others`` are the
    applications whose award hangs on this one: who would lose theirs if a declined application had
    those points, who would get one if an awarded application got nothing. ``instead`` is the
    best allocation in which an awarded application gets nothing, as that of a package is.
    """

    points: int | None
    exact: bool = True
    at_any_merit: bool = False
    packages: tuple[PackageMargin, ...] = ()
    others: tuple[str, ...] = ()
    instead: tuple[int, ...] | None = None

    @property
    def never(self) -> bool:
        """Tell whether it is known that no merit would have brought an award."""
        return self.exact and self.points is None


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What one more award of a package would break, all other awards as they are.

    ``clauses`` are names such as ``quota[KEN,sg13]`` or ``budget[sg13]``, the one nearest to the
    person first; none if the award would fit, and was not made because the allocation is worth more
    without it. ``alone`` are those of them that forbid the award whoever else is awarded.
    """

    package: Package
    clauses: tuple[str, ...]
    alone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FactorEffect:
    """A balance factor that decided: without it the application would be ``otherwise``.

    ``package`` is what it would then be awarded, ``None`` for nothing.
    """

    factor: str
    title: str
    otherwise: Decision
    package: Package | None


@dataclass(frozen=True, slots=True)
class ExtraMoney:
    """The least extra money in one budget line with which the method would award the application.

    ``line`` is ``budget[<meeting>]`` or ``fund[<fund>]``; ``amount`` is ``None`` if no amount would
    do. If not ``exact``, at least this amount is needed.
    """

    line: str
    amount: int | None
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Tie:
    """A draw of the published lottery: ``position`` among ``of`` tied applications."""

    position: int
    of: int
    key: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one application fell as it did.

    ``margin`` is ``None`` for an ineligible application and where the allocation is not final.
    """

    application_id: str
    decision: Decision
    package: Package | None
    reason_code: str
    merit: int | None
    breakdown: tuple[MeritLine, ...]
    margin: Margin | None
    obstacles: tuple[Obstacle, ...]
    factors: tuple[FactorEffect, ...]
    extra: tuple[ExtraMoney, ...]
    tie: Tie | None


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one target of a factor was reached, with the factor and without it.

    ``counted`` are the awards of people whose group is known, ``inside`` those in the group, in the
    measure of the factor: awards, half-units, or minor units of money.
    """

    clause: str
    share: Fraction
    counted: int
    inside: int
    counted_without: int
    inside_without: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What one balance factor did to the round: its allocation against the one without the factor.

    ``awards`` is the allocation that the method selects when this factor alone has no weight.
    ``brought_in`` are awarded because of the factor, ``kept_out`` are not awarded because of it,
    ``repackaged`` are awarded either way with another package; all sorted. ``merit`` is that of the
    awards, ``coverage * merit`` in thousandths of a point, balance not counted; ``money`` what they
    cost.
    """

    factor: str
    title: str
    awards: tuple[Award, ...]
    brought_in: tuple[str, ...]
    kept_out: tuple[str, ...]
    repackaged: tuple[str, ...]
    merit: Fraction
    merit_without: Fraction
    money: int
    money_without: int
    reached: tuple[Reach, ...]


@dataclass(frozen=True, slots=True)
class Swap:
    """Two applications that could be exchanged at no loss, within all rules, all else as it is."""

    awarded: str
    declined: str
    package: Package


@dataclass(frozen=True, slots=True)
class Effects:
    """What can be said of a final allocation as a whole.

    ``left_out`` are the factors whose effect was not worked out, for the round is large or time was
    short. ``swaps`` are the first of ``swaps_count``, by the ids of the two.
    """

    factors: tuple[Effect, ...]
    left_out: tuple[str, ...]
    swaps: tuple[Swap, ...]
    swaps_count: int
