"""A pool of candidates and the rules become the programme: plain integers, named rows and columns.

Read it beside ``docs/method.md`` (the programme): each function below writes the rows of one rule.
A row's name is its clause, ``quota[KEN,sg13]``. Where a rule has a tighter equivalent with the same
integer solutions (a State's full award as a column of its own), that is what is written.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, lcm
from typing import Literal

from allocator.errors import AllocatorError, problem
from allocator.intake.groups import matches
from allocator.intake.values import fold
from allocator.model import Candidate, Fund, Meeting, Package, Pool, Round, Selector
from allocator.optimise.membership import Membership
from allocator.rules import BalanceFactor, Bound, Measure, PairScope, Rules, UnitLimit

MOST_FUND_SETS = 4096
"""More overlapping combinations of funds than this are refused rather than written out."""

FINEST_PROPORTION = 1000
"""Proportional targets with a larger denominator are taken down to the thousandth, so that the
shares of the values of one attribute never sum to more than 1."""


@dataclass(frozen=True, slots=True)
class Column:
    """One integer variable between 0 and ``upper``; ``objective`` is its gain per unit.

    A column without an ``application`` is an auxiliary one: its value follows from the awards.
    """

    name: str
    objective: int
    upper: int
    application: str = ""
    package: Package | None = None
    fund: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """``Σ coefficients·columns (<= or >=) bound``; ``columns`` are positions, ascending."""

    name: str
    columns: tuple[int, ...]
    coefficients: tuple[int, ...]
    sense: Literal["<=", ">="]
    bound: int


@dataclass(frozen=True, slots=True)
class Programme:
    """Maximise ``Σ objective·x`` over integers ``0 <= x <= upper`` within all rows.

    ``scale`` units of the objective are one thousandth of a merit point.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    scale: int


