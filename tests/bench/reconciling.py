"""What running sessions cost the worker: its share of a core while each of many sessions says something every 30 s.

    .venv/bin/python tests/bench/reconciling.py [--sessions 10000] [--seconds 180] [--history 20] [--v2x 0.5]

Starts PostgreSQL (fsync on) and Valkey of its own and a worker as in production. The sessions and their readings are
written as a node writes them, by one statement a second; before that each session has `--history` minutes of readings.
The worker has worked out all sessions as a whole before the window begins: what that took is told apart. A run in which
a session was checked less often than once in 45 s, in which one is flagged, or in which the worker had to put a row
right (they are not as a node writes them then), is void.
"""

import argparse
import asyncio
import re
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen
from uuid import uuid4

import asyncpg
import orjson
from measure import cpu_seconds, machine
from round_trip import Void

from voltring_core.store.migrate import migrate
from voltring_core.testing import Room, free_port
from voltring_local.servers import start_postgres, start_valkey
from voltring_worker.partitions import keep_up

EVERY_S = 30
WAY = re.compile(r'way="(\w+)"')
TARIFF = {
    "name": "Day",
    "currency": "EUR",
    "valid_from": "2026-01-01T00:00:00Z",
    "taxes": [{"name": "VAT", "percent": "19"}],
    "components": [{"kind": "fixed_fee", "price": "0.35"}, {"kind": "energy", "price": "0.49"}],
}
BEGIN = """
INSERT INTO transactions (id, charger_id, ocpp_version, ocpp_transaction_id, state, evse_id, connector_id, id_token,
    id_token_type, started_at, start_received_at, meter_start_wh, register_wh, register_at, energy_wh, last_seq_no,
    charging_state)
SELECT gen_random_uuid(), 'CP-' || n, CASE WHEN is_2x THEN '2.0.1' ELSE '1.6' END, n::text, 'Active', 1, 1, 'T-' || n,
    'ISO14443', $2, $2, 1000, 1000, CASE WHEN is_2x THEN $2::timestamptz END, 0, CASE WHEN is_2x THEN 0 END,
    CASE WHEN is_2x THEN 'Charging' END
FROM (SELECT n, n % 100 < $3 AS is_2x FROM generate_series(1, $1::int) AS n) AS numbers
"""
BEGUN = """
INSERT INTO transaction_events (transaction_id, charger_id, kind, seq_no, event_at, received_at, payload)
SELECT id, charger_id, 'Started', last_seq_no, started_at, started_at, CASE WHEN last_seq_no IS NULL THEN
    json_build_object('connectorId', 1, 'idTag', id_token, 'meterStart', 1000, 'timestamp', started_at)
ELSE json_build_object('eventType', 'Started', 'timestamp', started_at, 'triggerReason', 'Authorized', 'seqNo', 0,
    'transactionInfo', json_build_object('transactionId', ocpp_transaction_id, 'chargingState', 'Charging'),
    'evse', json_build_object('id', 1, 'connectorId', 1),
    'idToken', json_build_object('idToken', id_token, 'type', 'ISO14443'),
    'meterValue', json_build_array(json_build_object('timestamp', started_at, 'sampledValue',
        json_build_array(json_build_object('value', 1000, 'context', 'Transaction.Begin'))))) END
FROM transactions
"""
TOLD = """
WITH told AS (
    UPDATE transactions SET register_wh = register_wh + 60, energy_wh = energy_wh + 60, register_at = $2,
        power_w = 7200, soc_percent = 50, last_seq_no = last_seq_no + 1, updated_at = now()
    WHERE ocpp_transaction_id::int % 30 = $1
    RETURNING id, charger_id, ocpp_transaction_id, register_wh, last_seq_no
), said AS (
    INSERT INTO transaction_events (transaction_id, charger_id, kind, seq_no, event_at, received_at, trigger_reason,
        payload)
    SELECT id, charger_id, 'Updated', last_seq_no, $2, $2, 'MeterValuePeriodic', json_build_object(
        'eventType', 'Updated', 'timestamp', $2::timestamptz, 'triggerReason', 'MeterValuePeriodic',
        'seqNo', last_seq_no,
        'transactionInfo', json_build_object('transactionId', ocpp_transaction_id, 'chargingState', 'Charging'),
        'meterValue', json_build_array(json_build_object('timestamp', $2::timestamptz, 'sampledValue', json_build_array(
            json_build_object('value', register_wh),
            json_build_object('value', 7200, 'measurand', 'Power.Active.Import', 'unitOfMeasure',
                json_build_object('unit', 'W')),
            json_build_object('value', 50, 'measurand', 'SoC')))))
    FROM told WHERE last_seq_no IS NOT NULL
)
INSERT INTO meter_values (received_at, charger_id, transaction_id, evse_id, connector_id, sampled_at, measurand, unit,
    value, raw)
SELECT $2, charger_id, told.id, 1, 1, $2, m.measurand, m.unit, coalesce(m.value, register_wh), 'x'
FROM told, (VALUES ('Energy.Active.Import.Register', 'Wh', NULL), ('Power.Active.Import', 'W', 7200),
    ('SoC', 'Percent', 50)) AS m (measurand, unit, value)
"""
CHECKED = "SELECT count(*), count(*) FILTER (WHERE flags <> '{}'), max(now() - checked_at) FROM transaction_accounts"


