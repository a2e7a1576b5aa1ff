"""Whether a frame of a charger belongs to a session. Pure.

What names the session's transaction belongs to it, and what names another one does not. What names an EVSE belongs to
the session that holds the EVSE at that time: from when its plug was found free before, until it is free again. A token
that is shown before the start of a session with it, and a start that was asked for it, belong to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from voltring_core.ocpp.wire import place, reservation, token_text, whole

LEAD, TAIL = timedelta(minutes=15), timedelta(minutes=10)
"""How long before its first and after its last message something may still be of a session."""
MOMENT = timedelta(microseconds=1)
NO_TRANSACTION = frozenset({"", "-1", "0"})
AVAILABLE = "Available"
BY_TOKEN = frozenset({"Authorize", "RemoteStartTransaction", "RequestStartTransaction", "StartTransaction"})


@dataclass(frozen=True, slots=True)
class Of:
    """What a session goes by. `first_at` and `last_at` are of receipt; `last_at` is None while it runs."""

    id: UUID
    ocpp_id: str
    evse_id: int | None
    token: str | None
    remote_start_id: int | None
    reservation_id: int | None
    first_at: datetime
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Mention:
    """What a payload names."""

    transaction: str | None = None
    evse: int | None = None
    token: str | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Near:
    """A frame, or a command, that is not joined to the session: what it names, and when it was received."""

    received_at: datetime
    action: str | None
    mention: Mention
    other: UUID | None = None
    """The session that it is joined to."""
    other_evse: int | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """From when until when the session held its EVSE: after the first, at most the second."""

    since: datetime
    until: datetime


def mention(payload: Any, reply: Any = None) -> Mention:
    """What a payload of any version names; `reply` is what a start was answered with."""
    if not isinstance(payload, Mapping):
        return Mention()
    inner = [payload, *(payload[name] for name in _AROUND if isinstance(payload.get(name), Mapping))]
    answered = [reply] if isinstance(reply, Mapping) else []
    named = [it["transactionId"] for it in (*inner, *answered) if "transactionId" in it]
    evse = payload.get("evse")
    seat = evse.get("id") if isinstance(evse, Mapping) else payload.get("evseId", payload.get("connectorId"))
    return Mention(
        transaction=next((_id(it) for it in named if _id(it) not in NO_TRANSACTION), None),
        evse=place(seat),
        token=_token(payload.get("idTag", payload.get("idToken"))),
        remote_start_id=next((found for it in inner if (found := whole(it.get("remoteStartId"))) is not None), None),
        reservation_id=reservation(payload.get("reservationId")),
        status=payload.get("status") or payload.get("connectorStatus"),
    )


_AROUND = ("transactionInfo", "chargingProfile", "csChargingProfiles")


def _id(given: Any) -> str:
    number = whole(given)
    return str(given) if number is None else str(number)


def _token(given: Any) -> str | None:
    found = given.get("idToken") if isinstance(given, Mapping) else given
    return token_text(found).lower() if isinstance(found, str) and found else None


def held(of: Of, near: Iterable[Near]) -> Held:
    """When the session held its EVSE, by what others and the plug said around it; `near` in the order of receipt."""
    since = of.first_at - LEAD
    until = None if of.last_at is None else of.last_at + TAIL
    closed = False
    for one in near:
        other = one.other is not None and one.other_evse == of.evse_id
        freed = one.mention.status == AVAILABLE and one.mention.evse == of.evse_id
        if not (other or freed) or of.evse_id is None:
            continue
        if one.received_at < of.first_at:
            since = max(since, one.received_at)
        elif of.last_at is not None and one.received_at >= of.last_at and not closed:
            until, closed = (one.received_at if freed else one.received_at - MOMENT), True
    return Held(since, until or datetime.max.replace(tzinfo=of.first_at.tzinfo))


def belongs(of: Of, one: Near, when: Held) -> bool:
    """Whether it belongs to the session."""
    said = one.mention
    if said.transaction is not None:
        return said.transaction == of.ocpp_id
    if one.other is not None:
        return False
    if said.remote_start_id is not None and of.remote_start_id is not None:
        return said.remote_start_id == of.remote_start_id
    if said.reservation_id is not None:
        return said.reservation_id == of.reservation_id
    if one.action in BY_TOKEN:
        return _is_of_token(of, one, when)
    if said.evse is None or said.evse != of.evse_id or said.evse == 0:
        return False
    return when.since < one.received_at <= when.until


def _is_of_token(of: Of, one: Near, when: Held) -> bool:
    if of.token is None or one.mention.token != of.token.lower():
        return False
    if one.mention.evse not in (None, 0, of.evse_id):
        return False
    return of.first_at - LEAD <= one.received_at <= (of.last_at or when.until)
