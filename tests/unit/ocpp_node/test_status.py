"""The status document: every field is described, what cannot be said in JSON is left out, reasons are sentences."""

import dataclasses
import re
import typing
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from voltring_core.cluster.leases import NodeLease, read
from voltring_core.domain.draining import Cause, Drain, Firmware, Limbo, Order, Phase, Rank
from voltring_core.domain.recalling import Recall, RecallOrder, RecallPhase
from voltring_core.domain.window import Grant, Pace
from voltring_core.errors import Unprocessable
from voltring_node import draining_order
from voltring_node.isolation import Verdict, judge
from voltring_node.sampling import Cpu, Errors, Faults, LoopLag, PerSecond
from voltring_node.status import NodeStatus, draining, reasons, recalling, rounded

FIELD = re.compile(r"^\| `([a-z0-9_.]+)` \|", re.MULTILINE)
DOCUMENT = Path(__file__).parents[3] / "docs" / "node-status.md"


def names(kind, prefix=""):
    """The fields of a dataclass and of those within it, by their path."""
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        inner = [
            one for one in (hints[field.name], *typing.get_args(hints[field.name])) if dataclasses.is_dataclass(one)
        ]
        yield f"{prefix}{field.name}"
        for one in inner:
            yield from names(one, f"{prefix}{field.name}.")


def test_every_field_of_the_document_is_described_and_nothing_else():
    status, _, orders = DOCUMENT.read_text(encoding="utf-8").partition("## Draining")
    drains, _, recalls = orders.partition("## Recalling")
    assert sorted(FIELD.findall(status)) == sorted(names(NodeStatus))
    assert FIELD.findall(drains) == list(draining_order.DrainOrder.model_fields)
    assert FIELD.findall(recalls) == list(draining_order.RecallAsked.model_fields)


def test_a_drain_without_limits_can_be_said_in_json():
    order = Order(Cause.ISOLATION, "alone", Grant(float("inf"), float("inf"), float("inf")), deadline_s=float("inf"))
    drain = Drain(order, Phase.DRAINING, 100.0, float("inf"), Pace(100.0, 8.0, rate=5.0), 12, closed=3)
    limbo = Limbo()
    limbo.add("CP-1", 1, 100.0)
    found = draining(drain, limbo, [Rank.IDLE, Rank.IDLE, Rank.CHARGING, Rank.HELD], 110.0)
    told = orjson.loads(orjson.dumps(dataclasses.asdict(found)))
    assert (told["remaining"], told["in_transaction"], told["in_firmware"], told["limbo"]) == (4, 1, 1, 1)
    assert told["ranks"] == {"idle": 2, "busy": 0, "charging": 1, "uploading": 0, "held": 1}
    assert (told["granted_rate"], told["granted_for_s"], told["rate_now"], told["window"]) == (None, None, 5.0, 8.0)
    assert abs((datetime.now(UTC) - found.started_at).total_seconds() - 10) < 2


def test_a_recall_whose_grant_is_over_closes_nothing_and_one_without_limits_can_be_said_in_json():
    order = RecallOrder("home", Grant(2.0, float("inf"), until=105.0))
    recall = Recall(order, RecallPhase.RECALLING, 100.0, 1900.0, Pace(100.0, 8.0, rate=2.0), 12, 100.0, closed=3)
    limbo = Limbo()
    limbo.add("CP-1", 1, 100.0)
    ranks = [Rank.IDLE, Rank.IDLE, Rank.CHARGING]
    found = recalling(recall, limbo, ranks, 1, 103.0)
    told = orjson.loads(orjson.dumps(dataclasses.asdict(found)))
    assert (told["phase"], told["remaining"], told["ranks"]["idle"], told["limbo"]) == ("Recalling", 3, 2, 1)
    assert (told["rate_now"], told["granted_for_s"], told["came_back"]) == (2.0, 2.0, 1)
    later = recalling(recall, limbo, ranks, 1, 106.0, is_known=False)
    assert (later.rate_now, later.granted_for_s, later.ranks) == (0.0, 0.0, None)


