"""How this replica is: what its admin port says (`voltring_core.admin`)."""

from typing import Any

from voltring_api.parts import Parts
from voltring_core.store.database import is_ready


class Health:
    """Looks at what the replica needs."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def is_ready(self) -> bool:
        """Whether requests can be served: PostgreSQL answers and the API is not stopping. Redis makes it quicker."""
        return not self._parts.stopping.is_set() and await is_ready(self._parts.pool)

    async def status(self) -> dict[str, Any]:
        """The status document."""
        postgres = await is_ready(self._parts.pool)
        return {
            "room": "api",
            "ready": postgres and not self._parts.stopping.is_set(),
            "stopping": self._parts.stopping.is_set(),
            "postgres": postgres,
            "redis": not (await self._parts.presence.live()).unsure,
        }
