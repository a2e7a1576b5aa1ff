"""What a shard tells: on the wire and back, and what a recorder makes of it."""

import pytest

from voltring_loadtest.load.batches import Batch
from voltring_loadtest.load.recorder import SLOTS, Recorder, Times

OK = ("ocpp1.6", "Heartbeat", 3.2, 40, None)
WRONG = ("ocpp1.6", "Heartbeat", 4.0, 40, "CALLERROR InternalError")


def test_a_batch_comes_out_as_it_went_in() -> None:
    batch = Batch(
        at=1000.5,
        connected=3,
        accepted=2,
        charging=1,
        samples=[OK, WRONG],
        back=[1.25],
        executed=[("LOAD-0001", "UnlockConnector")],
        examples=[("CALLERROR InternalError", "LOAD-0001", '[4,"1"]')],
        turned_away={"full": 2},
        lag_ms=0.5,
        cpu_s=2.5,
    )
    line = batch.encode()
    assert line.count(b"\n") == 1
    assert Batch.decode(line) == batch


@pytest.mark.parametrize("line", [b"", b"{}\n", b"[1,2]\n", b"half a li"])
def test_anything_else_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Batch.decode(line)


def test_quantiles_are_right_within_two_percent() -> None:
    times = Times()
    for value in range(1, 10_001):
        times.add(value / 10)
    assert times.at(0.5) == pytest.approx(500, rel=0.02)
    assert times.at(0.99) == pytest.approx(990, rel=0.02)
    assert times.longest == 1000
    assert times.at(1.0) <= 1000
    assert times.shares()[-1][1] == 1.0


def test_nothing_measured_has_no_quantiles() -> None:
    assert Times().at(0.99) == 0.0
    assert Times().shares() == []


def test_only_the_measured_part_counts_for_the_acknowledgements_and_all_of_it_for_failures() -> None:
    recorder = Recorder(1000.0, 60)
    recorder.take(0, Batch(at=1001, samples=[OK, WRONG]))
    assert (recorder.messages, recorder.failed) == (0, 1)
    recorder.measured_from = 1010.0
    recorder.take(0, Batch(at=1011, samples=[OK, OK, ("websocket", "connect", 9.0, 0, None)]))
    assert (recorder.messages, recorder.acks.count) == (2, 2)
    recorder.measured_to = 1020.0
    recorder.take(0, Batch(at=1021, samples=[OK, WRONG]))
    assert (recorder.messages, recorder.failed) == (2, 2)
    assert recorder.failures == {("ocpp1.6", "Heartbeat", "CALLERROR InternalError"): 2}


def test_an_answer_that_is_wrong_is_no_acknowledgement() -> None:
    recorder = Recorder(1000.0, 60)
    recorder.measured_from = 1000.0
    recorder.take(0, Batch(at=1001, samples=[WRONG]))
    assert (recorder.messages, recorder.acks.count) == (0, 0)


def test_shards_are_added_up_and_one_that_has_ended_has_nobody() -> None:
    recorder = Recorder(1000.0, 60)
    recorder.take(0, Batch(at=1001, connected=500, accepted=499, cpu_s=1.0))
    recorder.take(1, Batch(at=1001, connected=200, accepted=200, cpu_s=2.0))
    assert (recorder.now("connected"), recorder.now("accepted"), recorder.shard_cpu_s) == (700, 699, 3.0)
    recorder.forget(1)
    assert recorder.now("connected") == 500


def test_a_day_has_no_more_points_than_a_plot_needs() -> None:
    recorder = Recorder(0.0, 86_400)
    for at in range(0, 86_400, 30):
        recorder.take(0, Batch(at=at, samples=[OK]))
    assert len(recorder.series()) <= SLOTS
    assert sum(slot.messages for slot in recorder.series().values()) == 86_400 / 30


def test_times_of_a_storm_do_not_count_until_two_seconds_after_the_last_one_is_back() -> None:
    recorder = Recorder(1000.0, 60, calm_with=2)
    recorder.measured_from = 1000.0
    for at, accepted in ((1001.0, 2), (1002.0, 1), (1003.0, 2), (1004.0, 2), (1004.5, 2)):
        recorder.take(0, Batch(at=at, accepted=accepted, samples=[OK]))
    assert (recorder.messages, recorder.acks.count) == (5, 2)
