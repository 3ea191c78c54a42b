"""What a reallocation rests on and what it changes, for whoever puts a name to it."""

import streamlit as st

from allocator.explain.moves import moves
from allocator.office.desk import Desk
from allocator.office.states import FALLEN
from allocator.office.views import RoundView, RunView
from allocator.texts import say
from allocator.ui.allocation_after import published_last, standing
from allocator.ui.allocation_weights import moves_table
from allocator.ui.components import Cell, Column, Kind, section, table
from allocator.ui.results import shown
from allocator.ui.session import attempt


def since_publication(desk: Desk, view: RoundView, run: RunView) -> None:
    """List the awards that fell through, and whose outcome the reallocation changes.

    Parameters
    ----------
    desk, view : Desk, RoundView
        Whose desk, and the published round.
    run : RunView
        The reallocation.
    """
    before = published_last(view)
    old = None if before is None else attempt(lambda: shown(desk, before))
    new = attempt(lambda: shown(desk, run))
    if old is None or new is None:
        return
    rows: list[list[Cell]] = [
        [application, say(f"ui.allocation.outcome.{last.kind.replace(' ', '-')}"), last.on, last.by]
        for application, (last, *_) in standing(desk.outcomes(view.summary.id)).items()
        if last.kind in FALLEN and old.result.allocation.award_of(application) is not None
    ]
    columns = (
        Column(say("outputs.column.application")),
        Column(say("ui.signoff.again.outcome")),
        Column(say("ui.signoff.again.on"), Kind.DAY),
        Column(say("ui.signoff.again.by")),
    )
    section(say("ui.signoff.again.fallen"))
    st.caption(say("ui.signoff.again.fallen-about"))
    alt = say("ui.signoff.again.fallen-alt", count=len(rows))
    table(columns, rows, key="signoff-fallen", alt=alt, height="content")
    section(say("ui.signoff.again.moves"))
    moves_table(moves(old.result, new.result), new, key="signoff-moves")
