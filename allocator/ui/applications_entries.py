"""Meetings and funds added to a round, or taken out, without a file in hand.

Like the form of the facts it changes the text of ``round.yaml`` and brings that in: one import,
refused in the same words, undone in the same way.
"""

from collections.abc import Callable
from datetime import date

import streamlit as st

from allocator.errors import AllocatorError
from allocator.intake.folding import fold
from allocator.intake.round_edit import Kind, facts_of, with_entry, without_entry
from allocator.intake.round_schema import FundEntry, MeetingEntry, RoundEntry
from allocator.office.views import RoundView
from allocator.texts import say
from allocator.ui.applications_data import file_of, loaded_of
from allocator.ui.applications_round import FIRST, LAST, bring_in, label_of
from allocator.ui.formats import safe
from allocator.ui.session import Desk

_TEXT = "applications.entries"


def draw(desk: Desk, view: RoundView) -> None:
    """Draw the choice and its form, for whoever may bring in files while the round is open."""
    there = file_of(loaded_of(desk, view), "round")
    if there is None:
        return
    try:
        entry = facts_of(there[1])
    except AllocatorError:  # the problems say why
        return
    with st.expander(_say("title"), icon=":material/playlist_add:"):
        st.caption(_say("about"))
        parts: dict[str, Callable[[Desk, RoundView, bytes, RoundEntry], None]] = {
            "meeting": _meeting,
            "fund": _fund,
            "out": _out,
        }
        chosen = st.radio(
            _say("what"),
            list(parts),
            format_func=lambda each: _say(f"kinds.{each}"),
            horizontal=True,
            key="applications-entries",
        )
        parts[chosen](desk, view, there[1], entry)


def _say(name: str, **values: object) -> str:
    return say(f"ui.{_TEXT}.{name}", **values)


class _Form:
    """The fields of a new entry: empty again as soon as there is one entry more.

    Parameters
    ----------
    kind : str
        What is added.
    there : int
        How many there are.
    """

    def __init__(self, kind: str, there: int) -> None:
        self._begin, self._end = f"applications-{there}", kind

    def text(self, label: str, name: str, *, needed: bool = True) -> str:
        """Ask for a text."""
        if not needed:
            label = _say("optional", label=label)
        return st.text_input(label, max_chars=4000, key=self._key(name)).strip()

    def day(self, name: str, *, needed: bool = True) -> str:
        """Ask for a day; in ISO form, or empty."""
        label = label_of(name) if needed else _say("optional", label=label_of(name))
        found = st.date_input(
            label, None, min_value=FIRST, max_value=LAST, format="YYYY-MM-DD", key=self._key(name)
        )
        return found.isoformat() if isinstance(found, date) else ""

    def _key(self, name: str) -> str:
        return f"{self._begin}-{self._end}-{name}"


def _meeting(desk: Desk, view: RoundView, base: bytes, entry: RoundEntry) -> None:
    said: dict[str, str] = {}
    form = _Form("meeting", len(entry.meetings))
    with st.form("applications-meeting", border=False):
        short, title, group = st.columns([2, 5, 2], vertical_alignment="bottom")
        with short:
            said["id"] = form.text(_say("meeting-id"), "id")
        with title:
            said["title"] = form.text(label_of("meeting_title"), "title")
        with group:
            said["study_group"] = form.text(_say("group"), "group", needed=False)
        starts, ends, deadline, city, country = st.columns(5, vertical_alignment="bottom")
        with starts:
            said["starts"] = form.day("starts")
        with ends:
            said["ends"] = form.day("ends")
        with city:
            said["city"] = form.text(label_of("city"), "city")
        with country:
            said["country"] = form.text(_say("country"), "country", needed=False)
        allowance, days, budget = st.columns(3)
        with allowance:
            label = label_of("dsa_per_day", entry.currency)
            said["dsa_per_day"] = form.text(label, "dsa", needed=False)
        with days:
            said["days_paid"] = form.text(label_of("days_paid"), "days", needed=False)
        with deadline:
            said["deadline"] = form.day("deadline", needed=False)
        with budget:
            label = label_of("budget", entry.currency)
            said["budget"] = form.text(label, "budget", needed=False)
        pressed = st.form_submit_button(_say("add-meeting"), type="primary")
    if pressed:
        order = [name for name in MeetingEntry.model_fields if name in said]
        _add(desk, view, base, "meetings", {name: said[name] for name in order})


def _fund(desk: Desk, view: RoundView, base: bytes, entry: RoundEntry) -> None:
    said: dict[str, str] = {}
    form = _Form("fund", len(entry.funds))
    with st.form("applications-fund", border=False):
        short, title, amount = st.columns([2, 5, 2])
        with short:
            said["id"] = form.text(_say("fund-id"), "id")
        with title:
            said["title"] = form.text(label_of("fund_title"), "title")
        with amount:
            said["amount"] = form.text(label_of("amount", entry.currency), "amount")
        pressed = st.form_submit_button(_say("add-fund"), type="primary")
    if pressed:
        _add(desk, view, base, "funds", said)


def _add(desk: Desk, view: RoundView, base: bytes, kind: Kind, said: dict[str, str]) -> None:
    """Add an entry; what was left empty and may be is not written."""
    schema: type[MeetingEntry | FundEntry] = MeetingEntry if kind == "meetings" else FundEntry
    fields = schema.model_fields
    entry = {name: value for name, value in said.items() if value or fields[name].is_required()}
    if fold(entry["id"]) in {fold(each.id) for each in getattr(facts_of(base), kind)}:
        st.error(_say("twice", id=safe(entry["id"])), icon=":material/error:")
        return
    needed = [name for name, value in entry.items() if not value]
    if needed:
        currency = facts_of(base).currency
        labels = ", ".join(_label(kind, name, currency) for name in needed)
        st.error(_say("needed", fields=labels), icon=":material/error:")
        return
    _bring_in(desk, view, lambda: with_entry(base, kind, entry), "added", entry["id"])


def _label(kind: Kind, name: str, currency: str) -> str:
    """Return what a field of the forms is called."""
    of = kind.removesuffix("s")
    if name == "id":
        return _say(f"{of}-id")
    return label_of(f"{of}_title" if name == "title" else name, currency)


def _out(desk: Desk, view: RoundView, base: bytes, entry: RoundEntry) -> None:
    kinds: tuple[Kind, ...] = ("meetings", "funds")
    places = {
        (kind, at): each.id
        for kind in kinds
        for at, each in enumerate(getattr(entry, kind))
        if len(getattr(entry, kind)) > 1
    }
    if not places:
        st.info(_say("only"), icon=":material/info:")
        return
    chosen = st.selectbox(
        _say("which"),
        list(places),
        index=None,
        format_func=lambda each: _say(f"of.{each[0]}", id=places[each]),
        key="applications-entries-which",
    )
    pressed = st.button(_say("take-out"), disabled=chosen is None, key="applications-entries-out")
    if pressed and chosen is not None:
        kind, at = chosen
        _bring_in(desk, view, lambda: without_entry(base, kind, at), "taken", places[chosen])


def _bring_in(desk: Desk, view: RoundView, make: Callable[[], bytes], done: str, name: str) -> None:
    def checked() -> bytes:
        content = make()
        facts_of(content)  # what is wrong with an entry is said before it is brought in
        return content

    bring_in(desk, view, checked, f"ui.{_TEXT}.{done}", id=safe(name))
