"""Policy: every weight with its meaning in words, what it promises, and its versions."""

from datetime import UTC, date, datetime, timedelta
from functools import partial

import streamlit as st

from allocator.errors import AllocatorError
from allocator.office.roles import Command, may
from allocator.office.states import OPEN
from allocator.office.views import PolicyView, RoundView
from allocator.policy import diff, plain_words, promises
from allocator.policy_diff import Change
from allocator.policy_promises import PolicyPromise
from allocator.policy_schema import Policy
from allocator.policy_settle import settle
from allocator.rules import Measure, Rules
from allocator.texts import say
from allocator.ui import policy_address, policy_dials, policy_draft, policy_files
from allocator.ui.applications_data import dearest_award, decision_date
from allocator.ui.applications_state import say_why_frozen
from allocator.ui.components import Cell, Column, Kind, folded, reasoned, section, table
from allocator.ui.failures import refusal
from allocator.ui.fitting import TWO_FIFTHS
from allocator.ui.formats import day, moment, safe
from allocator.ui.navigation import RoundPage, Section
from allocator.ui.policy_draft import Draft
from allocator.ui.session import Desk, act, version_seen

_YEARS = timedelta(days=3650)
"""So far from the usual day another may be chosen."""


def show(desk: Desk, view: RoundView) -> None:
    """Draw the page."""
    round_id = view.summary.id
    found = policy_draft.sources(desk)
    decided = decision_date(desk, view)
    usual = decided or datetime.now(UTC).date()
    sent = policy_address.take_over(view, found, usual)
    picker, when = st.columns([3, 1], vertical_alignment="bottom")
    with picker:
        draft = policy_draft.choose(view, found)
    policy_draft.keep(round_id, draft)
    with when:
        on = _day(view, decided, usual, sent)
    policy_address.tell(view, found, on, usual)
    _origin(view, draft)
    policy = policy_draft.checked(draft.text)[0]
    rules = _settled(policy, on)
    _standing(desk, view, draft)
    if policy is not None and rules is not None:
        weights, aside = st.columns([3, 2], gap="large")
        with weights:
            policy_dials.draw(round_id, draft, policy, rules)
        with aside:
            _promises(promises(rules, _dearest(desk, view, rules)))
            _changes(draft, policy)
            _save(desk, view, draft, policy)
            _use(desk, view, draft)
        _targets(policy, on)
        _in_words(policy, on)
    _versions(view, found)
    policy_files.draw(round_id, draft)


def _day(view: RoundView, decided: date | None, usual: date, sent: date | None) -> date:
    """Ask for the day on which dated values are read; the round's decision date at first."""
    key = f"policy-on-{view.summary.id}-{decided}"
    if sent is not None or key not in st.session_state:
        st.session_state[key] = sent or usual
    found = st.date_input(
        say("ui.policy.on.label"),
        min_value=usual - _YEARS,
        max_value=usual + _YEARS,
        help=say(f"ui.policy.on.{'decision' if decided else 'today'}"),
        key=key,
        format="YYYY-MM-DD",
    )
    return found if isinstance(found, date) else usual


def _settled(policy: Policy | None, on: date) -> Rules | None:
    if policy is None:
        return None
    try:
        return settle(policy, on)
    except AllocatorError as error:
        refusal(error)
        return None


def _origin(view: RoundView, draft: Draft) -> None:
    """Say whether the round has the policy that the draft began with, and who wrote it."""
    version = draft.source.version
    if version is None:
        st.caption(say("ui.policy.origin.shipped"))
        return
    wrote = {"author": safe(version.author), "when": moment(version.at)}
    said = (
        say("ui.policy.origin.reason", **wrote, reason=safe(version.reason))
        if version.reason
        else say("ui.policy.origin.saved", **wrote)
    )
    used = view.policy is not None and view.policy.id == version.id
    st.caption(f"{say('ui.policy.origin.used')} {said}" if used else said)


