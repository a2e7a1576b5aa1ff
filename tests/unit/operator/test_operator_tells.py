"""What people read of a fleet is how it stands, and not how it stood a look before."""

from operator_looks import spec_of
from toy_fleet import ToyFleet

from voltring_operator.drains import DrainPhase


def test_the_fleets_status_tells_of_a_drain_what_the_same_look_wrote_down_of_it() -> None:
    patience = {"stabilizationSeconds": 60, "cooldownSeconds": 300}
    fleet = ToyFleet(spec_of(replicas=3, scaleDown=patience, drain={"maxRate": 1, "limboWindow": 2}), 24)
    fleet.operate(60)
    fleet.operate(60)
    fleet.spec = fleet.spec.model_copy(update={"replicas": 2})
    told = set()
    for _ in range(40):
        fleet.operate(15)
        for drain in fleet.drains.values():
            if drain.is_active and drain.status.phase is not DrainPhase.PENDING:
                note = f": {drain.status.note}" if drain.status.note else ""
                told.add(fleet.status.message)
                assert fleet.status.message == f"slot 2 is {drain.status.phase} (ScaleDown){note}"
                assert fleet.status.drain.startswith(f"2 {drain.status.phase}")
    assert len(told) >= 3
    assert fleet.status.drain == ""
