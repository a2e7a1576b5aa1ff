"""What was last asked for of the availability of a charger, an EVSE, a connector (G03, G04).

It says what is wanted; what is, is said by the charger's StatusNotifications.
"""

from voltring_core.domain.kinds import RecordKind
from voltring_core.ocpp.versions import Version
from voltring_core.ocpp.wire import whole
from voltring_node.facts import Fact, GoneFact
from voltring_node.handlers.answers.answer import CommandAnswer
from voltring_node.handlers.answers.shapes import mapping, word
from voltring_node.knowledge import Known

AVAILABILITY = RecordKind.AVAILABILITY
STATION = "0:0"


def changed(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """ChangeAvailability; `Scheduled` comes about after the transaction."""
    evse, connector, wanted = _what(said)
    if said.status not in {"Accepted", "Scheduled"} or not wanted:
        return ()
    key = f"{evse}:{connector}"
    told = said.record(AVAILABILITY, key, {"operationalStatus": wanted}, evse, said.status)
    others = tuple(other for other in said.held(known, AVAILABILITY) if other != key)
    # In 1.6 connector 0 is every connector; in 2.x an EVSE keeps what was asked of itself.
    everything = said.version is Version.V16 and key == STATION
    return (told, GoneFact(AVAILABILITY, others)) if everything and others else (told,)


def _what(said: CommandAnswer) -> tuple[int, int, str]:
    if said.version is Version.V16:
        # A connector of 1.6 is an EVSE with one connector.
        connector = whole(said.asked.get("connectorId")) or 0
        return connector, min(connector, 1), word(said.asked.get("type"))
    evse = mapping(said.asked.get("evse"))
    numbers = whole(evse.get("id")) or 0, whole(evse.get("connectorId")) or 0
    return *numbers, word(said.asked.get("operationalStatus"))
