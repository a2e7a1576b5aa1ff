"""Everything that is kept of a session, in one budget of statements, as entries in order of time.

Frames are read in two steps: first only when and what they were, for all of them, then the texts of those that are
shown. So a session of a day costs about what a short one does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from voltring_api.models.timeline import Entry, EntryKind
from voltring_api.resources import timeline_entries as entries
from voltring_api.resources.timeline_belonging import LEAD, TAIL, Held, Mention, Near, Of, belongs, held, mention
from voltring_api.statements import bind, include
from voltring_core.domain.times import read_time, trusted
from voltring_core.errors import NotFound
from voltring_core.ocpp.text import load as load_json
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "timeline.sql")
MESSAGES = load("voltring_api.resources", "messages.sql")
FRAMES = include(SQL["frames"], **{name: MESSAGES[name] for name in ("columns", "answers", "shown")})
UPWARDS, DOWNWARDS = (include(SQL["near"], direction=way) for way in ("ASC", "DESC"))
MOST_OWN, MOST_NEAR, AROUND, MOST_OTHER = 20_000, 5_000, 200, 1_000
LATE = timedelta(days=1)
"""How long after its row was changed last a message of a session may have come."""
AT_ONCE = timedelta(seconds=2)
"""Chargers tell seconds: what came within them came as it happened, and the order of receipt is the true one."""
SKEWED_S = 30.0
PERIODIC = frozenset({"MeterValuePeriodic", "MeterValueClock"})


@dataclass(frozen=True, slots=True)
class Key:
    """An entry's place in the order, and the entry; of a frame only its number until it is shown."""

    at: datetime
    received_at: datetime
    number: int
    id: str
    kind: EntryKind
    context: bool
    entry: Entry | None = None
    charger_time: datetime | None = None
    told_id: int | None = None
    """Of what was told in a frame that is no longer kept."""

    @property
    def place(self) -> tuple[datetime, datetime, int, str]:
        """What they are sorted by."""
        return self.at, self.received_at, self.number, self.id


@dataclass(frozen=True, slots=True)
class Gathered:
    """A session's row with its account, its charger and its site, and everything about it in order."""

    row: asyncpg.Record
    keys: Sequence[Key]
    truncated: bool = False


@dataclass(slots=True)
class _Look:
    """One session that is looked at, and what was found so far."""

    row: asyncpg.Record
    of: Of
    since: datetime
    until: datetime
    when: Held | None = None
    told: dict[datetime, asyncpg.Record] = field(default_factory=dict)
    keys: list[Key] = field(default_factory=list)
    truncated: bool = False

    def happened(self, said: datetime | None, received_at: datetime) -> datetime:
        """When something happened, by our clock."""
        at, mistrusted = trusted(said, received_at)
        skew = self.row["clock_skew_s"]
        if not mistrusted and skew is not None and abs(skew) > SKEWED_S:
            at -= timedelta(seconds=skew)
        return received_at if abs(received_at - at) <= AT_ONCE else min(at, received_at)


async def session_row(connection: asyncpg.Connection, transaction_id: UUID) -> asyncpg.Record:
    """The session with its account, charger and site; NotFound."""
    row = await connection.fetchrow(SQL["session"], transaction_id)
    if row is None:
        raise NotFound(f"there is no transaction {transaction_id}")
    return row


async def gather(connection: asyncpg.Connection, transaction_id: UUID, *, hide_tokens: bool = False) -> Gathered:
    """Everything about a session; NotFound."""
    row = await session_row(connection, transaction_id)
    look = _look(row)
    await _messages(connection, look)
    commands = await connection.fetch(SQL["commands"], row["charger_id"], look.since, look.until, MOST_OTHER)
    events = await connection.fetch(SQL["events"], row["charger_id"], look.since, look.until, MOST_OTHER)
    alarms = await connection.fetch(SQL["alarms"], row["charger_id"], look.since, row["id"], look.until, MOST_OTHER)
    records = await connection.fetch(SQL["records"], row["id"])
    of_session = [f"transaction:{it}" for it in (row["id"], *row["attached"])]
    of_session += [f"cdr:{it['id']}" for it in records]
    around = [f"charger:{row['charger_id']}", *(f"id_token:{it}" for it in [row["id_token"]] if it)]
    around += [f"command:{it['id']}" for it in commands]
    decided = await connection.fetch(SQL["decisions"], of_session, around, look.since, look.until, MOST_OTHER)
    ours = {it["id"] for it in commands if _is_ours(look, it)}
    _add(look, (entries.of_command(it, it["id"] not in ours, hide_tokens=hide_tokens) for it in commands))
    _add(look, (entries.of_event(it, not _concerns(look, it)) for it in events))
    _add(look, (made for it in alarms for made in entries.of_alarm(it, it["transaction_id"] != row["id"])))
    _add(look, (entries.of_record(it) for it in records))
    _add(look, (entries.of_decision(it, _is_around(look, it, ours), look.of.id) for it in decided))
    _add(look, entries.of_account(row))
    _add(look, entries.of_flags(row, look.told.values()))
    look.keys.sort(key=lambda key: key.place)
    return Gathered(row, look.keys, look.truncated)


