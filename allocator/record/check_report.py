"""What was looked at becomes a line: pass or fail, the figure it rests on, and what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from allocator.texts import say

PASS, FAIL, UNCHECKED = "pass", "fail", "not checked"
VERIFIED, INCOMPLETE, REFUSED = "verified", "incomplete", "refused"
MOST_DETAILS = 5
"""So many findings of one check are spelled out; the rest are counted."""


class Refused(Exception):
    """A check does not hold; the arguments say what is wrong, one text per finding."""


class Unchecked(Exception):
    """A check could not be made; the text says why. It does not stand for a pass."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a record.

    ``figure`` is what it found, in words with numbers; ``detail`` is what is wrong or open, empty
    for a pass. A check that is ``required`` and not made leaves the verdict incomplete.
    """

    id: str
    title: str
    status: str
    figure: str
    detail: tuple[str, ...] = ()
    required: bool = True

    def as_json(self) -> dict[str, object]:
        """Return the machine-readable form."""
        return {
            "id": self.id,
            "title": self.title,
            "status": self.status,
            "figure": self.figure,
            "detail": list(self.detail),
            "required": self.required,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """Every check of one record, and what no check can show (``limits``)."""

    checks: tuple[Check, ...]
    limits: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """Return ``refused`` if a check fails, ``incomplete`` if a required one is not made."""
        if any(each.status == FAIL for each in self.checks):
            return REFUSED
        if any(each.status == UNCHECKED and each.required for each in self.checks):
            return INCOMPLETE
        return VERIFIED

    @property
    def exit_code(self) -> int:
        """Return 0 only for a record that is verified."""
        return 0 if self.verdict == VERIFIED else 1

    def check(self, name: str) -> Check:
        """Return the check with this id."""
        return next(each for each in self.checks if each.id == name)

    def as_json(self) -> dict[str, object]:
        """Return the machine-readable form."""
        return {
            "verdict": self.verdict,
            "checks": [each.as_json() for each in self.checks],
            "cannot_be_checked": list(self.limits),
        }


def carried_out(name: str, look: Callable[[], str], *, required: bool = True) -> Check:
    """Make one check.

    Parameters
    ----------
    name : str
        Its id; its title is the text ``verify.check.<id>``.
    look : callable
        Returns the figure, or raises ``Refused`` or ``Unchecked``. Anything else it raises comes
        from a record that is not formed as records are, and the check fails.
    required : bool
        Whether a record without it is not fully verified.
    """
    title = say(f"verify.check.{name}")
    try:
        return Check(name, title, PASS, look(), (), required)
    except Refused as error:
        return Check(name, title, FAIL, *_found(tuple(str(each) for each in error.args)), required)
    except Unchecked as error:
        return Check(name, title, UNCHECKED, str(error), (), required)
    except Exception as error:  # a forged record may be malformed in any way whatever
        figure = say("verify.malformed", kind=type(error).__name__)
        return Check(name, title, FAIL, figure, (), required)


def _found(findings: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    if len(findings) == 1:
        return findings[0], ()
    more = len(findings) - MOST_DETAILS
    rest = (say("verify.more", count=more),) if more > 0 else ()
    return say("verify.findings", count=len(findings)), findings[:MOST_DETAILS] + rest


def demand_none(findings: Iterable[str]) -> None:
    """Refuse if there is any finding."""
    found = tuple(findings)
    if found:
        raise Refused(*found)


def demand_fields(value: object, *names: str) -> None:
    """Refuse a JSON object that has other fields than these: nothing unread may be in a record."""
    if not isinstance(value, dict) or sorted(value) != sorted(names):
        raise Refused(say("verify.fields", names=", ".join(sorted(names))))


def same(one: object, other: object) -> bool:
    """Tell whether two JSON values are the same; Python takes ``true`` for 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def report_lines(report: Report) -> Iterator[str]:
    """Yield the report as plain lines: one per check, its details below, then what stays open."""
    for each in report.checks:
        yield say("verify.line", status=each.status.ljust(12), title=each.title, figure=each.figure)
        for text in each.detail:
            yield say("verify.detail", text=text)
    yield ""
    yield verdict_text(report)
    yield say("verify.limits")
    for text in report.limits:
        yield say("verify.limit", text=text)


def verdict_text(report: Report) -> str:
    """Return the verdict in words, with how many checks passed."""
    passed = sum(each.status == PASS for each in report.checks)
    return say(f"verify.verdict.{report.verdict}", passed=passed, all=len(report.checks))


def safe(text: str) -> str:
    """Return a text of the record as it may be shown: short, and nothing that steers a terminal."""
    shown = "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
    return shown if len(shown) <= 60 else shown[:57] + "..."
