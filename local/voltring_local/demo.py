"""What a fresh installation is given so that something happens: RFID cards for the simulated drivers, two sites, and
a tariff, so that their sessions cost something.

Over the public REST API, as any integration would do it; giving it again changes nothing.
"""

import contextlib
import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from voltring_local.errors import StartFailed

PATIENCE = 10.0
CARDS = 12
SITES = {
    "demo-yard": {"name": "Demo yard", "place": "Hamburg", "time_zone": "Europe/Berlin"},
    "demo-harbour": {"name": "Demo harbour", "place": "Porto", "time_zone": "Europe/Lisbon"},
}
MOST_PLACED = 100
"""Chargers that are given a site: a swarm of thousands would put off the start."""
NIGHT = {"start_time_of_day": "22:00", "end_time_of_day": "06:00"}
TARIFF = {
    "name": "Demo day and night",
    "currency": "EUR",
    "valid_from": "2026-01-01T00:00:00Z",
    "prices_include_tax": True,
    "taxes": [{"name": "VAT", "percent": "19"}],
    "components": [
        {"kind": "fixed_fee", "price": "0.35"},
        {"kind": "energy", "price": "0.39", "conditions": NIGHT},
        {"kind": "energy", "price": "0.54"},
        {"kind": "idle_time", "price": "0.10", "step_seconds": 60, "grace_minutes": 5},
    ],
    "text": "0.35 EUR a session, 0.54 EUR a kWh (at night 0.39 EUR), 0.10 EUR an idle minute after the fifth.",
}
"""For everybody: what a newcomer's own charger does has a price as well."""


@dataclass(frozen=True)
class Api:
    """Where the REST API is, and who asks."""

    host: str
    port: int
    token: str


def put_cards(api: Api, prefix: str) -> None:
    """Accept the id tokens `<prefix>0001` and on, which many drivers share. Raises StartFailed when the API does not
    take them."""
    with _connected(api) as ask:
        for number in range(1, CARDS + 1):
            ask("PUT", f"/v1/id-tokens/{prefix}{number:04}", {"status": "Accepted", "concurrent": "allowed"})


def put_prices(api: Api) -> None:
    """Make the sites and the tariff, unless this installation has any. Raises StartFailed as `put_cards`."""
    with _connected(api) as ask:
        if ask("GET", "/v1/sites?limit=1", None)["items"] or ask("GET", "/v1/tariffs?limit=1", None)["items"]:
            return
        for site, values in SITES.items():
            ask("PUT", f"/v1/sites/{site}", values)
        made = ask("POST", "/v1/tariffs", TARIFF)
        ask("POST", "/v1/tariff-assignments", {"tariff_id": made["id"]})


def place_chargers(api: Api, prefix: str) -> None:
    """Give the simulated chargers that have no site one of the demo's, in turns. Raises StartFailed as `put_cards`."""
    with _connected(api) as ask:
        known = {site["id"] for site in ask("GET", "/v1/sites?q=demo-", None)["items"]}
        sites = [site for site in SITES if site in known]
        chargers = ask("GET", f"/v1/chargers?q={prefix}&limit={MOST_PLACED}", None)["items"]
        for number, charger in enumerate(chargers):
            if sites and charger["site_id"] is None and charger["id"].startswith(prefix):
                ask("PATCH", f"/v1/chargers/{charger['id']}", {"site_id": sites[number % len(sites)]})


def count_online(api: Api) -> int:
    """How many chargers are connected now. Raises StartFailed when the API does not tell."""
    with _connected(api) as ask:
        return int(ask("GET", "/v1/fleet", None)["online"])


Ask = Callable[[str, str, object], Any]


@contextlib.contextmanager
def _connected(api: Api) -> Iterator[Ask]:
    """`ask(method, path, body)` over one connection; it returns the answer's JSON."""
    connection = http.client.HTTPConnection(api.host, api.port, timeout=PATIENCE)
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json"}

    def ask(method: str, path: str, body: object) -> Any:
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise StartFailed(f"the API answers {method} {path} with {answer.status}: {said[:200].decode()}")
        return json.loads(said)

    try:
        yield ask
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise StartFailed(f"the API on port {api.port} can't be asked: {error}") from None
    finally:
        connection.close()
