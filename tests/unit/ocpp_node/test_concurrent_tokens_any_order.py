"""Whatever starts, stops and repeats come in whatever order: a token that may charge at one place charges at one
place, and the same start gets the same answer."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voltring_core.domain.authorization import CONCURRENT_TOKEN, TOKEN_REFUSED, Concurrency, is_same
from voltring_core.domain.transactions import TransactionState

CHARGERS, TOKENS = ("CP-1", "CP-2", "CP-3"), ("A", "a", "B", "C")
STEP = st.tuples(
    st.sampled_from(["start", "repeat", "stop"]),
    st.sampled_from(CHARGERS),
    st.sampled_from(TOKENS),
    st.integers(1, 2),
)


def told(answer, decided):
    payload = answer(decided)
    return payload["transactionId"], payload["idTagInfo"]["status"]


def one_group(first, second):
    return {first.upper(), second.upper()} <= {"B", "C"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=25))
def test_a_token_and_a_group_charge_at_one_place(base, steps, start16, stop16, answer):
    base = type(base)()  # fixtures are shared by all examples
    base.register("A", concurrent=Concurrency.REFUSED)
    for token in ("B", "C"):
        base.register(token, group_id_token="FLEET", concurrent=Concurrency.REFUSED_IN_GROUP)
    started = {}
    for minute, (what, charger, token, connector) in enumerate(steps):
        if what == "start":
            asked = {"tag": token, "charger": charger, "connector": connector, "minutes": minute, "meter": minute}
            (decided,) = base.group(start16(**asked))
            started[told(answer, decided)[0]] = asked, told(answer, decided)
        elif what == "repeat" and started:
            asked, answered = started[min(started)]
            base.replies.clear()  # what it was told is known by the session alone
            (decided,) = base.group(start16(**asked, received=minute, message_id=f"m{minute}"))
            assert told(answer, decided) == answered
        elif what == "stop":
            for one in running(base):
                if one.charger_id == charger and one.evse_id == connector:
                    base.group(stop16(int(one.ocpp_transaction_id), charger=charger, minutes=minute))
        good = [one for one in running(base) if CONCURRENT_TOKEN not in one.flags]
        for one in good:
            assert TOKEN_REFUSED not in one.flags
            for other in good:
                alike = is_same(one.id_token, other.id_token) or one_group(one.id_token, other.id_token)
                assert one is other or not alike


def running(base):
    sessions = (one for charger in CHARGERS for one in base.sessions(charger))
    return [one for one in sessions if one.state is TransactionState.ACTIVE]
