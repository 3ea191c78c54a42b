"""Figures become pictures that follow the theme, each with its words and the same figures below.

Nothing depends on colour alone: parts carry their names or figures, targets are lines, the pool is
a diamond. Women and men have the colours that groups of anything else have.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from textwrap import wrap
from typing import Any

import altair as alt
import streamlit as st

from allocator.explain.figures import Aim, Group, Grouping, Money
from allocator.explain.price import Price
from allocator.intake.groups import attribute_name
from allocator.intake.values import fold
from allocator.model import POINT
from allocator.texts import say
from allocator.ui.components import Cell, Column, Kind, folded, table
from allocator.ui.fitting import FRAME, HALF, ROOM
from allocator.ui.pictures import (
    LINES,
    POINTS,
    SHARES,
    THOUSANDS,
    Picture,
    chart_of,
    drawing_of,
    show,
)
from allocator.ui.pictures import Palette as Palette
from allocator.ui.pictures import palette as palette
from allocator.wording import money_brief, percent, share_words, target_words, trimmed

STAGES = ("nominated", "eligible", "awarded")
_PICTURES = 64
"""Pictures of each kind that are kept: making one takes far longer than sending it."""

_BAR = 22
_STEP = 34
_NAME = 36
"""Letters of a name in one line beside a bar."""

_ROOM = Fraction(1, 8)


def money_chart(lines: Sequence[Money], currency: str, name: str, *, key: str) -> None:
    """Draw what each fund, or meeting, pays and has left, all on one scale, with the table."""
    show(_money(tuple(lines), currency, palette()), key)
    columns = (
        Column(say("outputs.column.fund")),
        Column(say("outputs.column.awarded"), Kind.COUNT),
        Column(say("ui.charts.spent", currency=currency), Kind.MONEY),
        Column(say("ui.charts.limit", currency=currency), Kind.MONEY),
        Column(say("ui.charts.free", currency=currency), Kind.MONEY),
    )
    cells: list[list[Cell]] = [[e.title, e.awards, e.spent, e.limit, e.free] for e in lines]
    _figures(columns, cells, name, key)


@lru_cache(maxsize=_PICTURES)
def _money(lines: tuple[Money, ...], currency: str, colours: Palette) -> Picture:
    rows: list[dict[str, Any]] = []
    for line in lines:
        whole = max(line.limit or 0, line.spent)
        label = _money_words(line, currency)
        rows.append(
            {
                "line": _wrapped(line.title),
                "spent": line.spent / 100,
                "whole": whole / 100,
                "words": label,
            }
        )
    base: Any = chart_of(rows)
    line_axis = _names("line:N", [row["line"] for row in rows])
    chart = alt.layer(
        base.mark_bar(size=_BAR, color=colours.track).encode(
            y=line_axis,
            x=alt.X("whole:Q", title=currency, axis=alt.Axis(labelExpr=THOUSANDS, tickCount=5)),
        ),
        base.mark_bar(size=_BAR, color=colours.series[0]).encode(y=line_axis, x="spent:Q"),
        base.mark_text(
            align="left", baseline="middle", dx=6, color=colours.ink, fontSize=12
        ).encode(y=line_axis, x="whole:Q", text="words:N"),
    )
    words = "; ".join(f"{' '.join(row['line'].split())}: {row['words']}" for row in rows)
    high = max((row["line"].count("\n") + 1 for row in rows), default=1)
    told = say("ui.charts.money", words=words)
    return _drawn(chart, len(rows), told, colours, axis_title=True, lines=high)


def _wrapped(title: str) -> str:
    """Return a title in lines that fit beside a bar."""
    return "\n".join(wrap(title, _NAME)) or title


def _money_words(line: Money, currency: str) -> str:
    if line.limit is None:
        return f"{currency} {money_brief(line.spent)}"
    return say("ui.charts.of", part=money_brief(line.spent), whole=money_brief(line.limit))


def stage_chart(grouping: Grouping, aims: Sequence[Aim], *, key: str) -> None:
    """Draw who applied, who is eligible and who is awarded, cut by group, against the target.

    The group with a target starts at the left edge, so that its share ends at the line when the
    target is met. With targets for several groups only the first one's line is drawn.
    """
    show(_stages(grouping, tuple(aims), palette()), key)
    _group_figures(grouping, key)


@lru_cache(maxsize=_PICTURES)
def _stages(grouping: Grouping, aims: tuple[Aim, ...], colours: Palette) -> Picture:
    aimed = _aimed(grouping, aims)
    order = sorted(grouping.groups, key=lambda group: fold(group.value) not in aimed)
    base: Any = chart_of(_stage_rows(grouping, order))
    y = _names("stage:N", [say(f"outputs.column.{stage}") for stage in STAGES])
    series = [colours.series[i % len(colours.series)] for i in range(len(order))]
    scale = alt.Scale(domain=[group.label for group in order], range=series)
    fill = alt.Color("group:N", scale=scale, legend=alt.Legend(title=None, orient="top"))
    bar = base.mark_bar(size=_BAR, stroke=colours.on_series, strokeWidth=1)
    text = base.mark_text(baseline="middle", color=colours.on_series, fontSize=12)
    layers = [
        bar.encode(y=y, x=_share_axis("from:Q"), x2="to:Q", color=fill),
        text.encode(y=y, x="middle:Q", text="words:N"),
    ]
    told = [_stage_words(grouping, order, stage) for stage in STAGES]
    first = aimed.get(fold(order[0].value)) if order else None
    if first is not None:
        layers += _target_line(first, colours)
        told.append(say("ui.charts.target", label=first.label, share=target_words(first.share)))
    words = say("ui.charts.stages", words="; ".join(each for each in told if each))
    return _drawn(alt.layer(*layers), len(STAGES), words, colours, legend=True)


def _aimed(grouping: Grouping, aims: Sequence[Aim]) -> dict[str, Aim]:
    """Return the targets of a grouping's groups."""
    return {fold(aim.value): aim for aim in aims if aim.attribute == grouping.attribute}


