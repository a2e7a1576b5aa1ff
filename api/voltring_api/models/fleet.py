"""The fleet in numbers."""

from pydantic import Field

from voltring_api.models.base import Instant, Output


class Fault(Output):
    """A connector (or, with EVSE 0, a station) that is Faulted."""

    charger_id: str
    evse_id: int
    connector_id: int
    error_code: str | None
    at: Instant


class Node(Output):
    """A node that lives."""

    name: str
    uid: str
    connections: int
    draining: bool


class Fleet(Output):
    """The fleet in numbers, at most a second old."""

    total: int = Field(description="Chargers known, quarantined ones included.")
    online: int
    charging: int = Field(description="Chargers with a running transaction.")
    power_w: float = Field(description="W, of all running transactions.")
    by_node: dict[str, int] = Field(description="Online chargers by the node that holds them.")
    by_version: dict[str, int] = Field(description="Online chargers by OCPP version.")
    by_status: dict[str, int] = Field(description="Connectors by their latest status.")
    faults: list[Fault] = Field(description="What is Faulted, the newest first, at most 100.")
    quarantined: int
    active_transactions: int
    energy_today_wh: float = Field(
        description="Wh, of the transactions that began since midnight UTC; at most ten seconds old."
    )
    nodes: list[Node] = Field(description="The nodes that live; empty when Redis is away.")
