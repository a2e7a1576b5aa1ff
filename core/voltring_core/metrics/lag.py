"""How late an event loop wakes up."""

import asyncio

from prometheus_client import Histogram

NAP_S = 0.1


async def watch(lag: Histogram) -> None:
    """Sleep for a moment, again and again, and tell how much longer it took; to be supervised."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + NAP_S
        await asyncio.sleep(NAP_S)
        lag.observe(max(0.0, loop.time() - due))
