"""What is known of one session beyond doubt: each message about it, as it was said and when it came.

The session's row is what the messages came to, one after the other, as they arrived. The evidence has them all, so that
the same session can be worked out again in the order in which things happened. What others decided about a session,
because of other sessions or of the time, stands in no message of its own: it goes with the evidence.
"""

from datetime import datetime
from uuid import UUID

from voltring_core.domain.messages import Metered, TransactionReported
from voltring_core.domain.values import value


@value
class Heard:
    """One message about a session. `number` is the order of receipt within the evidence."""

    number: int
    received_at: datetime
    said: TransactionReported | Metered


@value
class AssumedEnd:
    """An end that nobody told of. `word` is the flag that says why: `superseded` or `abandoned`."""

    word: str
    at: datetime
    received_at: datetime


@value
class Evidence:
    """Everything that was heard of one session, in the order of its receipt.

    `decided` are flags that come of more than its own messages (`id_reused`, `start_replayed`).
    """

    session_id: UUID
    charger_id: str
    ocpp_version: str
    ocpp_transaction_id: str
    heard: tuple[Heard, ...]
    assumed_end: AssumedEnd | None = None
    decided: tuple[str, ...] = ()
