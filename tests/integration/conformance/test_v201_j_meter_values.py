"""OCPP 2.0.1 and 2.1, block J (meter values)."""

from typing import Any

import pytest
from conformance_stage import VALID, Case, Station, now, reading

SIGNED = {
    "signedMeterData": "AAECAw==",
    "signingMethod": "ECDSA-secp256r1-SHA256",
    "encodingMethod": "OCMF",
    "publicKey": "BAUG",
}


async def frames(case: Case, action: str) -> str:
    """What the message log kept of an action."""
    found = await case.look(f"/v1/chargers/{case.id}/messages", action=action)
    return str(found["items"])


async def test_tc_j_01_clock_aligned_values_without_a_session(v2x: Case) -> None:
    for evse in (0, 1, 2):
        value = reading(1234, "Sample.Clock", unitOfMeasure={"unit": "Wh"})
        assert await v2x.says("MeterValues", {"evseId": evse, "meterValue": [value]}) == {}
    assert (await frames(v2x, "MeterValues")).count("1234") == 3
    assert await v2x.transactions() == []


async def test_tc_j_02_clock_aligned_values_during_a_session(v2x: Case) -> None:
    station = await Station(v2x).charging()
    assert await station.updated("MeterValueClock", "Charging", meterValue=[reading(1500, "Sample.Clock")]) == {}
    assert [one["raw"] for one in await v2x.meter_values() if one["context"] == "Sample.Clock"] == ["1500"]
    assert (await v2x.transaction())["energy_wh"] == 500


async def test_tc_j_03_clock_aligned_values_with_the_last_event(v2x: Case) -> None:
    station = await Station(v2x).charging()
    values = [reading(1500, "Sample.Clock"), reading(1800, "Transaction.End")]
    assert await station.ended("EVCommunicationLost", "EVDisconnected", meterValue=values) == {}
    assert (await v2x.transaction())["energy_wh"] == 800
    assert {"Sample.Clock", "Transaction.End"} <= {one["context"] for one in await v2x.meter_values()}


@pytest.mark.parametrize(
    ("trigger", "context"),
    [
        pytest.param("MeterValueClock", "Sample.Clock", id="TC_J_04"),
        pytest.param("MeterValuePeriodic", "Sample.Periodic", id="TC_J_11"),
    ],
)
async def test_tc_j_04_11_signed_values_are_kept_as_they_came(v2x: Case, trigger: str, context: str) -> None:
    station = await Station(v2x).charging()
    value = reading(1500, context, signedMeterValue=SIGNED)
    assert await station.updated(trigger, "Charging", meterValue=[value]) == {}
    assert SIGNED["signedMeterData"] in await frames(v2x, "TransactionEvent")
    assert (await v2x.transaction())["energy_wh"] == 500


async def test_tc_j_07_sampled_values_with_the_first_event(v2x: Case) -> None:
    station = Station(v2x)
    assert await station.started("CablePluggedIn", "EVConnected", wh=1000) == {}
    assert (await v2x.transaction())["meter_start_wh"] == 1000
    assert [one["context"] for one in await v2x.meter_values()] == ["Transaction.Begin"]


async def test_tc_j_08_the_first_reading_comes_with_the_evse(v2x: Case) -> None:
    station = Station(v2x)
    # The meter is not known before the cable says which EVSE it is.
    await station.started("Authorized", shown=VALID, evse=False)
    begin = [reading(1000, "Transaction.Begin")]
    assert await station.updated("CablePluggedIn", "EVConnected", meterValue=begin) == {}
    await station.ended("EVCommunicationLost", "EVDisconnected", wh=1700)
    session = await v2x.transaction()
    assert (session["meter_start_wh"], session["energy_wh"], session["evse_id"]) == (1000, 700, 1)


async def test_tc_j_09_sampled_values_during_a_session_in_any_unit(v2x: Case) -> None:
    station = await Station(v2x).charging()
    values: list[dict[str, Any]] = [
        {"value": 1.6, "unitOfMeasure": {"unit": "kWh"}},
        {"value": 11, "measurand": "Power.Active.Import", "unitOfMeasure": {"unit": "W", "multiplier": 3}},
        {"value": 55, "measurand": "SoC", "unitOfMeasure": {"unit": "Percent"}},
    ]
    told = [{"timestamp": now(), "sampledValue": values}]
    assert await station.updated("MeterValuePeriodic", "Charging", meterValue=told) == {}
    session = await v2x.transaction()
    assert (session["energy_wh"], session["power_w"], session["soc_percent"]) == (600, 11000, 55)
    assert [one["value"] for one in await v2x.meter_values("Power.Active.Import")] == [11000]


async def test_tc_j_10_sampled_values_with_the_last_event(v2x: Case) -> None:
    station = await Station(v2x).charging()
    assert await station.ended("EVCommunicationLost", "EVDisconnected", wh=1900) == {}
    session = await v2x.transaction()
    assert (session["meter_stop_wh"], session["energy_wh"], session["power_w"]) == (1900, 900, 0)
