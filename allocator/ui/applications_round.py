"""The facts of a round in a form: titles, dates, places and money of its ``round.yaml``.

The form changes the file itself, single values in its own text, and brings it in like any other
file: one import, refused in the same words, undone in the same way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from hashlib import sha256
from itertools import batched
from typing import Any

import streamlit as st

from allocator.errors import AllocatorError
from allocator.intake.round_edit import facts_of, with_facts
from allocator.intake.round_schema import FundEntry, MeetingEntry, RoundEntry
from allocator.office.views import ImportView, RoundView
from allocator.strict_yaml import Path
from allocator.texts import say
from allocator.ui.applications_data import file_of, loaded_of
from allocator.ui.applications_fix import left_words
from allocator.ui.failures import STALE, refusal
from allocator.ui.formats import safe
from allocator.ui.session import Desk, act, flash, version_seen

_BASE = "_applications-round"
_TYPED = "_applications-round-typed"
FIRST, LAST = date(1990, 1, 1), date(2100, 12, 31)
_MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class _Form:
    """The file that the form was drawn from, and what its fields are to say.

    ``typed`` is what a person typed over an earlier file that somebody else has changed since.
    """

    base: bytes
    changes: dict[Path, str | None]
    typed: dict[Path, str | None]

    def field(self, label: str, path: Path, value: Any, *, money: bool = False) -> None:
        """Draw the field of a value and remember what was typed if it is another."""
        key = f"applications-round-{sha256(self.base).hexdigest()[:12]}-{'-'.join(map(str, path))}"
        shown = _text(value, money=money)
        begun = self.typed.get(path, shown)
        typed: object
        if isinstance(value, date) or path[-1] == "deadline":
            first, last = min(FIRST, value or FIRST), max(LAST, value or LAST)
            day = date.fromisoformat(begun) if begun else None
            typed = st.date_input(
                label, day, min_value=first, max_value=last, format="YYYY-MM-DD", key=key
            )
        elif path[-1] == "days_paid":
            least, most = min(0, value or 0), max(_MOST_DAYS, value or 0)
            days = int(begun) if begun else None
            typed = st.number_input(label, least, most, days, step=1, key=key)
        else:
            typed = st.text_input(label, begun or "", max_chars=4000, key=key).strip()
            typed = typed or (None if shown is None or path[-1] in _MAY_BE_LEFT_OUT else "")
        if (said := _text(typed, money=False)) != shown:
            self.changes[path] = said


_OF_MEETING = (
    *("starts", "ends", "deadline", "city"),
    *("days_paid", "dsa_per_day", "budget"),
)
_MAY_BE_LEFT_OUT = frozenset({"lottery_seed", "dsa_per_day", "budget"})


def _text(value: object, *, money: bool) -> str | None:
    """Return a value as the file says it: an amount with two decimals, a date as ISO."""
    if value is None:
        return None
    if money and isinstance(value, int):
        return f"{value // 100}.{value % 100:02d}"
    return value.isoformat() if isinstance(value, date) else str(value)


def draw(desk: Desk, view: RoundView) -> None:
    """Draw the form for whoever may bring in files, while the round is open."""
    there = file_of(loaded_of(desk, view), "round")
    if there is None:
        return
    button = f"applications-round-save-{view.summary.id}"
    base = _base(view, there[1], pressed=bool(st.session_state.get(button)))
    try:
        entry = facts_of(base)
    except AllocatorError:  # the problems say why
        return
    expanded = not view.summary.applications
    title = say("ui.applications.round.title")
    with st.expander(title, icon=":material/event:", expanded=expanded):
        st.caption(say("ui.applications.round.about"))
        with st.form(f"applications-round-form-{view.summary.id}", border=False):
            form = _Form(base, {}, st.session_state.get(_TYPED, {}).get(base, {}))
            _round(form, entry)
            for at, meeting in enumerate(entry.meetings):
                _meeting(form, at, meeting, entry.currency)
            for at, fund in enumerate(entry.funds):
                _fund(form, at, fund, entry.currency)
            label = say("ui.applications.round.button")
            pressed = st.form_submit_button(label, type="primary", key=button)
        if pressed:
            _save(desk, view, form, there[1])


def _base(view: RoundView, now: bytes, *, pressed: bool) -> bytes:
    """Return the file that the person saw: what is there now may be somebody else's."""
    kept: dict[str, bytes] = st.session_state.setdefault(_BASE, {})
    if not pressed:
        kept[view.summary.id] = now
    return kept.setdefault(view.summary.id, now)


