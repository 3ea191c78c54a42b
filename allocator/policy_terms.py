"""Numbers, dates and groups of a policy as people read them; exact, with nothing rounded."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from types import MappingProxyType

from allocator.countries import display_name
from allocator.model import POINT, Gender, Selector
from allocator.rules import Measure, Rules
from allocator.strict_yaml import Path
from allocator.texts import catalogue, say

type Titles = Mapping[str, str]
"""What a policy's own country groups are called, by id."""

NO_TITLES: Titles = MappingProxyType({})


def number_text(value: Fraction) -> str:
    """Return an exact number: a decimal where it ends within six digits, else a fraction."""
    scaled = value * 10**6
    if scaled.denominator != 1:
        return f"{value.numerator}/{value.denominator}"
    sign, digits = ("-" if value < 0 else ""), abs(scaled.numerator)
    whole, rest = divmod(digits, 10**6)
    return f"{sign}{whole}.{rest:06d}".rstrip("0").rstrip(".")


def points_text(thousandths: int | Fraction) -> str:
    """Return thousandths of a point as points."""
    return number_text(Fraction(thousandths) / POINT)


def money_text(minor_units: int | Fraction) -> str:
    """Return minor units as an amount with thousands set apart and two decimals."""
    whole, rest = divmod(int(minor_units), 100)
    return f"{whole:,}".replace(",", "\u202f") + f".{rest:02d}"


def share_text(value: Fraction) -> str:
    """Return a share as a percentage, or as a fraction where it is no short decimal."""
    percent = number_text(value * 100)
    return f"{value.numerator}/{value.denominator}" if "/" in percent else f"{percent}\u202f%"


def day_text(day: date) -> str:
    """Return a date as ``1 January 2024``."""
    return say(
        "policy-term.day", day=day.day, month=say(f"policy-term.month.{day.month}"), year=day.year
    )


def list_text(parts: tuple[str, ...], word: str = "and") -> str:
    """Return ``a, b and c`` (or ``or``)."""
    if len(parts) < 2:
        return "".join(parts)
    joined = say(f"policy-term.{word}")
    return f"{', '.join(parts[:-1])} {joined} {parts[-1]}"


def own_titles(rules: Rules) -> Titles:
    """Return the title of each country group that the policy makes, or else its id, by id."""
    return {each.id: each.title or each.id for each in rules.country_groups}


def group_text(name: str, titles: Titles = NO_TITLES) -> str:
    """Return what a country group or region is called within a sentence."""
    if name in titles:
        return say("policy-term.own-group", title=titles[name])
    return catalogue().get(f"policy-term.group.{name}", name)


def attribute_text(name: str) -> str:
    """Return what an attribute of selectors is called."""
    return catalogue().get(f"policy-term.attribute.{name}", f"`{name}`")


def selector_text(group: Selector, titles: Titles = NO_TITLES) -> str:
    """Return a group in words: ``women``, ``people from Africa or Asia-Pacific``."""
    if not group.conditions:
        return say("policy-term.everybody")
    if group.conditions == (("gender", (Gender.FEMALE.value,)),):
        return say("policy-term.women")
    if group.conditions == (("gender", (Gender.MALE.value,)),):
        return say("policy-term.men")
    said = tuple(_condition_text(name, values, titles) for name, values in group.conditions)
    return say("policy-term.people", conditions=list_text(said))


def _condition_text(name: str, values: tuple[str, ...], titles: Titles) -> str:
    match name:
        case "country_group":
            shown = tuple(group_text(each, titles) for each in values)
        case "administration":
            shown = tuple(display_name(each) for each in values)
        case _:
            shown = values
    key = f"policy-term.whose.{name}"
    chosen = key if key in catalogue() else "policy-term.whose.column"
    return say(chosen, values=list_text(shown, "or"), name=name)


def measure_text(measure: Measure) -> str:
    """Return what is counted, in the plural."""
    return say(f"policy-term.measure.{measure.value}")


def value_text(path: Path, value: object) -> str:
    """Return a value of a policy file as it would be written there.

    ``path`` tells points and money from other whole numbers.
    """
    if isinstance(value, bool):
        return say(f"policy-term.{'yes' if value else 'no'}")
    if isinstance(value, date):
        return day_text(value)
    if isinstance(value, int):
        return _integer_text(str(path[-1]), path, value)
    if isinstance(value, Fraction):
        return number_text(value)
    if isinstance(value, tuple):
        return ", ".join(str(each) for each in value)
    return str(value)


def _integer_text(name: str, path: Path, value: int) -> str:
    if name in ("money", "money_unit"):
        return money_text(value)
    if name == "weight" or (path[0] == "merit" and name != "within_days"):
        return points_text(value)
    return str(value)
