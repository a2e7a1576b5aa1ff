"""The static files and the description of the API."""

import re
from typing import Any

import pytest
from prometheus_client import generate_latest

ASSETS = re.compile(r'(?:src|href)="([^"]+)"')


async def test_the_documentation_asks_nothing_of_the_outside_world(api: Any) -> None:
    page = await api.client.get("/docs")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assets = ASSETS.findall(page.text)
    assert len(assets) >= 4
    for asset in assets:
        assert asset.startswith("/")
        if asset != "/favicon.svg":
            assert (await api.client.get(asset)).status_code == 200, asset


async def test_files_are_typed_and_revalidated(api: Any) -> None:
    script = await api.client.get("/docs/start.js")
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert script.headers["Cache-Control"] == "no-cache"
    assert script.headers["X-Content-Type-Options"] == "nosniff"
    assert script.headers["Referrer-Policy"] == "no-referrer"
    again = await api.client.get("/docs/start.js", headers={"If-None-Match": script.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/docs/../app.py", "/docs/%2e%2e/app.py", "/%2e%2e/keys.sql", "/..%2f..%2fapp.py"])
async def test_nothing_but_the_sites_own_files_is_served(api: Any, path: str) -> None:
    assert (await api.client.get(path)).status_code in (404, 422)


async def test_answers_of_the_api_are_not_stored(api: Any) -> None:
    assert (await api.client.get("/v1/me")).headers["Cache-Control"] == "no-store"


async def test_every_operation_is_described_with_its_role_key_and_errors(api: Any) -> None:
    described = (await api.client.get("/openapi.json")).json()
    assert described["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    operations = [
        (method, path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(operations) > 25
    for method, path, operation in operations:
        where = f"{method} {path}"
        assert path.startswith("/v1/"), where
        assert operation["security"] == [{"key": []}], where
        assert "Role: **" in operation["description"], where
        assert operation["tags"], where
        assert operation["summary"], where
        assert "application/problem+json" in operation["responses"]["401"]["content"], where
        assert "HTTPValidationError" not in str(operation), where


async def test_every_reference_in_the_description_leads_somewhere(api: Any) -> None:
    text = (await api.client.get("/openapi.json")).text
    schemas = (await api.client.get("/openapi.json")).json()["components"]["schemas"]
    assert set(re.findall(r"#/components/schemas/([A-Za-z_-]+)", text)) <= set(schemas)


async def test_metrics_name_routes_and_no_charger(api: Any) -> None:
    await api.client.get("/v1/chargers/SOME-CHARGER")
    metrics = generate_latest().decode()
    assert 'route="/v1/chargers/{charger_id}"' in metrics
    assert "SOME-CHARGER" not in metrics
