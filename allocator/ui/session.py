"""Who is at the desk, and which desk: identity, one shared store, one desk per run of a page."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import streamlit as st

from allocator.errors import AllocatorError, problem
from allocator.office.desk import Desk, open_desk
from allocator.office.identity import Identity, from_oidc, from_system
from allocator.office.roles import Actor, Source
from allocator.office.store import Store, open_store
from allocator.office.views import RoundView
from allocator.texts import say
from allocator.ui.failures import refusal
from allocator.ui.formats import safe

__all__ = ["Desk", "act", "attempt", "come_in", "flash", "said", "sign_out"]

SIGNED_IN_FOR = timedelta(hours=12)
"""After so long one signs in again, although Streamlit's cookie would last for 30 days."""

_FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")
"""What a proxy adds to what it passes on."""

_ROLES = "_roles"
_SAID = "_said"
_DRAWN, _DRAWING = "_drawn", "_drawing"


@st.cache_resource(show_spinner=False, on_release=Store.close)
def the_store() -> Store:
    """Open the store that the environment names, once for all sessions."""
    return open_store()


def come_in() -> tuple[Desk, Actor]:
    """Return the desk and the person at it; a person who must sign in first sees that and no more.

    A session ends when its person's roles change: what was fetched under the old ones is forgotten.
    """
    try:
        desk = open_desk(the_store(), _identity())
        actor = desk.me()
    except AllocatorError as error:
        refusal(error)
        _sign_out_button()
        st.stop()
    _end_on_change(actor)
    return desk, actor


def _identity() -> Identity:
    if not signs_in():
        if from_elsewhere():
            raise AllocatorError(problem("serve-open", value=str(st.context.headers.get("host"))))
        return from_system()
    if not st.user.is_logged_in or not _fresh(st.user.get("iat")):
        _ask_to_sign_in()
    return from_oidc(dict(st.user))


def signs_in() -> bool:
    """Tell whether people sign in through a provider: the secrets have a section ``auth``."""
    return bool(st.secrets.load_if_toml_exists() and "auth" in st.secrets)


def from_elsewhere() -> bool:
    """Tell whether the browser is on another machine, or behind a proxy that may serve others."""
    forwarded = any(st.context.headers.get(name) for name in _FORWARDED)
    return forwarded or st.context.ip_address is not None


def _fresh(issued: object) -> bool:
    if not isinstance(issued, int | float):
        return False
    return datetime.now(UTC) - datetime.fromtimestamp(issued, UTC) < SIGNED_IN_FOR


def _ask_to_sign_in() -> None:
    st.title(say("ui.sign-in.title"))
    st.write(say("ui.sign-in.about"))
    if st.button(say("ui.sign-in.button"), type="primary", icon=":material/login:"):
        st.login()
    st.stop()


def sign_out(actor: Actor) -> None:
    """Draw the button that ends the session, where one can."""
    if actor.source is Source.OIDC:
        _sign_out_button()


def _sign_out_button() -> None:
    if signs_in() and st.button(say("ui.sign-out"), icon=":material/logout:", type="tertiary"):
        st.session_state.clear()
        st.logout()


def _end_on_change(actor: Actor) -> None:
    known = st.session_state.setdefault(_ROLES, actor.roles)
    if known != actor.roles:
        st.session_state.clear()
        st.session_state[_ROLES] = actor.roles
        flash(say("ui.roles-changed"))
        st.rerun()


def attempt[T](command: Callable[[], T]) -> T | None:
    """Give a command and return its answer; a refusal is shown in its place, and ``None`` returned.

    Parameters
    ----------
    command : callable
        One call of the desk, as ``lambda: desk.check(round_id, seen)``.
    """
    try:
        with st.spinner(say("ui.working")):
            return command()
    except AllocatorError as error:
        refusal(error)
        return None


def act[T](
    command: Callable[[], T],
    done: str,
    then: Callable[[T], None] | None = None,
    refused: Callable[[AllocatorError], None] | None = None,
) -> None:
    """Give a command that changes something; say that it is done on a page drawn anew.

    Parameters
    ----------
    command : callable
        One call of the desk, as ``lambda: desk.check(round_id, seen)``.
    done : str
        What to say when it is done; values from files are made safe by the caller.
    then : callable, optional
        Called with the answer, for example to ``go`` to another page.
    refused : callable, optional
        Called with a refusal before it is shown.
    """
    try:
        with st.spinner(say("ui.working")):
            answer = command()
    except AllocatorError as error:
        if refused is not None:
            refused(error)
        refusal(error)
        return
    flash(done)
    if then is not None:
        then(answer)
    st.rerun()


def begin_page(view: RoundView | None = None) -> None:
    """Begin to draw a page: what it drew before is what its reader was looking at.

    Parameters
    ----------
    view : RoundView, optional
        The round the page is about, as it is now.
    """
    st.session_state[_DRAWING] = {}
    if view is not None:
        looked_at(_version_of(view), view.summary.version)
        looked_at(_entry_of(view), view.entry)


def end_page() -> None:
    """Remember what is on the screen now that the page is drawn."""
    st.session_state[_DRAWN] = st.session_state.pop(_DRAWING, {})


def looked_at(what: str, now: int) -> int:
    """Return the version of something that was on the screen when a button was pressed.

    Pressing it draws the page anew from what is there *then*; the desk has to be told what the
    person saw, or it could not say that somebody else was faster.

    Parameters
    ----------
    what : str
        What is looked at. It is asked for whenever it is drawn, not only when something is done.
    now : int
        The version that is there now: what was on the screen if the page was not drawn before.
    """
    st.session_state.setdefault(_DRAWING, {})[what] = now
    return int(st.session_state.get(_DRAWN, {}).get(what, now))


def version_seen(view: RoundView) -> int:
    """Return the version of a round that was on the screen when a button was pressed."""
    return looked_at(_version_of(view), view.summary.version)


def entry_seen(view: RoundView) -> int:
    """Return the newest entry about a round when what was on the screen was drawn."""
    return looked_at(_entry_of(view), view.entry)


def _version_of(view: RoundView) -> str:
    return f"round {view.summary.id}"


def _entry_of(view: RoundView) -> str:
    return f"entry {view.summary.id}"


def flash(text: str, *, done: bool = True) -> None:
    """Keep a sentence to be said at the top of the next page; with a tick if something is done."""
    st.session_state[_SAID] = (text, done)


def said() -> None:
    """Say what was kept."""
    text, done = st.session_state.pop(_SAID, None) or ("", True)
    if text and done:
        st.success(text, icon=":material/check_circle:")
    elif text:
        st.info(text, icon=":material/info:")


def greeting(actor: Actor) -> str:
    """Return who is at the desk, with the roles, as safe Markdown."""
    return say("ui.at-the-desk", name=safe(actor.name or actor.login), roles=safe(roles_of(actor)))


def roles_of(actor: Actor) -> str:
    """Return the names of a person's roles; values of texts, not yet safe Markdown."""
    return ", ".join(say(f"office.role.{role}") for role in actor.roles) or say("ui.no-role")
