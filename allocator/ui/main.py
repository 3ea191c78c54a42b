"""The script of every session: who is there, which pages, then the page the address names."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from allocator.errors import AllocatorError
from allocator.office.roles import Actor, Source
from allocator.office.states import State
from allocator.office.views import RoundSummary, RoundView
from allocator.texts import say
from allocator.ui import address, ahead, guide, jobs_panel, navigation, session
from allocator.ui.components import empty, state_badge
from allocator.ui.failures import refusal
from allocator.ui.formats import safe
from allocator.ui.navigation import OfficePage, Page
from allocator.ui.server import HERE, on_failure
from allocator.ui.session import Desk

_NAVIGATION = 256
"""Pixels of the navigation's width."""


def main() -> None:
    """Draw one page for one person."""
    st.set_page_config(
        page_title=say("ui.name"),
        page_icon=str(HERE / "static" / "mark.svg"),
        layout="wide",
        initial_sidebar_state=_NAVIGATION,
    )
    st.html(HERE / "static" / "frame.css")
    # One that is legible on light and dark: it stays when somebody changes the mode.
    st.logo(str(HERE / "static" / "logo.svg"), size="large")
    desk, actor = session.come_in()
    pages = navigation.pages_for(actor)
    draw = navigation.drawn(
        pages,
        lambda page: _show(page, desk, picker),
        lambda page: _astray(page, actor, pages) if pages else _nothing(),
    )
    with st.sidebar:
        picker = st.container()
        _at_the_desk(actor)
    draw()


def _nothing() -> None:
    """Draw the page of somebody who signed in and has no role."""
    st.title(say("ui.name"))
    session.said()
    empty(say("ui.nothing-for-you.what"), say("ui.nothing-for-you.do"))


def _astray(page: Page | None, actor: Actor, pages: tuple[Page, ...]) -> None:
    """Say that a page is not open to the person, or that there is none of the name typed."""
    key = "no-page" if page is None else "page-closed"
    st.title(say(f"ui.{key}.title"))
    session.said()
    if page is None:
        what = say("ui.no-page.what", page=address.named("named") or "")
    else:
        what = say("ui.page-closed.what", page=navigation.title_of(page))
    empty(what, say(f"ui.{key}.do", roles=session.roles_of(actor)))
    first = pages[0]
    title = navigation.title_of(first)
    navigation.link(first.name, say("ui.no-page.back", page=title), **_about_round())


def _about_round() -> dict[str, str]:
    named = address.round_named()
    return {"round": named} if named else {}


def _at_the_desk(actor: Actor) -> None:
    st.caption(session.greeting(actor))
    if actor.source is Source.SINGLE:
        st.warning(say("ui.single"), icon=":material/person_alert:")
    session.sign_out(actor)


def _show(page: Page, desk: Desk, picker: DeltaGenerator) -> None:
    """Draw a page under its title; ``picker`` is the place where a round is chosen."""
    title = navigation.title_of(page)
    st.set_page_config(page_title=say("ui.page-title", page=title, name=say("ui.name")))
    st.title(title)
    try:
        if isinstance(page, OfficePage):
            st.caption(say(f"ui.page.{page.name}.about"))
            session.said()
            session.begin_page()
            page.show(desk)
        else:
            view = _round(desk, picker)
            if view is not None:
                _heading(view.summary)
                session.said()
                guide.strip(desk, view, page.name)
                session.begin_page(view)
                jobs_panel.mount(desk, view, page.name)
                page.show(desk, view)
                ahead.read(desk, view)
        session.end_page()
    except AllocatorError as error:
        refusal(error)


def _round(desk: Desk, picker: DeltaGenerator) -> RoundView | None:
    """Return the round the page is about; without one, say what to do first."""
    rounds = desk.rounds()
    if not rounds:
        empty(say("ui.no-round.what"), say("ui.no-round.do"))
        navigation.link("rounds", say("ui.no-round.button"))
        return None
    ids = [each.id for each in rounds]
    wanted = address.round_named()
    if wanted is not None and wanted not in ids:
        st.warning(say("ui.round-unknown", round=safe(wanted)), icon=":material/search_off:")
    current = wanted if wanted in ids else ids[0]
    titles = {each.id: each.title for each in rounds}
    with picker:
        chosen = st.selectbox(
            say("ui.round-picker"),
            ids,
            index=ids.index(current),
            format_func=lambda each: titles.get(each, each),
        )
    address.name_round(chosen)
    return desk.round(chosen)


def _heading(summary: RoundSummary) -> None:
    """Say which round it is, how far it has come, and what comes next."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{safe(summary.title)}**", width="content")
        state_badge(summary.state)
    if summary.state is not State.CLOSED:
        st.caption(say("ui.next-step", step=safe(summary.next_step)))


try:
    with ahead.drawing():
        main()
except Exception as failure:  # Streamlit would print it, with whatever data its message holds
    on_failure(failure)
