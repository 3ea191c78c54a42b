"""Overrides of a round: one considered with its price, those in force, and taking one back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

import streamlit as st

from allocator.explain.price import Price, price
from allocator.explain.what_if import what_if
from allocator.intake.overrides import Override, OverrideKind
from allocator.model import Candidate, Package
from allocator.office.roles import Command, may
from allocator.office.states import OPEN
from allocator.office.views import OverrideView, RoundView
from allocator.texts import say
from allocator.ui import charts
from allocator.ui.allocation_weights import moves_table
from allocator.ui.components import Cell, Column, Kind, reasoned, section, table
from allocator.ui.formats import safe
from allocator.ui.results import Shown, assessed_now, pick_application
from allocator.ui.session import Desk, act, attempt, looked_at, version_seen
from allocator.wording import package_words

DECISIONS = (OverrideKind.MUST.value, OverrideKind.MUST_NOT.value)
_PRICED = "_priced"
_PATIENCE = 60.0
"""Seconds for each of the two decisions that a price compares."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An override that somebody considers."""

    application: str
    decision: str
    package: str | None


def overrides(desk: Desk, view: RoundView, found: Shown) -> None:
    """Draw the overrides in force, and the form for one more where one may decide."""
    active = [each for each in view.overrides if each.active]
    decides = may(desk.me(), Command.OVERRIDE) and view.summary.state in OPEN
    st.markdown(say("ui.allocation.override.about"))
    if decides:
        _new(desk, view, found, active)
    elif may(desk.me(), Command.OVERRIDE):
        st.info(say("ui.allocation.override.frozen"), icon=":material/lock:")
    _listed(desk, view, found, decides=decides)
    if active and may(desk.me(), Command.COMPARE):
        _all_together(desk, view, found)


def _new(desk: Desk, view: RoundView, found: Shown, active: list[OverrideView]) -> None:
    section(say("ui.allocation.override.new"))
    with st.container(border=True):
        application = pick_application(
            found, key="allocation-override", label=say("ui.allocation.override.which")
        )
        if application is None:
            st.caption(say("ui.allocation.override.choose"))
            return
        line = found.lines[application]
        st.markdown(safe(say("ui.allocation.override.now", application=application)))
        st.text(line.reason)
        draft = _draft(found, application)
        _ask_price(desk, view, found, active, draft)
        reason = reasoned(
            f"allocation-override-form-{application}",
            say("ui.allocation.override.reason"),
            say("ui.allocation.override.button"),
            help=say("ui.allocation.override.reason-help"),
            primary=True,
        )
        if reason is not None:
            act(
                lambda: desk.override(
                    view.summary.id,
                    draft.application,
                    draft.decision,
                    reason,
                    package=draft.package,
                    seen=version_seen(view),
                ),
                say("ui.allocation.override.done", application=safe(application)),
            )


def _draft(found: Shown, application: str) -> Draft:
    decided, packaged = st.columns(2)
    decision = decided.radio(
        say("ui.allocation.override.decision"),
        DECISIONS,
        format_func=lambda each: say(f"ui.allocation.override.{each.replace(' ', '-')}"),
        horizontal=True,
        key="allocation-override-decision",
    )
    package = None
    judged = found.judged[application]
    if decision == DECISIONS[0] and isinstance(judged, Candidate):
        choices = ("", *(cost.package.value for cost in judged.costs))
        package = packaged.selectbox(
            say("ui.allocation.override.package"),
            choices,
            format_func=_package_choice,
            key=f"allocation-override-package-{application}",
        )
    return Draft(application, str(decision), package or None)


def _package_choice(package: str) -> str:
    return package_words(Package(package)) if package else say("ui.allocation.override.any")


def _ask_price(
    desk: Desk, view: RoundView, found: Shown, active: list[OverrideView], draft: Draft
) -> None:
    """Show what the override would cost, when asked, on top of those in force."""
    asked = (view.summary.version, draft)
    if st.button(
        say("ui.allocation.override.price"),
        key="allocation-override-price",
        icon=":material/price_check:",
    ):
        cost = attempt(lambda: _price_of(desk, view, active, draft))
        st.session_state[_PRICED] = None if cost is None else (asked, cost)
    kept = st.session_state.get(_PRICED)
    if kept and kept[0] == asked:
        show_price(kept[1], found, key="allocation-price")


