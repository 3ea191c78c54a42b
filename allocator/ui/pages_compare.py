"""Compare: several policies side by side on one round, in pictures and a table."""

import tempfile
from pathlib import Path

import streamlit as st

from allocator.errors import AllocatorError, ordered, problem
from allocator.explain.compare_policies import Comparison
from allocator.explain.result import Result
from allocator.office.roles import Command
from allocator.office.views import RoundView
from allocator.outputs.compare_xlsx import figure_rows, move_rows, write_compare_xlsx
from allocator.texts import say
from allocator.ui import compare_charts, navigation
from allocator.ui.address import name, named
from allocator.ui.compare_sides import Choice, choices, decided, side_by_side, uploaded
from allocator.ui.components import Cell, Column, empty, file_download, section, table, uploads
from allocator.ui.failures import refusal
from allocator.ui.formats import safe
from allocator.ui.navigation import RoundPage, Section
from allocator.ui.results import administration_of, loaded_now, person_of, sees_persons
from allocator.ui.session import Desk
from allocator.ui.sheets import XLSX

_WITH = "with"
_MOST = 5
_LEAST = 2
_LABELS = 290
"""Pixels for the names of the figures; the rest is for the policies."""


def show(desk: Desk, view: RoundView) -> None:
    """Draw the page."""
    if view.snapshot is None or not view.summary.applications or view.policy is None:
        empty(say("ui.compare.no-files.what"), say("ui.compare.no-files.do"))
        navigation.link("applications", say("ui.compare.no-files.button"), round=view.summary.id)
        return
    st.markdown(say("ui.compare.about"))
    offered = choices(desk, view)
    given = _uploads()
    offered |= {each.key: each for each in given}
    chosen = _chosen(offered, view, given)
    if len(chosen) < _LEAST:
        empty(say("ui.compare.empty.what"), say("ui.compare.empty.do"))
        return
    comparison = _comparison(desk, view, chosen)
    if comparison is not None:
        _show(desk, view, comparison)


def _uploads() -> list[Choice]:
    with st.expander(say("ui.compare.upload"), icon=":material/upload_file:"):
        files = uploads(say("ui.compare.upload-label"), ["yaml", "yml"], key="compare-upload")
    return [uploaded(file, content) for file, content in files.items()]


def _chosen(offered: dict[str, Choice], view: RoundView, given: list[Choice]) -> list[Choice]:
    """Ask for the policies; at the start the round's own, what is not saved, what was uploaded."""
    own = f"policy-{view.policy.id}" if view.policy else ""
    unsaved = [key for key, each in offered.items() if each.unsaved]
    asked = (named(_WITH) or ",".join((own, *unsaved))).split(",")
    start = [key for key in (*asked, *(each.key for each in given)) if key in offered]
    keys = st.multiselect(
        say("ui.compare.which"),
        list(offered),
        default=list(dict.fromkeys(start))[:_MOST],
        format_func=lambda key: _called(offered[key]) if key in offered else key,
        max_selections=_MOST,
        help=say("ui.compare.which-help"),
        placeholder=say("ui.compare.placeholder"),
        key=f"compare-with-{view.summary.id}-{len(given)}-{'-'.join(unsaved)}",
    )
    name(_WITH, ",".join(keys) or None)
    chosen = [offered[key] for key in keys if key in offered]
    for each in chosen:
        if each.unsaved:
            told = say("ui.compare.unsaved", name=each.name, where=each.title)
            st.caption(f":material/edit_note: {safe(told)}")
    return chosen


def _called(choice: Choice) -> str:
    return f"{choice.name}: {choice.title}"


def _comparison(desk: Desk, view: RoundView, chosen: list[Choice]) -> Comparison | None:
    """Decide the round under each policy and set the outcomes side by side."""
    results: list[tuple[Choice, Result]] = []
    bar = st.progress(0.0, text=say("ui.working"))
    try:
        for index, each in enumerate(chosen):
            bar.progress(index / len(chosen), text=say("ui.compare.deciding", name=safe(each.name)))
            results.append((each, decided(desk, view, each)))
    except AllocatorError as error:
        told = problem("compare-policy", value=chosen[len(results)].name)
        refusal(AllocatorError((told, *ordered(error.problems))))
        return None
    finally:
        bar.empty()
    return side_by_side(desk, view, results)


# --- what is shown ------------------------------------------------------------------------------


def _show(desk: Desk, view: RoundView, comparison: Comparison) -> None:
    for side in comparison.sides:
        if not side.final:
            st.warning(safe(say("compare.not-final", name=side.name)), icon=":material/warning:")
    first = comparison.sides[0].name
    st.caption(safe(say("compare.opening", first=first)))
    section(say("ui.compare.figures"))
    compare_charts.figures_chart(comparison, key="compare-figures-chart")
    section(say("ui.compare.shares"))
    compare_charts.shares_chart(comparison, key="compare-shares-chart")
    section(say("ui.compare.moves"))
    compare_charts.moves_chart(comparison, key="compare-moves-chart")
    _moves(desk, view, comparison)
    section(say("ui.compare.table"))
    _figures(comparison)
    file_download(
        say("ui.compare.download"),
        lambda: _workbook(comparison),
        "comparison.xlsx",
        XLSX,
        key="compare-download",
    )


def _figures(comparison: Comparison) -> None:
    columns = [
        Column(say("compare.figure"), width=_LABELS),
        *(Column(side.name) for side in comparison.sides),
    ]
    rows: list[list[Cell]] = [list(each) for each in figure_rows(comparison)]
    alt = say("ui.compare.table-alt", count=len(comparison.sides))
    st.caption(say("compare.note", currency=comparison.currency))
    table(columns, rows, key="compare-figures", alt=alt, height="content", download=False)


def _moves(desk: Desk, view: RoundView, comparison: Comparison) -> None:
    """Show whose outcome differs under any policy; names only to those who may see them."""
    rows = move_rows(comparison)
    if not rows:
        st.info(say("compare.same"), icon=":material/drag_handle:")
        return
    personal = sees_persons(desk)
    known = {each.application_id: each for each in loaded_now(desk, view).applications}
    person = [Column(say("ui.allocation.column.person"))] if personal else []
    columns = [
        Column(say("outputs.column.application")),
        *person,
        Column(say("outputs.column.administration")),
        *(Column(side.name) for side in comparison.sides),
    ]
    cells: list[list[Cell]] = []
    for application, *outcomes in rows:
        about = known[application]
        who: list[Cell] = [person_of(about)] if personal else []
        cells.append([application, *who, administration_of(about), *outcomes])
    alt = say("ui.compare.moves-alt", count=len(rows))
    table(columns, cells, key="compare-moves", alt=alt, file_name="who-moves")


def _workbook(comparison: Comparison) -> bytes:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "comparison.xlsx")
        write_compare_xlsx(comparison, path)
        return path.read_bytes()


PAGE = RoundPage("compare", Section.DECIDE, 60, ":material/compare_arrows:", Command.COMPARE, show)
