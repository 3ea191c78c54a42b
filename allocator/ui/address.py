"""What the address says a page is about: ``?round=…&run=…&application=…``.

It survives a refresh and can be sent to a colleague. What it names is looked up by the desk, which
asks for the right to see it; an address opens nothing by itself.
"""

import streamlit as st

_ROUND = "_round"


def named(what: str) -> str | None:
    """Return what the address names, as ``named("application")``."""
    return st.query_params.get(what) or None


def name(what: str, value: str | None) -> None:
    """Make the address name something, or nothing."""
    if value is None:
        if what in st.query_params:
            del st.query_params[what]
    elif st.query_params.get(what) != value:
        st.query_params[what] = value


def round_named() -> str | None:
    """Return the round that the address names, else the last one looked at in this session."""
    found = named("round") or st.session_state.get(_ROUND)
    return str(found) if found else None


def name_round(round_id: str) -> None:
    """Keep a round in the address and in the session, so that other pages open on it."""
    st.session_state[_ROUND] = round_id
    name("round", round_id)
