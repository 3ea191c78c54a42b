"""Numbers become words: money, points, shares and dates as every output writes them.

All arithmetic is in integers, so that two machines never differ in a last digit.
"""

from datetime import date
from fractions import Fraction

from allocator.model import POINT, Package
from allocator.policy_terms import day_text
from allocator.rules import Measure
from allocator.texts import say

THIN = "\u202f"
"""Narrow no-break space: between thousands and before %, so that numbers never break over lines."""

MINUS = "\u2212"
FEW = 10
"""Below this many people a percentage says more than is known; the count is given alone."""

MANY = 100
"""From this many people on a percentage is given with one decimal."""


def decimal(value: Fraction, places: int) -> str:
    """Return a number with so many decimals, rounded half away from zero, as ``-1234.50``."""
    factor = 10**places
    scaled = (2 * abs(value.numerator) * factor + value.denominator) // (2 * value.denominator)
    sign = "-" if value < 0 and scaled else ""
    whole, rest = divmod(scaled, factor)
    return f"{sign}{whole}.{rest:0{places}d}" if places else f"{sign}{whole}"


def plain_money(amount: int) -> str:
    """Return minor units as a machine-readable amount with two decimals."""
    return decimal(Fraction(amount, 100), 2)


def plain_points(thousandths: int) -> str:
    """Return thousandths of a point as machine-readable points with three decimals."""
    return decimal(Fraction(thousandths, POINT), 3)


def for_reading(number: str) -> str:
    """Return a plain number with thousands set apart and a true minus sign."""
    sign = MINUS if number.startswith("-") else ""
    whole, dot, rest = number.lstrip("-").partition(".")
    return f"{sign}{int(whole):,}".replace(",", THIN) + dot + rest


def money(amount: int) -> str:
    """Return minor units for reading, as ``12 345.60``."""
    return for_reading(plain_money(amount))


def money_brief(amount: int) -> str:
    """Return minor units for a sentence: decimals only where they are not zero."""
    return money(amount).removesuffix(".00")


def points(thousandths: int, places: int | None = None) -> str:
    """Return merit points for reading; without ``places`` only the decimals that matter."""
    if places is None:
        places = places_needed((thousandths,))
    return for_reading(decimal(Fraction(thousandths, POINT), places))


def places_needed(thousandths: tuple[int, ...]) -> int:
    """Return how many decimals show all these points exactly: 0 to 3."""
    for places in range(3):
        if all(value % 10 ** (3 - places) == 0 for value in thousandths):
            return places
    return 3


def trimmed(value: Fraction, places: int = 2) -> str:
    """Return a number for reading with at most so many decimals and no needless zeros."""
    text = decimal(value, places)
    return for_reading(text.rstrip("0").rstrip(".") if "." in text else text)


def percent(share: Fraction, places: int = 0) -> str:
    """Return a share as a percentage; a target such as 35 % or 33.3 % is written no longer."""
    return for_reading(decimal(share * 100, places)) + f"{THIN}%"


def target_words(share: Fraction) -> str:
    """Return a target share, with a decimal only where it has one."""
    return percent(share, 0 if (share * 100).denominator == 1 else 1)


def share_words(part: int, whole: int) -> str:
    """Return "3 of 7" for few people, "43 % (30 of 70)" for enough of them."""
    if not whole:
        return say("outputs.word.none")
    counts = say("outputs.word.of", part=for_reading(str(part)), whole=for_reading(str(whole)))
    if whole < FEW:
        return counts
    places = 1 if whole >= MANY else 0
    return f"{percent(Fraction(part, whole), places)} ({counts})"


def day(value: date) -> str:
    """Return a date in words, without the locale's help."""
    return day_text(value)


def package_words(package: Package) -> str:
    """Return what a package pays for, in words."""
    return say(f"outputs.package.{package}")


def count_words(key: str, number: int) -> str:
    """Return "1 application" or "60 applications" of a noun with its two forms in the texts."""
    form = "one" if number == 1 else "many"
    return say(f"outputs.count.{key}.{form}", n=for_reading(str(number)))


def measured_words(measure: Measure, value: Fraction, currency: str) -> str:
    """Return a quantity in the unit that a balance factor counts."""
    if measure is Measure.MONEY:
        return f"{currency} {for_reading(decimal(value / 100, 2))}"
    form = "one" if value == 1 else "many"
    return say(f"outputs.count.{measure}.{form}", n=trimmed(value))
