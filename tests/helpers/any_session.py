"""Sessions as hypothesis imagines them, in OCPP 1.6 and 2.x, and what may become of their messages on the way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import strategies as st

from voltring_core.domain.evidence import Evidence, Heard
from voltring_core.domain.messages import EventKind, IdToken, Metered, Sample, TransactionReported
from voltring_core.domain.metering import BEGIN, END, ENERGY_REGISTER, POWER, SOC

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
UNITS = {ENERGY_REGISTER: "Wh", POWER: "W", SOC: "Percent"}


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def sample(value, minutes, measurand=ENERGY_REGISTER, context=None):
    return Sample(at(minutes), measurand, Decimal(value), UNITS[measurand], str(value), context=context)


@st.composite
def registers(draw):
    """What the meter shows from minute to minute: it rises, and may be reset or roll over on the way."""
    steps = draw(st.lists(st.integers(0, 5000), min_size=1, max_size=12))
    values = [draw(st.sampled_from([0, 1000, 98_000, 999_500]))]
    for step in steps:
        values.append((values[-1] + step) % draw(st.sampled_from([10**9, 10**9, 10**6])))
    if draw(st.booleans()):
        place = draw(st.integers(1, len(values)))
        values[place:] = [value - values[place] for value in values[place:]]
    return [max(value, 0) for value in values]


def measured(draw, value, minute):
    found = [sample(value, minute)]
    if draw(st.booleans()):
        found += [sample(draw(st.integers(0, 50_000)), minute, POWER), sample(draw(st.integers(0, 100)), minute, SOC)]
    return tuple(found)


@st.composite
def of_16(draw):
    """A session of OCPP 1.6 as it happens: start, readings, stop."""
    values = draw(registers())
    last = len(values) - 1
    card, none = IdToken("CARD"), ()
    story = [
        TransactionReported(EventKind.STARTED, at(0), None, evse_id=1, connector_id=1, token=card, meter_wh=values[0])
    ]
    story += [Metered(1, "7", measured(draw, value, minute)) for minute, value in enumerate(values[1:-1], 1)]
    if draw(st.booleans()):
        data = (sample(values[-1], last, context=END),) if draw(st.booleans()) else none
        story.append(
            TransactionReported(
                EventKind.ENDED,
                at(last),
                "7",
                token=draw(st.sampled_from([None, card])),
                meter_wh=values[-1],
                samples=data,
            )
        )
    return "1.6", story


@st.composite
def of_2x(draw):
    """A session of OCPP 2.x as it happens; its numbers begin anywhere, its end may be still to come."""
    values = draw(registers())
    base, last = draw(st.integers(0, 90)), len(values) - 1
    states = st.sampled_from([None, "Charging", "SuspendedEV", "EVConnected"])
    story = []
    for minute, value in enumerate(values):
        is_end = minute == last and draw(st.booleans())
        kind = EventKind.STARTED if minute == 0 else EventKind.ENDED if is_end else EventKind.UPDATED
        context = BEGIN if minute == 0 else END if is_end else None
        read = (sample(value, minute, context=context), *measured(draw, value, minute)[1:])
        story.append(
            TransactionReported(
                kind,
                at(minute),
                "t",
                base + minute,
                offline=draw(st.booleans()),
                charging_state=draw(states),
                evse_id=draw(st.sampled_from([None, 1])),
                connector_id=draw(st.sampled_from([None, 1])),
                token=draw(st.sampled_from([None, IdToken("CARD"), IdToken("OTHER")])),
                samples=draw(st.sampled_from([read, read, ()])),
                reason="Local" if is_end else None,
                reservation_id=draw(st.sampled_from([None, 4])),
            )
        )
    return "2.0.1", story


@st.composite
def conflicting(draw):
    """... of a charger that gives one number to two messages."""
    version, story = draw(of_2x())
    place = draw(st.integers(0, len(story) - 1))
    other = replace(story[place], charging_state="SuspendedEVSE", at=at(place + draw(st.sampled_from([0, 0.5]))))
    return version, [*story, replace(other, kind=EventKind.UPDATED)]


def evidence(version, heard):
    return Evidence(UUID(int=1), "CP", version, "t" if version != "1.6" else "7", tuple(heard))


def as_it_happened(version, story):
    """The clean order: each message received when it was said."""
    return evidence(version, [Heard(number, moment(one), one) for number, one in enumerate(story)])


def moment(said):
    return said.at if isinstance(said, TransactionReported) else said.samples[0].at


def arrived(draw, version, story):
    """The same messages, in any order, some of them twice, all of them late by up to a day."""
    copies = draw(st.lists(st.sampled_from(story), max_size=4))
    order = draw(st.permutations([*story, *copies]))
    now, heard = max(map(moment, story)), []
    for number, said in enumerate(order):
        now += timedelta(minutes=draw(st.integers(0, 60)))
        heard.append(Heard(number, now, said))
    return evidence(version, heard)
