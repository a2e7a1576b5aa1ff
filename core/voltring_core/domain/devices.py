"""A charger's device model: OCPP 2.x component variables, and the configuration keys of 1.6 as variables of no
component."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Variable:
    """One attribute of one variable, as a charger told it. None: not told; what was known of it stays."""

    component: str
    variable: str
    component_instance: str = ""
    evse_id: int = 0
    connector_id: int = 0
    instance: str = ""
    attribute: str = "Actual"
    value: str | None = None
    mutability: str | None = None
    persistent: bool | None = None
    constant: bool | None = None
    characteristics: Mapping[str, Any] | None = None
    status: str | None = None
    """Of the last change that was asked for: Accepted, RebootRequired, Rejected ..."""
