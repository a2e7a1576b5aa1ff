"""What happens at an outlet: cars come, charge and leave.

    IDLE      arrive               PLUGGED     the driver presents a card after a while
    PLUGGED   card accepted        CHARGING    transaction starts, power flows a little later
    PLUGGED   card refused         FINISHING
    IDLE      remote start         AWAITED     transaction starts, the driver plugs in soon
    PLUGGED   remote start         CHARGING
    AWAITED   arrive               CHARGING
    CHARGING  stop (any reason)    FINISHING   transaction ends
    AWAITED   stop (any reason)    IDLE
    FINISHING unplug               IDLE

Timers (`Station.set`): arrive, card, energize, tick, depart, unplug, reserved.
"""

from math import inf

from voltring_loadtest import smart
from voltring_loadtest.car import Car, arriving
from voltring_loadtest.evse import ChargingState, Evse, Phase, Session, Stop, Token
from voltring_loadtest.meter import Reading
from voltring_loadtest.station import ACCEPTED, Station

LONGEST_TICK = 30.0  # seconds; how late a new period of a charging profile may act
CARD_AGAIN = 10.0
FIRST_SAMPLE = 3.0  # seconds after the first power


def open_up(station: Station, now: float) -> None:
    """The station was accepted for the first time: plan the first car of every outlet."""
    busy = station.profile.outlet_busy(len(station.evses))
    for evse in station.evses:
        if station.rng.random() < busy:
            station.set("arrive", evse.number, now + station.draw(station.profile.first_arrival))
        else:
            plan_arrival(station, evse, now)


def plan_arrival(station: Station, evse: Evse, now: float) -> None:
    """The next car comes after the pause."""
    if station.profile.busy > 0 and not station.closing:
        pause = station.profile.pause(len(station.evses), station.rng)
        station.set("arrive", evse.number, now + pause)


def can_serve(station: Station, evse: Evse) -> bool:
    """Whether a car may begin here."""
    is_updating = station.firmware is not None and station.firmware.said != "Idle"
    blocked = station.closing or station.reset_when_idle or is_updating
    return evse.operative and station.operative and station.ever_accepted and not blocked


def arrive(station: Station, evse: Evse, now: float) -> None:
    """A car plugs in."""
    if evse.phase is Phase.AWAITED:
        evse.phase = Phase.CHARGING
        _park(station, evse)
        assert evse.session is not None
        evse.session.state = ChargingState.EV_CONNECTED
        announce(station, evse, now)
        station.dialect.updated(station, evse, "CablePluggedIn", reading(station, evse, now), now)
        station.set("energize", evse.number, now + station.draw(station.profile.energize))
    elif evse.phase is Phase.IDLE and can_serve(station, evse):
        evse.phase = Phase.PLUGGED
        _park(station, evse)
        announce(station, evse, now)
        station.set("card", evse.number, now + station.draw(station.profile.card))
    elif evse.phase is Phase.IDLE:
        plan_arrival(station, evse, now)


def present_card(station: Station, evse: Evse, now: float) -> None:
    """The driver holds a card to the reader; a driver who reserved the outlet holds the reserved one."""
    if evse.phase is not Phase.PLUGGED:
        return
    text = evse.reservation.token if evse.reservation else station.rng.choice(station.profile.id_tokens)
    evse.token = Token(text)
    if station.is_accepted:
        station.dialect.authorize(station, evse)
    elif text in (station.known_tokens or ()):
        begin(station, evse, evse.token, now)
        return
    station.set("card", evse.number, now + CARD_AGAIN + station.profile.call_timeout)


def card_answered(station: Station, evse: Evse, status: str | None, now: float) -> None:
    """The CSMS answered Authorize; None stands for an answer that helps nobody."""
    if evse.phase is not Phase.PLUGGED or evse.token is None:
        return
    if status == ACCEPTED:
        station.remember(evse.token.text)
        begin(station, evse, evse.token, now)
    else:
        leave(station, evse, now)


