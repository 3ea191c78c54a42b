"""A decided round is decided again with one thing changed, as far as a question needs it.

Most questions need no second solve. The very same programme has the same decisions. And where no
allocation that decides an application otherwise is worth as much as a known one that keeps every
rule, its decision is known, whatever else moves and however ties fall. Only a tie that touches the
application needs the whole procedure, lottery included.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from allocator.explain.fairness_clauses import Law
from allocator.explain.fairness_relabel import Case, relabelled
from allocator.explain.result import Result
from allocator.intake.folder import LoadedRound
from allocator.model import Award, Decision, Gender, Package, Pool
from allocator.optimise.blocks import blocks_of
from allocator.optimise.core import Core, core_of, expanded, translated
from allocator.optimise.dual import Bound, bound_of, settled
from allocator.optimise.engine import Outcome, maximise, relax
from allocator.optimise.matrix import (
    Line,
    Matrix,
    broken,
    complete,
    of_programme,
    with_lines,
    worth,
)
from allocator.optimise.programme import Programme, build
from allocator.optimise.prove import Infeasible, Proven, prove
from allocator.optimise.reduce import impossible, lottery_order
from allocator.optimise.ties import best_of, draw
from allocator.optimise.watch import Stopped, Watch


@dataclass(frozen=True, slots=True)
class Fate:
    """A decision and its package; no decision where no allocation keeps the floors and caps."""

    decision: Decision | None
    package: Package | None = None


NO_DECISION = Fate(None)

NEVER = 1 << 200
"""The loss of a choice that a question rules out: more than any room."""

FEW_CHOICES = 15
"""Choices in doubt that the first, quick search for a good allocation looks at."""


@dataclass(frozen=True, slots=True)
class Question:
    """One person's other gender, the applications it is asked for, and which clause may see it.

    An empty ``clause`` stands for all of them.
    """

    person: str
    instead: Gender
    applications: tuple[str, ...]
    clause: str = ""


class Redecider:
    """Answers questions about one result; it can be sent to another process.

    Parameters
    ----------
    result : Result
        A final run.
    loaded : LoadedRound or None
        The round as read; needed only where eligibility looks at gender.
    """

    def __init__(self, result: Result, loaded: LoadedRound | None):
        self.fates = _fates(result.pool, result.allocation.awards)
        self._pool, self._law = result.pool, Law(result.round, result.rules)
        self._loaded = loaded
        self._programme = result.programme
        values = zip(result.programme.columns, result.allocation.values, strict=True)
        self._taken = frozenset(column.name for column, x in values if x and column.application)
        matrix = of_programme(result.programme, impossible(result.programme))
        names = (line.name for line in matrix.lines)
        self._prices = dict(zip(names, relax(matrix).multipliers, strict=True))

    def answer(self, question: Question, watch: Watch) -> tuple[Fate, ...] | None:
        """Return what becomes of the question's applications; ``None`` if time ran out."""
        if watch.over():
            return None
        case = relabelled(
            *(self._pool, self._law, self._loaded),
            *(question.person, question.instead, question.clause),
        )
        programme = build(case.pool, case.law.round, case.law.rules)
        fates = dict.fromkeys(question.applications, NO_DECISION)
        fates.update(_fates(Pool((), case.pool.ineligible), ()))
        candidates = {each.application.application_id for each in case.pool.candidates}
        if asked := [each for each in question.applications if each in candidates]:
            try:
                fates.update(self._decided(case, programme, asked, watch))
            except Stopped:
                return None
        return tuple(fates[each] for each in question.applications)

    def _decided(
        self, case: Case, programme: Programme, asked: Sequence[str], watch: Watch
    ) -> dict[str, Fate]:
        """Return what becomes of candidates in a changed round; of none where nothing can be."""
        if programme == self._programme:
            return {each: self.fates[each] for each in asked}
        matrix = of_programme(programme, impossible(programme))
        view = _View(programme, matrix, frozenset(asked))
        blocks = blocks_of(matrix)
        at_hand = self._at_hand(view)
        if at_hand is not None:
            prices = [self._prices.get(line.name, 0.0) for line in matrix.lines]
            if view.agreed(bound_of(matrix, blocks, prices), at_hand):
                return view.fates(at_hand)
        relaxed = relax(matrix, watch)
        if not relaxed.feasible:
            return {}
        bound = bound_of(matrix, blocks, relaxed.multipliers)
        values = view.decided(bound, at_hand, watch)
        if values is not None:
            return view.fates(values)
        try:
            return view.fates(view.drawn(prove(matrix, watch), case.law.round.lottery_seed, watch))
        except Infeasible:
            return {}

    def _at_hand(self, view: "_View") -> tuple[int, ...] | None:
        """Return the allocation at hand if it keeps the rules of the changed round."""
        names = view.names
        if not self._taken.issubset(names):
            return None
        values = complete(view.matrix, [int(name in self._taken) for name in names])
        return values if broken(view.matrix, values) is None else None


