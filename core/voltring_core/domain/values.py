"""Frozen dataclasses that cost little to make and to change.

A frozen dataclass sets each field through `object.__setattr__`, which is most of what a value costs. Here a value is
made with the class of its open twin, which has the same slots and plain assignment; then it gets its own class, and
is frozen.
"""

from dataclasses import MISSING, dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")
_TWINS: dict[type, tuple[Any, Any]] = {}


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """`@dataclass(frozen=True, slots=True)` at half the cost, for what is made for every message."""
    words = {name: word for name, word in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    twin: Any = dataclass(slots=True)(type(cls.__name__, cls.__bases__, words))
    sealed: Any = dataclass(frozen=True, slots=True)(cls)
    del sealed.__init__
    sealed.__new__ = _maker(sealed, twin)
    _TWINS[sealed] = twin, attrgetter(*(one.name for one in fields(sealed)))
    return sealed  # type: ignore[no-any-return]


def _maker(sealed: Any, twin: Any) -> Any:
    """`__new__` with the fields as its parameters, written out as dataclasses write their `__init__`."""
    given: dict[str, Any] = {"_make": object.__new__, "_twin": twin, "_MISSING": MISSING}
    parameters, body = ["cls"], ["self = _make(_twin)"]
    for one in fields(sealed):
        assigned, parameter = one.name, one.name
        if one.default_factory is not MISSING:
            given[f"_new_{one.name}"] = one.default_factory
            parameter = f"{one.name}=_MISSING"
            assigned = f"_new_{one.name}() if {one.name} is _MISSING else {one.name}"
        elif one.default is not MISSING:
            given[f"_default_{one.name}"] = one.default
            parameter = f"{one.name}=_default_{one.name}"
        parameters.append(parameter)
        body.append(f"self.{one.name} = {assigned}")
    source = f"def __new__({', '.join(parameters)}):\n " + "\n ".join([*body, "self.__class__ = cls", "return self"])
    exec(source, given)  # noqa: S102 - of the class's own field names
    return given["__new__"]


def changed(one: T, **new: Any) -> T:
    """The value with other words for some fields: `dataclasses.replace` for what `value` has made."""
    sealed = type(one)
    twin, read = _TWINS[sealed]
    made = twin(*read(one))
    for name, word in new.items():
        setattr(made, name, word)
    made.__class__ = sealed
    return made  # type: ignore[no-any-return]
