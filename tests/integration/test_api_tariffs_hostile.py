"""Any value in any field of a tariff, a quote, an assignment or a site is taken, or refused by its name."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

VALUES = [
    None, True, False, 0, -1, 2**31, 2**63 - 1, -(2**63), 1.5, 1e300, 1e-300, "", " ", "\t", "\u202e", "😀" * 300,
    "x" * 2000, [], [[]], {}, {"a": None}, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    "2026-02-30T00:00:00Z", "9000-12-31T23:59:59Z", "NaN", "Infinity", "-0", "1e5", "00:00", "24:00", "Monday",
    "../../etc/passwd", "Europe", "UTC",
]  # fmt: skip
TARIFF: dict[str, Any] = {
    "name": "T",
    "currency": "EUR",
    "valid_from": "2026-01-01T00:00:00Z",
    "valid_until": None,
    "prices_include_tax": False,
    "taxes": [{"name": "VAT", "percent": "19"}],
    "components": [
        {
            "kind": "energy",
            "price": "1",
            "step_wh": 1,
            "conditions": {
                "start_time_of_day": "01:00",
                "end_time_of_day": "02:00",
                "days_of_week": ["Monday"],
                "min_energy_kwh": 0,
                "max_energy_kwh": 5,
                "min_minutes": 1,
                "max_minutes": 2,
            },
        },
        {"kind": "idle_time", "price": "1", "step_seconds": 60, "grace_minutes": 5},
    ],
    "min_cost": 1,
    "max_cost": 2,
    "text": "",
}
START = "2026-05-01T00:00:00Z"
READINGS = [{"at": START, "energy_wh": 0}, {"at": START, "energy_wh": 10, "idle": False}]
LENGTHS = {"energy_kwh": 1, "charging_minutes": 10, "idle_minutes": 5}
REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "tariff": ("POST", "/v1/tariffs", TARIFF),
    "quote of lengths": (
        "POST",
        "/v1/tariffs/quote",
        {"tariff": TARIFF, "time_zone": "UTC", "start": START, **LENGTHS},
    ),
    "quote of readings": ("POST", "/v1/tariffs/quote", {"tariff": TARIFF, "readings": READINGS}),
    "quote at a charger": ("POST", "/v1/tariffs/quote", {"charger_id": "CP", "id_token": "T", "start": START}),
    "assignment": ("POST", "/v1/tariff-assignments", {"tariff_id": "ID", "site_id": "S"}),
    "site": (
        "POST",
        "/v1/sites",
        {"id": "X", "name": "n", "place": "p", "latitude": 1, "longitude": 1, "time_zone": "UTC"},
    ),
    "site in a path": ("PUT", "/v1/sites/X", {"name": "n", "place": "p", "latitude": 1, "longitude": 1}),
    "charger": ("PATCH", "/v1/chargers/CP", {"site_id": "S", "time_zone": "UTC"}),
}


def places(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    children = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for name, child in children:
        yield (*path, name)
        yield from places(child, (*path, name))


def put(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = inner = deepcopy(body)
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return changed


@pytest.mark.parametrize("name", REQUESTS)
async def test_any_value_in_any_field_is_taken_or_refused_by_name(api: Any, name: str) -> None:
    await api.client.put("/v1/sites/S", json={"name": "S"})
    await api.client.post("/v1/chargers", json={"id": "CP"})
    kept = (await api.client.post("/v1/tariffs", json=TARIFF)).json()
    method, path, body = REQUESTS[name]
    if "tariff_id" in body:
        body = body | {"tariff_id": kept["id"]}
    for place in places(body):
        for value in VALUES:
            answer = await api.client.request(method, path, json=put(body, place, value))
            assert answer.status_code in (200, 201, 404, 409, 422), (place, value, answer.text)
            assert answer.status_code != 422 or answer.json()["errors"], (place, value, answer.text)


@pytest.mark.parametrize(
    "path", ["tariffs/x", "tariff-assignments/x", "tariff-assignments?tariff_id=x", "tariffs?cursor=x"]
)
async def test_what_is_no_uuid_or_no_cursor_is_422(api: Any, path: str) -> None:
    assert (await api.client.get(f"/v1/{path}")).status_code == 422
