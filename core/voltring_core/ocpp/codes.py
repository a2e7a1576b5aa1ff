"""CALLERROR codes: one vocabulary inside, each version's own spelling on the wire (TR-20, TR-21)."""

from enum import StrEnum

from voltring_core.ocpp.versions import Version


class Code(StrEnum):
    """Why a message can't be served; the values are the spelling of OCPP 2.x."""

    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    INTERNAL = "InternalError"
    PROTOCOL = "ProtocolError"
    SECURITY = "SecurityError"
    FORMAT = "FormatViolation"
    PROPERTY = "PropertyConstraintViolation"
    OCCURRENCE = "OccurrenceConstraintViolation"
    TYPE = "TypeConstraintViolation"
    GENERIC = "GenericError"
    MESSAGE_TYPE = "MessageTypeNotSupported"
    RPC = "RpcFrameworkError"


# 1.6 has its own spelling of two codes, says ProtocolError for a missing field, and lacks the last two.
_V16 = {
    Code.FORMAT: "FormationViolation",
    Code.OCCURRENCE: "ProtocolError",
    Code.MESSAGE_TYPE: "GenericError",
    Code.RPC: "FormationViolation",
}


def spell(code: Code, version: Version) -> str:
    """The code as this version writes it."""
    return code.value if version.is_2x else _V16.get(code, code.value)
