"""The parts that pages are put together from: states, empty states, facts, tables, files, forms."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from fractions import Fraction
from io import BytesIO
from typing import Any, Literal

import pandas as pd
import streamlit as st

from allocator.office.states import State
from allocator.texts import say
from allocator.ui.downloads import held
from allocator.ui.fitting import ROOM, fit
from allocator.ui.formats import safe
from allocator.ui.sheets import XLSX, sheet_bytes
from allocator.wording import THIN, for_reading, places_needed

_STATE_LOOKS = {
    State.DRAFT: ("gray", "edit"),
    State.CHECKED: ("blue", "fact_check"),
    State.PROPOSED: ("violet", "rate_review"),
    State.APPROVED: ("green", "verified"),
    State.PUBLISHED: ("green", "campaign"),
    State.CLOSED: ("gray", "lock"),
}


def state_badge(state: State) -> None:
    """Show a round's state as a word with an icon; the colour only helps."""
    colour, icon = _STATE_LOOKS[state]
    st.badge(say(f"ui.state.{state}"), color=colour, icon=f":material/{icon}:")  # type: ignore[arg-type]


def section(title: str) -> None:
    """Head a part of a page; the page's own title is drawn by the frame."""
    st.header(safe(title), anchor=False, width="content")


def empty(what: str, do: str) -> None:
    """Say that there is nothing yet and what to do first; the caller puts the button under it."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown(f"**{safe(what)}**", text_alignment="center")
        st.markdown(safe(do), text_alignment="center")
        st.space("small")


def facts(values: Sequence[tuple[str, str]]) -> None:
    """Show a few figures side by side, each under its name; both are made safe."""
    with st.container(horizontal=True, gap="small"):
        for label, value in values:
            shown = for_reading(value) if value.isdecimal() else value
            st.metric(safe(label), safe(shown), border=True, width="content")


class Kind(StrEnum):
    """What the cells of a column hold.

    ``MONEY``: minor units; ``POINTS``: thousandths of a merit point; ``SHARE``: a fraction;
    ``DAY``: a date; ``MOMENT``: a time in UTC; ``COUNT``: a whole number.
    """

    TEXT = "text"
    MONEY = "money"
    POINTS = "points"
    COUNT = "count"
    SHARE = "share"
    DAY = "day"
    MOMENT = "moment"


type Cell = str | int | Fraction | date | datetime | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: heading and cells; as wide as they need unless pixels are given."""

    heading: str
    kind: Kind = Kind.TEXT
    width: str | int | None = None
    help: str | None = None


_LOOKS: dict[Kind, tuple[Callable[..., Any], dict[str, Any]]] = {
    Kind.TEXT: (st.column_config.TextColumn, {}),
    Kind.MONEY: (st.column_config.NumberColumn, {"format": f"%'{THIN},.2f"}),
    Kind.POINTS: (st.column_config.NumberColumn, {}),
    Kind.COUNT: (st.column_config.NumberColumn, {"format": f"%'{THIN},d"}),
    Kind.SHARE: (st.column_config.NumberColumn, {"format": f"%.1f{THIN}%%"}),
    Kind.DAY: (st.column_config.DateColumn, {"format": "D MMM YYYY"}),
    Kind.MOMENT: (
        st.column_config.DatetimeColumn,
        {"format": "D MMM YYYY, HH:mm", "timezone": "UTC"},
    ),
}
_HEADING, _HIGHEST = 38, 640
"""Pixels of a table's headings, and of a whole table whose rows have several lines."""

_CHOICE = 34
"""Pixels of the boxes in which a row is chosen."""

_LONGEST = {Kind.SHARE: "100.0 %", Kind.DAY: "30 Sep 2026", Kind.MOMENT: "30 Sep 2026, 12:00"}
_DIVISOR = {Kind.MONEY: 100, Kind.POINTS: 1000}


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    *,
    key: str,
    alt: str,
    file_name: str | None = None,
    download: bool = True,
    selectable: bool = False,
    height: int | Literal["auto", "content"] = "auto",
    room: int = ROOM,
) -> int | None:
    """Show a table that sorts, searches and scrolls, with its XLSX under it.

    Columns are as wide, and rows as high, as it takes to read every cell where that is possible.

    Parameters
    ----------
    columns : sequence of Column
        Headings and what the cells hold.
    rows : sequence of sequences
        The cells, in exact units (see ``Kind``); text is shown as text, whatever it says.
    key : str
        A name for the table, its own on the page.
    alt : str
        What the table shows, for those who do not see it.
    file_name : str, optional
        Name of the XLSX download without its ending; the table's own name unless given.
    download : bool
        Whether its XLSX stands under it; not where the caller offers one of more rows.
    selectable : bool
        Whether one row can be chosen.
    height : int or str
        Pixels, ``auto`` (ten rows) or ``content``.
    room : int
        Pixels there are in a window of 1280; fewer in a column of the page.

    Returns
    -------
    int or None
        The index of the chosen row.
    """
    names = [str(index) for index in range(len(columns))]
    parts = [
        (name, column, [row[index] for row in rows])
        for index, (name, column) in enumerate(zip(names, columns, strict=True))
    ]
    frame = pd.DataFrame({name: _series(column.kind, cells) for name, column, cells in parts})
    fitted = fit(
        [column.heading for column in columns],
        [_texts(column.kind, cells) for _, column, cells in parts],
        [column.width if isinstance(column.width, int) else None for column in columns],
        room - (_CHOICE if selectable else 0),
    )
    looks = {
        name: _look(column, cells, width)
        for (name, column, cells), width in zip(parts, fitted.widths, strict=True)
    }
    more: dict[str, Any] = (
        {"on_select": "rerun", "selection_mode": "single-row"} if selectable else {}
    )
    if fitted.row_height is not None:
        more["row_height"] = fitted.row_height
    if height == "auto" and fitted.row_height is not None:
        height = min(_HIGHEST, _HEADING + len(rows) * fitted.row_height)
    answer: Any = st.dataframe(
        frame,
        column_config=looks,
        hide_index=True,
        key=key,
        alt=alt,
        height=height,
        placeholder="",
        **more,
    )
    if download:
        table_download(columns, rows, file_name or key, key=f"{key}-xlsx")
    chosen = answer.selection.rows if selectable else []
    return int(chosen[0]) if chosen and chosen[0] < len(rows) else None


