"""Times of sessions on their way through a node: zones, clocks that were never set (TX-23)."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from voltring_core.domain.chargers import Admission, Charger
from voltring_core.domain.messages import Registration
from voltring_core.ocpp.conversation import Called
from voltring_core.ocpp.quirks import resolve
from voltring_core.ocpp.versions import Version
from voltring_node.deciding import Asked
from voltring_node.facts import Message, ReadingsFact
from voltring_node.understanding import understand

V16, V201, V21 = Version
SUMMER_ENDS = datetime(2026, 10, 25, 1, tzinfo=UTC)
START = {"connectorId": 1, "idTag": "CARD", "meterStart": 1000}
CHARGER = Charger("CP-1", Admission.REGISTERED, None, Registration.ACCEPTED, time_zone="Europe/Berlin")


@pytest.fixture
def say(base):
    """`say(charger, version, action, payload, received_at)`: decided as a connection of that charger would have it."""
    base.register("CARD")

    def make(charger, version, action, payload, received_at):
        known = resolve(charger.vendor, charger.model, charger.firmware_version, charger.rules)
        called = Called(f"m{received_at}", action, payload)
        found = understand(version, Registration.ACCEPTED, called, frozenset(), known, received_at)
        frame = json.dumps([2, called.message_id, action, payload])
        message = Message("CP-1", 1, version, received_at, "in", frame, 2, called.message_id, action, found.payload)
        message = replace(message, said=found.said, natural_key=found.natural_key, flags=found.flags)
        (decided,) = base.group(Asked(message))
        return decided

    return make


@pytest.mark.parametrize("minutes", [-90, -30, 30, 90])
def test_a_session_is_dated_by_its_chargers_time_zone_also_where_the_clock_is_put_back(say, base, minutes):
    moment = SUMMER_ENDS + timedelta(minutes=minutes)
    local = {-90: "01:30", -30: "02:30", 30: "02:30", 90: "03:30"}[minutes]
    payload = START | {"timestamp": f"2026-10-25T{local}:00"}
    decided = say(CHARGER, V16, "StartTransaction", payload, moment + timedelta(seconds=2))
    (session,) = base.sessions()
    assert (session.started_at, session.flags) == (moment, ())
    assert decided.asked.message.flags == ("quirk:time_zone",)


@pytest.mark.parametrize(
    ("charger", "hour"),
    [
        (replace(CHARGER, time_zone=None), 13),
        (replace(CHARGER, quirks={"time_zone": "America/New_York"}), 18),
        (replace(CHARGER, quirks={"time_zone": False}), 13),
        (replace(CHARGER, quirks={"no_clock": True, "time_zone": False}), 20),
    ],
)
def test_without_a_zone_of_its_own_times_are_utc_and_an_override_has_the_last_word(say, base, charger, hour):
    received_at = datetime(2026, 1, 1, 20, tzinfo=UTC)
    say(charger, V16, "StartTransaction", START | {"timestamp": "2026-01-01T13:00:00"}, received_at)
    (session,) = base.sessions()
    assert session.started_at == datetime(2026, 1, 1, hour, tzinfo=UTC)


def test_a_time_that_names_its_zone_is_believed_whatever_the_chargers_zone_is(say, base):
    say(CHARGER, V16, "StartTransaction", START | {"timestamp": "2026-01-01T12:00:00Z"}, SUMMER_ENDS)
    assert base.sessions()[0].started_at == datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_readings_of_a_2x_session_are_dated_by_the_zone_as_well(say):
    moment = datetime(2026, 7, 1, 10, tzinfo=UTC)
    payload = {
        "eventType": "Started",
        "timestamp": "2026-07-01T12:00:00",
        "triggerReason": "Authorized",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "tx"},
        "meterValue": [{"timestamp": "2026-07-01T12:00:00", "sampledValue": [{"value": 1}]}],
    }
    decided = say(CHARGER, V201, "TransactionEvent", payload, moment)
    (readings,) = (fact for fact in decided.facts if isinstance(fact, ReadingsFact))
    assert readings.samples[0].at == moment


@pytest.mark.parametrize("wrong", ["1970-01-01T00:00:10Z", "2014-12-31T23:59:59Z", "2026-10-25T01:05:01Z", "never"])
def test_a_session_and_its_readings_take_the_time_of_receipt_where_the_chargers_can_not_be(say, base, wrong):
    later = SUMMER_ENDS + timedelta(minutes=10)
    say(CHARGER, V16, "StartTransaction", START | {"timestamp": wrong}, SUMMER_ENDS)
    (session,) = base.sessions()
    assert (session.started_at, session.flags) == (SUMMER_ENDS, ("clock",))
    far = "2030-01-01T00:00:00Z" if wrong.startswith("20") else wrong
    groups = [{"timestamp": far, "sampledValue": [{"value": "1500"}]}]
    decided = say(CHARGER, V16, "MeterValues", {"connectorId": 1, "meterValue": groups}, later)
    (readings,) = (fact for fact in decided.facts if isinstance(fact, ReadingsFact))
    assert readings.samples[0].at == later
    stop = {"transactionId": int(session.ocpp_transaction_id), "meterStop": 2000, "timestamp": far}
    say(CHARGER, V16, "StopTransaction", stop, later + timedelta(minutes=1))
    (session,) = base.sessions()
    assert (session.ended_at, session.energy_wh) == (later + timedelta(minutes=1), 1000)
