"""Everything that the schemas allow can be said, in both directions: random payloads of every action and version."""

import json
from random import Random

import pytest
from fuzz_driver import Base
from fuzz_payloads import Payloads

from voltring_core.domain.messages import Beat, Registration
from voltring_core.ocpp.actions import FROM_CHARGER, TO_CHARGER, UNCONFIRMED
from voltring_core.ocpp.conversation import Answered, Called, Conversation, Sent
from voltring_core.ocpp.frames import encode_send
from voltring_core.ocpp.schemas import is_valid, violations
from voltring_core.ocpp.versions import Version
from voltring_node.deciding import FAULT, Asked
from voltring_node.facts import Message
from voltring_node.understanding import Understood, understand

EXAMPLES = 40
FROM = [(version, action) for version in Version for action in sorted(FROM_CHARGER[version] - UNCONFIRMED)]
TO = [(version, action) for version in Version for action in sorted(TO_CHARGER[version])]


def payloads(version, action, kind="request"):
    make = Payloads(Random(f"{version} {action} {kind}"), version, action, kind)
    return [make.make() for _ in range(EXAMPLES)]


@pytest.mark.parametrize(("version", "action"), FROM)
def test_whatever_a_request_schema_allows_is_answered_by_a_result(version, action, noon):
    base, rng = Base(), Random(1)
    for payload in payloads(version, action):
        assert violations(version, action, payload) == []
        called = Conversation(version).receive(json.dumps([2, "m", action, payload]))
        assert called == Called("m", action, payload)
        found = understand(version, Registration.ACCEPTED, called)
        assert isinstance(found, Understood), (found, payload)
        if isinstance(found.said, Beat):
            continue  # answered by the connection, at once
        message = Message(
            "CP", 1, version, noon, "in", "", 2, "m", action, found.payload, found.said, found.natural_key
        )
        (decided,) = base.decide([Asked(message)], rng)
        kind, message_id, answer = json.loads(decided.reply)
        assert (kind, message_id) == (3, "m"), (decided.reply, payload)
        assert violations(version, action, answer, "response") == []


def test_whatever_the_schema_of_the_unconfirmed_message_allows_is_taken_without_an_answer(noon):
    version, action, base, rng = Version.V21, "NotifyPeriodicEventStream", Base(), Random(1)
    for payload in payloads(version, action):
        sent = Conversation(version).receive(encode_send("s", action, payload))
        assert sent == Sent("s", action, payload)
        found = understand(version, Registration.ACCEPTED, sent)
        assert isinstance(found, Understood), (found, payload)
        message = Message("CP", 1, version, noon, "in", "", 6, "s", action, found.payload, found.said)
        (decided,) = base.decide([Asked(message)], rng)
        assert (decided.reply, FAULT in decided.flags) == (None, False)


@pytest.mark.parametrize(("version", "action"), TO)
def test_whatever_a_request_schema_allows_can_be_sent_and_arrives_as_it_was(version, action):
    for payload in payloads(version, action):
        assert is_valid(version, action, payload), violations(version, action, payload)
        frame = Conversation(version).call("m", action, payload, 0.0)
        assert Conversation(version).receive(frame) == Called("m", action, payload)


@pytest.mark.parametrize(("version", "action"), TO)
def test_whatever_a_response_schema_allows_is_an_answer_to_our_call(version, action):
    for payload in payloads(version, action, "response"):
        assert is_valid(version, action, payload, "response"), violations(version, action, payload, "response")
        talk = Conversation(version)
        talk.call("m", action, {}, 0.0)
        answer = talk.receive(json.dumps([3, "m", payload]))
        assert isinstance(answer, Answered)
        assert (answer.call.action, answer.payload, answer.code) == (action, payload, "")
