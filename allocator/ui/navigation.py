"""Which pages there are, in which order, and who is shown them.

A page is a module ``allocator/ui/pages_<name>.py`` that declares ``PAGE``. Hiding a page protects
nothing: the desk asks for every command whether the person may give it.
"""

import logging
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from itertools import groupby

import streamlit as st

from allocator import ui
from allocator.commands.guard import reference
from allocator.office.roles import Actor, Command, may
from allocator.office.views import RoundView
from allocator.texts import say
from allocator.ui.address import round_named
from allocator.ui.server import NO_PAGE
from allocator.ui.session import Desk

LOG = logging.getLogger("allocator.ui")
_MODULES = "pages_"
_TARGETS = "_pages"


class Section(StrEnum):
    """The parts of the navigation, in the order in which they stand."""

    DECIDE = "decide"
    CHECK = "check"
    OFFICE = "office"


@dataclass(frozen=True, slots=True)
class OfficePage:
    """A page about the office as a whole.

    ``name`` is its address and the key of its texts ``ui.page.<name>.title`` and ``.about``;
    ``place`` orders it within its section; ``command`` is what a person must be allowed to do to be
    shown it.
    """

    name: str
    section: Section
    place: int
    icon: str
    command: Command
    show: Callable[[Desk], None]


@dataclass(frozen=True, slots=True)
class RoundPage:
    """A page about one round, the one that the address names: as ``OfficePage`` otherwise."""

    name: str
    section: Section
    place: int
    icon: str
    command: Command
    show: Callable[[Desk, RoundView], None]


type Page = OfficePage | RoundPage


@cache
def all_pages() -> tuple[Page, ...]:
    """Return every page there is, in the order of the navigation.

    A page that cannot be loaded is left out and named in the server's log; the others work.
    """
    names = sorted(each.name for each in pkgutil.iter_modules(ui.__path__))
    found = [page for name in names if name.startswith(_MODULES) for page in _loaded(name)]
    order = list(Section)
    return tuple(sorted(found, key=lambda page: (order.index(page.section), page.place)))


def _loaded(name: str) -> tuple[Page, ...]:
    try:
        page: Page = import_module(f"{ui.__name__}.{name}").PAGE
        title_of(page)
    except Exception as error:
        LOG.exception("the page %s cannot be loaded: %s", name, reference(error))
        return ()
    return (page,)


def pages_for(actor: Actor) -> tuple[Page, ...]:
    """Return the pages a person is shown."""
    return tuple(page for page in all_pages() if may(actor, page.command))


def title_of(page: Page) -> str:
    """Return a page's title."""
    return say(f"ui.page.{page.name}.title")


def drawn(
    pages: tuple[Page, ...], run: Callable[[Page], None], astray: Callable[[Page | None], None]
) -> Callable[[], None]:
    """Draw the navigation and return what draws the page that the address names.

    The bare address leads to the first page, so that this one too has an address of its own.
    Streamlit's own list is hidden: its headings break the list for those who hear it, and its links
    forget which round they are about.

    Parameters
    ----------
    pages : tuple of Page
        Those that the person is shown.
    run : callable
        Draws one of them.
    astray : callable
        Draws what is under the address of another page, or of none.
    """
    targets = {page.name: _target(page, run) for page in pages}
    st.session_state[_TARGETS] = targets
    closed = (_target(page, astray) for page in all_pages() if page.name not in targets)
    nowhere = st.Page(lambda: astray(None), title=say("ui.no-page.title"), url_path=NO_PAGE)
    home = st.Page(lambda: _home(pages, astray), title=say("ui.name"), default=True)
    every = [home, *targets.values(), *closed, nowhere]
    chosen = st.navigation(every, position="hidden")
    with st.sidebar:
        _draw_list(pages, targets)
    return chosen.run


def _draw_list(pages: tuple[Page, ...], targets: dict[str, st.Page]) -> None:
    """Draw the links, a heading over each section; those about a round say which."""
    named = round_named()
    for section, members in groupby(pages, key=lambda page: page.section):
        with st.container(gap="xsmall"):
            st.markdown(f":small[:gray[{say(f'ui.section.{section}')}]]")
            for page in members:
                about = {"round": named} if named and isinstance(page, RoundPage) else None
                st.page_link(
                    targets[page.name],
                    help=say(f"ui.page.{page.name}.about"),
                    query_params=about,
                    width="stretch",
                )


def _home(pages: tuple[Page, ...], astray: Callable[[Page | None], None]) -> None:
    if pages:
        go(pages[0].name, **dict(st.query_params))
    astray(None)


def _target(page: Page, run: Callable[[Page], None]) -> st.Page:
    draw = _runner(page, run)
    return st.Page(draw, title=title_of(page), icon=page.icon, url_path=page.name)


def _runner(page: Page, run: Callable[[Page], None]) -> Callable[[], None]:
    def show() -> None:
        run(page)

    return show


def _targets() -> dict[str, st.Page]:
    targets: dict[str, st.Page] = st.session_state.get(_TARGETS, {})
    return targets


def reachable(name: str) -> bool:
    """Tell whether the person at the desk is shown a page."""
    return name in _targets()


def go(name: str, **address: str) -> None:
    """Leave for another page.

    Parameters
    ----------
    name : str
        The page's name; ``reachable`` tells whether there is one.
    **address : str
        What it is about: ``round``, ``run``, ``application``.
    """
    st.switch_page(_targets()[name], query_params=address)


def link(name: str, label: str | None = None, **address: str) -> None:
    """Draw a link to another page; nothing if the person is not shown that page."""
    if reachable(name):
        target = _targets()[name]
        st.page_link(target, label=label or target.title, query_params=address)
