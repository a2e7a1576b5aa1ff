"""The nodes' admin ports: their status, and the orders that are given with the admin token (docs/node-status.md)."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import aiohttp

from voltring_operator.kube import AWAY, Refused
from voltring_operator.report import NodeReport, ReportError, read

Told = NodeReport | str
"""A report, or why there is none."""


class Nodes:
    """Asks nodes, by their addresses (`host:port`)."""

    def __init__(self, token: str, timeout_s: float, previous: str | None = None) -> None:
        """`previous` is shown to a node that does not take `token`."""
        self._tokens = (token, previous) if previous else (token,)
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close what is open."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(self, addresses: Mapping[int, str]) -> dict[int, Told]:
        """What each says, by slot."""
        told = await asyncio.gather(*(self._status(address) for address in addresses.values()))
        return dict(zip(addresses, told, strict=True))

    async def status(self, address: str) -> NodeReport:
        """Raises Refused when it does not answer."""
        told = await self._status(address)
        if isinstance(told, str):
            raise Refused(told)
        return told

    async def post(self, address: str, path: str, body: Mapping[str, Any]) -> None:
        """Raises Refused with what the node says."""
        try:
            for token in self._tokens:
                headers = {"Authorization": f"Bearer {token}"}
                async with self._open().post(f"http://{address}{path}", json=body, headers=headers) as response:
                    if response.status == HTTPStatus.UNAUTHORIZED and token != self._tokens[-1]:
                        continue
                    if response.status >= 400:
                        said = await response.json(content_type=None)
                        raise Refused(f"{path}: {said.get('detail') or response.status}")
                    return
        except AWAY as error:
            raise Refused(f"the node does not answer: {error or type(error).__name__}") from None
        except ValueError:
            raise Refused(f"{path}: the node answers with something else than JSON") from None

    async def _status(self, address: str) -> Told:
        try:
            async with self._open().get(f"http://{address}/status") as response:
                if response.status != 200:
                    return f"answers with {response.status}"
                return read(await response.json(content_type=None))
        except AWAY as error:
            return f"does not answer ({str(error) or type(error).__name__})"
        except (ReportError, ValueError) as error:
            return f"says something that can't be read: {error}"

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        return self._session
