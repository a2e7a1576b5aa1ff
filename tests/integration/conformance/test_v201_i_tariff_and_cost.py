"""OCPP 2.0.1 and 2.1, block I (tariff and cost)."""

from conformance_stage import Case, Station


async def test_tc_i_01_the_running_cost_is_shown_to_the_driver(v2x: Case) -> None:
    await Station(v2x).charging()
    wanted = {"totalCost": 1.25, "transactionId": "TX-1"}
    done = await v2x.order("CostUpdated", wanted, {})
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    assert (await v2x.transaction())["state"] == "Active"


async def test_tc_i_02_without_tariffs_no_cost_is_told_and_none_is_0(v2x: Case) -> None:
    station = await Station(v2x).charging()
    # 0.00 would say that the session was free.
    assert await station.ended("EVCommunicationLost", "EVDisconnected", wh=2000) == {}
