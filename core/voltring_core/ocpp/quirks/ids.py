"""Ids that can be nobody's: they are read as if they were not there, and flagged (TX-24)."""

from collections.abc import Mapping
from typing import Any

from voltring_core.domain.messages import Metered, Said, TransactionReported

OUT_OF_RANGE = "id_out_of_range"
NONE = (None, 0, -1)
"""What stands for no id."""


def has_wrong_ids(payload: Mapping[str, Any], said: Said) -> bool:
    """Whether a transaction message gives a connector, an EVSE, a transaction or a reservation a number that none can
    have. Looks only where nothing was read: that costs a message of a running session next to nothing."""
    if isinstance(said, Metered):
        return (said.transaction_id is None and payload.get("transactionId") not in NONE) or (
            not said.evse_id and _is_wrong(payload, "connectorId", "evseId")
        )
    if not isinstance(said, TransactionReported):
        return False
    if said.transaction_id is None and payload.get("transactionId") not in NONE:
        return True
    if said.reservation_id is None and payload.get("reservationId") not in NONE:
        return True
    if said.seq_no is None:
        return said.evse_id is None and _is_wrong(payload, "connectorId")
    if said.seq_no <= 0 and _is_wrong(payload, "seqNo"):
        return True
    evse = payload.get("evse")
    if evse is None or (said.evse_id is not None and said.connector_id is not None) or not isinstance(evse, Mapping):
        return False
    return (said.evse_id is None and _is_wrong(evse, "id")) or (
        said.connector_id is None and _is_wrong(evse, "connectorId")
    )


def _is_wrong(holder: Mapping[str, Any], *names: str) -> bool:
    return any(holder.get(name) not in (None, 0) for name in names)