def _price_of(desk: Desk, view: RoundView, active: Iterable[OverrideView], draft: Draft) -> Price:
    """Return what one override more costs, by deciding the round without it and with it."""
    known = assessed_now(desk, view)
    today, by = datetime.now(UTC).date(), desk.me().login
    others = [
        _override(each.application, each.decision, each.package, each.author, today)
        for each in active
        if each.application != draft.application
    ]
    new = _override(draft.application, draft.decision, draft.package, by, today)
    before = what_if(known, overrides=others, time_limit=_PATIENCE)
    return price(before, what_if(known, overrides=(*others, new), time_limit=_PATIENCE))


def _override(application: str, decision: str, package: str | None, by: str, on: date) -> Override:
    return Override(
        application_id=application,
        decision=OverrideKind(decision),
        reason=say("ui.allocation.override.considered"),
        by=by,
        on=on,
        package=Package(package) if package else None,
    )


def show_price(cost: Price, found: Shown, *, key: str) -> None:
    """Show a price: the waterfall, the sentences, who moves."""
    drawn, told = st.columns(2, gap="large")
    with drawn:
        charts.waterfall(cost, key=f"{key}-waterfall")
    with told:
        moved = {each.sentence for each in cost.moves}
        sentences = [each for each in cost.sentences() if each not in moved]
        st.markdown("\n".join(f"- {safe(each)}" for each in sentences))
    moves_table(cost.moves, found, key=f"{key}-moves")


# --- those in force -----------------------------------------------------------------------------


def _listed(desk: Desk, view: RoundView, found: Shown, *, decides: bool) -> None:
    section(say("ui.allocation.override.list"))
    if not view.overrides:
        st.markdown(say("ui.allocation.override.none"))
        return
    columns = (
        Column(say("outputs.column.application")),
        Column(say("outputs.column.administration")),
        Column(say("outputs.column.decision")),
        Column(say("ui.allocation.override.state")),
        Column(say("ui.allocation.override.author")),
        Column(say("ui.allocation.override.when"), Kind.MOMENT),
        Column(say("outputs.column.reason")),
    )
    row = table(
        columns,
        [_row(each, found) for each in view.overrides],
        key="allocation-overrides",
        alt=say("ui.allocation.override.alt", count=len(view.overrides)),
        file_name="overrides",
        selectable=decides,
    )
    if not decides:
        return
    chosen = view.overrides[row] if row is not None else None
    if chosen is None or not chosen.active:
        st.caption(say("ui.allocation.override.take-back-how"))
        return
    _take_back(desk, chosen)


def _row(each: OverrideView, found: Shown) -> list[Cell]:
    package = f" ({package_words(Package(each.package))})" if each.package else ""
    decision = say(f"ui.allocation.override.{each.decision.replace(' ', '-')}")
    state = "in-force" if each.active else "taken-back"
    return [
        each.application,
        found.administration(each.application),
        f"{decision}{package}",
        say(f"ui.allocation.override.{state}"),
        each.author,
        each.at,
        each.reason,
    ]


def _take_back(desk: Desk, chosen: OverrideView) -> None:
    seen = looked_at(f"override {chosen.id}", chosen.version)
    label = say("ui.allocation.override.take-back-reason", application=chosen.application)
    reason = reasoned(
        f"allocation-take-back-{chosen.id}", safe(label), say("ui.allocation.override.take-back")
    )
    if reason is not None:
        act(
            lambda: desk.withdraw_override(chosen.id, reason, seen),
            say("ui.allocation.override.taken", application=safe(chosen.application)),
        )


def _all_together(desk: Desk, view: RoundView, found: Shown) -> None:
    """Show, when asked, what all overrides in force cost together."""
    asked = (view.summary.version, "all")
    if st.button(
        say("ui.allocation.override.price-all"),
        key="allocation-override-price-all",
        icon=":material/price_check:",
    ):
        cost = attempt(lambda: desk.price(view.summary.id, time_limit=_PATIENCE))
        st.session_state[_PRICED] = None if cost is None else (asked, cost)
    kept = st.session_state.get(_PRICED)
    if kept and kept[0] == asked:
        show_price(kept[1], found, key="allocation-price-all")