def _look(row: asyncpg.Record) -> _Look:
    over = row["end_received_at"] if row["state"] != "Active" else None
    of = Of(
        row["id"],
        row["ocpp_transaction_id"],
        row["evse_id"],
        row["id_token"],
        row["remote_start_id"],
        row["reservation_id"],
        row["start_received_at"],
        over or (None if row["state"] == "Active" else row["start_received_at"]),
    )
    until = datetime.now(UTC) + TAIL if of.last_at is None else of.last_at + TAIL
    return _Look(row, of, of.first_at - LEAD, until)


async def _messages(connection: asyncpg.Connection, look: _Look) -> None:
    """The frames of the session, those around it, and what was told in frames that are gone."""
    told = await connection.fetch(SQL["told"], look.of.id, MOST_OWN)
    look.told = {it["received_at"]: it for it in told}
    first = min([look.of.first_at, *look.told]) - LEAD
    last = max([look.row["updated_at"], look.until, *look.told]) + LATE
    own = await connection.fetch(SQL["own"], look.of.id, first, last, MOST_OWN + 1)
    near = await _near(connection, look, own)
    look.truncated = len(own) > MOST_OWN or len(near) >= MOST_NEAR
    named = [_named(it) for it in near]
    look.when = held(look.of, named)
    for it in own[:MOST_OWN]:
        _add_frame(look, it, context=False)
    for it, one in zip(near, named, strict=True):
        _add_frame(look, it, context=not belongs(look.of, one, look.when))
    kept = {it["received_at"] for it in own} | {it["received_at"] for it in near}
    for it in told:
        if it["received_at"] not in kept:
            _add_told(look, it)


async def _near(connection: asyncpg.Connection, look: _Look, own: Sequence[asyncpg.Record]) -> list[asyncpg.Record]:
    """Frames of the charger that are not joined to the session, in the order of receipt: some before, those between,
    some after."""
    common = {"charger_id": look.row["charger_id"], "id": look.of.id, "since": look.since, "until": look.until}
    within = [it["id"] for it in own if it["received_at"] < look.until]

    async def read(text: str, after: int | None, before: int | None, limit: int) -> list[asyncpg.Record]:
        statement, values = bind(text, **common, after=after, before=before, limit=limit)
        return list(await connection.fetch(statement, *values))

    if not within:
        return await read(UPWARDS, None, None, MOST_NEAR)
    first, last = within[0], within[-1]
    before = await read(DOWNWARDS, None, first, AROUND)
    between = await read(UPWARDS, first, last, MOST_NEAR) if last > first else []
    return [*reversed(before), *between, *await read(UPWARDS, last, None, AROUND)]


def _named(row: Mapping[str, Any]) -> Near:
    said = mention(payload_of(row["frame"]), payload_of(row["reply"]) if row["reply"] else None)
    return Near(row["received_at"], row["action"], said, row["transaction_id"], row["other_evse"])


def payload_of(frame: str | None) -> Any:
    """The payload of a frame's text; {} where there is none to read."""
    try:
        array = load_json(frame or "")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(array, list) or len(array) < 3:
        return {}
    found = array[3] if array[0] in (2, 6) and len(array) > 3 else array[2]
    return found if isinstance(found, dict) else {}