def _standing(desk: Desk, view: RoundView, draft: Draft) -> None:
    """Say whether the round can take another policy, and whether something is unsaved."""
    round_id = view.summary.id
    if view.summary.state not in OPEN:
        say_why_frozen(desk, view, say("ui.policy.frozen"))
    if view.policy is None:
        st.info(say("ui.policy.none-chosen"), icon=":material/info:")
    if not (draft.unsaved or draft.earlier):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if draft.unsaved:
            st.badge(say("ui.policy.unsaved"), color="orange", icon=":material/edit_note:")
        if draft.earlier:
            st.button(
                say("ui.policy.undo"),
                icon=":material/undo:",
                key="policy-undo",
                on_click=policy_draft.undo,
                args=(round_id, draft),
            )
        if draft.unsaved:
            st.button(
                say("ui.policy.discard"),
                icon=":material/settings_backup_restore:",
                key="policy-discard",
                on_click=policy_draft.discard,
                args=(round_id, draft),
            )


def _dearest(desk: Desk, view: RoundView, rules: Rules) -> int | None:
    """Return what the dearest award costs, where a factor counts money."""
    money = any(each.measure is Measure.MONEY for each in rules.balance)
    return dearest_award(desk, view) if money else None


def _promises(found: tuple[PolicyPromise, ...]) -> None:
    section(say("ui.policy.promises.title"))
    for each in found:
        told = [f"**{safe(each.title)}**", policy_dials.in_words(each.text)]
        if each.remedy:
            told.append(
                f"**{say('ui.policy.promises.remedy')}** {policy_dials.in_words(each.remedy)}"
            )
        box = st.success if each.holds else st.warning
        icon = ":material/verified:" if each.holds else ":material/warning:"
        box("  \n".join(told), icon=icon)


def _changes(draft: Draft, policy: Policy) -> None:
    section(say("ui.policy.changes.title"))
    began = policy_draft.checked(draft.source.text)[0]
    if began is None:
        st.markdown(say("ui.policy.changes.unreadable"))
        return
    changes = diff(began, policy)
    if not changes:
        st.markdown(say(f"ui.policy.changes.{'comments' if draft.unsaved else 'none'}"))
        return
    columns = (
        Column(say("ui.policy.changes.what")),
        Column(say("ui.policy.changes.before")),
        Column(say("ui.policy.changes.now")),
    )
    rows = [_change(each) for each in changes]
    alt = say("ui.policy.changes.alt", count=len(rows))
    table(columns, rows, key="policy-changes", alt=alt, file_name="policy-changes", room=TWO_FIFTHS)


def _change(each: Change) -> list[Cell]:
    nothing = say("ui.policy.changes.nothing")
    return [each.meaning, each.old or nothing, each.new or nothing]


def _save(desk: Desk, view: RoundView, draft: Draft, policy: Policy) -> None:
    """Offer to save what is on the screen as a new version, with a reason."""
    if not may(desk.me(), Command.SAVE_POLICY):
        if draft.unsaved:
            st.info(say("ui.policy.save.not-you"), icon=":material/info:")
        return
    if not draft.unsaved and draft.source.version is not None:
        return
    section(say("ui.policy.save.title"))
    st.caption(say("ui.policy.save.about"))
    usable = view.summary.state in OPEN and may(desk.me(), Command.SET_POLICY)
    with st.form("policy-save", border=False):
        version = st.text_input(
            say("ui.policy.save.version"),
            _next_version(draft, policy),
            help=say("ui.policy.save.version-help"),
            max_chars=40,
            key=f"policy-version-{draft.source.id}",
        )
        reason = st.text_area(
            say("ui.policy.save.reason"), key="policy-save-reason", max_chars=4000, height=100
        )
        use = usable and st.checkbox(say("ui.policy.save.use"), value=True, key="policy-save-use")
        pressed = st.form_submit_button(say("ui.policy.save.button"), type="primary")
    if pressed:
        _saved(desk, view, draft, version.strip(), reason.strip(), use=use)


def _saved(
    desk: Desk, view: RoundView, draft: Draft, version: str, reason: str, *, use: bool
) -> None:
    text = policy_files.renamed(draft, version, datetime.now(UTC).date())
    based_on = draft.source.version.id if draft.source.version else None
    summary = view.summary

    def save() -> PolicyView:
        if use:
            seen = version_seen(view)
            made = desk.save_policy_for(summary.id, text, reason, based_on, seen)
        else:
            made = desk.save_policy(text, reason, based_on)
        policy_draft.saved(summary.id, draft, made)
        return made

    act(save, say(f"ui.policy.save.{'done-used' if use else 'done'}"))


