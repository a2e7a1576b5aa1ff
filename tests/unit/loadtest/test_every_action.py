"""Every CSMS-to-charger action of every version is answered by what its schema allows."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from voltring_core.ocpp.actions import TO_CHARGER
from voltring_core.ocpp.schemas import schema
from voltring_core.ocpp.versions import Version
from voltring_loadtest.charger import HANDLERS

CASES = [(version, action) for version in Version for action in sorted(TO_CHARGER[version])]


def example(found: dict[str, Any], root: dict[str, Any], full: bool, pick: int, depth: int = 0) -> Any:
    """A value that keeps a schema: the least one, or one with every field (to some depth)."""
    if "$ref" in found:
        found = root["definitions"][found["$ref"].split("/")[-1]]
    if "enum" in found:
        return found["enum"][pick % len(found["enum"])]
    kind = found.get("type", "string")
    if kind == "object":
        required = found.get("required", [])
        fields = found.get("properties", {})
        wanted = [name for name in fields if name in required or (full and depth < 4 and name != "customData")]
        return {name: example(fields[name], root, full, pick, depth + 1) for name in wanted}
    if kind == "array":
        return [example(found["items"], root, full, pick, depth + 1)] * max(1, found.get("minItems", 1))
    if kind == "string":
        return {"date-time": "2026-11-20T12:00:00Z", "uri": "https://example.org/x"}.get(found.get("format", ""), "1")
    least = min(max(1, found.get("minimum", 1)), found.get("maximum", 1))
    return True if kind == "boolean" else least


def examples(version: Version, action: str) -> Iterator[dict[str, Any]]:
    root = schema(version, action)
    assert root is not None
    for full in (False, True):
        for pick in range(12):
            yield example(root, root, full, pick)


def test_every_action_of_the_specification_has_a_handler() -> None:
    for version in Version:
        assert set(HANDLERS[version]) == TO_CHARGER[version]


@pytest.mark.parametrize(("version", "action"), CASES)
def test_every_action_is_answered_within_its_schema_while_idle_and_while_charging(
    make_stage: Callable[..., Any], version: Version, action: str
) -> None:
    for charges in (False, True):
        for number, payload in enumerate(examples(version, action)):
            stage = make_stage(version, busy=0.0, seed=number)
            stage.open()
            if charges:
                stage.remote_start()
                stage.until(stage.charging)
                if "transactionId" in payload:
                    payload["transactionId"] = stage.transaction_id()
            stage.call(action, payload)
            stage.run(30)


@pytest.mark.parametrize(("version", "action"), CASES)
def test_a_payload_with_a_foreign_field_is_refused_with_the_format_code(
    make_stage: Callable[..., Any], version: Version, action: str
) -> None:
    stage = make_stage(version, busy=0.0)
    stage.open()
    payload = next(examples(version, action)) | {"x": 1}
    code = stage.raw(action, payload)
    assert code == ("FormationViolation" if version is Version.V16 else "FormatViolation")
