"""Dates, money, points and shares as the pages write them; everything else is ``wording``."""

import re
from datetime import UTC, date, datetime
from fractions import Fraction

from allocator.texts import say
from allocator.wording import day, for_reading, money, percent, points

__all__ = [
    "ago",
    "amount",
    "day",
    "grouped",
    "moment",
    "money",
    "percent",
    "points",
    "quoted",
    "safe",
    "share",
]

_MARKS = frozenset("\\`*_{}[]()<>#+-.!|~$&:=^\"'@/")
"""Everything Markdown, or Streamlit's additions to it, could take for more than itself."""

_JOINER = "\u2060"
"""Breaks words apart without being seen, where Markdown's additions look after unescaping."""

_BROKEN = ":@"
"""``:name:`` would be a picture or a colour, ``a@b.org`` a link; so would ``www.``."""

_NAME = re.compile(r"`([^`]*)`")

_NUMBER = re.compile(r"(?<![\w.,:/-])(?:\d{5,}(?:\.\d+)?|\d{4}\.\d+)(?![\w:/-]|[.,]\d)")
"""Numbers with thousands: not a year, a day, or a part of a fingerprint."""

_WEB = re.compile(r"\bwww(?=\.)", re.IGNORECASE)


def safe(text: object) -> str:
    """Return text that Streamlit's Markdown shows as it is: no link, image, colour or formula.

    For everything that comes from a file or a person, in any ``st`` call that reads Markdown;
    line breaks become spaces.
    """
    words = _WEB.sub(rf"\g<0>{_JOINER}", " ".join(str(text).split()))
    return "".join(f"\\{c}{_JOINER if c in _BROKEN else ''}" if c in _MARKS else c for c in words)


def quoted(text: str) -> str:
    """Return a sentence with the names that stand in backquotes in quotation marks."""
    return _NAME.sub(r"“\1”", text)


def grouped(text: str) -> str:
    """Return a sentence with thousands set apart, as the pages write them."""
    return _NUMBER.sub(lambda found: for_reading(found[0]), text)


def amount(currency: str, minor: int | None) -> str:
    """Return an amount with its currency, ``CHF 12 345.60``, or words for one not known."""
    return say("ui.not-known") if minor is None else f"{currency} {money(minor)}"


def share(part: int, whole: int) -> str:
    """Return a part of a whole as a percentage, or words where there is no whole."""
    return percent(Fraction(part, whole), 1) if whole else say("ui.none")


def moment(when: datetime) -> str:
    """Return a time in UTC, as ``23 November 2026, 22:40 UTC``."""
    there = when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    return say("ui.moment", day=day(there.date()), time=f"{there:%H:%M}")


def ago(when: date, today: date) -> str:
    """Return how far a day is off: "today", "in 3 days", "2 days ago"."""
    days = (when - today).days
    if days == 0:
        return say("ui.today")
    return say(f"ui.{'in' if days > 0 else 'ago'}", days=abs(days))
