"""SetNetworkProfile and the slots it fills (B09, SE-09, SE-10)."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from voltring_core.ocpp.rules.checks import at_least, split_url
from voltring_core.ocpp.rules.facts import Asked, Fault
from voltring_core.ocpp.rules.passwords import password

_VERSIONS = MappingProxyType({"OCPP16": "1.6", "OCPP20": "2.0.1", "OCPP201": "2.0.1", "OCPP21": "2.1"})
_IDENTITY = re.compile(r"[A-Za-z0-9*\-_=+|@.]+\Z")
_TLS_FROM = 2


def network_profile(asked: Asked) -> Iterator[Fault]:
    """A slot that the charger could come back by: OCPP-J, a version and a URL that this CSMS serves."""
    data, at = asked.payload["connectionData"], "connectionData."
    yield from at_least(asked.payload, 0, "configurationSlot")
    yield from at_least(data, 1, "messageTimeout", at=at)
    if data["ocppTransport"] != "JSON":
        yield Fault(f"{at}ocppTransport", "is SOAP, which OCPP 2.x does not have: give JSON")
    if data.get("ocppVersion", "OCPP21") not in _VERSIONS:
        yield Fault(f"{at}ocppVersion", f"is {data['ocppVersion']}, which is SOAP: give one of {', '.join(_VERSIONS)}")
    yield from _url(data, at)
    yield from _profile(asked, data["securityProfile"], f"{at}securityProfile")
    yield from _credentials(asked, data, at)


def _url(data: Mapping[str, Any], at: str) -> Iterator[Fault]:
    parts = split_url(data["ocppCsmsUrl"])
    if parts is None or parts.scheme not in {"ws", "wss"}:
        yield Fault(f"{at}ocppCsmsUrl", "is no WebSocket URL: begin it with wss:// (or ws:// for security profile 1)")
    elif parts.scheme == "ws" and data["securityProfile"] >= _TLS_FROM:
        yield Fault(f"{at}ocppCsmsUrl", f"is not encrypted: security profile {data['securityProfile']} needs wss://")


def _profile(asked: Asked, wanted: int, field: str) -> Iterator[Fault]:
    """Never lower than now, but from 3 to 2 where the charger allows it (2.1 AllowSecurityProfileDowngrade)."""
    now = asked.station.security_profile
    if wanted not in {1, 2, 3}:
        yield Fault(field, f"is {wanted}: give 1, 2 or 3")
    elif now is not None and wanted < now and not (wanted == _TLS_FROM and asked.station.downgrade_allowed):
        yield Fault(field, f"is lower than {now}, which the charger has now: a charger refuses that")


def _credentials(asked: Asked, data: Mapping[str, Any], at: str) -> Iterator[Fault]:
    if "basicAuthPassword" in data:
        yield from password(asked, data["basicAuthPassword"], f"{at}basicAuthPassword")
    if "identity" in data and not _IDENTITY.match(data["identity"]):
        yield Fault(f"{at}identity", "is no charger's identity: give letters, digits and * - _ = + | @ . only")


def slot_in_use(asked: Asked, entry: Mapping[str, Any], at: str) -> Iterator[Fault]:
    """2.1 B09.FR.21: variables of a slot in the priority list are not set; another slot is, then the list."""
    component = entry["component"]
    slot = component.get("instance")
    if component["name"].casefold() == "networkconfiguration" and slot in (asked.station.active_slots or ()):
        said = f"is the network slot {slot}, which is in use: fill another slot, then NetworkConfigurationPriority"
        yield Fault(f"{at}component.instance", said)