def _stage_rows(grouping: Grouping, order: Sequence[Group]) -> Iterator[dict[str, Any]]:
    """Yield each group's stretch of each stage's bar; only wide ones have room for their words."""
    for stage in STAGES:
        whole, start = getattr(grouping.known, stage), Fraction(0)
        for group in order if whole else ():
            part = Fraction(getattr(group, stage), whole)
            yield {
                "stage": say(f"outputs.column.{stage}"),
                "group": group.label,
                "from": float(start),
                "to": float(start + part),
                "middle": float(start + part / 2),
                "words": f"{group.label} {getattr(group, stage)}" if part > _ROOM else "",
            }
            start += part


def _stage_words(grouping: Grouping, order: Sequence[Group], stage: str) -> str:
    whole = getattr(grouping.known, stage)
    parts = (f"{group.label} {share_words(getattr(group, stage), whole)}" for group in order)
    return f"{say(f'outputs.column.{stage}')}: {', '.join(parts)}" if whole else ""


def _target_line(aim: Aim, colours: Palette) -> list[Any]:
    words = say("ui.charts.target", label=aim.label, share=target_words(aim.share))
    data: Any = chart_of([{"at": float(aim.share), "words": words}])
    rule = data.mark_rule(color=colours.ink, strokeWidth=2, strokeDash=[5, 3]).encode(x="at:Q")
    text = data.mark_text(color=colours.ink, align="left", baseline="bottom", fontSize=12).encode(
        x="at:Q", y=alt.value(-4), text="words:N"
    )
    return [rule, text]


def share_chart(grouping: Grouping, aims: Sequence[Aim], *, key: str) -> None:
    """Draw each group's share of the awards as a bar, of the eligible as a diamond, its target."""
    st.caption(say("ui.charts.shares-legend"))
    show(_shares(grouping, tuple(aims), palette()), key)
    _group_figures(grouping, key)


@lru_cache(maxsize=_PICTURES)
def _shares(grouping: Grouping, aims: tuple[Aim, ...], colours: Palette) -> Picture:
    aimed = _aimed(grouping, aims)
    rows = [_share_row(group, grouping, aimed.get(fold(group.value))) for group in grouping.groups]
    base: Any = chart_of(rows)
    y = _names("group:N", [group.label for group in grouping.groups])
    x = _share_axis("awards:Q", 1.5 * max(row["far"] for row in rows) or 1.0)
    text = base.mark_text(align="left", dx=10, color=colours.ink, fontSize=12)
    layers = [
        base.mark_bar(size=_BAR, color=colours.series[0]).encode(y=y, x=x),
        text.encode(y=y, x="far:Q", text="words:N"),
    ]
    targets = [row for row in rows if row["target"] is not None]
    if targets:
        ticks: Any = chart_of(targets)
        mark = ticks.mark_tick(thickness=3, size=_BAR + 8, color=colours.ink, opacity=1)
        layers.append(mark.encode(y=y, x="target:Q"))
    diamond = base.mark_point(
        shape="diamond", size=130, filled=True, opacity=1, color=colours.series[1]
    )
    layers.append(diamond.encode(y=y, x="pool:Q", stroke=alt.value(colours.on_series)))
    words = "; ".join(_share_words(row) for row in rows)
    return _drawn(alt.layer(*layers), len(rows), say("ui.charts.shares", words=words), colours)


