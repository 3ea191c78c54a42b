"""Text of a cell becomes a plain value: yes or no, a number, a date; or a named refusal.

Every reader takes text and gives a value or raises ``Unreadable``; none guesses. Readers of a
fellowship's own words (gender, package, money) are in ``terms``.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from allocator.intake import words
from allocator.intake.folding import fold, fold_header, plain, unaccented, word

__all__ = [
    "FORMULA_ERRORS",
    "UNCALCULATED",
    "DateOrder",
    "Unreadable",
    "as_count",
    "as_date",
    "as_number",
    "as_yes_no",
    "date_order",
    "fold",
    "fold_header",
]


class Unreadable(ValueError):
    """The text does not say one thing: ``code`` names the problem (texts ``problem.<code>``)."""

    def __init__(self, code: str, **fields: str):
        self.code = code
        self.fields = fields
        super().__init__(code)


class DateOrder(StrEnum):
    """What the other dates of a column say about dates such as 03/04/2025."""

    DAY_FIRST = "day first"
    MONTH_FIRST = "month first"
    UNSETTLED = "unsettled"


UNCALCULATED = "#UNCALCULATED!"
"""What we put for a formula that no program has calculated yet."""
FORMULA_ERRORS = frozenset({UNCALCULATED}) | frozenset(
    f"#{error}"
    for error in (
        *("REF!", "N/A", "VALUE!", "DIV/0!", "NAME?", "NUM!", "NULL!", "SPILL!", "CALC!"),
        *("FIELD!", "BLOCKED!", "CONNECT!", "BUSY!", "UNKNOWN!", "GETTING_DATA"),
    )
)
"""What a spreadsheet shows for a formula that failed."""

_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "′": "'", "`": "'"})  # noqa: RUF001


def as_yes_no(text: str) -> bool | None:
    """Read yes or no in the six languages of the United Nations, and ticks, 1/0, true/false.

    Returns
    -------
    bool or None
        ``None`` where the cell is blank or says that it is not known.

    Raises
    ------
    Unreadable
        A ``ValueError``: the text is neither.
    """
    said = word(text)
    if said in words.NOT_KNOWN:
        return None
    if said in words.YES:
        return True
    if said in words.NO:
        return False
    raise Unreadable("intake-yes-no")


_SIGNED = re.compile(r"([-+−]?) ?([\d ',.]{1,60})")
_GROUPED = re.compile(r"(\d{1,3})(?:([ ',.])\d{3})(?:\2\d{3})*(?:([.,])(\d+))?")
_SIMPLE = re.compile(r"(\d*)(?:[.,](\d+))?")


def as_number(text: str) -> Fraction:
    """Read a number exactly, with the separators people write.

    Spaces and apostrophes group thousands. Of a comma and a full stop the last one is the decimal
    sign; a single comma before exactly three digits groups thousands (``1,200``), a single full
    stop is a decimal sign (``1.234``).

    Raises
    ------
    Unreadable
        The text is no number (``1e5``, ``nan``, ``12 or 13`` and blanks are none).
    """
    # Superscripts and fractions would turn into digits: 10² is not 102.
    if any(unicodedata.category(letter) == "No" for letter in text):
        raise Unreadable("intake-number")
    said = _SIGNED.fullmatch(plain(text).translate(_APOSTROPHES))
    if said is None:
        raise Unreadable("intake-number")
    whole, decimals = _digits(said[2])
    value = Fraction(int(whole + decimals), 10 ** len(decimals))
    return value if said[1] in ("", "+") else -value


def _digits(text: str) -> tuple[str, str]:
    """Split an unsigned number into its whole digits and its decimals."""
    grouped = _GROUPED.fullmatch(text)
    if grouped and _is_grouping(grouped):
        decimals = grouped[4] or ""
        whole = text[: len(text) - len(decimals) - 1] if decimals else text
        return "".join(re.findall(r"\d", whole)), decimals
    simple = _SIMPLE.fullmatch(text)
    if not text or simple is None or not (simple[1] or simple[2]):
        raise Unreadable("intake-number")
    return simple[1] or "0", simple[2] or ""


def _is_grouping(match: re.Match[str]) -> bool:
    """Tell grouped thousands from a decimal number that happens to have three decimals."""
    first, separator, decimal = match[1], match[2], match[3]
    if first.startswith("0") or decimal == separator:
        return False
    only_one = decimal is None and match[0].count(separator) == 1
    return not (separator == "." and only_one)


def as_count(text: str, most: int = 1_000_000) -> int:
    """Read a whole number from 0 to ``most``.

    Raises
    ------
    Unreadable
        The text is no such number.
    """
    try:
        number = as_number(text)
    except Unreadable:
        raise Unreadable("intake-count", most=f"{most:,}") from None
    if number.denominator != 1 or not 0 <= number <= most:
        raise Unreadable("intake-count", most=f"{most:,}")
    return int(number)


_TIME = r"(?:,?[ T]\d{1,2}:\d{2}\S{0,20}(?: [AaPp]\.?[Mm]\.?)?)?"
_YEAR_FIRST = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?" + _TIME)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NUMERIC = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4})" + _TIME)
_NAMED = re.compile(
    r"(?:[^\W\d]+\.?,? )?(\d{1,2})(?:st|nd|rd|th|er|o|º|ª)?\.?[- ](?:de |of )?([^\W\d]+)\.?,?[- ]"
    r"(?:de |del )?(\d{4})" + _TIME
)
_NAMED_MONTH_FIRST = re.compile(r"([^\W\d]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})" + _TIME)
_SERIAL = re.compile(r"([2-7]\d{4})(?:\.\d+)?")
_LONGEST_DATE = 64
_SERIAL_ZERO = date(1899, 12, 30)


def as_date(text: str, order: DateOrder = DateOrder.UNSETTLED) -> date:
    """Read a date: ISO, ``25/03/2025``, ``3 March 2025``, a spreadsheet's serial number.

    Dates with full stops (``03.04.2025``) are day first, as wherever full stops are used.

    Parameters
    ----------
    text : str
        The cell; a time of day behind the date is passed over.
    order : DateOrder
        How to read ``03/04/2025``; see ``date_order``.

    Raises
    ------
    Unreadable
        The text is no date, or could be two (code ``intake-date-ambiguous``).
    """
    said = plain(text)
    if len(said) > _LONGEST_DATE:
        raise Unreadable("intake-date")
    for pattern in (_YEAR_FIRST, _COMPACT):
        if match := pattern.fullmatch(said):
            year, month, day = map(int, match.groups())
            return _real_date(year, month, day)
    if match := _NUMERIC.fullmatch(said):
        return _numeric_date(match, order)
    if match := _SERIAL.fullmatch(said):
        return _SERIAL_ZERO + timedelta(days=int(match[1]))
    return _date_in_words(unaccented(said))


def _numeric_date(match: re.Match[str], order: DateOrder) -> date:
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    sense = _sense(first, match[2], second)
    if sense is DateOrder.UNSETTLED and first != second:
        if order is DateOrder.UNSETTLED:
            one, other = _real_date(year, second, first), _real_date(year, first, second)
            raise Unreadable("intake-date-ambiguous", one=one.isoformat(), other=other.isoformat())
        sense = order
    if sense is DateOrder.MONTH_FIRST:
        return _real_date(year, first, second)
    return _real_date(year, second, first)


def _sense(first: int, separator: str, second: int) -> DateOrder:
    """Return what a numeric date says of itself about its order."""
    if separator == "." or first > 12:
        return DateOrder.DAY_FIRST
    return DateOrder.MONTH_FIRST if second > 12 else DateOrder.UNSETTLED


def _date_in_words(text: str) -> date:
    if (match := _NAMED.fullmatch(text)) and match[2] in words.MONTHS:
        return _real_date(int(match[3]), words.MONTHS[match[2]], int(match[1]))
    if (match := _NAMED_MONTH_FIRST.fullmatch(text)) and match[1] in words.MONTHS:
        return _real_date(int(match[3]), words.MONTHS[match[1]], int(match[2]))
    raise Unreadable("intake-date")


def _real_date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise Unreadable("intake-date") from None


def date_order(texts: Iterable[str]) -> DateOrder:
    """Return the order that a column's unambiguous dates agree on, ``UNSETTLED`` if they do not."""
    seen: dict[DateOrder, bool] = {}
    for text in texts:
        match = _NUMERIC.fullmatch(plain(text[:_LONGEST_DATE])) if text else None
        if match and match[2] != ".":
            seen[_sense(int(match[1]), match[2], int(match[3]))] = True
    settled = [order for order in seen if order is not DateOrder.UNSETTLED]
    return settled[0] if len(settled) == 1 else DateOrder.UNSETTLED
