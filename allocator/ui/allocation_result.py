"""What a run gave, at once: figures, pictures, every decision with its reason, the ties."""

from collections.abc import Callable, Iterator
from fractions import Fraction

import streamlit as st

from allocator.explain.figures import Aim, Grouping
from allocator.explain.result import DecisionLine
from allocator.model import Decision
from allocator.office.roles import Command, may
from allocator.office.views import RoundView, RunView
from allocator.texts import say
from allocator.ui import charts, navigation
from allocator.ui.components import (
    Cell,
    Column,
    Kind,
    facts,
    file_download,
    section,
    table,
)
from allocator.ui.formats import money, quoted, safe
from allocator.ui.results import Shown, several_meetings
from allocator.ui.session import Desk
from allocator.ui.sheets import XLSX, sheet_bytes
from allocator.wording import (
    measured_words,
    money_brief,
    package_words,
    percent,
    target_words,
    trimmed,
)

PAGE_OF_ROWS = 500
"""More decisions than this are shown in pages, so that the browser stays quick."""


def headline(found: Shown) -> None:
    """Show the run in a few figures, and whether it is proven best."""
    of, currency = found.figures, found.result.round.currency
    spent = money(of.spent)
    if of.available is not None:
        spent = say("ui.charts.of", part=spent, whole=money_brief(of.available))
    facts(
        (
            (say("ui.allocation.fact.awards"), str(of.awarded)),
            (say("ui.allocation.fact.full"), str(of.full)),
            (say("ui.allocation.fact.declined"), str(of.declined)),
            (say("ui.allocation.fact.ineligible"), str(of.ineligible)),
            (say("ui.allocation.fact.money-in", currency=currency), spent),
            (say("ui.allocation.fact.worth"), trimmed(of.value, 3)),
        )
    )
    if of.final:
        st.success(say("ui.allocation.final"), icon=":material/verified:")
    else:
        gap = percent(of.gap_share, 2) if of.gap_share is not None else trimmed(of.gap, 3)
        st.warning(say("ui.allocation.not-final", gap=gap), icon=":material/hourglass_bottom:")


def pictures(found: Shown) -> None:
    """Draw money by fund and awards by group against targets and pool, figures beside them."""
    of, currency = found.figures, found.result.round.currency
    section(say("ui.allocation.money"))
    charts.money_chart(
        of.funds or of.meetings, currency, name=say("ui.allocation.money"), key="allocation-money"
    )
    groupings = {each.attribute: each for each in of.groupings}
    section(say("ui.allocation.gender"))
    charts.stage_chart(groupings["gender"], of.aims, key="allocation-gender")
    section(say("ui.allocation.region"))
    _by_region(groupings["region"], of.aims)
    section(say("ui.allocation.country-group"))
    charts.share_chart(groupings["country_group"], of.aims, key="allocation-country")
    if of.funds and several_meetings(found):
        section(say("ui.allocation.meetings"))
        name = say("ui.allocation.meetings")
        charts.money_chart(of.meetings, currency, name=name, key="allocation-meetings")
    _targets(of.aims, currency)


def _by_region(grouping: Grouping, aims: tuple[Aim, ...]) -> None:
    if any(each.attribute == "region" for each in aims):
        charts.share_chart(grouping, aims, key="allocation-region")
    else:
        charts.strip_chart(grouping, key="allocation-region-strip")


def _targets(aims: tuple[Aim, ...], currency: str) -> None:
    section(say("ui.allocation.targets"))
    if not aims:
        st.markdown(say("ui.allocation.targets-none"))
        return
    columns = (
        Column(say("ui.allocation.target.name")),
        Column(say("ui.allocation.target.share"), help=say("ui.allocation.target.share-help")),
        Column(say("ui.allocation.target.reached"), Kind.SHARE),
        Column(say("ui.allocation.target.state")),
        Column(say("ui.allocation.target.short"), help=say("ui.allocation.target.short-help")),
        Column(say("ui.allocation.target.weight"), help=say("ui.allocation.target.weight-help")),
        Column(say("ui.allocation.target.cost"), help=say("ui.allocation.target.cost-help")),
    )
    alt = say("ui.allocation.target.alt", count=len(aims))
    rows = [_target(each, currency) for each in aims]
    table(columns, rows, key="allocation-targets", alt=alt, file_name="targets", height="content")


