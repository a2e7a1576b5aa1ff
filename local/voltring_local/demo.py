"""What a fresh installation is given so that something happens: RFID cards for the simulated drivers.

Over the public REST API, as any integration would do it; putting them again changes nothing.
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


@dataclass(frozen=True)
class Api:
    """Where the REST API is, and who asks."""

    host: str
    port: int
    token: str


def put_cards(api: Api, prefix: str) -> None:
    """Accept the id tokens `<prefix>0001` and on. Raises StartFailed when the API does not take them."""
    with _connected(api) as ask:
        for number in range(1, CARDS + 1):
            ask("PUT", f"/v1/id-tokens/{prefix}{number:04}", {"status": "Accepted"})


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
