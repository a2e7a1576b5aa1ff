"""Cut connections, silence and refusals: nothing that belongs to a transaction is lost or reordered."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from voltring_core.ocpp.versions import Version
from voltring_loadtest.hardware import CATALOGUE
from voltring_loadtest.times import seconds

Make = Callable[..., Any]


def kept(stage: Any) -> list[tuple[str, dict[str, Any]]]:
    wanted = ("StartTransaction", "StopTransaction", "MeterValues", "TransactionEvent")
    return [(action, payload) for _, action, payload in stage.heard if action in wanted]


def time_of(payload: dict[str, Any]) -> float:
    at = payload.get("timestamp") or payload["meterValue"][0]["timestamp"]
    found = seconds(at)
    assert found is not None
    return found


def test_what_happens_offline_is_replayed_in_order_with_its_own_times(stage: Any) -> None:
    stage.remote_start()
    stage.until(stage.charging)
    stage.run(15)
    cut_at, known = stage.now, len(kept(stage))
    stage.cut()
    stage.run(400)
    assert stage.idle()
    back_at = stage.now
    stage.open()
    stage.run(1)
    replayed = [payload for _, payload in kept(stage)[known:]]
    times = [time_of(payload) for payload in replayed]
    assert times == sorted(times)
    assert cut_at <= times[0]
    assert times[-1] <= back_at
    if stage.version is Version.V16:
        assert kept(stage)[-1][0] == "StopTransaction"
        assert {payload["transactionId"] for payload in replayed} == {101}
    else:
        assert all(payload["offline"] for payload in replayed)
        assert "offline" not in stage.events()[0]
        assert [event["seqNo"] for event in stage.events()] == list(range(len(stage.events())))
        assert stage.events()[-1]["eventType"] == "Ended"


def test_other_messages_are_dropped_while_offline(stage: Any) -> None:
    stage.cut()
    stage.run(2000)
    assert len(stage.station.outbox) == 0
    stage.open()
    stage.run(1)
    assert len(stage.of("Heartbeat")) == 0


def test_messages_behind_an_unanswered_start_wait_for_its_transaction_id(make_stage: Make) -> None:
    stage = make_stage(Version.V16, busy=0.0)
    stage.open()
    stage.script["StartTransaction"] = lambda asked: None
    stage.remote_start()
    stage.run(20)
    assert not stage.of("MeterValues")
    assert stage.statuses(1)[-1] == "Preparing"
    del stage.script["StartTransaction"]
    stage.until(lambda: stage.of("MeterValues"))
    starts = stage.of("StartTransaction")
    assert len(starts) == 2
    assert starts[0] == starts[1]
    assert stage.of("MeterValues")[0]["transactionId"] == 101
    assert "Charging" in stage.statuses(1)


def test_a_start_cut_off_before_its_answer_is_repeated_with_the_same_id_and_content(stage: Any) -> None:
    stage.script["StartTransaction"] = stage.script["TransactionEvent"] = lambda asked: None
    stage.remote_start()
    first = kept(stage)[0]
    sent = stage.ids[stage.actions().index(first[0])]
    stage.cut()
    stage.script.clear()
    stage.run(5)
    stage.open()
    stage.run(1)
    again = [index for index, (_, action, payload) in enumerate(stage.heard) if (action, payload) == first]
    assert len(again) == 2
    assert stage.ids[again[1]] == sent


def test_a_late_answer_counts(make_stage: Make) -> None:
    stage = make_stage(Version.V16, busy=0.0)
    stage.open()
    stage.script["StartTransaction"] = lambda asked: None
    stage.remote_start()
    stage.run(33)
    message_id = stage.ids[stage.actions().index("StartTransaction")]
    stage.receive(json.dumps([3, message_id, {"transactionId": 77, "idTagInfo": {"status": "Accepted"}}]))
    stage.run(20)
    assert stage.of("MeterValues")[0]["transactionId"] == 77
    assert len(stage.of("StartTransaction")) == 1


def test_a_refused_transaction_message_is_repeated_with_growing_pauses_under_a_new_id(stage: Any) -> None:
    action = "StartTransaction" if stage.version is Version.V16 else "TransactionEvent"
    stage.script[action] = lambda asked: ("InternalError", "no database")
    stage.remote_start()
    stage.run(65)
    tries = [(at, payload) for at, heard, payload in stage.heard if heard == action]
    assert len(tries) == 4
    assert all(payload == tries[0][1] for _, payload in tries)
    gaps = [round(after[0] - before[0]) for before, after in pairwise(tries)]
    assert gaps == [10, 20, 30]
    assert len(set(stage.ids)) == len(stage.ids)


def test_a_transaction_whose_start_is_given_up_goes_on_with_minus_one(make_stage: Make) -> None:
    stage = make_stage(Version.V16, busy=0.0, attempts=2)
    stage.open()
    stage.script["StartTransaction"] = lambda asked: ("GenericError", "no")
    stage.remote_start()
    stage.until(lambda: stage.of("StopTransaction"))
    assert {sample["transactionId"] for sample in stage.of("MeterValues")} == {-1}
    assert stage.of("StopTransaction")[0]["transactionId"] == -1


def test_a_csms_that_forgot_the_charger_gets_a_boot(make_stage: Make, version: Version) -> None:
    stage = make_stage(version, busy=0.0, boots_on_reconnect=0.0)
    stage.open()
    stage.run(1)
    stage.cut()
    stage.open()
    assert stage.actions().count("BootNotification") == 1
    stage.script["Heartbeat"] = lambda asked: ("SecurityError", "boot first")
    stage.until(lambda: stage.of("Heartbeat"), 400)
    stage.run(1)
    assert stage.actions().count("BootNotification") == 2
    assert stage.station.is_accepted


def test_a_charger_that_carries_on_tells_only_what_changed(make_stage: Make, version: Version) -> None:
    stage = make_stage(version, busy=0.0, boots_on_reconnect=0.0)
    stage.open()
    stage.remote_start(1)
    stage.until(stage.charging)
    told = len(stage.statuses(1)), len(stage.statuses(2))
    stage.cut()
    stage.run(400)
    stage.open()
    assert stage.actions().count("BootNotification") == 1
    assert len(stage.statuses(2)) == told[1]
    assert stage.statuses(1)[-1] == "Available"


def test_a_connection_that_answers_nothing_is_given_up(stage: Any) -> None:
    stage.remote_start()
    stage.until(stage.charging)
    stage.is_mute = True
    stage.run(600, reconnect=False)
    assert stage.away == 0.0


def test_a_long_time_offline_drops_samples_in_the_middle_and_keeps_start_and_end(
    make_stage: Make, version: Version
) -> None:
    stage = make_stage(version, CATALOGUE[0], busy=0.0, queue_limit=20, session_seconds=3600.0)
    stage.open()
    stage.is_mute = True
    stage.remote_start()
    stage.cut()
    stage.run(7200)
    assert len(stage.station.outbox) <= 21
    stage.is_mute = False
    stage.open()
    stage.run(1)
    assert stage.of("StopTransaction") or stage.events("Ended")
    assert stage.of("StartTransaction") or stage.events("Started")


def test_two_sessions_offline_keep_their_own_transaction_ids(make_stage: Make) -> None:
    stage = make_stage(Version.V16, CATALOGUE[0], busy=1.0, id_tokens=("DEMO-0001",), boots_on_reconnect=1.0)
    stage.open()
    stage.until(lambda: stage.of("StopTransaction"))
    stage.cut()
    stage.run(1500)
    stage.open()
    stage.run(1)
    running: int | None = None
    seen = 101
    for action, payload in kept(stage):
        if action == "StartTransaction":
            running = seen
            seen += 1
        else:
            assert payload["transactionId"] == running
    assert seen >= 104
