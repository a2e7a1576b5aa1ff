"""Who may do what: the whole policy of the API, by method and path.

    viewer      reads everything but API keys
    operator    ... and sends commands, changes chargers and id tokens
    admin       ... and deletes, takes charges back, and manages API keys
It is applied before routing, so that no route can forget it.
"""

import re
from enum import StrEnum

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
KEYS = "/v1/api-keys"
QUOTE = "/v1/tariffs/quote"
CREDIT = re.compile(r"/v1/cdrs/[^/]+/credit")


class Role(StrEnum):
    """What a key may do; each role includes the ones before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Whether this role is enough where `needed` is asked."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


def is_guarded(path: str) -> bool:
    """Whether a path asks for a key at all; the documentation and the dashboard don't."""
    return path == "/v1" or path.startswith("/v1/")


def needed_role(method: str, path: str) -> Role:
    """The least role for a request under `/v1`."""
    if path == KEYS or path.startswith(f"{KEYS}/") or method == "DELETE":
        return Role.ADMIN
    if CREDIT.fullmatch(path) and method not in SAFE:
        return Role.ADMIN
    if path == QUOTE:
        return Role.VIEWER  # it only reckons
    return Role.VIEWER if method in SAFE else Role.OPERATOR
