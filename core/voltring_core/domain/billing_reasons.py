"""Why a session is not billed as it is: the flags of the fold and of the reckoning, and what else speaks against it.

A person may release a session in spite of all reasons but those of `NEVER_RELEASED`.
"""

from collections.abc import Collection, Mapping

from voltring_core.domain.authorization import NO_TOKEN_NEEDED, TOKEN_REFUSED
from voltring_core.domain.folding import INCOMPLETE
from voltring_core.domain.reckoning import ENERGY_MISMATCH
from voltring_core.domain.reckoning_methods import Method
from voltring_core.domain.registers import METER_BELOW_START, METER_FELL
from voltring_core.domain.times import CLOCK
from voltring_core.domain.transactions import (
    ABANDONED,
    ASSUMED,
    EVENT_AFTER_END,
    IMPLAUSIBLE_ENERGY,
    NO_METER_START,
    PHANTOM,
    SEQ_CONFLICT,
    START_LOST,
    START_MISSING,
    SUPERSEDED,
    UNKNOWN_TRANSACTION,
)

NO_EVIDENCE = "no_evidence"
NO_ENERGY, ONLY_POWER, NO_TIMES, NO_TARIFF = "no_energy", "only_power", "no_times", "no_tariff"
NO_TOKEN, UNKNOWN_TOKEN, DISMISSED = "no_token", "unknown_token", "dismissed"
CORRECTED, VOIDED = "corrected", "voided"

HOLDING: Mapping[str, str] = {
    ENERGY_MISMATCH: "Two ways to work out its energy differ by more than 100 Wh and 2 %.",
    IMPLAUSIBLE_ENERGY: "Nothing could have taken so much energy in the time.",
    CLOCK: "The charger's clock was wrong; times of receipt stand in for its own.",
    INCOMPLETE: "Messages of it are missing.",
    SEQ_CONFLICT: "Two messages of it carry the same number and say different things.",
    EVENT_AFTER_END: "It went on after its end.",
    START_MISSING: "Its start never came.",
    START_LOST: "Its start was never confirmed.",
    UNKNOWN_TRANSACTION: "Nobody knows its start.",
    NO_METER_START: "Its start came without a meter reading.",
    METER_FELL: "The meter fell in between.",
    METER_BELOW_START: "The meter fell below the start.",
    NO_EVIDENCE: "None of its messages can be read.",
    TOKEN_REFUSED: "Its id token was refused, and it went on.",
}
"""Flags that need a person, and what each means. A meter that rolled over is not among them: what it counted is
certain. Nor is an end without a reading: what was read before it is billed, which is never too much."""
OTHER: Mapping[str, str] = {
    SUPERSEDED: "Its end is assumed: another session began on its connector.",
    ABANDONED: "Its end is assumed: the charger said no more of it.",
    NO_ENERGY: "Nothing says how much energy it took.",
    ONLY_POWER: "Its energy is only estimated from power readings, which is never billed.",
    NO_TIMES: "Nothing says when it was.",
    NO_TARIFF: "No tariff was in force at its start.",
    NO_TOKEN: "Nobody identified themselves.",
    UNKNOWN_TOKEN: "The id token is not registered.",
    PHANTOM: "It never really was: no energy within a minute, or a start that was repeated.",
    DISMISSED: "Somebody has dismissed it, or made it part of another session.",
    CORRECTED: "A message that came later has changed the session.",
    VOIDED: "Somebody has made it void.",
}
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


def told(word: str) -> str:
    """What a reason means, in a sentence; the word itself where it is a person's own."""
    return HOLDING.get(word) or OTHER.get(word) or word
