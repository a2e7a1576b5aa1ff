"""Figures against limits."""

from dataclasses import replace

import pytest

from voltring_loadtest.load.ledger import Balance, Ledger
from voltring_loadtest.load.trial import Limits, Trial
from voltring_loadtest.load.verdict import Figures, Verdict, back_within, expected_messages, judge

URL = "ws://127.0.0.1:9000/ocpp"
STEADY = Trial("steady", 600, URL, minutes=1, message_every=30)
GOOD = Figures(
    whole=True,
    all_connected=True,
    connected_in_s=3.0,
    connected_at_end=600,
    measured_s=60.0,
    messages=1_250,
    ack_p50_ms=3.0,
    ack_p99_ms=99.0,
    ack_longest_ms=250.0,
    failures=0,
)
STORM = replace(STEADY, profile="reconnect-storm")
BACK = replace(GOOD, cut=600, back=tuple(1 + number / 600 for number in range(600)))
COMMANDS = replace(STEADY, profile="command-storm")
ORDERED = replace(
    GOOD,
    commands=1_000,
    command_p50_ms=3.0,
    command_p99_ms=12.0,
    balance=Balance(sent=300, executed=300, doubled=0, missing=0),
)
RESTARTS = replace(STEADY, profile="rolling-restart")


def broken(verdict: Verdict) -> list[str]:
    return [check.name for check in verdict.checks if not check.ok]


@pytest.mark.parametrize(
    ("trial", "found"),
    [(STEADY, GOOD), (STORM, BACK), (COMMANDS, ORDERED), (RESTARTS, replace(BACK, restarts=2))],
)
def test_good_figures_pass(trial: Trial, found: Figures) -> None:
    verdict = judge(trial, found)
    assert verdict.ok, broken(verdict)
    assert verdict.as_dict()["ok"] is True


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"whole": False}, "run to its end"),
        ({"all_connected": False}, "chargers accepted"),
        ({"connected_at_end": 599}, "accepted at the end"),
        ({"failures": 1}, "failures"),
        ({"messages": 1_000}, "messages acknowledged"),
        ({"ack_p99_ms": 100.1}, "acknowledgement p99"),
    ],
)
def test_each_limit_of_every_profile_fails_by_its_own_name(change: dict[str, object], name: str) -> None:
    assert broken(judge(STEADY, replace(GOOD, **change))) == [name]  # type: ignore[arg-type]


def test_nothing_acknowledged_is_never_good() -> None:
    assert broken(judge(COMMANDS, replace(ORDERED, messages=0, ack_p99_ms=0.0))) == [
        "messages acknowledged",
        "acknowledgement p99",
    ]


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"back": BACK.back[:-1]}, ["back"]),
        ({"back": (*BACK.back[:-1], 3.1)}, ["the last one back"]),
        ({"back": (), "cut": 0}, ["cut", "the last one back"]),
    ],
)
def test_a_storm_is_over_when_all_are_back_in_time(change: dict[str, object], names: list[str]) -> None:
    assert broken(judge(STORM, replace(BACK, **change))) == names  # type: ignore[arg-type]


@pytest.mark.parametrize(("chargers", "seconds"), [(10, 3.0), (2_000, 3.0), (10_000, 20.0), (6_000, 11.5)])
def test_more_chargers_have_longer_to_come_back(chargers: int, seconds: float) -> None:
    assert back_within(replace(STORM, chargers=chargers)) == pytest.approx(seconds)


def test_a_limit_that_is_given_and_a_longer_back_off_count() -> None:
    assert back_within(replace(STORM, limits=Limits(back_within_s=7.5))) == 7.5
    assert back_within(replace(STORM, back_off=10.0)) > 13.0


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"command_p50_ms": 6.0}, ["command p50"]),
        ({"command_p99_ms": 26.0}, ["command p99"]),
        ({"commands": 0}, ["commands answered", "command p50", "command p99"]),
        ({"balance": Balance(300, 301, 1, 0)}, ["starts and unlocks executed"]),
        ({"balance": Balance(300, 299, 0, 1)}, ["starts and unlocks executed"]),
        ({"balance": Balance(0, 0, 0, 0)}, ["starts and unlocks executed"]),
    ],
)
def test_commands_have_limits_of_their_own(change: dict[str, object], names: list[str]) -> None:
    assert broken(judge(COMMANDS, replace(ORDERED, **change))) == names  # type: ignore[arg-type]


def test_a_restart_that_nobody_noticed_was_none() -> None:
    assert broken(judge(RESTARTS, replace(GOOD, back=()))) == ["chargers that were moved", "longest away"]


def test_how_many_messages_there_have_to_be_is_known_where_the_interval_decides() -> None:
    assert expected_messages(STEADY, 60) == 1200
    assert expected_messages(replace(STEADY, profile="morning-peak"), 60) == 0
    assert expected_messages(COMMANDS, 60) == 0


def test_a_ledger_finds_what_was_doubled_and_what_is_missing() -> None:
    ledger = Ledger()
    for charger in ("A", "B", "C"):
        ledger.sent(charger, "UnlockConnector", answered=True)
    ledger.sent("D", "UnlockConnector", answered=False)
    ledger.sent("A", "TriggerMessage", answered=True)
    got = {("A", "UnlockConnector"): 1, ("B", "UnlockConnector"): 2, ("A", "TriggerMessage"): 3}
    assert ledger.balance(got) == Balance(sent=4, executed=3, doubled=1, missing=1)


def test_a_start_that_nobody_ordered_is_doubled() -> None:
    assert Ledger().balance({("A", "RemoteStartTransaction"): 1}).doubled == 1


def test_a_rate_is_known_only_where_something_was_measured() -> None:
    assert GOOD.rate == pytest.approx(20.8, abs=0.1)
    assert replace(GOOD, measured_s=0.0).rate == 0.0
