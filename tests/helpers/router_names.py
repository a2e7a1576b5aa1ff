"""A name server of a cluster, small: says which address a node has, for the router to ask."""

import socket
import socketserver
import struct
import threading
from typing import Any

A, SAME_NAME, TTL = 1, 0xC00C, 1
ANSWERED, NO_SUCH_NAME = 0x8180, 0x8183


class Names:
    """Addresses by name; what is not in it does not exist."""

    def __init__(self) -> None:
        self.addresses: dict[str, str] = {}
        names = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                query, answering = self.request
                answering.sendto(names.answer(query), self.client_address)

        self._server = socketserver.UDPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def address(self) -> str:
        """Where it listens."""
        return "{}:{}".format(*self._server.server_address[:2])

    def __enter__(self) -> "Names":
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, query: bytes) -> bytes:
        """To one question (RFC 1035)."""
        labels, at = [], 12
        while size := query[at]:
            labels.append(query[at + 1 : at + 1 + size].decode())
            at += size + 1
        question = query[12 : at + 5]
        (kind,) = struct.unpack("!H", query[at + 1 : at + 3])
        address = self.addresses.get(".".join(labels).lower())
        found = address is not None and kind == A
        head = struct.pack("!2sHHHHH", query[:2], NO_SUCH_NAME if address is None else ANSWERED, 1, found, 0, 0)
        if not found:
            return head + question
        assert address is not None
        return head + question + struct.pack("!HHHIH4s", SAME_NAME, A, 1, TTL, 4, socket.inet_aton(address))
