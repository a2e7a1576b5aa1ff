"""Settings that were read or changed: 1.6's configuration keys, 2.x's variables.

What is known of a setting is never taken away by an answer: what a charger does not know gets its answer's word as
status. The name that is known already is kept as it is spelt, for names are compared without case. Secrets are
never kept (SE-04).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from voltring_core.domain.devices import Variable
from voltring_core.ocpp.redaction import REDACTED, redact_payload
from voltring_core.ocpp.variables import place
from voltring_core.ocpp.versions import Version
from voltring_node.facts import Fact, VariablesFact
from voltring_node.handlers.answers.answer import CommandAnswer
from voltring_node.handlers.answers.shapes import items, mapping, word, words
from voltring_node.knowledge import Known

UNKNOWN_KEY = "UnknownKey"
_UNKNOWN = frozenset({UNKNOWN_KEY, "UnknownComponent", "UnknownVariable", "NotSupportedAttributeType"})
"""Words for what a charger does not have."""
_Where = tuple[Any, ...]


def configuration_read(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """GetConfiguration: what came is known now; what did not come stays, for chargers cut long lists."""
    told = [
        Variable(
            "",
            word(item.get("key")),
            value=_text(item.get("value")),
            mutability=_mutability(item.get("readonly")),
        )
        for item in items(said.answer.get("configurationKey"))
    ]
    unknown = [Variable("", key, status=UNKNOWN_KEY) for key in words(said.answer.get("unknownKey"))]
    return _facts(said, [*(_known_again(said, one) for one in told), *unknown], is_all=not said.asked.get("key"))


def configuration_changed(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """ChangeConfiguration: the new value is known once it is accepted; until a reboot the old one stays."""
    key = word(said.asked.get("key"))
    value = _text(said.asked.get("value")) if said.is_accepted else None
    return _facts(said, [Variable("", key, value=value, status=said.status or None)])


def variables_read(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """GetVariables: results come in any order, and fewer than asked; each tells its own variable."""
    told = []
    for result in items(said.answer.get("getVariableResult")):
        one, status = _variable(result), word(result.get("attributeStatus"))
        if one is not None and status == "Accepted":
            told.append(_known_again(said, replace(one, value=_text(result.get("attributeValue")))))
        elif one is not None and status in _UNKNOWN:
            told.append(replace(one, status=status))
    return _facts(said, told)


def variables_set(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """SetVariables: the values are those of the request, by what each result is about."""
    asked = {_where(one): item for item in items(said.asked.get("setVariableData")) if (one := _variable(item))}
    told = []
    for result in items(said.answer.get("setVariableResult")):
        one, status = _variable(result), word(result.get("attributeStatus"))
        item = asked.get(_where(one)) if one is not None else None
        if one is None or item is None:
            continue
        value = _text(item.get("attributeValue")) if status == "Accepted" else None
        told.append(replace(one, value=value, status=status or None))
    return _facts(said, told)


def keys(asked: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterable[str]:
    """The names of 1.6's keys in a request and its answer."""
    yield word(asked.get("key"))
    yield from words(answer.get("unknownKey"))
    yield from (word(item.get("key")) for item in items(answer.get("configurationKey")))


def names(asked: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterable[str]:
    """The names of 2.x's variables in an answer."""
    for field in ("getVariableResult", "setVariableResult"):
        for result in items(answer.get(field)):
            yield word(mapping(result.get("variable")).get("name"))


def _facts(said: CommandAnswer, told: Iterable[Variable], *, is_all: bool = False) -> tuple[Fact, ...]:
    spelt = {_where(one): one for one in said.variables}
    variables = tuple(_without_secret(_spelt(one, spelt)) for one in told if one.variable)
    return (VariablesFact(variables, said.action, is_all),) if variables else ()


def _variable(item: Mapping[str, Any]) -> Variable | None:
    """Which attribute an item is about; None when it does not say."""
    component, variable = mapping(item.get("component")), mapping(item.get("variable"))
    if not word(component.get("name")) or not word(variable.get("name")):
        return None
    where = place(
        {
            "name": component["name"],
            "instance": word(component.get("instance")),
            "evse": mapping(component.get("evse")),
        },
        {"name": variable["name"], "instance": word(variable.get("instance"))},
    )
    return Variable(**where, attribute=word(item.get("attributeType")) or "Actual")


def _where(one: Variable) -> _Where:
    names = one.component, one.component_instance, one.variable, one.instance, one.attribute
    return (*(name.casefold() for name in names), one.evse_id, one.connector_id)


def _spelt(one: Variable, spelt: Mapping[_Where, Variable]) -> Variable:
    known = spelt.get(_where(one))
    if known is None:
        return one
    return replace(
        one,
        component=known.component,
        component_instance=known.component_instance,
        variable=known.variable,
        instance=known.instance,
        attribute=known.attribute,
    )


def _known_again(said: CommandAnswer, one: Variable) -> Variable:
    """What was unknown to the charger and can be read now; a change that waits for a reboot waits on."""
    was_unknown = any(_where(other) == _where(one) and other.status in _UNKNOWN for other in said.variables)
    return replace(one, status="Accepted") if was_unknown else one


def _without_secret(one: Variable) -> Variable:
    # What is secret by its name has no value that may be shown.
    shown = redact_payload(Version.V21, "SetVariables", {"key": one.variable, "value": "x"})
    if shown["value"] == REDACTED:
        return replace(one, value=None, mutability="WriteOnly")
    return one


def _text(value: Any) -> str | None:
    """Values are strings; a number or a boolean of a careless charger is written as JSON has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else None


def _mutability(readonly: Any) -> str | None:
    if not isinstance(readonly, bool):
        return None
    return "ReadOnly" if readonly else "ReadWrite"
