"""Simulated chargers: for demos, for tests and for load.

Read `charger.py` first: a whole charging station without I/O, clock or global randomness; state and `now` go in,
frames and the next wake-up time come out. Around it, one idea a file:

    profile, hardware, car, meter     what the installation and its drivers are like, and the physics
    station, outbox, evse             the station's state; its queue of messages; one outlet
    sessions                          what happens at an outlet: the transition table is at its top
    v16_*, v2x_*                      each version's messages, answers and settings
    answers, smart, jobs              what the answers of all versions share; charging profiles; firmware and logs
    target, backoff, link             the thin edge: where to, how long to wait, one WebSocket
    wheel, swarm                      many chargers in one process
    report, cli                       what `voltring simulate` prints and takes

May import voltring_core (errors, domain, ocpp, runtime), never another room. Only link, wheel, swarm and cli do
I/O or read a clock.
"""
