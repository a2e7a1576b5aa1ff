"""Messages of chargers for decisions: made, understood, decided, without a server."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings

from voltring_core.domain.authorization import KnownToken
from voltring_core.domain.chargers import Admission, Standing
from voltring_core.domain.messages import Registration, TokenStatus
from voltring_core.ocpp.conversation import Called
from voltring_core.ocpp.schemas import schema
from voltring_core.ocpp.versions import Version
from voltring_node.deciding import Asked, decide, needs
from voltring_node.facts import Message
from voltring_node.knowledge import Known
from voltring_node.understanding import Understood, understand

settings.register_profile("voltring", deadline=None, derandomize=True, max_examples=60, database=None)
settings.load_profile("voltring")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _instance(whole, place):
    """The smallest value that keeps a schema."""
    while "$ref" in place:
        place = whole["definitions"][place["$ref"].rpartition("/")[2]]
    if "enum" in place:
        return place["enum"][0]
    kind = place.get("type", "object")
    if kind == "object":
        named = place.get("properties", {})
        return {name: _instance(whole, named.get(name, {"type": "string"})) for name in place.get("required", ())}
    if kind == "array":
        return [_instance(whole, place["items"]) for _ in range(place.get("minItems", 0))]
    if kind == "string":
        return {"date-time": "2026-01-01T12:00:00Z", "uri": "https://example.org/x"}.get(place.get("format"), "x")
    return {"integer": place.get("minimum", 1), "number": place.get("minimum", 1), "boolean": True}[kind]


@pytest.fixture
def least_request():
    """`least_request(version, action)`: the smallest payload that keeps the action's request schema."""

    def make(version, action):
        whole = schema(version, action)
        return _instance(whole, whole)

    return make


@pytest.fixture
def ask():
    """`ask(version, action, payload)`: a charger's CALL, understood and on its way to the recorder."""

    def make(version, action, payload, *, charger="CP-1", message_id="m", minutes=0, **more):
        found = understand(version, Registration.ACCEPTED, Called(message_id, action, payload))
        assert isinstance(found, Understood), found
        frame = json.dumps([2, message_id, action, payload])
        received_at = NOON + timedelta(minutes=minutes)
        message = Message(charger, 1, version, received_at, "in", frame, 2, message_id, action, found.payload)
        return Asked(replace(message, said=found.said, natural_key=found.natural_key, flags=found.flags), **more)

    return make


@dataclass
class Base:
    """What PostgreSQL would keep between two groups."""

    known: Known = field(default_factory=Known)
    replies: dict = field(default_factory=dict)
    last_id: int = 0

    def group(self, *asked):
        """Decide a group and keep what it brought, as the recorder does."""
        wanted = needs(asked)
        self.known.fresh_ids = [self.last_id + number for number in range(wanted.fresh_ids, 0, -1)]
        self.last_id += wanted.fresh_ids
        for charger in wanted.chargers:
            self.known.standings.setdefault(charger, Standing(Admission.REGISTERED))
        before = {key: reply for key, reply in self.replies.items() if key in wanted.keys}
        decided = decide(asked, self.known, before)
        for one in decided:
            if one.natural_key is not None:
                self.replies[one.asked.message.charger_id, one.natural_key] = one.reply
        return decided

    def register(self, card, status=TokenStatus.ACCEPTED, **more):
        """Have a token that may charge, or may not."""
        values = {"group_id_token": None, "expires_at": None} | more
        self.known.tokens[card.lower()] = KnownToken(card, status, **values)

    def sessions(self, charger="CP-1"):
        """As they are; a stop that was joined to its start is one with it."""
        known = self.known.by_charger.get(charger, {})
        return [one for key, one in known.items() if key not in self.known.resolved]


@pytest.fixture
def base():
    return Base()


@pytest.fixture
def start16(ask):
    def make(meter=1000, *, tag="CARD", connector=1, minutes=0, message_id="m", charger="CP-1", received=None, **more):
        payload = {
            "connectorId": connector,
            "idTag": tag,
            "meterStart": meter,
            "timestamp": (NOON + timedelta(minutes=minutes)).isoformat(),
        }
        at = minutes if received is None else received
        return ask(Version.V16, "StartTransaction", payload | more, message_id=message_id, charger=charger, minutes=at)

    return make


@pytest.fixture
def stop16(ask):
    def make(transaction_id, meter=6000, *, minutes=60, message_id="m", charger="CP-1", **more):
        payload = {
            "transactionId": transaction_id,
            "meterStop": meter,
            "timestamp": (NOON + timedelta(minutes=minutes)).isoformat(),
        }
        return ask(
            Version.V16, "StopTransaction", payload | more, message_id=message_id, charger=charger, minutes=minutes
        )

    return make


@pytest.fixture
def event(ask):
    def make(kind, seq, *, minutes=0, version=Version.V201, message_id="m", charger="CP-1", about=None, **more):
        payload = {
            "eventType": kind,
            "timestamp": (NOON + timedelta(minutes=minutes)).isoformat(),
            "triggerReason": "MeterValuePeriodic",
            "seqNo": seq,
            "transactionInfo": {"transactionId": "tx"} | (about or {}),
        }
        return ask(version, "TransactionEvent", payload | more, message_id=message_id, charger=charger, minutes=minutes)

    return make


@pytest.fixture
def answer():
    """The payload of a CALLRESULT, or the code of a CALLERROR."""

    def read(one):
        array = json.loads(one.reply)
        return array[2]

    return read
