"""Functional block H (1.6: Reservation)."""

from collections.abc import Iterator
from types import MappingProxyType

from voltring_core.domain.times import read_time
from voltring_core.ocpp.rules.checks import at_least, filled
from voltring_core.ocpp.rules.facts import Asked, Fault, Rules
from voltring_core.ocpp.rules.remote_control import token


def reserve(asked: Asked) -> Iterator[Fault]:
    """A time to come, a token, a place that can be reserved. The id of another reservation replaces it."""
    yield from at_least(asked.payload, 0, "reservationId" if asked.v16 else "id")
    expiry = "expiryDate" if asked.v16 else "expiryDateTime"
    until = read_time(asked.payload[expiry])
    if until is None or until <= asked.now:
        yield Fault(expiry, "is not in the future: give a later time")
    place = "connectorId" if asked.v16 else "evseId"
    if not asked.payload.get(place) and asked.station.unspecific_reservations is False:
        yield Fault(place, f"names no {place[:-2]}, and this charger reserves no unspecified one: give 1 or more")
    if asked.v16:
        yield from filled(asked.payload, "idTag")
        return
    yield from at_least(asked.payload, 1, "evseId")
    yield from token(asked.payload["idToken"], "idToken.")


def cancel(asked: Asked) -> Iterator[Fault]:
    """A reservation's id is 0 or more."""
    yield from at_least(asked.payload, 0, "reservationId")


RULES: Rules = MappingProxyType({"CancelReservation": (cancel,), "ReserveNow": (reserve,)})