def _share_row(group: Group, grouping: Grouping, aim: Aim | None) -> dict[str, Any]:
    """Return a group's shares, and where on the axis there is room for its words."""
    awards = _share(group.awarded, grouping.known.awarded)
    pool = _share(group.eligible, grouping.known.eligible)
    target = None if aim is None else float(aim.share)
    return {
        **{"group": group.label, "awards": awards, "pool": pool, "target": target},
        "far": max(awards, pool, target or 0.0),
        "words": share_words(group.awarded, grouping.known.awarded),
    }


def _share_words(row: dict[str, Any]) -> str:
    target = row["target"]
    aim = "" if target is None else say("ui.charts.bullet-target", share=percent(Fraction(target)))
    return say("ui.charts.bullet", **(row | {"pool": percent(Fraction(row["pool"]))})) + aim


def strip_chart(grouping: Grouping, *, key: str) -> None:
    """Draw one square for every eligible application, awarded ones filled, a strip for each group.

    Beyond 60 in the largest group a square stands for several, and the words say for how many.
    """
    each = _square(grouping)
    if each > 1:
        st.caption(say("ui.charts.strip-each", count=each))
    show(_strips(grouping, palette()), key)
    _group_figures(grouping, key)


def _square(grouping: Grouping) -> int:
    """Return for how many applications a square stands."""
    largest = max((group.eligible for group in grouping.groups), default=0)
    return max(1, -(-largest // 60))


@lru_cache(maxsize=_PICTURES)
def _strips(grouping: Grouping, colours: Palette) -> Picture:
    each = _square(grouping)
    rows = [
        {
            "group": group.label,
            "place": place,
            "state": say(
                "outputs.column.awarded" if place < -(-group.awarded // each) else "ui.charts.not"
            ),
        }
        for group in grouping.groups
        for place in range(-(-group.eligible // each))
    ]
    names = [say("outputs.column.awarded"), say("ui.charts.not")]
    chart = (
        chart_of(rows)
        .mark_square(size=130, opacity=1, stroke=colours.series[0], strokeWidth=1.5)
        .encode(
            y=_names("group:N", [group.label for group in grouping.groups]),
            x=alt.X("place:Q", axis=None, scale=alt.Scale(domain=[-0.5, 60])),
            color=alt.Color(
                "state:N",
                scale=alt.Scale(domain=names, range=[colours.series[0], colours.track]),
                legend=alt.Legend(title=None, orient="top", symbolType="square"),
            ),
        )
    )
    words = "; ".join(
        say("ui.charts.strip-part", label=g.label, awarded=g.awarded, eligible=g.eligible)
        for g in grouping.groups
    )
    told = say("ui.charts.strip", words=words)
    return _drawn(chart, len(grouping.groups), told, colours, legend=True)


def waterfall(price: Price, *, key: str) -> None:
    """Draw how a change leads from what the allocation is worth to what it is worth after it."""
    colours = palette()
    before, after = price.objective.before, price.objective.after
    merit, balance = price.merit.by, price.objective.by - price.merit.by
    rows = [
        _step("before", before, before, total=True),
        _step("merit", before, before + merit),
        _step("balance", before + merit, after),
        _step("after", after, after, total=True),
    ]
    base: Any = chart_of(rows)
    order = [row["step"] for row in rows]
    x = alt.X(
        "step:N",
        sort=order,
        title=None,
        axis=alt.Axis(labelAngle=0, labelOverlap=False, labelExpr="split(datum.label, ' ')"),
    )
    points_axis = alt.Axis(title=say("ui.charts.points"), labelExpr=POINTS)
    y = alt.Y("from:Q", axis=points_axis, scale=alt.Scale(zero=False, nice=True))
    scale = alt.Scale(domain=["gain", "loss"], range=list(colours.series[:2]))
    changes = base.transform_filter("datum.kind != 'total'").mark_bar(size=46)
    totals = base.transform_filter("datum.kind == 'total'").mark_tick(
        thickness=4, size=70, color=colours.ink, opacity=1
    )
    text = base.mark_text(dy=-12, color=colours.ink, fontWeight=600, fontSize=12)
    chart = alt.layer(
        changes.encode(x=x, y=y, y2="to:Q", color=alt.Color("kind:N", legend=None, scale=scale)),
        totals.encode(x=x, y=y),
        text.encode(x=x, y=alt.Y("top:Q"), text="words:N"),
    )
    values = {"before": before, "merit": merit, "balance": balance, "after": after}
    words = {name: trimmed(value / POINT, 1) for name, value in values.items()}
    drawing = drawing_of(chart.properties(height=260), colours)
    show(Picture(drawing, say("ui.charts.waterfall", **words)), key)
    columns = (
        Column(say("ui.charts.step")),
        Column(say("ui.charts.points"), Kind.POINTS),
    )
    cells: list[list[Cell]] = [[say(f"ui.charts.{name}"), v] for name, v in values.items()]
    _figures(columns, cells, say("ui.charts.price"), key, HALF)


def _step(name: str, start: Fraction, end: Fraction, *, total: bool = False) -> dict[str, Any]:
    """Return one step of a waterfall, in points."""
    shown = end if total else end - start
    sign = "+" if not total and shown > 0 else ""
    return {
        "step": say(f"ui.charts.{name}"),
        "from": float(start / POINT),
        "to": float(end / POINT),
        "top": float(max(start, end) / POINT),
        "kind": "total" if total else "gain" if shown >= 0 else "loss",
        "words": f"{sign}{trimmed(shown / POINT, 1)}",
    }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _names(field: str, order: list[str]) -> alt.Y:
    return alt.Y(
        field, sort=order, title=None, axis=alt.Axis(labelLimit=260, ticks=False, labelExpr=LINES)
    )


def _share_axis(field: str, to: float = 1.0) -> alt.X:
    """Return an axis of shares that may run on beyond 100 %, where words need room."""
    step = next((step for step in (0.05, 0.1, 0.2) if to / step <= 6), 0.25)
    ticks = [step * i for i in range(int(min(to, 1.0) / step + 1e-6) + 1)]
    axis = alt.Axis(labelExpr=SHARES, values=ticks)
    return alt.X(field, title=None, axis=axis, scale=alt.Scale(domain=[0, to], nice=False))


def _drawn(
    chart: Any,
    bars: int,
    words: str,
    colours: Palette,
    *,
    legend: bool = False,
    axis_title: bool = False,
    lines: int = 1,
) -> Picture:
    """Return a picture high enough for its bars, the lines of their names, and what is around."""
    step = max(_STEP, 18 * lines + 10)
    height = step * max(bars, 1) + 40 + (56 if legend else 0) + (28 if axis_title else 0)
    return Picture(drawing_of(chart.properties(height=height), colours), words)


def _figures(
    columns: Sequence[Column],
    cells: Sequence[Sequence[Cell]],
    name: str,
    key: str,
    room: int = ROOM,
) -> None:
    """Offer the same figures as a table, named for its picture."""
    told = say("ui.charts.figures-of", name=name)
    folded(
        say("ui.charts.figures"),
        lambda: table(
            columns, cells, key=f"{key}-table", alt=told, height="content", room=room - FRAME
        ),
        icon=":material/table:",
        key=f"{key}-figures",
    )


def _group_figures(grouping: Grouping, key: str) -> None:
    names = ("group", "nominated", "eligible", "awarded")
    kinds = (Kind.TEXT, Kind.COUNT, Kind.COUNT, Kind.COUNT)
    columns = [
        Column(say(f"outputs.column.{name}"), kind) for name, kind in zip(names, kinds, strict=True)
    ]
    columns += [
        Column(say("ui.charts.share-of-awards"), Kind.SHARE),
        Column(say("ui.charts.share-of-pool"), Kind.SHARE),
    ]
    known = grouping.known
    groups = [*grouping.groups, *((grouping.unknown,) if grouping.unknown else ())]
    cells: list[list[Cell]] = []
    for group in groups:
        inside = group is not grouping.unknown
        awards = Fraction(group.awarded, known.awarded) if known.awarded and inside else None
        pool = Fraction(group.eligible, known.eligible) if known.eligible and inside else None
        counts: list[Cell] = [group.nominated, group.eligible, group.awarded]
        cells.append([group.label, *counts, awards, pool])
    _figures(columns, cells, attribute_name(grouping.attribute), key)
