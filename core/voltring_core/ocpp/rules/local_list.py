"""Functional block D (1.6: Local Auth List Management)."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from voltring_core.ocpp.rules.checks import at_least, filled, repeated
from voltring_core.ocpp.rules.facts import Asked, Fault, Rules
from voltring_core.ocpp.rules.remote_control import token

_LIST = "localAuthorizationList"


def version(asked: Asked) -> Iterator[Fault]:
    """The version is 1 or more; a differential one is higher than the one that is known."""
    name = "listVersion" if asked.v16 else "versionNumber"
    known, wanted = asked.station.list_version, asked.payload[name]
    yield from at_least(asked.payload, 1, name)
    if known == -1:
        yield Fault("", "this charger has no local list: don't send one")
    elif asked.payload["updateType"] == "Full" or known is None:
        return
    elif wanted <= known:
        yield Fault(name, f"is {wanted}, and this charger's list has version {known}: give {known + 1} or more")


def entries(asked: Asked) -> Iterator[Fault]:
    """No token twice, and in a full list none to be removed."""
    rows = asked.payload.get(_LIST, ())
    most = asked.station.list_entries
    if most is not None and len(rows) > most:
        yield Fault(_LIST, f"has {len(rows)} entries, and this charger keeps {most}: leave some out")
    for place in repeated(_named(asked, row) for row in rows):
        yield Fault(f"{_LIST}.{place}", "is a token that the list has already: leave it out")
    info = "idTagInfo" if asked.v16 else "idTokenInfo"
    for place, row in enumerate(rows):
        at = f"{_LIST}.{place}."
        if asked.payload["updateType"] == "Full" and info not in row:
            said = "is missing: a Full list says what each token may do; tokens that it leaves out are gone"
            yield Fault(f"{at}{info}", said)
        yield from filled(row, "idTag", at=at) if asked.v16 else token(row["idToken"], f"{at}idToken.")


def _named(asked: Asked, row: Mapping[str, Any]) -> tuple[str, str]:
    if asked.v16:
        return str(row["idTag"]).casefold(), ""
    return str(row["idToken"]["idToken"]).casefold(), str(row["idToken"]["type"])


RULES: Rules = MappingProxyType({"SendLocalList": (version, entries)})