def _texts(kind: Kind, cells: list[Any]) -> list[str]:
    """Return cells about as they are shown, to know how much room they need."""
    known = [each for each in cells if each is not None]
    if kind in (Kind.MONEY, Kind.POINTS):
        return [f"{each / _DIVISOR[kind]:,.2f}" for each in known]
    return [_LONGEST[kind]] if kind in _LONGEST else [str(each) for each in known]


def _look(column: Column, cells: list[Any], width: int) -> Any:
    make, form = _LOOKS[column.kind]
    if column.kind is Kind.POINTS:
        places = places_needed(tuple(each for each in cells if each is not None))
        form = {"format": f"%'{THIN},.{places}f"}
    return make(column.heading, width=width, help=column.help, **form)


def _series(kind: Kind, cells: list[Any]) -> "pd.Series[Any]":
    """Return cells as the grid takes them; display only, so a float is exact enough."""
    if kind in (Kind.MONEY, Kind.POINTS):
        values = [None if cell is None else cell / _DIVISOR[kind] for cell in cells]
        return pd.Series(values, dtype="Float64")
    if kind is Kind.SHARE:
        return pd.Series([None if c is None else float(100 * c) for c in cells], dtype="Float64")
    if kind is Kind.COUNT:
        return pd.Series(cells, dtype="Int64")
    if kind is Kind.DAY:
        return pd.Series(cells, dtype="object")
    if kind is Kind.MOMENT:
        return pd.Series([_in_utc(each) for each in cells], dtype="datetime64[us, UTC]")
    return pd.Series(["" if cell is None else str(cell) for cell in cells], dtype="str")


def _in_utc(when: datetime | None) -> datetime | None:
    if when is None:
        return None
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def table_download(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], file_name: str, *, key: str
) -> None:
    """Offer a table as XLSX, made when it is asked for; text stays text."""
    headings = [column.heading for column in columns]
    kinds = [column.kind.value for column in columns]
    file_download(
        say("ui.download-xlsx"),
        lambda: sheet_bytes(file_name, headings, kinds, rows),
        f"{file_name}.xlsx",
        XLSX,
        key=key,
        quiet=True,
    )


def file_download(
    label: str,
    make: Callable[[], bytes],
    file_name: str,
    mime: str,
    *,
    key: str,
    quiet: bool = False,
) -> None:
    """Offer a file that is made, or asked of the desk, when somebody clicks.

    A quiet button has no frame: for files that only repeat what is seen above them.
    """
    st.download_button(
        label,
        lambda: BytesIO(held(make(), file_name, mime)),
        file_name,
        mime,
        key=key,
        on_click="ignore",
        type="tertiary" if quiet else "secondary",
        icon=":material/download:",
    )


@st.fragment
def folded(title: str, draw: Callable[[], object], *, icon: str | None = None, key: str) -> None:
    """Fold away what few will read; it is sent to the browser when somebody opens it.

    Parameters
    ----------
    title : str
        What it is, made safe.
    draw : callable
        Draws it. What is typed into it is gone when it is closed: it is for reading.
    icon : str, optional
        Before the title.
    key : str
        Its name among all that the page shows.
    """
    with st.expander(title, icon=icon, key=key, on_change="rerun") as box:
        if box.open:
            draw()


def exact(text: str, *, key: str) -> None:
    """Show a text of which every character counts: a fingerprint, a key, a seed."""
    with st.container(key=f"exact-{key}"):
        st.text(text)


def uploads(label: str, endings: Sequence[str], *, key: str) -> dict[str, bytes]:
    """Ask for files; return their contents by name, none while none were given.

    The label stands above as text: Streamlit's own names the drop zone, which its role forbids.
    """
    st.markdown(f":small[{safe(label)}]")
    given = st.file_uploader(
        " ", list(endings), accept_multiple_files=True, key=key, label_visibility="collapsed"
    )
    return {each.name: each.getvalue() for each in given}


def reasoned(
    key: str, label: str, button: str, *, help: str | None = None, primary: bool = False
) -> str | None:
    """Ask for a reason; return it when the button is pressed, else ``None``.

    An empty one is returned as such: the desk refuses it in the same words everywhere.
    """
    with st.form(key, border=False, clear_on_submit=False):
        reason = st.text_area(label, key=f"{key}-reason", help=help, max_chars=4000, height=100)
        pressed = st.form_submit_button(button, type="primary" if primary else "secondary")
    return reason.strip() if pressed else None
