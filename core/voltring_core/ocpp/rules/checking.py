"""Is a command fit to be sent? The rules of every command, then those of its action."""

from datetime import datetime

from voltring_core.ocpp.rules.everything import EVERYTHING
from voltring_core.ocpp.rules.facts import Asked, Fault, Payload, Station
from voltring_core.ocpp.rules.table import BY_VERSION
from voltring_core.ocpp.versions import Version


def faults(version: Version, action: str, payload: Payload, facts: Station, now: datetime) -> list[Fault]:
    """What must not be sent so, in the order of the rules; empty for a command that is fit.

    The payload must keep its schema, which is checked before; `now` is aware.
    """
    asked = Asked(version, action, payload, facts, now)
    return [fault for rule in (*EVERYTHING, *BY_VERSION[version].get(action, ())) for fault in rule(asked)]
