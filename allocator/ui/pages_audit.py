"""Audit: a record verified line by line, how groups fared, who was tied, the log, other records."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from allocator.explain.fairness_record import fairness_from
from allocator.explain.fairness_words import Section as Reading
from allocator.explain.result import Result
from allocator.office import flips
from allocator.office.desk import Desk
from allocator.office.roles import Command, may
from allocator.office.views import RoundView, RunView
from allocator.record.check_all import Given
from allocator.record.check_report import FAIL, PASS, REFUSED, VERIFIED, Report
from allocator.record.check_signature import read_key
from allocator.record.verify import verify_bytes
from allocator.texts import say
from allocator.ui.address import name, named
from allocator.ui.components import Cell, Column, Kind, empty, exact, folded, section, table
from allocator.ui.formats import grouped, moment, quoted, safe
from allocator.ui.navigation import RoundPage, Section, link
from allocator.ui.results import shown
from allocator.ui.session import act, attempt

_VIEWS = ("record", "fairness", "ties", "log", "other")
_MARK = {PASS: "passed", FAIL: "failed"}


def show(desk: Desk, view: RoundView) -> None:
    """Draw the page."""
    chosen = _view_chosen()
    if chosen == "other":
        _other_record()
        return
    if chosen == "log":
        _log(desk)
        return
    run = _run(view)
    if run is None:
        empty(say("ui.audit.empty.what"), say("ui.audit.empty.do"))
        link("allocation", say("ui.audit.empty.button"), round=view.summary.id)
        return
    draw: dict[str, Callable[[Desk, RoundView, RunView], None]] = {
        "record": _record,
        "fairness": _fairness,
        "ties": _ties,
    }
    draw[chosen](desk, view, run)


def _view_chosen() -> str:
    """Let one view be chosen; the address keeps it."""
    wanted = named("part")
    if wanted in _VIEWS:
        st.session_state.setdefault("audit-view", wanted)
    chosen = st.radio(
        say("ui.audit.views"),
        _VIEWS,
        format_func=lambda each: say(f"ui.audit.view.{each}"),
        horizontal=True,
        key="audit-view",
    )
    name("part", chosen)
    return str(chosen)


def _run(view: RoundView) -> RunView | None:
    """Return the run to look at: a published one, or the newest with a record."""
    runs = [each for each in view.runs if each.fingerprint]
    if not runs:
        return None
    published = {each.run for each in view.publications}
    first = next((n for n, each in enumerate(runs) if each.id in published), 0)
    if len(runs) == 1:
        return runs[0]
    return st.selectbox(
        say("ui.audit.run"), runs, index=first, format_func=lambda r: _run_name(r, published)
    )


def _run_name(run: RunView, published: set[str]) -> str:
    mark = say("ui.audit.run-published") if run.id in published else say(f"ui.run-kind.{run.kind}")
    return say("ui.audit.run-name", run=run.id, when=moment(run.started), kind=mark)


# --- the record ---------------------------------------------------------------------------------


def _record(desk: Desk, view: RoundView, run: RunView) -> None:
    st.markdown(say("ui.audit.record.about"))
    exact(run.fingerprint or "", key="fingerprint")
    if not may(desk.me(), Command.DOWNLOAD):
        st.markdown(say("ui.audit.record.not-yours"))
        return
    if st.button(say("ui.audit.record.button"), type="primary", key="audit-verify"):
        st.session_state["audit-report"] = (run.id, attempt(lambda: _verified(desk, view, run)))
    of, report = st.session_state.get("audit-report", (None, None))
    if of == run.id and report is not None:
        show_report(report, "audit-record")


def _verified(desk: Desk, view: RoundView, run: RunView) -> Report:
    """Verify a run's record, against its key and the record before it where it is published."""
    publication = next((each for each in view.publications if each.run == run.id), None)
    earlier = [
        each for each in view.publications if publication and each.number < publication.number
    ]
    previous = desk.record(max(earlier, key=lambda each: each.number).run) if earlier else None
    key = bytes.fromhex(publication.public_key) if publication else None
    return verify_bytes(desk.record(run.id), Given(previous, key))


