"""The peer: PyPI `ocpp`'s ChargePoint on `websockets`, as their documentation puts them together. It stores nothing.

`--uvloop`: on that loop in place of asyncio's own.
"""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

import uvloop
from ocpp.routing import on
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v16 import call_result as result16
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call_result as result201
from websockets import ConnectionClosed
from websockets.asyncio.server import ServerConnection, serve


def _now() -> str:
    return datetime.now(UTC).isoformat()


class Station16(ChargePoint16):  # type: ignore[misc]
    """Answers OCPP 1.6."""

    @on("BootNotification")  # type: ignore[untyped-decorator]
    def boot(self, **_: Any) -> Any:
        return result16.BootNotification(_now(), 300, "Accepted")

    @on("StartTransaction")  # type: ignore[untyped-decorator]
    def start_transaction(self, **_: Any) -> Any:
        return result16.StartTransaction(1, IdTagInfo("Accepted"))

    @on("MeterValues")  # type: ignore[untyped-decorator]
    def meter_values(self, **_: Any) -> Any:
        return result16.MeterValues()

    @on("Heartbeat")  # type: ignore[untyped-decorator]
    def heartbeat(self, **_: Any) -> Any:
        return result16.Heartbeat(_now())


class Station201(ChargePoint201):  # type: ignore[misc]
    """Answers OCPP 2.0.1."""

    @on("BootNotification")  # type: ignore[untyped-decorator]
    def boot(self, **_: Any) -> Any:
        return result201.BootNotification(_now(), 300, "Accepted")

    @on("TransactionEvent")  # type: ignore[untyped-decorator]
    def transaction_event(self, **_: Any) -> Any:
        return result201.TransactionEvent()


async def _converse(socket: ServerConnection) -> None:
    assert socket.request is not None
    identity = socket.request.path.rpartition("/")[2]
    station = (Station16 if socket.subprotocol == "ocpp1.6" else Station201)(identity, socket)
    try:
        await station.start()
    except ConnectionClosed:
        return


async def main(port: int) -> None:
    """Serve for ever."""
    async with serve(_converse, "127.0.0.1", port, subprotocols=["ocpp1.6", "ocpp2.0.1"]) as server:  # type: ignore[list-item]
        await server.serve_forever()


if __name__ == "__main__":
    run = uvloop.run if "--uvloop" in sys.argv else asyncio.run
    run(main(int(sys.argv[-1])))
