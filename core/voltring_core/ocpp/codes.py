"""CALLERROR codes: one vocabulary inside, each version's own spelling on the wire (TR-20, TR-21)."""

from enum import StrEnum

from voltring_core.ocpp.versions import Version


class Code(StrEnum):
    """Why a message can't be served; the values are the spelling of OCPP 2.x, but for CARDINALITY."""

    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    INTERNAL = "InternalError"
    PROTOCOL = "ProtocolError"
    SECURITY = "SecurityError"
    FORMAT = "FormatViolation"
    PROPERTY = "PropertyConstraintViolation"
    OCCURRENCE = "OccurrenceConstraintViolation"
    """A field is missing."""
    CARDINALITY = "OccurenceConstraintViolation"
    """A list has too few or too many elements: 2.x has one code for both, 1.6 two."""
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
_2X = {Code.CARDINALITY: Code.OCCURRENCE.value}
_SPELLINGS = {code.value.lower(): code for code in Code} | {
    "formationviolation": Code.FORMAT,
    "occurenceconstraintviolation": Code.OCCURRENCE,
    "rpcframeworkviolation": Code.RPC,
}


def spell(code: Code, version: Version) -> str:
    """The code as this version writes it."""
    return (_2X if version.is_2x else _V16).get(code, code.value)


def meant(spelling: str) -> Code | None:
    """The code that a charger's word stands for, in any version's spelling and in any case; None for its own words."""
    return _SPELLINGS.get(spelling.strip().lower())
