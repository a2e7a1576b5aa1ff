"""Rounding, half up, from exact fractions to decimals."""

from decimal import Decimal
from fractions import Fraction


def rounded(exact: Fraction | int, unit: Decimal) -> Decimal:
    """The nearest multiple of the unit (a power of ten, e.g. 0.01); of two that are as near the one away from zero."""
    units = abs(Fraction(exact)) / Fraction(unit)
    whole: int = (2 * units.numerator + units.denominator) // (2 * units.denominator)
    return (whole if exact >= 0 else -whole) * unit
