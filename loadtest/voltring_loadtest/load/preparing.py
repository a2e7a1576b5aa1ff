"""What the chargers need before they can charge, over the REST API: cards, and where nobody unknown is let in, to be
registered with a secret."""

import http.client
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

from voltring_loadtest.load.trial import TOKENS, Trial, numbers

PATIENCE = 30.0
Ask = Callable[[str, str, object], int]


class Unprepared(Exception):
    """The API does not take what the load test needs; the message says why."""


def put_cards(trial: Trial) -> None:
    """Accept the drivers' cards. Raises Unprepared."""
    with _connected(trial) as ask:
        for number in range(1, TOKENS + 1):
            path = f"/v1/id-tokens/{trial.id_token_prefix}{number:04}"
            ask("PUT", path, {"status": "Accepted", "concurrent": "allowed"})


def register(trial: Trial) -> None:
    """Register every charger with the trial's password; those that are there get it as their new one. Raises
    Unprepared."""
    with _connected(trial) as ask:
        for number in numbers(trial):
            charger = trial.identity(number)
            given = {"id": charger, "description": "load test", "secret": trial.password}
            if ask("POST", "/v1/chargers", given) == http.HTTPStatus.CONFLICT:
                ask("POST", f"/v1/chargers/{quote(charger, safe='')}/secret", {"secret": trial.password})


@contextmanager
def _connected(trial: Trial) -> Iterator[Ask]:
    """`ask(method, path, body)` over one connection; it returns the status: a success, or 409."""
    where = urlsplit(trial.api or "")
    host, port = where.hostname or "", where.port
    if where.scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=PATIENCE, context=ssl.create_default_context(cafile=trial.ca_file)
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    headers = {"Authorization": f"Bearer {trial.api_token}", "Content-Type": "application/json"}

    def ask(method: str, path: str, body: Any) -> int:
        connection.request(method, where.path.rstrip("/") + path, json.dumps(body), headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status >= http.HTTPStatus.BAD_REQUEST and answer.status != http.HTTPStatus.CONFLICT:
            raise Unprepared(f"the API answers {method} {path} with {answer.status}: {said[:200].decode()}")
        return answer.status

    try:
        yield ask
    except (OSError, http.client.HTTPException) as error:
        raise Unprepared(f"the API at {trial.api} can't be asked: {error}") from None
    finally:
        connection.close()
