"""What a session becomes when something is said of it: every cell of the drawing in `transactions.py`."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from voltring_core.domain.messages import EventKind, IdToken, Sample, TransactionReported
from voltring_core.domain.metering import BEGIN, ENERGY_REGISTER, POWER
from voltring_core.domain.registers import METER_BELOW_START, METER_FELL
from voltring_core.domain.transactions import (
    EVENT_AFTER_END,
    NO_METER_STOP,
    OFFLINE,
    START_LOST,
    START_MISSING,
    SUPERSEDED,
    UNKNOWN_TRANSACTION,
    TransactionState,
    apply,
    begin,
    metered,
    supersede,
    without_token,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ID = UUID(int=1)
ACTIVE, ENDED, ORPHAN = TransactionState.ACTIVE, TransactionState.ENDED, TransactionState.ORPHAN
TOKEN = IdToken("CARD")


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def reading(value, minutes, measurand=ENERGY_REGISTER, context=None):
    unit = "Wh" if measurand == ENERGY_REGISTER else "W"
    return Sample(at(minutes), measurand, Decimal(value), unit, str(value), context=context)


def said(kind, minutes, seq=None, **more):
    return TransactionReported(EventKind(kind), at(minutes), transaction_id="t", seq_no=seq, **more)


def start(minutes=0, seq=0, **more):
    return said("Started", minutes, seq, **({"evse_id": 1, "connector_id": 1, "token": TOKEN} | more))


def told(*messages, version="2.0.1"):
    """The transaction after messages that were received when they were said."""
    now = None
    for one in messages:
        now = begin(ID, "CP", version, "t", one, one.at) if now is None else apply(now, one, one.at)
    return now


def start16(minutes=0, meter=1000):
    return start(minutes, None, meter_wh=Decimal(meter))


def stop16(minutes=60, meter=6000, **more):
    return said("Ended", minutes, meter_wh=Decimal(meter), **more)


# --- none


def test_a_start_makes_an_active_session_with_all_it_says():
    made = told(start(reservation_id=4, remote_start_id=5))
    assert (made.state, made.flags, made.started_at, made.ended_at) == (ACTIVE, (), NOON, None)
    assert (made.evse_id, made.connector_id, made.id_token, made.reservation_id, made.remote_start_id) == (
        1,
        1,
        "CARD",
        4,
        5,
    )


def test_an_update_of_an_unknown_session_makes_one_whose_start_is_missing():
    made = told(said("Updated", 5, 3))
    assert (made.state, made.flags, made.started_at) == (ACTIVE, (START_MISSING,), None)


def test_an_end_of_an_unknown_2x_session_makes_an_ended_one_whose_start_is_missing():
    made = told(said("Ended", 5, 3))
    assert (made.state, made.flags, made.ended_at) == (ENDED, (START_MISSING, NO_METER_STOP), at(5))


def test_a_16_stop_of_an_id_that_nobody_gave_out_is_an_orphan_with_all_it_says():
    made = told(stop16(token=TOKEN, reason="PowerLoss"), version="1.6")
    assert (made.state, made.flags) == (ORPHAN, (UNKNOWN_TRANSACTION,))
    assert (made.meter_stop_wh, made.id_token, made.stop_reason, made.ended_at) == (6000, "CARD", "PowerLoss", at(60))


def test_a_16_stop_without_an_id_is_an_orphan_whose_start_was_lost():
    made = told(replace(stop16(), transaction_id=None), version="1.6")
    assert (made.state, made.flags) == (ORPHAN, (START_LOST,))


# --- Active


def test_a_repeated_start_changes_nothing():
    assert told(start16(), start16()) == told(start16())


def test_an_update_changes_the_charging_state_and_takes_nothing_away():
    made = told(start(charging_state="EVConnected"), said("Updated", 1, 1, charging_state="Charging"))
    assert (made.charging_state, made.id_token, made.evse_id) == ("Charging", "CARD", 1)


def test_an_end_closes_the_session_with_its_energy():
    made = told(start16(), stop16(reason="EVDisconnected"), version="1.6")
    assert (made.state, made.energy_wh, made.power_w, made.ended_at, made.stop_reason) == (
        ENDED,
        5000,
        0,
        at(60),
        "EVDisconnected",
    )


def test_an_end_without_a_reason_is_local():
    assert told(start16(), stop16()).stop_reason == "Local"


def test_a_2x_session_counts_from_its_begin_reading_to_its_last():
    begun = start(samples=(reading(100, 0, context=BEGIN),))
    ended = said("Ended", 60, 2, samples=(reading(1600, 60, context="Transaction.End"),))
    made = told(begun, said("Updated", 30, 1, samples=(reading(900, 30), reading(7000, 30, POWER))), ended)
    assert (made.meter_start_wh, made.meter_stop_wh, made.energy_wh, made.power_w) == (100, 1600, 1500, 0)


def test_a_reading_outside_of_the_sessions_messages_moves_an_active_session():
    made = metered(told(start16()), (reading(1500, 5), reading(7000, 5, POWER)))
    assert (made.energy_wh, made.power_w, made.register_at) == (500, 7000, at(5))


def test_an_older_reading_changes_nothing():
    now = metered(told(start16()), (reading(1500, 5), reading(7000, 5, POWER)))
    assert metered(now, (reading(1200, 3), reading(3000, 3, POWER))) == now


def test_an_overtaken_update_does_not_turn_the_charging_state_back():
    made = told(
        start(),
        said("Updated", 5, 5, charging_state="SuspendedEV"),
        said("Updated", 2, 2, charging_state="Charging", reservation_id=9),
    )
    assert (made.charging_state, made.last_seq_no, made.reservation_id) == ("SuspendedEV", 5, 9)


def test_a_register_below_its_start_is_flagged_and_energy_stays_what_it_was():
    now = metered(told(start16()), (reading(1500, 5),))
    made = metered(now, (reading(3, 6),))
    assert (made.energy_wh, METER_BELOW_START in made.flags) == (500, True)
    assert told(start16(), stop16(meter=10)).energy_wh == 0


# --- Ended


@pytest.mark.parametrize("repeat", [start16(), stop16(), stop16(minutes=90, meter=9000, reason="Other")])
def test_an_ended_session_is_not_changed_by_a_repeated_start_or_stop(repeat):
    ended = told(start16(), stop16(), version="1.6")
    assert apply(ended, repeat, repeat.at) == ended


def test_a_late_update_of_an_ended_session_is_legal():
    ended = told(start(), said("Ended", 60, 9))
    assert apply(ended, said("Updated", 30, 5, charging_state="Charging"), at(70)) == ended


def test_an_update_after_the_end_is_flagged_and_changes_nothing_else():
    ended = told(start(), said("Ended", 60, 9))
    assert apply(ended, said("Updated", 70, 10), at(70)) == replace(ended, flags=(*ended.flags, EVENT_AFTER_END))


def test_a_register_that_falls_is_flagged_while_it_runs_and_at_the_end():
    fell = told(start16(), stop16(meter=5000), version="1.6")
    assert METER_FELL not in fell.flags
    running = told(start16(), version="1.6")
    up = metered(running, (register(9000, 10),))
    assert METER_FELL in apply(up, stop16(meter=5000), at(60)).flags
    assert METER_FELL in metered(up, (register(4000, 20),)).flags


def register(wh, minutes):
    return Sample(at(minutes), ENERGY_REGISTER, Decimal(wh), "Wh", str(wh))


def test_readings_leave_an_ended_session_as_it_is():
    ended = told(start16(), stop16())
    assert metered(ended, (reading(9000, 70),)) is ended


def test_a_start_that_comes_after_its_end_fills_in_what_was_missing():
    ended = told(said("Ended", 60, 9, samples=(reading(1600, 60),)))
    made = apply(ended, start(samples=(reading(100, 0, context=BEGIN),)), at(70))
    assert (made.state, made.started_at, made.id_token, made.evse_id) == (ENDED, NOON, "CARD", 1)
    assert (made.meter_start_wh, made.energy_wh, made.ended_at, made.last_seq_no) == (100, 1500, at(60), 9)
    assert apply(made, start(samples=(reading(100, 0, context=BEGIN),)), at(71)) == made


# --- superseded


def test_a_superseded_session_is_over_at_its_last_reading():
    now = metered(told(start16()), (reading(1500, 5), reading(7000, 5, POWER)))
    made = supersede(now, at(10), at(10))
    assert (made.state, made.flags, made.ended_at, made.meter_stop_wh) == (ENDED, (SUPERSEDED,), at(10), 1500)
    assert (made.energy_wh, made.power_w, made.stop_reason) == (500, 0, None)


def test_a_session_superseded_at_an_impossible_time_ends_at_the_receipt():
    assert supersede(told(start16()), datetime(1970, 1, 1, tzinfo=UTC), at(10)).ended_at == at(10)


def test_the_true_end_of_a_superseded_session_replaces_the_provisional_one_once():
    provisional = supersede(told(start16()), at(10), at(10))
    made = apply(provisional, stop16(minutes=9, meter=4000, reason="Reboot"), at(11))
    assert (made.state, made.energy_wh, made.ended_at, made.stop_reason) == (ENDED, 3000, at(9), "Reboot")
    assert made.flags == ()
    assert apply(made, stop16(minutes=8, meter=2000), at(12)) == made


# --- Orphan


@pytest.mark.parametrize("message", [start16(), said("Updated", 5, 1), stop16()])
def test_an_orphan_stays_an_orphan_whatever_is_said(message):
    orphan = told(stop16(), version="1.6")
    assert apply(orphan, message, message.at).state is ORPHAN


def test_readings_leave_an_orphan_as_it_is():
    orphan = told(stop16(), version="1.6")
    assert metered(orphan, (reading(9000, 70),)) is orphan


# --- what comes once, times, tokens


def test_what_comes_once_is_neither_taken_away_nor_replaced():
    now = told(start(reservation_id=4, remote_start_id=5))
    other = said("Updated", 1, 1, evse_id=2, connector_id=2, token=IdToken("X"), reservation_id=8, remote_start_id=9)
    for message in (said("Updated", 1, 1), other):
        made = apply(now, message, message.at)
        assert (made.evse_id, made.connector_id, made.id_token, made.reservation_id, made.remote_start_id) == (
            1,
            1,
            "CARD",
            4,
            5,
        )


def test_a_token_and_an_evse_may_come_later_than_the_start():
    made = told(said("Started", 0, 0), said("Updated", 1, 1, evse_id=2, token=TOKEN))
    assert (made.evse_id, made.id_token) == (2, "CARD")


def test_an_impossible_time_is_replaced_by_the_receipts_and_flagged():
    made = begin(ID, "CP", "1.6", "t", replace(start16(), at=datetime(1970, 1, 1, tzinfo=UTC)), NOON)
    assert (made.started_at, made.flags) == (NOON, ("clock",))


def test_an_offline_event_flags_the_session():
    assert told(start(), said("Updated", 1, 1, offline=True)).flags == (OFFLINE,)


@pytest.mark.parametrize(
    ("token", "absent"),
    [
        (None, True),
        (IdToken(""), True),
        (IdToken("", "NoAuthorization"), False),
        (IdToken("A"), False),
    ],
)
def test_no_decision_is_answered_where_no_token_is_shown(token, absent):
    assert without_token(token) is absent
