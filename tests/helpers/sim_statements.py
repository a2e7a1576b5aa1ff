"""The statements of the simulated PostgreSQL: what each `.sql` statement does, as a function of tables and values."""

from datetime import timedelta

from voltring_core.domain.takeovers import Takeovers, counted

STATEMENTS = {}
SHORT = ("id", "charger_id", "action", "state", "reply_to")


def statement(name):
    """Registers a function as what a statement does."""

    def register(function):
        STATEMENTS[name] = function
        return function

    return register


def picked(row, names):
    """Some columns of a row."""
    return {name: row[name] for name in names}


# fence.sql


@statement("fence.fence")
def fence(tables, chargers, epochs, connections, node, versions, addresses, limits, took_over, most, window_s):
    now, rows = tables.now(), []
    for mine in zip(chargers, epochs, connections, versions, addresses, limits, took_over, strict=True):
        charger, epoch, connection, version, address, limit, ended = mine
        before = tables.fences.get(charger)
        if charger not in tables.chargers or (before is not None and before["epoch"] >= epoch):
            continue
        takeovers, took = Takeovers(), ended
        if before is not None:
            takeovers = Takeovers(before["swaps"], before["swaps_since"], before["swapped_at"])
            took = max(ended, int(before["disconnected_at"] is None))
        after = counted(takeovers, took, now)
        row = {
            "charger_id": charger, "epoch": epoch, "connection_id": str(connection), "node_uid": node,
            "ocpp_version": version, "remote_address": address, "online_limit_s": limit, "swaps": after.count,
            "swaps_since": after.since or now, "swapped_at": after.last, "connected_at": now, "disconnected_at": None,
            "last_seen_at": now, "first_epoch": None,
        }  # fmt: skip
        tables.put("fences", charger, row)
        rows.append({"charger_id": charger, "swaps": after.count if took else 0})
    return rows


@statement("fence.reclaim")
def reclaim(tables, chargers, epochs, connections, node, versions, addresses, limits, over, firsts):
    rows = []
    for mine in zip(chargers, epochs, connections, versions, addresses, limits, over, firsts, strict=True):
        charger, epoch, connection, version, address, limit, seen, first = mine
        before = tables.fences.get(charger)
        if before is None or before["epoch"] != seen or before["epoch"] >= epoch:
            continue
        new = {"epoch": epoch, "connection_id": str(connection), "node_uid": node, "ocpp_version": version}
        new |= {"remote_address": address, "online_limit_s": limit, "first_epoch": first, "disconnected_at": None}
        tables.change("fences", charger, last_seen_at=tables.now(), **new)
        rows.append({"charger_id": charger})
    return rows


@statement("fence.owners")
def owners(tables, chargers):
    found = (tables.fences[one] for one in dict.fromkeys(chargers) if one in tables.fences)
    return [
        {
            **picked(one, ("charger_id", "connection_id", "epoch")),
            "is_open": one["disconnected_at"] is None,
            "first_epoch": one["first_epoch"],
        }
        for one in found
    ]


@statement("fence.set_version")
def set_version(tables, chargers, versions):
    for charger, version in zip(chargers, versions, strict=True):
        if charger in tables.chargers:
            tables.change("chargers", charger, ocpp_version=version)
    return []


def _own(tables, chargers, epochs):
    for charger, epoch in zip(chargers, epochs, strict=True):
        row = tables.fences.get(charger)
        if row is not None and row["epoch"] == epoch:
            yield row


@statement("fence.disconnect")
def disconnect(tables, chargers, epochs):
    now = tables.now()
    for row in _own(tables, chargers, epochs):
        if row["disconnected_at"] is None:
            tables.change("fences", row["charger_id"], disconnected_at=now, last_seen_at=now)
    return []


@statement("fence.reopen")
def reopen(tables, chargers, epochs):
    for row in _own(tables, chargers, epochs):
        tables.change("fences", row["charger_id"], disconnected_at=None, last_seen_at=tables.now())
    return []


@statement("fence.seen")
def seen(tables, chargers, epochs, times):
    own = {row["charger_id"]: row for row in _own(tables, chargers, epochs)}
    for charger, at in zip(chargers, times, strict=True):
        if charger in own:
            tables.change("fences", charger, last_seen_at=max(own[charger]["last_seen_at"], at))
    return [{"charger_id": one} for one in chargers if one not in own]


# admission.sql, settling.sql, worker.sql, draining.sql

CHARGER = (
    "id", "status", "secret_hash", "registration", "vendor", "model", "firmware_version", "quirks",
    "ping_interval_s", "silence_limit_s", "call_timeout_s", "next_secret_hash",
)  # fmt: skip


@statement("admission.find")
def find(tables, asked):
    wanted = {one.lower() for one in asked}
    return [_found(tables, row) for row in tables.chargers.values() if row["id"].lower() in wanted]


def _found(tables, row):
    owner = tables.fences.get(row["id"])
    known = owner or {"swaps": 0, "swaps_since": None, "swapped_at": None, "disconnected_at": None}
    return picked(row, CHARGER) | {
        "takeovers": known["swaps"],
        "swaps_since": known["swaps_since"],
        "swapped_at": known["swapped_at"],
        "is_connected": owner is not None and owner["disconnected_at"] is None,
        "asked_at": tables.now(),
    }


@statement("settling.variables")
def variables(tables, charger, names):
    return []


@statement("settling.outcome")
def outcome(tables, command):
    return [{"outcome": tables.commands[command]["outcome"]}]


@statement("worker.be_alone")
def be_alone(tables, chore):
    return [{"alone": True}]


STARTS = ("RemoteStartTransaction", "RequestStartTransaction")


@statement("draining.ranks")
def ranks(tables, chargers, job_s, start_s):
    now = tables.now()
    found = ((one, _rank(tables, one, now, start_s)) for one in chargers)
    return [{"charger_id": charger, "rank": rank} for charger, rank in found if rank]


def _rank(tables, charger, now, start_s):
    commands = tables.of(charger)
    for one in commands:
        waits = one["state"] == "SENT" or (one["state"] == "ACCEPTED" and one["completed_at"] is None)
        if one["action"] in STARTS and waits and one["sent_at"] > now - timedelta(seconds=start_s):
            return 4
    if any(one.state == "Active" for one in tables.sessions[charger].values()):
        return 2
    return int(any(one["state"] == "SENT" or _is_queued(one, now) for one in commands))


def _is_queued(one, now):
    return one["state"] == "QUEUED" and one["deadline_at"] > now


@statement("draining.returned")
def returned(tables, chargers, epochs):
    return [
        {"charger_id": charger}
        for charger, epoch in zip(chargers, epochs, strict=True)
        if charger in tables.fences and tables.fences[charger]["epoch"] > epoch
    ]
