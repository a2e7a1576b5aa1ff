"""What the recorder and the settler read and write in the simulated PostgreSQL; what they decide is the product's own.

Stands in for `reading.lock`, `reading.repeats`, `reading.know`, `writing.write` and `writing_station.write_station`:
sessions, boots and what comes of commands are kept, all else is not looked at.
"""

import orjson

from voltring_core.domain.authorization import KnownToken
from voltring_core.domain.chargers import Admission, Standing
from voltring_core.domain.messages import Registration, TokenStatus
from voltring_node import reading
from voltring_node.facts import BootFact, CommandFact, TransactionFact
from voltring_node.knowledge import Known

SENT = ("SENT", "ACCEPTED", "UNKNOWN", "COMPLETED", "FAILED")
TRANSACTIONAL = frozenset({"StartTransaction", "StopTransaction", "MeterValues"})


async def lock(connection, needs):
    """As `reading.lock`."""
    return 1 if needs.chargers else 0


async def repeats(connection, needs, now):
    """As `reading.repeats`."""
    replies = connection.tables.replies
    return {key: replies[key] for key in needs.keys if key in replies}


async def know(connection, needs, remembered=None, concurrency=None):
    """As `reading.know`."""
    tables, known = connection.tables, Known()
    for token in needs.tokens:
        known.tokens[token.lower()] = KnownToken(token, TokenStatus.ACCEPTED, None, None)
    asked = {charger for charger, _ in needs.transactions} | {charger for charger, _ in needs.starts} | needs.active
    for charger in asked:
        for transaction in tables.sessions[charger].values():
            known.found[transaction.id] = transaction
            known.put(transaction)
    for charger in needs.standings:
        row = tables.chargers[charger]
        known.standings[charger] = Standing(Admission(row["status"]), Registration(row["registration_wanted"]))
    for charger, action in needs.commands:
        sent = [one for one in reversed(tables.of(charger)) if one["action"] == action and _may_be_meant(one)]
        known.commands.setdefault(charger, []).extend(_sent_command(one) for one in sent[:20])
    for sent in known.commands.values():
        sent.sort(key=lambda one: tables.commands[one.id]["seq"], reverse=True)
    if needs.fresh_ids:
        tables.last_id += needs.fresh_ids
        known.fresh_ids = [tables.last_id - number for number in range(needs.fresh_ids)]
    return known


def _may_be_meant(row):
    return row["state"] in SENT or (row["state"] == "QUEUED" and row["sent_at"] is not None)


def _sent_command(row):
    return reading._command({**row, "answer": (row["response"] or {}).get("status")})


async def write(connection, group, known):
    """As `writing.write`."""
    tables = connection.tables
    for one in group:
        message = one.asked.message
        if one.natural_key is not None and not one.asked.only_kept:
            tables.put("replies", (message.charger_id, one.natural_key), one.reply)
        if message.action in TRANSACTIONAL and not one.is_repeat and not one.asked.only_kept:
            tables.count("told", told_key(message.charger_id, message.action, message.payload))
        for fact in one.facts:
            _keep(tables, message, fact)
    return []


async def write_station(connection, facts):
    """As `writing_station.write_station`."""
    for place, fact in facts:
        _keep(connection.tables, place, fact)


def _keep(tables, place, fact):
    if isinstance(fact, TransactionFact):
        session = fact.transaction
        tables.put_session(place.charger_id, session)
    elif isinstance(fact, BootFact):
        owner = tables.fences.get(place.charger_id)
        if owner is not None and tables.owns(owner, place.epoch):
            boot = fact.boot
            known = {"vendor": boot.vendor, "model": boot.model, "firmware_version": boot.firmware_version}
            tables.change("chargers", place.charger_id, registration=fact.registration.value, **known)
    elif isinstance(fact, CommandFact):
        _put_outcome(tables, place, fact)


def _put_outcome(tables, place, fact):
    """As the statement `put_outcomes`."""
    row = tables.commands[fact.command_id]
    before, state = row["outcome"] or {}, fact.state and fact.state.value
    if state is not None:
        if row["state"] not in (*SENT, "QUEUED"):
            return
        before = {name: word for name, word in before.items() if name != "reason"}
    new = {"outcome": {**before, **fact.outcome}}
    if state is not None and not (state == "ACCEPTED" and row["state"] != "UNKNOWN"):
        new["state"] = state
    if state in ("COMPLETED", "FAILED"):
        new |= {"completed_at": place.received_at, "finished_at": row["finished_at"] or place.received_at}
    tables.change("commands", fact.command_id, **new)


def told_key(charger_id, action, payload):
    """What makes a transaction message the same one."""
    return charger_id, action, orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
