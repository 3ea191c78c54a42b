"""Text of a cell becomes one of the field's own terms: gender, package, money with its currency."""

import re
from dataclasses import dataclass
from functools import cache

import pycountry

from allocator.intake import words
from allocator.intake.folding import fold, plain, word
from allocator.intake.values import Unreadable, as_number
from allocator.model import Gender, Package

MOST_MONEY = 10**12
"""The largest amount taken for one ticket, in units of its currency."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units; ``currency`` is empty where the text names none."""

    amount: int
    currency: str


def as_gender(text: str) -> Gender:
    """Read gender as stated; blank or "prefer not to say" is ``NOT_STATED``.

    Raises
    ------
    Unreadable
        The word states none that is known here.
    """
    said = word(text)
    for known, gender in _GENDERS:
        if said in known:
            return gender
    raise Unreadable("intake-gender")


_GENDERS = (
    (words.FEMALE, Gender.FEMALE),
    (words.MALE, Gender.MALE),
    (words.OTHER, Gender.OTHER),
    (words.NOT_STATED | words.NOT_KNOWN, Gender.NOT_STATED),
)


def as_package(text: str) -> Package:
    """Read the package requested: ``full``, ``ticket`` or ``dsa``, in words people use.

    Raises
    ------
    Unreadable
        The text is blank, names none, contradicts itself, or says "partial" without saying which.
    """
    said = set(fold(text).split())
    if not said:
        raise Unreadable("intake-package-blank")
    ticket, dsa = bool(said & words.TICKET), bool(said & words.DSA)
    full, partial = bool(said & words.FULL), bool(said & words.PARTIAL)
    if said - words.PACKAGE_WORDS:
        raise Unreadable("intake-package")
    if partial and not (ticket or dsa or full):
        raise Unreadable("intake-package-partial")
    return _settled(full, partial, ticket, dsa)


def _settled(full: bool, partial: bool, ticket: bool, dsa: bool) -> Package:
    if not partial and ticket == dsa and (full or ticket):
        return Package.FULL
    if not full and ticket != dsa:
        return Package.TICKET if ticket else Package.DSA
    raise Unreadable("intake-package")


@cache
def _currency_codes() -> frozenset[str]:
    return frozenset(currency.alpha_3 for currency in pycountry.currencies)


def as_currency(text: str) -> str:
    """Read a currency as its ISO 4217 code; blank gives an empty text.

    Raises
    ------
    Unreadable
        The text names no currency, or could be several (``$``, ``Fr.``).
    """
    said = word(text)
    if not said:
        return ""
    if said.upper() in _currency_codes():
        return said.upper()
    if said in words.CURRENCY_NAMES:
        return words.CURRENCY_NAMES[said]
    raise Unreadable("intake-currency")


_SWISS_NO_CENTIMES = re.compile(r"[.,][-–—]{1,2}$")
_AMOUNT = re.compile(r"(\D*?)([-+−]?\s*\d[\d.,'’ ]*?)(\D*)")  # noqa: RUF001
# Most amounts are written so; all else takes its time.
_PLAIN_AMOUNT = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?")
_THOUSAND_OR_DECIMALS = re.compile(r"[1-9]\d{0,2}\.\d{3}")
_LONGEST = 64


def as_money(text: str) -> Money:
    """Read an amount of money, with or without its currency before or behind it.

    Returns
    -------
    Money
        In minor units, a hundredth of the unit whatever the currency.

    Raises
    ------
    Unreadable
        The text is no amount, is negative, too large, has more than two decimals, or
        names two currencies.
    """
    if simple := _PLAIN_AMOUNT.fullmatch(text):
        return Money(int(simple[1] + (simple[2] or "").ljust(2, "0")), "")
    said = plain(text)
    match = _AMOUNT.fullmatch(_SWISS_NO_CENTIMES.sub("", said)) if len(said) <= _LONGEST else None
    if match is None:
        raise Unreadable("intake-money")
    if said.startswith(("-", "−", "(")):
        raise Unreadable("intake-money-negative")
    currencies = {as_currency(each) for each in (match[1], match[3]) if each.strip()}
    if len(currencies) > 1 or "" in currencies:
        raise Unreadable("intake-money")
    return Money(_minor_units(match[2].strip()), "".join(currencies))


def _minor_units(text: str) -> int:
    try:
        amount = as_number(text)
    except Unreadable:
        raise Unreadable("intake-money") from None
    if amount < 0:
        raise Unreadable("intake-money-negative")
    if amount > MOST_MONEY:
        raise Unreadable("intake-money-large", most=f"{MOST_MONEY:,}")
    hundredths = amount * 100
    # 1.200 is one franc twenty to some and twelve hundred francs to others.
    if hundredths.denominator != 1 or _THOUSAND_OR_DECIMALS.fullmatch(text):
        raise Unreadable("intake-money-decimals")
    return int(hundredths)
