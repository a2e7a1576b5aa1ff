"""Frames that no charger can serve get the error of their version, or silence."""

from typing import Any

from voltring_core.ocpp.versions import Version


def test_an_unknown_action_is_not_implemented(stage: Any) -> None:
    assert stage.raw("MakeCoffee", {}) == "NotImplemented"


def test_a_charger_to_csms_action_is_not_implemented(stage: Any) -> None:
    assert stage.raw("Heartbeat", {}) == "NotImplemented"


def test_a_wrong_type_is_a_type_constraint_violation(stage: Any) -> None:
    assert stage.raw("Reset", {"type": 5}) in ("TypeConstraintViolation", "PropertyConstraintViolation")


def test_a_missing_field_has_the_code_of_its_version(stage: Any) -> None:
    expected = "ProtocolError" if stage.version is Version.V16 else "OccurrenceConstraintViolation"
    assert stage.raw("Reset", {}) == expected


def test_broken_json_is_answered_in_2_x_only(stage: Any) -> None:
    stage.receive("{broken")
    if stage.version is Version.V16:
        assert not stage.errors
    else:
        assert stage.errors[0][:3] == [4, "-1", "RpcFrameworkError"]


def test_an_array_of_the_wrong_length_is_refused_with_its_id(stage: Any) -> None:
    stage.receive('[2,"abc","Reset"]')
    code = "FormationViolation" if stage.version is Version.V16 else "RpcFrameworkError"
    assert stage.errors[0][:3] == [4, "abc", code]


def test_stray_answers_change_nothing(stage: Any) -> None:
    before = len(stage.heard)
    stage.receive('[3,"nobody",{}]')
    stage.receive('[4,"nobody","GenericError","",{}]')
    assert len(stage.heard) == before
    assert not stage.errors


def test_a_rejected_charger_serves_nobody(make_stage: Any, version: Version) -> None:
    stage = make_stage(version, busy=0.0)
    answer = {"status": "Rejected", "currentTime": "2026-11-20T12:00:00Z", "interval": 60}
    stage.script["BootNotification"] = lambda asked: answer
    stage.open()
    assert stage.raw("ClearCache", {}) == "SecurityError"
