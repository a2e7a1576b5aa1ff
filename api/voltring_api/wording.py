"""What is wrong with a value, in the words of this API, whatever pydantic calls it. Pure.

A message stands behind the name of its field ("limit: must be at most 500"), so it begins small and has no full stop.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

Context = Mapping[str, Any]
TIME = "must be a time with its zone, such as 2026-05-04T10:00:00Z"
ID = "must be an id such as 123e4567-e89b-12d3-a456-426614174000"
NUMBER, WHOLE, TRUTH = "must be a number", "must be a whole number", "must be true or false"
OBJECT, LIST, TEXT = "must be an object", "must be a list", "must be a text"
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "missing": "is missing",
        "extra_forbidden": "is not known here",
        "none_required": "must be null",
        "string_type": TEXT,
        "string_unicode": TEXT,
        "int_type": WHOLE,
        "int_parsing": WHOLE,
        "int_from_float": WHOLE,
        "int_parsing_size": "is too large a number",
        "float_type": NUMBER,
        "float_parsing": NUMBER,
        "finite_number": NUMBER,
        "decimal_type": NUMBER,
        "decimal_parsing": NUMBER,
        "bool_type": TRUTH,
        "bool_parsing": TRUTH,
        "uuid_type": ID,
        "uuid_parsing": ID,
        "uuid_version": ID,
        "datetime_type": TIME,
        "datetime_parsing": TIME,
        "datetime_from_date_parsing": TIME,
        "datetime_object_invalid": TIME,
        "timezone_aware": TIME,
        "list_type": LIST,
        "tuple_type": LIST,
        "dict_type": OBJECT,
        "mapping_type": OBJECT,
        "model_type": OBJECT,
        "model_attributes_type": OBJECT,
        "json_invalid": "is not JSON",
    }
)
SAYING: Mapping[str, Callable[[Context], str]] = MappingProxyType(
    {
        "value_error": lambda about: str(about["error"]),
        "assertion_error": lambda about: str(about["error"]),
        "enum": lambda about: f"must be {about['expected']}",
        "literal_error": lambda about: f"must be {about['expected']}",
        "greater_than": lambda about: f"must be more than {about['gt']}",
        "greater_than_equal": lambda about: f"must be at least {about['ge']}",
        "less_than": lambda about: f"must be less than {about['lt']}",
        "less_than_equal": lambda about: f"must be at most {about['le']}",
        "string_too_short": lambda about: f"must have {_counted(about['min_length'], 'character')} or more",
        "string_too_long": lambda about: f"must have at most {_counted(about['max_length'], 'character')}",
        "string_pattern_mismatch": lambda about: f"must be of the form {about['pattern']}",
        "too_short": lambda about: f"must have {_counted(about['min_length'], 'item')} or more",
        "too_long": lambda about: f"must have at most {_counted(about['max_length'], 'item')}",
        "decimal_max_digits": lambda about: f"must have at most {_counted(about['max_digits'], 'digit')}",
        "decimal_max_places": lambda about: f"must have at most {_counted(about['decimal_places'], 'decimal')}",
        "decimal_whole_digits": lambda about: (
            f"must have at most {_counted(about['whole_digits'], 'digit')} before the point"
        ),
    }
)
NAMES = ("Input", "String", "Value", "List", "Tuple", "Dictionary", "Decimal input", "Datetime", "UUID")
"""What pydantic calls a value at the start of a message."""


def worded(fault: Mapping[str, Any]) -> str:
    """The message of one of pydantic's errors (`ValidationError.errors()`)."""
    kind = str(fault["type"])
    if kind in WORDS:
        return WORDS[kind]
    about: Context = fault.get("ctx") or {}
    try:
        return SAYING[kind](about).removesuffix(".")
    except KeyError:
        return _plain(str(fault["msg"]))


def _plain(message: str) -> str:
    """A message that nobody has worded yet, as near to the others as it can be brought."""
    for name in NAMES:
        if message.startswith(f"{name} should "):
            return "must " + message.removeprefix(f"{name} should ")
    return message[:1].lower() + message[1:]


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
