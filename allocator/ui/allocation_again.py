"""After publication: reallocate what is free, see what that would change, and the reserve list."""

from collections.abc import Iterable
from fractions import Fraction

import streamlit as st

from allocator.explain.moves import moves
from allocator.explain.reserve import Reserve
from allocator.office import jobs
from allocator.office.roles import Command, may
from allocator.office.states import FALLEN, State
from allocator.office.views import OutcomeView, RoundView, RunView
from allocator.texts import say
from allocator.ui import navigation
from allocator.ui.allocation_weights import moves_table, signed, signed_money
from allocator.ui.components import Cell, Column, Kind, facts, reasoned, section, table
from allocator.ui.results import Shown, finished_runs, shown
from allocator.ui.session import Desk, act, attempt

_RESERVE = "_reserve"
_KIND = "reallocation"


def reallocation(
    desk: Desk, view: RoundView, published: Shown, outcomes: Iterable[OutcomeView]
) -> None:
    """Show the reallocation that waits to be signed, or offer to begin one.

    Parameters
    ----------
    desk, view : Desk, RoundView
        Whose desk, and the published round.
    published : Shown
        What was published last.
    outcomes : iterable of OutcomeView
        The last outcome of each award.
    """
    offered = may(desk.me(), Command.REALLOCATE) and view.summary.state is State.PUBLISHED
    waiting = _waiting(view)
    if not offered and waiting is None:
        return
    section(say("ui.allocation.after.reallocate"))
    if view.job is not None:
        st.info(say("ui.allocation.after.reallocating"), icon=":material/hourglass_top:")
    elif waiting is not None:
        _proposal(desk, view, waiting, published)
    elif offered:
        _ask(desk, view, sum(_fell(each, published) for each in outcomes))


def _fell(outcome: OutcomeView, published: Shown) -> bool:
    """Tell whether an award fell through that no reallocation has made up for yet."""
    award = published.result.allocation.award_of(outcome.application)
    return outcome.kind in FALLEN and award is not None


def _waiting(view: RoundView) -> RunView | None:
    """Return the reallocation of what is there now, if it is not published yet."""
    published = {each.run for each in view.publications}
    return next(
        (
            each
            for each in finished_runs(view)
            if each.kind == _KIND and each.current and each.id not in published
        ),
        None,
    )


def _ask(desk: Desk, view: RoundView, fallen: int) -> None:
    st.markdown(say("ui.allocation.after.reallocate-about"))
    if not fallen:
        st.markdown(say("ui.allocation.after.none-fell"))
        return
    st.markdown(say("ui.allocation.after.fell", count=fallen))
    reason = reasoned(
        "after-reallocate",
        say("ui.allocation.after.reallocate-reason"),
        say("ui.allocation.after.reallocate-button"),
    )
    if reason is not None:
        act(
            lambda: jobs.start(desk, view.summary.id, kind=_KIND, reason=reason),
            say("ui.allocation.after.started"),
        )


def _proposal(desk: Desk, view: RoundView, run: RunView, published: Shown) -> None:
    """Show what a reallocation changes against what is published, and lead on to its signing."""
    new = shown(desk, run)
    before, after = published.figures, new.figures
    currency = published.result.round.currency
    st.markdown(say("ui.allocation.after.there", run=run.id))
    facts(
        (
            (say("ui.allocation.fact.awards"), str(after.awarded)),
            (
                say("ui.allocation.after.more-awards"),
                signed(Fraction(after.awarded - before.awarded)),
            ),
            (
                say("ui.allocation.after.more-money", currency=currency),
                signed_money(after.spent - before.spent),
            ),
        )
    )
    moves_table(moves(published.result, new.result), new, key="after-reallocation-moves")
    named = any(each.run == run.id for each in view.signoffs)
    label = say(f"ui.allocation.{'to-signoff' if named else 'after.sign'}")
    navigation.link("signoff", label, round=view.summary.id)


# --- the reserve list ---------------------------------------------------------------------------


def reserve_list(desk: Desk, view: RoundView, found: Shown) -> None:
    """Show, when asked, the declined in the order in which they were closest to an award."""
    section(say("ui.allocation.after.reserve"))
    st.markdown(say("ui.allocation.after.reserve-about"))
    asked = (view.summary.id, view.summary.version)
    if st.button(say("ui.allocation.after.reserve-button"), key="after-reserve-button"):
        listed = attempt(lambda: tuple(desk.reserve(view.summary.id)))
        st.session_state[_RESERVE] = None if listed is None else (asked, listed)
    kept = st.session_state.get(_RESERVE)
    if not kept or kept[0] != asked:
        return
    if not kept[1]:
        st.info(say("ui.allocation.after.reserve-none"))
        return
    person = [Column(say("ui.allocation.column.person"))] if found.personal else []
    columns = [
        Column(say("ui.allocation.after.place"), Kind.COUNT),
        Column(say("ui.allocation.after.place-at-meeting"), Kind.COUNT),
        Column(say("outputs.column.meeting")),
        Column(say("outputs.column.application")),
        *person,
        Column(say("outputs.column.administration")),
        Column(say("ui.allocation.after.short"), Kind.POINTS),
    ]
    alt = say("ui.allocation.after.reserve-alt", count=len(kept[1]))
    rows = [_place(each, found) for each in kept[1]]
    table(columns, rows, key="after-reserve", alt=alt, file_name="reserve")


def _place(each: Reserve, found: Shown) -> list[Cell]:
    person: list[Cell] = [found.person(each.application_id)] if found.personal else []
    return [
        each.position,
        each.at_meeting,
        each.meeting,
        each.application_id,
        *person,
        found.administration(each.application_id),
        each.short,
    ]
