"""The node that is alone: PostgreSQL and Redis are away for it, and another node says that its PostgreSQL is fine.

Then its chargers are better off elsewhere, and it drains itself, slowly. When no other node can say so, everybody is
in the same trouble: sockets stay, and chargers keep what they could not tell. The others are asked directly, over
HTTP, at the addresses of the leases that were seen last.
"""

import asyncio
import logging
import time
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson

from voltring_core.cluster.leases import NodeLease

logger = logging.getLogger("voltring.isolation")
PROBE_S, PROBE_PATIENCE_S = 1.0, 1.0
ASK_S, ASK_PATIENCE_S = 5.0, 2.0
STATUS_LIMIT = 65_536
UNREADY_S = 2.0
"""A server that does not answer for a moment is no reason to send chargers elsewhere."""
_plain = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # other nodes are not behind a proxy


class Verdict(StrEnum):
    """What a node does about being alone."""

    STAY = "stay"
    LEAVE = "leave"
    RETURN = "return"


def judge(away_s: float, patience_s: float, *, is_leaving: bool, others_are_fine: bool) -> Verdict:
    """Whether to leave, or to come back.

    `away_s`: for how long both PostgreSQL and Redis have been away, 0 when one of them is there; `is_leaving`: this
    node drains itself already; `others_are_fine`: another node says now that its PostgreSQL answers.
    """
    if is_leaving:
        return Verdict.STAY if away_s > 0 and others_are_fine else Verdict.RETURN
    return Verdict.LEAVE if away_s >= patience_s and others_are_fine else Verdict.STAY


@dataclass(slots=True)
class Away:
    """Since when a server is away."""

    since: datetime | None = None
    at: float | None = None
    """The same on the monotonic clock."""

    def note(self, is_there: bool) -> None:
        """What a probe found."""
        if is_there:
            self.since = self.at = None
        elif self.at is None:
            self.since, self.at = datetime.now(UTC), time.monotonic()

    def seconds(self) -> float:
        """For how long; 0 when it is there."""
        return 0.0 if self.at is None else max(time.monotonic() - self.at, 0.001)


class Probe:
    """Asks a server again and again whether it is there; one that hangs is away."""

    def __init__(self, ask: Callable[[], Awaitable[Any]], away: tuple[type[Exception], ...]) -> None:
        """`ask` answers whether it is there; what it raises of `away` means that it is not."""
        self._ask = ask
        self._away = away
        self._asking: asyncio.Task[bool] | None = None
        self.result = Away()

    async def cycle(self) -> str:
        """Ask once; what hangs is left to hang, and not asked a second time beside it."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._is_there(), name="probe")
        done, _ = await asyncio.wait({self._asking}, timeout=PROBE_PATIENCE_S)
        self.result.note(bool(done) and self._asking.result())
        if done:
            self._asking = None
        return ""

    async def _is_there(self) -> bool:
        try:
            return bool(await self._ask())
        except self._away:
            return False

    async def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()


class Isolation:
    """Looks whether this node alone is in trouble; `cycle` is to be called now and then."""

    def __init__(
        self,
        away: Callable[[], float],
        others: Callable[[], Sequence[NodeLease]],
        is_leaving: Callable[[], bool],
        leave: Callable[[], Awaitable[None]],
        come_back: Callable[[], Awaitable[None]],
        patience_s: float,
    ) -> None:
        """`away`: seconds that PostgreSQL and Redis have both been away; `others`: the nodes as they were known last;
        `is_leaving`: whether `leave` was called and still holds."""
        self._away_s = away
        self._others = others
        self._is_leaving = is_leaving
        self._leave = leave
        self._come_back = come_back
        self._patience = patience_s
        self.asked = 0
        """How often the others were asked whether they are fine."""

    async def cycle(self) -> str:
        """Look once, and leave or come back."""
        away, is_leaving = self._away_s(), self._is_leaving()
        asks = away > 0 if is_leaving else away >= self._patience
        fine = False
        if asks:
            fine = await anyone_is_fine(self._others())
            self.asked += 1
        verdict = judge(away, self._patience, is_leaving=is_leaving, others_are_fine=fine)
        if verdict is Verdict.LEAVE:
            await self._leave()
            return "PostgreSQL and Redis are away for this node alone: its chargers are sent to the others"
        if verdict is Verdict.RETURN:
            await self._come_back()
            return "this node is not alone in trouble (any more): its chargers stay"
        return ""


async def anyone_is_fine(others: Sequence[NodeLease]) -> bool:
    """Whether one of these nodes says that its PostgreSQL answers."""
    asked = [asyncio.to_thread(_is_fine, lease.admin_url) for lease in others if lease.admin_url]
    return any(await asyncio.gather(*asked))


def _is_fine(admin_url: str) -> bool:
    if not admin_url.startswith(("http://", "https://")):
        return False
    try:
        with _plain.open(f"{admin_url}/status", timeout=ASK_PATIENCE_S) as answer:
            status = orjson.loads(answer.read(STATUS_LIMIT))
        return status["postgres"]["away_since"] is None
    except (OSError, ValueError, KeyError, TypeError):  # not there, or no status of a node
        return False
