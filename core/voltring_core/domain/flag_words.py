"""What is odd about a session, or speaks against its bill, in one sentence each: the same wherever it is shown.

The timeline, the bills that wait and the page for a driver take them from here. Numbers in them are those of the rules.
"""

from collections.abc import Mapping
from types import MappingProxyType

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "abandoned": "The charger never told its end. It was closed at its last reading, until the true end comes.",
        "attached": "It was made part of another session by hand.",
        "clock": "The charger's clock is wrong: the times of receipt are used instead.",
        "clock_skew": "The charger's clock is off by more than half a minute.",
        "concurrent": "The same token was let charge at two places at the same moment: both bills wait for a person.",
        "concurrent_token": "The same token was charging elsewhere at that time.",
        "corrected": "A message that came later has changed the session.",
        "deauthorised": "The token lost its right to charge during the session.",
        "dismissed": "It was set aside by hand, or made part of another session.",
        "early_stop": "Its stop did not name it, and was joined to it by its token, its time and its meter.",
        "energy_mismatch": "Two ways to work out its energy differ by more than 100 Wh and 2 %.",
        "event_after_end": "Something was told of it after its end.",
        "evidence_gone": "Its readings are older than they are kept: what was found while they were there stays.",
        "id_reused": "The charger has used the same number for an earlier session.",
        "implausible_energy": "More energy than could have flowed in that time.",
        "incomplete": "Messages of it are missing.",
        "meter_below_start": "The meter showed less than at the start; it is counted from there.",
        "meter_fell": "The meter fell during the session; what was counted before and after is added up.",
        "meter_rolled_over": "The meter passed its end and began at 0; what was counted is added up.",
        "no_energy": "Nothing says how much energy it took.",
        "no_evidence": "Its own messages are no longer kept: it can not be worked out again.",
        "no_meter_start": "Its start came without a reading of the meter.",
        "no_meter_stop": "Its end came without a reading of the meter; the last one before counts.",
        "no_tariff": "No tariff was in force at its start.",
        "no_times": "Nothing says when it was.",
        "no_token": "Nobody identified themselves.",
        "not_checked": "It could not be worked out again from its messages: see the worker's log.",
        "offline": "Parts of it took place while the charger was offline, and were told later.",
        "only_power": "Its energy is only estimated from power readings, which is never billed.",
        "phantom": "Hardly any time and no energy, or an echo of an earlier session: most likely no car was charged.",
        "readings_stopped": "The charger stopped sending readings.",
        "reserved_for_other": "The place was reserved for somebody else.",
        "seq_conflict": "The charger has told two different things under the same number.",
        "start_lost": "Its start was never confirmed to the charger.",
        "start_missing": "Its start never came: it is known from a later message on.",
        "start_replayed": "The charger told its start again long after it was over.",
        "stop_in_doubt": "Its stop did not name it, and since it was billed another one came that may be its own.",
        "stopped_by_other": "Another token than the one that started it has stopped it.",
        "superseded": "Another session began on the same connector before its end was told.",
        "token_refused": "The token was not allowed to charge, and the charger charged all the same.",
        "unconfirmed": "The charger restarted during the session and has not said yet whether it goes on.",
        "unknown_token": "The id token is not registered.",
        "unknown_transaction": "Its end names a session that nobody knows.",
        "voided": "Somebody has made it void.",
    }
)


def told(word: str) -> str:
    """What a flag or a reason means, in a sentence; the word itself where it is a person's own."""
    return SENTENCES.get(word, word)
