"""After publication: what becomes of awards, payments, and where the money stands."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

import streamlit as st

from allocator.explain.result import DecisionLine
from allocator.fields import typed_money
from allocator.model import Award, Decision
from allocator.office.roles import Command, may
from allocator.office.states import FOLLOWS, NO_OUTCOME, State
from allocator.office.views import EventView, LedgerLine, OutcomeView, RoundView, RunView
from allocator.texts import say
from allocator.ui.allocation_again import reallocation, reserve_list
from allocator.ui.components import Cell, Column, Kind, empty, section, table
from allocator.ui.formats import amount, safe
from allocator.ui.results import Shown, several_meetings, shown
from allocator.ui.session import Desk, act, entry_seen


def after_publication(desk: Desk, view: RoundView) -> None:
    """Draw what is done and seen once a round is published, of what was published last."""
    run = published_last(view)
    if run is None:
        empty(say("ui.allocation.after.empty"), say("ui.allocation.after.empty-do"))
        return
    found = shown(desk, run)
    stands = standing(desk.outcomes(view.summary.id))
    last = {application: each[0] for application, each in stands.items()}
    section(say("ui.allocation.after.ledger"))
    _ledger(desk.fund_ledger(view.summary.id), found)
    section(say("ui.allocation.after.awards"))
    chosen = _awards(found, last)
    _act_on(desk, view, found, chosen, stands)
    _payments(desk, view, found)
    reallocation(desk, view, found, last.values())
    reserve_list(desk, view, found)


def published_last(view: RoundView) -> RunView | None:
    """Return the run that was published last, if any was."""
    newest = max(view.publications, key=lambda each: each.number, default=None)
    return next((each for each in view.runs if newest and each.id == newest.run), None)


def standing(outcomes: Iterable[OutcomeView]) -> dict[str, list[OutcomeView]]:
    """Return what is recorded of each application and was not corrected, the newest first."""
    stands: dict[str, list[OutcomeView]] = {}
    for each in outcomes:
        if not each.superseded and each.kind != NO_OUTCOME:
            stands.setdefault(each.application, []).append(each)
    return stands


def _ledger(lines: Iterable[LedgerLine], found: Shown) -> None:
    currency = found.result.round.currency
    names = ("allocated", "committed", "paid", "released", "free")
    columns = (
        Column(say("ui.allocation.after.line")),
        *(
            Column(
                say(f"ui.allocation.after.{name}", currency=currency),
                Kind.MONEY,
                help=say(f"ui.allocation.after.{name}-help"),
            )
            for name in names
        ),
    )
    rows: list[list[Cell]] = [
        [each.title, each.allocated, each.committed, each.paid, each.released, each.free]
        for each in lines
    ]
    alt = say("ui.allocation.after.ledger-alt")
    table(columns, rows, key="after-ledger", alt=alt, file_name="ledger", height="content")


def _awards(found: Shown, last: Mapping[str, OutcomeView]) -> str | None:
    """Show every award with its last outcome; return the one chosen."""
    lines = [each for each in found.result.lines if each.decision is Decision.AWARDED]
    person = [Column(say("ui.allocation.column.person"))] if found.personal else []
    columns = [
        Column(say("outputs.column.application")),
        *person,
        Column(say("outputs.column.administration")),
        *([Column(say("outputs.column.meeting"))] if several_meetings(found) else []),
        Column(say("outputs.column.package")),
        Column(
            say("ui.allocation.column.amount", currency=found.result.round.currency), Kind.MONEY
        ),
        Column(say("ui.allocation.after.outcome")),
        Column(say("ui.allocation.after.on"), Kind.DAY),
    ]
    rows = [_award(each, found, last.get(each.application_id)) for each in lines]
    row = table(
        columns,
        rows,
        key="after-awards",
        alt=say("ui.allocation.after.awards-alt", count=len(rows)),
        file_name="awards",
        selectable=True,
    )
    return None if row is None else lines[row].application_id


def _award(line: DecisionLine, found: Shown, last: OutcomeView | None) -> list[Cell]:
    person: list[Cell] = [found.person(line.application_id)] if found.personal else []
    meeting = found.judged[line.application_id].application.meeting
    return [
        line.application_id,
        *person,
        found.administration(line.application_id),
        *([meeting] if several_meetings(found) else []),
        say(f"ui.allocation.package.{line.package}") if line.package else "",
        line.amount,
        outcome_words(last),
        last.on if last else None,
    ]


def outcome_words(last: OutcomeView | None) -> str:
    """Return what became of an award, in words."""
    kind = last.kind.replace(" ", "-") if last else "none"
    return say(f"ui.allocation.outcome.{kind}")


# --- outcomes and payments ----------------------------------------------------------------------


def _act_on(
    desk: Desk,
    view: RoundView,
    found: Shown,
    chosen: str | None,
    stands: Mapping[str, Sequence[OutcomeView]],
) -> None:
    me, published = desk.me(), view.summary.state is State.PUBLISHED
    may_record, may_pay = may(me, Command.RECORD_OUTCOME), may(me, Command.RECORD_PAYMENT)
    if not published or not (may_record or may_pay):
        return
    if chosen is None:
        st.caption(say("ui.allocation.after.choose"))
        return
    left, right = st.columns(2, gap="large")
    if may_record:
        with left:
            recorded = stands.get(chosen, ())
            _record(desk, view, chosen, recorded[0] if recorded else None)
            if recorded and may(me, Command.CORRECT_OUTCOME):
                _correct(desk, view, chosen, recorded)
    award = found.result.allocation.award_of(chosen)
    if may_pay and award is not None:
        with right:
            _pay(desk, view, found, award)


def _record(desk: Desk, view: RoundView, application: str, last: OutcomeView | None) -> None:
    before = last.kind if last else ""
    follows = [kind for kind, after in FOLLOWS.items() if before in after]
    if not follows:
        st.info(say("ui.allocation.after.no-more", outcome=outcome_words(last)))
        return
    with st.form(f"after-outcome-{application}"):
        st.markdown(safe(say("ui.allocation.after.record", application=application)))
        kind = st.selectbox(
            say("ui.allocation.after.outcome"),
            follows,
            format_func=lambda each: say(f"ui.allocation.outcome.{each.replace(' ', '-')}"),
        )
        on = st.date_input(say("ui.allocation.after.on"), _today(), format="YYYY-MM-DD")
        note = st.text_area(say("ui.allocation.after.note"), max_chars=2000, height=70)
        pressed = st.form_submit_button(say("ui.allocation.after.record-button"), type="primary")
    if pressed and isinstance(on, date):
        seen = entry_seen(view)
        act(
            lambda: desk.outcome(view.summary.id, application, kind, on, note, seen=seen),
            say("ui.allocation.after.recorded", application=safe(application)),
        )


def _correct(desk: Desk, view: RoundView, application: str, stands: Sequence[OutcomeView]) -> None:
    """Offer what may stand in the place of the last outcome, if that was recorded by mistake."""
    wrong, before = stands[0], stands[1].kind if len(stands) > 1 else ""
    instead = [kind for kind, after in FOLLOWS.items() if before in after]
    instead.append(before or NO_OUTCOME)
    with (
        st.expander(say("ui.allocation.after.correct", outcome=outcome_words(wrong))),
        st.form(f"after-correct-{application}"),
    ):
        kind = st.selectbox(
            say("ui.allocation.after.correct-to"),
            instead,
            format_func=lambda each: say(f"ui.allocation.outcome.{each.replace(' ', '-')}"),
        )
        on = st.date_input(say("ui.allocation.after.correct-on"), wrong.on, format="YYYY-MM-DD")
        why = st.text_area(say("ui.allocation.after.correct-why"), max_chars=2000, height=70)
        pressed = st.form_submit_button(say("ui.allocation.after.correct-button"))
    if pressed and isinstance(on, date):
        seen = entry_seen(view)
        act(
            lambda: desk.correct_outcome(view.summary.id, application, kind, on, why, seen=seen),
            say("ui.allocation.after.corrected", application=safe(application)),
        )


def _pay(desk: Desk, view: RoundView, found: Shown, award: Award) -> None:
    funds = [fund for fund, _ in award.shares] or [""]
    titles = {each.id: each.title for each in found.result.round.funds}
    with st.form(f"after-pay-{award.application_id}"):
        st.markdown(safe(say("ui.allocation.after.pay", application=award.application_id)))
        fund = st.selectbox(
            say("outputs.column.fund"),
            funds,
            format_func=lambda each: titles.get(each, say("ui.allocation.after.budget")),
        )
        typed = st.text_input(
            say("ui.allocation.after.amount", currency=found.result.round.currency),
            help=say("ui.allocation.after.amount-help"),
            placeholder=amount("", award.amount).strip(),
        )
        on = st.date_input(say("ui.allocation.after.paid-on"), _today(), format="YYYY-MM-DD")
        pressed = st.form_submit_button(say("ui.allocation.after.pay-button"), type="primary")
    if not pressed or not isinstance(on, date):
        return
    minor = typed_money(typed)
    if minor is None:
        st.error(say("ui.allocation.after.not-money"), icon=":material/block:")
        return
    seen = entry_seen(view)
    act(
        lambda: desk.pay(view.summary.id, award.application_id, fund, minor, on, seen=seen),
        say("ui.allocation.after.paid-done", application=safe(award.application_id)),
    )


def _payments(desk: Desk, view: RoundView, found: Shown) -> None:
    """Show every payment that the log of the round tells of."""
    events = [each for each in desk.timeline(view.summary.id) if each.kind == "paid"]
    if not events:
        return
    section(say("ui.allocation.after.payments"))
    columns = (
        Column(say("ui.allocation.after.paid-on"), Kind.DAY),
        Column(say("outputs.column.application")),
        Column(say("ui.allocation.after.line")),
        Column(
            say("ui.allocation.column.amount", currency=found.result.round.currency), Kind.MONEY
        ),
        Column(say("ui.allocation.override.author")),
    )
    alt = say("ui.allocation.after.payments-alt", count=len(events))
    titles = {fund.id: fund.title for fund in found.result.round.funds}
    rows = [_payment(each, titles) for each in events]
    table(columns, rows, key="after-payments", alt=alt, file_name="payments")


def _payment(event: EventView, titles: Mapping[str, str]) -> list[Cell]:
    told = event.details
    day, line = date.fromisoformat(told["on"]), titles.get(told["line"], told["line"])
    return [day, told["application"], line, int(told["amount"]), event.actor]


def _today() -> date:
    return datetime.now(UTC).date()
