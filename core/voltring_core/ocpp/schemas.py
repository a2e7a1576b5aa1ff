"""The official JSON schemas, compiled once each, when first used.

The files are those of PyPI `ocpp`; the checks run in jsonschema-rs, formats included. What breaks a schema comes
back as `Violation`s with the error code that the specifications give it (TR-20).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import jsonschema_rs
import orjson

from voltring_core.ocpp.codes import Code
from voltring_core.ocpp.versions import Version

Kind = Literal["request", "response"]
_FOLDER = {Version.V16: "v16", Version.V201: "v201", Version.V21: "v21"}
_CODES = {
    "required": Code.OCCURRENCE,
    "minItems": Code.CARDINALITY,
    "maxItems": Code.CARDINALITY,
    "type": Code.TYPE,
    "additionalProperties": Code.FORMAT,
    "format": Code.FORMAT,
}
# Everything else is a value out of its range: enum, maxLength, minimum, multipleOf, pattern ...


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong in a payload."""

    path: tuple[str | int, ...]
    keyword: str
    message: str
    code: Code

    @property
    def field(self) -> str:
        """The path in dots, e.g. `chargingSchedule.0.duration`; empty for the payload itself."""
        return ".".join(str(part) for part in self.path)


@cache
def schema(version: Version, action: str, kind: Kind = "request") -> dict[str, Any] | None:
    """The schema of one payload, or None where the specification has none."""
    request = "" if version is Version.V16 else "Request"
    name = f"{action}{request if kind == 'request' else 'Response'}.json"
    # NotifyPeriodicEventStream is the one file of 2.1 without a suffix: it has no response.
    for candidate in (name, f"{action}.json") if kind == "request" else (name,):
        if (text := _texts(version).get(candidate)) is not None:
            found = orjson.loads(text)
            assert isinstance(found, dict)
            return found
    return None


def read_all() -> None:
    """Have all schemas in memory: a message must not need a file, when there may be none to open."""
    for version in Version:
        _texts(version)


@cache
def _texts(version: Version) -> dict[str, str]:
    """The schemas of a version by the names of their files."""
    folder = _library() / _FOLDER[version] / "schemas"
    return {file.name: file.read_text(encoding="utf-8-sig") for file in folder.glob("*.json")}


@cache
def _library() -> Path:
    """Where PyPI `ocpp` is; found without importing it, which would cost every process some megabytes."""
    spec = find_spec("ocpp")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


@cache
def _validator(version: Version, action: str, kind: Kind) -> jsonschema_rs.Draft7Validator | None:
    found = schema(version, action, kind)
    return None if found is None else jsonschema_rs.Draft7Validator(found, validate_formats=True)


def is_valid(version: Version, action: str, payload: dict[str, Any], kind: Kind = "request") -> bool:
    """Whether the payload keeps its schema; False for an action without one."""
    validator = _validator(version, action, kind)
    return validator is not None and validator.is_valid(payload)


def violations(version: Version, action: str, payload: dict[str, Any], kind: Kind = "request") -> list[Violation]:
    """What is wrong in a payload, the missing fields by name."""
    validator = _validator(version, action, kind)
    if validator is None:
        return [Violation((), "action", f"{action} has no {kind} in OCPP {version}", Code.NOT_IMPLEMENTED)]
    return [found for error in validator.iter_errors(payload) for found in _read(error)]


def _read(error: jsonschema_rs.ValidationError) -> Iterator[Violation]:
    path = tuple(error.instance_path)
    keyword = str(error.schema_path[-1]) if error.schema_path else "schema"
    code = _CODES.get(keyword, Code.PROPERTY)
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
        for name in error.kind.unexpected:
            yield Violation((*path, name), keyword, "is not a field of this message", code)
    elif isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
        yield Violation((*path, error.kind.property), keyword, "is missing", code)
    else:
        yield Violation(path, keyword, error.message, code)
