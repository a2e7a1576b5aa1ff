"""Controls of distributed energy resources (R04): set, superseded, cleared."""

from collections.abc import Mapping
from typing import Any

from voltring_core.domain.kinds import RecordKind
from voltring_node.facts import Fact, GoneFact
from voltring_node.handlers.answers.answer import CommandAnswer, restated
from voltring_node.handlers.answers.shapes import mapping, word, words
from voltring_node.knowledge import Known, Record

CONTROL = RecordKind.DER_CONTROL
_ABOUT = frozenset({"isDefault", "controlId", "controlType", "customData"})
_TYPES = {
    "EnterService": "enterService",
    "FreqDroop": "freqDroop",
    "FixedPFAbsorb": "fixedPFAbsorb",
    "FixedPFInject": "fixedPFInject",
    "FixedVar": "fixedVar",
    "Gradients": "gradient",
    "LimitMaxDischarge": "limitMaxDischarge",
}
"""The field of a report that holds a control of this type; all others are curves."""


def control_set(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """SetDERControl, in the words of ReportDERControl; those that it supersedes hold on, without effect."""
    control_id, control_type = word(said.asked.get("controlId")), word(said.asked.get("controlType"))
    if not said.is_accepted or not control_id:
        return ()
    about = {"id": control_id, "controlType": control_type, "isSuperseded": False}
    about |= {"type": _TYPES.get(control_type, "curve"), "isDefault": said.asked.get("isDefault") is True}
    settings = {name: value for name, value in said.asked.items() if name not in _ABOUT}
    held = said.held(known, CONTROL)
    superseded = [one for one in words(said.answer.get("supersededIds")) if one in held and one != control_id]
    return (
        said.record(CONTROL, control_id, {**settings, **about}),
        *(restated(held[one], one, CONTROL, said, "Superseded", isSuperseded=True) for one in superseded),
    )


def cleared(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """ClearDERControl; `NotFound` says that there is none such."""
    return _without(said, known) if said.status in {"Accepted", "NotFound"} else ()


def nothing_reported(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """GetDERControl: `NotFound` says that there is none such; else ReportDERControl follows."""
    return _without(said, known) if said.status == "NotFound" else ()


def _without(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    gone = tuple(key for key, one in said.held(known, CONTROL).items() if _fits(said.asked, key, one))
    return (GoneFact(CONTROL, gone),) if gone else ()


def _fits(asked: Mapping[str, Any], key: str, one: Record) -> bool:
    """By the id alone, else by what else was named."""
    if "controlId" in asked:
        return bool(asked["controlId"] == key)
    if "isDefault" in asked and one.content.get("isDefault") is not asked["isDefault"]:
        return False
    return "controlType" not in asked or asked["controlType"] in _types_of(one.content)


def _types_of(content: Mapping[str, Any]) -> tuple[str, ...]:
    """The control types that a record may be of: what was reported says it by its field, or as type of the curve."""
    named = word(content.get("controlType")) or word(content.get("curveType"))
    by_field = tuple(name for name, field in _TYPES.items() if field == content.get("type"))
    return (named,) if named else by_field or (word(mapping(content.get("curve")).get("curveType")),)
