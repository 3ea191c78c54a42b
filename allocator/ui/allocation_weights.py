"""Change a weight and see what moves: sliders over the balance factors, the outcome at once.

The round is decided anew in brief, proven optimal but without margins and record, and set against
the run that is shown. Nothing is kept until somebody saves it as a version of the policy.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

import streamlit as st

from allocator.errors import AllocatorError
from allocator.explain.compare_policies import Side, compare_results
from allocator.explain.moves import Move, Moved, Outcome
from allocator.explain.result import Result
from allocator.model import POINT, Decision
from allocator.office.memory import LIST
from allocator.office.roles import Command, may
from allocator.office.states import OPEN
from allocator.office.views import PolicyView, RoundView, RunView
from allocator.policy_edit import with_weights
from allocator.rules import BalanceFactor, Rules
from allocator.texts import say
from allocator.ui.address import name, named
from allocator.ui.components import (
    Cell,
    Column,
    Kind,
    facts,
    reasoned,
    section,
    table,
)
from allocator.ui.failures import refusal
from allocator.ui.fitting import ROOM, TWO_THIRDS
from allocator.ui.formats import money, points, safe
from allocator.ui.kept import kept, whose
from allocator.ui.policy_dials import end_of_scale, in_words
from allocator.ui.results import Shown, under
from allocator.ui.session import Desk, act, version_seen
from allocator.wording import for_reading, target_words, trimmed

_KEPT = "_weights"
_ADDRESS = "weights"
_WAS, _NOW = "was", "now"


def weights(desk: Desk, view: RoundView, run: RunView, found: Shown) -> None:
    """Draw the sliders and what moves; only this part is drawn anew when one is turned."""
    if not found.result.rules.balance:
        st.markdown(say("ui.allocation.weights.none"))
        return
    st.markdown(say("ui.allocation.weights.about"))
    _panel(desk, view, run, found)


@st.fragment
def _panel(desk: Desk, view: RoundView, run: RunView, found: Shown) -> None:
    rules = found.result.rules
    sliders, outcome = st.columns((1, 2), gap="large")
    with sliders:
        turned = {each.id: _slider(each, run.id) for each in rules.balance}
        st.button(
            say("ui.allocation.weights.reset"),
            key="allocation-reset",
            icon=":material/undo:",
            on_click=_reset,
            args=(rules, run.id),
        )
    keep(view, run, turned, rules)
    differs = turned != own_weights(rules)
    with outcome:
        place = st.empty()
        if differs:  # what was found for other weights must not be taken for what these give
            place.info(say("ui.working"), icon=":material/hourglass_top:")
        # Under its own weights the run is the answer; nothing needs to be decided anew.
        after = _decided(desk, view, run, with_these(rules, turned)) if differs else found.result
        with place.container():
            if after is None:
                return
            _outcome(found, after, _sides(desk, run, found, after))
    if differs and may(desk.me(), Command.SAVE_POLICY):
        _save(desk, view, run, found, turned)


def own_weights(rules: Rules) -> dict[str, int]:
    """Return the weights of a policy by balance factor, in thousandths of a point."""
    return {each.id: each.weight for each in rules.balance}


def with_these(rules: Rules, turned: Mapping[str, int]) -> Rules:
    """Return rules with other weights, in thousandths of a point by balance factor."""
    balance = (replace(each, weight=turned.get(each.id, each.weight)) for each in rules.balance)
    return replace(rules, balance=tuple(balance))


def keep(view: RoundView, run: RunView, turned: Mapping[str, int], rules: Rules) -> None:
    """Keep positions that differ from the policy's for the page Compare, as long as one is here."""
    kept = st.session_state.setdefault(_KEPT, {})
    own = own_weights(rules)
    kept[view.summary.id] = (run.id, dict(turned)) if turned != own else None
    moved = [f"{key}:{weight / POINT:g}" for key, weight in turned.items() if weight != own[key]]
    name(_ADDRESS, " ".join(moved) or None)


