"""The least extra money in one budget line with which the method would award an application.

More money for a line may help rivals too, and what helps at one amount need not at a larger one, so
this is no binary search. With extra money d, let ``best(d)`` be what the best allocation is worth.
The application can be awarded at d only by an allocation that awards it, is worth at least
``best(d)``, and fits. Going up from 0: the next amount at which anything can change in its favour
is the least need, beyond the present amount, of an allocation that awards it and is worth at least
``best`` at the present amount: one integer programme. There the round is decided anew, lottery
included. Either the application is awarded, or the amount is left for the next one.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from allocator.errors import AllocatorError
from allocator.explain.explanation import ExtraMoney
from allocator.explain.sharing import at_hand, shared
from allocator.model import Candidate, Pool, Round
from allocator.optimise.allocation import Allocation, Status
from allocator.optimise.engine import Outcome, maximise
from allocator.optimise.layers import TooMany
from allocator.optimise.matrix import Line, Matrix, at_least, of_programme, with_lines
from allocator.optimise.needing import Wants, least_need, least_proven, wants_of
from allocator.optimise.programme import Programme, build, fund_sets, payable_from
from allocator.optimise.reduce import impossible
from allocator.optimise.solve import allocate
from allocator.optimise.watch import Stopped, Watch
from allocator.rules import Rules

MOST_STEPS = 40
"""Amounts tried for one application and line before the last is given as a bound: a count, so that
the same round has the same answer on every machine."""

MOST_LOOKS = 3
"""Times that there may be too much to look at in a round, before what prices prove is left to do: a
count, so that the same round has the same answer on every machine."""

SHARED_FROM = 100
"""Applications from which on more processes are worth their start."""

CHUNK = 8
"""Applications and lines looked up by a process at once."""

MOST_CANDIDATES = 1_500
"""Candidates above which nothing is said of applications that were not asked about."""

type Need = int | TooMany | None
"""The least need, ``None`` where no money would do, or that there is too much to look at."""


@dataclass(frozen=True, slots=True)
class _Raised:
    """A decided round in which one line may have more money.

    ``matrix`` is the programme with all the money the line could use, and one more column, the
    extra money in minor units; ``needs`` are the lines that say what awards need of it. ``wants``
    is the same without that column, to be looked at; ``None`` where it is too large for that.
    """

    pool: Pool
    round: Round
    rules: Rules
    line: str
    programme: Programme
    matrix: Matrix
    needs: tuple[Line, ...]
    wants: Wants | None


def extra_money(
    programme: Programme,
    pool: Pool,
    round_: Round,
    rules: Rules,
    allocation: Allocation,
    applications: Collection[str],
    watch: Watch,
    *,
    always: bool = False,
    processes: int = 1,
) -> dict[str, tuple[ExtraMoney, ...]]:
    """Return, per declined application, the least extra money in each line that could pay for it.

    The figure of a line is the least amount (minor units) such that the round, decided anew with
    that much more in that line and all else equal, lottery included, awards the application. It is
    worked out for those asked about. For the others it is a bound: the least amount with which an
    allocation that awards it is worth as much as the present one.

    Parameters
    ----------
    programme, pool, round_, rules, allocation
        The decided round.
    applications : collection of str
        Ids of the applications asked about.
    watch : Watch
        Where it ends the search, the amount is one that is needed at least.
    always : bool
        Work out that least amount in every round, however long it takes, and beyond it where an
        award would be as good already and the lottery was lost.
    processes : int
        How many share the work, as for ``margins``.

    Returns
    -------
    dict
        Per declined application the meeting's budget, if it has one, then the funds that may pay,
        in the round's order. Empty if the allocation is not final.
    """
    if allocation.status is not Status.OPTIMAL:
        return {}
    awarded = {award.application_id for award in allocation.awards}
    # Without a search nothing can be said of a lost lottery but that some money is needed.
    lost = set() if always else {each.application_id for each in allocation.draws} - awarded
    looks = MOST_LOOKS if len(round_.meetings) == 1 else 0
    patience = _Patience(len(pool.candidates) if always else looks, always)
    told = always or len(pool.candidates) <= MOST_CANDIDATES
    lines = {
        application: lines_of(candidate, round_)
        for candidate in pool.candidates
        if (application := candidate.application.application_id) not in awarded
        and (application in applications or (told and application not in lost))
    }
    every = dict.fromkeys(line for each in lines.values() for line in each)
    raised = {line: _raised(programme, pool, round_, rules, line) for line in every}
    if processes > 1 and looks and len(lines) >= SHARED_FROM:
        pairs = [(a, line) for a, each in lines.items() if a not in applications for line in each]
        patience.known = _needs_of(raised, pairs, allocation.objective, watch, processes)
    found: dict[str, tuple[ExtraMoney, ...]] = {}
    for application, each in lines.items():
        told_of = [
            _least(raised[line], application, allocation.objective, watch)
            if application in applications
            else _bound(raised[line], application, allocation.objective, watch, patience)
            for line in each
        ]
        if None not in told_of:
            found[application] = tuple(one for one in told_of if one)
    return found


def lines_of(candidate: Candidate, round_: Round) -> tuple[str, ...]:
    """Return the budget lines that could pay for an application: its meeting's, then funds."""
    meetings = (
        f"budget[{meeting.id}]"
        for meeting in round_.meetings
        if meeting.id == candidate.application.meeting and meeting.budget is not None
    )
    paying = {f for c in candidate.costs for f in payable_from(candidate, c.package, round_.funds)}
    return (*meetings, *(f"fund[{fund.id}]" for fund in round_.funds if fund.id in paying))


