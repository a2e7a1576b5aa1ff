"""What operators need not say: numbers, and when an Absolute profile begins."""

from datetime import UTC, datetime

import pytest

from voltring_core.ocpp.rules.ids import complete
from voltring_core.ocpp.versions import Version

V16, V201, V21 = Version
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
START = "2026-01-01T12:00:00.000Z"


def profile(kind, schedule):
    return {"chargingProfileKind": kind, "chargingSchedule": schedule}


@pytest.mark.parametrize(
    ("version", "action", "field", "bare", "begun"),
    [
        (V16, "SetChargingProfile", "csChargingProfiles", {"duration": 60}, {"startSchedule": START, "duration": 60}),
        (V201, "SetChargingProfile", "chargingProfile", [{"id": 1}], [{"startSchedule": START, "id": 1}]),
        (V21, "RequestStartTransaction", "chargingProfile", [{}, {}], [{"startSchedule": START}] * 2),
    ],
)
def test_an_absolute_profile_that_does_not_say_when_it_begins_begins_now(version, action, field, bare, begun):
    asked = {"remoteStartId": 1, field: profile("Absolute", bare)}
    assert complete(version, action, asked, 1, NOON)[field]["chargingSchedule"] == begun
    assert asked[field]["chargingSchedule"] == bare, "what the operator gave is not changed"


def test_a_profile_that_says_when_it_begins_or_is_relative_stays_as_it_is():
    for kind, schedule in (
        ("Absolute", {"startSchedule": "2030-01-01T00:00:00Z"}),
        ("Relative", {}),
        ("Recurring", {}),
    ):
        asked = {"csChargingProfiles": profile(kind, schedule)}
        assert complete(V16, "SetChargingProfile", asked, 1, NOON) == asked


@pytest.mark.parametrize("odd", [None, 7, "Absolute", [], profile("Absolute", "now"), profile("Absolute", [1])])
def test_what_is_no_profile_is_left_to_the_schema(odd):
    asked = {"csChargingProfiles": odd} if odd != [] else {}
    assert complete(V16, "SetChargingProfile", asked, 1, NOON) == asked
