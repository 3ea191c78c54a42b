"""The checker of a proof: no allocation is better, and the lottery selects this one of the best.

It uses whole numbers and the standard library only and imports nothing of this package, so that
it can stand in a file of its own. ``docs/method.md`` (the proof) says why each step holds.
"""

from collections import defaultdict
from collections.abc import Iterator
from math import gcd
from typing import Any, NamedTuple

MOST_CHOICES = 4096
"""The most sets of awards that the rows about one block alone may allow."""

MOST_PARTS, MOST_BOUNDS = 100_000, 4
"""The most parts, and multipliers of one: whoever makes a proof stops at half of it, and brings at
most three. Without a limit a small forged record could keep a verifier busy for days."""

type Json = dict[str, Any]
type Choice = tuple[int, ...]
type Question = tuple[list[int], bool]


class ProofError(Exception):
    """The proof does not show what it claims; the message says where it fails."""


def require(holds: object, complaint: str) -> None:
    """Refuse the proof unless the condition holds."""
    if not holds:
        raise ProofError(complaint)


def whole(value: object) -> int:
    """Read a whole number; beyond 2^53 it is written as text."""
    text = isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit()
    require(text or type(value) is int, "a whole number was expected")
    return int(value)  # type: ignore[call-overload, no-any-return]


class Part(NamedTuple):
    """Some of all solutions: those that make one of ``choices[k]`` in every block k.

    ``open`` blocks have several; ``gain`` is what the others are worth, ``left`` what they leave of
    each row's bound. All solutions ``ahead`` come before the allocation in the lottery.
    """

    choices: list[list[Choice]]
    open: list[int]
    gain: int
    left: list[int]
    ahead: bool = False


class Problem:
    """The programme, all rows as ``terms <= bound``, its award columns in blocks.

    ``rows[r]`` are terms (column: coefficient) and bound, ``uses[j]`` column j's terms (row:
    coefficient), ``block[j]`` the block of award column j, ``helpers`` the other columns, that are
    worth nothing or less, ``helpers_in[r]`` those of row r. ``all`` is the part that holds every
    solution: in each block any choice its own rows allow.
    """

    def __init__(self, programme: Json, blocks: list[list[int]]) -> None:
        columns = programme["columns"]
        self.gains, self.uppers = ([whole(c[k]) for c in columns] for k in ("objective", "upper"))
        self.block = {whole(j): k for k, members in enumerate(blocks) for j in members}
        self.helpers = [j for j, c in enumerate(columns) if not c["application"]]
        named = sorted([*self.helpers, *(j for members in blocks for j in members)])
        require(named == [*range(len(columns))], "the blocks do not hold every award once")
        limits = [(u, 1 if j in self.block else max(u, 0)) for j, u in enumerate(self.uppers)]
        require(all(upper == limit for upper, limit in limits), "an upper bound is out of place")
        require(all(self.gains[j] <= 0 for j in self.helpers), "a helper is worth something")
        self.helpers_in: list[list[int]] = []
        self.rows: list[tuple[dict[int, int], int]] = []
        self.uses: list[dict[int, int]] = [{} for _ in columns]
        own: dict[int | None, list[int]] = defaultdict(list)
        for r, row in enumerate(programme["rows"]):
            sign = {"<=": 1, ">=": -1}[row["sense"]]
            pairs = zip(row["columns"], row["coefficients"], strict=True)
            terms = {whole(j): sign * whole(a) for j, a in pairs}
            require(len(terms) == len(row["columns"]), "a row names a column twice")
            require(all(0 <= j < len(columns) for j in terms), "a row names no column")
            self.rows.append((terms, sign * whole(row["bound"])))
            self.helpers_in.append([j for j in terms if j not in self.block])
            for j, a in terms.items():
                self.uses[j][r] = a
            own[self.own_block(r)].append(r)
        every = {k: self._allowed(members, own[k]) for k, members in enumerate(blocks)}
        bounds = [bound for _, bound in self.rows]
        self.all = self.narrowed(Part([*every.values()], [*every], 0, bounds), every)

    def own_block(self, r: int) -> int | None:
        """Return the only block row r is about, if more of its awards only use more of the row.

        A helper with -1, if there is no other in the row, is raised by the awards.
        """
        helpers, terms = self.helpers_in[r], self.rows[r][0]
        about = {self.block[j] for j in terms if j in self.block}
        grows = all(a >= 0 or (helpers == [j] and a == -1) for j, a in terms.items())
        return about.pop() if grows and len(about) == 1 else None

    def _allowed(self, members: list[int], own: list[int]) -> list[Choice]:
        """Return the sets of awards that a block's own rows allow, with helpers at their least."""
        raises = {r: j for r in own for j, a in self.rows[r][0].items() if a < 0}
        terms: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for r in own:
            for j, a in self.rows[r][0].items():
                terms[j].append((r, a))

        def fits(choice: Choice) -> bool:
            used: dict[int, int] = defaultdict(int)
            for r, a in (term for j in choice for term in terms[j]):
                used[r] += a
            least: dict[int, int] = defaultdict(int)
            for r in used.keys() & raises.keys():
                least[raises[r]] = max(least[raises[r]], used[r] - self.rows[r][1])
            for r, a, value in ((r, a, value) for j, value in least.items() for r, a in terms[j]):
                used[r] += a * value
            return all(total <= self.rows[r][1] for r, total in used.items() if r not in raises)

        found: list[Choice] = [()]
        for choice in found:  # it grows; what does not fit does not fit with more awards either
            after = members.index(choice[-1]) + 1 if choice else 0
            found += [(*choice, j) for j in members[after:] if fits((*choice, j))]
            require(len(found) <= MOST_CHOICES, "a block has too many choices")
        return found

    def narrowed(self, part: Part, kept: dict[int, list[Choice]], ahead: bool = False) -> Part:
        """Return the part in which these blocks have only the choices kept."""
        choices, gain, left = part.choices.copy(), part.gain, part.left.copy()
        for k in [k for k in part.open if k in kept]:
            choices[k] = kept[k]
            for j in choices[k][0] if len(choices[k]) == 1 else ():
                gain += self.gains[j]
                for r, a in self.uses[j].items():
                    left[r] -= a
        still = [k for k in part.open if len(choices[k]) > 1]
        return Part(choices, still, gain, left, part.ahead or ahead)

    def only(self, part: Part, awards: list[int], some: bool, ahead: bool = False) -> list[Part]:
        """Return the solutions with some of these awards of one block, or with none."""
        (k,) = {self.block[j] for j in awards}
        kept = [choice for choice in part.choices[k] if {*awards}.isdisjoint(choice) is not some]
        return [self.narrowed(part, {k: kept}, ahead)] if kept else []

    def drawn_before(self, part: Part, questions: list[Question]) -> Iterator[Part]:
        """Yield the solutions whose first answer unlike the allocation's is a yes."""
        for awards, answer in questions:
            if not answer:
                yield from self.only(part, awards, some=True, ahead=True)
            alike = self.only(part, awards, some=answer)
            if not alike:
                return
            (part,) = alike


