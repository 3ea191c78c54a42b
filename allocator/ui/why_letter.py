"""The text of a letter that tells one applicant why: plain and kind, and nothing of anybody else.

It names the rules, the applicant's own points and what would have been enough. It leaves out who
else was considered, exchanged or displaced, and what others stated.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import streamlit as st

from allocator.explain.figures import references, rule_titles
from allocator.explain.result import DecisionLine
from allocator.explain.why_words import Reader
from allocator.model import Candidate, Decision, Ineligible, MeritLine
from allocator.texts import say
from allocator.ui.components import file_download, section
from allocator.ui.formats import quoted
from allocator.ui.results import Shown
from allocator.wording import day, money_brief, package_words, points

_OWN_PARTS = ("margin", "obstacles", "factors", "extra")
"""Parts of an explanation that speak of nobody but the applicant, the rules and the money."""


def letter(found: Shown, application: str, *, published: bool) -> None:
    """Show the text of the letter, to copy or to keep as a file; none of a run not final.

    Of a run that is not ``published`` it is a draft, and a warning says so.
    """
    line = found.lines[application]
    section(say("ui.why.letter.title"))
    if not found.figures.final:
        st.markdown(say("ui.why.letter.not-final"))
        return
    st.caption(say("ui.why.letter.about"))
    if not published:
        st.warning(say("ui.why.letter.draft"), icon=":material/drafts:")
    text = letter_text(found, line)
    st.code(text, language=None, wrap_lines=True)
    file_download(
        say("ui.why.letter.download"),
        text.encode,
        f"letter-{_file_name(application)}.txt",
        "text/plain",
        key="why-letter",
    )


def _file_name(application: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in application)


def letter_text(found: Shown, line: DecisionLine) -> str:
    """Return the text of the letter on one decision."""
    judged = found.judged[line.application_id]
    paragraphs = [
        _subject(found, line),
        say("ui.why.letter.dear", name=found.person(line.application_id)).strip(),
        _decided(found, line),
        *_why(found, line, judged),
        "" if line.decision is Decision.INELIGIBLE else say("ui.why.letter.how"),
        say(f"ui.why.letter.end.{line.decision}"),
        say("ui.why.letter.regards"),
    ]
    return "\n\n".join(each for each in paragraphs if each) + "\n"


def _subject(found: Shown, line: DecisionLine) -> str:
    titles = {each.id: each.title for each in found.result.round.meetings}
    meeting = found.judged[line.application_id].application.meeting
    return say(
        "ui.why.letter.subject",
        application=line.application_id,
        meeting=titles.get(meeting, meeting),
        day=day(found.result.round.decision_date),
    )


def _decided(found: Shown, line: DecisionLine) -> str:
    amount = f"{line.currency} {money_brief(line.amount)}"
    package = package_words(line.package) if line.package else ""
    return say(f"ui.why.letter.decided.{line.decision}", package=package, amount=amount)


def _why(found: Shown, line: DecisionLine, judged: Candidate | Ineligible) -> Iterator[str]:
    if isinstance(judged, Ineligible):
        yield say("ui.why.letter.rules")
        yield _list(_findings(found, judged))
        return
    yield quoted(line.reason)
    told = [
        sentence
        for part in replace(found.teller, reader=Reader.APPLICANT).parts(line.application_id)
        if part.id in _OWN_PARTS and line.decision is Decision.DECLINED
        for sentence in part.sentences
    ]
    if told:
        yield say("ui.why.letter.more")
        yield _list(told)
    yield say("ui.why.letter.points", points=points(judged.merit))
    yield _list([_points(each) for each in judged.breakdown])


def _findings(found: Shown, judged: Ineligible) -> list[str]:
    rules, titles = rule_titles(found.result.rules), references(found.result.rules)
    return [
        say(
            "ui.why.letter.finding",
            rule=rules.get(each.rule, each.rule),
            text=quoted(each.text),
            reference=titles.get(each.reference or "", each.reference or ""),
        ).replace(" ()", "")
        for each in judged.findings
    ]


def _points(each: MeritLine) -> str:
    key = "with" if each.value else "without"
    told = {"title": each.title, "value": each.value, "points": points(each.points)}
    return say(f"ui.why.letter.point-{key}", **told)


def _list(sentences: Sequence[str]) -> str:
    return "\n".join(f"  - {each}" for each in sentences)
