"""How far an application is from the line: a small picture of the line and where it stands."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from allocator.explain.explanation import Explanation
from allocator.model import POINT, Decision
from allocator.texts import say
from allocator.ui import charts
from allocator.wording import points

_MOST = 100 * POINT


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an application stands, in thousandths of a point; ``exact`` as its margin is."""

    merit: int
    line: int
    awarded: bool
    exact: bool


def standing(explained: Explanation | None) -> Standing | None:
    """Return where an application stands against the line, ``None`` where there is no line."""
    if explained is None or explained.merit is None or explained.margin is None:
        return None
    margin, awarded = explained.margin, explained.decision is Decision.AWARDED
    if margin.points is None or margin.at_any_merit:
        return None
    line = explained.merit - margin.points if awarded else explained.merit + margin.points
    return Standing(explained.merit, line, awarded, margin.exact)


def standing_chart(stands: Standing, *, key: str) -> None:
    """Draw points from 0, the line as an upright rule, this application as a dot, both labelled."""
    colours = charts.palette()
    high = max(_MOST, stands.merit, stands.line)
    words = _words(stands)
    track: Any = alt.Chart(pd.DataFrame([{"from": 0.0, "to": high / POINT}]))
    row: dict[str, float | str] = {
        "merit": stands.merit / POINT,
        "line": stands.line / POINT,
        "here": say("ui.why.here", points=points(stands.merit)),
        "there": words,
    }
    one: Any = alt.Chart(pd.DataFrame([row]))
    axis = alt.Axis(title=say("ui.charts.points"), tickCount=6, grid=False)
    x = alt.X("from:Q", axis=axis, scale=alt.Scale(domain=[0, high / POINT]))
    middle = alt.value(58)
    chart = alt.layer(
        track.mark_rule(color=colours.track, strokeWidth=8).encode(x=x, x2="to:Q", y=middle),
        one.mark_rule(color=colours.series[0], strokeWidth=8).encode(
            x="merit:Q", x2="line:Q", y=middle
        ),
        one.mark_rule(color=colours.ink, strokeWidth=2, strokeDash=[5, 3]).encode(
            x="line:Q", y=alt.value(34), y2=alt.value(78)
        ),
        one.mark_point(
            shape="circle", size=190, filled=True, opacity=1, color=colours.series[1]
        ).encode(x="merit:Q", y=middle),
        _label(one, "line", "there", 22, stands.line, high, colours.ink),
        _label(one, "merit", "here", 98, stands.merit, high, colours.ink),
    ).properties(height=200)
    told = say("ui.why.line-alt", here=row["here"], line=words)
    themed = chart.configure_axis(labelColor=colours.ink, titleColor=colours.faint)
    st.altair_chart(themed.configure_view(stroke=None), width="stretch", key=key, alt=told)


def _label(chart: Any, at: str, words: str, y: int, value: int, high: int, colour: str) -> Any:
    """Write words at a place, towards the side where there is room."""
    part = Fraction(value, high)
    align = "left" if part < Fraction(1, 3) else "right" if part > Fraction(2, 3) else "center"
    return chart.mark_text(align=align, color=colour, fontSize=13).encode(
        x=f"{at}:Q", y=alt.value(y), text=f"{words}:N"
    )


def _words(stands: Standing) -> str:
    exact = "" if stands.exact else "-bound"
    side = "awarded" if stands.awarded else "declined"
    return say(f"ui.why.line-{side}{exact}", points=points(stands.line))
