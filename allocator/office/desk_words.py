"""An entry of the log becomes a sentence; what to do next with a round becomes another."""

from allocator.office.states import State
from allocator.office.store_rows import EventRow
from allocator.texts import Counted, catalogue, say
from allocator.wording import plain_money


def event_sentence(event: EventRow) -> str:
    """Return an event in words; one of a kind this version does not know, by its kind."""
    key = f"office.event.{event.kind}"
    texts = catalogue()
    if key not in texts:
        key = "office.event.other"
    elif "row" in event.payload and f"{key}-row" in texts:
        key += "-row"
    fields = {name: _shown(name, value) for name, value in event.payload.items()}
    common = {"actor": event.actor, "event": event.kind, "about": event.subject.partition(":")[2]}
    counted = {name: Counted(value) for name, value in (fields | common).items()}
    return texts[key].format_map(_Fields(counted))


class _Fields(dict[str, Counted]):
    """Fields of a text; what an older event does not have reads as a dash."""

    def __missing__(self, key: str) -> Counted:
        return Counted("–")


def _shown(name: str, value: object) -> str:
    if name == "amount" and isinstance(value, int):
        return plain_money(value)
    if name == "command":
        return say(f"office.command.{value}")
    if name == "roles" and isinstance(value, list):
        return ", ".join(say(f"office.role.{each}") for each in value)
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return "–" if value is None else str(value)


def number_of(text: str) -> int | None:
    """Return a number as a person writes it, ``None`` for what no row could have as its key."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def next_step(state: State, *, can_run: bool, has_run: bool, reallocating: str = "") -> str:
    """Return what to do next with a round, and who does it.

    Parameters
    ----------
    state : State
        Where the round stands.
    can_run : bool
        Whether there are files and a policy.
    has_run : bool
        Whether there is a finished run of what is there now.
    reallocating : str
        ``reallocating`` if a published round has a newer run that is not published,
        ``reallocating-outdated`` if that is not of what is there now; else empty.
    """
    key: str = state.value
    if state is State.DRAFT and not can_run:
        key = "empty"
    elif state is State.CHECKED and has_run:
        key = "run"
    elif state is State.PUBLISHED and reallocating:
        key = reallocating
    return say(f"office.next.{key}")
