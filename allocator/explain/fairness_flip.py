"""Every decision is asked: would it differ had another gender been stated, and by which clause.

All else stays equal; the answer is what deciding the whole round again gives. If no clause looks
at gender, nothing needs deciding: every changed round is the very same programme.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from multiprocessing import get_context

from allocator.explain.fairness_clauses import Law, gender_clauses
from allocator.explain.fairness_redecide import Fate, Question, Redecider
from allocator.explain.fairness_relabel import gate_looks
from allocator.explain.figures import everybody
from allocator.explain.result import Result
from allocator.intake.folder import LoadedRound
from allocator.model import Application, Gender, Pool
from allocator.optimise.allocation import Status
from allocator.optimise.watch import Watch

type Told = Callable[[int, int], None]
"""Who is told how many of how many questions are answered; what it raises ends the test."""

MANY = 100
"""More questions than this are shared out among processes, unless the caller says how many."""

OTHERS = {
    Gender.FEMALE: (Gender.MALE,),
    Gender.MALE: (Gender.FEMALE,),
    Gender.OTHER: (Gender.FEMALE, Gender.MALE),
    Gender.NOT_STATED: (Gender.FEMALE, Gender.MALE),
}
"""What is put in place of what an application states."""


class FlipStatus(StrEnum):
    """How far the test got; ``no clause`` is proven without deciding anything again."""

    NO_CLAUSE = "no clause"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    NOT_FINAL = "not final"
    NEEDS_FILES = "needs files"


@dataclass(frozen=True, slots=True)
class Flip:
    """An application whose decision would differ.

    ``alone`` are the paths of the clauses each of which makes a difference to the decision even if
    no other clause sees the other gender; empty if it takes several together, ``None`` if time did
    not suffice to tell.
    """

    application_id: str
    stated: Gender
    instead: Gender
    before: Fate
    after: Fate
    alone: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class FlipTest:
    """What another stated gender would have changed.

    ``clauses`` are the paths of all that look at gender. ``asked`` counts the questions by (stated,
    instead); ``unanswered`` are the (application, instead) that time did not suffice for. ``flips``
    and ``unanswered`` are sorted by application.
    """

    status: FlipStatus
    clauses: tuple[str, ...]
    asked: tuple[tuple[Gender, Gender, int], ...]
    flips: tuple[Flip, ...] = ()
    unanswered: tuple[tuple[str, Gender], ...] = ()


def flip_test(
    result: Result,
    *,
    loaded: LoadedRound | None = None,
    processes: int | None = None,
    time_limit: float | None = None,
    told: Told | None = None,
) -> FlipTest:
    """Ask for every application whether another stated gender would have changed its decision.

    The person states the other gender on all applications of the round; the round is decided again
    by the same rules, proportional targets and lottery included. Awarded with another package is
    another decision.

    Parameters
    ----------
    result : Result
        A run.
    loaded : LoadedRound, optional
        The round as read; needed only where eligibility looks at gender.
    processes : int, optional
        How many to use; by default one up to ``MANY`` questions, else one per processor. The
        answers do not depend on it. Under Streamlit it must be 1.
    time_limit : float, optional
        Seconds; what is open then is listed as unanswered.
    told : callable, optional
        Told how far the test is.
    """
    law = Law(result.round, result.rules)
    clauses = gender_clauses(law)
    stated = {each.application_id: each.gender for each in _applications(result.pool)}
    questions = _questions(result.pool)
    asked = _counted(questions, stated)
    if not clauses:
        return FlipTest(FlipStatus.NO_CLAUSE, clauses, asked)
    if result.allocation.status is not Status.OPTIMAL:
        return FlipTest(FlipStatus.NOT_FINAL, clauses, asked)
    if gate_looks(law) and loaded is None:
        return FlipTest(FlipStatus.NEEDS_FILES, clauses, asked)
    runner = _Runner(Redecider(result, loaded), processes, Watch(time_limit), told)
    flips, unanswered = _flips(runner, questions, stated)
    flips = _attributed(runner, flips, clauses, result.pool)
    whole = not unanswered and all(flip.alone is not None for flip in flips)
    return FlipTest(
        FlipStatus.COMPLETE if whole else FlipStatus.INCOMPLETE, clauses, asked, flips, unanswered
    )


def _applications(pool: Pool) -> tuple[Application, ...]:
    applications = [each.application for each in everybody(pool)]
    return tuple(sorted(applications, key=lambda each: each.application_id))


def _questions(pool: Pool) -> tuple[Question, ...]:
    """Return one question per person and other gender, by person."""
    by_person = sorted(_applications(pool), key=lambda each: each.person_id)
    found = []
    for person, group in groupby(by_person, key=lambda each: each.person_id):
        own = tuple(group)
        for gender in Gender:
            applications = tuple(a.application_id for a in own if gender in OTHERS[a.gender])
            if applications:
                found.append(Question(person, gender, applications))
    return tuple(found)


def _counted(
    questions: Iterable[Question], stated: dict[str, Gender]
) -> tuple[tuple[Gender, Gender, int], ...]:
    count = Counter((stated[a], q.instead) for q in questions for a in q.applications)
    return tuple((was, instead, count[was, instead]) for was in Gender for instead in OTHERS[was])


def _flips(
    runner: "_Runner", questions: Sequence[Question], stated: dict[str, Gender]
) -> tuple[tuple[Flip, ...], tuple[tuple[str, Gender], ...]]:
    """Return the flips, their clauses still to be found, and what was not answered."""
    flips: list[Flip] = []
    unanswered: list[tuple[str, Gender]] = []
    for question, fates in zip(questions, runner.answers(questions), strict=True):
        for n, application in enumerate(question.applications):
            before = runner.redecider.fates[application]
            if fates is None:
                unanswered.append((application, question.instead))
            elif fates[n] != before:
                was = stated[application]
                flips.append(Flip(application, was, question.instead, before, fates[n], None))
    flips.sort(key=lambda flip: (flip.application_id, flip.instead))
    return tuple(flips), tuple(sorted(unanswered))


def _attributed(
    runner: "_Runner", flips: tuple[Flip, ...], clauses: tuple[str, ...], pool: Pool
) -> tuple[Flip, ...]:
    """Find the clauses of each flip: one clause needs no asking, of several each is asked alone."""
    if len(clauses) == 1:
        return tuple(replace(flip, alone=clauses) for flip in flips)
    person = {each.application_id: each.person_id for each in _applications(pool)}
    questions = [
        Question(person[flip.application_id], flip.instead, (flip.application_id,), clause)
        for flip in flips
        for clause in clauses
    ]
    answers = iter(runner.answers(questions))
    found = []
    for flip in flips:
        fates = [next(answers) for _ in clauses]
        alone = tuple(
            clause
            for clause, fate in zip(clauses, fates, strict=True)
            if fate is not None and fate[0] != flip.before
        )
        found.append(replace(flip, alone=None if None in fates else alone))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Runner:
    """Answers questions in their order, in as many processes as asked for or worth while."""

    redecider: Redecider
    processes: int | None
    watch: Watch
    told: Told | None = None

    def answers(self, questions: Sequence[Question]) -> list["tuple[Fate, ...] | None"]:
        workers = self.processes
        if workers is None:
            workers = (os.cpu_count() or 1) if len(questions) > MANY else 1
        if workers == 1 or len(questions) < 2:
            own = (self.redecider.answer(each, self.watch) for each in questions)
            return self._counted(own, len(questions))
        # Processes are spawned, not forked: a solver's threads do not survive a fork.
        with ProcessPoolExecutor(
            min(workers, len(questions)),
            mp_context=get_context("spawn"),
            initializer=_start,
            initargs=(self.redecider, self.watch.left()),
        ) as pool:
            return self._counted(pool.map(_answer, questions, chunksize=4), len(questions))

    def _counted(
        self, answers: Iterable["tuple[Fate, ...] | None"], asked: int
    ) -> list["tuple[Fate, ...] | None"]:
        found: list[tuple[Fate, ...] | None] = []
        for each in answers:
            found.append(each)
            if self.told is not None:
                self.told(len(found), asked)
        return found


_own: list[tuple[Redecider, Watch]] = []
"""What a worker process answers with."""


def _start(redecider: Redecider, seconds: float | None) -> None:
    _own.append((redecider, Watch(seconds)))


def _answer(question: Question) -> tuple[Fate, ...] | None:
    redecider, watch = _own[-1]
    return redecider.answer(question, watch)