def label_of(name: str, currency: str = "") -> str:
    """Return what a fact of a round is called over its field."""
    return say(f"ui.applications.round.{name}", currency=safe(currency))


def _beside(fields: Sequence[Callable[[], None]]) -> None:
    """Draw fields side by side, four in a row."""
    for row in batched(fields, 4, strict=False):
        for place, field in zip(st.columns(4), row, strict=False):
            with place:
                field()


def _round(form: _Form, entry: RoundEntry) -> None:
    form.field(label_of("name"), ("title",), entry.title)
    form.field(label_of("lottery_seed"), ("lottery_seed",), entry.lottery_seed)
    _beside(
        [
            partial(form.field, label_of(name), (name,), getattr(entry, name))
            for name in ("decision_date", "financial_year")
        ]
    )


def _meeting(form: _Form, at: int, entry: MeetingEntry, currency: str) -> None:
    st.markdown(f"**{safe(say('ui.applications.round.meeting', id=entry.id))}**")
    form.field(label_of("meeting_title"), ("meetings", at, "title"), entry.title)
    money = {"dsa_per_day": entry.dsa_currency or currency, "budget": currency}
    _beside(
        [
            partial(
                form.field,
                label_of(name, money.get(name, "")),
                ("meetings", at, name),
                getattr(entry, name),
                money=name in money,
            )
            for name in _OF_MEETING
        ]
    )


def _fund(form: _Form, at: int, entry: FundEntry, currency: str) -> None:
    st.markdown(f"**{safe(say('ui.applications.round.fund', id=entry.id))}**")
    title, amount = st.columns([3, 1])
    with title:
        form.field(label_of("fund_title"), ("funds", at, "title"), entry.title)
    with amount:
        label = label_of("amount", currency)
        form.field(label, ("funds", at, "amount"), entry.amount, money=True)


def _save(desk: Desk, view: RoundView, form: _Form, now: bytes) -> None:
    if not form.changes:
        st.warning(say("ui.applications.round.same"), icon=":material/warning:")
        return

    def refused(error: AllocatorError) -> None:
        """Draw the form anew over what somebody else saved, with what was typed in it."""
        if error.code == STALE and now != form.base:
            st.session_state[_TYPED] = {now: dict(form.changes)}
            flash(say("ui.applications.round.typed", what=safe(error.problems[0].what)), done=False)
            st.rerun()

    def make() -> bytes:
        return with_facts(form.base, form.changes)

    bring_in(desk, view, make, "ui.applications.round.done", refused)


def bring_in(
    desk: Desk,
    view: RoundView,
    make: Callable[[], bytes],
    done: str,
    refused: Callable[[AllocatorError], None] | None = None,
    **told: object,
) -> None:
    """Bring in a changed ``round.yaml``, or say why it cannot be changed so.

    Parameters
    ----------
    desk : Desk
        The desk.
    view : RoundView
        The round as it was seen.
    make : callable
        Makes the file.
    done : str
        The key of what is said when it is there: with what is ``left``, and what is ``told``.
    refused : callable, optional
        As for ``act``.
    """
    try:
        content = make()
    except AllocatorError as error:
        refusal(error)
        return
    summary, seen = view.summary, version_seen(view)

    def saved(found: ImportView) -> None:
        st.session_state.pop(_TYPED, None)  # an undo must not bring it back
        flash(say(done, left=left_words(found), **told))

    act(lambda: desk.import_files(summary.id, {"round.yaml": content}, seen), "", saved, refused)