def show_report(report: Report, key: str) -> None:
    """Show a report: the verdict, every check on a line, what no check can show."""
    _verdict(report)
    columns = [
        Column(say("ui.audit.check.result"), width=92),
        Column(say("ui.audit.check.title")),
        Column(say("ui.audit.check.figure")),
    ]
    detailed = any(each.detail for each in report.checks)
    if detailed:
        columns.append(Column(say("ui.audit.check.detail")))
    rows: list[list[Cell]] = [
        [
            say(f"ui.audit.check.{_MARK.get(each.status, 'open')}"),
            each.title,
            grouped(quoted(each.figure)),
            *([quoted(" ".join(each.detail))] if detailed else []),
        ]
        for each in report.checks
    ]
    alt = say("ui.audit.check.alt", count=len(rows))
    table(
        columns,
        rows,
        key=key,
        alt=alt,
        file_name="verification",
        height="content",
    )
    limits = "\n".join(f"- {safe(each)}" for each in report.limits)
    folded(
        say("ui.audit.limits"),
        lambda: st.markdown(limits),
        icon=":material/info:",
        key=f"{key}-limits",
    )


def _verdict(report: Report) -> None:
    """Say whether the record holds; the checks that do not are named at once."""
    verdict = say(f"ui.audit.verdict.{report.verdict}")
    if report.verdict == VERIFIED:
        st.success(verdict, icon=":material/verified:")
    elif report.verdict == REFUSED:
        failed = [each.title for each in report.checks if each.status == FAIL]
        st.error(_listed(verdict, failed), icon=":material/gpp_bad:")
    else:
        st.warning(verdict, icon=":material/warning:")


def _listed(verdict: str, failed: Sequence[str]) -> str:
    return "\n".join([verdict, "", *(f"- {safe(each)}" for each in failed)])


def _other_record() -> None:
    """Verify a record that somebody brings along; nothing of it is kept."""
    st.markdown(say("ui.audit.other.about"))
    with st.form("audit-other", border=False):
        record = _file("audit-other-record", "record")
        key = _file("audit-other-key", "key")
        previous = _file("audit-other-previous", "previous")
        pressed = st.form_submit_button(say("ui.audit.other.button"), type="primary")
    if not pressed:
        return
    if record is None:
        st.error(say("ui.audit.other.none"), icon=":material/block:")
        return
    try:
        public = read_key(key) if key is not None else None
    except ValueError:
        st.error(say("ui.audit.other.wrong-key"), icon=":material/block:")
        return
    report = attempt(lambda: verify_bytes(record, Given(previous, public)))
    if report is not None:
        show_report(report, "audit-other-report")


def _file(key: str, name: str) -> bytes | None:
    st.markdown(f":small[{say(f'ui.audit.other.{name}')}]")
    given = st.file_uploader(" ", key=key, label_visibility="collapsed")
    return None if given is None else given.getvalue()


# --- how groups fared ---------------------------------------------------------------------------


def _fairness(desk: Desk, view: RoundView, run: RunView) -> None:
    st.markdown(say("ui.audit.fairness.about"))
    found = shown(desk, run)
    fairness = found.fairness
    if fairness is None:
        st.info(say("ui.audit.fairness.none"), icon=":material/info:")
        return
    for place, each in enumerate(fairness.sections()):
        _reading(each, f"audit-fair-{place}")
    if fairness.flips is None:
        _flip(desk, run, found.result)


def _reading(each: Reading, key: str) -> None:
    section(each.title)
    for sentence in each.text:
        st.markdown(safe(sentence))
    if each.columns:
        columns = [Column(heading) for heading in each.columns]
        table(
            columns,
            each.rows,
            key=key,
            alt=each.title,
            file_name=f"fairness-{key.rsplit('-', 1)[-1]}",
            height="content",
        )
    st.caption(f"{safe(each.means)} {safe(each.means_not)}")


def _flip(desk: Desk, run: RunView, result: Result) -> None:
    """Offer the flip test, which decides the round anew for every application."""
    section(say("ui.audit.flip.title"))
    st.markdown(say("ui.audit.flip.about"))
    now = flips.standing(desk, run)
    if now.under_way:
        _flip_under_way(desk, run)
    elif now.kept is not None and result.fairness is not None:
        _flip_answer(desk, replace(result, fairness=replace(result.fairness, flips=now.kept)))
    else:
        if now.lost:
            st.warning(say("ui.audit.flip.lost"), icon=":material/warning:")
        if st.button(say("ui.audit.flip.button"), key="audit-flip"):
            act(lambda: flips.start(desk, run), say("ui.audit.flip.started"))


