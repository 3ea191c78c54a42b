"""Policies as they stand on the screen: a saved or shipped text, and what was turned since.

A draft lives in the session, one for every version that was looked at: it survives going to another
page and back. Of the one on the screen the positions that were turned are in the address too
(``policy_address``), so that they survive a refresh. Only the desk saves. Other pages take unsaved
positions from ``draft_of``.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import streamlit as st

from allocator.errors import Problem, has_errors
from allocator.office.views import PolicyView, RoundView
from allocator.policy import Policy, check_policy, policy_bytes, shipped_policies
from allocator.texts import say
from allocator.ui.session import Desk

FILE = "policy.yaml"
_DRAFTS = "_policy-drafts"
_CHOSEN = "_policy-chosen"
_MOST_STEPS = 100


@dataclass(frozen=True, slots=True)
class Source:
    """A text to begin with: a saved version, or a policy that comes with the tool."""

    id: str
    label: str
    text: str
    version: PolicyView | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A policy on the screen: ``text`` has no errors; ``earlier`` are its texts before, to undo."""

    source: Source
    text: str
    earlier: tuple[str, ...] = ()

    @property
    def unsaved(self) -> bool:
        """Tell whether anything was changed since the text it began with."""
        return self.text != self.source.text


@lru_cache(maxsize=128)
def checked(text: str) -> tuple[Policy | None, tuple[Problem, ...]]:
    """Read a policy; the policy is ``None`` where there are errors."""
    policy, problems = check_policy(text.encode("utf-8"), FILE)
    return (None if has_errors(problems) else policy), problems


def sources(desk: Desk) -> tuple[Source, ...]:
    """Return everything one can begin with: saved versions, newest first, then the shipped ones."""
    saved = (
        Source(
            f"saved-{each.id}",
            say("ui.policy.source.saved", number=each.number, title=each.title),
            each.text,
            each,
        )
        for each in desk.policies()
    )
    shipped = (
        Source(
            f"shipped-{name}",
            say("ui.policy.source.shipped", title=title),
            policy_bytes(name)[0].decode("utf-8"),
        )
        for name, title in shipped_policies()
    )
    return (*saved, *shipped)


def choose(view: RoundView, found: tuple[Source, ...]) -> Draft:
    """Offer what to look at; return its draft."""
    by_id = {each.id: each for each in found}
    chosen = on_screen(view, found).source.id
    key = f"policy-source-{view.summary.id}"
    if st.session_state.get(key) != chosen:
        st.session_state[key] = chosen
    # Names only: what is said of them beside would change, and with it what the browser has chosen.
    labels = {each.id: each.label for each in found}
    st.selectbox(
        say("ui.policy.source.label"),
        list(by_id),
        format_func=lambda each: labels.get(each, each),
        help=say("ui.policy.source.help"),
        key=key,
        on_change=_picked,
        args=(view.summary.id, key),
    )
    _chosen()[view.summary.id] = chosen
    return _draft(view.summary.id, by_id[chosen])


def on_screen(view: RoundView, found: tuple[Source, ...]) -> Draft:
    """Return the draft of what was chosen to be looked at, else of where one starts."""
    by_id = {each.id: each for each in found}
    kept = by_id.get(_chosen().get(view.summary.id, ""))
    return _draft(view.summary.id, kept or start(view, found))


def _picked(round_id: str, key: str) -> None:
    _chosen()[round_id] = st.session_state[key]


def start(view: RoundView, found: tuple[Source, ...]) -> Source:
    """Return the version that the round has, else the newest, else the first that is shipped."""
    wanted = view.policy.id if view.policy else None
    return next((each for each in found if each.version and each.version.id == wanted), found[0])


def _draft(round_id: str, source: Source) -> Draft:
    kept = _drafts().get((round_id, source.id))
    if kept is None or kept.source.text != source.text:
        return Draft(source, source.text)
    return kept


def draft_of(round_id: str) -> Draft | None:
    """Return the policy that is on the screen for a round, ``None`` before it was looked at."""
    return _drafts().get((round_id, _chosen().get(round_id, "")))


def unsaved_of(round_id: str) -> tuple[Draft, ...]:
    """Return every policy that was changed on the screen for a round and not saved."""
    drafts = (each for (round_, _), each in _drafts().items() if round_ == round_id)
    return tuple(each for each in drafts if each.unsaved)


def keep(round_id: str, draft: Draft) -> None:
    """Keep a draft as it is."""
    _drafts()[round_id, draft.source.id] = draft


def change(round_id: str, draft: Draft, text: str) -> None:
    """Give a draft another text, which must have no errors; the one before can be had back."""
    if text != draft.text:
        earlier = (*draft.earlier, draft.text)[-_MOST_STEPS:]
        keep(round_id, replace(draft, text=text, earlier=earlier))


def undo(round_id: str, draft: Draft) -> None:
    """Go back by one change."""
    *earlier, text = draft.earlier
    keep(round_id, replace(draft, text=text, earlier=tuple(earlier)))


def discard(round_id: str, draft: Draft) -> None:
    """Go back to the text the draft began with; that too can be undone."""
    change(round_id, draft, draft.source.text)


def saved(round_id: str, draft: Draft, version: PolicyView) -> None:
    """Go on with the version a draft was saved as."""
    _drafts().pop((round_id, draft.source.id), None)
    look_at(round_id, f"saved-{version.id}")


def look_at(round_id: str, source: str) -> None:
    """Show a version, by the id of the source, from now on."""
    _chosen()[round_id] = source


def _drafts() -> dict[tuple[str, str], Draft]:
    drafts: dict[tuple[str, str], Draft] = st.session_state.setdefault(_DRAFTS, {})
    return drafts


def _chosen() -> dict[str, str]:
    chosen: dict[str, str] = st.session_state.setdefault(_CHOSEN, {})
    return chosen
