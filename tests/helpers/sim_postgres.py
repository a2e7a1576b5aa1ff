"""A PostgreSQL in memory: the statements that own, command, sweep and admit, found by their text.

The product's own `Fence`, `Queue`, `Commands`, `Settler`, `Door` and `Sweeper` run on it unchanged. Each statement of
theirs is a Python function here (sim_statements.py); the same contract tests run on both
(tests/integration/test_contracts_postgres.py). A statement is done at once and alone. What stands within a transaction
is done at its begin, all at once, and undone when it fails: one of the schedules that PostgreSQL allows.
"""

import asyncpg
import sim_commands  # noqa: F401 - its statements
from sim_statements import STATEMENTS
from sim_tables import Row, Tables

from voltring_core.store.queries import load

ERRORS = (
    lambda: ConnectionResetError("reset by the simulated PostgreSQL"),
    lambda: asyncpg.ConnectionDoesNotExistError("the simulated PostgreSQL is gone"),
    lambda: TimeoutError("the simulated PostgreSQL is silent"),
)
PATIENCE_S = 30.0
FILES = (
    ("voltring_core.store", "commands"),
    ("voltring_core.store", "fence"),
    ("voltring_node", "admission"),
    ("voltring_node", "draining"),
    ("voltring_node", "passwords"),
    ("voltring_node", "settling"),
    ("voltring_worker", "worker"),
)


def _names():
    return {text: f"{name}.{word}" for package, name in FILES for word, text in load(package, f"{name}.sql").items()}


NAMES = _names()


def know_statements(package, name):
    """Know one more file of statements."""
    NAMES.update({text: f"{name}.{word}" for word, text in load(package, f"{name}.sql").items()})


def perform(tables, statement, values):
    """Do a statement; its rows."""
    name = NAMES.get(statement)
    if statement == "SELECT true":
        return [Row(answer=True)]
    if name is None or name not in STATEMENTS:
        raise AssertionError(f"the simulated PostgreSQL has no statement {name or statement!r}")
    return [Row(row) for row in STATEMENTS[name](tables, *values)]


class _Asking:
    """What pool and connection have in common."""

    async def _rows(self, statement, values):
        raise NotImplementedError

    async def fetch(self, statement, *values, timeout=None):
        return await self._rows(statement, values)

    async def fetchrow(self, statement, *values, timeout=None):
        rows = await self._rows(statement, values)
        return rows[0] if rows else None

    async def fetchval(self, statement, *values, column=0, timeout=None):
        rows = await self._rows(statement, values)
        return list(rows[0].values())[column] if rows else None

    async def execute(self, statement, *values, timeout=None):
        return f"DONE {len(await self._rows(statement, values))}"


class SimPool(_Asking):
    """The pool of one process."""

    def __init__(self, server, tables):
        self._server = server
        self.tables = tables

    async def _rows(self, statement, values):
        name = NAMES.get(statement, "postgres.other")
        return await self._server.ask(name, lambda: perform(self.tables, statement, values))

    def acquire(self, *, timeout=None):
        return SimConnection(self._server, self.tables)

    async def close(self):
        return None


class SimConnection(_Asking):
    """A connection: outside of a transaction as the pool is, within one all at once."""

    def __init__(self, server, tables):
        self._server = server
        self.tables = tables
        self.depth = 0

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        return None

    def __await__(self):
        async def itself():
            return self

        return itself().__await__()

    def transaction(self, **options):
        return Transaction(self, self._server)

    async def _rows(self, statement, values):
        if self.depth:
            return perform(self.tables, statement, values)  # at once: nothing comes in between
        name = NAMES.get(statement, "postgres.other")
        return await self._server.ask(name, lambda: perform(self.tables, statement, values))


class Transaction:
    """Fails before it began, or after its commit; what happens in between happens at one moment."""

    def __init__(self, connection, server):
        self._connection = connection
        self._server = server
        self._mark = 0

    async def __aenter__(self):
        tables = self._connection.tables
        if not self._connection.depth:
            await self._server.ask("transaction.begin", lambda: None)
        self._connection.depth += 1
        self._mark = tables.begin()
        return self

    async def __aexit__(self, kind, error, trace):
        self._connection.depth -= 1
        if kind is not None:
            self._connection.tables.undo(self._mark)
        if self._connection.depth:
            return
        self._connection.tables.done()
        if kind is None:
            await self._server.ask("transaction.commit", lambda: None)


__all__ = ["ERRORS", "PATIENCE_S", "SimConnection", "SimPool", "Tables", "know_statements"]