def _target(aim: Aim, currency: str) -> list[Cell]:
    unit = aim.money_unit if aim.measure == "money" else 2 if aim.measure == "half_units" else 1
    return [
        aim.name,
        target_words(aim.share),
        Fraction(aim.inside, aim.counted) if aim.counted else None,
        say(f"ui.allocation.target.{'short-of' if aim.short else 'met'}"),
        measured_words(aim.measure, aim.short, currency) if aim.short else "",
        say(f"ui.allocation.per.{aim.measure}", points=trimmed(Fraction(aim.points_per, 1000), 3)),
        trimmed(aim.short / unit * Fraction(aim.points_per, 1000), 3),
    ]


# --- every decision -----------------------------------------------------------------------------

_ORDERS: dict[str, Callable[[DecisionLine], tuple[object, ...]]] = {
    "application": lambda line: (line.application_id,),
    "line": lambda line: (
        line.margin is None,
        abs(line.margin or 0),
        line.application_id,
    ),
    "merit": lambda line: (-(line.merit or -1), line.application_id),
    "amount": lambda line: (-line.amount, line.application_id),
}


def decisions(desk: Desk, view: RoundView, run: RunView, found: Shown) -> None:
    """Show every decision with its reason; choosing one leads to the person."""
    lines = _filtered(found, {each.application for each in view.overrides if each.active})
    if not lines:
        st.info(say("ui.allocation.decisions.none"), icon=":material/filter_alt_off:")
        return
    columns = list(_columns(found))
    page = _page(lines)
    row = table(
        columns,
        [_decision(found, each) for each in page],
        key=f"allocation-decisions-{run.id}",
        alt=say("ui.allocation.decisions.alt", count=len(page)),
        download=False,
        selectable=True,
        height=560 if len(page) > 14 else "content",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        _open(view, run, None if row is None else page[row].application_id)
        if may(desk.me(), Command.DOWNLOAD):
            _download(columns, found, lines)


def _open(view: RoundView, run: RunView, application: str | None) -> None:
    if application is None:
        st.caption(say("ui.allocation.decisions.choose"))
        return
    label = say("ui.allocation.decisions.open", application=application)
    if st.button(safe(label), type="primary", icon=":material/person_search:"):
        address = {} if run.current else {"run": run.id}
        navigation.go("why", round=view.summary.id, application=application, **address)


def _download(columns: list[Column], found: Shown, lines: list[DecisionLine]) -> None:
    headings, kinds = [c.heading for c in columns], [c.kind.value for c in columns]
    file_download(
        say("ui.download-xlsx"),
        lambda: sheet_bytes("decisions", headings, kinds, [_decision(found, e) for e in lines]),
        "decisions-shown.xlsx",
        XLSX,
        key="allocation-decisions-xlsx",
        quiet=True,
    )


def _filtered(found: Shown, overridden: set[str]) -> list[DecisionLine]:
    """Offer filters and an order; return the decisions that are left."""
    several = several_meetings(found)
    words, kinds, *places, order = st.columns((3, 3, 3, 2) if several else (3, 3, 2))
    searched = words.text_input(
        say("ui.allocation.filter.words"),
        key="allocation-words",
        help=say(f"ui.allocation.search.{'names' if found.personal else 'ids'}"),
    )
    chosen = kinds.multiselect(
        say("ui.allocation.filter.decision"),
        (*Decision, "drawn", "overridden"),
        format_func=lambda each: say(f"ui.allocation.decision.{each}"),
        placeholder=say("ui.allocation.filter.all"),
        key="allocation-kinds",
    )
    at = []
    if several:
        at = places[0].multiselect(
            say("ui.allocation.filter.meeting"),
            [each.id for each in found.result.round.meetings],
            placeholder=say("ui.allocation.filter.all"),
            key="allocation-meeting",
        )
    by = order.selectbox(
        say("ui.allocation.filter.order"),
        list(_ORDERS),
        format_func=lambda each: say(f"ui.allocation.order.{each}"),
        key="allocation-order",
    )
    hits = set(found.found(searched, len(found.judged))) if searched.strip() else None
    lines = [
        each
        for each in found.result.lines
        if (hits is None or each.application_id in hits)
        and (not chosen or _is(each, found, overridden) & set(chosen))
        and (not at or found.judged[each.application_id].application.meeting in at)
    ]
    return sorted(lines, key=_ORDERS[by])


def _is(line: DecisionLine, found: Shown, overridden: set[str]) -> set[str]:
    kinds = {line.decision.value}
    kinds |= {"drawn"} if line.application_id in found.drawn else set()
    return kinds | ({"overridden"} if line.application_id in overridden else set())


def _page(lines: list[DecisionLine]) -> list[DecisionLine]:
    """Return the part of the decisions that is shown, and offer the others."""
    pages = -(-len(lines) // PAGE_OF_ROWS)
    if pages <= 1:
        return lines
    which = st.number_input(
        say("ui.allocation.decisions.page", pages=pages, count=len(lines)),
        min_value=1,
        max_value=pages,
        key="allocation-page",
        width=280,
    )
    start = (int(which) - 1) * PAGE_OF_ROWS
    return lines[start : start + PAGE_OF_ROWS]


def _columns(found: Shown) -> Iterator[Column]:
    yield Column(say("outputs.column.application"))
    if found.personal:
        yield Column(say("ui.allocation.column.person"))
    yield Column(say("outputs.column.administration"))
    if several_meetings(found):
        yield Column(say("outputs.column.meeting"))
    yield Column(say("outputs.column.decision"))
    yield Column(
        say("ui.allocation.column.amount", currency=found.result.round.currency), Kind.MONEY
    )
    yield Column(say("outputs.column.merit"), Kind.POINTS)
    margin = say("ui.allocation.column.margin-help")
    yield Column(say("outputs.column.margin"), Kind.POINTS, help=margin)
    yield Column(say("outputs.column.reason"))


def _decision(found: Shown, line: DecisionLine) -> list[Cell]:
    application = line.application_id
    person: list[Cell] = [found.person(application)] if found.personal else []
    meeting = found.judged[application].application.meeting
    return [
        application,
        *person,
        found.administration(application),
        *((meeting,) if several_meetings(found) else ()),
        _decided(line),
        line.amount if line.package else None,
        line.merit,
        line.margin,
        quoted(line.reason),
    ]


def _decided(line: DecisionLine) -> str:
    """Return a decision with its package, in one cell, which leaves the reason more room."""
    told = say(f"ui.allocation.decision.{line.decision}")
    return f"{told}, {say(f'ui.allocation.package.{line.package}')}" if line.package else told


# --- ties ---------------------------------------------------------------------------------------


def ties(found: Shown) -> None:
    """Show who was tied and what the published lottery drew, and what could be exchanged."""
    result = found.result
    draws = result.allocation.draws
    if not draws:
        st.markdown(say(f"ui.allocation.ties.{'none' if found.figures.final else 'not-final'}"))
        return
    st.markdown(say("ui.allocation.ties.how", count=len(draws)))
    st.text_input(
        say("ui.allocation.ties.seed"),
        result.round.lottery_seed,
        disabled=True,
        key="allocation-seed",
        width=420,
    )
    columns = (
        Column(say("outputs.column.position"), Kind.COUNT),
        Column(say("outputs.column.application")),
        Column(say("outputs.column.administration")),
        Column(say("outputs.column.outcome")),
        Column(say("outputs.column.key")),
    )
    rows: list[list[Cell]] = [
        [
            each.position,
            each.application_id,
            found.administration(each.application_id),
            package_words(each.package) if each.package else say("outputs.word.nothing"),
            each.key,
        ]
        for each in draws
    ]
    alt = say("ui.allocation.ties.alt", count=len(draws))
    table(columns, rows, key="allocation-ties", alt=alt, file_name="ties")
    _exchanges(found)


def _exchanges(found: Shown) -> None:
    effects = found.result.effects
    for sentence in found.teller.exchanges_told():
        st.markdown(safe(sentence))
    if effects is None or not effects.swaps:
        return
    columns = (
        Column(say("ui.allocation.ties.awarded")),
        Column(say("ui.allocation.ties.declined")),
        Column(say("outputs.column.package")),
    )
    rows: list[list[Cell]] = [
        [each.awarded, each.declined, package_words(each.package)] for each in effects.swaps
    ]
    alt = say("ui.allocation.ties.exchanges", count=len(rows))
    table(columns, rows, key="allocation-swaps", alt=alt, file_name="exchanges")
