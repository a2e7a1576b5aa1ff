"""Answers of chargers to commands, read for what they mean; payloads are held against the official schemas."""

from datetime import UTC, datetime
from uuid import UUID

from voltring_core.ocpp import schemas
from voltring_core.ocpp.versions import Version
from voltring_node.facts import GoneFact, RecordFact
from voltring_node.handlers.answers.answer import CommandAnswer
from voltring_node.handlers.answers.table import MEANINGS
from voltring_node.knowledge import Known

V16, V201, V21 = Version
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = "2026-01-01T13:00:00Z"
MINE, OTHER = UUID(int=1), UUID(int=2)
OK = {"status": "Accepted"}


def facts(version, action, asked, answer, held=None, *, valid=True):
    """What the answer means; `held` is by kind, then by key."""
    assert schemas.violations(version, action, asked) == []
    if valid:
        assert schemas.violations(version, action, answer, "response") == []
    known = Known(records={("CP", kind): dict(records) for kind, records in (held or {}).items()})
    known.records = {key: records for key, records in known.records.items() if key[1] in MEANINGS[action].records}
    said = CommandAnswer("CP", version, MINE, action, asked, answer, NOON)
    return MEANINGS[action].read(said, known)


def told(*args, **more):
    """Kind, key, EVSE and state of each record; what goes by its kind and keys."""
    found = []
    for fact in facts(*args, **more):
        if isinstance(fact, RecordFact):
            found.append((fact.kind, fact.key, fact.evse_id, fact.state))
        elif isinstance(fact, GoneFact):
            assert fact.keys is not None or fact.before == NOON
            found.append((fact.kind, "gone", fact.keys))
        else:
            found.append((fact.command_id, fact.state, fact.outcome))
    return found
