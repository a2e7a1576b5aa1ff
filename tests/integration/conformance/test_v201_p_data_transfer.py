"""OCPP 2.0.1 and 2.1, block P (data transfer and custom data)."""

from conformance_stage import VALID, Case, Station, token

CUSTOM = {"vendorId": "org.example", "colour": "green", "nested": {"list": [1, None, ""]}}


async def test_tc_p_02_data_of_a_vendor_that_nobody_knows_is_refused_and_kept(v2x: Case) -> None:
    told = {"vendorId": "org.example", "messageId": "hello", "data": {"any": ["shape"]}}
    assert (await v2x.says("DataTransfer", told))["status"] == "UnknownVendorId"
    (event,) = await v2x.events("DataTransfer")
    assert (event["subject"], event["content"]["data"]) == ("org.example", {"any": ["shape"]})


async def test_tc_p_03_custom_data_is_taken_anywhere_and_kept(v2x: Case) -> None:
    assert (await v2x.says("Heartbeat", {"customData": CUSTOM}))["currentTime"]
    told = {"idToken": token(VALID) | {"customData": CUSTOM}, "customData": CUSTOM}
    assert (await v2x.says("Authorize", told))["idTokenInfo"]["status"] == "Accepted"
    station = Station(v2x)
    answer = await station.started("Authorized", "EVConnected", shown=VALID, customData=CUSTOM)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    kept = await v2x.look(f"/v1/chargers/{v2x.id}/messages", action="TransactionEvent")
    assert "org.example" in str(kept["items"][0])
    assert (await v2x.transaction())["state"] == "Active"
