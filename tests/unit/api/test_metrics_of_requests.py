"""What the API counts of requests and of commands that are asked for."""

from typing import Any

import pytest
from metric_moves import Moves

from voltring_api.metrics import Asked, Measured, counted
from voltring_core.errors import TooMany

COMMANDS = "voltring_api_commands_total"


async def ask(method: str, path: str, status: int) -> None:
    """One request through the middleware, to an application that knows no routes."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        pass

    await Measured(application)({"type": "http", "method": method, "path": path}, None, send)  # type: ignore[arg-type]


async def test_a_request_counts_once_by_its_method_and_status_and_never_by_its_path() -> None:
    moves = Moves()
    await ask("GET", "/v1/chargers/CP-1-of-somebody", 404)
    assert moves.moved("voltring_api_requests_total") == {("GET", "other", "404"): 1}
    assert moves.moved("voltring_api_request_seconds_count") == {("GET", "other"): 1}
    assert moves.of("voltring_api_requests_in_progress") == 0


async def test_a_method_that_nobody_knows_is_other() -> None:
    moves = Moves()
    await ask("BREW", "/v1/chargers", 405)
    assert moves.moved("voltring_api_requests_total") == {("other", "other", "405"): 1}


@pytest.mark.parametrize(("is_new", "outcome"), [(True, "queued"), (False, "repeated")])
def test_a_command_counts_as_queued_or_as_asked_for_again(is_new: bool, outcome: str) -> None:
    moves = Moves()
    with counted() as asked:
        asked.is_new = is_new
    assert moves.moved(COMMANDS) == {(outcome,): 1}


def test_a_command_that_has_no_room_counts_as_refused() -> None:
    moves = Moves()
    with pytest.raises(TooMany), counted():
        raise TooMany("100 wait already")
    assert moves.moved(COMMANDS) == {("refused",): 1}


@pytest.mark.parametrize(
    ("state", "is_new", "times"),
    [("ACCEPTED", True, 1), ("CALLERROR", True, 1), ("UNKNOWN", True, 0), ("SENT", True, 0), ("ACCEPTED", False, 0)],
)
def test_the_time_of_a_command_counts_where_the_charger_has_answered_it(state: str, is_new: bool, times: int) -> None:
    moves = Moves()
    Asked(is_new).ended(state)
    assert moves.of("voltring_api_command_seconds_count") == times
