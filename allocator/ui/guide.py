"""A first run in five minutes: the steps from files to a signed record, and which are done.

The page Rounds lists them all; on the other pages of the sample round a strip says which step this
is, what to do, and where the next one is, until the newcomer hides it.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from importlib import resources

import streamlit as st

from allocator.intake.round_file import read_round
from allocator.model import Round
from allocator.office.desk_rounds import SAMPLE
from allocator.office.roles import Command, may
from allocator.office.states import State
from allocator.office.views import RoundSummary, RoundView
from allocator.texts import say
from allocator.ui.address import named
from allocator.ui.navigation import link, reachable
from allocator.ui.session import Desk

_HIDDEN = "_guide-hidden"
_SEEN = "_guide-seen"
_REPORT = "audit-report"
"""Where the page Audit keeps the run it verified last, and the report."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its texts are ``ui.guide.step.<name>``; the page where it is taken, and by whom."""

    number: int
    name: str
    page: str
    command: Command
    done: bool

    @property
    def title(self) -> str:
        """Return what the step is called."""
        return say(f"ui.guide.step.{self.name}.title")


_STEPS = (
    ("begin", "rounds", Command.CREATE_ROUND),
    ("check", "applications", Command.CHECK),
    ("allocate", "allocation", Command.RUN),
    ("why", "why", Command.SEE_ROUNDS),
    ("propose", "signoff", Command.PROPOSE),
    ("approve", "signoff", Command.APPROVE),
    ("verify", "audit", Command.VERIFY),
)


def steps(view: RoundView | None, seen: Collection[str] = ()) -> tuple[Step, ...]:
    """Return the steps of a first run with what a round has behind it.

    Parameters
    ----------
    view : RoundView, optional
        The round that is looked at; without one nothing is done.
    seen : collection of str
        Steps of which a round keeps no trace and that were taken nevertheless: ``why``, ``verify``.
    """
    behind = {*seen, *(() if view is None else _behind(view))}
    return tuple(
        Step(number, name, page, command, name in behind)
        for number, (name, page, command) in enumerate(_STEPS, start=1)
    )


def _behind(view: RoundView) -> set[str]:
    """Return the steps that the round itself shows to be done."""
    state = view.summary.state
    behind = {
        "begin": True,
        "check": state is not State.DRAFT,
        "allocate": view.run is not None,
        "propose": state not in (State.DRAFT, State.CHECKED),
        "approve": state in (State.APPROVED, State.PUBLISHED, State.CLOSED),
        "verify": state is State.CLOSED,
    }
    return {name for name, done in behind.items() if done}


def show(view: RoundView | None) -> None:
    """Draw all steps; those done say so in a word, not by their colour."""
    st.markdown(say("ui.guide.about"))
    for step in steps(view, _seen(view)):
        icon = "task_alt" if step.done else "radio_button_unchecked"
        done = f" *{say('ui.guide.done')}*" if step.done else ""
        what = say(f"ui.guide.step.{step.name}.what")
        st.markdown(f":material/{icon}: **{step.number}. {step.title}**{done}  \n{what}")
        if view is not None and not step.done and step.page != "rounds":
            link(step.page, say("ui.guide.go"), round=view.summary.id)
    if st.session_state.get(_HIDDEN):
        st.button(
            say("ui.guide.again"),
            key="guide-again",
            icon=":material/explore:",
            on_click=_hide(False),
        )


# --- the strip ----------------------------------------------------------------------------------


def strip(desk: Desk, view: RoundView, page: str) -> None:
    """Draw, on a page of the sample round, which step this is and where the next one is taken.

    Parameters
    ----------
    desk, view : Desk, RoundView
        Whose desk, and the round that is looked at.
    page : str
        The page's name.
    """
    if st.session_state.get(_HIDDEN) or not is_sample(view.summary):
        return
    _notice(view, page)
    every = steps(view, _seen(view))
    left = [each for each in every if not each.done]
    here = _here(every, page)
    step = here or next(iter(left), None)
    with st.container(border=True, gap="xsmall", key="guide-strip"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(_heading(step, len(every), here=here is not None), width="content")
            _links(view, left, here)
        if step is None or not step.done:
            st.caption(_what(desk, step))


def is_sample(summary: RoundSummary) -> bool:
    """Tell whether a round was made from the sample that comes with the tool."""
    sample = _sample()
    same = re.fullmatch(rf"{re.escape(sample.id)}(-\d+)?", summary.id)
    return same is not None and summary.title == sample.title


@cache
def _sample() -> Round:
    path = resources.files("allocator") / "samples" / SAMPLE / "round.yaml"
    return read_round(path.read_bytes(), "round.yaml").round


def _here(every: tuple[Step, ...], page: str) -> Step | None:
    """Return the step that is taken on a page: the first of them that is left, or the last."""
    of_page = [each for each in every if each.page == page]
    return next((each for each in of_page if not each.done), of_page[-1] if of_page else None)


def _heading(step: Step | None, count: int, *, here: bool) -> str:
    if step is None:
        return f":material/task_alt: **{say('ui.guide.all-done')}**"
    icon = "task_alt" if step.done else "explore"
    key = "ui.guide.step-of" if here else "ui.guide.next-of"
    told = say(key, number=step.number, count=count, title=step.title)
    done = f" *{say('ui.guide.done')}*" if step.done else ""
    return f":material/{icon}: **{told}**{done}"


def _what(desk: Desk, step: Step | None) -> str:
    if step is None:
        return say("ui.guide.all-done-what")
    what = say(f"ui.guide.step.{step.name}.what")
    if may(desk.me(), step.command):
        return what
    return f"{what} {say('ui.guide.not-yours')}"


def _links(view: RoundView, left: list[Step], here: Step | None) -> None:
    """Offer the way to the next step that is left, and to hide the strip."""
    after = here.number if here else 0
    later = [each for each in left if each.number > after]
    step = next(iter(later or [each for each in left if each is not here]), None)
    if step is not None and (here is None or step.page != here.page) and reachable(step.page):
        key = "next" if step in later else "left"
        label = say(f"ui.guide.{key}", number=step.number, title=step.title)
        link(step.page, label if here else say("ui.guide.go"), round=view.summary.id)
    st.button(
        say("ui.guide.hide"),
        key="guide-hide",
        type="tertiary",
        icon=":material/close:",
        help=say("ui.guide.hide-help"),
        on_click=_hide(True),
    )


def _hide(hidden: bool) -> Callable[[], None]:
    def set_it() -> None:
        st.session_state[_HIDDEN] = hidden

    return set_it


def _notice(view: RoundView, page: str) -> None:
    """Keep that somebody asked why, or had a record verified: the round itself does not tell."""
    of, report = st.session_state.get(_REPORT, (None, None))
    taken = {
        "why": page == "why" and named("application") is not None and view.run is not None,
        "verify": report is not None and any(each.id == of for each in view.runs),
    }
    kept: dict[str, set[str]] = st.session_state.setdefault(_SEEN, {})
    kept.setdefault(view.summary.id, set()).update(name for name, done in taken.items() if done)


def _seen(view: RoundView | None) -> Collection[str]:
    kept: dict[str, set[str]] = st.session_state.get(_SEEN, {})
    return kept.get(view.summary.id, set()) if view else ()
