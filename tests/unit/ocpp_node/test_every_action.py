"""Every action that a charger may say gets an answer that keeps its schema, in all three versions."""

import json

import pytest

from voltring_core.domain.messages import Beat, Registration
from voltring_core.ocpp import v2x, v16
from voltring_core.ocpp.actions import FROM_CHARGER, UNCONFIRMED
from voltring_core.ocpp.codes import Code
from voltring_core.ocpp.conversation import Called
from voltring_core.ocpp.schemas import is_valid, schema, violations
from voltring_core.ocpp.versions import Version
from voltring_node.facts import Refusal
from voltring_node.handlers.told import TOLD
from voltring_node.understanding import Answerable, understand

EVERY = [(version, action) for version in Version for action in sorted(FROM_CHARGER[version] - UNCONFIRMED)]


@pytest.mark.parametrize(("version", "action"), EVERY)
def test_the_least_request_is_answered_by_its_schema(version, action, ask, base, least_request):
    payload = least_request(version, action)
    assert violations(version, action, payload) == []
    asked = ask(version, action, payload, message_id=7)
    if isinstance(asked.message.said, Beat):
        return  # answered by the connection, at once
    (decided,) = base.group(asked)
    kind, message_id, answer = json.loads(decided.reply)
    assert (kind, message_id) == (3, 7)
    assert violations(version, action, answer, "response") == []


@pytest.mark.parametrize(("version", "action"), EVERY)
def test_an_action_is_either_read_or_told(version, action):
    # Only a DataTransfer is read or told: 1.6 brings Plug and Charge in it.
    assert (action in (v2x if version.is_2x else v16).READ) != (action in TOLD.keys() - {"DataTransfer"})


def test_nothing_is_listed_that_no_charger_says():
    assert TOLD.keys() <= frozenset.union(*FROM_CHARGER.values())


@pytest.mark.parametrize(("version", "action"), EVERY)
def test_no_answer_is_missing_where_all_optional_fields_come_too(version, action, ask, base, least_request):
    """One step further than the least: every optional field that has a simple type."""
    payload = least_request(version, action)
    whole = schema(version, action)
    for name, place in whole.get("properties", {}).items():
        if name not in payload and place.get("type") in ("integer", "boolean"):
            payload[name] = {"integer": place.get("minimum", 1), "boolean": True}[place["type"]]
    assert is_valid(version, action, payload)
    asked = ask(version, action, payload)
    if not isinstance(asked.message.said, Beat):
        (decided,) = base.group(asked)
        assert violations(version, action, json.loads(decided.reply)[2], "response") == []


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize(
    "action", ["Reset", "heartbeat", "HeartbeatRequest", "", "X" * 500, "NotifyPeriodicEventStream"]
)
def test_what_is_no_call_of_a_charger_is_not_implemented(version, action):
    found = understand(version, Registration.ACCEPTED, Called("1", action, {}))
    assert isinstance(found, Answerable)
    assert isinstance(found.answer, Refusal)
    assert found.answer.code is Code.NOT_IMPLEMENTED
    assert len(found.answer.description) < 120
