"""The servers behind the rooms: embedded ones, or those that the environment names."""

import asyncio
from types import ModuleType

from voltring_local import postgres, valkey
from voltring_local.children import Child
from voltring_local.options import Options


class Backing:
    """PostgreSQL and Redis of one run of `voltring up`."""

    def __init__(self, options: Options) -> None:
        self.postgres_dsn = options.postgres_dsn or ""
        self.redis_url = options.redis_url or ""
        self._options = options
        self._embedded: dict[str, postgres.Postgres | valkey.Valkey] = {}

    @property
    def title(self) -> str:
        """What is embedded, for the console."""
        options = self._options
        embedded = [
            name
            for name, given in (("PostgreSQL", options.postgres_dsn), ("Valkey", options.redis_url))
            if given is None
        ]
        return " and ".join(embedded) or "servers given by the environment"

    async def prepare(self) -> list[Child]:
        """Fill in the addresses; the children to start for them, PostgreSQL first. Raises StartFailed."""
        data_dir = self._options.data_dir
        if self._options.postgres_dsn is None:
            database = await asyncio.to_thread(postgres.prepare, data_dir)
            self.postgres_dsn, self._embedded["postgres"] = database.dsn, database
        if self._options.redis_url is None:
            store = await asyncio.to_thread(valkey.prepare, data_dir)
            self.redis_url, self._embedded["valkey"] = store.url, store
        else:
            await _nodes().reach(self.redis_url)
        return [server.child() for server in self._embedded.values()]

    async def forget(self, node: str) -> None:
        """End the leases of a node that has died."""
        await _nodes().forget(self.redis_url, node)

    async def forget_all(self) -> None:
        """End the leases of a run that was killed; none of its nodes lives. A shared Redis is left alone."""
        if "valkey" in self._embedded:
            await _nodes().forget(self.redis_url)

    def clear(self, name: str) -> None:
        """Clear up after the server `name`, before it is started again. Raises StartFailed."""
        if server := self._embedded.get(name):
            server.clear()


def _nodes() -> ModuleType:
    """The module `nodes`, imported while other processes start: Redis' client takes a third of a second."""
    from voltring_local import nodes

    return nodes
