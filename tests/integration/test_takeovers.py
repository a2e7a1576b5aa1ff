"""Several sockets by one identity: takeovers are throttled, and a charger that came back gets in soon (TR-30)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from voltring_core.testing import PATIENCE_S, Wire, eventually

TakeOver = Callable[[list[str], int], Awaitable[list[ClientConnection]]]
PROTOCOL = [Subprotocol("ocpp1.6")]


@pytest.fixture
async def take_over() -> AsyncIterator[TakeOver]:
    """Opens as many sockets of one charger, each of which takes it over from the one before."""
    async with AsyncExitStack() as stack:

        async def connected(urls: list[str], times: int) -> list[ClientConnection]:
            sockets: list[ClientConnection] = []
            for number in range(times + 1):
                url = urls[number % len(urls)]
                sockets.append(await stack.enter_async_context(come(url)))
                await Wire(sockets[-1]).boot()
                if number:
                    await sockets[-2].wait_closed()
            return sockets

        yield connected


def come(url: str) -> connect:
    """A charger that waits for a slow node."""
    return connect(url, subprotocols=PROTOCOL, open_timeout=PATIENCE_S)


async def refused(url: str, **options: Any) -> InvalidStatus:
    with pytest.raises(InvalidStatus) as caught:
        await connect(url, subprotocols=PROTOCOL, open_timeout=PATIENCE_S, **options)
    return caught.value


async def test_after_six_takeovers_a_minute_newcomers_wait_and_the_socket_that_is_there_stays(
    start_node: Callable[..., Any], database: Any, take_over: TakeOver
) -> None:
    nodes = [start_node("node-0"), start_node("node-1")]
    urls = [f"{node.ocpp}/CP" for node in nodes]
    sockets = await take_over(urls, 6)
    for url in urls:
        answer = (await refused(url)).response
        assert answer.status_code == 503
        assert 0 < int(answer.headers["Retry-After"]) <= 30
    assert (await Wire(sockets[-1]).call("Heartbeat", {}))[0] == 3
    assert await database.fetchval("SELECT swaps FROM charger_connection") == 6
    # Half a minute later one more gets in, and no other one.
    await database.execute("UPDATE charger_connection SET swapped_at = now() - interval '31 seconds'")
    async with come(urls[0]) as newest:
        await Wire(newest).boot()
        await sockets[-1].wait_closed()
        assert sockets[-1].close_code == 1000
        assert (await refused(urls[1])).response.status_code == 503

    async def alarmed() -> Any:
        return await database.fetchval("SELECT count(*) FROM station_events WHERE kind = 'DuplicateIdentity'")

    assert await eventually(alarmed) <= 2, "one a minute at each node"


async def test_where_no_socket_is_open_nobody_waits(node: Any, database: Any, take_over: TakeOver) -> None:
    url = f"{node.ocpp}/CP"
    sockets = await take_over([url], 6)
    assert (await refused(url)).response.status_code == 503
    await sockets[-1].close()

    async def is_gone() -> Any:
        return await database.fetchval("SELECT disconnected_at FROM charger_connection")

    await eventually(is_gone)
    for _ in range(3):
        async with come(url) as socket:
            await Wire(socket).boot()
        await eventually(is_gone)


async def test_a_stranger_learns_nothing_of_takeovers_and_causes_none(
    node: Any, database: Any, take_over: TakeOver
) -> None:
    url = f"{node.ocpp}/CP"
    await take_over([url], 6)
    await database.execute("UPDATE chargers SET secret_hash = 'x' WHERE id = 'CP'")
    assert (await refused(url)).response.status_code == 401


def boot(serial: str) -> dict[str, str]:
    return {"chargePointVendor": "V", "chargePointModel": "M", "chargePointSerialNumber": serial}


@pytest.mark.parametrize(("serials", "alarms"), [(["A", "B"], 1), (["A", "A"], 0)])
async def test_one_takeover_by_another_serial_number_is_an_alarm(
    node: Any, database: Any, serials: list[str], alarms: int
) -> None:
    async with AsyncExitStack() as stack:
        for serial in serials:
            socket = await stack.enter_async_context(come(f"{node.ocpp}/CP"))
            assert (await Wire(socket).call("BootNotification", boot(serial)))[0] == 3
        # What comes after it in the same order is there: then the alarm would be, too.
        await database.execute("UPDATE chargers SET secret_hash = 'x'")
        await refused(f"{node.ocpp}/CP")
        statement = "SELECT kind, content FROM station_events WHERE kind IN ('DuplicateIdentity', 'LogonRefused')"

        async def events() -> Any:
            found = await database.fetch(statement)
            return found if any(row["kind"] == "LogonRefused" for row in found) else None

        told = [row["content"] for row in await eventually(events) if row["kind"] == "DuplicateIdentity"]
        assert len(told) == alarms
        assert all('"B"' in content for content in told)