def with_more(round_: Round, line: str, amount: int) -> Round:
    """Return the round with so much more (minor units) in a line."""
    meetings = tuple(
        replace(m, budget=m.budget + amount)
        if m.budget is not None and line == f"budget[{m.id}]"
        else m
        for m in round_.meetings
    )
    funds = tuple(
        replace(f, amount=f.amount + amount) if line == f"fund[{f.id}]" else f for f in round_.funds
    )
    return replace(round_, meetings=meetings, funds=funds)


# --- going up -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Patience:
    """How often too much to look at is put up with, and whether the solver may be asked.

    ``known`` is what other processes have looked up, by application and line.
    """

    looks: int
    solver: bool
    known: Mapping[tuple[str, str], Need] = field(default_factory=dict)


def _needs_of(
    raised: Mapping[str, _Raised],
    pairs: Sequence[tuple[str, str]],
    objective: int,
    watch: Watch,
    processes: int,
) -> dict[tuple[str, str], Need]:
    """Look up in several processes what awards need of lines."""
    wants = {line: each.wants for line, each in raised.items() if each.wants is not None}
    asked = [each for each in pairs if each[1] in wants]
    parts = [asked[n : n + CHUNK] for n in range(0, len(asked), CHUNK)]
    found: dict[tuple[str, str], Need] = {}
    for some in shared(parts, _look_up, (wants, objective), watch, processes) if parts else ():
        found |= some
        if sum(isinstance(need, TooMany) for need in found.values()) >= MOST_LOOKS:
            break  # what is left is looked up in order, until patience ends
    return found


def _look_up(pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Need]:
    (wants, objective), watch = at_hand()
    found: dict[tuple[str, str], Need] = {}
    for application, line in pairs:
        if watch.over():
            break
        try:
            found[application, line] = least_need(wants[line], application, objective)
        except TooMany as many:
            found[application, line] = many
    return found


def _bound(
    raised: _Raised, application: str, objective: int, watch: Watch, patience: _Patience
) -> ExtraMoney | None:
    """Return the least amount with which an award can be as good; ``None`` if nothing is known."""
    amount = None if raised.wants is None else least_proven(raised.wants, application, objective)
    looked = False
    if amount is not None and raised.wants is not None and patience.looks and not watch.over():
        try:
            amount, looked = _looked_up(raised, application, objective, patience), True
        except TooMany:
            patience.looks -= 1
    if raised.wants is None or (looked and amount == 0):
        if not patience.solver or watch.over():
            return None if raised.wants is None else ExtraMoney(raised.line, 1, exact=False)
        try:
            amount = _next(raised, application, objective, 0, watch)
        except Stopped:
            return None
    if amount is None:
        return ExtraMoney(raised.line, None)
    return ExtraMoney(raised.line, max(amount, 1), exact=False)


def _looked_up(
    raised: _Raised, application: str, objective: int, patience: _Patience
) -> int | None:
    key = application, raised.line
    if key not in patience.known and raised.wants is not None:
        return least_need(raised.wants, application, objective)
    known = patience.known[key]
    if isinstance(known, TooMany):
        raise known
    return known


def _least(raised: _Raised, application: str, objective: int, watch: Watch) -> ExtraMoney:
    amount = 0
    try:
        for _ in range(MOST_STEPS):
            following = _next(raised, application, objective, amount, watch)
            if following is None:
                return ExtraMoney(raised.line, None)
            amount = following
            _, again = allocate(
                raised.pool,
                with_more(raised.round, raised.line, amount),
                raised.rules,
                time_limit=watch.left(),
                cancel=watch.cancel,
            )
            if again.status is not Status.OPTIMAL:
                break
            if again.award_of(application) is not None:
                return ExtraMoney(raised.line, amount)
            objective = again.objective
    except (Stopped, AllocatorError):
        amount = max(amount, 1)
    return ExtraMoney(raised.line, amount, exact=False)


