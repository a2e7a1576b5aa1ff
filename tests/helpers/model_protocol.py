"""The rules that the model keeps: the product's own, each remembered once computed; a mutant replaces some of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from model_state import KeptRoute, kept

from voltring_core.domain import commands, ownership
from voltring_core.domain.commands import State as CommandState
from voltring_core.domain.ownership import Remedy, Route

Routed = Callable[..., KeptRoute | None]


def routing(rule: Callable[..., Route | None]) -> Routed:
    """A rule that returns a route, remembered."""
    return cache(lambda *given: kept(rule(*given)))


@dataclass(frozen=True)
class Protocol:
    """Every decision and every guard. The defaults are the product's; the switches are the guards of its statements."""

    claim: Routed = field(default_factory=lambda: routing(ownership.claim))
    moved: Routed = field(default_factory=lambda: routing(ownership.moved))
    released: Routed = field(default_factory=lambda: routing(ownership.released))
    reasserted: Routed = field(default_factory=lambda: routing(ownership.reasserted))
    to_kick: Callable[..., str | None] = ownership.to_kick
    passes: Callable[..., bool] = ownership.passes
    is_overtaken: Callable[..., bool] = ownership.is_overtaken
    reclaiming: Callable[..., int] = ownership.reclaiming
    audit: Callable[..., Remedy] = ownership.audit
    after_silence: Callable[..., CommandState] = commands.after_silence
    is_older: Callable[[int, int], bool] = int.__lt__
    """What a new owner settles: commands sent under an epoch that is lower than its own."""
    is_kicked: Callable[[int, int], bool] = int.__lt__
    """Which socket a kick closes: one whose epoch is lower than the kick's."""
    has_anti_entropy: bool = True
    floor_after_refusal: bool = True
    sent_before_frame: bool = True
    takes_only_queued: bool = True
    takes_only_as_owner: bool = True
    writes_only_as_owner: bool = True
    disconnects_only_its_own: bool = True


@dataclass(frozen=True)
class Setting:
    """How much is explored."""

    sockets: int = 2
    faults: int = 2
    command: commands.CommandClass | None = None
    attempts: int = 0
    """How often the command was sent, and executed, before the exploration begins."""
    loses_redis: bool = True
    """Whether Redis is among what may fail."""
    writes_status: bool = False
    most_epoch: int = 9
    """States that know a higher epoch are not explored further."""