def _add_frame(look: _Look, row: asyncpg.Record, *, context: bool) -> None:
    told = look.told.get(row["received_at"])
    said = told["event_at"] if told is not None and not context else time_behind(row["said_at"])
    kind = _kind(row["action"], told if not context else None)
    at = look.happened(said, row["received_at"]) if row["direction"] == "in" else row["received_at"]
    name = f"message-{row['id']}"
    look.keys.append(Key(at, row["received_at"], row["id"], name, kind, context, charger_time=said))


def time_behind(text: str | None) -> datetime | None:
    """The time in what follows the name `"timestamp"` in a frame; None where that is none."""
    colon, *rest = (text or "").split('"')
    return read_time(rest[0]) if rest and colon.strip() == ":" else None


def _kind(action: str | None, told: asyncpg.Record | None) -> EntryKind:
    if action == "StatusNotification":
        return EntryKind.STATUS
    periodic = told is not None and told["kind"] == "Updated" and told["trigger_reason"] in PERIODIC
    return EntryKind.READING if action == "MeterValues" or periodic else EntryKind.MESSAGE


def _add_told(look: _Look, row: asyncpg.Record) -> None:
    at = look.happened(row["event_at"], row["received_at"])
    kind = _kind(None, row)
    name = f"told-{row['id']}"
    key = Key(at, row["received_at"], row["id"], name, kind, False, charger_time=row["event_at"], told_id=row["id"])
    look.keys.append(key)


def _add(look: _Look, made: Iterable[Entry]) -> None:
    for entry in made:
        at = look.happened(entry.charger_time, entry.received_at) if entry.charger_time else entry.at
        placed = entry if at == entry.at else entry.model_copy(update={"at": at})
        look.keys.append(Key(at, entry.received_at, 0, entry.id, entry.kind, entry.context, placed))


def _is_ours(look: _Look, command: Mapping[str, Any]) -> bool:
    assert look.when is not None
    return belongs(look.of, Near(command["created_at"], command["action"], mention(command["payload"])), look.when)


def _concerns(look: _Look, event: Mapping[str, Any]) -> bool:
    assert look.when is not None
    said = Mention(transaction=event["ocpp_transaction_id"], evse=event["evse_id"])
    return belongs(look.of, Near(event["received_at"], None, said), look.when)


def _is_around(look: _Look, decision: Mapping[str, Any], ours: set[UUID]) -> bool:
    kind, _, name = decision["subject"].partition(":")
    return not (kind in ("transaction", "id_token", "cdr") or name in map(str, ours))


async def shown(
    connection: asyncpg.Connection, found: Gathered, keys: Sequence[Key], *, hide_tokens: bool = False
) -> list[Entry]:
    """The entries of some keys, with the frames."""
    numbers = [key.number for key in keys if key.entry is None and key.told_id is None]
    frames: dict[int, asyncpg.Record] = {}
    if numbers:
        times = [key.received_at for key in keys if key.entry is None]
        asked = {"charger_id": found.row["charger_id"], "ids": numbers, "since": min(times), "until": max(times)}
        statement, values = bind(FRAMES, **asked)
        frames = {it["id"]: it for it in await connection.fetch(statement, *values)}
    gone = [key.told_id for key in keys if key.told_id is not None]
    payloads = dict(await connection.fetch(SQL["payloads"], found.row["id"], gone)) if gone else {}
    return [_entry(key, frames, payloads, found.row, hide_tokens) for key in keys if _is_there(key, frames)]


def _is_there(key: Key, frames: Mapping[int, Any]) -> bool:
    return key.entry is not None or key.told_id is not None or key.number in frames


def _entry(
    key: Key,
    frames: Mapping[int, asyncpg.Record],
    payloads: Mapping[int, Any],
    row: asyncpg.Record,
    hide_tokens: bool,
) -> Entry:
    if key.entry is not None:
        return key.entry
    place = {"id": key.id, "kind": key.kind, "at": key.at, "received_at": key.received_at, "context": key.context}
    if key.charger_time is not None:
        place["charger_time"] = key.charger_time
    if key.told_id is not None:
        return entries.of_payload(place, payloads.get(key.told_id) or {}, row["ocpp_version"], hide_tokens=hide_tokens)
    frame = frames[key.number]
    payloads_of_frame = payload_of(frame["frame"]), payload_of(frame["reply"])
    return entries.of_frame(place, frame, *payloads_of_frame, hide_tokens=hide_tokens)
