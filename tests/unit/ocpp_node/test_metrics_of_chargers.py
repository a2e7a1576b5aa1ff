"""What a node counts of its chargers and what waits; its labels have the words of the code."""

from collections import deque

import pytest
from metric_moves import Moves
from prometheus_client import REGISTRY

from voltring_core.metrics.chargers import CLAIMS, GOODBYES, REFUSALS, STATUSES
from voltring_node import admission, draining, gate, recalling
from voltring_node.counting import count_command
from voltring_node.gauges import show_queues, show_standing
from voltring_node.isolation import Away
from voltring_node.owning import Outcome, Owner


def value(name, **labels):
    return REGISTRY.get_sample_value(name, labels)


def test_refusals_have_the_words_of_the_gate_and_of_the_door():
    by_the_gate = {gate.FULL, gate.OVERSTAYED, gate.TOO_LONG, draining.WHY, "the node stops"}
    assert set(REFUSALS) == by_the_gate | set(admission.REASONS.values()) | {"takeovers"}
    assert {str(status.value) for status in admission.REASONS} | {"431"} == set(STATUSES)


def test_claims_and_goodbyes_have_the_words_of_their_outcomes():
    assert set(CLAIMS) == set(Outcome)
    others = {draining.WHY, recalling.WHY, "dismissed", "ended", "silent", "superseded"}
    assert set(GOODBYES) == others | {outcome for outcome in Outcome if outcome is not Outcome.OWNS}


class Fence:
    async def owners(self, charger_ids):
        raise OSError("PostgreSQL is away")


class Routes:
    async def claim(self, sockets):
        return None


class One:
    id = "CP-1"
    connection_id = "00000000-0000-0000-0000-000000000000"


async def test_a_claim_counts_with_its_time_also_where_postgresql_is_away(monkeypatch):
    monkeypatch.setattr("voltring_node.owning.is_fresh", lambda alive_at: True)
    moves = Moves()
    owner = Owner(Fence(), Routes(), "node-0", lambda connections: None, lambda connection, swaps: None)
    with pytest.raises(OSError, match="away"):
        await owner.own(One(), "127.0.0.1", 0.0)
    assert moves.moved("voltring_node_claims_total") == {("failed",): 1}
    assert moves.of("voltring_node_claim_seconds_count") == 1


async def test_a_claim_counts_by_what_comes_of_it(monkeypatch):
    monkeypatch.setattr("voltring_node.owning.is_fresh", lambda alive_at: False)
    moves = Moves()
    owner = Owner(Fence(), Routes(), "node-0", lambda connections: None, lambda connection, swaps: None)
    assert await owner.own(One(), "127.0.0.1", 0.0) is Outcome.UNPROVEN
    assert moves.moved("voltring_node_claims_total") == {("unproven",): 1}


def test_a_command_counts_by_its_state_and_by_its_action_where_that_is_one_of_ours():
    moves = Moves()
    count_command("Reset", "ACCEPTED")
    count_command("SomethingOfAVendor", "CALLERROR")
    assert moves.moved("voltring_node_commands_total") == {("ACCEPTED",): 1, ("CALLERROR",): 1}
    found = moves.moved("voltring_node_command_results_total")
    assert found == {("Reset", "ACCEPTED"): 1, ("other", "CALLERROR"): 1}


class Queue:
    """Something that so many wait in."""

    oldest_wait_s = 1.5
    longest_wait_s = 2.5

    def __init__(self, number):
        self.waiting = self.departing = self.dispatching = number

    def __len__(self):
        return self.waiting

    def status(self):
        return self


def test_queues_are_looked_at_when_somebody_asks():
    queues = [Queue(number) for number in range(1, 7)]
    show_queues(*queues)
    words = ("commit", "handshake", "command", "live feed", "departure", "alarm")
    assert [value("voltring_node_waiting", what=word) for word in words] == [1, 2, 3, 4, 5, 6]
    queues[0].waiting = 40
    assert value("voltring_node_waiting", what="commit") == 40
    assert value("voltring_node_oldest_wait_seconds", what="commit") == 1.5
    assert value("voltring_node_oldest_wait_seconds", what="handshake") == 2.5


class Standing:
    def __init__(self):
        self.why = []
        self.misplacing = type("Misplacing", (), {"count": None})()
        self.recaller = type("Recaller", (), {"limbo": deque([1, 2])})()
        self.away = {"postgres": Away(), "redis": Away()}

    def reasons(self):
        return self.why


def test_the_standing_of_a_node_is_looked_at_when_somebody_asks():
    standing = Standing()
    show_standing(standing)
    assert value("voltring_node_ready") == 1
    assert value("voltring_node_misplaced") == 0
    assert value("voltring_node_recall_limbo") == 2
    standing.why, standing.misplacing.count = ["draining"], 7
    standing.away["redis"].note(False)
    assert (value("voltring_node_ready"), value("voltring_node_misplaced")) == (0, 7)
    assert value("voltring_node_server_away_seconds", server="postgres") == 0
    assert value("voltring_node_server_away_seconds", server="redis") > 0
