"""`python -m voltring_loadtest.load.shard`: the asyncio child process that plays some hundred chargers.

The first line of standard input is its plan; each later line is a word: `cut` cuts every socket. The end of the input
ends it, so that it never outlives who started it. Batches go to standard output.
"""

import asyncio
import os
import sys
import time

from voltring_core import runtime
from voltring_loadtest.load.batches import Batch
from voltring_loadtest.load.seats import Crowd
from voltring_loadtest.load.trial import ShardPlan
from voltring_loadtest.target import target

EVERY = 0.25
"""Seconds between two batches."""
LONGEST_LINE = 2**20
WORDS = {"cut": Crowd.cut}


def main() -> None:
    """Play until the input ends."""
    runtime.run(_main)


async def _main(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    said = asyncio.StreamReader(limit=LONGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(said), sys.stdin)
    plan = ShardPlan.decode(await said.readline())
    runtime.spare_the_collector()
    crowd = Crowd(plan, target(plan.url, plan.password, ca_file=plan.ca_file))
    async with asyncio.TaskGroup() as group:
        group.create_task(_obey(said, crowd, stop), name="words")
        playing = group.create_task(crowd.run(stop), name="crowd")
        group.create_task(_tell(crowd, playing), name="batches")


async def _obey(said: asyncio.StreamReader, crowd: Crowd, stop: asyncio.Event) -> None:
    while line := await said.readline():
        act = WORDS.get(line.decode().strip())
        if act is not None:
            act(crowd)
    stop.set()


async def _tell(crowd: Crowd, playing: asyncio.Task[None]) -> None:
    """Batches until the end begins: what ends the sessions is not measured."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, sys.stdout)
    while not playing.done():
        due = loop.time() + EVERY
        await asyncio.wait([playing], timeout=EVERY)
        if crowd.is_ending:
            break
        transport.write(_batch(crowd, 1000 * max(0.0, loop.time() - due)).encode())
    await asyncio.wait([playing])
    transport.close()


def _batch(crowd: Crowd, lag_ms: float) -> Batch:
    batch = crowd.sheet.take()
    batch.at = time.time()
    batch.connected, batch.accepted, batch.charging = crowd.count()
    batch.turned_away, crowd.turned_away = crowd.turned_away, {}
    batch.lag_ms, batch.cpu_s = round(lag_ms, 2), time.process_time()
    return batch


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        os._exit(1)
