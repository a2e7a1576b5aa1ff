"""Whether a charger is accepted: what operators want, and what its latest boot was answered with."""

from typing import Any

from fastapi import APIRouter

from voltring_api import audit
from voltring_api.dispatch import Terms
from voltring_api.models.registration import Registration, RegistrationChange
from voltring_api.openapi import errors
from voltring_api.parts import AllParts, Parts, Who
from voltring_api.resources.chargers import SQL, fields
from voltring_core.errors import NotFound
from voltring_core.ocpp.intents import Intent

router = APIRouter(prefix="/chargers/{charger_id}/registration", tags=["chargers"])
BOOT = Intent("TriggerMessage", {"requestedMessage": "BootNotification"})


@router.put("", responses=errors(404, 422), summary="Accept, hold or reject a charger")
async def put_registration(charger_id: str, change: RegistrationChange, parts: AllParts, who: Who) -> Registration:
    """Set what the charger's next BootNotification is answered with.

    Pending holds it: it may be configured, and not charge. Rejected leaves it alone until it tries again. A connected
    charger that is Pending and is to be Accepted is asked to boot at once (B02, F06).
    """
    async with parts.pool.acquire() as connection, connection.transaction():
        if (await connection.execute(SQL["want_registration"], charger_id, change.status)).endswith(" 0"):
            raise NotFound(f"there is no charger {charger_id!r}")
        await audit.record(connection, who, "charger.registration", f"charger:{charger_id}", status=change.status)
    charger = await fields(parts, charger_id)
    asked = await _ask_to_boot(parts, charger, who) if _waits(charger) else None
    return Registration(
        charger_id=charger_id,
        registration=charger["registration"],
        registration_wanted=charger["registration_wanted"],
        takes_effect=takes_effect(charger),
        command_id=asked,
    )


def takes_effect(charger: dict[str, Any]) -> str:
    """When the wanted registration is the charger's, as a sentence."""
    if charger["status"] == "quarantined":
        return "With the first boot after the charger is admitted; until then it is quarantined and Pending."
    if charger["registration"] == charger["registration_wanted"]:
        return "It holds already."
    if _waits(charger):
        return "In a moment: the charger is asked to boot."
    if charger["registration"] == "Accepted":
        return "When the charger boots next; until then it is Accepted. A Reset makes it boot."
    return "When the charger boots next; it tries again by itself."


def _waits(charger: dict[str, Any]) -> bool:
    """Whether it would be accepted if it booted, and may be asked to: one that was rejected must be left alone."""
    turns = charger["registration"] == "Pending" and charger["registration_wanted"] == "Accepted"
    return turns and bool(charger["online"]) and charger["status"] == "registered"


async def _ask_to_boot(parts: Parts, charger: dict[str, Any], who: Who) -> Any:
    terms = Terms(who)
    sent = await parts.dispatch.send(await parts.dispatch.target(charger["id"], terms), BOOT, terms)
    return sent.row["id"]
