"""What operators see of commands, reports, records and variables: everything but secrets.

A command's row does not say which version it was for; redaction goes by names that are secret in all of them.
"""

from collections.abc import Mapping
from typing import Any, Literal

from voltring_core.ocpp.redaction import redact_payload
from voltring_core.ocpp.versions import Version

ANY = Version.V21
PROBE = "?"


def redacted(action: str, payload: Mapping[str, Any], kind: Literal["request", "response"] = "request") -> Any:
    """A command's or a message's payload without secrets."""
    return redact_payload(ANY, action, payload, kind)


def without_secrets(content: Any) -> Any:
    """Content of any shape without secrets."""
    return redacted("", {"content": content})["content"]


def is_secret(variable: str, mutability: str | None) -> bool:
    """Whether the value of a variable is never shown: it can't be read at the charger either, or its name tells."""
    return mutability == "WriteOnly" or redacted("", {"key": variable, "value": PROBE})["value"] != PROBE
