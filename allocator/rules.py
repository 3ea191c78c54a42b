"""A policy settled on one date: plain frozen values, no YAML, no dates left to choose.

``policy.settle`` turns a policy file into this; eligibility, merit, the programme, the explanations
and the verifier read nothing else of a policy.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from allocator.model import Package, Selector


class Measure(StrEnum):
    """What a floor, a cap or a balance factor counts."""

    AWARDS = "awards"
    HALF_UNITS = "half_units"
    MONEY = "money"


class PairScope(StrEnum):
    """Where the ticket-in-pair rule (R4) applies; ``geneva`` goes by the meeting's city."""

    ALL = "all"
    GENEVA = "geneva"
    NONE = "none"


class Unknown(StrEnum):
    """What an eligibility rule makes of a fact that is not known."""

    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"


@dataclass(frozen=True, slots=True)
class Reference:
    """A source a value rests on; ``kind`` is ``source`` or ``choice``."""

    id: str
    title: str
    kind: str = "source"
    url: str = ""
    period: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class EligibilityRule:
    """One gate. ``kind`` says which of the other fields matter.

    ``country_group``: the administration must be in one of ``groups``. ``flag``: the yes/no
    ``column`` must equal ``must_be``. ``deadline``: received on or before the meeting's deadline,
    or ``days_before`` its first day where the meeting names none. ``region_scope``: the meeting's
    own region limit. ``number``: ``column`` between ``at_least`` and ``at_most``. ``category``:
    ``column`` is one of ``one_of``. ``any_of``: at least one of ``rules`` holds. ``listed``: the
    administration is on the round's list of eligible Member States (where it names one; else it
    falls back on ``groups``).
    """

    id: str
    kind: str
    title: str
    reference: str | None
    not_known: Unknown = Unknown.INELIGIBLE
    groups: tuple[str, ...] = ()
    column: str = ""
    must_be: bool = True
    days_before: int = 42
    at_least: Fraction | None = None
    at_most: Fraction | None = None
    one_of: tuple[str, ...] = ()
    rules: "tuple[EligibilityRule, ...]" = ()


@dataclass(frozen=True, slots=True)
class UnitLimit:
    """``Σ units[package] ≤ at_most``; units by package in the order of ``Package``.

    Used per Member State and meeting (quota, R1), and per person and financial year (R5).
    """

    full: int
    ticket: int
    dsa: int
    at_most: int
    reference: str | None

    def units(self, package: Package) -> int:
        """Return the units one award of this package takes."""
        match package:
            case Package.FULL:
                return self.full
            case Package.TICKET:
                return self.ticket
            case Package.DSA:
                return self.dsa


@dataclass(frozen=True, slots=True)
class Bound:
    """A floor (``at_least``) or cap (``at_most``) on a group; exactly one of them is set.

    A bound with ``share=True`` is a fraction of everything counted in ``of`` and is exact:
    ``Σ (den·[in group] - num)·measure·x ≥ 0`` (for a cap ``≤ 0``). Otherwise it is a number of
    awards or half-units, or money in minor units, as an integral fraction.
    """

    id: str
    group: Selector
    of: Selector
    measure: Measure
    share: bool
    at_least: Fraction | None
    at_most: Fraction | None
    reference: str | None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One source of merit points; every points value is in thousandths.

    ``kind``: ``number`` (``points_each`` times the number in ``column``, at most ``at_most``),
    ``flag`` (``points_if`` when ``column`` is yes), ``category`` (``points`` by value of
    ``column``, ``otherwise`` for any other), ``country_group`` (``points`` by group; ``combine``
    is ``sum`` or ``highest``), ``days`` (whole days from date column ``column`` to date column
    ``until``, the round's ``decision_date`` or the meeting's ``deadline``/``starts``;
    ``points_each`` per day), ``prior_awards`` (``points_if`` when ``whose`` — administration or
    person — has had no award in the ``within_days`` before the decision date; minus
    ``points_each`` per award, not below 0, otherwise). ``not_known`` is what an unknown value is
    worth.
    """

    id: str
    kind: str
    title: str
    reference: str | None
    column: str = ""
    until: str = ""
    points_each: int = 0
    points_if: int = 0
    at_most: int = 0
    points: tuple[tuple[str, int], ...] = ()
    otherwise: int = 0
    combine: str = "sum"
    whose: str = "administration"
    within_days: int = 0
    not_known: int = 0

    @property
    def most(self) -> int:
        """Return the most points the criterion can give, in thousandths."""
        match self.kind:
            case "number" | "days":
                best = self.at_most
            case "flag" | "prior_awards":
                best = self.points_if
            case "country_group" if self.combine == "sum":
                best = sum(points for _, points in self.points if points > 0)
            case _:
                best = max([self.otherwise, *(points for _, points in self.points)])
        return max(best, self.not_known, 0)


@dataclass(frozen=True, slots=True)
class BalanceFactor:
    """A target share and what one more award towards it is worth.

    ``target`` is the fraction in force on the decision date, or ``None`` for "in proportion to the
    eligible pool" (the group's part of the eligible applications for which ``known_by`` is known).
    ``weight`` is in thousandths of a merit point per unit: an award, a full award (two half-units),
    or ``money_unit`` minor units. ``each`` names an attribute: the factor stands for one factor
    per value of it that occurs in the pool, each with a proportional target.
    ``known_by`` is the attribute whose absence leaves a person out of the count.
    """

    id: str
    title: str
    group: Selector
    known_by: str
    target: Fraction | None
    measure: Measure
    weight: int
    reference: str | None
    each: str = ""
    money_unit: int = 100_000


@dataclass(frozen=True, slots=True)
class CountryGroup:
    """A group of Member States defined by a policy, out of the reference tables' groups.

    Built-in groups: ``ldc lldc sids low_income lower_middle_income upper_middle_income high_income
    member_state`` and the regions of the scheme in force, by name. ``title`` is what people call
    it, empty where the policy does not say.
    """

    id: str
    any_of: tuple[str, ...]
    but_not: tuple[str, ...]
    add: tuple[str, ...]
    remove: tuple[str, ...]
    reference: str | None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything a policy says on ``on``, the decision date."""

    policy_id: str
    title: str
    version: str
    on: date
    references: tuple[Reference, ...]
    region_scheme: str
    country_groups: tuple[CountryGroup, ...]
    eligibility: tuple[EligibilityRule, ...]
    quota: UnitLimit | None
    ticket_in_pair: PairScope
    ticket_in_pair_reference: str | None
    person_year: UnitLimit | None
    floors: tuple[Bound, ...]
    caps: tuple[Bound, ...]
    award_points: int
    award_reference: str | None
    criteria: tuple[Criterion, ...]
    coverage_full: Fraction
    coverage_ticket: Fraction
    coverage_dsa: Fraction
    coverage_reference: str | None
    balance: tuple[BalanceFactor, ...]
    share_between_funds: bool
    partial_if_not_known: bool
    lottery_seed: str

    def coverage(self, package: Package) -> Fraction:
        """Return the part of a full award's merit that this package carries."""
        match package:
            case Package.FULL:
                return self.coverage_full
            case Package.TICKET:
                return self.coverage_ticket
            case Package.DSA:
                return self.coverage_dsa
