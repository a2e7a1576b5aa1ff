"""What holds at a charger: all of it by kind, and each kind under a name that reads well.

`NAMES` is the table of contents: a sub-resource of the charger, and the kinds of records that it lists.
"""

from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Path, Query

from voltring_api import cursors
from voltring_api.models.base import GivenInstant, Page
from voltring_api.models.station import StationRecord, StreamValue, record_of
from voltring_api.openapi import errors
from voltring_api.parts import Pool
from voltring_api.resources.knowing import must_know
from voltring_api.resources.paging import LIMIT, Cursor, Limit, must_rise, page
from voltring_api.statements import bind
from voltring_core.domain.kinds import RecordKind
from voltring_core.errors import NotFound
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "records.sql")
router = APIRouter(prefix="/chargers/{charger_id}", tags=["stations"])
NAMES: Mapping[str, tuple[RecordKind, ...]] = MappingProxyType(
    {
        "charging-profiles": (RecordKind.CHARGING_PROFILE,),
        "charging-limits": (RecordKind.CHARGING_LIMIT,),
        "charging-needs": (RecordKind.CHARGING_NEEDS,),
        "charging-schedules": (RecordKind.CHARGING_SCHEDULE,),
        "composite-schedules": (RecordKind.COMPOSITE_SCHEDULE,),
        "display-messages": (RecordKind.DISPLAY_MESSAGE,),
        "monitors": (RecordKind.MONITOR, RecordKind.MONITORING),
        "certificates": (RecordKind.CERTIFICATE,),
        "reservations": (RecordKind.RESERVATION,),
        "firmware": (RecordKind.FIRMWARE, RecordKind.FIRMWARE_PUBLICATION),
        "logs": (RecordKind.LOG, RecordKind.DIAGNOSTICS),
        "der-controls": (RecordKind.DER_CONTROL,),
        "event-streams": (RecordKind.EVENT_STREAM,),
        "tariffs": (RecordKind.TARIFF,),
        "network-profiles": (RecordKind.NETWORK_PROFILE,),
    }
)
Evse = Annotated[int | None, Query(ge=0, le=2**31 - 1)]
State = Annotated[str | None, Query(max_length=64)]
Since = Annotated[GivenInstant | None, Query(description="The charger's time, at this or later.")]
Until = Annotated[GivenInstant | None, Query(description="The charger's time, before this.")]


@router.get("/records", responses=errors(404, 422), summary="List what holds at a charger")
async def list_records(
    charger_id: str,
    pool: Pool,
    kind: RecordKind | None = None,
    evse_id: Evse = None,
    state: State = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[StationRecord]:
    """What holds at the charger as far as it is known here, by kind and key."""
    return await _find(pool, charger_id, None if kind is None else (kind,), evse_id, state, limit, cursor)


def _listing(kinds: tuple[RecordKind, ...]) -> Callable[..., Coroutine[Any, Any, Page[StationRecord]]]:
    async def list_some(
        charger_id: str,
        pool: Pool,
        evse_id: Evse = None,
        state: State = None,
        limit: Limit = LIMIT,
        cursor: Cursor = None,
    ) -> Page[StationRecord]:
        return await _find(pool, charger_id, kinds, evse_id, state, limit, cursor)

    return list_some


for _name, _kinds in NAMES.items():
    router.add_api_route(
        f"/{_name}",
        _listing(_kinds),
        name=f"list_{_name}",
        responses=errors(404, 422),
        summary=f"List a charger's {_name.replace('-', ' ').replace('der ', 'DER ')}",
        description=f"The same as `/records` with the kind {' or '.join(_kinds)}.",
    )


@router.get("/local-list", responses=errors(404), summary="Read a charger's local list")
async def read_local_list(charger_id: str, pool: Pool) -> StationRecord:
    """The local authorization list that the charger holds, as far as it is known here; 404 when nothing is."""
    row = await pool.fetchrow(SQL["one"], charger_id, RecordKind.LOCAL_LIST, "")
    if row is None:
        await must_know(pool, charger_id)
        raise NotFound(f"nothing is known of a local list of the charger {charger_id!r}")
    return record_of(row)


@router.get(
    "/event-streams/{stream_id}/values", responses=errors(404, 422), summary="List values of a periodic event stream"
)
async def list_stream_values(
    charger_id: str,
    stream_id: Annotated[int, Path(ge=0, le=2**31 - 1)],
    pool: Pool,
    since: Since = None,
    until: Until = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[StreamValue]:
    """Values of a stream (OCPP 2.1), the newest first; they are kept when the stream is closed."""
    must_rise(since, until)
    before, table, place = cursors.decode(cursor, "stream-values", cursors.instant, cursors.number, cursors.place)
    asked = {"since": since, "until": until, "before": before, "before_table": table, "before_place": place}
    statement, values = bind(SQL["stream_values"], charger_id=charger_id, stream_id=stream_id, **asked, limit=limit + 1)
    rows = await pool.fetch(statement, *values)
    await must_know(pool, charger_id, rows)
    return page(rows, limit, _value, "stream-values", _key_of_value)


async def _find(
    pool: Pool,
    charger_id: str,
    kinds: tuple[RecordKind, ...] | None,
    evse_id: int | None,
    state: str | None,
    limit: int,
    cursor: str | None,
) -> Page[StationRecord]:
    after_kind, after_key = cursors.decode(cursor, "records", cursors.text, cursors.text)
    asked = {"kinds": kinds, "evse_id": evse_id, "state": state, "after_kind": after_kind, "after_key": after_key}
    statement, values = bind(SQL["page"], charger_id=charger_id, **asked, limit=limit + 1)
    rows = await pool.fetch(statement, *values)
    await must_know(pool, charger_id, rows)
    return page(rows, limit, record_of, "records", lambda row: (row["kind"], row["key"]))


def _value(row: asyncpg.Record) -> StreamValue:
    return StreamValue.model_validate(dict(row))


def _key_of_value(row: asyncpg.Record) -> tuple[Any, ...]:
    return row["at"].isoformat(), row["table_oid"], list(row["place"])
