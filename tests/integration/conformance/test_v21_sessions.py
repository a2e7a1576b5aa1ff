"""OCPP 2.1, what it adds beside energy: resets, payments, limits, triggers, tariffs, streams, batteries."""

from typing import Any

import pytest
from conformance_stage import NO, OK, PEM, UNKNOWN, VALID, Case, Station, now, token

from voltring_core.testing import eventually


async def test_b09_a_network_profile_brings_identity_and_password_and_shows_neither(v21: Case) -> None:
    data = {
        "ocppTransport": "JSON",
        "ocppCsmsUrl": "wss://csms.example/ocpp",
        "messageTimeout": 30,
        "securityProfile": 2,
        "ocppInterface": "Any",
        "identity": "CS-7",
        "basicAuthPassword": "a-password-of-21-signs",
    }
    done = await v21.order("SetNetworkProfile", {"configurationSlot": 2, "connectionData": data})
    assert (done.asked["connectionData"], done.state) == (data, "ACCEPTED")
    kept = str(await v21.again(done)) + str(await v21.records("NetworkProfile"))
    assert (data["ocppCsmsUrl"] in kept, data["basicAuthPassword"] in kept) == (True, False)


async def test_b13_e17_a_session_goes_on_after_a_reset_that_resumes(v21: Case) -> None:
    station = await Station(v21).charging()
    done = await v21.order("Reset", {"type": "ImmediateAndResume"})
    assert (done.asked, done.state) == ({"type": "ImmediateAndResume"}, "ACCEPTED")
    assert (await v21.reboot())["status"] == "Accepted"
    await station.updated("TxResumed", "Charging", wh=1500)
    await station.ended("EVCommunicationLost", "EVDisconnected", wh=2000)
    session = await v21.transaction()
    assert (session["state"], session["energy_wh"], session["flags"]) == ("Ended", 1000, [])


async def test_b13_a_reset_that_resumes_without_a_session(v21: Case) -> None:
    assert (await v21.order("Reset", {"type": "ImmediateAndResume"})).state == "ACCEPTED"
    assert (await v21.reboot())["status"] == "Accepted"
    assert await v21.transactions() == []


async def test_c_a_terminals_settlement_is_kept_once(v21: Case) -> None:
    station = Station(v21)
    shown = {"idToken": "psp-1", "type": "DirectPayment"}
    answer = await station.started("Authorized", "EVConnected", idToken=shown)
    # The terminal has authorized it: nobody could have registered a payment's own reference.
    assert answer == {"idTokenInfo": {"status": "Accepted"}}
    told = {"pspRef": "psp-1", "status": "Settled", "settlementAmount": 12.5, "settlementTime": now()}
    told |= {"transactionId": "TX-1"}
    for _ in range(2):
        assert await v21.says("NotifySettlement", told) == {}
    (event,) = await v21.events("Settlement")
    assert (event["subject"], event["ocpp_transaction_id"]) == ("Settled", "TX-1")


@pytest.mark.parametrize("status", ["Failed", "Rejected"])
async def test_c_a_settlement_that_fails_is_an_alarm(v21: Case, status: str) -> None:
    told = {"pspRef": "psp-1", "status": status, "settlementAmount": 12.5, "settlementTime": now()}
    assert await v21.says("NotifySettlement", told) == {}
    (event,) = await v21.events("Settlement")
    assert (event["subject"], event["severity"]) == (status, 4)


async def test_c_a_vat_number_comes_back_with_the_verdict(v21: Case) -> None:
    answer = await v21.says("VatNumberValidation", {"vatNumber": "NL123456789B01", "evseId": 1})
    assert (answer["vatNumber"], answer["evseId"], answer["status"]) == ("NL123456789B01", 1, "Rejected")
    assert answer["statusInfo"]["reasonCode"] == "NotEnabled"


