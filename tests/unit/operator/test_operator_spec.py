"""What is read: the fleet's spec and its hours, a drain, a node's report. What makes no sense is said in a sentence."""

import re
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from operator_looks import document
from pydantic import ValidationError

from voltring_node.status import NodeStatus
from voltring_operator.blackout import Blackout
from voltring_operator.drains import DrainPhase, DrainSpec, DrainStatus
from voltring_operator.form import sentence
from voltring_operator.report import ReportError, read
from voltring_operator.spec import FleetSpec

CRDS = Path(__file__).parents[3] / "charts/voltring/crds"


def crd(name: str) -> Any:
    return yaml.safe_load((CRDS / name).read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]


def names(schema: Any) -> Any:
    """The fields of a schema, nested."""
    if "properties" not in schema:
        return schema.get("items", {}).get("properties") and names(schema["items"])
    return {key: names(one) for key, one in schema["properties"].items()}


def defaults(schema: Any) -> Any:
    found = {key: defaults(one) for key, one in schema.get("properties", {}).items()}
    return {key: one for key, one in found.items() if one is not None} or schema.get("default")


def test_an_empty_spec_has_the_defaults_of_the_crd() -> None:
    told = defaults(crd("ocppfleets.yaml")["spec"])
    read_from_it = FleetSpec.model_validate(told)
    assert read_from_it == FleetSpec()


def test_every_field_of_the_crds_is_one_that_the_operator_reads() -> None:
    def known(form: Any) -> set[str]:
        return set(form.model_json_schema()["properties"])

    assert set(names(crd("ocppfleets.yaml")["spec"])) == known(FleetSpec)
    assert set(names(crd("ocppdrains.yaml")["spec"])) == known(DrainSpec)
    assert set(names(crd("ocppdrains.yaml")["status"])) == known(DrainStatus)
    parts = {"slots", "target", "hardCap", "scaleUp", "scaleDown", "drain", "rebalance", "upgrade"}
    for part in parts:
        form = type(getattr(FleetSpec(), re.sub("([A-Z])", r"_\1", part).lower()))
        assert set(names(crd("ocppfleets.yaml")["spec"])[part]) == known(form), part


def test_the_phases_of_the_crd_are_those_of_a_drain() -> None:
    assert set(crd("ocppdrains.yaml")["status"]["properties"]["phase"]["enum"]) == {one.value for one in DrainPhase}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"slots": {"min": 5, "max": 3}}, "spec.slots: max 3 is less than min 5"),
        ({"target": {"connectionsPerPod": 6000}}, "spec: hardCap.connectionsPerPod 5000 is less than"),
        ({"rebalance": {"stopRatio": "1.5"}}, "spec.rebalance: stopRatio 1.5 is more than startRatio 1.25"),
        ({"drain": {"limboWindow": "wide"}}, "spec.drain.limboWindow"),
        ({"upgrade": {"maxUnavailable": 2}}, "spec.upgrade.maxUnavailable: input should be 1"),
        ({"scaleDown": {"blackout": [{"from": "07:00", "to": "09:00", "timeZone": "Mars/North"}]}}, "no time zone"),
    ],
)
def test_a_spec_that_makes_no_sense_is_refused_with_a_sentence(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        FleetSpec.model_validate(given)
    assert says in sentence(refused.value, "spec")


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        (datetime(2026, 3, 2, 16, 59, tzinfo=UTC), True),  # 17:59 in Berlin, a Monday
        (datetime(2026, 3, 2, 15, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 2, 18, 0, tzinfo=UTC), False),  # its end does not belong to it
        (datetime(2026, 3, 7, 16, 30, tzinfo=UTC), False),  # a Saturday
        (datetime(2026, 7, 6, 15, 30, tzinfo=UTC), True),  # summer time
    ],
)
def test_hours_are_those_of_their_time_zone_and_weekdays(at: datetime, *, holds: bool) -> None:
    days = ["Mon", "Tue", "Wed", "Thu", "Fri"]
    hours = Blackout.model_validate({"from": "17:00", "to": "19:00", "timeZone": "Europe/Berlin", "weekdays": days})
    assert hours.holds(at) is holds


@pytest.mark.parametrize(("hour", "day", "holds"), [(23, 6, True), (1, 7, True), (1, 6, False), (23, 7, False)])
def test_hours_across_midnight_belong_to_the_day_they_begin_on(hour: int, day: int, *, holds: bool) -> None:
    night = Blackout.model_validate({"from": "22:00", "to": "02:00", "weekdays": ["Fri"]})  # 6 March 2026 is one
    assert night.holds(datetime(2026, 3, day, hour, tzinfo=UTC)) is holds


def test_a_nodes_report_is_read_whatever_else_it_says() -> None:
    told = read(document(3, limbo=2, something_new={"a": 1}))
    assert (told.connected, told.charge) == (3, 5)


@pytest.mark.parametrize(
    "missing", ["connections", "limbo", "misplaced", "drain", "phase", "uid", "accepting", "postgres"]
)
def test_a_report_that_lacks_what_is_decided_by_is_no_report(missing: str) -> None:
    whole = document(3)
    del whole[missing]
    with pytest.raises(ReportError, match=rf"status\.{missing}"):
        read(whole)


def test_what_is_needed_of_a_report_is_what_nodes_say() -> None:
    told = {one.name for one in fields(NodeStatus)}
    needed = {"name", "uid", "version", "phase", "ready", "connections", "accepting", "loop_lag", "limbo", "misplaced"}
    assert needed | {"drain", "recall", "redis", "postgres", "commands"} <= told
