"""What operators see of a commit."""

from uuid import uuid4

import pytest

from voltring_core.cluster.watching import EVERYTHING, Audience, Looks
from voltring_core.domain.commands import State
from voltring_core.ocpp.versions import Version
from voltring_node.deciding import Decided
from voltring_node.facts import CommandFact
from voltring_node.publishing import MOST_WAITING, Publisher, event_of, latest_readings

V16, V201, _ = Version


def events(decided):
    return [event_of(decided.asked.message, fact) for fact in decided.facts]


def test_a_start_and_what_it_supersedes_are_told(base, start16):
    base.group(start16())
    (decided,) = base.group(start16(meter=9000, minutes=30))
    over, started = events(decided)
    assert (over["type"], over["state"]) == ("transaction.ended", "Ended")
    assert (started["type"], started["charger_id"], started["evse_id"]) == ("transaction.started", "CP-1", 1)
    assert started["at"] == "2026-01-01T12:30:00.000Z"
    assert over["transaction_id"] != started["transaction_id"]


def test_an_event_of_2x_is_told_with_its_numbers(base, event):
    sample = {"value": 7.4, "measurand": "Power.Active.Import", "unitOfMeasure": {"unit": "kW"}}
    base.group(event("Started", 0))
    (decided,) = base.group(
        event("Updated", 1, meterValue=[{"timestamp": "2026-01-01T12:00:00Z", "sampledValue": [sample]}])
    )
    told, nothing = events(decided)
    assert (told["type"], told["power_w"], told["energy_wh"]) == ("transaction.updated", 7400.0, None)
    assert nothing is None


def test_readings_of_a_running_session_are_told_once_and_others_not(base, start16, ask):
    base.group(start16())
    groups = [{"timestamp": "2026-01-01T12:01:00Z", "sampledValue": [{"value": "1500"}]}]
    (decided,) = base.group(ask(V16, "MeterValues", {"connectorId": 1, "transactionId": 1, "meterValue": groups}))
    assert [one and (one["type"], one["energy_wh"]) for one in events(decided)] == [("meter.values", 500.0), None]
    (other,) = base.group(ask(V16, "MeterValues", {"connectorId": 2, "meterValue": groups}))
    assert events(other) == [None]


def test_readings_after_the_end_tell_of_no_second_end(base, start16, stop16, ask):
    base.group(start16())
    base.group(stop16(1))
    groups = [{"timestamp": "2026-01-01T13:01:00Z", "sampledValue": [{"value": "1500"}]}]
    (decided,) = base.group(ask(V16, "MeterValues", {"connectorId": 1, "transactionId": 1, "meterValue": groups}))
    assert events(decided) == [None]


def test_a_status_and_a_boot_are_told(base, ask):
    status = {"connectorId": 2, "errorCode": "GroundFailure", "status": "Faulted"}
    boot = {"chargePointVendor": "V", "chargePointModel": "M"}
    told_status, told_boot = base.group(ask(V16, "StatusNotification", status), ask(V16, "BootNotification", boot))
    (event_of_status,) = events(told_status)
    assert event_of_status.items() >= {
        ("type", "connector.status"),
        ("evse_id", 2),
        ("connector_id", 1),
        ("status", "Faulted"),
        ("error_code", "GroundFailure"),
    }
    (event_of_boot,) = events(told_boot)
    assert (event_of_boot["type"], event_of_boot["registration"]) == ("charger.booted", "Accepted")


class Bus:
    def __init__(self):
        self.published = []

    async def publish(self, events):
        self.published.append(list(events))


@pytest.fixture
def publisher():
    return Publisher(Bus(), Audience(None))


def test_messages_are_told_only_of_chargers_that_somebody_looks_at(base, ask, publisher):
    publisher.audience.looks = Looks(messages=frozenset({"CP-2"}))
    for charger in ("CP-1", "CP-2"):
        publisher.committed(base.group(ask(V16, "Authorize", {"idTag": "A"}, charger=charger, message_id=5)))
    (told,) = publisher._waiting
    assert (told["type"], told["charger_id"], told["message_id"]) == ("message", "CP-2", "5")
    assert (told["reply"][:5], told["direction"]) == ("[3,5,", "in")


@pytest.mark.parametrize(("listens", "told"), [((), 0), ({"CP-2"}, 0), ({"CP-1"}, 1), ({EVERYTHING}, 1)])
def test_events_are_made_only_for_who_listens(base, start16, publisher, listens, told):
    publisher.audience.looks = Looks(events=frozenset(listens))
    publisher.committed(base.group(start16()))
    assert [one["type"] for one in publisher._waiting] == told * ["transaction.started"]


@pytest.mark.parametrize(("listens", "told"), [((), 0), ({EVERYTHING}, 1)])
def test_the_end_of_a_command_is_told_to_who_listens(ask, publisher, listens, told):
    publisher.audience.looks = Looks(events=frozenset(listens))
    fact = CommandFact(uuid4(), State.COMPLETED, {})
    publisher.committed([Decided(ask(V16, "Authorize", {"idTag": "A"}), None, (fact,))])
    assert [one["type"] for one in publisher._waiting] == told * ["command.updated"]


def test_of_readings_that_are_not_shown_yet_the_latest_of_each_session_is():
    def reading(session, wh):
        return {"type": "meter.values", "transaction_id": session, "energy_wh": wh}

    online = {"type": "charger.online"}
    events = [reading("a", 1), reading("b", 1), online, reading("a", 2)]
    assert latest_readings(events) == [reading("b", 1), online, reading("a", 2)]


def test_events_beyond_the_bound_are_dropped(publisher):
    publisher.audience.looks = Looks(events=frozenset({EVERYTHING}))
    for number in range(MOST_WAITING + 5):
        publisher.put({"n": number, "charger_id": "CP-1"})
    assert len(publisher._waiting) == MOST_WAITING