@dataclass(frozen=True, slots=True)
class Option:
    """One way to award one application: its column, package, cost and the funds that may pay."""

    position: int
    package: Package
    cost: int
    funds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A balance factor with its target share settled on this pool.

    Every shortfall is a whole multiple of ``step`` units (1/den of an award, half-unit or minor
    unit), so the programme counts it in steps: large coefficients mislead solvers.

    ``clause`` names it (``gender``, or ``regions:Africa`` for one value of an ``each`` factor).
    """

    clause: str
    factor: BalanceFactor
    group: Selector
    share: Fraction
    step: int = 1


@dataclass(slots=True)
class _Draft:
    """The programme in the making."""

    scale: int
    members: Membership
    columns: list[Column] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def column(self, column: Column) -> int:
        self.columns.append(column)
        return len(self.columns) - 1

    def row(
        self, name: str, terms: Iterable[tuple[int, int]], sense: Literal["<=", ">="], bound: int
    ) -> None:
        """Add a row; equal positions are summed, zeros left out, a common divisor divided out."""
        pairs = [term for term in terms if term[1]]
        positions = [position for position, _ in pairs]
        if sorted(set(positions)) != positions:
            sums: dict[int, int] = {}
            for position, coefficient in pairs:
                sums[position] = sums.get(position, 0) + coefficient
            pairs = sorted(term for term in sums.items() if term[1])
            positions = [position for position, _ in pairs]
        coefficients = [coefficient for _, coefficient in pairs]
        if not pairs and (bound >= 0 if sense == "<=" else bound <= 0):
            return
        divisor = gcd(*coefficients) or 1
        if divisor > 1:
            coefficients = [coefficient // divisor for coefficient in coefficients]
            bound = bound // divisor if sense == "<=" else -(-bound // divisor)
        self.rows.append(Row(name, tuple(positions), tuple(coefficients), sense, bound))


type Offered = list[tuple[Candidate, list[Option]]]


def build(pool: Pool, round_: Round, rules: Rules) -> Programme:
    """Write the programme of a round (design, section 4).

    Parameters
    ----------
    pool : Pool
        The eligible candidates, with merit in thousandths of a point and costs in minor units.
    round_ : Round
        Meetings with budgets, funds with amounts and restrictions.
    rules : Rules
        The policy on the decision date.

    Returns
    -------
    Programme
        Award columns by application id and package, auxiliary columns after them.

    Raises
    ------
    AllocatorError
        ``optimise-too-many-funds`` if the funds overlap in too many ways.
    """
    members = Membership(pool)
    targets = settle_targets(pool, rules, members)
    draft = _Draft(_scale(rules, targets), members)
    offered = _award_columns(draft, pool, round_, rules)
    meetings = {meeting.id: meeting for meeting in round_.meetings}
    _state_rows(draft, offered, meetings, rules)
    _person_rows(draft, offered, rules)
    _budget_rows(draft, offered, round_)
    _fund_rows(draft, offered, round_, rules)
    for bound in (*rules.floors, *rules.caps):
        _bound_row(draft, offered, bound)
    for target in targets:
        _balance_row(draft, offered, target, rules)
    return Programme(tuple(draft.columns), tuple(draft.rows), draft.scale)


def settle_targets(
    pool: Pool, rules: Rules, members: Membership | None = None
) -> tuple[Target, ...]:
    """Return every balance factor that bears on the round, with its share as a fraction.

    ``each`` factors become one per value that occurs among the candidates. A proportional share is
    the group's part of the candidates for whom ``known_by`` is known.
    """
    members = members or Membership(pool)
    targets: list[Target] = []
    for factor in rules.balance:
        if factor.weight <= 0:
            continue
        if not factor.each:
            groups = [(factor.id, factor.group)]
        else:
            values = {v for vs in members.values(factor.each) for v in vs}
            groups = [
                (f"{factor.id}:{value}", Selector(((factor.each, (value,)),)))
                for value in sorted(values)
            ]
        for clause, group in groups:
            share = factor.target
            if share is None:
                share = _proportion(pool, members, group, factor.known_by or factor.each)
            if share > 0:
                step = _step(pool, factor.measure)
                targets.append(Target(clause, factor, group, share, step))
    return tuple(targets)


def measured(measure: Measure, package: Package, cost: int) -> int:
    """Return what one award counts: 1, its half-units, or its cost in minor units."""
    match measure:
        case Measure.AWARDS:
            return 1
        case Measure.HALF_UNITS:
            return 2 if package is Package.FULL else 1
        case Measure.MONEY:
            return cost


def payable_from(candidate: Candidate, package: Package, funds: Sequence[Fund]) -> tuple[str, ...]:
    """Return the ids of the funds that may pay this package for this candidate."""
    return tuple(
        fund.id
        for fund in funds
        if not fund.only.conditions or matches(fund.only, candidate.attributes, package)
    )


def fund_sets(eligible: Iterable[tuple[str, ...]]) -> tuple[frozenset[str], ...]:
    """Return every union of the given sets of funds (Hall's condition needs no others).

    A union of two sets that share no fund with each other says nothing new and is left out.

    Raises
    ------
    AllocatorError
        ``optimise-too-many-funds`` above ``MOST_FUND_SETS`` unions.
    """
    base = sorted({frozenset(each) for each in eligible if each}, key=sorted)
    unions: set[frozenset[str]] = set()
    for one in base:
        unions |= {one} | {one | other for other in unions if one & other}
        if len(unions) > MOST_FUND_SETS:
            raise AllocatorError(problem("optimise-too-many-funds", sets=MOST_FUND_SETS))
    while True:
        grown = {a | b for a in unions for b in base if a & b} - unions
        if not grown:
            return tuple(sorted(unions, key=lambda each: (len(each), sorted(each))))
        unions |= grown
        if len(unions) > MOST_FUND_SETS:
            raise AllocatorError(problem("optimise-too-many-funds", sets=MOST_FUND_SETS))


def _proportion(pool: Pool, members: Membership, group: Selector, known_by: str) -> Fraction:
    known = [bool(values) for values in members.values(known_by)]
    if not any(known):
        return Fraction(0)
    in_group = members.inside(group)
    inside = sum(1 for one, there in zip(known, in_group, strict=True) if one and there)
    share = Fraction(inside, sum(known))
    if share.denominator > FINEST_PROPORTION:
        return Fraction(FINEST_PROPORTION * inside // sum(known), FINEST_PROPORTION)
    return share


def _step(pool: Pool, measure: Measure) -> int:
    """Return the common divisor of all that awards can count, times 1/den."""
    if measure is not Measure.MONEY:
        return 1
    return gcd(*(cost.amount for c in pool.candidates for cost in c.costs)) or 1


def _short_weight(target: Target) -> Fraction:
    """Return the cost of one unit of the shortfall column, in thousandths of a point.

    The column counts steps of 1/den of an award, of a half-unit or of a minor unit; the policy's
    weight is per award, per full award (two half-units) or per ``money_unit``.
    """
    match target.factor.measure:
        case Measure.AWARDS:
            per = 1
        case Measure.HALF_UNITS:
            per = 2
        case Measure.MONEY:
            per = target.factor.money_unit
    return Fraction(target.factor.weight * target.step, target.share.denominator * per)


def _scale(rules: Rules, targets: Sequence[Target]) -> int:
    """Return the least scale that makes every objective coefficient whole."""
    coverages = (rules.coverage_full, rules.coverage_ticket, rules.coverage_dsa)
    return lcm(
        *(coverage.denominator for coverage in coverages),
        *(_short_weight(target).denominator for target in targets),
    )


def _award_columns(draft: _Draft, pool: Pool, round_: Round, rules: Rules) -> Offered:
    """Write one column per application and package it accepts (and fund, if one must pay alone)."""
    offered: Offered = []
    payers = [(fund.id, draft.members.by_package(fund.only)) for fund in round_.funds]
    worth = {p: rules.coverage(p) * draft.scale for p in Package}
    for number, candidate in enumerate(pool.candidates):
        application = candidate.application.application_id
        options: list[Option] = []
        for cost in candidate.costs:
            gain = int(worth[cost.package] * candidate.merit)
            funds = tuple(f for f, whom in payers if whom[cost.package][number])
            split = [(f,) for f in funds] if funds and not rules.share_between_funds else [funds]
            for paying in split:
                alone = paying[0] if paying and not rules.share_between_funds else ""
                name = f"{cost.package}[{application}{',' if alone else ''}{alone}]"
                column = Column(name, gain, 1, application, cost.package, alone)
                position = draft.column(column)
                options.append(Option(position, cost.package, cost.amount, paying))
        offered.append((candidate, options))
    return offered


def _positions(options: Iterable[Option], *packages: Package) -> list[int]:
    return [o.position for o in options if not packages or o.package in packages]


def _is_full_or_two(limit: UnitLimit | None) -> bool:
    """Tell whether a limit reads "one full or two partial" (R1, R5), which has tighter rows."""
    return limit is not None and (limit.full, limit.ticket, limit.dsa, limit.at_most) == (
        2,
        1,
        1,
        2,
    )


def _state_rows(
    draft: _Draft, offered: Offered, meetings: dict[str, Meeting], rules: Rules
) -> None:
    """Write, per Member State and meeting: one package each, the quota (R1), the pair rule (R4)."""
    groups: dict[tuple[str, str], Offered] = defaultdict(list)
    for candidate, options in offered:
        key = (candidate.application.administration, candidate.application.meeting)
        groups[key].append((candidate, options))
    for (administration, meeting), members in groups.items():
        label = f"{administration},{meeting}"
        every = [option for _, options in members for option in options]
        paired = pair_rule_applies(meetings[meeting], rules)
        dsas = _positions(every, Package.DSA)
        partials = _positions(every, Package.TICKET, Package.DSA)
        fulls = _positions(every, Package.FULL)
        if _is_full_or_two(rules.quota) and len(members) > 1 and fulls and partials:
            state_full = draft.column(Column(f"state_full[{label}]", 0, 1))
            terms = [(p, 1) for p in fulls]
            draft.row(f"state_full[{label}]", [*terms, (state_full, -1)], "<=", 0)
            terms = [(p, 1) for p in partials]
            draft.row(f"quota[{label}]", [*terms, (state_full, 2)], "<=", 2)
            _one_each(draft, members, state_full)
            if paired and len(dsas) > 1:
                terms = [(p, 1) for p in dsas]
                draft.row(f"ticket_in_pair[{label}]", [*terms, (state_full, 1)], "<=", 1)
            continue
        _one_each(draft, members, None)
        if rules.quota is not None:
            _unit_row(draft, f"quota[{label}]", every, rules.quota, rules.quota.at_most)
        if paired and len(dsas) > 1:
            draft.row(f"ticket_in_pair[{label}]", [(p, 1) for p in dsas], "<=", 1)


def pair_rule_applies(meeting: Meeting, rules: Rules) -> bool:
    """Tell whether "at least one of two partials is the ticket" (R4) holds for this meeting."""
    match rules.ticket_in_pair:
        case PairScope.ALL:
            return True
        case PairScope.GENEVA:
            return fold(meeting.city) in ("geneva", "geneve", "genf", "ginebra")
        case PairScope.NONE:
            return False


def _one_each(draft: _Draft, members: Offered, full_elsewhere: int | None) -> None:
    """Write "one package per application", counting the State's full award against partials."""
    for candidate, options in members:
        name = f"one[{candidate.application.application_id}]"
        if full_elsewhere is None:
            terms = [(p, 1) for p in _positions(options)]
        else:
            terms = [(p, 1) for p in _positions(options, Package.TICKET, Package.DSA)]
            terms.append((full_elsewhere, 1))
        if len(terms) > 1:
            draft.row(name, terms, "<=", 1)


def _unit_row(
    draft: _Draft, name: str, options: Iterable[Option], limit: UnitLimit, left: int
) -> None:
    terms = [(o.position, limit.units(o.package)) for o in options]
    if sum(units for _, units in terms) > left:
        draft.row(name, terms, "<=", max(left, 0))


def _person_rows(draft: _Draft, offered: Offered, rules: Rules) -> None:
    """Write, per person: one award per meeting, and the limit of the financial year (R5)."""
    persons: dict[str, Offered] = defaultdict(list)
    for candidate, options in offered:
        persons[candidate.application.person_id].append((candidate, options))
    for person, members in persons.items():
        by_meeting: dict[str, list[Option]] = defaultdict(list)
        for candidate, options in members:
            by_meeting[candidate.application.meeting].extend(options)
        if len(members) > len(by_meeting):
            for meeting, options in by_meeting.items():
                terms = [(o.position, 1) for o in options]
                draft.row(f"person_meeting[{person},{meeting}]", terms, "<=", 1)
        if rules.person_year is not None:
            _person_year_rows(draft, person, members, rules.person_year)


def _person_year_rows(draft: _Draft, person: str, members: Offered, limit: UnitLimit) -> None:
    every = [option for _, options in members for option in options]
    left = limit.at_most - members[0][0].used_half_units
    fulls = _positions(every, Package.FULL)
    partials = _positions(every, Package.TICKET, Package.DSA)
    if _is_full_or_two(limit) and left == 2 and len(members) > 1 and fulls and partials:
        person_full = draft.column(Column(f"person_full[{person}]", 0, 1))
        terms = [(p, 1) for p in fulls]
        draft.row(f"person_full[{person}]", [*terms, (person_full, -1)], "<=", 0)
        terms = [(p, 1) for p in partials]
        draft.row(f"person_year[{person}]", [*terms, (person_full, 2)], "<=", 2)
        for candidate, options in members:
            own = [(p, 1) for p in _positions(options, Package.TICKET, Package.DSA)]
            name = f"person_one[{candidate.application.application_id}]"
            if own:
                draft.row(name, [*own, (person_full, 1)], "<=", 1)
    else:
        _unit_row(draft, f"person_year[{person}]", every, limit, left)


def _budget_rows(draft: _Draft, offered: Offered, round_: Round) -> None:
    """Write each meeting's own budget, in minor units."""
    spending: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for candidate, options in offered:
        spending[candidate.application.meeting].extend((o.position, o.cost) for o in options)
    for meeting in round_.meetings:
        if meeting.budget is not None:
            draft.row(f"budget[{meeting.id}]", spending[meeting.id], "<=", meeting.budget)


def _fund_rows(draft: _Draft, offered: Offered, round_: Round, rules: Rules) -> None:
    """Write the funds: what only a set of funds may pay fits in their money (Hall's condition).

    With sharing between funds the rows over all unions of fund sets are exactly the condition for
    the money to suffice; without it every column names its fund and each fund has one row.
    """
    if not round_.funds:
        return
    money = {fund.id: fund.amount for fund in round_.funds}
    every = [option for _, options in offered for option in options]
    orphans = [(o.position, 1) for o in every if not o.funds]
    draft.row("fund[none]", orphans, "<=", 0)
    if not rules.share_between_funds:
        for fund in round_.funds:
            terms = [(o.position, o.cost) for o in every if o.funds == (fund.id,)]
            draft.row(f"fund[{fund.id}]", terms, "<=", fund.amount)
        return
    by_funds: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
    for option in every:
        by_funds[option.funds].append((option.position, option.cost))
    for union in fund_sets(by_funds):
        terms = [
            term
            for funds, costs in by_funds.items()
            if funds and union.issuperset(funds)
            for term in costs
        ]
        name = "+".join(fund.id for fund in round_.funds if fund.id in union)
        draft.row(f"fund[{name}]", terms, "<=", sum(money[each] for each in union))


def inside_of(selector: Selector, candidate: Candidate, package: Package) -> bool:
    """Tell whether an award to this candidate is in the group; not known counts as outside."""
    return not selector.conditions or bool(matches(selector, candidate.attributes, package))


def _bound_row(draft: _Draft, offered: Offered, bound: Bound) -> None:
    """Write a floor or a cap; a share is exact: ``Σ (den·[in group] - num)·measure·x``."""
    limit = bound.at_least if bound.at_least is not None else bound.at_most or Fraction(0)
    whole, group = draft.members.by_package(bound.of), draft.members.by_package(bound.group)
    terms: list[tuple[int, int]] = []
    for number, (_, options) in enumerate(offered):
        for option in options:
            if not whole[option.package][number]:
                continue
            inside = group[option.package][number]
            count = measured(bound.measure, option.package, option.cost)
            factor = limit.denominator * inside - limit.numerator if bound.share else int(inside)
            terms.append((option.position, factor * count))
    target = Fraction(0) if bound.share else limit
    if bound.at_least is not None:
        least = -(-target.numerator // target.denominator)
        draft.row(f"floor[{bound.id}]", terms, ">=", least)
    else:
        draft.row(f"cap[{bound.id}]", terms, "<=", target.numerator // target.denominator)


def _balance_row(draft: _Draft, offered: Offered, target: Target, rules: Rules) -> None:
    """Write one balance factor: ``short + Σ (den·[in group] - num)·measure·x >= 0``."""
    numerator, denominator = target.share.numerator, target.share.denominator
    known_by = target.factor.known_by or target.factor.each
    terms: list[tuple[int, int]] = []
    most: dict[tuple[str, str], list[int]] = defaultdict(list)
    measure, step = target.factor.measure, target.step
    factors = (-numerator, denominator - numerator)
    known, group = draft.members.values(known_by), draft.members.inside(target.group)
    for (candidate, options), values, inside in zip(offered, known, group, strict=True):
        if not values:
            continue
        factor = factors[inside]
        counts = [measured(measure, o.package, o.cost) // step for o in options]
        terms.extend((o.position, factor * n) for o, n in zip(options, counts, strict=True))
        if factor < 0:
            key = (candidate.application.administration, candidate.application.meeting)
            most[key].append(-factor * max(counts))
    upper = sum(sum(sorted(each)[-_most_awards(rules) :]) for each in most.values())
    gain = -int(_short_weight(target) * draft.scale)
    short = draft.column(Column(f"short[{target.clause}]", gain, upper))
    draft.row(f"balance[{target.clause}]", [*terms, (short, 1)], ">=", 0)


def _most_awards(rules: Rules) -> int:
    """Return how many awards one Member State can hold at one meeting, 0 standing for no limit."""
    if rules.quota is None:
        return 0
    least = min(rules.quota.full, rules.quota.ticket, rules.quota.dsa)
    return rules.quota.at_most // least if least > 0 else 0
