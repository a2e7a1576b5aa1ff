"""A charger as operators see it, from what is in the tables."""

from typing import Any

import pytest

from voltring_api.models.charger import charger_fields


def connector(evse: int, status: str, number: int = 1) -> dict[str, Any]:
    return {"evse_id": evse, "connector_id": number, "status": status}


def session(evse: int | None, charging_state: str | None = None, power: float | None = None) -> dict[str, Any]:
    return {"evse_id": evse, "charging_state": charging_state, "power_w": power}


def fields(connectors: list[Any] | None, running: list[Any] | None = None) -> dict[str, Any]:
    return charger_fields({"connectors": connectors, "transactions": running})


@pytest.mark.parametrize(
    ("connectors", "running", "summary"),
    [
        (None, None, "Unknown"),
        ([connector(1, "Available"), connector(2, "Charging")], None, "Charging"),
        ([connector(1, "Charging"), connector(2, "Faulted")], None, "Faulted"),
        ([connector(1, "Unavailable"), connector(2, "Available")], None, "Available"),
        ([connector(0, "Faulted", 0), connector(1, "Available")], None, "Faulted"),
        ([connector(0, "Available", 0), connector(1, "Unavailable")], None, "Unavailable"),
        ([connector(0, "Available", 0)], None, "Available"),
        ([connector(1, "Occupied")], None, "Occupied"),
        ([connector(1, "Occupied")], [session(1, "Charging")], "Charging"),
        ([connector(1, "Occupied")], [session(1, "SuspendedEV")], "SuspendedEV"),
        ([connector(1, "Occupied")], [session(1, "EVConnected")], "Preparing"),
        ([connector(1, "Occupied")], [session(1, "Idle")], "Occupied"),
        ([connector(1, "Faulted")], [session(1, "Charging")], "Faulted"),
        (None, [session(1, "Charging")], "Charging"),
        (None, [session(1)], "Occupied"),
        ([connector(1, "Melting")], None, "Unknown"),
    ],
)
def test_the_most_telling_connector_speaks_for_the_charger(
    connectors: list[Any] | None, running: list[Any] | None, summary: str
) -> None:
    assert fields(connectors, running)["status_summary"] == summary


def test_power_is_the_sum_of_what_is_known() -> None:
    assert fields(None)["power_w"] is None
    assert fields(None, [session(1)])["power_w"] is None
    assert fields(None, [session(1, power=7000.0), session(2), session(3, power=0.0)])["power_w"] == 7000.0


def test_connectors_are_grouped_by_evse_and_the_station_stands_apart() -> None:
    shown = fields(
        [connector(0, "Available", 0), connector(1, "Available"), connector(2, "Faulted"), connector(2, "Available", 2)]
    )
    assert shown["station"]["status"] == "Available"
    assert [(evse["evse_id"], len(evse["connectors"])) for evse in shown["evses"]] == [(1, 1), (2, 2)]


def test_a_session_without_an_evse_is_shown_at_the_first_one() -> None:
    shown = fields([connector(2, "Occupied"), connector(3, "Available")], [session(None, "Charging")])
    assert shown["evses"][0]["transaction"]["charging_state"] == "Charging"
    assert shown["evses"][1]["transaction"] is None
    assert fields(None, [session(None)])["evses"][0]["evse_id"] == 1