async def test_c_a_web_payment_is_announced(v21: Case) -> None:
    done = await v21.order("NotifyWebPaymentStarted", {"evseId": 1, "timeout": 60}, {})
    assert (done.asked, done.state) == ({"evseId": 1, "timeout": 60}, "ACCEPTED")
    start = {"idToken": token("paid", "DirectPayment"), "evseId": 1}
    started = await v21.order("RequestStartTransaction", start)
    assert started.asked == start | {"remoteStartId": started.asked["remoteStartId"]}


async def test_e16_limits_that_the_station_sets_are_taken(v21: Case) -> None:
    station = await Station(v21).charging()
    limit = {"transactionLimit": {"maxEnergy": 10000, "maxTime": 3600}}
    assert await station.updated("LimitSet", "Charging", info=limit) == {}
    await station.ended("EnergyLimitReached", "EnergyLimitReached", wh=11000)
    session = await v21.transaction()
    assert (session["stop_reason"], session["energy_wh"]) == ("EnergyLimitReached", 10000)


async def test_f06_a_custom_trigger_is_named(v21: Case) -> None:
    wanted = {"requestedMessage": "CustomTrigger", "customTrigger": "Blink"}
    assert (await v21.order("TriggerMessage", wanted)).asked == wanted
    nameless = {"requestedMessage": "CustomTrigger"}
    assert (await v21.post("commands", {"action": "TriggerMessage", "payload": nameless})).status_code == 422


TARIFF = {"tariffId": "T-1", "currency": "EUR", "energy": {"prices": [{"priceKwh": 0.35}]}}


async def test_i07_i09_i10_a_default_tariff_is_set_listed_and_cleared(v21: Case) -> None:
    wanted = {"evseId": 0, "tariff": TARIFF}
    done = await v21.order("SetDefaultTariff", wanted)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    assert (await v21.records("Tariff"))["0:T-1"]["content"]["energy"] == TARIFF["energy"]
    assigned = {"tariffId": "T-1", "tariffKind": "DefaultTariff", "evseIds": [1, 2]}
    await v21.order("GetTariffs", {"evseId": 0}, OK | {"tariffAssignments": [assigned]})
    assert set(await v21.records("Tariff")) == {"1:T-1", "2:T-1"}
    told = {"clearTariffsResult": [{"tariffId": "T-1", "status": "Accepted"}]}
    assert (await v21.order("ClearTariffs", {"tariffIds": ["T-1"]}, told)).state == "ACCEPTED"
    assert await v21.records("Tariff") == {}
    assert (await v21.order("GetTariffs", {"evseId": 0}, {"status": "NoTariff"})).state == "ACCEPTED"


@pytest.mark.parametrize("answer", ["TooManyElements", "ConditionNotSupported", "DuplicateTariffId"])
async def test_i07_a_tariff_that_is_not_taken_is_not_known(v21: Case, answer: str) -> None:
    done = await v21.order("SetDefaultTariff", {"evseId": 1, "tariff": TARIFF}, {"status": answer})
    assert (done.state, await v21.records("Tariff")) == ("REJECTED", {})


async def test_i11_i12_a_sessions_tariff_is_changed_and_its_costs_are_kept(v21: Case) -> None:
    station = await Station(v21).charging()
    wanted = {"transactionId": "TX-1", "tariff": TARIFF}
    assert (await v21.order("ChangeTransactionTariff", wanted)).asked == wanted
    total = {"typeOfCost": "NormalCost", "currency": "EUR", "total": {"exclTax": 0.35}}
    costs = {"totalCost": total, "totalUsage": {"energy": 1000, "chargingTime": 600, "idleTime": 0}}
    await station.ended("EVCommunicationLost", "EVDisconnected", wh=2000, costDetails=costs)
    found = await v21.look(f"/v1/chargers/{v21.id}/messages", action="TransactionEvent")
    assert "NormalCost" in str(found["items"][0])
    assert (await v21.transaction())["energy_wh"] == 1000


