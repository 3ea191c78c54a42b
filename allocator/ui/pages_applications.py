"""Applications: from the file to who is eligible, with every problem and what to do about it."""

from collections import Counter

import streamlit as st

from allocator.model import Severity
from allocator.office.roles import Command, may
from allocator.office.states import OPEN, State
from allocator.office.views import CheckView, RoundView
from allocator.texts import say
from allocator.ui import (
    applications_changes,
    applications_files,
    applications_fix,
    applications_list,
    applications_person,
    navigation,
)
from allocator.ui.address import name, named
from allocator.ui.applications_data import applications_of, check_of, sheet_of
from allocator.ui.applications_problems import problem_table
from allocator.ui.applications_state import PART, say_why_frozen, take_part
from allocator.ui.components import facts
from allocator.ui.formats import safe
from allocator.ui.navigation import RoundPage, Section
from allocator.ui.session import Desk, attempt, flash, version_seen
from allocator.wording import money_brief

_PARTS = ("list", "problems", "ineligible", "changes", "files")


def show(desk: Desk, view: RoundView) -> None:
    """Draw the page, or that of one person if the address names an application."""
    wanted = named("application")
    if wanted is not None:
        if wanted in applications_of(desk, view):
            applications_person.show(desk, view, wanted)
            return
        if any(each.application == wanted for each in sheet_of(desk, view).values()):
            applications_person.show_unread(desk, view, wanted)
            return
        st.warning(
            say("ui.applications.unknown", application=safe(wanted)), icon=":material/search_off:"
        )
    if view.summary.state not in OPEN:
        say_why_frozen(desk, view, say("ui.applications.frozen"))
    check = check_of(desk, view)
    _figures(view, check)
    _next(desk, view, check)
    part = _part(check)
    if part == "list":
        applications_list.show(desk, view, check)
    elif part == "problems":
        _problems(desk, view, check)
    elif part == "ineligible":
        applications_list.show_ineligible(desk, view, check)
    elif part == "changes":
        applications_changes.show(desk, view)
    else:
        applications_files.show(desk, view)


def _figures(view: RoundView, check: CheckView) -> None:
    counts = Counter(each.severity for each in check.problems)
    summary = view.summary
    facts(
        (
            (say("ui.applications.figure.applications"), str(check.applications)),
            (say("ui.applications.figure.eligible"), str(check.eligible)),
            (say("ui.applications.figure.ineligible"), str(len(check.ineligible))),
            (
                say("ui.applications.figure.problems"),
                f"{counts[Severity.ERROR]} · {counts[Severity.WARNING]}",
            ),
            (
                say("ui.applications.figure.money", currency=summary.currency),
                f"{_brief(summary.asked)} · {_brief(summary.available)}",
            ),
        )
    )


def _brief(minor: int | None) -> str:
    return say("ui.not-known") if minor is None else money_brief(minor)


def _next(desk: Desk, view: RoundView, check: CheckView) -> None:
    """Offer what comes next: the check, or the allocation once it is done."""
    summary = view.summary
    if summary.state is State.CHECKED:
        navigation.link("allocation", say("ui.applications.to-allocation"), round=summary.id)
        return
    if summary.state is not State.DRAFT or not may(desk.me(), Command.CHECK):
        return
    pressed = st.button(
        say("ui.applications.check.button"),
        type="primary",
        icon=":material/fact_check:",
        disabled=not check.can_run,
        help=say(f"ui.applications.check.{'help' if check.can_run else 'not-yet'}"),
        key="applications-check",
    )
    if pressed:
        found = attempt(lambda: desk.check(summary.id, version_seen(view)))
        if found is not None:
            counts = {"eligible": found.eligible, "ineligible": len(found.ineligible)}
            flash(say("ui.applications.check.done", **counts))
            st.rerun()


def _part(check: CheckView) -> str:
    """Let one part of the page be chosen; the address keeps it. Only that part is drawn."""
    take_part()
    if PART not in st.session_state:
        wanted = named("part")
        st.session_state[PART] = wanted if wanted in _PARTS else _first(check)
    counts = {
        "list": check.applications,
        "problems": len(check.problems),
        "ineligible": len(check.ineligible),
    }
    chosen = st.radio(
        say("ui.applications.part.label"),
        _PARTS,
        format_func=lambda each: say(f"ui.applications.part.{each}", count=counts.get(each, 0)),
        horizontal=True,
        label_visibility="collapsed",
        key=PART,
    )
    name("part", chosen)
    return str(chosen)


def _first(check: CheckView) -> str:
    if check.applications:
        return "list" if check.can_run else "problems"
    return "files"


def _problems(desk: Desk, view: RoundView, check: CheckView) -> None:
    """Show every problem; one that sits in a cell of the applications can be fixed here."""
    if not check.problems:
        st.success(say("ui.applications.problems.none"), icon=":material/check_circle:")
        return
    fixing = applications_fix.permitted(desk, view)
    if fixing:
        st.caption(say("ui.applications.problems.about"))
    chosen = problem_table(check.problems, key="applications-problems", selectable=fixing)
    if chosen is not None:
        applications_fix.for_problem(desk, view, chosen)


PAGE = RoundPage(
    "applications", Section.DECIDE, 20, ":material/assignment_ind:", Command.SEE_ROUNDS, show
)
