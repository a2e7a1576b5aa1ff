"""Commands that change the password a charger logs on with, and what their answers leave of it (SE-03, SE-04)."""

from collections.abc import Iterator, Mapping
from typing import Any

from voltring_core.domain.answers import is_refusal
from voltring_core.ocpp.versions import Version

_KEY = "authorizationkey"
_VARIABLE = "basicauthpassword"
_COMPONENTS = frozenset({"securityctrlr", "networkconfiguration"})
"""2.1 has one password for all networks, and one for each slot."""


def new_password(version: Version, action: str, payload: Any) -> str | None:
    """The password that a command sets, as it is sent; None when it sets none.

    ChangeConfiguration(AuthorizationKey) of 1.6, SetVariables(BasicAuthPassword) of 2.x and
    SetNetworkProfile(basicAuthPassword) of 2.1. Names are compared without case, as chargers do.
    """
    asked = _object(payload)
    found: Any = None
    if version is Version.V16:
        if action == "ChangeConfiguration" and _word(asked.get("key")) == _KEY:
            found = asked.get("value")
    elif action == "SetVariables":
        for entry in _entries(asked, "setVariableData"):
            found = entry.get("attributeValue") if _is_password(entry) else found
    elif action == "SetNetworkProfile" and version is Version.V21:
        found = _object(asked.get("connectionData")).get("basicAuthPassword")
    return found if isinstance(found, str) and found else None


def is_kept(action: str, asked: Any, answer: Any) -> bool:
    """Whether the charger may have the new password after this answer: True but for a refusal.

    `asked` and `answer` are payloads; None as answer is a CALLERROR. Of SetVariables the password's own results
    count; an answer that says nothing of it leaves the password possible, for a wrong guess would lock the charger out.
    """
    if answer is None:
        return False
    told = _object(answer)
    if action == "SetVariables":
        results = list(_entries(told, "setVariableResult"))
        is_alone = len(list(_entries(_object(asked), "setVariableData"))) == 1
        told = {"setVariableResult": [one for one in results if is_alone or _is_password(one)]}
    return not is_refusal(action, told)


def _is_password(entry: Mapping[str, Any]) -> bool:
    component, variable = (_word(_object(entry.get(name)).get("name")) for name in ("component", "variable"))
    attribute = _word(entry.get("attributeType")) or "actual"
    return component in _COMPONENTS and variable == _VARIABLE and attribute == "actual"


def _entries(payload: Mapping[str, Any], field: str) -> Iterator[Mapping[str, Any]]:
    entries = payload.get(field)
    yield from (one for one in (entries if isinstance(entries, list) else ()) if isinstance(one, Mapping))


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _word(value: Any) -> str:
    return value.casefold() if isinstance(value, str) else ""