async def test_m05_an_oem_root_certificate_is_installed(v21: Case) -> None:
    wanted = {"certificateType": "OEMRootCertificate", "certificate": PEM}
    done = await v21.order("InstallCertificate", wanted)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")


async def test_m_every_certificate_of_a_chain_gets_a_status(v21: Case) -> None:
    which = {"hashAlgorithm": "SHA256", "issuerNameHash": "0a", "issuerKeyHash": "0b", "serialNumber": "0c"}
    asked = [
        {"certificateHashData": which, "source": source, "urls": ["https://ca.example"]} for source in ("CRL", "OCSP")
    ]
    answer = await v21.says("GetCertificateChainStatus", {"certificateStatusRequests": asked})
    assert [(one["source"], one["status"]) for one in answer["certificateStatus"]] == [
        ("CRL", "Failed"),
        ("OCSP", "Failed"),
    ]


async def test_n11_to_n15_values_of_a_stream_are_kept_and_never_answered(v21: Case) -> None:
    stream = {"id": 4, "variableMonitoringId": 7, "params": {"interval": 10, "values": 2}}
    assert await v21.says("OpenPeriodicEventStream", {"constantStreamData": stream}) == OK
    values = {"id": 4, "pending": 0, "basetime": now(), "data": [{"t": 0, "v": "16"}, {"t": 1.5, "v": "17"}]}
    await v21.wire.send([6, "stream-1", "NotifyPeriodicEventStream", values])
    await v21.hears_nothing()

    async def kept() -> Any:
        path = f"/v1/chargers/{v21.id}/event-streams/4/values"
        return [one["value"] for one in (await v21.look(path))["items"]]

    assert await eventually(kept) == ["17", "16"]
    adjusted = {"id": 4, "params": {"interval": 60, "values": 6}}
    assert (await v21.order("AdjustPeriodicEventStream", adjusted)).asked == adjusted
    assert (await v21.records("EventStream"))["4"]["content"]["params"] == adjusted["params"]
    told = {"constantStreamData": [stream | adjusted]}
    assert (await v21.order("GetPeriodicEventStream", {}, told)).state == "ACCEPTED"
    assert await v21.says("ClosePeriodicEventStream", {"id": 4}) == {}
    assert (await v21.records("EventStream"))["4"]["state"] == "Closed"


def battery(kind: str, number: int, value: str = VALID) -> dict[str, Any]:
    data = {"evseId": 1, "serialNumber": "B-1", "soC": 20, "soH": 95}
    return {"eventType": kind, "requestId": number, "idToken": token(value), "batteryData": [data]}


async def test_s02_s03_batteries_are_swapped_under_one_number(v21: Case) -> None:
    done = await v21.order("RequestBatterySwap", {"idToken": token(VALID)})
    number = done.asked["requestId"]
    for kind in ("BatteryIn", "BatteryOut"):
        assert await v21.says("BatterySwap", battery(kind, number)) == {}
    assert [event["subject"] for event in await v21.events("BatterySwap")] == ["BatteryIn", "BatteryOut"]
    assert (await v21.again(done))["state"] == "COMPLETED"
    assert await v21.transactions() == []


async def test_s01_s02_a_swap_that_is_rejected_or_of_an_unknown_token(v21: Case) -> None:
    assert (await v21.order("RequestBatterySwap", {"idToken": token(VALID)}, NO)).state == "REJECTED"
    assert await v21.says("BatterySwap", battery("BatteryIn", 5, UNKNOWN)) == {}
    (event,) = await v21.events("BatterySwap")
    assert (event["content"]["tokenStatus"], event["severity"]) == ("Unknown", 5)


async def test_s03_a_battery_that_nobody_takes(v21: Case) -> None:
    done = await v21.order("RequestBatterySwap", {"idToken": token(VALID)})
    assert await v21.says("BatterySwap", battery("BatteryOutTimeout", done.asked["requestId"])) == {}
    assert (await v21.again(done))["state"] == "FAILED"
