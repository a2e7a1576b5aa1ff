"""What is asked for by a query: parameters that a route does not know, times that run backwards, and how it is told."""

from typing import Any
from uuid import uuid4

import pytest

from voltring_api.app import PREFIX, RESOURCES
from voltring_api.parameters import places

KNOWN = list(places((resource.router for resource in RESOURCES), PREFIX))
SINCE, UNTIL = "2026-05-02T00:00:00Z", "2026-05-01T00:00:00Z"


@pytest.fixture(autouse=True)
async def charger(api: Any) -> None:
    await api.database.execute("INSERT INTO chargers (id, ocpp_version) VALUES ('CP', '2.1')")


async def test_a_parameter_that_is_not_known_is_refused_with_those_that_are(api: Any) -> None:
    refused = await api.client.get("/v1/transactions", params={"charger": "CP", "limit": 1})
    assert (refused.status_code, refused.headers["Content-Type"]) == (422, "application/problem+json")
    (fault,) = refused.json()["errors"]
    assert fault["field"] == "charger"
    assert "did you mean charger_id?" in fault["message"]
    assert "known are charger_id, state, flagged, limit, cursor" in fault["message"]
    assert refused.json()["detail"] == f"The query is wrong: charger: {fault['message']}."
    none = await api.client.get("/v1/me", params={"q": ""})
    assert (none.status_code, none.json()["errors"]) == (
        422,
        [{"field": "q", "message": "is not known here, which takes no parameters"}],
    )


async def test_every_route_refuses_what_it_does_not_declare(api: Any) -> None:
    asked = 0
    for resource in RESOURCES:
        for route in resource.router.routes:
            path = f"{PREFIX}{route.path}"
            for name in route.param_convertors:
                path = path.replace(f"{{{name}}}", str(uuid4()))
            for method in route.methods - {"HEAD"}:
                if path == "/v1/events":
                    continue
                refused = await api.client.request(method, path, params={"no_such_thing": "1"})
                assert refused.status_code == 422, (method, path, refused.text)
                assert [fault["field"] for fault in refused.json()["errors"]] == ["no_such_thing"], (method, path)
                asked += 1
    assert asked > 70


@pytest.mark.parametrize("path", ["/healthz", "/docs/", "/openapi.json", "/", "/js/app.js"])
async def test_what_is_not_the_api_takes_any_parameter(api: Any, path: str) -> None:
    plain, with_query = await api.client.get(path), await api.client.get(path, params={"v": "1"})
    assert plain.status_code == with_query.status_code != 422


async def test_a_key_in_the_query_is_for_the_live_feed_alone(api: Any) -> None:
    refused = await api.client.get("/v1/chargers", params={"access_token": "a-secret-that-nobody-may-see"})
    assert refused.status_code == 422
    assert "a-secret" not in refused.text


async def test_who_has_no_key_or_asks_for_nothing_there_is_told_that_first(api: Any) -> None:
    async with api.client_of(None) as stranger:
        assert (await stranger.get("/v1/chargers", params={"x": "1"})).status_code == 401
    assert (await api.client.get("/v1/nothing", params={"x": "1"})).status_code == 404
    assert (await api.client.put("/v1/chargers", params={"x": "1"}, json={})).status_code == 405


async def test_every_parameter_that_a_route_declares_is_taken(api: Any) -> None:
    assert sum(len(place.names) for place in KNOWN) > 100
    timeline = next(place for place in KNOWN if place.path.match(f"/v1/transactions/{uuid4()}/timeline"))
    assert timeline.names == ("kind", "context", "limit", "cursor", "format")
    messages = next(place for place in KNOWN if place.path.match("/v1/messages"))
    assert {"charger_id", "since", "until", "error", "q"} <= set(messages.names)
    given = {"kind": ["flag", "alarm"], "context": "false"}
    assert (await api.client.get(f"/v1/transactions/{uuid4()}/timeline", params=given)).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/v1/messages",
        "/v1/chargers/CP/messages",
        "/v1/transactions/5a5f6f9e-0000-4000-8000-000000000000/messages",
        "/v1/chargers/CP/event-streams/1/values",
        "/v1/cdrs",
    ],
)
async def test_a_time_that_ends_before_it_begins_is_refused(api: Any, path: str) -> None:
    refused = await api.client.get(path, params={"since": SINCE, "until": UNTIL})
    assert refused.status_code == 422, refused.text
    assert refused.json()["detail"] == "The query is wrong: since: must not be later than until."
    assert refused.json()["errors"] == [{"field": "since", "message": "must not be later than until"}]
    assert (await api.client.get(path, params={"since": UNTIL, "until": SINCE})).status_code in (200, 404)
    assert (await api.client.get(path, params={"since": SINCE, "until": SINCE})).status_code in (200, 404)


ASKED: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/v1/chargers", {"params": {"limit": "x"}}),
    ("GET", "/v1/chargers", {"params": {"limit": 501}}),
    ("GET", "/v1/transactions", {"params": {"state": "Over"}}),
    ("GET", "/v1/messages", {"params": {"since": "yesterday"}}),
    ("GET", "/v1/transactions/7", {}),
    ("POST", "/v1/chargers", {"json": {"id": " x"}}),
    ("POST", "/v1/chargers", {"json": {}}),
    ("POST", "/v1/chargers", {"json": [1]}),
    ("POST", "/v1/id-tokens", {"json": {"id_token": "a/b"}}),
    ("PUT", "/v1/id-tokens/%20x", {"json": {}}),
    ("PUT", "/v1/sites/%20x", {"json": {"name": "x"}}),
    ("POST", "/v1/sites", {"json": {"id": "a", "name": "", "time_zone": "Nowhere"}}),
    ("POST", "/v1/tariffs", {"json": {"name": "x", "currency": "EURO", "valid_from": "now", "components": [{}]}}),
    ("POST", "/v1/tariffs/quote", {"json": {"charger_id": "CP"}}),
    ("POST", "/v1/tariff-assignments", {"json": {"tariff_id": "x", "charger_id": "a", "site_id": "b"}}),
    ("POST", "/v1/chargers/CP/commands", {"json": {"action": 1, "deadline_s": -1}}),
    ("POST", "/v1/chargers/CP/reset", {"json": {"type": "gently"}}),
    ("POST", "/v1/api-keys", {"json": {"name": "", "role": "king", "expires_at": "2020"}}),
]
FOREIGN = (
    "Value error",
    "Assertion failed",
    "Input should",
    "String should",
    "Field required",
    "permitted",
    "List should",
)


@pytest.mark.parametrize(("method", "path", "given"), ASKED)
async def test_what_is_wrong_is_told_in_our_own_words(api: Any, method: str, path: str, given: dict[str, Any]) -> None:
    refused = await api.client.request(method, path, **given)
    assert refused.status_code == 422, refused.text
    said = [fault["message"] for fault in refused.json()["errors"]]
    assert said
    assert not [word for word in FOREIGN if word in refused.text], refused.text
    assert refused.json()["detail"].endswith(".")
    assert all(message[0].islower() and not message.endswith(".") for message in said), said