@dataclass(frozen=True, slots=True)
class _View:
    """A changed programme, its matrix, and the applications that are asked about."""

    programme: Programme
    matrix: Matrix
    asked: frozenset[str]

    @property
    def names(self) -> list[str]:
        """Return the programme's name of every column of the matrix."""
        return [self.programme.columns[position].name for position in self.matrix.origin]

    @property
    def columns(self) -> list[int]:
        """Return the columns of the matrix that would award what is asked."""
        columns = self.programme.columns
        return [j for j, p in enumerate(self.matrix.origin) if columns[p].application in self.asked]

    def fates(self, values: Sequence[int]) -> dict[str, Fate]:
        """Return what these values make of what is asked."""
        found = {each: Fate(Decision.DECLINED) for each in sorted(self.asked)}
        for j in self.columns:
            column = self.programme.columns[self.matrix.origin[j]]
            if values[j]:
                found[column.application] = Fate(Decision.AWARDED, column.package)
        return found

    def decided(
        self, bound: Bound, values: tuple[int, ...] | None, watch: Watch
    ) -> tuple[int, ...] | None:
        """Return an allocation that decides what is asked as every best one does.

        Any allocation serves to begin with: the best one that decides otherwise takes its place as
        long as it is worth more. ``None`` where two as good as each other decide differently, or
        nothing is known to begin with.
        """
        first = self._quick(bound, watch)
        if first is not None and (
            values is None or worth(self.matrix, first) > worth(self.matrix, values)
        ):
            values = first
        while values is not None and not self.agreed(bound, values):
            other = self._otherwise(bound, values, watch)
            if other is None:
                return values
            values = other if worth(self.matrix, other) > worth(self.matrix, values) else None
        return values

    def drawn(self, proven: Proven, seed: str, watch: Watch) -> tuple[int, ...]:
        """Return the allocation that the lottery selects.

        The draw goes down all applications, not only the tied: who is not tied draws what is
        certain anyway. Which fund pays decides nothing here and is not drawn.
        """
        if not proven.optimal:
            raise Stopped
        best = best_of(self.programme, self.matrix, proven.relaxation, proven.objective, watch)
        return draw(best, lottery_order(seed, best.options), ())

    def agreed(self, bound: Bound, values: Sequence[int]) -> bool:
        """Tell whether a bound shows by itself that all allocations as good agree on the asked."""
        fixed = settled(self.matrix, bound, worth(self.matrix, values))
        return all(fixed.get(j) == values[j] for j in self.columns)

    def _quick(self, bound: Bound, watch: Watch) -> tuple[int, ...] | None:
        """Return a good allocation out of the choices that lose least by the bound."""
        losses = sorted(loss for each in bound.losses for loss in each if loss)
        room = losses[min(FEW_CHOICES, len(losses) - 1)] if losses else 0
        return self._best(core_of(self.matrix, bound, room), (), watch)

    def _otherwise(
        self, bound: Bound, values: Sequence[int], watch: Watch
    ) -> tuple[int, ...] | None:
        """Return the best allocation that decides what is asked otherwise, if one is as good."""
        least, asked = worth(self.matrix, values), self.columns
        held = _held(bound, asked, values)
        if held.room(least) < 0:
            return None
        signs = tuple(1 if values[j] else -1 for j in asked)
        line = Line("otherwise", tuple(asked), signs, sum(values[j] for j in asked) - 1)
        core = core_of(self.matrix, held, held.room(least))
        other = self._best(core, (translated(core, line),), watch)
        return None if other is None or worth(self.matrix, other) < least else other

    def _best(self, core: Core, lines: Sequence[Line], watch: Watch) -> tuple[int, ...] | None:
        found = maximise(with_lines(core.matrix, lines), watch)
        if found.outcome is Outcome.STOPPED:
            raise Stopped
        if found.values is None:
            return None
        return complete(self.matrix, expanded(self.matrix, core, found.values))


def _held(bound: Bound, asked: Sequence[int], values: Sequence[int]) -> Bound:
    """Return the bound on allocations that differ from these values in some asked column.

    If all asked columns are in one block, choices that do not differ are out, and what the best of
    the others loses is lost for certain. Else the bound is returned as it is.
    """
    own = frozenset(asked)
    for number, block in enumerate(bound.blocks.blocks):
        if not own.issubset(block.columns):
            continue
        same = frozenset(j for j in asked if values[j])
        kept = [
            NEVER if same == own.intersection(choice) else loss
            for choice, loss in zip(block.choices, bound.losses[number], strict=True)
        ]
        least = min(kept)
        rebased = tuple(loss if loss == NEVER else loss - least for loss in kept)
        losses = (*bound.losses[:number], rebased, *bound.losses[number + 1 :])
        return replace(bound, exact=bound.exact - least, losses=losses)
    return bound


def _fates(pool: Pool, awards: Sequence[Award]) -> dict[str, Fate]:
    """Return what became of every application of a pool."""
    fates = {each.application.application_id: Fate(Decision.INELIGIBLE) for each in pool.ineligible}
    for each in pool.candidates:
        fates[each.application.application_id] = Fate(Decision.DECLINED)
    for award in awards:
        fates[award.application_id] = Fate(Decision.AWARDED, award.package)
    return fates
