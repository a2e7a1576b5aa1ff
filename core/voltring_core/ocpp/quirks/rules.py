"""The catalogue of rules: every deviation that has a name, what it takes, and where it applies.

Profiles (`*.yaml`) and operators' overrides set rules by these names. A new rule is one entry here and one
function in `inbound.py` or `outbound.py`; most vendors need none, only a file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from voltring_core.ocpp.quirks import inbound, outbound
from voltring_core.ocpp.quirks.arguments import COUNT, IDS, TRUE, VERSION, WORDS, ZONE, Argument, one_of

Payload = dict[str, Any]


class Where(StrEnum):
    """Where a rule applies."""

    DOOR = "at the door"
    BOOT = "before acceptance"
    INBOUND = "to what the charger says"
    OUTBOUND = "to what the charger is told"
    PACING = "to the pace of commands"


@dataclass(frozen=True, slots=True)
class Rule:
    """One deviation. `actions` is empty for all; `inbound` and `outbound` are what is done with their payloads."""

    name: str
    where: Where
    takes: Argument
    does: str
    actions: frozenset[str] = frozenset()
    inbound: Callable[[Payload, str, Any], bool] | None = None
    outbound: Callable[[Payload, str, Any], bool | str] | None = None
    is_timed: bool = False
    """Whether `inbound` is given its argument together with the time of receipt."""

    @property
    def flag(self) -> str:
        """What a message that this rule has changed is flagged with."""
        return f"quirk:{self.name}"


def _in(
    does: Callable[[Payload, str, Any], bool], takes: Argument, actions: str, said: str, *, is_timed: bool = False
) -> Rule:
    words = frozenset(actions.split())
    return Rule(does.__name__, Where.INBOUND, takes, said, words, inbound=does, is_timed=is_timed)


def _out(does: Callable[[Payload, str, Any], bool | str], takes: Argument, actions: str, said: str) -> Rule:
    return Rule(does.__name__, Where.OUTBOUND, takes, said, frozenset(actions.split()), outbound=does)


METERS = "MeterValues StopTransaction TransactionEvent"
PROFILES = "SetChargingProfile RemoteStartTransaction RequestStartTransaction"
CHANGE, READ = "ChangeConfiguration", "GetConfiguration"

_ALL = (
    Rule("assume_version", Where.DOOR, VERSION, "It names no subprotocol: it speaks this version of OCPP."),
    Rule("any_username", Where.DOOR, TRUE, "The user name that comes with its password is not its id."),
    Rule("id_in_any_case", Where.DOOR, TRUE, "It writes its id in another case than it is registered in."),
    Rule("lenient_boot", Where.BOOT, TRUE, "Its status and readings are taken before it is accepted (TR-33)."),
    Rule("accepted_without_boot", Where.BOOT, TRUE, "It never boots: once registered, it counts as accepted."),
    _in(inbound.time_zone, ZONE, "", "Times without a zone are local times of this one.", is_timed=True),
    _in(inbound.local_time_marked_utc, ZONE, "", "Times marked as UTC are local times of this zone.", is_timed=True),
    _in(inbound.no_clock, TRUE, "", "Its clock is never right: times of receipt are taken."),
    _in(inbound.energy_unit, one_of("kWh"), METERS, "Energy that says Wh, or no unit, is in kWh."),
    _in(inbound.meter_unit, one_of("kWh"), "StartTransaction StopTransaction", "meterStart and meterStop are in kWh."),
    _in(
        inbound.register_per_session,
        TRUE,
        METERS,
        "Its readings of the register count from the session's begin, its meterStart and meterStop do not.",
    ),
    _in(inbound.ignore_zero_register, TRUE, METERS, "A register of 0 was not read: the reading is left out."),
    _in(inbound.connector_zero_is, COUNT, "MeterValues", "Readings of connector (or EVSE) 0 are those of this one."),
    _in(
        inbound.transaction_id_none,
        IDS,
        "StopTransaction MeterValues",
        "These transaction ids of 1.6 mean that it has none, as 0 and -1 do for everybody.",
    ),
    _in(
        inbound.id_tag_bytes_reversed,
        TRUE,
        "Authorize StartTransaction StopTransaction",
        "The bytes of a card's number come in reverse order.",
    ),
    _out(outbound.no_get_configuration, TRUE, READ, "It restarts when its configuration is read."),
    _out(outbound.keys_per_request, COUNT, READ, "It answers this many keys at most."),
    _out(outbound.list_items_at_most, COUNT, CHANGE, "It has room for this many measurands, and checks nothing."),
    _out(outbound.only_measurands, WORDS, CHANGE, "It accepts any measurand, and has only these."),
    _out(outbound.keys_in_lower_case, TRUE, f"{CHANGE} {READ}", "It knows its keys in lower case only."),
    _out(outbound.quoted_lists, TRUE, CHANGE, "It wants lists in quotes."),
    _out(outbound.password_as_hex, TRUE, CHANGE, "Its AuthorizationKey is set by hex digits."),
    _out(outbound.no_trigger_connector_zero, TRUE, "TriggerMessage", "A trigger for connector 0 stalls it."),
    _out(outbound.no_change_availability, TRUE, "ChangeAvailability", "It stalls when its availability is changed."),
    _out(outbound.stack_level_zero, TRUE, PROFILES, "It takes charging profiles at stack level 0 only."),
    _out(outbound.rate_unit, one_of("A", "W"), f"{PROFILES} GetCompositeSchedule", "It takes limits in one unit only."),
    _out(outbound.no_zero_limit, TRUE, PROFILES, "A limit of 0 locks it."),
    Rule("commands_after_boot", Where.PACING, TRUE, "A command before its boot is answered makes it boot again."),
    Rule("one_message_at_a_time", Where.PACING, TRUE, "It can't answer while it waits for an answer."),
    Rule(
        "reconnect_when_deaf", Where.PACING, COUNT, "After this many unanswered commands it is cut off, to come anew."
    ),
)
CATALOGUE: Mapping[str, Rule] = MappingProxyType({rule.name: rule for rule in _ALL})
"""Every rule by its name, in the order in which they are applied."""
