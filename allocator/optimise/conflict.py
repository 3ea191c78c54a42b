"""When no allocation keeps every clause: the smallest set that conflicts, and what would help.

A clause is what a person can change: a floor, a cap, a meeting's budget, a fund, the quota, the
pair rule, the person-year limit. Dropping a clause means deciding the same round without it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations

from allocator.errors import AllocatorError, Exit, Problem, problem
from allocator.intake.overrides import override_of
from allocator.model import Candidate, Pool, Round
from allocator.optimise.engine import Outcome, maximise, relax
from allocator.optimise.matrix import Matrix, of_programme, with_objective
from allocator.optimise.programme import Column, Programme, build, inside_of, measured
from allocator.optimise.reduce import impossible
from allocator.optimise.watch import Watch
from allocator.rules import Bound, Measure, PairScope, Rules
from allocator.texts import say

MOST_SUBSETS = 400
"""Smaller conflicts than the one found first are looked for among at most this many sets."""

PLENTY = 10**15
"""More money, in minor units, than any round can spend."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The smallest change to one clause that makes the round possible, all others kept.

    ``text`` says it in words; ``suffices`` is false if no change to this clause alone helps.
    """

    clause: str
    text: str
    suffices: bool


class ConflictError(AllocatorError):
    """No allocation keeps every clause.

    Parameters
    ----------
    conflict : tuple of str
        A smallest set of clauses that cannot hold together.
    relaxations : tuple of Relaxation
        For each of them, the smallest change that would do.
    problems : sequence of Problem
        The same in words.
    """

    def __init__(
        self,
        conflict: tuple[str, ...],
        relaxations: tuple[Relaxation, ...],
        problems: Sequence[Problem],
    ):
        self.conflict = conflict
        self.relaxations = relaxations
        super().__init__(problems, Exit.REFUSED)


def infeasible(pool: Pool, round_: Round, rules: Rules, watch: Watch) -> ConflictError:
    """Return the error that names the conflict and the way out."""
    watch.stage = "conflict"
    conflict = smallest_conflict(pool, round_, rules, watch)
    relaxations = tuple(_relaxation(each, pool, round_, rules, watch) for each in conflict)
    problems = [
        problem(
            "optimise-infeasible",
            clauses=", ".join(_titled(each, round_, rules) for each in conflict),
            count=len(conflict),
        ),
        *(
            problem(
                "optimise-relaxation",
                clause=_titled(each.clause, round_, rules),
                relaxation=each.text,
            )
            for each in relaxations
        ),
    ]
    return ConflictError(conflict, relaxations, problems)


def clauses(round_: Round, rules: Rules) -> tuple[str, ...]:
    """Return the names of all clauses that could stand in a conflict."""
    return (
        *(f"floor[{each.id}]" for each in rules.floors),
        *(f"cap[{each.id}]" for each in rules.caps),
        *(f"budget[{each.id}]" for each in round_.meetings if each.budget is not None),
        *(f"fund[{each.id}]" for each in round_.funds),
        *(("quota",) if rules.quota else ()),
        *(("ticket_in_pair",) if rules.ticket_in_pair is not PairScope.NONE else ()),
        *(("person_year",) if rules.person_year else ()),
    )


def _titled(clause: str, round_: Round, rules: Rules) -> str:
    """Return a clause with the title that its floor, cap, meeting or fund was given."""
    titles = {
        **{f"floor[{each.id}]": each.title for each in rules.floors},
        **{f"cap[{each.id}]": each.title for each in rules.caps},
        **{f"budget[{each.id}]": each.title for each in round_.meetings},
        **{f"fund[{each.id}]": each.title for each in round_.funds},
    }
    title = titles.get(clause, "")
    if title and override_of(clause) is not None:
        return say("conflict.the-override", title=title)
    known = title and f"[{title}]" not in clause
    return f"“{title}” ({clause})" if known else clause


def without(dropped: Iterable[str], round_: Round, rules: Rules) -> tuple[Round, Rules]:
    """Return the round and rules with some clauses dropped."""
    names = frozenset(dropped)
    return (
        replace(
            round_,
            meetings=tuple(
                replace(m, budget=None) if f"budget[{m.id}]" in names else m
                for m in round_.meetings
            ),
            funds=tuple(
                replace(f, amount=PLENTY) if f"fund[{f.id}]" in names else f for f in round_.funds
            ),
        ),
        replace(
            rules,
            floors=tuple(b for b in rules.floors if f"floor[{b.id}]" not in names),
            caps=tuple(b for b in rules.caps if f"cap[{b.id}]" not in names),
            quota=None if "quota" in names else rules.quota,
            ticket_in_pair=PairScope.NONE if "ticket_in_pair" in names else rules.ticket_in_pair,
            person_year=None if "person_year" in names else rules.person_year,
        ),
    )


def smallest_conflict(pool: Pool, round_: Round, rules: Rules, watch: Watch) -> tuple[str, ...]:
    """Return a smallest set of clauses that no allocation keeps together.

    Deletion finds a set none of whose members can be spared; then every smaller set is tried,
    smallest first, as far as ``MOST_SUBSETS`` goes.
    """
    every = clauses(round_, rules)
    floors = [each for each in every if each.startswith("floor[")]

    def possible(kept: Iterable[str]) -> bool:
        kept = frozenset(kept)
        return _possible(pool, *without((c for c in every if c not in kept), round_, rules), watch)

    needed = list(every)
    for clause in reversed(every):
        rest = [each for each in needed if each != clause]
        if not possible(rest):
            needed = rest
    tried = 0
    for size in range(1, len(needed)):
        for subset in combinations(every, size):
            if not any(each in subset for each in floors):
                continue  # without a floor nobody need be awarded, and that is always possible
            tried += 1
            if tried > MOST_SUBSETS:
                return tuple(needed)
            if not possible(subset):
                return subset
    return tuple(needed)


def _matrix(pool: Pool, round_: Round, rules: Rules) -> tuple[Programme, Matrix]:
    programme = build(pool, round_, rules)
    return programme, of_programme(programme, impossible(programme))


def _possible(pool: Pool, round_: Round, rules: Rules, watch: Watch) -> bool:
    _, matrix = _matrix(pool, round_, replace(rules, balance=()))
    empty = with_objective(matrix, [0] * matrix.size)
    if any(not line.columns and line.bound < 0 for line in empty.lines):
        return False
    if not relax(empty, watch).feasible:
        return False
    return maximise(empty, watch).outcome is not Outcome.INFEASIBLE


def _relaxation(clause: str, pool: Pool, round_: Round, rules: Rules, watch: Watch) -> Relaxation:
    """Return the smallest change to one clause that makes the round possible."""
    free = without([clause], round_, rules)
    if not _possible(pool, *free, watch):
        return Relaxation(clause, say("conflict.not-alone"), False)
    if override_of(clause) is not None:
        return Relaxation(clause, say("conflict.override"), True)
    kind, _, name = clause.rstrip("]").partition("[")
    if kind in ("budget", "fund"):
        text = _more_money(kind, name, pool, round_, rules, watch)
    elif kind in ("quota", "person_year"):
        text = _higher_limit(kind, pool, round_, rules, watch)
    elif kind in ("floor", "cap"):
        bound = next(b for b in (*rules.floors, *rules.caps) if b.id == name)
        if bound.share:
            share = _best_share(bound, pool, *free, watch)
            text = say(f"conflict.{kind}-share", share=share, limit=_limit(bound))
        else:
            text = _other_number(bound, pool, round_, rules, watch)
    else:
        text = say("conflict.switch-off")
    return Relaxation(clause, text, True)


def _least(low: int, high: int, works: Callable[[int], bool]) -> int:
    """Return the least number above ``low`` and up to ``high`` that works; ``high`` does."""
    while high - low > 1:
        middle = (low + high) // 2
        if works(middle):
            high = middle
        else:
            low = middle
    return high


def _more_money(kind: str, name: str, pool: Pool, round_: Round, rules: Rules, watch: Watch) -> str:
    def given(amount: int) -> Round:
        if kind == "fund":
            funds = (replace(f, amount=amount) if f.id == name else f for f in round_.funds)
            return replace(round_, funds=tuple(funds))
        meetings = (replace(m, budget=amount) if m.id == name else m for m in round_.meetings)
        return replace(round_, meetings=tuple(meetings))

    now = (
        next(f.amount for f in round_.funds if f.id == name)
        if kind == "fund"
        else next(m.budget or 0 for m in round_.meetings if m.id == name)
    )
    all_costs = sum(max((c.amount for c in each.costs), default=0) for each in pool.candidates)
    needed = _least(
        now, max(all_costs, now + 1), lambda amount: _possible(pool, given(amount), rules, watch)
    )
    return say(
        "conflict.more-money",
        extra=_money(needed - now),
        currency=round_.currency,
    )


def _money(amount: int) -> str:
    return f"{amount // 100:,}.{amount % 100:02d}".replace(",", " ")


def _higher_limit(kind: str, pool: Pool, round_: Round, rules: Rules, watch: Watch) -> str:
    limit = rules.quota if kind == "quota" else rules.person_year
    if limit is None:
        return say("conflict.switch-off")
    units = max(limit.full, limit.ticket, limit.dsa, 1)

    def works(at_most: int) -> bool:
        raised = replace(limit, at_most=at_most)
        changed = (
            replace(rules, quota=raised) if kind == "quota" else replace(rules, person_year=raised)
        )
        return _possible(pool, round_, changed, watch)

    enough = limit.at_most + units * len(pool.candidates) + 2
    return say("conflict.limit", now=limit.at_most, needed=_least(limit.at_most, enough, works))


def _limit(bound: Bound) -> Fraction:
    return bound.at_least if bound.at_least is not None else bound.at_most or Fraction(0)


def _other_number(bound: Bound, pool: Pool, round_: Round, rules: Rules, watch: Watch) -> str:
    """Return the nearest number at which a floor or cap counted in numbers can hold."""
    is_floor = bound.at_least is not None
    now = _limit(bound)
    whole = -(-now.numerator // now.denominator) if is_floor else now.numerator // now.denominator

    def works(step: int) -> bool:
        value = Fraction(whole - step if is_floor else whole + step)
        moved = replace(bound, at_least=value) if is_floor else replace(bound, at_most=value)
        changed = replace(
            rules,
            floors=tuple(moved if b.id == bound.id else b for b in rules.floors),
            caps=tuple(moved if b.id == bound.id else b for b in rules.caps),
        )
        return _possible(pool, round_, changed, watch)

    most = sum(
        max((measured(bound.measure, c.package, c.amount) for c in each.costs), default=0)
        for each in pool.candidates
    )
    step = _least(0, max(whole if is_floor else most - whole, 1), works)
    reached = whole - step if is_floor else whole + step
    shown = f"{round_.currency} {_money(reached)}" if bound.measure is Measure.MONEY else reached
    return say(f"conflict.{'floor' if is_floor else 'cap'}-number", number=shown)


def _best_share(bound: Bound, pool: Pool, round_: Round, rules: Rules, watch: Watch) -> Fraction:
    """Return the share nearest to the bound that the other clauses allow (Dinkelbach, 1967).

    Every allocation counts something in ``of`` here: with nothing counted the bound would hold.
    """
    programme, matrix = _matrix(pool, round_, replace(rules, balance=()))
    candidates = {c.application.application_id: c for c in pool.candidates}
    counted = [
        _counts(bound, candidates, programme.columns[position]) for position in matrix.origin
    ]
    sign = 1 if bound.at_least is not None else -1
    share: Fraction | None = None
    while True:
        now = share if share is not None else Fraction(1 if sign < 0 else 0)
        objective = [
            sign * (now.denominator * inside - now.numerator * whole) for inside, whole in counted
        ]
        found = maximise(with_objective(matrix, objective), watch)
        if found.values is None:
            return now
        inside, whole = (
            sum(pair[part] * x for pair, x in zip(counted, found.values, strict=True))
            for part in (0, 1)
        )
        if not whole or Fraction(inside, whole) == share:
            return now
        share = Fraction(inside, whole)


def _counts(bound: Bound, candidates: Mapping[str, Candidate], column: Column) -> tuple[int, int]:
    """Return what one award column counts in the bound's group and in its whole."""
    if column.package is None:
        return 0, 0
    candidate = candidates[column.application]
    cost = next(c.amount for c in candidate.costs if c.package is column.package)
    count = measured(bound.measure, column.package, cost)
    whole = inside_of(bound.of, candidate, column.package)
    inside = whole and inside_of(bound.group, candidate, column.package)
    return inside * count, whole * count
