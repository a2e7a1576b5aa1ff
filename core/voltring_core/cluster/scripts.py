"""Running Lua scripts for many keys in one pipeline, on one Redis or on a Redis Cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

NAMES: dict[Any, str] = {}
"""Of scripts, by their text and by its digest."""
Call = tuple[str, Sequence[Any]]
"""A key and the script's arguments."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script of `lua/`, which uses one key."""

    text: str
    digest: str


def load(name: str) -> Script:
    """The script `lua/<name>.lua`."""
    text = files("voltring_core.cluster").joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")
    digest = sha1(text.encode(), usedforsecurity=False).hexdigest()
    NAMES.update({text: name, digest: name})
    return Script(text, digest)


async def run(redis: Redis, script: Script, calls: Sequence[Call]) -> list[Any]:
    """What the script answers to each call, in order. Raises what Redis raises when it is away.

    A server that was emptied, restarted or promoted does not know the script; it has done nothing then, and is given
    the text.
    """
    answers = await _pipelined(redis, ("EVALSHA", script.digest), calls)
    unknown = [number for number, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
    if unknown:
        again = await _pipelined(redis, ("EVAL", script.text), [calls[number] for number in unknown])
        for number, answer in zip(unknown, again, strict=True):
            answers[number] = answer
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers


async def _pipelined(redis: Redis, command: tuple[str, str], calls: Sequence[Call]) -> list[Any]:
    """No transaction: each call is in a hash slot of its own."""
    if not calls:
        return []
    async with redis.pipeline(transaction=False) as pipeline:
        for key, arguments in calls:
            # Not by the method of this name, which redis-py refuses for pipelines of a Cluster.
            pipeline.execute_command(*command, 1, key, *arguments)
        return list(await pipeline.execute(raise_on_error=False))
