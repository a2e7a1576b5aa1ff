"""Functional blocks Q, R and S (2.1): vehicles that give back, grid codes, battery swaps."""

from collections.abc import Iterator
from types import MappingProxyType

from voltring_core.ocpp.rules.checks import filled, repeated
from voltring_core.ocpp.rules.facts import Asked, Fault, Rules
from voltring_core.ocpp.rules.remote_control import token

FIELDS = MappingProxyType(
    {
        "EnterService": "enterService",
        "FixedPFAbsorb": "fixedPFAbsorb",
        "FixedPFInject": "fixedPFInject",
        "FixedVar": "fixedVar",
        "FreqDroop": "freqDroop",
        "Gradients": "gradient",
        "LimitMaxDischarge": "limitMaxDischarge",
    }
)
"""The field of a controlType; that of every other type is `curve`."""
CURVE = "curve"


def der_control(asked: Asked) -> Iterator[Fault]:
    """R04: exactly the field of its type; a default holds always, so it has no start and no duration."""
    kind, is_default = asked.payload["controlType"], asked.payload["isDefault"]
    own = FIELDS.get(kind, CURVE)
    yield from filled(asked.payload, "controlId")
    if own not in asked.payload:
        yield Fault(own, f"is missing: it is what a control of type {kind} consists of")
    for name in (*FIELDS.values(), CURVE):
        setting = asked.payload.get(name, {})
        if name != own and name in asked.payload:
            yield Fault(name, f"is not of a control of type {kind}: leave it out")
        if is_default:
            for when in ("startTime", "duration"):
                if when in setting:
                    yield Fault(f"{name}.{when}", "is given, and a default control holds always: leave it out")
        if setting.get("duration", 1) <= 0:
            yield Fault(f"{name}.duration", "is not above 0: give seconds, or leave it out")


def energy_transfer(asked: Asked) -> Iterator[Fault]:
    """Q02: the modes of a session, each once."""
    yield from filled(asked.payload, "transactionId")
    for place in repeated(asked.payload["allowedEnergyTransfer"]):
        yield Fault(f"allowedEnergyTransfer.{place}", "is in the list already: leave it out")


def battery_swap(asked: Asked) -> Iterator[Fault]:
    """S01: for a token."""
    yield from token(asked.payload["idToken"], "idToken.")


RULES: Rules = MappingProxyType(
    {
        "NotifyAllowedEnergyTransfer": (energy_transfer,),
        "RequestBatterySwap": (battery_swap,),
        "SetDERControl": (der_control,),
    }
)
