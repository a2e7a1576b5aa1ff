"""Every statement of the core, the nodes and the worker can be prepared against the schema that the migrations make.

The API's statements are put together from parts; its own tests run them.
"""

from importlib.util import find_spec
from pathlib import Path

import asyncpg

from voltring_core.store.queries import load

PACKAGES = ("voltring_core.store", "voltring_node", "voltring_worker")


def statements() -> list[tuple[str, str]]:
    found = []
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        for file in sorted(Path(spec.origin).parent.glob("*.sql")):
            found += [(f"{package}/{file.name}:{name}", text) for name, text in load(package, file.name).items()]
    return found


async def test_every_statement_can_be_prepared(database: asyncpg.Connection) -> None:
    wrong = {}
    for name, statement in statements():
        try:
            await database.prepare(statement)
        except asyncpg.PostgresError as error:
            wrong[name] = str(error)
    assert wrong == {}
    assert len(statements()) > 40
