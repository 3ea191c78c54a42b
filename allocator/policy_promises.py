"""What a policy promises by its numbers alone, computed exactly and said in words.

Never levels down: adding an affordable award must never lower the objective. One more award of
package *p* to an application of merit *m* gains ``coverage(p)·m``. For a balance factor *b* with
target share *t* and weight *w* it raises the shortfall ``max(0, t·n - n_b)`` by at most ``t·u``,
where *u* is what the award counts (1 for an award; 1 or 1/2 full award for half-units;
``cost / money_unit`` for money), and by nothing if the person is in the group. So no seat is ever
worth leaving empty if, for every package,

    Σ_b w_b · t_b · u_b(p)  ≤  coverage(p) · (least merit an application can have).

Where a target is in proportion to the pool, *t* is at most 1 and is taken as 1. A factor for
``each`` value of an attribute has one target per value. An application has exactly one gender,
region, meeting, study group, administration or value of a column, so the parts of the values sum
to at most 1 over the pool and the weight counts once. A Member State may be in several country
groups: there each group may have a target of up to 1, so the weight counts once per group.
"""

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from allocator.countries import GROUPS
from allocator.model import GENDER_COLUMNS, POINT, Package
from allocator.policy_terms import list_text, money_text, points_text
from allocator.rules import BalanceFactor, Bound, Criterion, EligibilityRule, Measure, Rules
from allocator.texts import say

MOST_MERIT = 100 * POINT
"""Most merit a full award can have, in thousandths of a point."""


@dataclass(frozen=True, slots=True)
class PolicyPromise:
    """A promise as it stands for a policy; ``remedy`` says what to change where it fails."""

    id: str
    title: str
    holds: bool
    text: str
    remedy: str = ""


def promises(rules: Rules, dearest: int | None = None) -> tuple[PolicyPromise, ...]:
    """Return the promises that follow from the policy alone.

    Parameters
    ----------
    rules : Rules
        The policy settled on a date.
    dearest : int, optional
        Cost of the round's dearest award in minor units; only factors that count money need it.
    """
    return never_levels_down(rules, dearest), gender_only_through_policy(rules)


# --- never levels down --------------------------------------------------------------------------


def never_levels_down(rules: Rules, dearest: int | None = None) -> PolicyPromise:
    """Compute whether a seat could ever be left empty for the sake of balance.

    Parameters
    ----------
    rules : Rules
        The policy settled on a date.
    dearest : int, optional
        Cost of the round's dearest award in minor units; without it a policy that counts money
        holds the promise up to a cost only, which is stated.
    """
    title = say("policy-promise.never-levels-down.title")
    cost, by_money = dearest or 0, money_pull(rules) > 0
    slack, worst = min(
        ((margin(rules, package, cost), package) for package in Package), key=lambda each: each[0]
    )
    text = say(
        f"policy-promise.never-levels-down.{'holds' if slack >= 0 else 'fails'}",
        package=say(f"policy-term.package.{worst.value}"),
        loss=points_text(pull(rules, worst, cost)),
        gain=points_text(least_award(rules, worst)),
        sum=_sum_text(rules, worst, cost),
    )
    if by_money and slack >= 0:
        text = say("policy-promise.never-levels-down.money", cost=money_text(safe_cost(rules)))
    if rules.floors or rules.caps:
        text += " " + say("policy-promise.never-levels-down.bounds")
    holds = slack >= 0 and (not by_money or dearest is not None)
    remedy = "" if holds else _remedy(rules, cost)
    return PolicyPromise("never-levels-down", title, holds, text, remedy)


def least_merit(rules: Rules) -> int:
    """Return the least merit an eligible application can have, in thousandths of a point."""
    return rules.award_points + sum(_least(each) for each in rules.criteria)


def _least(criterion: Criterion) -> int:
    """Return the least a criterion gives: 0, save for a category where every value has points."""
    if criterion.kind != "category":
        return 0
    listed = (points for _, points in criterion.points)
    return min(criterion.otherwise, criterion.not_known, *listed)


def least_award(rules: Rules, package: Package) -> Fraction:
    """Return the least that one award of a package adds, in thousandths of a point."""
    return rules.coverage(package) * least_merit(rules)


def factor_pull(rules: Rules, factor: BalanceFactor) -> Fraction:
    """Return the most that one award outside the group costs, per unit of the factor's measure.

    In thousandths of a point: per award, per full award, or per ``money_unit``.
    """
    if factor.each == "country_group":
        return Fraction(factor.weight * (len(GROUPS) + len(rules.country_groups)))
    target = Fraction(1) if factor.target is None else factor.target
    return factor.weight * target


def pull(rules: Rules, package: Package, cost: int) -> Fraction:
    """Return the most that one award of a package and a cost costs in balance, in thousandths."""
    pulls = (factor_pull(rules, each) * _units(each, package, cost) for each in rules.balance)
    return sum(pulls, Fraction(0))


def money_pull(rules: Rules) -> Fraction:
    """Return the most that factors counting money cost, in thousandths per minor unit."""
    counting = (each for each in rules.balance if each.measure is Measure.MONEY)
    return sum((factor_pull(rules, each) / each.money_unit for each in counting), Fraction(0))


