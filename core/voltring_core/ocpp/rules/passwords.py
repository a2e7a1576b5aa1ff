"""Passwords and security profiles: what a charger must be able to authenticate with (SE-03, SE-09)."""

from collections.abc import Iterator, Mapping
from typing import Any

from voltring_core.ocpp.rules.facts import Asked, Fault
from voltring_core.ocpp.versions import Version

SHORTEST, LONGEST = 16, 64
_LONGEST_16 = 40
_LONGEST_201 = 40
"""Of 2.0.1 before its errata; longer only where the charger's maxLimit says so."""


def authorization_key(asked: Asked) -> Iterator[Fault]:
    """1.6 whitepaper: AuthorizationKey is 16 to 20 bytes, told as 32 to 40 hexadecimal digits; some chargers take the
    key as text (SE-03)."""
    value = asked.payload["value"]
    if asked.payload["key"].casefold() != "authorizationkey":
        return
    if not SHORTEST <= len(value) <= _LONGEST_16:
        said = (
            "give 16 to 20 bytes as 32 to 40 hexadecimal digits, or as 16 to 40 characters where a charger takes text"
        )
        yield Fault("value", f"is no AuthorizationKey: {said}")


def security_profile_key(asked: Asked) -> Iterator[Fault]:
    """1.6 whitepaper: SecurityProfile is 1, 2 or 3, or 0 where there is none yet, and is never lowered."""
    if asked.payload["key"].casefold() != "securityprofile":
        return
    value = asked.payload["value"].strip()
    if value not in {"0", "1", "2", "3"}:
        yield Fault("value", "is no SecurityProfile: give 1, 2 or 3")
    elif asked.station.security_profile is not None and int(value) < asked.station.security_profile:
        yield Fault("value", f"is lower than the charger has now: give {asked.station.security_profile} or more")


def password_variable(asked: Asked, entry: Mapping[str, Any], at: str) -> Iterator[Fault]:
    """2.x: the value of SecurityCtrlr.BasicAuthPassword."""
    named = entry["component"]["name"].casefold(), entry["variable"]["name"].casefold()
    if named == ("securityctrlr", "basicauthpassword"):
        yield from password(asked, entry["attributeValue"], f"{at}attributeValue")


def password(asked: Asked, value: str, field: str) -> Iterator[Fault]:
    """A password of 2.x: 16 characters to what the charger takes, 40 (2.0.1) or 64 where it did not say."""
    usual = _LONGEST_201 if asked.version is Version.V201 else LONGEST
    longest = min(asked.station.password_length or usual, LONGEST)
    if not SHORTEST <= len(value) <= longest:
        yield Fault(field, f"has {len(value)} characters: give a password of {SHORTEST} to {longest}")
