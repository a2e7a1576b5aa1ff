"""The pure parts of the edge: addresses, refusals, back-off, plans, the status line."""

import random
from itertools import pairwise

import pytest

from voltring_core.ocpp.versions import Version
from voltring_loadtest.backoff import BackOff
from voltring_loadtest.profile import Profile
from voltring_loadtest.report import Refusals, figures
from voltring_loadtest.swarm import Plan, cast
from voltring_loadtest.target import authorization, refusal, target


def test_an_identity_is_percent_encoded_once_behind_the_path() -> None:
    assert target("ws://h:9000/ocpp/").uri("a b/ü").path == "/ocpp/a%20b%2F%C3%BC"


@pytest.mark.parametrize("url", ["http://h/ocpp", "h:9000", "ws://", "ws://h:99999999/x", "", "ws://h/ocpp?x=1"])
def test_a_wrong_url_is_named_in_one_sentence(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL|query"):
        target(url)


def test_the_password_goes_out_as_http_basic_bytes() -> None:
    assert authorization("CP1", b"\xff\x00secret") == "Basic Q1AxOv8Ac2VjcmV0"


@pytest.mark.parametrize(("status", "word"), [(401, "password"), (404, "register"), (400, "version"), (503, "ready")])
def test_a_refusal_says_what_to_do(status: int, word: str) -> None:
    assert word in refusal(status)
    assert str(status) in refusal(status)


def test_the_back_off_doubles_with_jitter_up_to_its_limit_and_starts_again_after_success() -> None:
    rng = random.Random(3)
    backoff = BackOff(minimum=1.0, jitter=0.5, doublings=3)
    waits = [backoff.next(rng) for _ in range(6)]
    assert 1.0 <= waits[0] <= 1.5
    assert all(2 * before <= after <= 2 * before + 0.5 for before, after in pairwise(waits[:4]))
    assert waits[3] == waits[4] == waits[5]
    backoff.reset()
    assert backoff.next(rng) <= 1.5


def test_a_plan_mixes_versions_and_hardware_and_repeats_itself_with_its_seed() -> None:
    plan = Plan(30, tuple(Version), Profile(), seed=5)
    first, second = list(cast(plan)), list(cast(plan))
    assert [charger.station.identity for charger in first][:2] == ["SIM-0001", "SIM-0002"]
    for version in Version:
        mine = [charger.station for charger in first if charger.station.version is version]
        assert len(mine) == 10
        assert len({station.hardware.model for station in mine}) == 5
    registers = [
        [evse.meter.register_wh for charger in chargers for evse in charger.station.evses]
        for chargers in (first, second)
    ]
    assert registers[0] == registers[1]


def test_message_and_transaction_ids_differ_between_two_runs_with_the_same_seed() -> None:
    plan = Plan(1, (Version.V201,), Profile(), seed=5)
    first, second = next(iter(cast(plan))), next(iter(cast(plan)))
    assert first.station.new_id(1_790_000_000.0) != second.station.new_id(1_790_000_001.0)


def test_the_status_line_counts() -> None:
    stations = [charger.station for charger in cast(Plan(3, tuple(Version), Profile(), seed=1))]
    stations[0].online = True
    assert figures(stations).line() == "1 of 3 connected (0 accepted), 0 charging at 0.0 kW, 0.00 kWh delivered"


def test_refusals_are_told_once_with_their_number() -> None:
    refusals = Refusals()
    refusals.add("nothing listens at h:1")
    refusals.add("nothing listens at h:1")
    assert refusals.lines() == ["2 connections were refused or cut: nothing listens at h:1; trying again"]
    assert refusals.lines() == []
