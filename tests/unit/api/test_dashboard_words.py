"""The dashboard's choices are those of the API: a new kind gets a word there as well."""

import re
from pathlib import Path

import voltring_api
from voltring_core.domain.kinds import RecordKind, StationEventKind, Verdict

SCRIPTS = Path(voltring_api.__file__).parent / "dashboard" / "js"


def block(script: str, begins: str) -> str:
    """The text of a constant up to its closing line."""
    return (SCRIPTS / script).read_text().split(begins, 1)[1].split("\n}", 1)[0].split("\n]", 1)[0]


def test_every_kind_of_event_can_be_chosen() -> None:
    assert re.findall(r'"(\w+)"', block("event-list.js", "const KINDS = [")) == [
        kind.value for kind in StationEventKind
    ]


def test_every_kind_of_record_has_a_title() -> None:
    titles = re.findall(r"^  (\w+):", block("charger/records.js", "const TITLES = {"), re.MULTILINE)
    assert sorted(titles) == sorted(RecordKind)


def test_every_verdict_that_is_not_fine_can_be_asked_for() -> None:
    offered = re.findall(r'verdict: "(\w+)"', block("charger/message-filter.js", "export const SHOWN = {"))
    assert set(offered) == set(Verdict) - {Verdict.OK}
