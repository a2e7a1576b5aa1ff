"""Who of several operators may act: a coordination.k8s.io Lease, asked before each change.

An operator keeps it by renewing it, and gives way as soon as it could not. Another one takes it over when the record
has not changed for as long as it says, by the other one's own clock: clocks of two machines are never compared.

It belongs to the fleets that it guards: Kubernetes takes it away with the last of them.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from voltring_operator.kube import GONE, REFUSED, Kube, KubeError, Refused

NAME = "voltring-operator"
EARLY = 0.6
"""Of its duration: who could not renew it for so long acts no more, before another one may."""
RENEW = 0.3


@dataclass(frozen=True, slots=True)
class Held:
    """Another one's, as it was seen last."""

    holder: str
    version: str
    since: float
    """On our clock, when it was seen to change."""
    duration_s: float

    def is_over(self, now: float) -> bool:
        """Whether it may be taken over."""
        return not self.holder or now - self.since > self.duration_s


class Lease:
    """Ours, or another's."""

    def __init__(
        self, kube: Kube, path: str, me: str, duration_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._kube, self._path, self._me, self._duration = kube, path, me, duration_s
        self._clock = clock
        self._renewed: float | None = None
        self._seen: Held | None = None
        self._owners: list[dict[str, Any]] = []

    def belongs_to(self, owners: Sequence[dict[str, Any]]) -> None:
        """Owner references, without which it would stay for ever. With others than before it is asked for anew: it
        may have gone with those before."""
        told = sorted(owners, key=lambda one: str(one["uid"]))
        if told != self._owners:
            self._owners, self._renewed = told, None

    @property
    def holder(self) -> str:
        """Who has it, as far as is known."""
        return self._seen.holder if self._seen is not None else ""

    @property
    def is_ours(self) -> bool:
        """Whether we may act now, without asking anybody."""
        return self._renewed is not None and self._clock() - self._renewed < EARLY * self._duration

    async def must_be_ours(self) -> None:
        """Before each change. Raises Refused when it is not, KubeError when that can't be known."""
        if not (self.is_ours and self._is_fresh()) and not await self.hold():
            raise Refused(f"the Lease is {self.holder or 'somebody else'}'s")

    async def hold(self) -> bool:
        """Take or renew it, if it is time; whether it is ours."""
        if self.is_ours and self._is_fresh():
            return True
        began = self._clock()
        try:
            found = await self._kube.get(f"{self._path}/{NAME}")
        except KubeError as error:
            if error.status != GONE:
                raise
            return await self._make(began)
        self._look(found)
        assert self._seen is not None
        if self._seen.holder != self._me and not self._seen.is_over(self._clock()):
            self._renewed = None
            return False
        return await self._write(found, began)

    async def release(self) -> None:
        """Let the next one begin at once."""
        if self._renewed is None or self._seen is None:
            return
        self._renewed = None
        expected = {"/metadata/resourceVersion": self._seen.version}
        await self._kube.patch(f"{self._path}/{NAME}", expected, {"/spec/holderIdentity": ""})

    def _is_fresh(self) -> bool:
        return self._renewed is not None and self._clock() - self._renewed < RENEW * self._duration

    def _look(self, found: dict[str, Any]) -> None:
        spec, version = found.get("spec") or {}, found["metadata"]["resourceVersion"]
        if self._seen is None or self._seen.version != version:
            seconds = float(spec.get("leaseDurationSeconds") or self._duration)
            self._seen = Held(spec.get("holderIdentity") or "", version, self._clock(), seconds)

    async def _make(self, began: float) -> bool:
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": NAME, "ownerReferences": self._owners},
            "spec": self._spec(),
        }
        return await self._try(began, self._kube.create(self._path, body))

    async def _write(self, found: dict[str, Any], began: float) -> bool:
        before = (found.get("spec") or {}).get("leaseTransitions") or 0
        spec = self._spec() | {"leaseTransitions": before + (self.holder != self._me)}
        expected = {"/metadata/resourceVersion": found["metadata"]["resourceVersion"]}
        changes: dict[str, Any] = {"/spec": spec}
        if (found["metadata"].get("ownerReferences") or []) != self._owners:
            changes["/metadata/ownerReferences"] = self._owners
        return await self._try(began, self._kube.patch(f"{self._path}/{NAME}", expected, changes))

    async def _try(self, began: float, writing: Any) -> bool:
        try:
            self._look(await writing)
        except KubeError as error:
            self._renewed = None
            if error.status in REFUSED:
                return False
            raise
        self._renewed = began
        return True

    def _spec(self) -> dict[str, Any]:
        return {
            "holderIdentity": self._me,
            "leaseDurationSeconds": int(self._duration),
            "renewTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
