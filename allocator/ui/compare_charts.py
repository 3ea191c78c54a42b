"""Policies side by side as pictures: awards, money and merit; shares against targets; who moves.

Each policy has a shape and a place of its own besides its colour; the figures stand in the table.
"""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from allocator.explain.compare_policies import Comparison, Side
from allocator.explain.moves import Moved
from allocator.model import POINT
from allocator.texts import say
from allocator.ui import charts
from allocator.ui.formats import safe
from allocator.ui.pictures import SHARES
from allocator.wording import money_brief, target_words, trimmed

_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross")
_BAR = 20
_TARGET = 18
_MOVES = (Moved.GAINS, Moved.LOSES, Moved.PACKAGE)


def figures_chart(comparison: Comparison, *, key: str) -> None:
    """Draw awards, money and merit of each policy as bars, side by side."""
    columns = st.columns(3, gap="large")
    sides = comparison.sides
    drawn = (
        (
            say("compare.awards"),
            [float(side.awarded) for side in sides],
            [_awards(side) for side in sides],
        ),
        (
            say("compare.spent", currency=comparison.currency),
            [side.spent / 100 for side in sides],
            [money_brief(side.spent) for side in sides],
        ),
        (
            say("ui.compare.merit-by-first"),
            [float(side.merit_by_first / POINT) for side in sides],
            [trimmed(side.merit_by_first / POINT, 1) for side in sides],
        ),
    )
    for index, (column, (title, values, words)) in enumerate(zip(columns, drawn, strict=True)):
        with column:
            _bars(title, sides, values, words, key=f"{key}-{index}")


def _awards(side: Side) -> str:
    return say("ui.compare.awards", awards=side.awarded, full=side.full, partial=side.partial)


def _bars(
    title: str, sides: Sequence[Side], values: list[float], told: list[str], *, key: str
) -> None:
    colours = charts.palette()
    frame = pd.DataFrame({"name": [s.name for s in sides], "value": values, "words": told})
    base: Any = alt.Chart(frame)
    y = alt.Y(
        "name:N",
        sort=[s.name for s in sides],
        title=None,
        axis=alt.Axis(labels=False, ticks=False, domain=False),
    )
    highest = max([*values, 1.0])
    x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, highest * 1.05]))
    domain = [s.name for s in sides]
    chart = alt.layer(
        base.mark_bar(size=_BAR).encode(y=y, x=x, color=_fill(domain)),
        base.mark_text(align="left", baseline="bottom", dy=-_BAR // 2 - 2, fontSize=12).encode(
            y=y, x=alt.value(0), text="label:N", color=alt.value(colours.ink)
        ),
    )
    frame["label"] = [f"{s.name}: {words}" for s, words in zip(sides, told, strict=True)]
    st.markdown(f"**{safe(title)}**")
    words = "; ".join(frame["label"])
    _draw(chart, 50 * len(sides) + 6, f"{title}. {words}", key)


def _fill(names: list[str], *, legend: bool = False) -> alt.Color:
    colours = charts.palette().series
    return alt.Color(
        "name:N",
        scale=alt.Scale(domain=names, range=[colours[i % len(colours)] for i in range(len(names))]),
        legend=alt.Legend(title=None, orient="top", labelLimit=400, columns=2) if legend else None,
    )


