"""What is never shown."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from voltring_api.models.command import command_of
from voltring_api.redacting import is_secret, redacted, without_secrets

NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("variable", "mutability", "secret"),
    [
        ("HeartbeatInterval", "ReadWrite", False),
        ("AuthorizationKey", "ReadWrite", True),
        ("BasicAuthPassword", None, True),
        ("Anything", "WriteOnly", True),
        ("MaxMessageSize", None, False),
    ],
)
def test_a_variable_is_secret_by_its_name_or_when_it_can_only_be_written(
    variable: str, mutability: str | None, secret: bool
) -> None:
    assert is_secret(variable, mutability) is secret


def test_a_payload_without_secrets_is_shown_as_it_is() -> None:
    assert redacted("Reset", {"type": "Soft"}) == {"type": "Soft"}


def test_a_record_shows_no_password_however_deep_it_lies() -> None:
    shown = without_secrets([{"connectionData": {"apn": {"apnPassword": "swordfish", "apn": "net"}}}])
    assert "swordfish" not in str(shown)
    assert shown[0]["connectionData"]["apn"]["apn"] == "net"


def test_a_command_shows_neither_the_secret_it_sends_nor_the_one_it_reads() -> None:
    row = {
        "id": uuid4(),
        "charger_id": "CP",
        "action": "ChangeConfiguration",
        "payload": {"key": "AuthorizationKey", "value": "0123456789abcdef"},
        "state": "ACCEPTED",
        "class": "R",
        "request_id": None,
        "response": {"configurationKey": [{"key": "AuthorizationKey", "value": "0123456789abcdef"}]},
        "error": None,
        "outcome": None,
        "created_at": NOW,
        "deadline_at": NOW + timedelta(minutes=5),
        "sent_at": NOW,
        "finished_at": NOW,
        "completed_at": None,
        "attempts": 1,
        "created_by": "admin",
    }
    shown = command_of(row).model_dump_json()
    assert "0123456789abcdef" not in shown
    assert "AuthorizationKey" in shown
