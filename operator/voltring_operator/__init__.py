"""Kubernetes: the fleet's size, drains, upgrades and rebalances, as `OcppFleet` and `OcppDrain`.

Read `planning.py` first: what is observed (`model.py`) goes in, what is to be done (`actions.py`) comes out. These
decide, without I/O and without a clock:

    spec.py, drains.py, report.py      what is wanted; what goes on; what the nodes say of themselves
    assessing.py                       how the fleet is, and what is not known of it
    scaling.py, watching.py            how many nodes
    draining.py, finalising.py         one operation on one slot, step by step
    upgrading.py, rebalancing.py       which slot is next, and why
    operations.py                      one at a time: what is begun
    manifests.py, reporting.py         the StatefulSet; status, conditions and events

These ask and act:

    app.py, handlers.py                the loop; kopf's watches, which wake it
    kube.py, logins.py                 Kubernetes' API, by preconditions; one login for all who ask at the same time
    lease.py                           which of several operators acts
    observing.py, reading.py, nodes.py what is observed
    measuring.py                       its metrics, and the fleets' as it saw them last
    carrying.py                        what is planned is carried out

May import voltring_core; no other room.
"""