def shares_chart(comparison: Comparison, *, key: str) -> None:
    """Draw every group's share of the awards under each policy, its own target as an upright."""
    rows, targets = _shares(comparison)
    if not rows:
        st.markdown(say("ui.compare.no-shares"))
        return
    colours = charts.palette()
    names = [side.name for side in comparison.sides]
    groups = list(dict.fromkeys(row["group"] for row in rows))
    base: Any = alt.Chart(pd.DataFrame(rows))
    y = alt.Y("group:N", sort=groups, title=None, axis=alt.Axis(labelLimit=260, grid=True))
    axis = alt.Axis(labelExpr=SHARES, tickCount=6)
    x = alt.X("share:Q", title=None, axis=axis, scale=alt.Scale(domain=[0, 1]))
    offset = alt.YOffset("name:N", sort=names)
    shape = alt.Shape(
        "name:N",
        scale=alt.Scale(domain=names, range=list(_SHAPES[: len(names)])),
        legend=alt.Legend(title=None, orient="top", labelLimit=400, columns=2),
    )
    layers = [
        base.mark_point(size=110, filled=True, opacity=1).encode(
            y=y, yOffset=offset, x=x, color=_fill(names, legend=True), shape=shape
        )
    ]
    if targets:
        ticks: Any = alt.Chart(pd.DataFrame(targets))
        mark = ticks.mark_tick(thickness=3, size=_TARGET, color=colours.ink, opacity=1)
        layers.append(mark.encode(y=y, yOffset=offset, x="share:Q"))
    st.caption(say("ui.compare.shares-legend"))
    told = "; ".join(f"{row['group']}, {row['name']}: {row['words']}" for row in rows)
    height = (20 * len(names) + 14) * len(groups) + 60
    _draw(alt.layer(*layers), height, say("ui.compare.shares-alt", words=told), key)


def _shares(comparison: Comparison) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the points of the picture, and its targets."""
    rows: list[dict[str, Any]] = []
    targets: list[dict[str, Any]] = []
    aimed = {each.label for each in comparison.groups() if each.key.startswith("aim:")}
    for group in comparison.groups():
        if not group.key.startswith("aim:") and (aimed or not group.key.startswith("gender:")):
            continue
        for side in comparison.sides:
            found = side.standing(group.key)
            if found is None or found.part.share is None:
                continue
            words = found.part.words
            if found.target is not None:
                words = say("compare.target", label=words, target=target_words(found.target))
                share = float(found.target)
                targets.append({"group": group.label, "name": side.name, "share": share})
            share = float(found.part.share)
            rows.append({"group": group.label, "name": side.name, "share": share, "words": words})
    return rows, targets


def moves_chart(comparison: Comparison, *, key: str) -> None:
    """Draw how many gain, lose or change package under each policy against the first."""
    rows = [
        {
            "name": side.name,
            "move": say(f"ui.allocation.move.{kind}"),
            "count": side.count(kind),
            "words": str(side.count(kind)),
        }
        for side in comparison.sides[1:]
        for kind in _MOVES
    ]
    if not any(row["count"] for row in rows):
        return
    colours = charts.palette()
    names = [side.name for side in comparison.sides]
    kinds = [say(f"ui.allocation.move.{kind}") for kind in _MOVES]
    base: Any = alt.Chart(pd.DataFrame(rows))
    y = alt.Y("move:N", sort=kinds, title=None, axis=alt.Axis(labelLimit=220, ticks=False))
    offset = alt.YOffset("name:N", sort=names[1:])
    axis = alt.Axis(tickMinStep=1, tickCount=6, format="d")
    x = alt.X("count:Q", title=say("ui.compare.applications"), axis=axis)
    chart = alt.layer(
        base.mark_bar().encode(y=y, yOffset=offset, x=x, color=_fill(names, legend=len(names) > 2)),
        base.mark_text(align="left", dx=5, color=colours.ink, fontSize=12).encode(
            y=y, yOffset=offset, x="count:Q", text="words:N"
        ),
    )
    told = "; ".join(f"{row['name']}, {row['move']}: {row['words']}" for row in rows)
    height = (22 * (len(names) - 1) + 14) * len(_MOVES) + 60
    _draw(chart, height, say("ui.compare.moves-chart", words=told), key)


def _draw(chart: Any, height: int, words: str, key: str) -> None:
    colours = charts.palette()
    themed = (
        chart.properties(height=height)
        .configure_axis(
            labelColor=colours.ink,
            titleColor=colours.faint,
            gridColor=colours.track,
            labelFontSize=13,
        )
        .configure_legend(labelColor=colours.ink, labelFontSize=13)
        .configure_view(stroke=None)
    )
    st.altair_chart(themed, width="stretch", key=key, alt=words)
