"""A timeline costs what its session is worth: indexes give its rows, days that it did not touch are left alone."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from voltring_api.resources.timeline import _series
from voltring_api.resources.timeline_gathering import gather, session_row, shown
from voltring_core.store.database import open_pool

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
DAYS = [TODAY - timedelta(days=n) for n in range(6)]
SESSION_DAY = DAYS[3]
CHARGERS, MESSAGES = 40, 500
MOST_STATEMENTS = 14
LARGE = ("ocpp_messages", "meter_values", "transaction_events", "station_events", "commands", "audit_log", "alarms")
FRAME = '[2,"1","MeterValues",{"connectorId":2,"meterValue":[{"timestamp":"%s","sampledValue":[]}]}]'


class Explaining:
    """A connection that notes the plan of everything that is read by it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.plans: list[dict[str, Any]] = []

    async def fetch(self, statement: str, *values: Any) -> Any:
        (told,) = await self._connection.fetchrow(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
        self.plans.append((json.loads(told) if isinstance(told, str) else told)[0]["Plan"])
        return await self._connection.fetch(statement, *values)

    async def fetchrow(self, statement: str, *values: Any) -> Any:
        rows = await self.fetch(statement, *values)
        return rows[0] if rows else None

    @property
    def nodes(self) -> Iterator[dict[str, Any]]:
        """Every node of every plan."""
        waiting = list(self.plans)
        while waiting:
            node = waiting.pop()
            yield node
            waiting += node.get("Plans", [])


@pytest.fixture
async def busy(database: Any) -> UUID:
    """Days of many chargers, and among them one session of 500 messages; its id."""
    for table in ("ocpp_messages", "meter_values", "station_events"):
        for day in DAYS:
            await database.execute("SELECT make_day_partition($1, $2, $3)", table, f"{table}_{day:%Y%m%d}", day.date())
    await database.execute("INSERT INTO chargers (id) SELECT 'C' || n FROM generate_series(0, $1::int) n", CHARGERS)
    session = uuid4()
    for day in reversed(DAYS):
        await _day(database, day, session if day == SESSION_DAY else None)
    await _session(database, session)
    await database.execute("ANALYZE")
    return session


async def _day(database: Any, day: datetime, session: UUID | None) -> None:
    # In the order in which they came, as their numbers are given out.
    await database.execute(
        "INSERT INTO ocpp_messages"
        " (received_at, charger_id, direction, message_type, action, frame, epoch, transaction_id)"
        " SELECT at, charger_id, 'in', 2, 'MeterValues', $3, 1, session FROM ("
        "  SELECT $1::timestamptz + n * interval '20 seconds' AS at, 'C' || n % $2::int AS charger_id,"
        "   NULL::uuid AS session FROM generate_series(1, 4000) n UNION ALL"
        "  SELECT $1::timestamptz + interval '5 hours' + n * interval '28 seconds', 'C7', $4::uuid"
        "  FROM generate_series(1, $5::int) n WHERE $4 IS NOT NULL) s ORDER BY at",
        day,
        CHARGERS,
        FRAME % day.isoformat(),
        session,
        MESSAGES,
    )
    await database.execute(
        "INSERT INTO station_events (received_at, charger_id, kind, at, content)"
        " SELECT $1::timestamptz + n * interval '1 minute', 'C' || n % $2::int, 'LogStatus', $1, '{}'"
        " FROM generate_series(1, 1000) n",
        day,
        CHARGERS,
    )
    await database.execute(
        "INSERT INTO commands"
        " (id, charger_id, action, payload, class, request_hash, created_by, created_at, deadline_at)"
        " SELECT gen_random_uuid(), 'C' || n % $2::int, 'Reset', '{}', 'N', '', 'x', $1::timestamptz, $1::timestamptz"
        " FROM generate_series(1, 1000) n",
        day,
        CHARGERS,
    )
    await database.execute(
        "INSERT INTO audit_log (at, actor, action, subject) SELECT $1, 'x', 'y', 'charger:C' || n"
        " FROM generate_series(1, 2000) n",
        day,
    )
    await database.execute(
        "INSERT INTO alarms (id, rule, charger_id, subject, raised_at, cleared_at)"
        " SELECT gen_random_uuid(), 'no_start', 'C' || n % $2::int, n::text, $1, $1 FROM generate_series(1, 1000) n",
        day,
        CHARGERS,
    )
    await database.execute(
        "WITH t AS (INSERT INTO transactions"
        " (id, charger_id, ocpp_version, ocpp_transaction_id, state, start_received_at)"
        " SELECT gen_random_uuid(), 'C' || n % $2::int, '1.6', gen_random_uuid()::text, 'Ended', $1::timestamptz"
        " FROM generate_series(1, 300) n RETURNING id, charger_id)"
        " , e AS (INSERT INTO transaction_events (transaction_id, charger_id, kind, event_at, received_at, payload)"
        " SELECT id, charger_id, 'Started', $1, $1, '{}' FROM t, generate_series(1, 10))"
        " INSERT INTO meter_values (received_at, charger_id, transaction_id, sampled_at, measurand, unit, value, raw)"
        " SELECT $1, charger_id, id, $1, 'Power.Active.Import', 'W', 1, '1' FROM t, generate_series(1, 10)",
        day,
        CHARGERS,
    )


async def _session(database: Any, session: UUID) -> None:
    begun = SESSION_DAY + timedelta(hours=5)
    await database.execute(
        "INSERT INTO transactions (id, charger_id, ocpp_version, ocpp_transaction_id, state, evse_id, started_at,"
        " start_received_at, ended_at, end_received_at, meter_start_wh, energy_wh, updated_at)"
        " VALUES ($1, 'C7', '1.6', '7', 'Ended', 1, $2, $2, $3, $3, 0, 500, $3)",
        session,
        begun,
        begun + timedelta(hours=4),
    )
    await database.execute(
        "INSERT INTO meter_values (received_at, charger_id, transaction_id, sampled_at, measurand, unit, value, raw)"
        " SELECT at, 'C7', $2, at, measurand, unit, n, n::text FROM (SELECT n, measurand, unit,"
        " $1::timestamptz + n * interval '28 seconds' AS at FROM generate_series(1, $3::int) n,"
        " (VALUES ('Energy.Active.Import.Register', 'Wh'), ('Power.Active.Import', 'W')) m (measurand, unit)) s",
        begun,
        session,
        MESSAGES,
    )


async def test_a_session_of_five_hundred_messages_is_read_by_indexes_of_its_own_days(
    busy: UUID, postgres_dsn: str
) -> None:
    pool = await open_pool(postgres_dsn, size=1, name="plans")
    async with pool.acquire() as connection:
        explaining: Any = Explaining(connection)
        found = await gather(explaining, busy)
        entries = await shown(explaining, found, found.keys[:200])
        drawn = await _series(explaining, await session_row(explaining, busy), 500)
    await pool.close()
    assert sum(not key.context for key in found.keys) == MESSAGES
    assert len(entries) == 200
    assert len(drawn.points) <= 501
    assert len(explaining.plans) <= MOST_STATEMENTS
    large = [node for node in explaining.nodes if node.get("Relation Name", "").startswith(LARGE)]
    read = [node for node in large if node["Actual Loops"]]
    walked = [node["Relation Name"] for node in read if node["Node Type"] == "Seq Scan"]
    # A default partition is empty: walking it is the quickest.
    assert [name for name in walked if not name.endswith("_default")] == []
    days = {node["Relation Name"].rpartition("_")[2] for node in read if "_20" in node["Relation Name"]}
    # A message may be told a day late.
    assert days <= {f"{day:%Y%m%d}" for day in (SESSION_DAY, SESSION_DAY + timedelta(days=1))}
    assert f"{SESSION_DAY:%Y%m%d}" in days


async def test_a_long_session_is_thinned_and_paged(busy: UUID, api: Any) -> None:
    found = (await api.client.get(f"/v1/transactions/{busy}/series", params={"points": 50})).json()
    assert found["readings"] == MESSAGES
    assert len(found["points"]) <= 51
    assert max(it["power_w"] for it in found["points"] if it["power_w"] is not None) == MESSAGES
    first = (await api.client.get(f"/v1/transactions/{busy}/timeline", params={"limit": 100})).json()
    assert len(first["items"]) == 100
    assert first["counts"]["reading"] >= MESSAGES