def margin(rules: Rules, package: Package, cost: int) -> Fraction:
    """Return what one award of a package and cost adds at least, balance deducted."""
    return least_award(rules, package) - pull(rules, package, cost)


def safe_cost(rules: Rules) -> Fraction:
    """Return up to which cost, in minor units, an award of any package never loses by balance."""
    return min(margin(rules, package, 0) for package in Package) / money_pull(rules)


def largest_weight(rules: Rules, factor: BalanceFactor, cost: int = 0) -> int | None:
    """Return the largest weight of a factor that keeps the promise, the others as they are.

    In thousandths of a point, for awards up to ``cost`` minor units; ``None`` if no weight of this
    factor alone keeps it.
    """
    room: list[Fraction] = []
    for package in Package:
        own = factor_pull(rules, factor) * _units(factor, package, cost)
        rest = margin(rules, package, cost) + own
        if own:
            room.append(factor.weight * rest / own)
        elif rest < 0:
            return None
    least = min(room, default=Fraction(factor.weight))
    return int(least) if least >= 0 else None


def _units(factor: BalanceFactor, package: Package, cost: int) -> Fraction:
    """Return how many units of the factor's measure one award is."""
    match factor.measure:
        case Measure.AWARDS:
            return Fraction(1)
        case Measure.HALF_UNITS:
            return Fraction(1) if package is Package.FULL else Fraction(1, 2)
        case Measure.MONEY:
            return Fraction(cost, factor.money_unit)


def _sum_text(rules: Rules, package: Package, cost: int) -> str:
    """Return the sum as it is added up: ``12.5 (Women) + 5 (Regions)``."""
    parts = (
        (factor_pull(rules, each) * _units(each, package, cost), each.title)
        for each in rules.balance
    )
    return " + ".join(f"{points_text(part)} ({title})" for part, title in parts if part) or "0"


def _remedy(rules: Rules, cost: int) -> str:
    """Say which weight to lower to what, or how many points every award needs."""
    for factor in sorted(rules.balance, key=lambda each: -factor_pull(rules, each)):
        weight = largest_weight(rules, factor, cost)
        if weight is not None and weight < factor.weight:
            return say(
                "policy-promise.never-levels-down.lower",
                title=factor.title,
                weight=points_text(factor.weight),
                largest=points_text(weight),
            )
    short = {each: -margin(rules, each, cost) for each in Package if margin(rules, each, cost) < 0}
    if not short:
        return say("policy-promise.never-levels-down.count-awards")
    for package in short:
        if not rules.coverage(package):
            return say("policy-promise.never-levels-down.cover", package=package.value)
    part = min(least_award(rules, each) / pull(rules, each, cost) for each in short)
    missing = max(ceil(lack / rules.coverage(package)) for package, lack in short.items())
    most = rules.award_points + sum(each.most for each in rules.criteria)
    return say(
        f"policy-promise.never-levels-down.{'raise' if most + missing <= MOST_MERIT else 'scale'}",
        percent=int(part * 100),
        needed=points_text(rules.award_points + missing),
    )


# --- gender -------------------------------------------------------------------------------------


def gender_only_through_policy(rules: Rules) -> PolicyPromise:
    """List every part of the policy that looks at gender; nothing else of a run does."""
    found = gender_parameters(rules)
    key = "listed" if found else "none"
    text = say(f"policy-promise.gender-only.{key}", parts=list_text(found))
    return PolicyPromise("gender-only", say("policy-promise.gender-only.title"), True, text)


def gender_parameters(rules: Rules) -> tuple[str, ...]:
    """Return the paths of the parts that look at gender, in the order of the file."""
    gates = tuple(f"eligibility.{e.id}" for e in rules.eligibility if _gate_looks(e))
    floors = tuple(f"limits.floors.{e.id}" for e in rules.floors if _bound_looks(e))
    caps = tuple(f"limits.caps.{e.id}" for e in rules.caps if _bound_looks(e))
    merit = tuple(f"merit.criteria.{e.id}" for e in rules.criteria if _is_gender(e.column))
    balance = tuple(f"balance.{e.id}" for e in rules.balance if _factor_looks(e))
    return gates + floors + caps + merit + balance


_BRACKETS = re.compile(r"[(\[].*[)\]]")


def _is_gender(name: str) -> bool:
    """Tell whether a column is that of gender, in any spelling in which a file may have it."""
    decomposed = unicodedata.normalize("NFKD", _BRACKETS.sub("", name)).casefold()
    return "".join(filter(str.isalnum, decomposed)) in GENDER_COLUMNS


def _gate_looks(rule: EligibilityRule) -> bool:
    return _is_gender(rule.column) or any(_gate_looks(each) for each in rule.rules)


def _bound_looks(bound: Bound) -> bool:
    return any(_is_gender(name) for name, _ in (*bound.group.conditions, *bound.of.conditions))


def _factor_looks(factor: BalanceFactor) -> bool:
    named = (factor.each, factor.known_by, *(name for name, _ in factor.group.conditions))
    return any(_is_gender(each) for each in named)