def begin(station: Station, evse: Evse, token: Token, now: float, remote_start_id: int | None = None) -> None:
    """Start a transaction; without a car (a remote start) the driver plugs in soon."""
    has_car = evse.phase is Phase.PLUGGED
    evse.phase = Phase.CHARGING if has_car else Phase.AWAITED
    evse.token = None
    evse.session = Session(
        token=token,
        transaction_id=station.new_id(now),
        started_at=now,
        start_wh=int(evse.meter.register_wh),
        state=ChargingState.EV_CONNECTED if has_car else ChargingState.IDLE,
        remote_start_id=remote_start_id,
    )
    _use_reservation(station, evse, token)
    station.clear_outlet(evse.number)
    announce(station, evse, now)
    station.dialect.started(station, evse, now)
    next_step, span = ("energize", station.profile.energize) if has_car else ("arrive", station.profile.card)
    station.set(next_step, evse.number, now + station.draw(span))


def energize(station: Station, evse: Evse, now: float) -> None:
    """Power begins to flow."""
    session = evse.session
    if evse.phase is not Phase.CHARGING or session is None or evse.car is None:
        return
    session.energized_at = evse.meter.at = now
    # The first sample comes early, as at most chargers: somebody is watching.
    session.sampled_at = now - max(0.0, station.meter_interval - FIRST_SAMPLE)
    session.state = ChargingState.CHARGING
    _follow(station, evse, now)
    announce(station, evse, now)
    station.dialect.updated(station, evse, "ChargingStateChanged", reading(station, evse, now), now)
    station.set("depart", evse.number, now + evse.car.stay_seconds)
    _plan_tick(station, evse, now)


def tick(station: Station, evse: Evse, now: float) -> None:
    """Let time pass at a charging outlet: state changes, and the sample that is due."""
    session = evse.session
    if session is None or session.energized_at is None:
        return
    refresh(station, evse, now)
    if now >= _sample_due(station, session):
        session.sampled_at = now
        station.dialect.updated(station, evse, "MeterValuePeriodic", reading(station, evse, now), now)
    _plan_tick(station, evse, now)


def refresh(station: Station, evse: Evse, now: float, trigger: str = "ChargingStateChanged") -> None:
    """Bring the meter to `now`, and tell the CSMS when the charging state changed."""
    session = evse.session
    if session is None or session.energized_at is None:
        return
    before = session.state
    _follow(station, evse, now)
    if session.state is not before:
        announce(station, evse, now)
        station.dialect.updated(station, evse, trigger, reading(station, evse, now), now)


def limits_changed(station: Station, now: float) -> None:
    """Charging profiles were set or cleared: all outlets follow at once."""
    for evse in station.sessions():
        before = evse.meter.power_w
        session = evse.session
        if session is None or session.energized_at is None:
            continue
        state = session.state
        refresh(station, evse, now)
        if session.state is state and abs(evse.meter.power_w - before) > 100:
            station.dialect.updated(station, evse, "ChargingRateChanged", reading(station, evse, now), now)


def depart(station: Station, evse: Evse, now: float) -> None:
    """The driver is back: mostly with the card, sometimes just pulling the plug at the car."""
    stop(station, evse, Stop.LOCAL if station.rng.random() < 0.8 else Stop.EV_DISCONNECTED, now)


def stop(station: Station, evse: Evse, why: Stop, now: float) -> None:
    """End the transaction of an outlet, if there is one."""
    session = evse.session
    if session is None:
        return
    _follow(station, evse, now)
    evse.meter.power_w = 0.0
    session.state = ChargingState.EV_CONNECTED if evse.phase is Phase.CHARGING else ChargingState.IDLE
    evse.phase = Phase.FINISHING if evse.phase is Phase.CHARGING else Phase.IDLE
    if why is Stop.EV_DISCONNECTED:
        evse.phase, session.state = Phase.IDLE, ChargingState.IDLE
    station.clear_outlet(evse.number)
    session.is_over = True
    station.dialect.ended(station, evse, why, reading(station, evse, now), now)
    station.limits = [old for old in station.limits if old.purpose != smart.TX or old.evse != evse.number]
    evse.session = None
    if evse.phase is Phase.FINISHING:
        announce(station, evse, now)
        station.set("unplug", evse.number, now + station.draw(station.profile.unplug))
    else:
        become_idle(station, evse, now)


