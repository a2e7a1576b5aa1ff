"""Ad-hoc payment (2.1): what a payment terminal settled (C20-C22), VAT numbers for its receipts (C23)."""

from voltring_core.domain.kinds import StationEventKind
from voltring_core.domain.messages import Told
from voltring_node.advice import advised
from voltring_node.facts import EventFact, Message, Outcome
from voltring_node.handlers.words import evse_of, when
from voltring_node.knowledge import Known

ERROR, WARNING, INFORMATIONAL = 4, 6, 8
_NOT_PAID = frozenset({"Rejected", "Failed"})


def settlement(message: Message, said: Told, known: Known) -> Outcome:
    """NotifySettlement: answered with the receipt where the CSMS gives one."""
    told = said.payload
    event = EventFact(
        StationEventKind.SETTLEMENT,
        when(message, told["settlementTime"]),
        told,
        told["status"],
        ERROR if told["status"] in _NOT_PAID else INFORMATIONAL,
        ocpp_transaction_id=told.get("transactionId"),
    )
    receipt = advised(message).more
    return Outcome({name: receipt[name] for name in ("receiptUrl", "receiptId") if name in receipt}, (event,))


def vat_number(message: Message, said: Told, known: Known) -> Outcome:
    """VatNumberValidation: the number and its EVSE come back with the verdict."""
    advice = advised(message)
    echo = {name: said.payload[name] for name in ("vatNumber", "evseId") if name in said.payload}
    answer = {**advice.payload(message.version), **echo}
    event = EventFact(
        StationEventKind.VAT_NUMBER,
        message.received_at,
        answer,
        advice.status,
        INFORMATIONAL if advice.status == "Accepted" else WARNING,
        evse_of(said.payload) or None,
    )
    return Outcome(answer, (event,))
