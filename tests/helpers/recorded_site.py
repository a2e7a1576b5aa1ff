"""A node's recorder on a real database, for recorded sessions, with the worker's look and the replay beside it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
from click.testing import CliRunner, Result
from recorded_sessions import Recorded, message

from voltring_core.store.database import open_pool
from voltring_core.store.replay import replay
from voltring_node.deciding import Asked, Decided
from voltring_node.recorder import Recorder
from voltring_worker.reconciler import Reconciler


class Silent:
    """A publisher for whom nobody listens."""

    def committed(self, group: list[Decided]) -> None:
        pass


class Site:
    """A node's recorder, and the database beside it."""

    def __init__(self, pool: asyncpg.Pool, database: asyncpg.Connection, dsn: str) -> None:
        self.worker = Reconciler(pool)
        self.recorder = Recorder(pool, Silent(), window=0, most=50, patience=10.0)  # type: ignore[arg-type]
        self.database = database
        self._dsn = dsn

    async def play(self, story: Recorded) -> list[UUID]:
        """Record a story as it came; its sessions, those apart that were attached to another."""
        await self.begin()
        given: list[int] = []
        await self.tell(story, range(len(story.content["said"])), given)
        rows = await self.database.fetch(
            "SELECT id FROM transactions WHERE attached_to IS NULL ORDER BY start_received_at, id"
        )
        return [row["id"] for row in rows]

    async def begin(self) -> None:
        """Have a charger and a token."""
        await self.database.execute("INSERT INTO chargers (id) VALUES ('CP-1')")
        await self.database.execute("INSERT INTO id_tokens (id_token) VALUES ('CARD')")

    async def tell(self, story: Recorded, rows: Iterable[int], given: list[int]) -> None:
        """Record some of a story's messages; `given` takes the ids that are answered."""
        for row in rows:
            received_at, action, payload = story.said(row, given)
            decided = await self.recorder.record(Asked(message(story.version, row, received_at, action, payload)))
            assert decided is not None
            assert decided.reply is not None
            number = json.loads(decided.reply)[2].get("transactionId")
            given += [] if number is None or number in given else [number]

    async def replay(self, *words: str) -> Result:
        """The command, as an administrator runs it."""
        environment = {"VOLTRING_POSTGRES_DSN": self._dsn}
        return await asyncio.to_thread(CliRunner(env=environment).invoke, replay, list(words))


@asynccontextmanager
async def open_site(dsn: str, database: asyncpg.Connection) -> AsyncIterator[Site]:
    """A site while it is needed."""
    pool = await open_pool(dsn, size=4, name="site-test")
    made, stop = Site(pool, database, dsn), asyncio.Event()
    running = asyncio.create_task(made.recorder.run(stop))
    yield made
    stop.set()
    await running
    await pool.close()
