"""What is on the screen of the page Policy, in its address: ``?policy=…&turned=…&on=…``.

It outlasts a refresh and can be sent to a colleague, who sees the same positions, unsaved. What
comes in an address is nobody's word: what does not fit the policy is passed over.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction

import streamlit as st

from allocator.office.views import RoundView
from allocator.policy_edit import Dial, Unit, dials, with_weights
from allocator.ui import policy_draft
from allocator.ui.address import name, named
from allocator.ui.policy_dials import end_of_scale
from allocator.ui.policy_draft import Draft, Source

_NAMES = ("policy", "turned", "on")
_WRITTEN = "_policy-address"
_FAR = timedelta(days=3650)
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3}|/[1-9][0-9]{0,8})?", re.ASCII)


def take_over(view: RoundView, found: tuple[Source, ...], default: date) -> date | None:
    """Put on the screen what the address names, unless this session wrote the address itself.

    Parameters
    ----------
    view : RoundView
        The round.
    found : tuple of Source
        Everything one can begin with.
    default : date
        The day on which dated values are read unless the address names another.

    Returns
    -------
    date, optional
        The day on which they are read from now on; ``None`` if nothing was taken over.
    """
    sent = tuple(named(each) for each in _NAMES)
    if not any(sent) or sent == st.session_state.get(_WRITTEN):
        return None
    policy, turned, day = sent
    on = _day(day, default)
    if policy is not None and policy not in {each.id for each in found}:
        return on  # positions of a version that is not here
    if policy is not None:
        policy_draft.look_at(view.summary.id, policy)
    draft = policy_draft.on_screen(view, found)
    if turned:
        policy_draft.change(view.summary.id, draft, _with(draft.source.text, turned, on))
    return on


def tell(view: RoundView, found: tuple[Source, ...], on: date, default: date) -> None:
    """Make the address name what is on the screen, as far as it is not what is there anyway."""
    draft = policy_draft.on_screen(view, found)
    turned = _turned(draft, on)
    away = draft.source.id != policy_draft.start(view, found).id
    told = (
        draft.source.id if turned or away else None,
        turned or None,
        on.isoformat() if on != default else None,
    )
    for what, value in zip(_NAMES, told, strict=True):
        name(what, value)
    st.session_state[_WRITTEN] = told


def _turned(draft: Draft, on: date) -> str:
    """Return the positions of the dials that were turned; nothing if more than that was changed."""
    before = {each.name: each.value for each in _dials(draft.source.text, on)}
    moved = {
        each.name: each.value
        for each in _dials(draft.text, on)
        if each.value != before.get(each.name)
    }
    if not moved.keys() <= before.keys():
        return ""
    if not moved or with_weights(draft.source.text, moved, on) != draft.text:
        return ""
    return " ".join(f"{dial}:{_number(value)}" for dial, value in moved.items())


def _number(value: Fraction) -> str:
    exact = value * 1000
    return f"{float(value):g}" if exact.denominator == 1 and exact < 10**6 else str(value)


def _with(text: str, turned: str, on: date) -> str:
    """Return a policy's text with the positions that fit it; as it is if they make an error."""
    known = {each.name: each for each in _dials(text, on)}
    fitting = {dial: value for dial, value in _positions(turned) if _fits(known.get(dial), value)}
    changed = with_weights(text, fitting, on)
    return changed if policy_draft.checked(changed)[0] is not None else text


def _positions(turned: str) -> Iterator[tuple[str, Fraction]]:
    for part in turned.split():
        dial, _, number = part.rpartition(":")
        if _NUMBER.fullmatch(number):
            yield dial, Fraction(number)


def _fits(dial: Dial | None, value: Fraction) -> bool:
    """Tell whether the slider of a dial can stand at a value."""
    if dial is None:
        return False
    if dial.unit is Unit.SHARE:
        return value <= 1
    return value <= end_of_scale(dial.value) and (value * 1000).denominator == 1


def _dials(text: str, on: date) -> tuple[Dial, ...]:
    policy = policy_draft.checked(text)[0]
    return () if policy is None else dials(policy, on)


def _day(text: str | None, default: date) -> date:
    """Return the day that is named if it is not too far away."""
    try:
        on = date.fromisoformat(text or "")
    except ValueError:
        return default
    return on if abs(on - default) <= _FAR else default
