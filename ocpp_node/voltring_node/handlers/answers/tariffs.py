"""Tariffs that a charger calculates with itself (2.1, I07..I12), by EVSE (0: all of them) and tariff id."""

from collections.abc import Iterator, Mapping
from typing import Any

from voltring_core.domain.kinds import RecordKind
from voltring_core.ocpp.wire import whole
from voltring_node.facts import Fact, GoneFact
from voltring_node.handlers.answers.answer import CommandAnswer
from voltring_node.handlers.answers.shapes import items, listing, mapping, word, words
from voltring_node.knowledge import Known, Record

TARIFF = RecordKind.TARIFF
DEFAULT = "DefaultTariff"


def default_set(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """SetDefaultTariff: it replaces the default tariff of its EVSE, unless it begins later."""
    tariff, evse = mapping(said.asked.get("tariff")), whole(said.asked.get("evseId"))
    tariff_id = word(tariff.get("tariffId"))
    if not said.is_accepted or not tariff_id or evse is None:
        return ()
    key = _key(evse, tariff_id)
    told = said.record(TARIFF, key, {**tariff, "tariffKind": DEFAULT}, evse)
    if "validFrom" in tariff:
        return (told,)
    gone = tuple(
        other
        for other, one in said.held(known, TARIFF).items()
        if other != key and one.content.get("tariffKind") == DEFAULT and evse in (0, one.evse_id)
    )
    return (GoneFact(TARIFF, gone), told) if gone else (told,)


def listed(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """GetTariffs: what the EVSE has, with the prices where they are known (an id never changes its content)."""
    evse = whole(said.asked.get("evseId"))
    if said.status not in {"Accepted", "NoTariff"} or evse is None:
        return ()
    held, assignments = said.held(known, TARIFF), said.answer.get("tariffAssignments")
    told = dict(_told(items(assignments), held, evse))
    facts: list[Fact] = [
        said.record(TARIFF, key, content, number, "Reported") for key, (number, content) in told.items()
    ]
    is_complete = all(word(mapping(one).get("tariffId")) for one in listing(assignments))
    if is_complete and (isinstance(assignments, list) or said.status == "NoTariff"):
        gone = tuple(key for key, one in held.items() if key not in told and evse in (0, one.evse_id))
        facts += [GoneFact(TARIFF, gone)] if gone else []
    return tuple(facts)


def cleared(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """ClearTariffs: each for itself; a result without an id is about all that were named, or that there are."""
    evse, named = whole(said.asked.get("evseId")), frozenset(words(said.asked.get("tariffIds")))
    results = items(said.answer.get("clearTariffsResult"))
    done = [one for one in results if word(one.get("status")) in {"Accepted", "NoTariff"}]
    ids = {word(one.get("tariffId")) for one in done}
    gone = tuple(
        key
        for key, one in said.held(known, TARIFF).items()
        if evse in (None, 0, one.evse_id) and _is_cleared(word(one.content.get("tariffId")), ids, named)
    )
    return (GoneFact(TARIFF, gone),) if gone else ()


def _is_cleared(tariff_id: str, ids: set[str], named: frozenset[str]) -> bool:
    return tariff_id in ids or ("" in ids and (not named or tariff_id in named))


def _told(
    assignments: tuple[Mapping[str, Any], ...], held: Mapping[str, Record], evse: int
) -> Iterator[tuple[str, tuple[int, Mapping[str, Any]]]]:
    """Key, EVSE and content of each assignment."""
    contents = {word(one.content.get("tariffId")): mapping(one.content) for one in held.values()}
    for one in assignments:
        tariff_id = word(one.get("tariffId"))
        numbers = [number for number in map(whole, listing(one.get("evseIds"))) if number is not None] or [evse]
        for number in numbers if tariff_id else ():
            yield _key(number, tariff_id), (number, {**contents.get(tariff_id, {}), **one})


def _key(evse: int, tariff_id: str) -> str:
    return f"{evse}:{tariff_id}"
