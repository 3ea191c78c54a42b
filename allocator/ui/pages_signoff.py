"""Sign-off: what exactly is put to a name, by its fingerprint; propose, approve, publish, close."""

import os
import tempfile
from datetime import datetime
from pathlib import Path

import streamlit as st

from allocator.office.desk import Desk
from allocator.office.roles import Command, may
from allocator.office.states import State
from allocator.office.views import PublicationView, ReturnView, RoundView, RunView, SignoffView
from allocator.texts import say
from allocator.ui import signoff_key
from allocator.ui.components import (
    Cell,
    Column,
    Kind,
    empty,
    exact,
    facts,
    file_download,
    reasoned,
    section,
    table,
)
from allocator.ui.formats import amount, moment, safe
from allocator.ui.navigation import RoundPage, Section, link
from allocator.ui.results import shown
from allocator.ui.session import act, attempt, version_seen
from allocator.ui.signoff_again import since_publication

SHOWN = 8
"""Digits of a fingerprint that are typed to approve: enough to have looked."""

KEY = "ALLOCATOR_SIGNING_KEY"
"""Environment variable with the file of the officer's key, where the server may read it."""


def show(desk: Desk, view: RoundView) -> None:
    """Draw the page."""
    run = _at_stake(view)
    if run is None:
        empty(say("ui.signoff.empty.what"), say("ui.signoff.empty.do"))
        link("allocation", say("ui.signoff.empty.button"), round=view.summary.id)
        return
    _what(desk, view, run)
    _step(desk, view, run)
    _names(view.signoffs, desk.returns(view.summary.id))
    _publications(desk, view.publications)


def _at_stake(view: RoundView) -> RunView | None:
    """Return the run that names are put to next, or were put to last."""
    finals = [each for each in view.runs if each.fingerprint and each.kind != "what-if"]
    if view.summary.state in (State.DRAFT, State.CHECKED):
        return next((each for each in finals if each.current), None)
    published = {each.run for each in view.publications}
    waiting = [each for each in finals if each.current and each.id not in published]
    if view.summary.state is State.PUBLISHED and waiting:
        return waiting[0]
    return view.run or next(iter(finals), None)


# --- what is being signed -----------------------------------------------------------------------


def _what(desk: Desk, view: RoundView, run: RunView) -> None:
    section(say("ui.signoff.what.title"))
    st.markdown(say(f"ui.signoff.what.{_phase(view, run)}"))
    currency = view.summary.currency
    facts(
        (
            (say("ui.signoff.what.awarded"), str(run.summary.get("awarded", "–"))),
            (say("ui.signoff.what.declined"), str(run.summary.get("declined", "–"))),
            (say("ui.signoff.what.spent"), amount(currency, run.summary.get("spent"))),
            (say("ui.signoff.what.available"), amount(currency, run.summary.get("available"))),
        )
    )
    st.markdown(f"**{say('ui.signoff.what.fingerprint')}**")
    exact(run.fingerprint or "", key="fingerprint")
    st.caption(say("ui.signoff.what.fingerprint-about"))
    _basis(view)
    if _phase(view, run) == "reallocation":
        since_publication(desk, view, run)
    _shares(desk, run)


def _phase(view: RoundView, run: RunView) -> str:
    if view.summary.state is State.PUBLISHED and run.id not in {p.run for p in view.publications}:
        return "reallocation"
    return view.summary.state.value


def _basis(view: RoundView) -> None:
    """List what the run rests on: policy, files by checksum, what persons decided."""
    policy, snapshot = view.policy, view.snapshot
    rows: list[list[Cell]] = []
    if policy is not None:
        by = say("ui.signoff.basis.by", who=policy.author, when=moment(policy.at))
        rows.append([say("ui.signoff.basis.policy"), f"{policy.title} ({policy.number})", by])
    for each in snapshot.files if snapshot else ():
        rows.append([say("ui.signoff.basis.file"), each.name, each.sha256])
    for override in view.overrides:
        if override.active:
            what = say(
                "ui.signoff.basis.decided",
                application=override.application,
                decision=override.decision,
                package=override.package or "",
            )
            why = say("ui.signoff.basis.why", who=override.author, reason=override.reason)
            rows.append([say("ui.signoff.basis.override"), what.strip(), why])
    columns = (
        Column(say("ui.signoff.basis.part")),
        Column(say("ui.signoff.basis.what"), width="medium"),
        Column(say("ui.signoff.basis.more"), width="large"),
    )
    section(say("ui.signoff.basis.title"))
    table(columns, rows, key="signoff-basis", alt=say("ui.signoff.basis.alt"), height="content")


