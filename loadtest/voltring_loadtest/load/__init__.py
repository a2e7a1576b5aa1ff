"""`voltring loadtest`: thousands of simulated chargers by locust, what they got checked, and a verdict.

Read `course.py` first: what a load test does when. Two processes of two kinds never mix:

    gevent, once       cli ─▶ conduct: locust's runner, shape, web UI, CSV and HTML; crew: a User is a shard of
                       chargers; operators: REST commands; restarts: nodes restarted from here
    asyncio, each      shard: up to some hundred chargers on one wheel; seats: their sockets, watched by `watching`
                       shard ─▶ batches over a pipe ─▶ crew ─▶ locust's statistics and `recorder`

    trial, profiles    what was asked for; what the profiles are made of
    course             pure: the stages of a run by time and by what is connected
    watching           pure: what one charger wrote and read, judged
    batches            what a shard tells, on the wire
    recorder, ledger   figures over time; commands that were sent and executed
    orders             pure: which command is sent next
    verdict            pure: figures against limits
    plots, page        the report: PNG and HTML
    aims               where to, if nobody says: a `voltring up` of this machine; who may be loaded
    preparing          cards and chargers, over the REST API

`import locust` patches the whole process: only `conduct`, `crew` and `operators` import it, and nothing imports those
but the command itself, in its function. `cli` and all that it imports at its top import neither ssl nor asyncio.
"""
