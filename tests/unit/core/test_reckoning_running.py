"""A session that runs, reading by reading: the account is that of its whole evidence; none where it is not plain."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.evidence import Evidence, Heard
from voltring_core.domain.folding import fold
from voltring_core.domain.messages import EventKind, IdToken, Metered, Sample, TransactionReported
from voltring_core.domain.metering import BEGIN, ENERGY_REGISTER, POWER
from voltring_core.domain.reckoning import Account, work_out
from voltring_core.domain.reckoning_points import ENERGY_INTERVAL
from voltring_core.domain.reckoning_points import EXPORT_REGISTER as EXPORT
from voltring_core.domain.reckoning_running import Running, Said, account, go_along, go_on
from voltring_core.domain.values import changed

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LAG = timedelta(seconds=2)
Message = TransactionReported | Metered


def at(minutes: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def sample(minutes: float, value: Decimal | int, measurand: str = ENERGY_REGISTER, **more: str) -> Sample:
    """A total."""
    unit = "W" if measurand == POWER else "Wh"
    return Sample(at(minutes), measurand, Decimal(value), unit, str(value), **more)


def start() -> TransactionReported:
    """1.6's start, at 1000 Wh."""
    return TransactionReported(EventKind.STARTED, NOON, token=IdToken("A"), meter_wh=Decimal(1000), evse_id=1)


def event(number: int, minutes: float, state: str | None, *samples: Sample) -> TransactionReported:
    """2.x's TransactionEvent: the first one starts the session."""
    kind = EventKind.UPDATED if number else EventKind.STARTED
    return TransactionReported(kind, at(minutes), "t", number, charging_state=state, evse_id=1, samples=samples)


def evidence_of(told: list[Message]) -> Evidence:
    """Each received two seconds after it was said."""
    return Evidence(UUID(int=1), "CP", "x", "1", tuple(Heard(n, came(one), one) for n, one in enumerate(told)))


def came(one: Message) -> datetime:
    """When a message came."""
    return (one.at if isinstance(one, TransactionReported) else max(each.at for each in one.samples)) + LAG


def whole(told: list[Message], now: datetime) -> tuple[Account, Running | None]:
    """From all the evidence."""
    evidence = evidence_of(told)
    folded = fold(evidence)
    found = work_out(evidence, folded, now)
    return found.account, go_along(evidence, folded, found)


def after(running: Running | None, *told: Message) -> Running | None:
    """From where it was, after these messages at once."""
    assert running is not None
    said = [
        Said(one.kind, one.at, came(one), one.seq_no, one.offline, one.charging_state, one.token is not None)
        for one in told
        if isinstance(one, TransactionReported)
    ]
    return go_on(running, said, [(came(one), each) for one in told for each in one.samples])


def seen(found: Account) -> Any:
    """All of an account but how finely its spans are cut."""
    assert found.usage is not None
    idle = sum((one.ends - one.begins for one in found.usage.spans if one.is_idle), timedelta())
    usage = (found.usage.started_at, found.usage.ended_at, found.usage.energy_wh, idle)
    return changed(found, usage=None), usage


grown = st.integers(0, 400) | st.just(0)
steps = st.lists(
    st.tuples(st.floats(0.2, 12), grown, st.integers(0, 20_000), st.integers(0, 3)), min_size=1, max_size=12
)


def story_16(given_steps: list[tuple[float, int, int, int]]) -> list[Message]:
    told: list[Message] = [start()]
    minute, register = 0.0, Decimal("1000.001")
    for lasting, more, power, what in given_steps:
        minute += lasting
        register += more + Decimal("0.003")
        values = [sample(minute, register), sample(minute, power, POWER)]
        has_register = what < 3 or len(told) == 1
        told.append(Metered(1, "1", tuple(values[: 1 + what % 2] if has_register else values[1:])))
    return told


STATES = (None, "Charging", "SuspendedEV", "SuspendedEVSE")


def story_2x(given_steps: list[tuple[float, int, int, int]]) -> list[Message]:
    told: list[Message] = [event(0, 0, "EVConnected", sample(0, 1000, context=BEGIN))]
    minute, register = 0.0, Decimal(1000)
    for number, (lasting, more, power, what) in enumerate(given_steps, 1):
        minute += lasting
        register += more
        told.append(event(number, minute, STATES[what], sample(minute, register), sample(minute, power, POWER)))
    return told


