"""The versions of OCPP spoken here, and how a charger chooses one (TR-04, TR-05)."""

from collections.abc import Iterable
from enum import StrEnum


class Version(StrEnum):
    """A version of OCPP, as operators write it."""

    V16 = "1.6"
    V201 = "2.0.1"
    V21 = "2.1"

    @property
    def subprotocol(self) -> str:
        """The WebSocket subprotocol, e.g. `ocpp2.0.1`."""
        return f"ocpp{self.value}"

    @property
    def is_2x(self) -> bool:
        """Whether this is 2.0.1 or 2.1, which share most of their rules."""
        return self is not Version.V16


BY_SUBPROTOCOL = {version.subprotocol: version for version in Version}


def choose(offered: Iterable[str]) -> Version | None:
    """The first subprotocol of the charger's list that is spoken here; None when there is none (TR-05)."""
    return next((BY_SUBPROTOCOL[name] for name in offered if name in BY_SUBPROTOCOL), None)