async def found(server_dsn: str) -> str:
    """A database of its own, with the partitions that the worker makes."""
    connection = await asyncpg.connect(server_dsn)
    await connection.execute("CREATE DATABASE bench")
    await connection.close()
    dsn = urlsplit(server_dsn)._replace(path="/bench").geturl()
    await migrate(dsn)
    pool = await asyncpg.create_pool(dsn, min_size=1)
    await keep_up(pool, 7, 90)
    await pool.close()
    return dsn


async def begin(pool: asyncpg.Connection, options: argparse.Namespace) -> None:
    """The sessions, with what they have said so far."""
    now = datetime.now(UTC).replace(microsecond=0)
    since = now - timedelta(minutes=options.history, seconds=EVERY_S)
    await pool.execute(BEGIN, options.sessions, since, int(100 * options.v2x))
    await pool.execute(BEGUN)
    if not options.no_tariff:
        made = uuid4()
        await pool.execute(
            "INSERT INTO tariffs (id, name, currency, valid_from, content, created_by)"
            " VALUES ($1, 'Day', 'EUR', '2026-01-01', $2, 'bench')",
            made,
            orjson.dumps(TARIFF).decode(),
        )
        await pool.execute(
            "INSERT INTO tariff_assignments (id, tariff_id, created_by) VALUES ($1, $2, 'bench')", uuid4(), made
        )
    for second in range(60 * options.history):
        at = since + timedelta(seconds=EVERY_S + second)
        await pool.execute(TOLD, second % EVERY_S, at)
    await pool.execute("VACUUM ANALYZE")


async def tell(dsn: str, stop: asyncio.Event) -> None:
    """Each second a thirtieth of the sessions says something."""
    connection = await asyncpg.connect(dsn)
    second = 0
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while not stop.is_set():
        await connection.execute(TOLD, second % EVERY_S, datetime.now(UTC))
        second += 1
        await asyncio.sleep(max(0.0, begun + second - loop.time()))
    await connection.close()


def figures(admin: str) -> dict[str, float]:
    """The reconciler's own, by name and labels."""
    with urlopen(f"{admin}/metrics", timeout=5) as answer:  # noqa: S310 - loopback
        lines = answer.read().decode().splitlines()
    words = [line.rsplit(" ", 1) for line in lines if line.startswith("voltring_worker_")]
    return {name: float(number) for name, number in words}


