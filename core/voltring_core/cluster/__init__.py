"""Redis: who owns which charger, which nodes live, doorbells between API and nodes, and the live feed.

Read `keys.py` first. Redis only routes and wakes: it may lose all it has, and nothing but time is lost; the truth
is in PostgreSQL (`store`). Only commands of Redis 7.0; scripts by EVALSHA, one `.lua` file each, each within one
hash slot. May import: errors, domain, ocpp, settings, runtime, metrics.
"""
