"""The headers by which a client says how a command is to be sent, and how its answer looks."""

from typing import Annotated

from fastapi import Header, Response

from voltring_api.dispatch import Sent, Terms
from voltring_api.keys import Principal
from voltring_api.models.command import Command, command_of
from voltring_api.prefer import LONGEST_WAIT, wait_seconds

LONGEST_KEY = 200
KEY_PATTERN = r"^[\x20-\x7e]+$"
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=LONGEST_KEY,
        pattern=KEY_PATTERN,
        description="A repeated request with the same key gets the same command, whatever happened in between.",
        examples=["7c1e6a2e-start"],
    ),
]
Prefer = Annotated[
    str | None,
    Header(
        description=f"`wait=N`: answer when the command is done, at most N (up to {LONGEST_WAIT}) seconds later.",
        examples=["wait=25"],
    ),
]


def terms_of(who: Principal, key: str | None, prefer: str | None, deadline_s: float | None) -> Terms:
    """What the client asked for beside the command itself."""
    return Terms(who, key, wait_seconds(prefer), deadline_s)


def answer(sent: Sent, terms: Terms, response: Response) -> Command:
    """The command, its place, and a status that tells: 201 new, 200 repeated or done, 202 not done in time."""
    response.status_code = sent.status
    response.headers.update(told(sent, terms))
    return command_of(sent.row)


def told(sent: Sent, terms: Terms) -> dict[str, str]:
    """The headers of the answer."""
    place = {"Location": f"/v1/commands/{sent.row['id']}"}
    return place if terms.wait_s is None else place | {"Preference-Applied": f"wait={terms.wait_s}"}
