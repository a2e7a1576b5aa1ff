"""Tariffs: what a session costs, and why. Decimal at the edges, exact fractions inside, never a float.

Read `model.py` first (what a tariff can say), then `pricing.py` (`price`: what a session's `Usage` comes to).
`windows.py` finds where the local time of day changes a price, `cutting.py` cuts the usage there, `steps.py` counts
what each component is paid for, `taxes.py` adds up, `explaining.py` puts a price into words and into JSON, `showing.py`
says what is paid from now on.
Pure: no I/O, no clock. docs/tariffs.md says the same for operators. May import: errors, domain.
"""

from voltring_core.domain.tariffs.explaining import content_of, explain
from voltring_core.domain.tariffs.model import Component, Conditions, Kind, Tariff, Tax, parse, serialise
from voltring_core.domain.tariffs.pricing import Line, Period, Price, price
from voltring_core.domain.tariffs.showing import Rates, rates
from voltring_core.domain.tariffs.taxes import TaxAmount

__all__ = [
    "Component",
    "Conditions",
    "Kind",
    "Line",
    "Period",
    "Price",
    "Rates",
    "Tariff",
    "Tax",
    "TaxAmount",
    "content_of",
    "explain",
    "parse",
    "price",
    "rates",
    "serialise",
]
