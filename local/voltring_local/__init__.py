"""`voltring up`: all of Voltring on one machine, from one command, with nothing left behind.

What lives here: embedded PostgreSQL and Valkey, the rooms and the simulated chargers as processes, kept running
and stopped in order. May import voltring_core and the standard library, click, rich; the rooms are known by their
commands alone. Read `launch.py` first: the story from start to stop. Then, from the outside in:

    cli      the command line            up         directory and ports are taken before anything runs
    plan     pure: which processes       supervisor, keeper    start, watch, restart, stop them
    children, probes  a process as a value, and how one sees that it is ready
    lifeline, child/  how a process is started so that it can't outlive the launcher, and is never root's PostgreSQL
    backing, postgres, valkey  the servers behind      servers    the same for tests, blocking, in a `with` block
"""
