"""The statements of `store/commands.sql` in the simulated PostgreSQL."""

from datetime import timedelta

import asyncpg
import orjson
from sim_statements import SHORT, picked, statement

NEW = dict.fromkeys(
    "epoch message_id sent_at response error outcome completed_at finished_at replaced_by earlier_message_ids".split()
)


NEWS = ("state", "response", "error", "outcome", "attempts", "sent_at", "finished_at", "completed_at")


def _queued(tables, charger, now):
    return [one for one in tables.of(charger) if one["state"] == "QUEUED" and one["deadline_at"] > now]


def _settle(tables, row, state, *more, **new):
    return picked(tables.change("commands", row["id"], state=state, **new), (*SHORT, *more))


def _because(row, reason):
    return {**(row["outcome"] or {}), "reason": reason}


def _unsent(row):
    """What taking it back changes."""
    return {"attempts": row["attempts"] - 1, "sent_at": row["sent_at"] if row["attempts"] > 1 else None}


@statement("commands.insert")
def insert(
    tables, id, charger, action, payload, kind, lane, key, request_hash, reply_to, by, deadline_s, request_id,
    supersede_key, most, replaces, in_haste, traceparent,
):  # fmt: skip
    now = tables.now()
    waiting = [one for one in _queued(tables, charger, now) if one["lane"] == lane]
    others = [one for one in waiting if not (replaces and one["supersede_key"] == supersede_key)]
    if len(others) >= most or (key is not None and (by, key) in tables.keys):
        return []
    if charger not in tables.chargers:
        raise asyncpg.ForeignKeyViolationError(f"there is no charger {charger}")
    tables.seq += 1
    row = NEW | {
        "id": id, "seq": tables.seq, "charger_id": charger, "action": action, "payload": payload, "class": kind,
        "lane": lane, "idempotency_key": key, "request_hash": request_hash, "reply_to": reply_to, "created_by": by,
        "created_at": now, "deadline_at": now + timedelta(seconds=deadline_s), "request_id": request_id,
        "supersede_key": supersede_key, "state": "QUEUED", "attempts": 0, "stumbles": 0,
        "traceparent": traceparent,
    }  # fmt: skip
    older = [
        one
        for one in (tables.of(charger) if replaces else ())
        if one["supersede_key"] == supersede_key and one["state"] == "QUEUED" and not one["attempts"]
    ]
    tables.queue(row)
    if key is not None:
        tables.put("keys", (by, key), id)
    for one in older:
        tables.change("commands", one["id"], state="CANCELLED", finished_at=now, replaced_by=id)
    replaced = [picked(one, ("action", "payload", "reply_to")) | {"id": str(one["id"])} for one in older]
    return [{**row, "replaced": replaced or None}]


@statement("commands.settle_down")
def settle_down(tables, id):
    return []


@statement("commands.by_key")
def by_key(tables, by, key):
    found = tables.keys.get((by, key))
    return [] if found is None else [tables.commands[found]]


@statement("commands.get")
def get(tables, id):
    return [tables.commands[id]] if id in tables.commands else []


@statement("commands.cancel")
def cancel(tables, id):
    row = tables.commands.get(id)
    if row is None or row["state"] != "QUEUED":
        return []
    return [
        tables.change("commands", id, state="UNKNOWN" if row["attempts"] else "CANCELLED", finished_at=tables.now())
    ]


@statement("commands.take")
def take(tables, charger, epoch, message_id, actions, only_boot):
    now, owner = tables.now(), tables.fences.get(charger)
    if owner is None or owner["epoch"] != epoch:
        return []
    if any(one["state"] == "SENT" and one["epoch"] == epoch for one in tables.of(charger)):
        return []
    ready = [
        one
        for one in _queued(tables, charger, now)
        if (actions is None or one["action"] in actions)
        and not (only_boot and one["payload"].get("requestedMessage") != "BootNotification")
    ]
    if not ready:
        return []
    first = min(ready, key=lambda one: (one["lane"], one["seq"]))
    earlier = first["earlier_message_ids"]
    if first["message_id"] is not None:
        earlier = [*(earlier or ()), first["message_id"]]
    sent = {"epoch": epoch, "message_id": message_id, "sent_at": now, "attempts": first["attempts"] + 1}
    row = tables.change("commands", first["id"], state="SENT", earlier_message_ids=earlier, **sent)
    more = any(one["state"] == "QUEUED" for one in tables.of(charger))
    waited = {"more": more, "waited_s": (now - first["created_at"]).total_seconds()}
    return [picked(row, ("id", "action", "payload", "class", "attempts", "reply_to", "traceparent")) | waited]


def _was_sent_as(row, message_id):
    return row["message_id"] == message_id or message_id in (row["earlier_message_ids"] or ())


@statement("commands.finish")
def finish(tables, id, message_id, state, response, error, reason):
    row = tables.commands.get(id)
    if row is None or not _was_sent_as(row, message_id):
        return []
    early = row["completed_at"] is not None
    is_unanswered = row["response"] is None and row["error"] is None
    if row["state"] not in ("SENT", "UNKNOWN", "QUEUED") and not (
        (early or row["state"] == "ACCEPTED") and is_unanswered
    ):
        return []
    outcome = row["outcome"]
    if not early and state == "UNKNOWN":
        outcome = _because(row, reason)
    elif outcome is not None:
        outcome = {name: word for name, word in outcome.items() if name != "reason"} or None
    finished = (row["finished_at"] or tables.now()) if early else tables.now()
    said = {"response": response, "error": error, "finished_at": finished, "outcome": outcome}
    short = _settle(tables, row, row["state"] if early else state, **said)
    return [short | {"news": _news(tables.commands[id])}]