@given(steps, st.sampled_from([story_16, story_2x]), st.integers(1, 3))
def test_step_by_step_and_as_a_whole_come_to_the_same(
    given_steps: list[tuple[float, int, int, int]], story: Any, at_once: int
) -> None:
    told = story(given_steps)
    known = 2
    _, running = whole(told[:known], came(told[0]))
    while known < len(told):
        running = after(running, *told[known : known + at_once])
        known += at_once
    assert running is not None
    now = came(told[-1]) + timedelta(minutes=7)
    from_all, _ = whole(told, now)
    assert seen(account(running, now)) == seen(from_all)


def test_spans_are_joined_within_a_quarter_of_an_hour_and_not_across_it_nor_with_a_pause() -> None:
    told: list[Message] = [start(), *(Metered(1, "1", (sample(n, 1000 + 101 * min(n, 20)),)) for n in range(1, 41))]
    _, running = whole(told[:2], at(1))
    running = after(running, *told[2:])
    assert running is not None
    found = account(running, at(40)).usage
    assert found is not None
    spans = [((one.begins - NOON).seconds // 60, one.energy_wh, one.is_idle) for one in found.spans]
    assert spans == [(0, 1515, False), (15, 505, False), (20, 0, True), (30, 0, True)]


def test_what_the_car_gives_back_is_gone_on_with() -> None:
    told: list[Message] = [start(), *(Metered(1, "1", (sample(n, 2000), sample(n, 7 * n, EXPORT))) for n in (1, 5, 9))]
    _, running = whole(told[:2], at(1))
    running = after(after(running, told[2]), told[3])
    assert running is not None
    assert account(running, at(9)).exported_wh == whole(told, at(9))[0].exported_wh == 56


@pytest.mark.parametrize(
    "odd",
    [
        Metered(1, "1", (sample(9, 5000),)),  # older than the last one
        Metered(1, "1", (sample(11, 900),)),  # it falls
        Metered(1, "1", (sample(11, 6000, context="Transaction.End"),)),
        Metered(1, "1", (sample(11, 6000, location="Cable"),)),
        Metered(1, "1", (sample(11, 60, ENERGY_INTERVAL),)),  # the first of its kind
        TransactionReported(EventKind.ENDED, at(11), "1", meter_wh=Decimal(6000)),
    ],
)
def test_what_is_not_simply_the_next_reading_is_left_to_the_whole_evidence(odd: Message) -> None:
    _, running = whole([start(), Metered(1, "1", (sample(10, 5000),))], at(10))
    assert after(running, Metered(1, "1", (sample(11, 5100),))) is not None
    assert after(running, odd) is None


@pytest.mark.parametrize(
    "odd",
    [
        event(3, 11, None),  # number 2 is missing
        event(1, 11, None),  # it was there
        changed(event(2, 11, None), offline=True),
        changed(event(2, 11, None), token=IdToken("B")),
        changed(event(2, 9, "SuspendedEV")),
        changed(event(2, 11, None), kind=EventKind.ENDED),
        changed(event(2, 11, None), at=datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_2x_message_that_is_not_the_next_or_brings_something_new_is_left_to_the_whole_evidence(odd: Message) -> None:
    told: list[Message] = [event(0, 0, "Charging", sample(0, 1000)), event(1, 10, None, sample(10, 3000))]
    _, running = whole(told, at(10))
    assert after(running, event(2, 11, None)) is not None
    assert after(running, odd) is None


@pytest.mark.parametrize(
    "told",
    [
        [start(), Metered(1, "1", (sample(1, 5000),)), Metered(1, "1", (sample(2, 300),))],
        [start(), TransactionReported(EventKind.ENDED, at(5), "1", meter_wh=Decimal(2000))],
        [start(), Metered(1, "1", (sample(1, 5000, POWER),)), Metered(1, "1", (sample(2, 300, POWER),))],
        [event(0, 0, "Charging", sample(0, 1000)), event(2, 10, None, sample(10, 3000))],
    ],
)
def test_a_session_that_is_odd_over_or_not_read_is_worked_out_as_a_whole_each_time(told: list[Message]) -> None:
    assert whole(told, at(20))[1] is None