def _in_address() -> dict[str, float]:
    """Return the positions that the address names, in points by balance factor."""
    found: dict[str, float] = {}
    for part in (named(_ADDRESS) or "").split():
        factor, _, weight = part.rpartition(":")
        with suppress(ValueError):
            found[factor] = round(2 * float(weight)) / 2
    return found


def kept_weights(view: RoundView) -> tuple[str, dict[str, int]] | None:
    """Return the run and the positions that were turned and not saved, if any."""
    found: tuple[str, dict[str, int]] | None = st.session_state.get(_KEPT, {}).get(view.summary.id)
    return found


def _slider(factor: BalanceFactor, run: str) -> int:
    """Return the weight that is set, in thousandths of a point."""
    most = float(end_of_scale(Fraction(factor.weight, POINT)))
    if _key(factor, run) not in st.session_state:
        sent = _in_address().get(factor.id, factor.weight / POINT)
        st.session_state[_key(factor, run)] = min(max(0.0, sent), most)
    turned = st.slider(
        safe(factor.title),
        0.0,
        most,
        step=0.5,
        format="%g",
        key=_key(factor, run),
        persist_state="session",
    )
    weight = round(turned * POINT)
    st.caption(safe(_meaning(factor, weight)))
    return weight


def _key(factor: BalanceFactor, run: str) -> str:
    return f"allocation-weight-{run}-{factor.id}"


def _reset(rules: Rules, run: str) -> None:
    for each in rules.balance:
        st.session_state[_key(each, run)] = each.weight / POINT


