"""A signing key is made for an officer who has none: both halves are downloaded, none is kept."""

import tempfile
from pathlib import Path

import streamlit as st

from allocator.office.roles import Command, may
from allocator.texts import say
from allocator.ui.components import file_download
from allocator.ui.session import Desk, attempt

SHORTEST = 12
"""Characters of a password: the file lies in a folder of downloads, where others may find it."""

NAME = "signing-key.pem"
_MADE = "signoff-made-key"
_PEM = "application/x-pem-file"

type Halves = tuple[bytes, bytes]
"""The private key, encrypted, and the public one, both in PEM form."""


def draw(desk: Desk) -> None:
    """Offer to make a key, and what was made until the session ends."""
    if not may(desk.me(), Command.KEYGEN):
        return
    with st.expander(_say("title"), icon=":material/key:"):
        st.markdown(_say("about", least=SHORTEST))
        with st.form("signoff-new-key", border=False):
            one, again = st.columns(2)
            password = one.text_input(_say("password"), type="password", key="signoff-new-password")
            repeated = again.text_input(_say("repeat"), type="password", key="signoff-new-repeated")
            pressed = st.form_submit_button(_say("button"))
        if pressed:
            _make(desk, password, repeated)
        made: Halves | None = st.session_state.get(_MADE)
        if made is not None:
            _offer(made)


def _say(name: str, **values: object) -> str:
    return say(f"ui.signoff.make-key.{name}", **values)


def _make(desk: Desk, password: str, repeated: str) -> None:
    if len(password) < SHORTEST:
        st.error(_say("short", least=SHORTEST), icon=":material/block:")
    elif password != repeated:
        st.error(_say("differs"), icon=":material/block:")
    else:
        made = attempt(lambda: _made(desk, password))
        if made is not None:
            st.session_state[_MADE] = made


def _made(desk: Desk, password: str) -> Halves:
    with tempfile.TemporaryDirectory() as place:
        private = Path(place, NAME)
        public = desk.make_key(private, password)
        return private.read_bytes(), public.read_bytes()


def _offer(made: Halves) -> None:
    st.success(_say("done"), icon=":material/check_circle:")
    with st.container(horizontal=True):
        file_download(_say("private"), lambda: made[0], NAME, _PEM, key="signoff-private")
        file_download(_say("public"), lambda: made[1], f"{NAME}.pub", _PEM, key="signoff-public")