class Prices:
    """What multipliers y of the rows leave of each column's gain, in units, and what that proves.

    ``blocks[k]``: the choices of block k that were asked about last, and their prices.
    """

    def __init__(self, problem: Problem, y: dict[int, int], unit: int) -> None:
        self.problem, self.y, self.unit = problem, y, unit
        helpers = dict.fromkeys([j for r in y for j in problem.helpers_in[r]])
        self.helping = sum([max(0, self.net(j)) * problem.uppers[j] for j in helpers])
        self.blocks: dict[int, tuple[list[Choice], list[int], int, int]] = {}

    def net(self, j: int) -> int:
        """Return what is left of a column's gain."""
        y, uses = self.y, self.problem.uses[j].items()
        return self.unit * self.problem.gains[j] - sum([y[r] * a for r, a in uses if r in y])

    def priced(self, k: int, choices: list[Choice]) -> tuple[list[Choice], list[int], int, int]:
        """Return a block's choices with the price of each, the highest and the lowest."""
        if k not in self.blocks or self.blocks[k][0] is not choices:
            nets = {j: self.net(j) for j in {j for choice in choices for j in choice}}
            prices = [sum([nets[j] for j in choice]) for choice in choices]
            self.blocks[k] = choices, prices, max(prices), min(prices)
        return self.blocks[k]

    def bounded(self, part: Part, least: int) -> tuple[int, Part]:
        """Return the bound on a part (times the unit), and what of it may reach ``least``."""
        priced = {k: self.priced(k, part.choices[k]) for k in part.open}
        bound = self.unit * part.gain + sum(value * part.left[r] for r, value in self.y.items())
        bound += self.helping + sum([highest for _, _, highest, _ in priced.values()])
        spare, kept = bound - self.unit * least, {}
        for k, (choices, prices, highest, lowest) in priced.items() if spare >= 0 else ():
            if lowest < highest - spare:
                kept[k] = [c for c, p in zip(choices, prices, strict=True) if p >= highest - spare]
        return bound, self.problem.narrowed(part, kept) if spare >= 0 else part


