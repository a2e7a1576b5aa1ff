"""What Kubernetes objects and node reports are read into: frozen, camelCase outside, unknown fields left alone.

A newer version of the chart or of a node may say more than this one knows; that is no reason to refuse it.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

SPELLED = {"from_": "from", "pod_uid": "podUID", "node_uid": "nodeUID"}


def outside(name: str) -> str:
    """A field's name in an object."""
    return SPELLED.get(name) or to_camel(name)


class Form(BaseModel):
    """A part of an object. Fields are named as in Python; `document` and the objects have them in camelCase."""

    model_config = ConfigDict(
        frozen=True, alias_generator=outside, populate_by_name=True, extra="ignore", allow_inf_nan=False
    )

    def document(self) -> dict[str, Any]:
        """As Kubernetes keeps it, without what is not known."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def sentence(error: ValidationError, where: str) -> str:
    """What is wrong, by the field's path: `spec.slots.max: input should be greater than or equal to 1`."""
    return "; ".join(f"{'.'.join((where, *map(str, one['loc'])))}: {_plain(one['msg'])}" for one in error.errors())


def _plain(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
