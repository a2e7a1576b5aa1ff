"""Taxes on the sum of all lines: each by its rate, rounded once, so that net and taxes are the total exactly."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from voltring_core.domain.tariffs.model import Tax
from voltring_core.domain.tariffs.rounding import rounded
from voltring_core.domain.values import value


@value
class TaxAmount:
    """What is paid of one tax."""

    name: str
    percent: Decimal
    amount: Decimal


def taxed(paid: Decimal, taxes: Sequence[Tax], is_included: bool, unit: Decimal) -> tuple[TaxAmount, ...]:
    """The taxes on what is paid, or the taxes in it, to the currency's minor unit.

    Of what includes them each is its share: rate / (100 + all rates).
    """
    whole = 100 + sum(Fraction(tax.percent) for tax in taxes) if is_included else Fraction(100)
    return tuple(
        TaxAmount(tax.name, tax.percent, rounded(Fraction(paid) * Fraction(tax.percent) / whole, unit)) for tax in taxes
    )
