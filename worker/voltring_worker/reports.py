"""Reports that stopped: silent before their last part, they are given up with what is missing; old ones are dropped.

A part that comes after that still counts: the node writes the report, and what came of its command, anew.
"""

from typing import Any

import asyncpg
import orjson

from voltring_core.domain.reports import SILENCE, Report, ReportState, end
from voltring_core.store.database import RawJson
from voltring_worker.partitions import SQL

FIELDS = "id charger_id action request_id command_id seqs last_seq started_at updated_at".split()
MOST = 500


class Reports:
    """One look at a time, by one worker."""

    def __init__(self, pool: asyncpg.Pool, retention_days: int) -> None:
        """`retention_days`: how long a report is kept after its last part."""
        self._pool = pool
        self._retention_days = retention_days

    async def cycle(self) -> str:
        """Give up what is silent; returns the sentence for the log, empty when nothing was."""
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(SQL["be_alone"], "reports"):
                return ""
            now = await connection.fetchval(SQL["now"])
            rows = await connection.fetch(SQL["silent_reports"], SILENCE, MOST)
            ended = [report for row in rows if (report := end(_report(row), now)) is not None]
            if ended:
                await self._write(connection, ended)
        return f"{len(ended)} reports given up: their last parts did not come" if ended else ""

    async def _write(self, connection: Any, ended: list[Report]) -> None:
        await connection.execute(SQL["end_reports"], [report.id for report in ended], ReportState.INCOMPLETE.value)
        asked = [report for report in ended if report.command_id is not None]
        outcomes = [RawJson(orjson.dumps(report.outcome).decode()) for report in asked]
        await connection.execute(SQL["fail_commands"], [report.command_id for report in asked], outcomes)

    async def prune(self) -> str:
        """Drop what is older than its retention; returns the sentence for the log."""
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(SQL["be_alone"], "prune reports"):
                return ""
            dropped = await connection.fetchval(SQL["prune_reports"], self._retention_days)
        return f"{dropped} old reports dropped" if dropped else ""


def _report(row: Any) -> Report:
    values = {name: row[name] for name in FIELDS} | {"seqs": tuple(row["seqs"])}
    return Report(**values, state=ReportState.RECEIVING)