def test_until_postgresql_was_asked_what_goes_on_is_unknown_and_not_nought():
    drain = Drain(Order(), Phase.PROPAGATING, 100.0, 1900.0, Pace(100.0, 8.0), 2)
    found = draining(drain, Limbo(), [Rank.IDLE, Rank.BUSY], 100.1, is_known=False)
    assert (found.ranks, found.in_transaction, found.in_firmware) == (None, None, None)
    assert found.remaining == 2


def test_people_read_the_document_so_numbers_have_four_digits():
    found = rounded({"lag": {"p50_s": 3.637978807091713e-12, "max_s": 0.123456}, "owned": 7, "drain": None})
    assert found == {"lag": {"p50_s": 0.0, "max_s": 0.1235}, "owned": 7, "drain": None}


def test_a_node_is_ready_unless_it_drains_or_postgresql_stays_away():
    calm = {"is_leaving": False, "postgres_away_s": 0.0, "unready_s": 2.0}
    assert reasons(Phase.SERVING, **calm) == []
    assert reasons(Phase.ABORTED, **calm) == []
    assert reasons(Phase.SERVING, **calm | {"postgres_away_s": 1.9}) == []
    assert reasons(Phase.SERVING, **calm | {"postgres_away_s": 2.0}) == ["PostgreSQL does not answer"]
    assert reasons(Phase.CORDONED, **calm | {"is_leaving": True}) == ["draining: Cordoned"]


@pytest.mark.parametrize(
    ("away_s", "is_leaving", "fine", "verdict"),
    [
        (0.0, False, False, Verdict.STAY),
        (119.0, False, True, Verdict.STAY),
        (120.0, False, False, Verdict.STAY),
        (120.0, False, True, Verdict.LEAVE),
        (500.0, True, True, Verdict.STAY),
        (0.0, True, True, Verdict.RETURN),
        (500.0, True, False, Verdict.RETURN),
    ],
)
def test_a_node_leaves_only_while_both_servers_are_away_for_it_and_another_one_is_fine(
    away_s, is_leaving, fine, verdict
):
    assert judge(away_s, 120.0, is_leaving=is_leaving, others_are_fine=fine) is verdict


def test_leases_of_older_and_newer_versions_are_read():
    old = b'{"uid":"a.1","name":"a","connections":3,"draining":true,"admin_url":"http://x","version":"0"}'
    assert read(old).as_peer.is_ready is False
    assert read(old).as_peer.accepts_per_s is None
    lease = NodeLease("a.1", "a", 3, False, "http://x", "1", "Serving", True, 80.0, 3.0, 0.5, 0.1)
    newer = orjson.dumps(dataclasses.asdict(lease) | {"mood": "good"})
    assert read(newer) == lease
    assert (lease.as_peer.spare, lease.as_peer.is_in_trouble) == (77.0, True)
    assert not dataclasses.replace(lease, ready=False).as_peer.is_ready


def test_what_a_renewal_leaves_out_stays_as_it_was():
    first = draining_order.merged(
        draining_order.read({"rate": 20, "until_s": 30, "reason": "scale down"}), Order(), 100.0
    )
    assert (first.grant, first.deadline_s, first.firmware) == (Grant(20, until=130.0), 1800.0, Firmware.DEFER)
    renewed = draining_order.merged(draining_order.read({"until_s": 30, "firmware": "Force"}), first, 120.0, 1780.0)
    assert (renewed.grant, renewed.deadline_s) == (Grant(20, until=150.0), 1780.0)
    assert (renewed.reason, renewed.firmware) == ("scale down", Firmware.FORCE)
    slow = draining_order.merged(draining_order.read({"floor_rate": 0.5}), renewed, 130.0, 1770.0)
    assert slow.grant == Grant(20, until=150.0, floor=0.5)
    assert draining_order.merged(draining_order.read({"rate": 30}), slow, 140.0, 1760.0).grant.floor == 0.5


