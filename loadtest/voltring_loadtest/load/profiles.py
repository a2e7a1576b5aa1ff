"""The profiles: who plays, how often they speak, what happens to them, and what is expected."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

VERSIONS = ("1.6", "2.0.1", "2.1")


class Event(StrEnum):
    """What a profile does to the chargers or with them."""

    NOTHING = "nothing"
    CUT = "cut"
    RESTARTS = "restarts"
    COMMANDS = "commands"


class Sessions(StrEnum):
    """When cars charge."""

    ALWAYS = "always"
    PEAK = "peak"
    """A wave: few at first, most of them past the middle, then fewer."""
    ORDERED = "ordered"
    """Only when a command starts one."""


@dataclass(frozen=True, slots=True)
class Story:
    """One profile. `limits` of the verdict beside those of every profile, by name; see `verdict.py`."""

    name: str
    says: str
    versions: tuple[str, ...] = VERSIONS[:2]
    sessions: Sessions = Sessions.ALWAYS
    event: Event = Event.NOTHING
    needs_tls: bool = False
    may_close: bool = False
    """Whether the server may close sockets without that being a failure."""


PROFILES: Mapping[str, Story] = {
    story.name: story
    for story in (
        Story("steady", "every charger charges and speaks every --message-every seconds"),
        Story("morning-peak", "all connected and idle, then sessions start in a wave and end", sessions=Sessions.PEAK),
        Story("reconnect-storm", "all sockets are cut at once; all come back", event=Event.CUT, may_close=True),
        Story("rolling-restart", "nodes are restarted one by one under load", event=Event.RESTARTS, may_close=True),
        Story(
            "command-storm",
            "remote commands over the REST API, each executed once",
            sessions=Sessions.ORDERED,
            event=Event.COMMANDS,
        ),
        Story("mixed-versions", "steady, with OCPP 1.6, 2.0.1 and 2.1 in equal parts", versions=VERSIONS),
        Story("tls", "steady over wss:// with a password: security profile 2", needs_tls=True),
    )
}