def _shares(desk: Desk, run: RunView) -> None:
    found = attempt(lambda: shown(desk, run))
    if found is None:
        return
    aims = found.figures.aims
    rows: list[list[Cell]] = [
        [each.name, each.share, each.inside, each.counted, say(_reached(not each.short))]
        for each in aims
    ]
    if rows:
        columns = (
            Column(say("ui.signoff.aims.aim"), width="medium"),
            Column(say("ui.signoff.aims.target"), Kind.SHARE),
            Column(say("ui.signoff.aims.inside"), Kind.COUNT),
            Column(say("ui.signoff.aims.counted"), Kind.COUNT),
            Column(say("ui.signoff.aims.reached")),
        )
        section(say("ui.signoff.aims.title"))
        table(columns, rows, key="signoff-aims", alt=say("ui.signoff.aims.alt"), height="content")


def _reached(reached: bool) -> str:
    return f"ui.signoff.aims.{'yes' if reached else 'no'}"


# --- the next step ------------------------------------------------------------------------------


def _step(desk: Desk, view: RoundView, run: RunView) -> None:
    """Draw the one step that comes next, for whoever may take it; to others, say who may."""
    state = view.summary.state
    published = {each.run for each in view.publications}
    latest = view.signoffs[0] if view.signoffs else None
    signed = latest.kind if latest is not None and latest.run == run.id else ""
    if state is State.CLOSED:
        return
    if run.id in published:
        _close(desk, view)
    elif not run.current and state is not State.DRAFT:
        kind = "reallocation" if state is State.PUBLISHED else "run"
        st.warning(say(f"ui.signoff.outdated.{kind}"), icon=":material/history:")
        link("allocation", say("ui.signoff.empty.button"), round=view.summary.id)
    elif signed == "proposed" and state in (State.PROPOSED, State.PUBLISHED):
        _approve(desk, view, run)
    elif signed == "approved" and state in (State.APPROVED, State.PUBLISHED):
        _publish(desk, view)
    else:
        _propose(desk, view, run)
    if state in (State.PROPOSED, State.APPROVED):
        _return(desk, view, "return")
    elif state is State.PUBLISHED and run.id not in published and signed:
        _return(desk, view, "return-reallocation")


def _allowed(desk: Desk, command: Command, name: str) -> bool:
    section(say(f"ui.signoff.{name}.title"))
    if may(desk.me(), command):
        st.markdown(say(f"ui.signoff.{name}.about"))
        return True
    st.markdown(say(f"ui.signoff.{name}.wait"))
    return False


def _propose(desk: Desk, view: RoundView, run: RunView) -> None:
    summary = view.summary
    if not _allowed(desk, Command.PROPOSE, "propose"):
        return
    if summary.state is State.DRAFT:
        st.info(say("ui.signoff.propose.check-first"), icon=":material/fact_check:")
        link("applications", say("ui.signoff.propose.check"), round=summary.id)
        return
    if st.button(say("ui.signoff.propose.button"), type="primary", key="signoff-propose"):
        act(
            lambda: desk.propose(summary.id, run.id, version_seen(view)),
            say("ui.signoff.propose.done"),
        )


def _approve(desk: Desk, view: RoundView, run: RunView) -> None:
    if not _allowed(desk, Command.APPROVE, "approve"):
        return
    summary, whole = view.summary, run.fingerprint or ""
    with st.form("signoff-approve", border=False):
        typed = st.text_input(
            say("ui.signoff.approve.label", count=SHOWN), max_chars=64, key="signoff-typed"
        )
        pressed = st.form_submit_button(say("ui.signoff.approve.button"), type="primary")
    if not pressed:
        return
    given = typed.strip().lower()
    if len(given) < SHOWN or not whole.startswith(given):
        st.error(say("ui.signoff.approve.wrong", count=SHOWN), icon=":material/block:")
        return
    act(lambda: desk.approve(summary.id, whole, version_seen(view)), say("ui.signoff.approve.done"))


def _return(desk: Desk, view: RoundView, words: str) -> None:
    if not may(desk.me(), Command.RETURN):
        return
    summary = view.summary
    with st.expander(say(f"ui.signoff.{words}.title"), icon=":material/undo:"):
        st.markdown(say(f"ui.signoff.{words}.about"))
        reason = reasoned(
            "signoff-return", say("ui.signoff.return.label"), say(f"ui.signoff.{words}.button")
        )
        if reason is not None:
            act(
                lambda: desk.return_to_draft(summary.id, reason, version_seen(view)),
                say(f"ui.signoff.{words}.done"),
            )