def _news(row):
    """The row as who asked for it is told, as JSON."""
    return None if row["reply_to"] is None else orjson.dumps(picked(row, NEWS)).decode()


@statement("commands.of_message")
def of_message(tables, charger, message_id):
    found = [one for one in tables.of(charger) if _was_sent_as(one, message_id)]
    return [picked(one, ("id", "action", "payload", "traceparent")) for one in found[:1]]


def _sent(tables, id, message_id):
    row = tables.commands.get(id)
    return row if row is not None and row["message_id"] == message_id and row["state"] == "SENT" else None


def _sent_to(tables, charger, message_id):
    found = (one for one in tables.of(charger) if one["message_id"] == message_id and one["state"] == "SENT")
    return next(found, None)


@statement("commands.give_up")
def give_up(tables, id, message_id, state, reason):
    row = _sent(tables, id, message_id)
    if row is None:
        return []
    finished = tables.now() if state == "UNKNOWN" else None
    return [_settle(tables, row, state, finished_at=finished, outcome=_because(row, reason))]


@statement("commands.refuse")
def refuse(tables, id, message_id, error):
    row = _sent(tables, id, message_id)
    return [_settle(tables, row, "REJECTED", error=error, finished_at=tables.now(), **_unsent(row))] if row else []


@statement("commands.give_back")
def give_back(tables, id, message_id):
    row = _sent(tables, id, message_id)
    return [_settle(tables, row, "QUEUED", message_id=None, **_unsent(row))] if row else []


@statement("commands.await_takes")
def await_takes(tables, charger):
    return []


@statement("commands.give_back_lost")
def give_back_lost(tables, charger, message_id):
    row = _sent_to(tables, charger, message_id)
    return [_settle(tables, row, "QUEUED", message_id=None, **_unsent(row))] if row else []


@statement("commands.stumble")
def stumble(tables, charger, message_id, why, most, is_sure):
    row = _sent_to(tables, charger, message_id)
    if row is None:
        return []
    over = is_sure or row["stumbles"] + 1 >= most
    new = {"stumbles": row["stumbles"] + 1, "message_id": None, **_unsent(row)}
    if over:
        new |= {"completed_at": tables.now(), "finished_at": tables.now()}
        new["outcome"] = {**(row["outcome"] or {}), "poison": why}
    return [_settle(tables, row, "FAILED" if over else "QUEUED", **new)]


@statement("commands.give_up_older")
def give_up_older(tables, chargers, epochs, most, reason):
    rows = []
    for charger, epoch in zip(chargers, epochs, strict=True):
        for row in tables.of(charger):
            if row["state"] == "SENT" and row["epoch"] < epoch:
                again = row["class"] == "R" and row["attempts"] < most
                new = {"finished_at": None if again else tables.now(), "outcome": _because(row, reason)}
                rows.append(_settle(tables, row, "QUEUED" if again else "UNKNOWN", "payload", "traceparent", **new))
    return rows


@statement("commands.waiting")
def waiting(tables, chargers):
    now = tables.now()
    return [{"charger_id": one} for one in dict.fromkeys(chargers) if _queued(tables, one, now)]


@statement("commands.expire")
def expire(tables):
    now = tables.now()
    late = [one for one in tables.commands.values() if one["state"] == "QUEUED" and one["deadline_at"] <= now]
    return [
        _settle(
            tables,
            one,
            "UNKNOWN" if one["attempts"] else "EXPIRED",
            "payload",
            "traceparent",
            finished_at=now,
        )
        for one in late
    ]


@statement("commands.give_up_late")
def give_up_late(tables, timeout_s, most, slow, longer_s, living, reason):
    now, rows = tables.now(), []
    for row in list(tables.commands.values()):
        if row["state"] != "SENT":
            continue
        patience = tables.chargers[row["charger_id"]]["call_timeout_s"] or timeout_s
        if row["sent_at"] >= now - timedelta(seconds=2 * (patience + (longer_s if row["action"] in slow else 0))):
            continue
        may_repeat = row["class"] == "R" and row["attempts"] < most and row["deadline_at"] > now
        again = may_repeat and not _is_in_hands(tables, row, living)
        new = {"finished_at": None if again else now, "outcome": _because(row, reason)}
        rows.append(_settle(tables, row, "QUEUED" if again else "UNKNOWN", "payload", "traceparent", **new))
    return rows


def _is_in_hands(tables, row, living):
    """Whether an owner that lives may still be at it."""
    owner = tables.fences.get(row["charger_id"])
    if owner is None or owner["disconnected_at"] is not None:
        return False
    return tables.owns(owner, row["epoch"]) and (living is None or owner["node_uid"] in living)


@statement("commands.overdue")
def overdue(tables, old_s, living):
    now = tables.now()
    return [
        {"charger_id": charger}
        for charger, row in tables.fences.items()
        if row["disconnected_at"] is None
        and (living is None or row["node_uid"] in living)
        and any(one["created_at"] < now - timedelta(seconds=old_s) for one in _queued(tables, charger, now))
    ]


@statement("commands.forget_secrets")
def forget_secrets(tables, id, payload):
    row = tables.commands.get(id)
    if row is not None and row["state"] not in ("QUEUED", "SENT"):
        tables.change("commands", id, payload=payload)
    return []
