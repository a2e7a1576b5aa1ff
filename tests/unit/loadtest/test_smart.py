"""Charging profiles: which limit holds at a time."""

from math import inf
from typing import Any

import pytest

from voltring_loadtest.smart import View, composite, installed, limit_w, read
from voltring_loadtest.times import stamp

NOW = 1_790_000_000.0
AC = View(evse=1, tx_start=NOW - 100, phases=3, voltage=230.0)


def profile(number: int, watts: float, **more: Any) -> dict[str, Any]:
    schedule = {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": watts}]}
    schedule |= more.pop("schedule", {})
    base = {
        "chargingProfileId": number,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
    }
    return base | more | {"chargingSchedule": schedule}


def test_no_profile_is_no_limit() -> None:
    assert limit_w([], AC, NOW) == inf


def test_the_higher_stack_level_counts_until_its_duration_is_over() -> None:
    limits = [read(1, profile(1, 8000)), read(1, profile(2, 5000, stackLevel=3, schedule={"duration": 200}))]
    assert limit_w(limits, AC, NOW) == 5000
    assert limit_w(limits, AC, NOW + 101) == 8000


def test_a_tx_profile_replaces_the_default_and_the_station_cap_is_shared() -> None:
    cap = profile(3, 9000, chargingProfilePurpose="ChargePointMaxProfile", chargingProfileKind="Absolute")
    limits = [
        read(1, profile(1, 5000)),
        read(1, profile(2, 8000, chargingProfilePurpose="TxProfile")),
        read(0, cap),
    ]
    assert limit_w(limits, AC, NOW) == 8000
    shared = View(evse=1, tx_start=NOW, phases=3, voltage=230.0, sharing=2)
    assert limit_w(limits, shared, NOW) == 4500


def test_amperes_are_per_phase_and_not_rescaled_for_a_single_phase_car() -> None:
    limits = [read(0, profile(1, 16, schedule={"chargingRateUnit": "A"}))]
    assert limit_w(limits, AC, NOW) == 16 * 230 * 3
    assert limit_w(limits, View(1, NOW, 1, 230.0), NOW) == 16 * 230


def test_a_daily_profile_repeats() -> None:
    periods = [{"startPeriod": 0, "limit": 4000}, {"startPeriod": 3600, "limit": 9000}]
    schedule = {"startSchedule": stamp(NOW - 3 * 86_400), "chargingSchedulePeriod": periods}
    limits = [read(1, profile(1, 0, chargingProfileKind="Recurring", recurrencyKind="Daily", schedule=schedule))]
    assert limit_w(limits, AC, NOW + 60) == 4000
    assert limit_w(limits, AC, NOW + 3700) == 9000
    found = composite(limits, AC, 11_000, NOW, 90_000, "W")
    assert found == [(0, 4000), (3600, 9000), (86_400, 4000)]


def test_a_profile_outside_its_validity_says_nothing() -> None:
    limits = [read(1, profile(1, 4000, validFrom=stamp(NOW + 10), validTo=stamp(NOW + 20)))]
    assert limit_w(limits, AC, NOW) == inf
    assert limit_w(limits, AC, NOW + 15) == 4000
    assert limit_w(limits, AC, NOW + 20) == inf


def test_the_same_id_or_the_same_place_in_the_stack_is_replaced() -> None:
    first, same_place, same_id = (read(1, profile(number, watts)) for number, watts in ((1, 1), (2, 2), (2, 3)))
    limits = installed(installed(installed([], first), same_place), same_id)
    assert [limit.periods[0].limit for limit in limits] == [3]


def test_periods_that_do_not_begin_at_zero_are_refused() -> None:
    wrong = profile(1, 1, schedule={"chargingSchedulePeriod": [{"startPeriod": 5, "limit": 1}]})
    with pytest.raises(ValueError, match="startPeriod"):
        read(1, wrong)
