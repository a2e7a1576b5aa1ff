"""What a charger answers to commands may have any shape: its meaning is read without raising, valid or not."""

import json
from datetime import UTC, datetime
from random import Random
from typing import get_args
from uuid import UUID

import pytest
from fuzz_bending import Bender
from fuzz_payloads import Payloads

from voltring_core.domain.commands import State, judge
from voltring_core.ocpp.actions import TO_CHARGER
from voltring_core.ocpp.conversation import Answered, Conversation
from voltring_core.ocpp.redaction import redact_payload
from voltring_core.ocpp.versions import Version
from voltring_node.facts import Fact
from voltring_node.handlers.answers.answer import CommandAnswer
from voltring_node.handlers.answers.table import MEANINGS
from voltring_node.knowledge import Known

EXAMPLES = 60
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TO = [(version, action) for version in Version for action in sorted(TO_CHARGER[version])]


@pytest.mark.parametrize(("version", "action"), TO)
def test_whatever_a_charger_answers_to_a_command_is_read_without_raising(version: Version, action: str) -> None:
    rng = Random(f"{version} {action}")
    asked, answered = Payloads(rng, version, action), Payloads(rng, version, action, "response")
    bender, known, meaning = Bender(rng), Known(), MEANINGS.get(action)
    read = 0
    for number in range(EXAMPLES):
        request, answer = asked.make(), answered.make()
        talk = Conversation(version)
        talk.call("m", action, request, 0.0)
        event = talk.receive(f'[3,"m",{json.dumps(answer) if number % 3 == 0 else bender.bend(answer)}]')
        if not isinstance(event, Answered):
            continue  # bent beyond JSON
        read += 1
        assert isinstance(judge(event.payload, action), State)
        redact_payload(version, action, event.payload, "response")
        if meaning is None:
            continue
        names = tuple(meaning.variables(request, event.payload)) if meaning.variables else ()
        assert all(isinstance(name, str) for name in names)
        said = CommandAnswer(
            charger_id="CP",
            version=version,
            command_id=UUID(int=number),
            action=action,
            asked=request,
            answer=event.payload,
            at=NOON,
        )
        facts = meaning.read(said, known)
        assert all(isinstance(fact, get_args(Fact)) for fact in facts)
        known.learn("CP", facts)
    assert read > EXAMPLES / 2