@pytest.mark.parametrize(
    "body",
    [
        {"floor_rate": 0},
        {"floor_rate": float("inf")},
        {"rate": -1},
        {"rate": "fast"},
        {"deadline_s": 0},
        {"window": True},
        {"until": 3},
        {"reason": 3},
    ],
)
def test_an_order_that_makes_no_sense_is_refused_by_the_name_of_its_field(body):
    with pytest.raises(Unprocessable) as wrong:
        draining_order.read(body)
    assert next(iter(body)) in wrong.value.message


def test_a_recall_may_be_ended_by_a_deadline_of_nought_and_what_is_left_out_stays():
    first = draining_order.merged_recall(
        draining_order.read_recall({"rate": 0.2, "until_s": 30, "steady_s": 0}), RecallOrder(), 100.0
    )
    assert (first.grant, first.deadline_s, first.steady_s) == (Grant(0.2, until=130.0), 1800.0, 0)
    ended = draining_order.merged_recall(draining_order.read_recall({"deadline_s": 0}), first, 120.0, 1780.0)
    assert (ended.grant, ended.deadline_s) == (first.grant, 0)
    with pytest.raises(Unprocessable, match="the recall can't be ordered: firmware: "):
        draining_order.read_recall({"firmware": "Force"})
    with pytest.raises(Unprocessable, match="floor_rate"):  # without a grant a recall closes nothing
        draining_order.read_recall({"floor_rate": 1})


def test_lag_and_rates_are_over_what_was_seen_lately():
    lag = LoopLag()
    assert lag.look().max_s == 0.0
    for late in [0.001] * 98 + [0.2, 0.3]:
        lag.note(late)
    assert (lag.look().p50_s, lag.look().p99_s, lag.look().max_s) == (0.001, 0.3, 0.3)
    counts = iter([0, 10, 20, 20, 20, 20, 20])
    refusals = PerSecond(lambda: next(counts))
    assert refusals.rate() == 0.0
    for _ in range(3):
        refusals.sample()
    assert refusals.rate() == 10.0
    for _ in range(4):
        refusals.sample()
    assert refusals.rate() == 2.0


def test_the_cpu_is_what_was_used_of_the_time_that_passed_lately():
    now = {"spent": 7.0, "clock": 100.0}
    cpu = Cpu(lambda: now["spent"], lambda: now["clock"])
    assert cpu.cores() is None
    cpu.sample()
    assert cpu.cores() is None, "no time has passed yet"
    for spent in [0.25] * 10 + [1.5] * 5:
        now["spent"] += spent
        now["clock"] += 1.0
        cpu.sample()
    assert cpu.cores() == pytest.approx(10 / 15)
    for _ in range(15):
        now["clock"] += 2.0  # the process was stopped now and then: what it did not do is not used
        cpu.sample()
    assert cpu.cores() == 0.0


def test_a_clock_that_stands_still_or_goes_back_says_nothing_of_the_cpu():
    clock = iter([5.0, 5.0, 4.0])
    cpu = Cpu(lambda: 1.0, lambda: next(clock))
    for _ in range(3):
        cpu.sample()
        assert cpu.cores() is None


def test_the_share_of_faults_is_that_of_the_last_minute_and_unknown_when_nobody_asks():
    count = {"asked": 1000.0, "faults": 90.0}
    faults = Faults(lambda: count["asked"], lambda: count["faults"])
    assert faults.look() == Errors(0, 0, None)
    faults.sample()
    assert faults.look() == Errors(0, 0, None), "what was before is not counted"
    count["asked"] += 40
    count["faults"] += 10
    faults.sample()
    assert faults.look() == Errors(40, 10, 0.25)
    for _ in range(60):
        faults.sample()
    assert faults.look() == Errors(0, 0, None)


def test_faults_of_what_came_before_the_minute_are_a_share_of_one_at_most():
    count = {"asked": 10.0, "faults": 0.0}
    faults = Faults(lambda: count["asked"], lambda: count["faults"])
    faults.sample()
    count["faults"] = 4.0
    faults.sample()
    assert faults.look() == Errors(0, 4, 1.0)
