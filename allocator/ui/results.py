"""Runs and rounds as pages need them: asked of the desk once, then kept by run while they last.

What is kept for those who may see persons and what is kept for the others never meet: whether the
person may is asked of the desk each time, and is part of the key.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import streamlit as st

from allocator.countries import display_name
from allocator.explain.fairness import Fairness
from allocator.explain.fairness_record import fairness_from
from allocator.explain.figures import Figures, everybody, figures
from allocator.explain.result import DecisionLine, Result
from allocator.explain.what_if import Assessed, what_if, without_errors
from allocator.explain.why_words import Teller, teller
from allocator.intake.folder import LoadedRound
from allocator.model import Application, Candidate, Ineligible
from allocator.office.desk_inputs import PROPOSAL
from allocator.office.memory import LIST, RESULT, ROUND
from allocator.office.views import RoundView, RunView
from allocator.record.revive import assessed_of
from allocator.rules import Rules
from allocator.texts import say
from allocator.ui.address import name, named
from allocator.ui.formats import moment, safe
from allocator.ui.kept import as_it_stands, kept, sees_persons, whose
from allocator.ui.session import Desk

__all__ = ["sees_persons"]

FINISHED = ("done", "not final")
_PATIENCE = 20.0
"""Seconds for a look at other rules; after them the best known is shown and said to be that."""


@dataclass(frozen=True)
class Shown:
    """A run with what the pages look up in it."""

    result: Result
    personal: bool

    @cached_property
    def figures(self) -> Figures:
        """Return the counts that the pictures show."""
        return figures(self.result)

    @cached_property
    def fairness(self) -> Fairness | None:
        """Return how groups fared; none if that was not counted."""
        return fairness_from(self.result)

    @cached_property
    def teller(self) -> Teller:
        """Return what tells why each decision fell as it did."""
        return teller(self.result)

    @cached_property
    def judged(self) -> Mapping[str, Candidate | Ineligible]:
        """Return every application as it was judged, by id."""
        found = {each.application.application_id: each for each in everybody(self.result.pool)}
        return {key: found[key] for key in sorted(found)}

    @cached_property
    def lines(self) -> Mapping[str, DecisionLine]:
        """Return every decision by application id."""
        return {each.application_id: each for each in self.result.lines}

    @cached_property
    def drawn(self) -> frozenset[str]:
        """Return the applications that the lottery drew for."""
        return frozenset(each.application_id for each in self.result.allocation.draws)

    def person(self, application: str) -> str:
        """Return the applicant's name, empty for those who may not see persons."""
        found = self.judged.get(application)
        return person_of(found.application) if self.personal and found else ""

    def administration(self, application: str) -> str:
        """Return the name of the administration, or what was written for it."""
        found = self.judged.get(application)
        return administration_of(found.application) if found else ""

    def found(self, words: str, most: int) -> tuple[str, ...]:
        """Return the applications whose id, administration or name (if seen) holds all words."""
        wanted = words.casefold().split()
        hits = (each for each in self.judged if self._holds(each, wanted))
        return tuple(each for each, _ in zip(hits, range(most), strict=False))

    def _holds(self, application: str, wanted: Iterable[str]) -> bool:
        told = f"{application} {self.administration(application)} {self.person(application)}"
        folded = told.casefold()
        return all(each in folded for each in wanted)


def person_of(application: Application) -> str:
    """Return a person's name as the applications file has it."""
    return f"{application.given_name} {application.family_name}".strip()


def administration_of(application: Application) -> str:
    """Return the name of an application's administration, or what was written for it."""
    if application.not_member is not None:
        return application.administration_as_written
    return display_name(application.administration)


def several_meetings(found: Shown) -> bool:
    """Tell whether the round has several meetings, so that a decision must name its own."""
    return len(found.result.round.meetings) > 1


def shown(desk: Desk, run: RunView) -> Shown:
    """Return a finished run."""
    who = whose(desk)
    key = who, run.id, run.fingerprint
    return kept("shown", key, lambda: Shown(desk.result(run.id), who.persons), _size_of_shown)


def _size_of_shown(found: Shown) -> int:
    """Return what it takes; what those see who see persons is kept by the desk already."""
    return (LIST if found.personal else RESULT) * len(found.result.lines)