def questions_of(
    columns: list[Json], values: list[int], order: list[str], funds: list[str]
) -> list[Question]:
    """Return what the lottery asks in turn: the awards that mean yes, the allocation's answer.

    First who is awarded; then, of those, the package; last, if awards name it, the fund.
    """
    options: dict[str, list[int]] = defaultdict(list)
    for j, column in enumerate(columns):
        if column["application"]:
            options[column["application"]].append(j)
    require(len({*order}) == len(order) and {*order} >= {*options}, "the lottery lacks somebody")
    held = {a: columns[j]["package"] for a in order for j in options.get(a, ()) if values[j]}
    asked: list[tuple[str, Json]] = [(a, {}) for a in order]
    asked += [(a, {"package": package}) for a in held for package in ("full", "ticket")]
    for a in sorted(held, key=lambda a: options[a]):
        asked += [(a, {"package": held[a], "fund": fund}) for fund in funds]
    groups = [[j for j in options[a] if {**columns[j], **how} == columns[j]] for a, how in asked]
    return [(group, any(values[j] for j in group)) for group in groups if group]


def check_solution(problem: Problem, values: list[int], objective: int) -> None:
    """Refuse values that break a row, raise a helper without need or have another worth."""
    limits = zip(values, problem.uppers, strict=True)
    require(all(type(x) is int and 0 <= x <= u for x, u in limits), "a value is out of bounds")
    slack = [bound - sum(a * values[j] for j, a in terms.items()) for terms, bound in problem.rows]
    require(min(slack, default=0) >= 0, "the allocation breaks a row")
    for j in problem.helpers:
        needed = any(slack[r] + a < 0 for r, a in problem.uses[j].items())
        require(needed or not values[j], "a helping column is raised without need")
    worth = sum(gain * x for gain, x in zip(problem.gains, values, strict=True))
    require(worth == objective, "the allocation is worth something else")


def check(
    programme: Json,
    proof: Json,
    values: list[int],
    objective: int,
    order: list[str],
    funds: list[str],
) -> dict[str, int]:
    """Check that values are a solution worth ``objective``, and what the proof says of all others.

    Parameters
    ----------
    programme, proof : dict
        As the record holds them.
    values : list of int
        The allocation: one value per column.
    objective : int
        What it is worth.
    order, funds : list of str
        Applications as the lottery draws them; fund ids in the order awards prefer them.

    Returns
    -------
    dict
        The ``bound`` that no solution exceeds; ``optimal`` if it is the objective; ``drawn`` if the
        lottery selects the allocation among all that are as good; the number of ``parts``.

    Raises
    ------
    ProofError
        If the proof does not show what it says.
    """
    try:
        problem = Problem(programme, proof["blocks"])
        check_solution(problem, values, objective)
        questions = questions_of(programme["columns"], values, order, funds)
        return _check(problem, proof, objective, questions)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ProofError("the proof or the programme is malformed") from error


def _check(problem: Problem, proof: Json, objective: int, questions: list[Question]) -> Json:
    unit, bound, drawn = whole(proof["unit"]), whole(proof["bound"]), proof["drawn"] is True
    step = gcd(*problem.gains) or 1
    require(unit > 0 and bound >= objective and bound % step == 0, "the bound cannot be right")
    require(bound == objective or not drawn, "a lottery among allocations that may not be the best")
    waiting = [(problem.all, Prices(problem, {}, unit))]
    long = max([len(entry.get("multipliers", ())) for entry in proof["parts"]], default=0)
    require(len(proof["parts"]) <= MOST_PARTS and long <= MOST_BOUNDS, "the proof is too long")
    for entry in proof["parts"]:
        require(waiting, "the proof goes on after its end")
        part, prices = waiting.pop()
        exact = unit * objective
        read = [_multipliers(each) for each in entry.get("multipliers", ())]
        given = [Prices(problem, y, unit) for y in read] or [prices]
        for prices in given:
            if exact >= unit * objective:
                exact, part = prices.bounded(part, objective)
        if exact < unit * objective:
            continue
        if "split" in entry:
            below = [p for some in (False, True) for p in problem.only(part, entry["split"], some)]
            require(len(below) == 2, "a split leaves all on one side")
        else:
            require(not part.ahead and exact < unit * (bound + step), "a part is left open")
            below = [*problem.drawn_before(part, questions)] if drawn else []
        waiting += [(each, prices) for each in reversed(below)]
    require(not waiting, "the proof ends too early")
    optimal = bound == objective
    return {"bound": bound, "optimal": optimal, "drawn": drawn, "parts": len(proof["parts"])}


def _multipliers(pairs: list[list[int]]) -> dict[int, int]:
    """Read row multipliers."""
    y = {whole(r): whole(value) for r, value in pairs}
    require(all(r >= 0 and value >= 0 for r, value in y.items()), "a multiplier is negative")
    return y