def leave(station: Station, evse: Evse, now: float) -> None:
    """The driver gives up before a transaction began."""
    station.clear_outlet(evse.number)
    evse.phase = Phase.FINISHING
    evse.token = None
    announce(station, evse, now)
    station.set("unplug", evse.number, now + station.draw(station.profile.unplug))


def become_idle(station: Station, evse: Evse, now: float) -> None:
    """The car is gone."""
    evse.phase = Phase.IDLE
    evse.car = evse.token = None
    station.clear_outlet(evse.number)
    if evse.closes_when_idle:
        evse.closes_when_idle, evse.operative = False, False
    announce(station, evse, now)
    plan_arrival(station, evse, now)


def announce(station: Station, evse: Evse, now: float) -> None:
    """Tell the CSMS an outlet's status, if it heard another one last."""
    status = station.dialect.status_of(evse)
    if status != evse.told and station.is_accepted:
        evse.told = status
        station.dialect.status(station, evse, now)


def reading(station: Station, evse: Evse, now: float) -> Reading:
    """What the meter of an outlet shows; the car tells its state of charge on DC."""
    hardware, car, session = station.hardware, evse.car, evse.session
    phases = car.phases if car else hardware.phases
    voltage = round(hardware.voltage * station.rng.uniform(0.99, 1.01), 1)
    soc = car.soc_at(session.delivered_wh) if car and session and hardware.is_dc else None
    return Reading(
        at=now,
        register_wh=int(evse.meter.register_wh),
        power_w=round(evse.meter.power_w, 1),
        voltage=voltage,
        current_a=round(evse.meter.power_w / (voltage * max(phases, 1)), 2),
        phases=phases,
        soc_percent=None if soc is None else round(soc, 1),
    )


def view(station: Station, evse: Evse) -> smart.View:
    """An outlet as charging profiles see it."""
    hardware, session = station.hardware, evse.session
    phases = evse.car.phases if evse.car else hardware.phases
    start = session.started_at if session else None
    return smart.View(evse.number, start, phases, hardware.voltage, max(1, len(station.sessions())))


def _follow(station: Station, evse: Evse, now: float) -> None:
    """Integrate the meter up to `now` and set the charging state that results."""
    session, car = evse.session, evse.car
    if session is None or car is None or session.energized_at is None:
        return
    seen, before, since = view(station, evse), session.delivered_wh, session.energized_at

    def allowed(at: float) -> float:
        watts = smart.limit_w(station.limits, seen, at) if station.limits else inf
        return 0.0 if smart.is_pause(watts, seen) else watts

    def power(at: float, energy: float) -> float:
        return min(car.demand_w(before + energy, at - since), allowed(at))

    delivered = evse.meter.advance(now, power, max(0.0, car.wanted_wh - session.delivered_wh))
    session.delivered_wh += delivered
    station.energy_wh += delivered
    session.state = _state(session, car, allowed(now))


def _state(session: Session, car: Car, allowed: float) -> ChargingState:
    if car.is_full(session.delivered_wh):
        return ChargingState.SUSPENDED_EV
    return ChargingState.SUSPENDED_EVSE if allowed <= 0 else ChargingState.CHARGING


def _plan_tick(station: Station, evse: Evse, now: float) -> None:
    assert evse.session is not None
    station.set("tick", evse.number, min(_sample_due(station, evse.session), now + LONGEST_TICK))


def _sample_due(station: Station, session: Session) -> float:
    return session.sampled_at + (station.meter_interval or inf)


def _park(station: Station, evse: Evse) -> None:
    profile = station.profile
    evse.car = arriving(station.hardware, profile.session_seconds, profile.ramp, station.rng)


def _use_reservation(station: Station, evse: Evse, token: Token) -> None:
    if evse.reservation and evse.reservation.token == token.text:
        assert evse.session is not None
        evse.session.reservation_id = evse.reservation.id
        evse.reservation = None
        station.clear("reserved", evse.number)
