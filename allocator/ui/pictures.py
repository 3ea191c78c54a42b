"""Pictures ready for the browser: their colours, what they show in words, the drawing itself.

Making a drawing takes far longer than sending it, so it is made once for everybody; it holds counts
of groups, nobody's data.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import altair as alt
import streamlit as st

from allocator.wording import THIN


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of the pictures in one mode: ink, faint ink, a track behind bars, the series."""

    ink: str
    faint: str
    track: str
    on_series: str
    series: tuple[str, ...]


_LIGHT = Palette(
    *("#0a171b", "#52656b", "#dbe4e5", "#ffffff"),
    ("#0b6e7f", "#9a5c0b", "#6d5aa6", "#4f6b25", "#8a3b2e", "#52656b"),
)
_DARK = Palette(
    *("#e4eced", "#9fb1b5", "#2b3b40", "#0a171b"),
    ("#4fb8c9", "#e3a857", "#b3a2ea", "#a5c46a", "#e08d7d", "#9fb1b5"),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as the browser draws it, in JSON, and what it shows in words."""

    drawing: str
    words: str


THOUSANDS = f"replace(format(datum.value, ',.0f'), regexp(',', 'g'), '{THIN}')"
"""How an axis writes amounts: as the texts do."""

POINTS = f"replace(format(datum.value, ',.3~f'), regexp(',', 'g'), '{THIN}')"
"""How an axis writes points: as the texts do."""

SHARES = f"format(100 * datum.value, '.0f') + '{THIN}%'"
"""How an axis writes shares: as the texts do."""

LINES = "split(datum.label, '\\n')"
"""How an axis writes names of several lines."""


def palette() -> Palette:
    """Return the colours of the mode the person has chosen."""
    return _DARK if st.context.theme.type == "dark" else _LIGHT


def chart_of(rows: Iterable[dict[str, Any]]) -> Any:
    """Return a chart of rows, which go with the picture as they are."""
    return alt.Chart(alt.InlineData(values=list(rows)))


def drawing_of(chart: Any, colours: Palette) -> str:
    """Return a chart of altair as the browser draws it, in the colours of the mode."""
    themed = chart.configure_axis(
        labelColor=colours.ink, titleColor=colours.faint, gridColor=colours.track, labelFontSize=13
    ).configure_legend(labelColor=colours.ink, labelFontSize=13)
    found = themed.to_dict()
    found["config"].pop("view", None)  # a size that altair's theme would give it
    drawing: str = json.dumps(found)
    return drawing


def show(picture: Picture, key: str) -> None:
    """Draw a picture."""
    drawing = json.loads(picture.drawing)
    st.vega_lite_chart(spec=drawing, width="stretch", key=key, alt=picture.words)
