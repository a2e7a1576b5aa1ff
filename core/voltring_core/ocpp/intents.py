"""What operators want of any charger, in the words of its version."""

from dataclasses import dataclass
from typing import Any, Literal

from voltring_core.ocpp.versions import Version


@dataclass(frozen=True, slots=True)
class Intent:
    """A CALL to make."""

    action: str
    payload: dict[str, Any]


def remote_start(
    version: Version,
    *,
    id_token: str,
    id_token_type: str = "ISO14443",  # noqa: S107 - a kind of card, not a password
    evse_id: int | None = None,
    remote_start_id: int,
) -> Intent:
    """Start a session. `remote_start_id` joins it to its transaction in 2.x; 1.6 has no place for it."""
    if version is Version.V16:
        wanted: dict[str, Any] = {"idTag": id_token}
        return Intent("RemoteStartTransaction", wanted | ({"connectorId": evse_id} if evse_id else {}))
    wanted = {"idToken": {"idToken": id_token, "type": id_token_type}, "remoteStartId": remote_start_id}
    return Intent("RequestStartTransaction", wanted | ({"evseId": evse_id} if evse_id else {}))


def remote_stop(version: Version, *, ocpp_transaction_id: str) -> Intent:
    """Stop the session with the charger's own transaction id. Raises ValueError where 1.6 has no such number."""
    if version is Version.V16:
        return Intent("RemoteStopTransaction", {"transactionId": int(ocpp_transaction_id)})
    return Intent("RequestStopTransaction", {"transactionId": ocpp_transaction_id})


def reset(version: Version, *, kind: Literal["soft", "hard"], evse_id: int | None = None) -> Intent:
    """Restart. Soft lets sessions end first (2.x OnIdle), hard does not (2.x Immediate); 1.6 knows no EVSE."""
    if version is Version.V16:
        return Intent("Reset", {"type": kind.capitalize()})
    wanted: dict[str, Any] = {"type": "OnIdle" if kind == "soft" else "Immediate"}
    return Intent("Reset", wanted | ({"evseId": evse_id} if evse_id else {}))


def unlock(version: Version, *, evse_id: int, connector_id: int = 1) -> Intent:
    """Release the plug."""
    if version is Version.V16:
        return Intent("UnlockConnector", {"connectorId": evse_id})
    return Intent("UnlockConnector", {"evseId": evse_id, "connectorId": connector_id})
