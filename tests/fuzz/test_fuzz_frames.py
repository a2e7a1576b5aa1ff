"""The negative proof: whatever comes, every CALL gets exactly one legal answer, and nothing raises or grows.

VOLTRING_FUZZ_FRAMES says how many frames in all (150,000), VOLTRING_FUZZ_SEED where the seeds begin (1). A failure
names its seed and number and shows the frame; the same seed gives it again.
"""

import gc
import json
import os
import tracemalloc

import pytest
from fuzz_driver import FORGET_AFTER, Driver
from fuzz_frames import Frames
from fuzz_oracle import ask_of, wrong_with

from voltring_core.ocpp.versions import Version

FRAMES = int(os.environ.get("VOLTRING_FUZZ_FRAMES", "150000"))
SEED = int(os.environ.get("VOLTRING_FUZZ_SEED", "1"))
SLICE = 10_000  # frames of one seed
EACH = -(-FRAMES // len(Version))
MORE_OBJECTS = 5_000
MORE_BYTES = 200_000
V16, V201, V21 = Version


@pytest.mark.parametrize("version", Version)
def test_every_call_gets_one_legal_answer_and_nothing_raises(version: Version) -> None:
    sent = answered = results = objects = 0
    while sent < EACH:
        driver = Driver(version, SEED + sent // SLICE)
        driver.run(min(SLICE, EACH - sent))
        sent += driver.sent
        answered += driver.answered
        results += driver.results
        del driver
        gc.collect()
        objects = objects or len(gc.get_objects())
    assert sent >= EACH
    # A fuzzer that only ever meets the first check proves little.
    assert answered > sent * 0.6
    assert results > sent * 0.3
    assert len(gc.get_objects()) < objects + MORE_OBJECTS


@pytest.mark.parametrize("version", Version)
def test_memory_stays_as_it_is_from_chunk_to_chunk(version: Version) -> None:
    driver = Driver(version, SEED)
    driver.run(2 * FORGET_AFTER)
    tracemalloc.start()
    try:
        used = []
        for _ in range(3):
            driver.run(FORGET_AFTER)
            gc.collect()
            used.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert used[-1] - used[0] < MORE_BYTES, used


@pytest.mark.parametrize("version", Version)
def test_a_seed_gives_the_same_frames_again_and_another_one_others(version: Version) -> None:
    one, same, other = Frames(version, 7), Frames(version, 7), Frames(version, 8)
    texts = [one.next() for _ in range(200)]
    assert texts == [same.next() for _ in range(200)]
    assert texts != [other.next() for _ in range(200)]


@pytest.mark.parametrize(
    ("version", "sent", "reply"),
    [
        (V16, [2, "a", "Heartbeat", {}], [3, "b", {"currentTime": "2026-01-01T00:00:00Z"}]),
        (V16, [2, 1, "Heartbeat", {}], [3, "1", {"currentTime": "2026-01-01T00:00:00Z"}]),
        (V16, [2, 1, "Heartbeat", {}], [3, 1.0, {"currentTime": "2026-01-01T00:00:00Z"}]),
        (V16, [2, "a", "Heartbeat", {}], [3, "a", {}]),
        (V16, [2, "a", "Heartbeat", {}], [3, "a", {"currentTime": "now"}]),
        (V16, [2, "a", "Reset", {}], [3, "a", {"status": "Accepted"}]),
        (V16, [2, "a", "X", {}], [4, "a", "FormatViolation", "", {}]),
        (V201, [2, "a", "X", {}], [4, "a", "FormationViolation", "", {}]),
        (V16, [2, "a", "X", {}], [4, "a", "RpcFrameworkError", "", {}]),
        (V21, [2, "a", "X", {}], [4, "a", "InternalError", "", {}]),
        (V21, [2, "a", "X", {}], [4, "a", "GenericError", "x" * 256, {}]),
        (V21, [2, "a", "X", {}], [4, "a", "GenericError", "", None]),
        (V21, [2, "a", "X", {}], [4, "a", "GenericError", ""]),
        (V21, [3, "a", {}], [3, "a", {}]),
        (V21, [2, "a", "X", {}], [5, "a", "GenericError", "", {}]),
    ],
)
def test_an_illegal_answer_is_seen(version: Version, sent: object, reply: object) -> None:
    assert wrong_with(json.dumps(reply), ask_of(json.dumps(sent)), version) is not None


@pytest.mark.parametrize(
    ("version", "sent", "reply"),
    [
        (V16, '[2,1e400,"Heartbeat",{}]', '[3,1e400,{"currentTime":"2026-01-01T00:00:00Z"}]'),
        (V16, '[2,-0,"X",{}]', '[4,0,"NotImplemented","",{}]'),
        (V16, '\ufeff[2,"\\ud800","X",{}]', '[4,"\\ud800","FormationViolation","",{}]'),
        (V201, "[", '[4,"-1","RpcFrameworkError","",{}]'),
        (V21, '[2,"a","Authorize-Signed",{}]', '[3,"a",{"idTokenInfo":{"status":"Accepted"}}]'),
    ],
)
def test_a_legal_answer_is_left_alone(version: Version, sent: str, reply: str) -> None:
    assert wrong_with(reply, ask_of(sent), version) is None
