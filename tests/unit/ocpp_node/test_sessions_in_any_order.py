"""Two sessions of one EVSE, their messages in any order and some of them twice: the node keeps two sessions, and each
comes to what it is in the clean order."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from recorded_sessions import NOON, Played, message, moment

from voltring_core.domain.authorization import KnownToken
from voltring_core.domain.folding import differences, fold
from voltring_core.domain.messages import TokenStatus
from voltring_core.domain.values import changed
from voltring_core.ocpp.versions import Version

V16, V201 = Version.V16, Version.V201
START, READ, STOP = "StartTransaction", "MeterValues", "StopTransaction"
LATE = NOON + timedelta(days=1)


def reading(minute, wh, value=str):
    return [{"timestamp": moment(minute).isoformat(), "sampledValue": [{"value": value(wh)}]}]


def event(session, seq, kind, minute, **more):
    payload = {
        "eventType": kind,
        "timestamp": moment(minute).isoformat(),
        "triggerReason": "MeterValuePeriodic",
        "seqNo": seq,
        "transactionInfo": {"transactionId": session},
        "meterValue": reading(minute, 1000 + 100 * minute, int),
    }
    return "TransactionEvent", payload | more


@st.composite
def of_2x(draw):
    """Two sessions; numbers run on over both."""
    story, seq = [], draw(st.integers(0, 9))
    for session, begun in (("a", 0), ("b", 20)):
        updates = draw(st.integers(0, 4))
        place = {"evse": {"id": 1}} if draw(st.booleans()) else {}
        kinds = ["Started", *["Updated"] * updates, "Ended"]
        for minute, kind in enumerate(kinds, begun):
            always = {"evse": {"id": 1}} if kind == "Started" else place
            story.append(event(session, seq, kind, minute, **always))
            seq += 1
    return story


@st.composite
def of_16(draw):
    """Two sessions, `a` and `b` in place of the ids that their starts are answered."""
    story = []
    for session, begun in (("a", 0), ("b", 20)):
        readings = draw(st.integers(0, 4))
        meter = 1000 + 100 * begun
        start = {"connectorId": 1, "idTag": "CARD", "meterStart": meter, "timestamp": moment(begun).isoformat()}
        story.append((START, start | {"session": session}))
        for minute in range(begun + 1, begun + 1 + readings):
            values = {"connectorId": 1, "meterValue": reading(minute, 1000 + 100 * minute)}
            story.append((READ, values | {"session": session}))
        stop = {"meterStop": meter + 1000, "timestamp": moment(begun + 10).isoformat()}
        story.append((STOP, stop | {"session": session}))
    return story


def told(version, story):
    """What a node makes of the messages, all of them a day late; 1.6 names a session once its start was answered."""
    scene, ids = Played(), {}
    scene.known.tokens["card"] = KnownToken("CARD", TokenStatus.ACCEPTED, None, None)
    for number, (action, said) in enumerate(story):
        payload = {name: word for name, word in said.items() if name != "session"}
        if version is V16 and action != START:
            payload["transactionId"] = ids.get(said["session"], -1)
        known = list(scene.given)
        scene.hear(message(version, number, LATE + timedelta(seconds=number), action, payload))
        if action == START:
            ids.setdefault(said["session"], scene.given[-1] if scene.given != known else None)
    return scene


def worked_out(scene):
    """The sessions as their evidence has them, the first that began first."""
    found = [fold(scene.evidence(one)).transaction for one in scene.own]
    return sorted(found, key=lambda one: one.started_at)


def same(one, other):
    named = changed(one, id=other.id, ocpp_transaction_id=other.ocpp_transaction_id)
    return differences(named, other) == ()


@given(of_2x(), st.data())
def test_messages_of_2x_in_any_order_make_the_sessions_of_the_clean_order(story, data):
    copies = data.draw(st.lists(st.sampled_from(story), max_size=3))
    order = data.draw(st.permutations([*story, *copies]))
    clean, torn = worked_out(told(V201, story)), worked_out(told(V201, order))
    assert len(torn) == len(clean) == 2
    assert all(map(same, torn, clean))
    assert [one.flags for one in torn] == [(), ()]


@given(of_16(), st.data())
def test_messages_of_16_in_any_order_after_their_start_make_the_sessions_of_the_clean_order(story, data):
    copies = data.draw(st.lists(st.sampled_from(story), max_size=3))
    order = data.draw(st.permutations([*story, *copies]))
    starts = {said["session"]: (action, said) for action, said in story if action == START}
    known, behind = set(), []
    for action, said in order:
        if said["session"] not in known:
            known.add(said["session"])
            behind.append(starts[said["session"]])
        behind.append((action, said))
    clean, torn = worked_out(told(V16, story)), worked_out(told(V16, behind))
    assert len(torn) == len(clean) == 2
    assert all(map(same, torn, clean))
    assert [one.flags for one in torn] == [(), ()]


@given(st.integers(0, 4), st.integers(0, 9), st.data())
def test_messages_of_2x_without_a_clock_in_any_order_make_one_session(updates, base, data):
    kinds = ["Started", *["Updated"] * updates, "Ended"]
    story = [
        event("a", base + place, kind, place, timestamp="1970-01-01T00:00:00Z") for place, kind in enumerate(kinds)
    ]
    scene = told(V201, data.draw(st.permutations(story)))
    (session,) = worked_out(scene)
    assert (session.state, session.energy_wh, session.flags) == ("Ended", 100 * (updates + 1), ("clock",))
    assert session.started_at <= session.ended_at
