"""Frozen data become plain JSON values, and those become the one canonical way to write them.

Only text, whole numbers, true, false, null, lists and objects occur: no floats. Fractions are
written ``"n/d"``, dates ISO, enumerations by value, tuples as lists, dataclasses as objects by
field name. A whole number beyond 2^53 - 1, which JSON readers may round, is written as text.
Without floats the form of RFC 8785 is what the standard library writes, once keys are in order.
"""

import json
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from functools import cache
from types import NoneType
from typing import Any

MOST = 2**53 - 1
"""The largest whole number that every JSON reader keeps exact (RFC 7493, section 2.2)."""

type Plain = bool | int | str | list[Plain] | dict[str, Plain] | None


def to_plain(value: object) -> Plain:
    """Return a value as plain JSON values, the keys of objects in canonical order.

    Parameters
    ----------
    value : object
        Frozen dataclasses, tuples, mappings with text keys, fractions, dates, enumerations, text,
        whole numbers, booleans and ``None``, nested in any way.

    Returns
    -------
    Plain
        The same content; a reader takes a number with ``int`` whether it is a number or text.

    Raises
    ------
    TypeError
        For anything else: a float above all, and sets, whose order is not defined.
    """
    kind: Any = type(value)
    if kind in _AS_THEY_ARE:  # most values by far, so they are asked for first
        return value  # type: ignore[return-value]
    if isinstance(value, list | tuple):
        return [to_plain(each) for each in value]
    if names := _names(kind):
        return {name: to_plain(getattr(value, name)) for name in names}
    return _other(value)


def canonical(value: object) -> bytes:
    """Return the canonical JSON (RFC 8785) of a value that ``to_plain`` takes."""
    return written(to_plain(value))


def written(plain: Plain) -> bytes:
    """Return what ``to_plain`` gave as canonical JSON."""
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _other(value: object) -> Plain:
    if isinstance(value, Enum):
        return to_plain(value.value)
    if isinstance(value, int):
        return value if -MOST <= value <= MOST else str(value)
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {key: to_plain(value[key]) for key in sorted(value, key=_code_units)}
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no canonical form")


_AS_THEY_ARE = (str, bool, NoneType)


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    """Return the fields of a dataclass in canonical order; none of any other type."""
    return tuple(sorted(each.name for each in fields(kind))) if is_dataclass(kind) else ()


def _code_units(key: str) -> bytes:
    """Return what RFC 8785, section 3.2.3, sorts keys by: their UTF-16 code units."""
    return key.encode("utf-16-be")
