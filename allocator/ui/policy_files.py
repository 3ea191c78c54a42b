"""The text of a policy: to read, to change by hand, to take away, to bring in."""

from datetime import date

import streamlit as st

from allocator.errors import AllocatorError, Problem, problem
from allocator.policy_edit import with_header
from allocator.texts import say
from allocator.ui import policy_draft
from allocator.ui.applications_problems import problem_table
from allocator.ui.components import file_download, section, uploads
from allocator.ui.failures import refusal
from allocator.ui.policy_draft import FILE, Draft
from allocator.ui.session import flash

_LIMIT = 1_000_000


def draw(round_id: str, draft: Draft) -> None:
    """Draw the part of the page about the text and the file."""
    section(say("ui.policy.file.title"))
    with st.container(horizontal=True):
        file_download(
            say("ui.policy.file.download"),
            lambda: draft.text.encode("utf-8"),
            FILE,
            "application/yaml",
            key="policy-download",
        )
    _problems(policy_draft.checked(draft.text)[1], key="policy-warnings")
    with st.expander(say("ui.policy.file.upload-title"), icon=":material/upload:"):
        _upload(round_id, draft)
    with st.expander(say("ui.policy.file.text-title"), icon=":material/code:"):
        _text(round_id, draft)


def _problems(problems: tuple[Problem, ...], *, key: str) -> None:
    if problems:
        problem_table(problems, key=key)


def _upload(round_id: str, draft: Draft) -> None:
    st.caption(say("ui.policy.file.upload-about"))
    given = uploads(say("ui.policy.file.upload-label"), ["yaml", "yml"], key="policy-upload")
    label = say("ui.policy.file.upload-button")
    if not st.button(label, disabled=not given, key="policy-upload-button"):
        return
    if len(given) != 1:
        refusal(AllocatorError(problem("ui-policy-one-file")))
        return
    try:
        text = next(iter(given.values())).decode("utf-8-sig")
    except UnicodeDecodeError:
        refusal(AllocatorError(problem("yaml-not-utf8")))
        return
    _taken(round_id, draft, text, say("ui.policy.file.uploaded"))


def _text(round_id: str, draft: Draft) -> None:
    st.caption(say("ui.policy.file.text-about"))
    with st.form("policy-text-form", border=False):
        text = st.text_area(
            say("ui.policy.file.text-label"),
            draft.text,
            height=480,
            max_chars=_LIMIT,
            key=f"policy-text-{draft.source.id}-{hash(draft.text)}",
        )
        pressed = st.form_submit_button(say("ui.policy.file.text-button"))
    if pressed:
        _taken(round_id, draft, text, say("ui.policy.file.taken"))


def _taken(round_id: str, draft: Draft, text: str, done: str) -> None:
    """Put a text on the screen if it has no errors; else show them all, and keep what was there."""
    policy, problems = policy_draft.checked(text)
    if policy is None:
        st.error(say("ui.policy.file.refused", count=len(problems)), icon=":material/block:")
        _problems(problems, key="policy-errors")
        return
    policy_draft.change(round_id, draft, text)
    flash(done)
    st.rerun()


def renamed(draft: Draft, version: str, today: date) -> str:
    """Return the text of a draft as it is saved: with its version, and the day it was changed."""
    policy = policy_draft.checked(draft.text)[0]
    if policy is None or not version or version == policy.content.policy.version:
        return draft.text
    return with_header(draft.text, version, today)