def _next_version(draft: Draft, policy: Policy) -> str:
    """Return the version after this one, where it is a number; a shipped one keeps its own."""
    version = policy.content.policy.version
    if not draft.unsaved or not version.isdecimal():
        return version
    return str(int(version) + 1)


def _use(desk: Desk, view: RoundView, draft: Draft) -> None:
    """Offer to decide the round by the saved version that is on the screen."""
    version, summary = draft.source.version, view.summary
    if version is None or draft.unsaved or (view.policy and view.policy.id == version.id):
        return
    if summary.state not in OPEN or not may(desk.me(), Command.SET_POLICY):
        return
    section(say("ui.policy.use.title"))
    reason = reasoned("policy-use", say("ui.policy.use.reason"), say("ui.policy.use.button"))
    if reason is not None:
        done = say("ui.policy.use.done", number=version.number)
        seen = version_seen(view)
        act(lambda: desk.set_policy(summary.id, version.id, reason, seen), done)


def _targets(policy: Policy, on: date) -> None:
    rows = [_target(each, on) for each in policy_dials.targets(policy, on)]
    if not rows:
        return
    section(say("ui.policy.target.title"))
    columns = (
        Column(say("ui.policy.target.factor")),
        Column(say("ui.policy.target.share")),
        Column(say("ui.policy.target.from"), Kind.DAY),
        Column(say("ui.policy.target.when", day=day(on))),
        Column(say("ui.policy.target.reference")),
    )
    alt = say("ui.policy.target.alt", count=len(rows))
    table(columns, rows, key="policy-targets", alt=alt, file_name="policy-targets")


def _target(each: policy_dials.Target, on: date) -> list[Cell]:
    ahead = each.start is not None and each.start > on
    when = "in-force" if each.in_force else "later" if ahead else "past"
    return [each.factor, each.share, each.start, say(f"ui.policy.target.{when}"), each.reference]


def _in_words(policy: Policy, on: date) -> None:
    """Read the whole policy aloud; what it promises is said above."""
    section(say("ui.policy.words.title"))
    st.caption(say("ui.policy.words.about"))
    told = say("policy-words.title.promises")
    for place, part in enumerate(plain_words(policy, on)):
        if part.sentences and part.title != told:
            read = "\n".join(f"- {policy_dials.in_words(each)}" for each in part.sentences)
            folded(safe(part.title), partial(st.markdown, read), key=f"policy-words-{place}")


def _versions(view: RoundView, found: tuple[policy_draft.Source, ...]) -> None:
    """Show every version ever saved; choosing one puts it on the screen."""
    section(say("ui.policy.versions.title"))
    versions = [each.version for each in found if each.version is not None]
    if not versions:
        st.markdown(say("ui.policy.versions.none"))
        return
    columns = (
        Column(say("ui.policy.versions.number"), Kind.COUNT),
        Column(say("ui.policy.versions.policy")),
        Column(say("ui.policy.versions.author")),
        Column(say("ui.policy.versions.at"), Kind.MOMENT),
        Column(say("ui.policy.versions.reason")),
        Column(say("ui.policy.versions.based-on")),
        Column(say("ui.policy.versions.used")),
    )
    numbers = {each.id: str(each.number) for each in versions}
    rows = [_version(view, each, numbers) for each in versions]
    alt = say("ui.policy.versions.alt", count=len(rows))
    table(columns, rows, key="policy-versions", alt=alt, file_name="policy-versions")


def _version(view: RoundView, each: PolicyView, numbers: dict[str, str]) -> list[Cell]:
    used = bool(view.policy and view.policy.id == each.id)
    based = numbers.get(each.based_on or "", "")
    mark = say("ui.policy.versions.yes") if used else ""
    return [each.number, each.title, each.author, each.at, each.reason, based, mark]


PAGE = RoundPage("policy", Section.DECIDE, 30, ":material/tune:", Command.SEE_ROUNDS, show)
