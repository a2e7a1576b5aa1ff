"""Rows to entries of a timeline: one function for each table. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from voltring_api.models.timeline import Entry, EntryKind, Frame, Tone
from voltring_api.redacting import ANY, redacted, without_secrets
from voltring_api.resources import timeline_facts as facts
from voltring_api.resources.timeline_words import Said, saying
from voltring_core.domain.commands import State
from voltring_core.domain.times import read_time
from voltring_core.ocpp.redaction import redact_frame
from voltring_core.store.commands import OURSELVES

Row = Mapping[str, Any]
TONES: Mapping[str, Tone] = {
    State.COMPLETED: "good",
    State.REJECTED: "bad",
    State.CALLERROR: "bad",
    State.FAILED: "bad",
    State.UNKNOWN: "warn",
    State.EXPIRED: "warn",
}
AT_START = frozenset({"start_lost", "start_missing", "unknown_transaction", "id_reused", "no_meter_start"})
AT_END = frozenset({"no_meter_stop", "implausible_energy", "superseded", "event_after_end", "abandoned", "phantom"})
SEVERE, WARNING = 3, 6


def of_frame(place: Mapping[str, Any], row: Row, payload: Any, reply: Any, *, hide_tokens: bool) -> Entry:
    """A frame with what it was answered with; `place` is its kind, its times and whether it is context."""
    ours = row["direction"] == "out"
    said = Said(
        row["action"], row["direction"], payload, reply, row["verdict"], row["error_code"], row["reply"] is not None
    )
    words = saying(said, hide_tokens=hide_tokens)
    frame = Frame(
        id=str(row["id"]),
        direction=row["direction"],
        action=row["action"],
        # Frames are kept without secrets; what was kept before a rule was made is looked through again.
        frame=redact_frame(row["frame"], ANY, row["action"]),
        reply=row["reply"] and redact_frame(row["reply"], ANY, row["action"]),
        verdict=row["verdict"],
        error_code=row["error_code"],
        flags=row["flags"],
        latency_ms=row["latency_ms"],
    )
    return Entry(**place, source="csms" if ours else "charger", summary=words.words, tone=words.tone, message=frame)


def of_payload(place: Mapping[str, Any], payload: Any, version: str, *, hide_tokens: bool) -> Entry:
    """What was told in a frame that is no longer kept."""
    if version == "1.6":
        action = "StopTransaction" if "meterStop" in payload else "StartTransaction"
    else:
        action = "TransactionEvent"
    words = saying(Said(action, "in", payload, {}), hide_tokens=hide_tokens)
    return Entry(
        **place, source="charger", summary=words.words, tone=words.tone, detail=redacted(action, payload, "request")
    )


def of_command(row: Row, context: bool, *, hide_tokens: bool) -> Entry:
    """What was asked of the charger."""
    payload = redacted(row["action"], row["payload"])
    response = None if row["response"] is None else redacted(row["action"], row["response"], "response")
    steps = {name: row[name] for name in ("sent_at", "finished_at", "completed_at") if row[name] is not None}
    detail = {"command_id": row["id"], "action": row["action"], "payload": payload, "state": row["state"], **steps}
    return Entry(
        id=f"command-{row['id']}",
        kind=EntryKind.COMMAND,
        source="csms" if row["created_by"] == OURSELVES else "operator",
        by=None if row["created_by"] == OURSELVES else row["created_by"],
        at=row["created_at"],
        received_at=row["created_at"],
        summary=facts.command_words(row["action"], payload, row["state"], hide_tokens=hide_tokens),
        tone=TONES.get(row["state"], "plain"),
        context=context,
        detail=detail | {"response": response, "error": row["error"], "outcome": without_secrets(row["outcome"])},
    )


def of_event(row: Row, context: bool) -> Entry:
    """Something that happened at the station."""
    severity = row["severity"]
    loud = severity is not None and severity <= WARNING
    return Entry(
        id=f"event-{row['id']}",
        kind=EntryKind.EVENT,
        source="charger",
        at=row["received_at"],
        received_at=row["received_at"],
        charger_time=row["at"],
        summary=facts.event_words(row["kind"], row["subject"], row["content"]),
        tone="bad" if severity is not None and severity <= SEVERE else "warn" if loud else "plain",
        context=context,
        detail=without_secrets(row["content"]),
    )


def of_alarm(row: Row, context: bool) -> Iterator[Entry]:
    """An alarm, and its end."""
    words = facts.ALARMS.get(row["rule"], row["rule"])
    common = {"kind": EntryKind.ALARM, "source": "csms", "context": context, "detail": row["detail"]}
    raised, cleared = row["raised_at"], row["cleared_at"]
    yield Entry(
        id=f"alarm-{row['id']}", at=raised, received_at=raised, summary=f"Alarm: {words}", tone="warn", **common
    )
    if cleared is not None:
        yield Entry(
            id=f"alarm-{row['id']}-cleared", at=cleared, received_at=cleared, summary=f"No longer: {words}", **common
        )


def of_record(row: Row) -> Entry:
    """A charge detail record that was issued."""
    return Entry(
        id=f"record-{row['id']}",
        kind=EntryKind.DECISION,
        source="csms",
        at=row["issued_at"],
        received_at=row["issued_at"],
        summary=facts.record_words(row["kind"], row["number"], row["total"], row["currency"]),
        detail={"record_id": row["id"], "number": row["number"], "revision": row["revision"]},
    )


def of_decision(row: Row, context: bool, session: UUID) -> Entry:
    """What somebody did through the API, as the timeline of `session` tells it."""
    kind, _, name = row["subject"].partition(":")
    of_another = kind == "transaction" and name != str(session)
    return Entry(
        id=f"audit-{row['id']}",
        kind=EntryKind.DECISION,
        source="operator",
        by=row["actor"],
        at=row["at"],
        received_at=row["at"],
        summary=facts.decision_words(row["action"], of_another=of_another),
        context=context,
        detail={**without_secrets(row["detail"]), "item_id": name} if of_another else without_secrets(row["detail"]),
    )


def of_account(row: Row) -> Iterator[Entry]:
    """The tariff that counts, and where its price changes."""
    started = row["started_at"] or row["start_received_at"]
    if row["tariff"] is not None:
        name = row["tariff"].get("name") if isinstance(row["tariff"], Mapping) else None
        summary = f"The tariff {name or ''} counts for this session.".replace("  ", " ")
        yield _price("price-tariff", started, summary, {"tariff_id": row["tariff_id"]})
    for begins, line in changes(facts.lines_of(row["cost"])):
        if begins > started:
            words = facts.line_words(line, facts.price_of(row["cost"]).get("currency"))
            name = f"price-{line.get('what')}-{begins.isoformat()}"
            yield _price(name, begins, f"From here on: {words}.", line)


def changes(lines: Iterable[Mapping[str, Any]]) -> list[tuple[datetime, Mapping[str, Any]]]:
    """Where the price of something becomes another one: when, and by which line from then on."""
    periods: dict[Any, list[tuple[datetime, int]]] = {}
    known = list(lines)
    for number, line in enumerate(known):
        for period in line.get("periods") or ():
            if (begins := read_time(period.get("begins"))) is not None:
                periods.setdefault(line.get("what"), []).append((begins, number))
    found: list[tuple[datetime, Mapping[str, Any]]] = []
    for stretches in periods.values():
        before: int | None = None
        for begins, number in sorted(stretches):
            if number != before:
                found.append((begins, known[number]))
            before = number
    return found


def _price(name: str, at: datetime, summary: str, detail: Any) -> Entry:
    return Entry(id=name, kind=EntryKind.PRICE, source="csms", at=at, received_at=at, summary=summary, detail=detail)


def of_flags(row: Row, told: Iterable[Row]) -> Iterator[Entry]:
    """What was odd, where it showed."""
    offline = next((it["received_at"] for it in told if it["offline"]), None)
    end = row["end_received_at"] or row["updated_at"]
    for name in flags_of(row):
        at = row["start_received_at"] if name in AT_START else end if name in AT_END else row["checked_at"] or end
        if name == "offline":
            at = offline or row["start_received_at"]
        elif name in row["flags"] and name not in AT_START | AT_END:
            at = end
        yield Entry(
            id=f"flag-{name}",
            kind=EntryKind.FLAG,
            source="csms",
            at=at,
            received_at=at,
            summary=facts.flag_words(name),
            tone="warn",
            detail={"flag": name},
        )


def flags_of(row: Row) -> list[str]:
    """The flags of a session and of its account, and what became of one that nobody could assign; each once."""
    resolution = [row["resolution"]] if row["resolution"] else []
    return list(dict.fromkeys([*row["flags"], *(row["found_flags"] or ()), *resolution]))
