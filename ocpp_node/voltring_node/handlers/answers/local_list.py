"""The local authorization list: which version the charger has, and what it was sent last (D01, D02)."""

from voltring_core.domain.kinds import RecordKind
from voltring_core.ocpp.wire import whole
from voltring_node.facts import Fact
from voltring_node.handlers.answers.answer import CommandAnswer
from voltring_node.handlers.answers.shapes import items, mapping, word
from voltring_node.knowledge import Known

LOCAL_LIST = RecordKind.LOCAL_LIST
KEY = ""
_NOT_SUPPORTED, _EMPTY = -1, 0


def sent(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """SendLocalList; `entries` is how many this update had, of a full list all that there are."""
    version = _version(said.asked.get("listVersion"), said.asked.get("versionNumber"))
    if not said.is_accepted or version is None:
        return ()
    entries = len(items(said.asked.get("localAuthorizationList")))
    content = {"version": version, "updateType": word(said.asked.get("updateType")), "entries": entries}
    return (said.record(LOCAL_LIST, KEY, content),)


def version_read(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """GetLocalListVersion: -1 is no list at all, 0 an empty one; what is known of this very version stays."""
    version = _version(said.answer.get("listVersion"), said.answer.get("versionNumber"))
    if version is None:
        return ()
    held = said.held(known, LOCAL_LIST).get(KEY)
    content = mapping(held.content) if held is not None else {}
    if content.get("version") != version:
        content = {}
    state = {_NOT_SUPPORTED: "NotSupported", _EMPTY: "Empty"}.get(version, "Reported")
    return (said.record(LOCAL_LIST, KEY, {**content, "version": version}, state=state),)


def _version(*values: object) -> int | None:
    """1.6 says `listVersion`, 2.x `versionNumber`; chargers mix them up."""
    return next((number for number in map(whole, values) if number is not None), None)
