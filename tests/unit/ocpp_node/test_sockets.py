"""The charger's socket on loopback: texts are handed over in order, however they are cut; faults end as they should."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode

from voltring_core.testing import eventually
from voltring_node.sockets import EARLY_MOST, Socket

LONG = "ö" * 40_000
MOST = 100_000


class Ear:
    """Listens, and says every text back."""

    def __init__(self):
        self.may_listen = asyncio.Event()
        self.may_listen.set()
        self.socket = None
        self.heard = []

    async def converse(self, socket):
        self.socket = socket
        await self.may_listen.wait()
        socket.listen(self.hear)
        await socket.wait_closed()

    def hear(self, text):
        self.heard.append(text)
        assert self.socket.send_now(text)


@asynccontextmanager
async def served(ear, **options):
    async with serve(
        ear.converse, "127.0.0.1", 0, create_connection=Socket, max_size=MOST, compression=None, **options
    ) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture
def ear():
    return Ear()


@pytest.fixture
async def url(ear):
    async with served(ear) as where:
        yield where


async def wire(url):
    """A connection whose bytes are written by hand; the upgrade is done."""
    host, port = url.removeprefix("ws://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    words = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    writer.write((words + key).encode())
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def frame(data, opcode=Opcode.TEXT, fin=True, mask=True):
    return Frame(opcode, data, fin).serialize(mask=mask)


async def close_code(reader):
    """The code of the close frame that ends the bytes which come; all answers before it are short texts."""
    data = b""
    async with asyncio.timeout(5):
        while (place := data.find(b"\x88")) < 0 or len(data) < place + 4:
            data += await reader.read(1000)
    return int.from_bytes(data[place + 2 : place + 4], "big")


async def test_texts_come_in_order_fragments_and_pings_between_them(url, ear):
    async with connect(url) as charger:
        await charger.send("one")
        await charger.send(["t", "w", "o"])
        await charger.ping()
        await charger.send(LONG)
        await charger.send("")
        assert [await charger.recv() for _ in range(4)] == ["one", "two", LONG, ""]
        await (await charger.ping())
    assert ear.heard == ["one", "two", LONG, ""]


async def test_bytes_that_come_one_by_one_make_the_same_texts(url, ear):
    reader, writer = await wire(url)
    parts = frame(b"fra", fin=False) + frame(b"p", Opcode.PING) + frame(b"gments", Opcode.CONT)
    for number in (data := frame(b"first") + parts + frame(bytes(300)) + frame(b"last")):
        writer.write(bytes((number,)))
        await writer.drain()
    assert len(data) > 300

    async def all_heard():
        return len(ear.heard) == 4

    await eventually(all_heard)
    assert ear.heard == ["first", "fragments", "\0" * 300, "last"]
    writer.write(frame(b"\x03\xe8", Opcode.CLOSE) + frame(b"after the goodbye"))
    assert await close_code(reader) == 1000
    assert len(ear.heard) == 4
    writer.close()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(b"x", mask=False), 1002),
        (b"\xc1" + frame(b"x")[1:], 1002),
        (frame(b"x", Opcode.CONT), 1002),
        (frame(b"x", fin=False) + frame(b"y"), 1002),
        (frame(bytes(MOST + 1)), 1009),
        (frame(bytes(MOST), fin=False) + frame(b"xx", Opcode.CONT), 1009),
        (frame(b"\xff"), 1007),
        (frame(b"\x00", Opcode.BINARY), 1003),
    ],
    ids="unmasked reserved no-beginning unfinished too-long too-long-in-parts not-utf-8 binary".split(),
)
async def test_what_no_charger_may_send_ends_the_connection_with_its_code(url, ear, data, code):
    reader, writer = await wire(url)
    writer.write(frame(b"fine") + data + frame(b"after"))
    assert await close_code(reader) == code
    assert ear.heard == ["fine"]
    writer.close()


async def test_what_comes_before_somebody_listens_is_heard_first(url, ear):
    ear.may_listen.clear()
    async with connect(url) as charger:
        texts = [str(number) for number in range(3 * EARLY_MOST)]
        for text in texts:
            await charger.send(text)
        ear.may_listen.set()
        assert [await charger.recv() for _ in texts] == texts


async def test_a_charger_that_asks_for_deflate_is_understood(ear):
    async with (
        served(ear, extensions=[ServerPerMessageDeflateFactory()]) as url,
        connect(url, compression="deflate") as charger,
    ):
        assert charger.protocol.extensions
        await charger.send(LONG)
        await charger.send("short")
        assert [await charger.recv(), await charger.recv()] == [LONG, "short"]


async def test_a_charger_that_does_not_take_its_answers_is_not_read(url, ear):
    reader, writer = await wire(url)
    text = frame(b"x" * 50_000)
    while ear.socket is None or not ear.socket.paused:
        writer.write(text)
        await asyncio.sleep(0)
    assert not ear.socket.transport.is_reading()

    async def is_heard_again():
        await reader.read(1_000_000)
        return ear.socket.transport.is_reading()

    await eventually(is_heard_again)
    writer.close()


async def test_a_listener_that_is_full_stops_the_reading_until_there_is_room(url, ear):
    async with connect(url) as charger:
        await charger.send("one")
        assert await charger.recv() == "one"
        ear.socket.hold(True)
        await charger.send("two")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(charger.recv(), 0.2)
        ear.socket.hold(False)
        assert await charger.recv() == "two"


async def test_nothing_is_written_to_a_socket_that_is_gone(url, ear):
    async with connect(url) as charger:
        await charger.send("one")
        assert await charger.recv() == "one"
    await ear.socket.wait_closed()
    assert not ear.socket.send_now("late")
    assert not await ear.socket.say("late")


async def test_giving_up_says_goodbye_and_hears_no_more(url, ear):
    async with connect(url) as charger:
        await charger.send("one")
        assert await charger.recv() == "one"
        ear.socket.give_up(1002, "enough")
        await charger.send("two")
        with pytest.raises(ConnectionClosed) as closed:
            await charger.recv()
    assert closed.value.rcvd.code == 1002
    assert ear.heard == ["one"]