@st.fragment(run_every=1.0)
def _flip_under_way(desk: Desk, run: RunView) -> None:
    """Show how far the flip test is; draw the page anew when it has ended."""
    now = flips.standing(desk, run)
    if not now.under_way:
        st.rerun()
    counts = {"done": now.done, "asked": now.asked}
    words = say("ui.audit.flip.under-way", **counts) if now.asked else ""
    st.progress(
        now.done / now.asked if now.asked else 0.0, text=words or say("ui.audit.flip.beginning")
    )
    if st.button(say("ui.audit.flip.stop"), key="audit-flip-stop", icon=":material/stop_circle:"):
        flips.stop(desk, run)
        st.caption(say("ui.audit.flip.stopping"))


def _flip_answer(desk: Desk, result: Result) -> None:
    made = fairness_from(result)
    personal = may(desk.me(), Command.SEE_PERSONAL)
    parts = made.sections(applications=personal) if made is not None else ()
    for place, each in enumerate(part for part in parts if "flip" in part.id):
        _reading(each, f"audit-flip-{place}")


# --- equal optima -------------------------------------------------------------------------------


def _ties(desk: Desk, view: RoundView, run: RunView) -> None:
    result = shown(desk, run).result
    draws = result.allocation.draws
    section(say("ui.audit.ties.title"))
    st.markdown(say("ui.audit.ties.about"))
    exact(result.round.lottery_seed, key="seed")
    if draws:
        columns = (
            Column(say("ui.audit.ties.position"), Kind.COUNT),
            Column(say("ui.audit.ties.application")),
            Column(say("ui.audit.ties.drawn")),
            Column(say("ui.audit.ties.key")),
        )
        rows: list[list[Cell]] = [
            [each.position, each.application_id, _drawn(each.package), each.key] for each in draws
        ]
        alt = say("ui.audit.ties.alt", count=len(rows))
        table(columns, rows, key="audit-ties", alt=alt, file_name="lottery")
    else:
        st.markdown(say("ui.audit.ties.none"))
    _exchanges(result)


def _drawn(package: str | None) -> str:
    return package if package else say("ui.audit.ties.nothing")


def _exchanges(result: Result) -> None:
    section(say("ui.audit.swaps.title"))
    st.markdown(say("ui.audit.swaps.about"))
    found = result.effects
    if found is None or not found.swaps:
        st.markdown(say("ui.audit.swaps.none"))
        return
    columns = (
        Column(say("ui.audit.swaps.awarded")),
        Column(say("ui.audit.swaps.declined")),
        Column(say("ui.audit.swaps.package")),
    )
    rows: list[list[Cell]] = [
        [each.awarded, each.declined, each.package.value] for each in found.swaps
    ]
    alt = say("ui.audit.swaps.alt", count=len(rows))
    table(columns, rows, key="audit-swaps", alt=alt, file_name="exchanges")


# --- the log ------------------------------------------------------------------------------------


def _log(desk: Desk) -> None:
    """Check the store: the chain of its log, its guards, its files, its publications."""
    section(say("ui.audit.log.title"))
    st.markdown(say("ui.audit.log.about"))
    if not may(desk.me(), Command.SEE_STORE):
        st.markdown(say("ui.audit.log.not-yours"))
        return
    if st.button(say("ui.audit.log.button"), type="primary", key="audit-log"):
        st.session_state["audit-store"] = attempt(desk.check_store)
    report = st.session_state.get("audit-store")
    if report is None:
        return
    if report.passed:
        st.success(say("ui.audit.log.holds"), icon=":material/verified:")
    else:
        failed = [each.name for each in report.checks if not each.passed]
        st.error(_listed(say("ui.audit.log.broken"), failed), icon=":material/gpp_bad:")
    columns = [
        Column(say("ui.audit.check.result"), width=92),
        Column(say("ui.audit.check.title")),
        Column(say("ui.audit.check.figure")),
    ]
    if not report.passed:
        columns.append(Column(say("ui.audit.log.do")))
    rows: list[list[Cell]] = [
        [
            say(f"ui.audit.check.{'passed' if each.passed else 'failed'}"),
            each.name,
            each.figure,
            *([] if report.passed else ["" if each.passed else each.do]),
        ]
        for each in report.checks
    ]
    alt = say("ui.audit.check.alt", count=len(rows))
    table(
        columns,
        rows,
        key="audit-store-table",
        alt=alt,
        file_name="store",
        height="content",
    )


PAGE = RoundPage("audit", Section.CHECK, 10, ":material/policy:", Command.VERIFY, show)
