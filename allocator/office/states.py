"""The states of a round, and the one table of which may follow which and by whose command."""

from dataclasses import dataclass
from enum import StrEnum

from allocator.office.roles import Command


class State(StrEnum):
    """How far a round has come."""

    DRAFT = "draft"
    CHECKED = "checked"
    PROPOSED = "proposed"
    APPROVED = "approved"
    PUBLISHED = "published"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Transition:
    """A step from one state to another; ``reasoned`` if a reason must be given."""

    before: State
    command: Command
    after: State
    reasoned: bool = False


TRANSITIONS = (
    Transition(State.DRAFT, Command.CHECK, State.CHECKED),
    Transition(State.CHECKED, Command.IMPORT, State.DRAFT),
    Transition(State.CHECKED, Command.FIX, State.DRAFT),
    Transition(State.CHECKED, Command.SET_POLICY, State.DRAFT),
    Transition(State.CHECKED, Command.PROPOSE, State.PROPOSED),
    Transition(State.CHECKED, Command.RETURN, State.DRAFT, reasoned=True),
    Transition(State.PROPOSED, Command.RETURN, State.DRAFT, reasoned=True),
    Transition(State.PROPOSED, Command.APPROVE, State.APPROVED),
    Transition(State.APPROVED, Command.RETURN, State.DRAFT, reasoned=True),
    Transition(State.APPROVED, Command.PUBLISH, State.PUBLISHED),
    Transition(State.PUBLISHED, Command.CLOSE, State.CLOSED),
)
"""Every step there is. Inputs and policy can change in ``draft`` and ``checked`` alone."""

OPEN = (State.DRAFT, State.CHECKED)
"""States in which files, policy and overrides may change."""


def after(state: State, command: Command) -> State | None:
    """Return the state a command leads to, ``None`` if it leads nowhere from here."""
    return next((t.after for t in TRANSITIONS if t.before is state and t.command is command), None)


REPORT = "report delivered"
"""The outcome that can be recorded of a closed round too."""

FOLLOWS: dict[str, tuple[str, ...]] = {
    "accepted": ("",),
    "declined": ("",),
    "withdrawn": ("", "accepted"),
    "visa refused": ("", "accepted"),
    "attended": ("", "accepted"),
    "left early": ("", "accepted", "attended"),
    "no-show": ("", "accepted"),
    REPORT: ("attended", "left early"),
}
"""What may become of an award, and after which earlier outcomes; empty: none recorded yet."""

NO_OUTCOME = "none"
"""A correction that leaves nothing recorded: the award is as it was published."""

FALLEN = ("declined", "withdrawn", "visa refused", "no-show")
"""Outcomes with which an award falls through: what was not paid of it is free again."""

AT_MEETING = ("attended", "left early", "no-show", "report delivered")
"""Outcomes that cannot be before the meeting begins."""

UNUSED = ("declined", "withdrawn", "visa refused")
"""Outcomes with which an award does not count for the limit of a person and year. A no-show counts,
for the office has kept the place and often paid the ticket: a choice."""