def assessed_run(desk: Desk, view: RoundView, run: RunView) -> Assessed:
    """Return the round as a run had it, judged and scored, for many questions."""

    def make() -> Assessed:
        return assessed_of(desk.loaded(view.summary.id, run.id), shown(desk, run).result)

    return kept("assessed", (whose(desk), run.id), make, _size_of_assessed)


def assessed_now(desk: Desk, view: RoundView) -> Assessed:
    """Return the round as it would be decided now, judged and scored, for many questions."""
    return without_errors(judged_now(desk, view))


def judged_now(desk: Desk, view: RoundView) -> Assessed:
    """Return the round as it would be judged now; what that finds wrong is among its problems."""
    run = view.run
    if run is not None and run.current and run.kind == PROPOSAL and run.status in FINISHED:
        return assessed_run(desk, view, run)  # it was judged so
    key = whose(desk), *as_it_stands(view)
    return kept("judged now", key, lambda: desk.assessed(view.summary.id), _size_of_assessed)


def _size_of_assessed(found: Assessed) -> int:
    return ROUND * len(found.loaded.applications)


def loaded_now(desk: Desk, view: RoundView) -> LoadedRound:
    """Return the round as it would be decided now."""
    return assessed_now(desk, view).loaded


def under(desk: Desk, view: RoundView, run: RunView, rules: Rules) -> Result:
    """Return what a run would have given under other rules, in brief but proven optimal."""

    def make() -> Result:
        return what_if(assessed_run(desk, view, run), rules, time_limit=_PATIENCE)

    key = whose(desk), run.id, repr(rules)
    return kept("under", key, make, lambda found: RESULT * len(found.lines))


def finished_runs(view: RoundView) -> tuple[RunView, ...]:
    """Return the runs that have a result, newest first."""
    return tuple(each for each in view.runs if each.status in FINISHED)


def chosen_run(view: RoundView, *, key: str) -> RunView | None:
    """Return the run that the address names, else the current one; offer the others if any."""
    runs = {each.id: each for each in finished_runs(view)}
    if not runs:
        return None
    current = view.run.id if view.run and view.run.id in runs else next(iter(runs))
    wanted = named("run")
    if wanted and wanted not in runs:
        st.warning(say("ui.run-unknown", run=safe(wanted)), icon=":material/search_off:")
    start = wanted if wanted in runs else current
    if len(runs) == 1:
        return runs[start]
    ids = list(runs)
    found = st.selectbox(
        say("ui.allocation.run.which"),
        ids,
        index=ids.index(start),
        format_func=lambda each: run_words(runs[each]),
        key=f"{key}-{current}",
        width=420,
    )
    name("run", None if found == current else found)
    return runs[found]


def run_words(run: RunView) -> str:
    """Return which run it is, in a few words."""
    return say(
        "ui.allocation.run.one",
        run=run.id,
        kind=say(f"ui.allocation.kind.{run.kind}"),
        when=moment(run.finished or run.started),
        state=say(f"ui.allocation.run.{'current' if run.current else 'earlier'}"),
    )


def pick_application(found: Shown, *, key: str, label: str, most: int = 50) -> str | None:
    """Offer a search over applications; return the one chosen, starting with the address's.

    Parameters
    ----------
    found : Shown
        The run whose applications are searched.
    key : str
        Prefix of the widgets' keys.
    label : str
        What to write over the field.
    most : int
        So many hits are offered at most.
    """
    about = named("application") or ""
    start = about if about in found.judged else ""
    searched, chosen = st.columns(2, vertical_alignment="bottom")
    words = searched.text_input(
        label, help=say(f"ui.allocation.search.{'names' if found.personal else 'ids'}"), key=key
    )
    hits = list(found.found(words, most)) if words.strip() else ([start] if start else [])
    if not hits:
        if words.strip():
            st.info(say("ui.allocation.search.none", words=safe(words)), icon=":material/search:")
        return None
    with chosen:
        picked = st.selectbox(
            say("ui.allocation.search.hits", count=len(hits)),
            hits,
            index=hits.index(start) if start in hits else 0,
            format_func=lambda each: application_words(found, each),
            key=f"{key}-hit-{words}-{start}",
        )
    return str(picked)


def application_words(found: Shown, application: str) -> str:
    """Return an application in a line: id, name for those who may see it, administration."""
    parts: Iterator[str] = iter(
        (application, found.person(application), found.administration(application))
    )
    return " · ".join(part for part in parts if part)