async def measured(dsn: str, worker: Room, postgres_pid: int, options: argparse.Namespace) -> None:
    """Wait until all sessions were worked out, measure, print. Raises Void."""
    connection, stop = await asyncpg.connect(dsn), asyncio.Event()
    telling = asyncio.create_task(tell(dsn, stop))
    begun, pids = time.monotonic(), {"worker": worker.process.pid, "postgres": postgres_pid}
    checked, flagged, oldest = 0, 0, timedelta()
    while checked < options.sessions:
        await asyncio.sleep(1)
        checked, flagged, oldest = await connection.fetchrow(CHECKED)
        if time.monotonic() - begun > 900:
            raise Void(f"only {checked} sessions were ever checked; {worker.log.read_text()[-2000:]}")
    took, used = time.monotonic() - begun, cpu_seconds(pids["worker"])
    print(f"worked out as a whole: {checked} sessions in {took:.0f} s, {1000 * used / checked:.2f} ms of CPU each")
    await asyncio.sleep(2 * EVERY_S)  # those that were told of meanwhile, once
    before, cpu, since = figures(worker.admin), {n: cpu_seconds(p) for n, p in pids.items()}, time.monotonic()
    await asyncio.sleep(options.seconds)
    lasted = time.monotonic() - since
    spent = {name: cpu_seconds(pid) - cpu[name] for name, pid in pids.items()}
    after = figures(worker.admin)
    done = {name: after[name] - before.get(name, 0) for name in after if "checked_sessions" in name}
    _, flagged, oldest = await connection.fetchrow(CHECKED)
    stop.set()
    await telling
    await connection.close()
    total = sum(number for name, number in done.items() if "created" not in name)
    ways = ", ".join(f"{WAY.findall(name)[0]} {number:.0f}" for name, number in done.items() if "_created" not in name)
    print(
        f"{lasted:.0f} s: worker {100 * spent['worker'] / lasted:.1f} % of a core, postgres (with the writing)"
        f" {100 * spent['postgres'] / lasted:.1f} %; {total / lasted:.0f} checks/s,"
        f" {1e6 * spent['worker'] / total:.0f} us each; {ways}; the oldest check {oldest.total_seconds():.0f} s ago"
    )
    if flagged or oldest > timedelta(seconds=45):
        raise Void(f"{flagged} are flagged, the oldest check was {oldest} ago; {worker.log.read_text()[-2000:]}")
    if "corrected" in worker.log.read_text():
        raise Void(f"rows are not as a node writes them; {worker.log.read_text()[-2000:]}")


async def run(options: argparse.Namespace) -> None:
    """One run on a fresh database."""
    with tempfile.TemporaryDirectory(prefix="voltring-bench-") as folder:
        root = Path(folder)
        with start_postgres(root / "postgres") as postgres, start_valkey(root / "valkey") as valkey:
            dsn = await found(postgres.dsn)
            connection = await asyncpg.connect(dsn)
            await begin(connection, options)
            await connection.close()
            settings: dict[str, Any] = {"POSTGRES_DSN": dsn, "REDIS_URL": valkey.url, "ADMIN_PORT": str(free_port())}
            worker = Room("worker", settings, root / "worker.log")
            try:
                worker.wait_ready(f"{worker.admin}/readyz")
                await measured(dsn, worker, postgres.pid, options)
            finally:
                worker.stop(20)


def options_of(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=180.0, help="measured, after all were worked out once")
    parser.add_argument("--history", type=int, default=20, help="minutes that each session has been running")
    parser.add_argument("--v2x", type=float, default=0.5, help="share of OCPP 2.0.1; the others are 1.6")
    parser.add_argument("--no-tariff", action="store_true", help="sessions that cost nothing")
    return parser.parse_args(words)


def main() -> None:
    """Measure and print."""
    options = options_of()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {machine()}")
    print(
        f"{options.sessions} running sessions, a message each {EVERY_S} s; {options.history} min of readings before\n"
    )
    asyncio.run(run(options))


if __name__ == "__main__":
    main()
