"""A gate, and who comes to it: connections without a wire."""

import asyncio

from websockets.server import ServerProtocol

from voltring_core.domain.admission import Limits

LIMITS = Limits(rate=1000.0, burst=100, at_once=2, wait_s=5.0, waiting=3)


class Transport:
    """What a connection writes to."""

    def __init__(self):
        self.written = b""
        self.closed = self.aborted = False
        self.reads = True
        self.protocol = None

    def write(self, data):
        self.written += data

    def close(self):
        self.closed = True

    def abort(self):
        self.aborted = True

    def is_closing(self):
        return self.closed or self.aborted

    def can_write_eof(self):
        return True

    def write_eof(self):
        pass

    def pause_reading(self):
        self.reads = False

    def resume_reading(self):
        self.reads = True

    def set_protocol(self, protocol):
        self.protocol = protocol

    def set_write_buffer_limits(self, high, low):
        pass

    def get_extra_info(self, name, default=None):
        return default


class Server:
    """websockets' server: handshakes that have begun stay in progress until they are told to end."""

    def __init__(self):
        self.handler_tasks = set()
        self.begun = []

    async def handler(self, guest):
        self.begun.append(guest)


class Street:
    """Where chargers come from."""

    def __init__(self, gate, server):
        self.gate = gate
        self.server = server

    def come(self, *, ask=True, charger="CP"):
        """A connection; its transport."""
        transport = Transport()
        knock = self.gate.knock(ServerProtocol(), self.server, ping_interval=None)
        transport.protocol = knock
        knock.connection_made(transport)
        if ask:
            knock.data_received(request(charger))
        return transport

    def begun(self):
        """The chargers whose handshake has begun, in order."""
        return [guest.request.path for guest in self.server.begun]


def request(charger="CP"):
    return f"GET /ocpp/{charger} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


async def turns(many=20):
    for _ in range(many):
        await asyncio.sleep(0)


def retry_after(transport):
    head = transport.written.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert head[0] == b"HTTP/1.1 503 Service Unavailable"
    assert transport.closed
    return int(dict(line.split(b": ") for line in head[1:])[b"Retry-After"])
