"""What the rules work with: the command, what is known of its charger, and a fault."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from voltring_core.ocpp.versions import Version

Payload: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that must not be sent so: the field in dots, e.g. `chargingProfile.id`, and what to do about it."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Station:
    """What is known of a charger; None (or no entry) is not known, and no rule rests on it."""

    registration: str | None = None
    """Its last BootNotification's answer: Accepted, Pending, Rejected; `none` when it never booted."""
    connectors: int | None = None
    """1.6 NumberOfConnectors."""
    items: Mapping[str, int] = field(default_factory=dict)
    """The most entries in one message, by action (TR-26)."""
    octets: Mapping[str, int] = field(default_factory=dict)
    """The most bytes in one message, by action (2.x BytesPerMessage)."""
    list_entries: int | None = None
    """1.6 LocalAuthListMaxLength: the most tokens in its local list."""
    list_version: int | None = None
    """Of its local list; 0 is empty, -1 (1.6) not supported."""
    schedule_periods: int | None = None
    stack_level: int | None = None
    """The highest stackLevel that it takes."""
    rate_units: frozenset[str] | None = None
    """Of A and W."""
    phase_switching: bool | None = None
    purposes: frozenset[str] | None = None
    """2.1 SupportedAdditionalPurposes."""
    dynamic_profiles: bool | None = None
    highest_external_id: int | None = None
    """2.1 MaxExternalConstraintsId: the profile ids up to it are not the CSMS's."""
    security_profile: int | None = None
    downgrade_allowed: bool | None = None
    password_length: int | None = None
    """The most characters of BasicAuthPassword."""
    certificate_chain: int | None = None
    """The most characters of a chain that CertificateSigned brings."""
    file_schemes: frozenset[str] | None = None
    """In lower case: what it can download from and upload to."""
    unspecific_reservations: bool | None = None
    """Whether connector 0 (1.6) or no EVSE (2.x) can be reserved."""
    message_priorities: frozenset[str] | None = None
    message_formats: frozenset[str] | None = None
    message_states: frozenset[str] | None = None
    custom_triggers: frozenset[str] | None = None
    active_slots: frozenset[str] | None = None
    """2.1 NetworkConfigurationPriority: the slots in use."""
    tariff_elements: int | None = None
    open_requests: frozenset[int] = frozenset()
    """requestIds that reports of other open commands are still joined by."""
    open_starts: frozenset[int] = frozenset()
    """remoteStartIds of other open commands."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command whose payload keeps its schema."""

    version: Version
    action: str
    payload: Payload
    station: Station
    now: datetime

    @property
    def v16(self) -> bool:
        """Whether it speaks OCPP 1.6."""
        return self.version is Version.V16


Rule: TypeAlias = Callable[[Asked], Iterator[Fault]]
Rules: TypeAlias = Mapping[str, tuple[Rule, ...]]
"""Action -> its rules."""