def _meaning(factor: BalanceFactor, weight: int) -> str:
    """Return what a weight means, in words."""
    if not weight:
        return say("ui.allocation.weights.off")
    unit = say(
        f"ui.allocation.weights.unit.{factor.measure}",
        money=for_reading(str(factor.money_unit // 100)),
    )
    return say("ui.allocation.weights.meaning", points=points(weight), unit=unit)


def _decided(desk: Desk, view: RoundView, run: RunView, rules: Rules) -> Result | None:
    try:
        return under(desk, view, run, rules)
    except AllocatorError as error:
        refusal(error)
        return None


def _sides(desk: Desk, run: RunView, found: Shown, after: Result) -> tuple[Side, ...]:
    """Return the run, and what it would be under other weights, side by side."""
    key = whose(desk), run.id, run.fingerprint, repr(after.rules)
    return kept(
        "turned",
        key,
        lambda: compare_results(((_WAS, found.result), (_NOW, after))).sides,
        lambda _: LIST * len(after.lines),
    )


def _outcome(found: Shown, after: Result, sides: Sequence[Side]) -> None:
    """Show what the turned weights give against the run: the run is the first side."""
    was, now = sides
    currency = found.result.round.currency
    facts(
        (
            (say("ui.allocation.weights.gain"), str(now.count(Moved.GAINS))),
            (say("ui.allocation.weights.lose"), str(now.count(Moved.LOSES))),
            (say("ui.allocation.weights.merit"), signed((now.merit - was.merit) / POINT)),
            (
                say("ui.allocation.fact.money-in", currency=currency),
                signed_money(now.spent - was.spent),
            ),
        )
    )
    st.caption(say(f"ui.allocation.weights.{'proven' if now.final else 'not-proven'}"))
    _broken(after)
    _standings(was, now)
    moves_table(now.moves, found, key="allocation-weights-moves", room=TWO_THIRDS)


def _broken(after: Result) -> None:
    """Warn of each promise of the method that does not hold under the turned weights."""
    for each in after.promises:
        if not each.holds:
            told = f"**{safe(each.title)}**  \n{in_words(each.text)}"
            st.warning(told, icon=":material/warning:")


def signed(value: Fraction) -> str:
    """Return a difference with its sign, in points."""
    return f"{'+' if value > 0 else ''}{trimmed(value, 3)}"


def signed_money(minor: int) -> str:
    """Return a difference of money with its sign."""
    return f"{'+' if minor > 0 else ''}{money(minor)}"


def _standings(was: Side, now: Side) -> None:
    """Show how the groups with a target stand before and after, also one whose weight is off."""
    columns = (
        Column(say("ui.allocation.target.name")),
        Column(say("ui.allocation.target.share"), width="small"),
        Column(say("ui.allocation.was")),
        Column(say("ui.allocation.now")),
    )
    aims = [each for each in was.standings if each.key.startswith("aim:")]
    rows: list[list[Cell]] = []
    for each in aims:
        target = "" if each.target is None else target_words(each.target)
        after = now.standing(each.key)
        rows.append([each.label, target, each.part.words, after.part.words if after else ""])
    alt = say("ui.allocation.weights.shares-alt")
    table(
        columns, rows, key="allocation-weights-shares", alt=alt, height="content", room=TWO_THIRDS
    )


def moves_table(moves: tuple[Move, ...], found: Shown, *, key: str, room: int = ROOM) -> None:
    """Show whose outcome differs, by application; names only to those who may see them."""
    if not moves:
        st.info(say("price.nothing"), icon=":material/drag_handle:")
        return
    person = [Column(say("ui.allocation.column.person"))] if found.personal else []
    columns = [
        Column(say("ui.allocation.weights.move")),
        Column(say("outputs.column.application")),
        *person,
        Column(say("outputs.column.administration")),
        Column(say("ui.allocation.was")),
        Column(say("ui.allocation.now")),
        Column(
            say("ui.allocation.weights.difference", currency=found.result.round.currency),
            Kind.MONEY,
        ),
    ]
    order = list(Moved)
    sorted_moves = sorted(moves, key=lambda each: (order.index(each.kind), each.application_id))
    rows = [_move(each, found) for each in sorted_moves]
    alt = say("ui.allocation.weights.moves-alt", count=len(rows))
    table(columns, rows, key=key, alt=alt, file_name="moves", room=room)


def _move(move: Move, found: Shown) -> list[Cell]:
    person: list[Cell] = [found.person(move.application_id)] if found.personal else []
    return [
        say(f"ui.allocation.move.{move.kind}"),
        move.application_id,
        *person,
        found.administration(move.application_id),
        _words(move.before),
        _words(move.after),
        move.after.amount - move.before.amount,
    ]


def _words(outcome: Outcome) -> str:
    if outcome.decision is Decision.AWARDED and outcome.package:
        return say(f"ui.allocation.package.{outcome.package}")
    return say(f"ui.allocation.decision.{outcome.decision}")


# --- saving -------------------------------------------------------------------------------------


def _save(
    desk: Desk, view: RoundView, run: RunView, found: Shown, turned: Mapping[str, int]
) -> None:
    """Offer to save the positions as a version of the policy, and to put the round under it."""
    section(say("ui.allocation.weights.save-title"))
    base = next((each for each in desk.policies() if each.id == run.policy), None)
    if base is None:
        return
    sets = view.summary.state in OPEN and may(desk.me(), Command.SET_POLICY)
    st.markdown(say(f"ui.allocation.weights.save-{'set' if sets else 'only'}", number=base.number))
    reason = reasoned(
        "allocation-save",
        say("ui.allocation.weights.reason"),
        say("ui.allocation.weights.save"),
        help=say("ui.allocation.weights.reason-help"),
        primary=True,
    )
    if reason is None:
        return
    text = _text(base, found, turned)
    act(
        lambda: _saved(desk, view, base, text, reason, sets=sets),
        say(f"ui.allocation.weights.{'saved-set' if sets else 'saved'}"),
    )


def _text(base: PolicyView, found: Shown, turned: Mapping[str, int]) -> str:
    own = own_weights(found.result.rules)
    changed = {
        f"balance.{factor}.weight": Fraction(weight, POINT)
        for factor, weight in turned.items()
        if weight != own[factor]
    }
    return with_weights(base.text, changed, found.result.round.decision_date)


def _saved(
    desk: Desk, view: RoundView, base: PolicyView, text: str, reason: str, *, sets: bool
) -> None:
    made = desk.save_policy(text, reason, base.id)
    if sets:
        desk.set_policy(view.summary.id, made.id, reason, version_seen(view))
