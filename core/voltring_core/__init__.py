"""What every room of Voltring shares.

Read `domain/` first (what the system means), then `ocpp/` (how chargers say it), then `cluster/` and `store/`
(where it is kept). Imports go one way: errors < domain < ocpp < saying, tracing < settings, runtime, logs, metrics <
cluster, store < testing < rooms. `domain` and `ocpp` do no I/O and read no clock; import-linter keeps all of this.
"""
