"""Every action has a meaning or a reason for none, and no answer whatsoever breaks its meaning."""

import json
from datetime import UTC, datetime
from functools import cache
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voltring_core.domain.kinds import RecordKind
from voltring_core.ocpp.actions import TO_CHARGER
from voltring_core.ocpp.schemas import schema
from voltring_core.ocpp.versions import Version
from voltring_node.facts import CommandFact, GoneFact, RecordFact, VariablesFact
from voltring_node.handlers.answers.answer import CommandAnswer
from voltring_node.handlers.answers.mending import mend
from voltring_node.handlers.answers.table import MEANINGS, NOTHING_TO_KEEP
from voltring_node.knowledge import Known, Record

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EVERY = frozenset().union(*TO_CHARGER.values())


def test_every_action_has_a_meaning_or_a_reason_for_none():
    assert MEANINGS.keys() | NOTHING_TO_KEEP.keys() == EVERY
    assert not MEANINGS.keys() & NOTHING_TO_KEEP.keys()
    assert all(NOTHING_TO_KEEP.values())


def _names(kind):
    """Every name and every word of the schemas of all answers or requests: what random JSON would never hit upon."""
    found = set()

    def walk(place):
        found.update(place.get("properties", {}))
        found.update(place.get("enum", ()))
        for inner in place.values():
            for one in inner if isinstance(inner, list) else [inner]:
                if isinstance(one, dict):
                    walk(one)

    for version, actions in TO_CHARGER.items():
        for action in actions:
            walk(schema(version, action, kind))
    return tuple(sorted(str(name) for name in found))


ANSWERED, ASKED = _names("response"), _names("request")
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.just("x" * 3000),
    st.sampled_from([1, 2, "1", "Accepted", "NotFound", "Unknown", "NoTariff", "AcceptedCanceled", "Unpublished"]),
)


@cache
def anything(names):
    fields = st.sampled_from(names) | st.text(max_size=3)
    return st.recursive(
        LEAVES | st.sampled_from(names),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fields, inner, max_size=4),
        max_leaves=12,
    )


@cache
def shaped(version, action, kind):
    """Payloads of about the right shape, with anything at any place."""
    whole = schema(version, action, kind)

    def of(place, depth=0):
        while "$ref" in place:
            place = whole["definitions"][place["$ref"].rpartition("/")[2]]
        right = LEAVES
        if "enum" in place:
            right = st.sampled_from(place["enum"])
        elif place.get("type") == "object" and depth < 6:
            fields = {name: of(inner, depth + 1) for name, inner in place.get("properties", {}).items()}
            required = {name: fields.pop(name) for name in place.get("required", ()) if name in fields}
            right = st.fixed_dictionaries(required, optional=fields)
        elif place.get("type") == "array" and depth < 6:
            right = st.lists(of(place["items"], depth + 1), max_size=3)
        return right if depth == 0 else st.one_of(right, right, right, LEAVES, st.just({}), st.just([]))

    return of(whole)


RECORDS = st.dictionaries(
    st.sampled_from(["1", "2", "0:0", "1:x", ""]),
    st.builds(
        Record,
        st.dictionaries(st.sampled_from(ASKED), anything(ASKED), max_size=5),
        st.sampled_from([None, 0, 1]),
        st.sampled_from([None, "Accepted", "Reported", "Uploading"]),
        st.sampled_from([None, UUID(int=1), UUID(int=2)]),
    ),
    max_size=3,
)


def writable(fact):
    """Whether PostgreSQL takes the fact: the types of its columns, a key that fits its index."""
    if isinstance(fact, RecordFact):
        assert isinstance(fact.kind, RecordKind)
        assert isinstance(fact.key, str)
        assert len(fact.key) <= 1600
        assert fact.evse_id is None or (type(fact.evse_id) is int and abs(fact.evse_id) < 2**31)
        assert fact.state is None or isinstance(fact.state, str)
        assert isinstance(json.loads(orjson.dumps(fact.content)), dict)
    elif isinstance(fact, GoneFact):
        assert fact.keys or fact.before is not None, "this would take away everything of its kind"
        assert all(isinstance(key, str) for key in fact.keys or ())
    elif isinstance(fact, CommandFact):
        orjson.dumps(fact.outcome)
    else:
        assert isinstance(fact, VariablesFact)
        for one in fact.variables:
            for text in (one.component, one.component_instance, one.variable, one.instance, one.attribute):
                assert isinstance(text, str)
                assert len(text) <= 500
            assert one.value is None or isinstance(one.value, str)
            assert one.status is None or isinstance(one.status, str)
            assert 0 <= one.evse_id < 2**31
            assert 0 <= one.connector_id < 2**31


def read(version, action, asked, answer, records):
    known = Known(records={("CP", kind): records for kind in MEANINGS[action].records})
    said = CommandAnswer("CP", version, UUID(int=1), action, asked, answer, NOON)
    facts = MEANINGS[action].read(said, known)
    assert isinstance(facts, tuple)
    for fact in facts:
        writable(fact)
    if (named := MEANINGS[action].variables) is not None:
        assert all(isinstance(name, str) for name in named(asked, answer))


@cache
def objects(names):
    return st.dictionaries(st.sampled_from(names), anything(names), max_size=8)


@pytest.mark.parametrize("action", sorted(MEANINGS))
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_answer_breaks_its_meaning(action, data):
    version = data.draw(st.sampled_from([one for one in Version if action in TO_CHARGER[one]]))
    asked = data.draw(shaped(version, action, "request") | objects(ASKED))
    answer = data.draw(shaped(version, action, "response") | objects(ANSWERED))
    read(version, action, asked, answer, data.draw(RECORDS))


@pytest.mark.parametrize(
    ("version", "action", "answer", "mended"),
    [
        (Version.V16, "Reset", {"status": "rejected"}, {"status": "Rejected"}),
        (Version.V16, "UnlockConnector", {"status": "NOT_SUPPORTED"}, {"status": "NotSupported"}),
        (Version.V16, "Reset", {"status": "Perhaps"}, {"status": "Perhaps"}),
        (Version.V16, "Reset", {"status": 7}, {"status": 7}),
        (Version.V16, "Reset", {}, {}),
        (
            Version.V21,
            "ClearVariableMonitoring",
            {"clearMonitoringResult": [{"id": 1, "status": "accepted"}, {"id": 2, "status": "Not Found"}]},
            {"clearMonitoringResult": [{"id": 1, "status": "Accepted"}, {"id": 2, "status": "NotFound"}]},
        ),
    ],
)
def test_words_of_an_answer_are_read_as_the_schema_spells_them(version, action, answer, mended):
    before = json.dumps(answer)
    assert mend(version, action, answer) == mended
    assert json.dumps(answer) == before


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_answer_breaks_its_mending(data):
    version = data.draw(st.sampled_from(list(Version)))
    action = data.draw(st.sampled_from(sorted(TO_CHARGER[version])))
    mend(version, action, data.draw(shaped(version, action, "response") | objects(ANSWERED)))
