"""Whole sessions against a scripted CSMS, in all versions."""

from collections.abc import Callable
from typing import Any

import pytest

from voltring_core.ocpp.versions import Version
from voltring_loadtest.hardware import CATALOGUE

Make = Callable[..., Any]


def test_a_session_is_told_from_plug_to_unplug_in_1_6(make_stage: Make) -> None:
    stage = make_stage(Version.V16, CATALOGUE[0], busy=1.0, boots_on_reconnect=1.0)
    stage.open()
    stage.until(lambda: stage.of("StopTransaction") and stage.idle())
    wanted = ["Available", "Preparing", "Charging"]
    assert stage.statuses()[:3] == wanted
    assert stage.statuses()[-2:] == ["Finishing", "Available"] or stage.statuses()[-1] == "Available"
    order = [action for action in stage.actions() if action not in ("StatusNotification", "MeterValues", "Heartbeat")]
    assert order[:4] == ["BootNotification", "Authorize", "StartTransaction", "StopTransaction"]
    started, stopped = stage.of("StartTransaction")[0], stage.of("StopTransaction")[0]
    assert stopped["transactionId"] == 101
    assert all(sample["transactionId"] == 101 for sample in stage.of("MeterValues"))
    assert 1_000 > stopped["meterStop"] - started["meterStart"] > 100
    assert len(stage.of("MeterValues")) > 10


@pytest.mark.parametrize("two_x", [Version.V201, Version.V21])
def test_a_session_is_told_from_plug_to_unplug_in_2_x(make_stage: Make, two_x: Version) -> None:
    stage = make_stage(two_x, CATALOGUE[2], busy=1.0)
    stage.open()
    stage.until(lambda: stage.events("Ended") and stage.idle())
    events = [event for event in stage.events() if event["seqNo"] <= stage.events("Ended")[0]["seqNo"]]
    assert [event["seqNo"] for event in events] == list(range(len(events)))
    assert [event["triggerReason"] for event in events[:2]] == ["Authorized", "ChargingStateChanged"]
    assert events[1]["transactionInfo"]["chargingState"] == "Charging"
    assert events[-1]["transactionInfo"]["stoppedReason"] in ("Local", "EVDisconnected")
    assert len({event["transactionInfo"]["transactionId"] for event in events}) == 1
    assert stage.statuses()[:2] == ["Available", "Occupied"]
    socs = [
        sample["value"]
        for event in events
        for sample in event["meterValue"][0]["sampledValue"]
        if sample["measurand"] == "SoC"
    ]
    assert socs == sorted(socs)
    assert socs[-1] > socs[0] + 5


def test_all_connectors_are_reported_after_boot_with_connector_0_in_1_6(stage: Any) -> None:
    numbers = [said.get("connectorId", 0) for said in stage.of("StatusNotification")]
    evses = [said.get("evseId") for said in stage.of("StatusNotification")]
    assert numbers == [0, 1, 2] if stage.version is Version.V16 else evses == [1, 2]


def test_a_car_that_is_full_is_told_as_suspended_ev(make_stage: Make, version: Version) -> None:
    for seed in range(20):
        stage = make_stage(version, CATALOGUE[2], seed, busy=1.0)
        stage.open()
        stage.run(600)
        told = stage.statuses() if version is Version.V16 else [
            event["transactionInfo"]["chargingState"] for event in stage.events()
        ]  # fmt: skip
        if "SuspendedEV" in told:
            return
    raise AssertionError("no car was ever full")


def test_boot_is_repeated_at_the_interval_that_pending_and_rejected_name(make_stage: Make, version: Version) -> None:
    stage = make_stage(version, busy=1.0)
    replies = iter(["Pending", "Rejected", "Accepted"])
    stage.script["BootNotification"] = lambda asked: {
        "status": next(replies),
        "currentTime": "2026-11-20T12:00:00Z",
        "interval": 40,
    }
    stage.open()
    stage.run(39)
    assert stage.actions() == ["BootNotification"]
    stage.run(2)
    assert stage.actions() == ["BootNotification"] * 2
    stage.run(40)
    assert stage.actions()[:4] == ["BootNotification"] * 3 + ["StatusNotification"]
    stage.run(80)
    assert len(stage.of("Heartbeat")) == 2


def test_an_unanswered_boot_is_repeated(make_stage: Make, version: Version) -> None:
    stage = make_stage(version, busy=0.0)
    stage.is_mute = True
    stage.open()
    stage.run(45)
    assert stage.actions() == ["BootNotification"] * 2


def test_heartbeats_keep_the_interval_of_the_boot_answer(stage: Any) -> None:
    stage.run(1501)
    assert len(stage.of("Heartbeat")) == 5


def test_a_refused_card_leaves_without_a_transaction(make_stage: Make, version: Version) -> None:
    stage = make_stage(version, busy=1.0)
    stage.script["Authorize"] = lambda asked: stage._token("Invalid")
    stage.open()
    stage.until(lambda: stage.of("Authorize"))
    stage.run(15)
    assert not stage.of("StartTransaction")
    assert not stage.events()


def test_a_token_refused_at_the_start_ends_the_transaction(make_stage: Make, version: Version) -> None:
    stage = make_stage(version, CATALOGUE[0], busy=1.0)
    stage.script["StartTransaction"] = lambda asked: {"transactionId": 9, "idTagInfo": {"status": "Blocked"}}
    stage.script["TransactionEvent"] = lambda asked: stage._token("Blocked") if asked["seqNo"] == 0 else {}
    stage.open()
    stage.until(lambda: stage.of("StopTransaction") or stage.events("Ended"))
    if version is Version.V16:
        assert stage.of("StopTransaction")[0]["reason"] == "DeAuthorized"
        assert stage.of("StopTransaction")[0]["transactionId"] == 9
    else:
        assert stage.events("Ended")[0]["transactionInfo"]["stoppedReason"] == "DeAuthorized"


def test_the_power_going_down_ends_every_session(make_stage: Make, version: Version) -> None:
    stage = make_stage(version, CATALOGUE[0], busy=1.0)
    stage.open()
    stage.until(stage.charging)
    stage._take(stage.charger.power_down(stage.now))
    assert stage.charger.is_quiet
    ended = stage.of("StopTransaction") or stage.events("Ended")
    assert len(ended) == 1


def test_about_half_of_the_chargers_charge_at_any_time(make_stage: Make) -> None:
    busy = 0
    for seed in range(60):
        stage = make_stage(Version.V201, CATALOGUE[seed % len(CATALOGUE)], seed)
        stage.open()
        stage.run(700)
        busy += any(stage.charging(evse.number) for evse in stage.station.evses)
    assert 18 <= busy <= 42
