"""Every statement of every `.sql` file can be prepared against the schema that the migrations make."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from voltring_api.statements import CONDITION, NAME, bind
from voltring_core.store.queries import load

PACKAGES = {
    "voltring_core.store": "store",
    "voltring_node": "",
    "voltring_api": "",
    "voltring_api.resources": "resources",
    "voltring_worker": "",
}


def statements() -> list[tuple[str, str]]:
    found = []
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        for file in sorted(Path(spec.origin).parent.glob("*.sql")):
            found += [(f"{package}/{file.name}:{name}", text) for name, text in load(package, file.name).items()]
    return found


def with_all_conditions(statement: str) -> str:
    """The statement as it is when every filter is asked for."""
    names = {match[1] for match in NAME.finditer(statement)}
    conditions = {match[1] for line in statement.splitlines() if (match := CONDITION.search(line))}
    return bind(statement, **dict.fromkeys(names | conditions, True))[0] if names else statement


@pytest.fixture
async def connection(postgres_dsn: str, database: Any) -> asyncpg.Connection:
    return database


async def test_every_statement_can_be_prepared(connection: asyncpg.Connection) -> None:
    wrong = {}
    for name, statement in statements():
        text = with_all_conditions(statement)
        try:
            await connection.prepare(text)
        except asyncpg.PostgresError as error:
            wrong[name] = str(error)
    assert wrong == {}
    assert len(statements()) > 60
    assert any(re.search(r"-- if \w+$", text, re.MULTILINE) for _, text in statements())
