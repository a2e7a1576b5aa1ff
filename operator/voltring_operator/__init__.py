"""Kubernetes: the fleet's size, drains and upgrades, as `OcppFleet` and `OcppDrain` (kopf).

The room exists and imports; what it does comes with the chart. May import voltring_core; no other room.
"""
