"""Every error that Voltring raises on purpose, in one tree.

VoltringError
├── SettingsError            a setting is missing or wrong: the start is stopped
├── SchemaOutdated           the database lacks migrations: run `voltring migrate`
├── OcppError                the peer's OCPP message can't be served; carries the error code of its version
├── CallFailed               a CALL of ours has no usable answer
│   ├── CallRefused          ... the charger answered with CALLERROR
│   ├── CallTimedOut         ... no answer within the time
│   └── ConnectionGone       ... the socket closed first
└── RequestError             an API request can't be served; carries the HTTP status
    ├── NotFound             404
    ├── Conflict             409
    ├── Unprocessable        422
    ├── TooMany              429
    └── Unavailable          503
A docstring is the message when none is given.
"""

from collections.abc import Mapping, Sequence
from typing import Any


class VoltringError(Exception):
    """Something went wrong."""

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (self.__doc__ or "").strip()
        super().__init__(self.message)


class SettingsError(VoltringError):
    """A setting is wrong."""


class SchemaOutdated(VoltringError):
    """The database schema is older than this program: run `voltring migrate`."""


class OcppError(VoltringError):
    """The message can't be served.

    `code` is canonical (2.x spelling); the conversation spells it as its version does (TR-20).
    """

    def __init__(self, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.details = dict(details or {})


class CallFailed(VoltringError):
    """The charger gave no usable answer."""


class CallRefused(CallFailed):
    """The charger answered with a CALLERROR."""

    def __init__(self, code: str, description: str, details: Mapping[str, Any]) -> None:
        super().__init__(f"{code}: {description}" if description else code)
        self.code = code
        self.description = description
        self.details = dict(details)


class CallTimedOut(CallFailed):
    """The charger did not answer in time."""


class ConnectionGone(CallFailed):
    """The connection closed before the charger answered."""


class RequestError(VoltringError):
    """The request can't be served."""

    status = 400

    def __init__(self, message: str | None = None, errors: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__(message)
        self.errors = [dict(error) for error in errors]


class NotFound(RequestError):
    """There is no such thing."""

    status = 404


class Conflict(RequestError):
    """The thing's present state does not allow this."""

    status = 409


class Unprocessable(RequestError):
    """The request's content is wrong."""

    status = 422


class TooMany(RequestError):
    """Too much of this waits already."""

    status = 429


class Unavailable(RequestError):
    """A part of the system is away; try again in a moment."""

    status = 503