def _publish(desk: Desk, view: RoundView) -> None:
    """Sign with a key of the server's, or with one given for this once and not kept."""
    if not _allowed(desk, Command.PUBLISH, "publish"):
        return
    summary, on_server = view.summary, os.environ.get(KEY)
    with st.form("signoff-publish", border=False):
        given = None
        if not on_server:
            st.markdown(say("ui.signoff.publish.key"))
            given = st.file_uploader(" ", key="signoff-key", label_visibility="collapsed")
        password = st.text_input(
            say("ui.signoff.publish.password"), type="password", key="signoff-password"
        )
        pressed = st.form_submit_button(say("ui.signoff.publish.button"), type="primary")
    if not on_server:
        signoff_key.draw(desk)
    if not pressed:
        return
    if not on_server and given is None:
        st.error(say("ui.signoff.publish.no-key"), icon=":material/block:")
        return
    content = None if given is None else given.getvalue()
    act(
        lambda: _published(desk, summary.id, version_seen(view), content, password or None),
        say("ui.signoff.publish.done"),
    )


def _published(
    desk: Desk, round_id: str, seen: int, content: bytes | None, password: str | None
) -> PublicationView:
    if content is None:
        return desk.publish(round_id, Path(os.environ[KEY]), seen, password)
    with tempfile.TemporaryDirectory() as place:
        key = Path(place, "key.pem")
        with open(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        return desk.publish(round_id, key, seen, password)


def _close(desk: Desk, view: RoundView) -> None:
    if not may(desk.me(), Command.CLOSE):
        return
    summary = view.summary
    with st.expander(say("ui.signoff.close.title"), icon=":material/lock:"):
        st.markdown(say("ui.signoff.close.about"))
        sure = st.checkbox(say("ui.signoff.close.sure"), key="signoff-sure")
        if st.button(say("ui.signoff.close.button"), disabled=not sure, key="signoff-close"):
            act(lambda: desk.close(summary.id, version_seen(view)), say("ui.signoff.close.done"))


# --- what was signed ----------------------------------------------------------------------------


def _names(signoffs: tuple[SignoffView, ...], returns: tuple[ReturnView, ...]) -> None:
    section(say("ui.signoff.names.title"))
    if not signoffs and not returns:
        st.markdown(say("ui.signoff.names.none"))
        return
    columns = (
        Column(say("ui.signoff.names.at"), Kind.MOMENT),
        Column(say("ui.signoff.names.who")),
        Column(say("ui.signoff.names.kind")),
        Column(say("ui.signoff.names.run")),
        Column(say("ui.signoff.names.fingerprint"), width="large"),
        *([Column(say("ui.signoff.names.reason"), width="medium")] if returns else []),
    )
    made: list[tuple[datetime, list[Cell]]] = [
        (
            each.at,
            [each.account, say(f"ui.signoff.kind.{each.kind}"), each.run, each.fingerprint, ""],
        )
        for each in signoffs
    ]
    returned = say("ui.signoff.kind.returned")
    made += [(each.at, [each.account, returned, "", "", each.reason]) for each in returns]
    made.sort(key=lambda each: each[0], reverse=True)
    rows = [[at, *cells][: len(columns)] for at, cells in made]
    alt = say("ui.signoff.names.alt", count=len(rows))
    table(
        columns,
        rows,
        key="signoff-names",
        alt=alt,
        file_name="signoffs",
        height="content",
    )


def _publications(desk: Desk, publications: tuple[PublicationView, ...]) -> None:
    if not publications:
        return
    section(say("ui.signoff.published.title"))
    for each in publications:
        with st.container(border=True):
            st.markdown(
                say(
                    "ui.signoff.published.line",
                    number=each.number,
                    who=safe(each.by),
                    when=safe(moment(each.at)),
                )
            )
            st.markdown(say("ui.signoff.published.key"))
            exact(each.public_key, key=f"public-key-{each.number}")
            if may(desk.me(), Command.DOWNLOAD):
                _download(desk, each)


def _download(desk: Desk, each: PublicationView) -> None:
    file_download(
        say("ui.signoff.published.download"),
        lambda: desk.record(each.run),
        f"record-{each.number}.zip",
        "application/zip",
        key=f"signoff-record-{each.number}",
    )


PAGE = RoundPage("signoff", Section.CHECK, 20, ":material/approval:", Command.SEE_ROUNDS, show)
