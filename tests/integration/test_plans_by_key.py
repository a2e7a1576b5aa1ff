"""What a node asks PostgreSQL finds its rows by key, also with plans that were made while the tables were empty."""

import re
from pathlib import Path

import asyncpg
import pytest

import voltring_node
from voltring_core.store.database import BY_KEY, open_pool
from voltring_core.store.queries import load

FILES = sorted(file.name for file in Path(voltring_node.__file__).parent.glob("*.sql"))
STATEMENTS = {f"{file}: {name}": text for file in FILES for name, text in load("voltring_node", file).items()}
EXPLAINED = """
DO $explained$ DECLARE line text; BEGIN
    FOR line IN EXECUTE $plan$EXPLAIN (GENERIC_PLAN, COSTS OFF) {}$plan$ LOOP INSERT INTO plan VALUES (line); END LOOP;
END $explained$
"""
READS_ALL = re.compile(r"Seq Scan|Bitmap|Hash Join|Merge Join|Hash Right|Hash Left")


async def plan(dsn: str, statement: str) -> str:
    """The generic plan of a statement, in a session such as a node's."""
    connection = await asyncpg.connect(dsn, server_settings=BY_KEY)
    try:
        await connection.execute("CREATE TEMP TABLE plan (line text)")
        # By way of a block: a statement with parameters can't be explained over the extended protocol without values.
        await connection.execute(EXPLAINED.format(statement))
        return "\n".join(row["line"] for row in await connection.fetch("SELECT line FROM plan"))
    finally:
        await connection.close()


@pytest.mark.parametrize("name", STATEMENTS)
async def test_a_nodes_statement_reads_no_table_whole(postgres_dsn: str, name: str) -> None:
    assert not READS_ALL.search(await plan(postgres_dsn, STATEMENTS[name]))


async def test_what_was_said_before_is_found_by_its_key_alone(postgres_dsn: str) -> None:
    """The charger's other messages are thousands by noon, whatever the partition held when the plan was made."""
    told = await plan(postgres_dsn, STATEMENTS["recording.sql: repeats"])
    assert set(re.findall(r"Index Cond: \((.*)\)", told)) == {"natural_key = new.natural_key"}, told


async def test_a_nodes_sessions_are_set_to_plan_once(postgres_dsn: str) -> None:
    pool = await open_pool(postgres_dsn, size=1, name="node", by_key=True)
    other = await open_pool(postgres_dsn, size=1, name="api")
    try:
        for name, value in BY_KEY.items():
            assert await pool.fetchval("SELECT current_setting($1)", name) == value
            assert await other.fetchval("SELECT current_setting($1)", name) != value
    finally:
        await pool.close()
        await other.close()
