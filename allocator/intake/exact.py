"""Exact arithmetic that decides: one rule of rounding."""

from fractions import Fraction


def rounded(value: Fraction | int) -> int:
    """Round to a whole number, halves away from zero.

    Money is rounded to the centime once per component; merit to the thousandth of a point.
    """
    doubled = 2 * abs(value.numerator) + value.denominator
    size = doubled // (2 * value.denominator)
    return size if value >= 0 else -size
