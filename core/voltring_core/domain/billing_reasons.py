"""Why a session is not billed as it is: the flags of the fold and of the reckoning, and what else speaks against it
(`flag_words.py` says what each means).

A person may release a session in spite of all reasons but those of `NEVER_RELEASED`.
"""

from collections.abc import Collection

from voltring_core.domain.authorization import CONCURRENT, NO_TOKEN_NEEDED, TOKEN_REFUSED
from voltring_core.domain.folding import INCOMPLETE
from voltring_core.domain.reckoning import ENERGY_MISMATCH
from voltring_core.domain.reckoning_methods import Method
from voltring_core.domain.registers import METER_BELOW_START, METER_FELL
from voltring_core.domain.session import EARLY_STOP, STOP_IN_DOUBT
from voltring_core.domain.times import CLOCK
from voltring_core.domain.transactions import (
    ASSUMED,
    EVENT_AFTER_END,
    IMPLAUSIBLE_ENERGY,
    NO_METER_START,
    SEQ_CONFLICT,
    START_LOST,
    START_MISSING,
    UNKNOWN_TRANSACTION,
)

NO_EVIDENCE = "no_evidence"
NO_ENERGY, ONLY_POWER, NO_TIMES, NO_TARIFF = "no_energy", "only_power", "no_times", "no_tariff"
NO_TOKEN, UNKNOWN_TOKEN, DISMISSED = "no_token", "unknown_token", "dismissed"
CORRECTED, VOIDED = "corrected", "voided"

HOLDING = (
    ENERGY_MISMATCH,
    IMPLAUSIBLE_ENERGY,
    CLOCK,
    INCOMPLETE,
    SEQ_CONFLICT,
    EVENT_AFTER_END,
    STOP_IN_DOUBT,
    START_MISSING,
    START_LOST,
    UNKNOWN_TRANSACTION,
    NO_METER_START,
    METER_FELL,
    METER_BELOW_START,
    NO_EVIDENCE,
    TOKEN_REFUSED,
    CONCURRENT,
)
"""Flags that need a person. A meter that rolled over is not among them: what it counted is certain. Nor is an end
without a reading: what was read before it is billed, which is never too much."""
SETTLING = ASSUMED | {EARLY_STOP}
"""What is only waited for: no contradiction, but an end that may still become another one."""
NEVER_RELEASED = frozenset({ONLY_POWER, NO_TIMES})
OF_THE_TOKEN = frozenset({NO_TOKEN, UNKNOWN_TOKEN})


def reasons(
    flags: Collection[str],
    *,
    stop_reason: str | None,
    method: str | None,
    id_token_type: str | None,
    has_token: bool,
    is_registered: bool,
    has_gaps: bool = False,
) -> tuple[str, ...]:
    """What speaks against billing a session that is over, in a fixed order.

    `flags` are all that the fold and the reckoning found; `stop_reason` is None as long as no true end came.
    """
    found = [word for word in HOLDING if word in flags or (word == INCOMPLETE and has_gaps)]
    if stop_reason is None:
        found += sorted(ASSUMED.intersection(flags))
    if method is None:
        found.append(NO_ENERGY)
    elif method == Method.POWER:
        found.append(ONLY_POWER)
    if id_token_type not in NO_TOKEN_NEEDED and not is_registered:
        found.append(UNKNOWN_TOKEN if has_token else NO_TOKEN)
    return tuple(found)
