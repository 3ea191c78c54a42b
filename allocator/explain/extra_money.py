"""The least extra money in one budget line with which the method would award an application.

More money for a line may help rivals too, and what helps at one amount need not at a larger one, so
this is no binary search. Where the round can be followed by states, ``rising`` goes up in steps for
all applications together. Where it cannot, the solver goes up for one: with extra money d, let
``best(d)`` be what the best allocation is worth. The application can be awarded at d only by an
allocation that awards it, is worth at least ``best(d)``, and fits. Going up from 0: the next amount
at which anything can change in its favour is the least need, beyond the present amount, of an
allocation that awards it and is worth at least ``best`` at the present amount: one integer
programme. There the round is decided anew, lottery included. Either the application is awarded, or
the amount is left for the next one.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from allocator.errors import AllocatorError
from allocator.explain.explanation import ExtraMoney
from allocator.explain.sharing import at_hand, shared
from allocator.model import Candidate, Pool, Round
from allocator.optimise.allocation import Allocation, Status
from allocator.optimise.engine import Outcome, maximise
from allocator.optimise.matrix import Line, Matrix, at_least, of_programme, with_lines
from allocator.optimise.needing import Wants, least_proven, wants_of
from allocator.optimise.programme import Programme, build, fund_sets, payable_from
from allocator.optimise.reduce import impossible, lottery_order
from allocator.optimise.rising import Least, amounts
from allocator.optimise.solve import allocate
from allocator.optimise.watch import Stopped, Watch
from allocator.rules import Rules

MOST_STEPS = 40
"""Amounts the solver tries for one application and line before the last is given as a bound: a
count, so that the same round has the same answer on every machine."""

PATIENCE = 6_000_000
"""Choices looked at for a line before what is not found by then has a bound: seconds of work."""

SHARED_FROM = 100
"""Declined applications from which on more processes are worth their start."""

UNSETTLED = Least(0, settled=False)
"""Nothing is known."""

MOST_CANDIDATES = 1_500
"""Candidates above which nothing is said of applications that were not asked about."""


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
    exact in rounds that are small enough, and for those asked about; for others it may be a bound.

    Parameters
    ----------
    programme, pool, round_, rules, allocation
        The decided round.
    applications : collection of str
        Ids of the applications asked about.
    watch : Watch
        Where it ends the search, the amount is one that is needed at least.
    always : bool
        Work out that least amount, or a bound with the solver, in every round, however long it
        takes.
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
    told = always or len(pool.candidates) <= MOST_CANDIDATES
    lines = {
        application: lines_of(candidate, round_)
        for candidate in pool.candidates
        if (application := candidate.application.application_id) not in awarded
        and (told or application in applications)
    }
    asked = frozenset(lines if always else applications)
    every = dict.fromkeys(line for each in lines.values() for line in each)
    raised = {line: _raised(programme, pool, round_, rules, line) for line in every}
    errands = {
        line: _Errand(
            wants=each.wants,
            asked=tuple(a for a in lines if line in lines[a] and a in asked),
            others=tuple(a for a in lines if line in lines[a] and a not in asked),
            objective=allocation.objective,
        )
        for line, each in raised.items()
    }
    many = processes > 1 and len(errands) > 1 and len(lines) >= SHARED_FROM
    least = _run(errands, watch, processes if many else 1)
    # Without a search nothing can be said of a lost lottery but that some money is needed.
    lost = frozenset(each.application_id for each in allocation.draws)
    search = _Search(allocation.objective, watch, frozenset(applications), asked, lost)
    found: dict[str, tuple[ExtraMoney, ...]] = {}
    for application, each in lines.items():
        told_of = [
            _told(search, raised[line], application, least[line].get(application, UNSETTLED))
            for line in each
        ]
        if not each or any(told_of):
            # Of a line of which nothing is known it is that some money is needed.
            some = (ExtraMoney(line, 1, exact=False) for line in each)
            found[application] = tuple(a or b for a, b in zip(told_of, some, strict=True))
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


@dataclass(frozen=True, slots=True)
class _Errand:
    """What is to be followed for a line: without end only for those asked about."""

    wants: Wants | None
    asked: tuple[str, ...]
    others: tuple[str, ...]
    objective: int

    def run(self, watch: Watch) -> dict[str, Least]:
        """Follow allocations as far as that goes."""
        if self.wants is None:
            return {}
        without_end = amounts(self.wants, self.asked, self.objective, watch.over)
        return without_end | amounts(
            self.wants, self.others, self.objective, watch.over, patience=PATIENCE
        )


def _run(
    errands: Mapping[str, _Errand], watch: Watch, processes: int
) -> dict[str, dict[str, Least]]:
    if processes == 1 or watch.over():
        return {line: errand.run(watch) for line, errand in errands.items()}
    found: dict[str, dict[str, Least]] = {line: {} for line in errands}
    for line, least in shared(list(errands), _in_process, errands, watch, processes):
        found[line] = least
    return found


def _in_process(line: str) -> tuple[str, dict[str, Least]]:
    errands, watch = at_hand()
    return line, errands[line].run(watch)


@dataclass(frozen=True, slots=True)
class _Search:
    """What is looked for where following allocations did not tell.

    ``objective`` is the present worth. The solver is asked about the ``asked``, and the round is
    decided anew for the ``decided``; of the ``lost`` a lottery decided.
    """

    objective: int
    watch: Watch
    decided: frozenset[str]
    asked: frozenset[str]
    lost: frozenset[str]


def _told(search: _Search, raised: _Raised, application: str, least: Least) -> ExtraMoney | None:
    """Return the figure, with the solver where it is called for; ``None`` if nothing is known."""
    if least.settled or least.amount is None:
        return ExtraMoney(raised.line, least.amount)
    if application in search.asked:
        found = _solved(search, raised, application)
        if found.exact or found.amount is None:
            return found
        return replace(found, amount=max(found.amount, least.amount + 1))
    if raised.wants is None or (application in search.lost and not least.amount):
        return None
    proven = least_proven(raised.wants, application, search.objective)
    if proven is None:
        return ExtraMoney(raised.line, None)
    return ExtraMoney(raised.line, max(proven, least.amount + 1), exact=False)


def _solved(search: _Search, raised: _Raised, application: str) -> ExtraMoney:
    """Go up with the solver; without deciding anew to the first amount only."""
    amount, objective, watch = 0, search.objective, search.watch
    try:
        for _ in range(MOST_STEPS):
            following = _next(raised, application, objective, amount, watch)
            if following is None:
                return ExtraMoney(raised.line, None)
            amount = following
            if application not in search.decided:
                break
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
        pass
    return ExtraMoney(raised.line, max(amount, 1), exact=False)


def _next(
    raised: _Raised, application: str, objective: int, amount: int, watch: Watch
) -> int | None:
    """Return the least need beyond an amount of an allocation that awards and is worth so much."""
    wanted = _wanted(raised, application, objective)
    if wanted is None:
        return None
    least = _need(wanted, watch)
    if least is None or least > amount:
        return least
    # As good already at the present amount, but not drawn there: something new has to fit.
    needs = (_need(with_lines(wanted, [_beyond(each, amount)]), watch) for each in raised.needs)
    return min((each for each in needs if each is not None), default=None)


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
    order = lottery_order(
        round_.lottery_seed, [c.application.application_id for c in pool.candidates]
    )
    wants = wants_of(wide, matrix, money, most, order)
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