def _next(
    raised: _Raised, application: str, objective: int, amount: int, watch: Watch
) -> int | None:
    """Return the least need beyond an amount of an allocation that awards and is worth so much."""
    least = _first(raised, application, objective, watch)
    if least is None or least > amount:
        return least
    wanted = _wanted(raised, application, objective)
    if wanted is None:
        return None
    # As good already at the present amount, but not drawn there: something new has to fit.
    needs = (_need(with_lines(wanted, [_beyond(each, amount)]), watch) for each in raised.needs)
    return min((each for each in needs if each is not None), default=None)


def _first(raised: _Raised, application: str, objective: int, watch: Watch) -> int | None:
    """Return the least need of an allocation that awards and is worth so much."""
    try:
        if raised.wants is not None:
            return least_need(raised.wants, application, objective)
    except TooMany:
        pass
    wanted = _wanted(raised, application, objective)
    return None if wanted is None else _need(wanted, watch)


def _wanted(raised: _Raised, application: str, objective: int) -> Matrix | None:
    """Return the programme held to an award and so much worth; ``None`` if nothing awards it."""
    awarded = _award_line(raised, application)
    if awarded is None:
        return None
    return with_lines(raised.matrix, [awarded, _worth_line(raised, objective)])


def _need(matrix: Matrix, watch: Watch) -> int | None:
    if watch.over():
        raise Stopped
    found = maximise(matrix, watch.quiet())
    if found.outcome is Outcome.STOPPED:
        raise Stopped
    return None if found.values is None else found.values[-1]


# --- the programme with more money --------------------------------------------------------------


def _raised(programme: Programme, pool: Pool, round_: Round, rules: Rules, line: str) -> _Raised:
    """Write the programme with one column more: the extra money, of which least is wanted."""
    most = sum(max(cost.amount for cost in c.costs) for c in pool.candidates if c.costs)
    wide = build(pool, with_more(round_, line, most), rules)
    matrix = of_programme(wide, impossible(wide))
    needs = tuple(_needs(programme, wide, pool, round_, rules, matrix))
    whole = Matrix(
        objective=(*(0 for _ in matrix.objective), -1),
        upper=(*matrix.upper, most),
        follows=(*matrix.follows, True),
        lines=(*matrix.lines, *needs),
        origin=(*matrix.origin, len(wide.columns)),
    )
    money = [replace(n, columns=n.columns[:-1], coefficients=n.coefficients[:-1]) for n in needs]
    wants = wants_of(wide, matrix, money, most)
    return _Raised(pool, round_, rules, line, wide, whole, needs, wants)


def _needs(
    programme: Programme, wide: Programme, pool: Pool, round_: Round, rules: Rules, matrix: Matrix
) -> Iterator[Line]:
    """Yield the money rows that the line is part of, in minor units, less the extra money."""
    costs = {
        (c.application.application_id, cost.package): cost.amount
        for c in pool.candidates
        for cost in c.costs
    }
    bounds = _money(pool, round_, rules)
    position = {p: j for j, p in enumerate(matrix.origin)}
    for row, wider in zip(programme.rows, wide.rows, strict=True):
        if row.bound == wider.bound:
            continue
        terms = []
        for p in row.columns:
            column = wide.columns[p]
            if p in position and column.package is not None:
                terms.append((position[p], costs[column.application, column.package]))
        columns = (*(j for j, _ in terms), matrix.size)
        yield Line(row.name, columns, (*(c for _, c in terms), -1), bounds[row.name])


def _money(pool: Pool, round_: Round, rules: Rules) -> dict[str, int]:
    """Return the money of every money row by its name, in minor units."""
    found = {f"budget[{m.id}]": m.budget for m in round_.meetings if m.budget is not None}
    sets = {frozenset((fund.id,)) for fund in round_.funds}
    if rules.share_between_funds:
        sets |= set(
            fund_sets(
                payable_from(c, cost.package, round_.funds)
                for c in pool.candidates
                for cost in c.costs
            )
        )
    for each in sets:
        funds = [fund for fund in round_.funds if fund.id in each]
        found[f"fund[{'+'.join(f.id for f in funds)}]"] = sum(f.amount for f in funds)
    return found


def _award_line(raised: _Raised, application: str) -> Line | None:
    columns = tuple(
        j
        for j, p in enumerate(raised.matrix.origin[:-1])
        if raised.programme.columns[p].application == application
    )
    return Line("awarded", columns, (-1,) * len(columns), -1) if columns else None


def _worth_line(raised: _Raised, objective: int) -> Line:
    gains = [raised.programme.columns[p].objective for p in raised.matrix.origin[:-1]]
    return at_least(replace(raised.matrix, objective=(*gains, 0)), objective, "worth")


def _beyond(need: Line, amount: int) -> Line:
    """Return the line that asks for more than an amount beside what a line has."""
    columns, costs = need.columns[:-1], need.coefficients[:-1]
    return Line("beyond", columns, tuple(-c for c in costs), -need.bound - amount - 1)
