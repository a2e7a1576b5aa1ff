"""A 1.6 stop that comes without its start, and the start that it may turn out to be the end of."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from voltring_core.domain.messages import TokenStatus
from voltring_core.domain.values import changed
from voltring_core.ocpp.versions import Version
from voltring_node.facts import AttachedFact

V16 = Version.V16
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def tokens(base):
    base.register("CARD")
    base.register("OTHER")


def attached(decided):
    return [fact for fact in decided.facts if isinstance(fact, AttachedFact)]


@pytest.mark.parametrize("number", [-1, 0, 777, 2**31 + 5])
def test_a_stop_before_its_start_is_joined_by_it_once(base, start16, stop16, answer, number):
    base.group(stop16(number, idTag="CARD", reason="EVDisconnected"))
    (orphan,) = base.sessions()
    (decided,) = base.group(start16(received=61))
    assert answer(decided) == {"transactionId": 1, "idTagInfo": {"status": "Accepted"}}
    (joined,) = base.sessions()
    assert attached(decided) == [AttachedFact(orphan.id, joined.id)]
    assert (joined.state, joined.ocpp_transaction_id, joined.energy_wh) == ("Ended", "1", Decimal(5000))
    assert (joined.stop_reason, joined.ended_at, joined.flags) == ("EVDisconnected", orphan.ended_at, ("early_stop",))


def test_a_start_and_a_stop_that_were_joined_may_be_said_again(base, start16, stop16, answer):
    base.group(stop16(-1))
    base.group(start16(received=61))
    (once,) = base.sessions()
    (again,) = base.group(start16(received=70, reservationId=0))
    assert (answer(again)["transactionId"], attached(again)) == (1, [])
    base.group(stop16(-1, reason="Local"))
    assert base.sessions() == [once]
    base.group(stop16(1))
    assert base.sessions() == [changed(once, flags=())]


def test_a_stop_that_was_joined_is_not_joined_again(base, start16, stop16):
    base.group(stop16(-1))
    base.group(start16(received=61))
    base.group(stop16(-1, reason="Local"), start16(connector=2, received=62))
    assert [one.state for one in base.sessions()] == ["Ended", "Active"]


def test_stop_and_start_in_one_group_are_joined_too(base, start16, stop16):
    base.group(stop16(-1), start16(received=60))
    assert [one.state for one in base.sessions()] == ["Ended"]


def test_of_two_starts_only_one_takes_the_stop(base, start16, stop16):
    base.group(stop16(-1))
    base.group(start16(received=61), start16(connector=2, received=61))
    assert sorted(one.state for one in base.sessions()) == ["Active", "Ended"]


@pytest.mark.parametrize(
    "unlike",
    [
        {"tag": "OTHER"},
        {"meter": 6001},
        {"minutes": 61},
        {"meter": -9 * 10**9},
    ],
)
def test_a_stop_that_does_not_fit_stays_an_orphan(base, start16, stop16, unlike):
    base.group(stop16(-1, idTag="CARD"))
    base.group(start16(**{"received": 62} | unlike))
    assert sorted(one.state for one in base.sessions()) == ["Active", "Orphan"]


def test_two_stops_that_fit_are_both_left_to_somebody_who_knows(base, start16, stop16):
    base.group(stop16(-1, minutes=50), stop16(-1, 7000, minutes=60))
    base.group(start16(received=61))
    assert sorted(one.state for one in base.sessions()) == ["Active", "Orphan", "Orphan"]


def test_without_a_clock_nothing_is_joined(base, start16, ask):
    payload = {"transactionId": -1, "meterStop": 6000, "timestamp": "1970-01-01T00:00:00Z"}
    base.group(ask(V16, "StopTransaction", payload, minutes=60))
    base.group(start16(received=61))
    assert sorted(one.state for one in base.sessions()) == ["Active", "Orphan"]


def test_the_stop_of_another_charger_is_none_of_this_one(base, start16, stop16):
    base.group(stop16(-1, charger="CP-2"))
    base.group(start16(received=61))
    assert [one.state for one in (*base.sessions(), *base.sessions("CP-2"))] == ["Active", "Orphan"]


def test_a_stop_without_an_id_said_again_in_other_words_makes_no_second_orphan(base, stop16):
    base.group(stop16(-1))
    base.group(stop16(-1, reason="PowerLoss", minutes=60, idTag="CARD"))
    base.group(stop16(-1, 7000))
    assert [one.meter_stop_wh for one in base.sessions()] == [6000, 7000]


def test_a_stop_whose_start_was_lost_is_built_from_the_readings_that_it_brings(base, stop16):
    begin = {"value": "1000", "context": "Transaction.Begin"}
    data = [{"timestamp": "2026-01-01T12:05:00Z", "sampledValue": [begin]}]
    base.group(stop16(-1, transactionData=data))
    (orphan,) = base.sessions()
    assert (orphan.energy_wh, orphan.started_at.minute, orphan.flags) == (5000, 5, ("start_lost",))


def test_a_refused_tag_takes_its_stop_all_the_same(base, start16, stop16, answer):
    base.register("CARD", TokenStatus.BLOCKED)
    base.group(stop16(-1))
    (decided,) = base.group(start16(received=61))
    assert answer(decided)["idTagInfo"] == {"status": "Blocked"}
    (joined,) = base.sessions()
    assert (joined.state, joined.energy_wh) == ("Ended", 5000)


def test_a_start_of_the_past_said_anew_is_a_phantom(base, start16, stop16):
    base.group(start16(), stop16(1))
    base.group(start16(minutes=1, received=70))
    base.group(stop16(2, minutes=71))
    assert base.known.transaction("CP-1", "1").flags == ()
    assert set(base.known.transaction("CP-1", "2").flags) == {"start_replayed", "phantom"}


@pytest.mark.parametrize("real", [{"meter": 6000, "minutes": 1}, {"minutes": 60}, {"minutes": 1, "connector": 2}])
def test_a_start_whose_meter_time_or_place_is_not_of_the_past_is_none(base, start16, stop16, real):
    base.group(start16(), stop16(1))
    base.group(start16(**{"received": 70} | real))
    assert base.known.transaction("CP-1", "2").flags == ()


def test_a_number_that_stands_on_another_message_is_flagged(base, event):
    base.group(event("Started", 0), event("Updated", 1, minutes=1), event("Updated", 1, minutes=2))
    (session,) = base.sessions()
    assert session.flags == ("seq_conflict",)


def readings(ask, minutes, received):
    at = f"2026-01-01T12:{minutes:02}:00Z"
    values = [{"value": "3000"}, {"value": "7000", "measurand": "Power.Active.Import", "unit": "W"}]
    payload = {"connectorId": 1, "transactionId": 1, "meterValue": [{"timestamp": at, "sampledValue": values}]}
    return ask(V16, "MeterValues", payload, minutes=received)


@pytest.mark.parametrize(("received", "power"), [(6, 7000), (40, None)])
def test_power_that_flowed_long_ago_is_not_shown_as_live(base, start16, ask, received, power):
    base.group(start16())
    base.group(readings(ask, 5, received))
    (session,) = base.sessions()
    assert (session.register_wh, session.power_w) == (3000, power)


def test_power_of_an_event_that_was_queued_is_not_shown_as_live(base, event):
    def metered(minutes):
        value = {"value": 7000, "measurand": "Power.Active.Import", "unitOfMeasure": {"unit": "W"}}
        return [{"timestamp": f"2026-01-01T12:0{minutes}:00Z", "sampledValue": [value]}]

    base.group(event("Started", 0), event("Updated", 1, minutes=1, offline=True, meterValue=metered(1)))
    assert base.sessions()[0].power_w is None
    base.group(event("Updated", 2, minutes=2, meterValue=metered(2)))
    assert base.sessions()[0].power_w == 7000


def test_what_was_queued_of_the_session_before_is_not_said_of_the_one_that_has_its_id_now(base, event):
    base.group(event("Started", 0), event("Ended", 2, minutes=5))
    base.group(event("Started", 0, minutes=20))
    base.group(event("Updated", 1, minutes=3, about={"chargingState": "Charging"}, evse={"id": 4}))
    old, new = base.sessions()
    assert (old.evse_id, new.evse_id, new.flags) == (4, None, ("id_reused",))


def test_a_start_from_the_queue_does_not_end_a_session_whose_own_start_is_still_to_come(base, event):
    base.group(event("Updated", 5, minutes=30, evse={"id": 1}, about={"transactionId": "b"}))
    base.group(event("Started", 0, minutes=0, evse={"id": 1}, about={"transactionId": "a"}))
    assert [one.state for one in base.sessions()] == ["Active", "Active"]
    base.group(event("Started", 9, minutes=40, evse={"id": 1}, about={"transactionId": "c"}))
    assert [one.state for one in base.sessions()] == ["Ended", "Ended", "Active"]


@pytest.mark.parametrize(("minutes", "register"), [(5, None), (59.5, 3000), (61, 3000)])
def test_a_reading_without_a_session_is_not_of_one_that_began_after_it(base, start16, ask, minutes, register):
    base.group(start16(minutes=60))
    at = (NOON + timedelta(minutes=minutes)).isoformat()
    payload = {"connectorId": 1, "meterValue": [{"timestamp": at, "sampledValue": [{"value": "3000"}]}]}
    base.group(ask(V16, "MeterValues", payload, minutes=62))
    assert base.sessions()[0].register_wh == register


def test_a_stop_that_fits_what_runs_elsewhere_at_the_station_is_not_joined(base, start16, stop16):
    base.group(start16(connector=2, meter=500))
    base.group(stop16(-1))
    (decided,) = base.group(start16(received=61))
    assert attached(decided) == []
    assert sorted(one.state for one in base.sessions()) == ["Active", "Active", "Orphan"]


def test_a_start_is_no_echo_of_a_session_whose_stop_may_be_its_own(base, start16, stop16):
    base.group(stop16(-1, 9000, minutes=90))
    base.group(start16(received=91))
    base.group(start16(meter=6000, minutes=60, received=92))
    first, second = base.sessions()[:2]
    assert (first.energy_wh, first.flags) == (8000, ("early_stop",))
    assert (second.state, second.flags) == ("Active", ())
