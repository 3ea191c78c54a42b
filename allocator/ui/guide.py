"""A first run in five minutes: the steps from files to a signed record, and which are done."""

from dataclasses import dataclass

import streamlit as st

from allocator.office.states import State
from allocator.office.views import RoundView
from allocator.texts import say
from allocator.ui.navigation import link


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its texts are ``ui.guide.step.<name>``; the page where it is taken."""

    name: str
    page: str
    done: bool


def steps(view: RoundView | None) -> tuple[Step, ...]:
    """Return the steps of a first run with what a round has behind it.

    Parameters
    ----------
    view : RoundView, optional
        The round that is looked at; without one nothing is done.
    """
    if view is None:
        return tuple(Step(name, page, False) for name, page in _STEPS)
    state = view.summary.state
    behind = {
        "begin": True,
        "check": state is not State.DRAFT,
        "allocate": view.run is not None,
        "propose": state not in (State.DRAFT, State.CHECKED),
        "approve": state in (State.APPROVED, State.PUBLISHED, State.CLOSED),
        "verify": state in (State.PUBLISHED, State.CLOSED),
    }
    return tuple(Step(name, page, behind.get(name, False)) for name, page in _STEPS)


_STEPS = (
    ("begin", "rounds"),
    ("check", "applications"),
    ("allocate", "allocation"),
    ("why", "why"),
    ("propose", "signoff"),
    ("approve", "signoff"),
    ("verify", "audit"),
)


def show(view: RoundView | None) -> None:
    """Draw the steps; those done say so in a word, not by their colour."""
    st.markdown(say("ui.guide.about"))
    for number, step in enumerate(steps(view), start=1):
        icon = "task_alt" if step.done else "radio_button_unchecked"
        title = say(f"ui.guide.step.{step.name}.title")
        done = f" *{say('ui.guide.done')}*" if step.done else ""
        what = say(f"ui.guide.step.{step.name}.what")
        st.markdown(f":material/{icon}: **{number}. {title}**{done}  \n{what}")
        if view is not None and not step.done and step.page != "rounds":
            link(step.page, say("ui.guide.go"), round=view.summary.id)
