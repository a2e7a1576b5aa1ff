"""Lets the chargers of a router that ends go one after the other; runs beside HAProxy, in a container of its own.

    python pacing.py SOCKET SECONDS

HAProxy's own soft stop keeps open WebSockets until `hard-stop-after`, and then drops all of them at once, for the nodes
to take back in a second. Its runtime socket takes nobody new by then, so one conversation with it is held from the
start. SIGTERM, which Kubernetes sends to both at once, begins the end; it takes SECONDS. Needs Python alone.
"""

import contextlib
import math
import re
import signal
import socket
import sys
import threading
import time

PROMPT = b"\n> "
OURS = re.compile(rb"^(0x[0-9a-f]+): proto=.* fe=chargers be=nodes ", re.MULTILINE)
BATCH = 200
TICK_S = 1.0
STOPS_S = 120
"""HAProxy may be told some time after this one, by a `preStop`."""
PATIENCE_S = 10.0


class Conversation:
    """With the runtime socket."""

    def __init__(self, path: str) -> None:
        """Raises OSError when nobody is there."""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE_S)
        try:
            self._socket.connect(path)
            self.ask("prompt")
        except OSError:
            self._socket.close()
            raise

    def ask(self, *questions: str) -> bytes:
        """The answers. Raises OSError when the conversation is over."""
        self._socket.sendall(";".join(questions).encode() + b"\n")
        said = bytearray()
        while said.count(PROMPT) < len(questions):
            if not (part := self._socket.recv(65536)):
                raise ConnectionError("HAProxy has hung up")
            said += part
        return bytes(said)

    def close(self) -> None:
        """An open one would keep HAProxy's process."""
        self._socket.close()


def held(path: str, over: threading.Event) -> Conversation | None:
    """A conversation that is open when the end comes; None when there was none."""
    conversation, pause = None, 0.0
    while not over.wait(pause):
        pause = TICK_S if conversation else TICK_S / 10
        try:
            if conversation is None:
                conversation = Conversation(path)
            else:
                conversation.ask("show version")
        except OSError:
            if conversation is not None:
                conversation.close()
            conversation = None
    return conversation


def is_stopping(conversation: Conversation) -> bool:
    """Whether HAProxy has been told; waits for it."""
    for _ in range(STOPS_S):
        if b"\nStopping: 1" in conversation.ask("show info"):
            return True
        time.sleep(TICK_S)
    return False


def let_go(conversation: Conversation, seconds: int) -> int:
    """Close what is open, evenly over so many seconds; how many that were."""
    closed = 0
    for left in range(seconds, 0, -1):
        ids = [found.decode() for found in OURS.findall(conversation.ask("show sess"))]
        if not ids:
            break
        going = ids[: math.ceil(len(ids) / left)]
        for start in range(0, len(going), BATCH):
            conversation.ask(*(f"shutdown session {one}" for one in going[start : start + BATCH]))
        closed += len(going)
        time.sleep(TICK_S)
    return closed


def main(path: str, seconds: int) -> None:
    """Wait for the end, then pace it."""
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, lambda *_: over.set())
    conversation = held(path, over)
    if conversation is None:
        return
    with contextlib.suppress(OSError):  # HAProxy ends when the last one is gone
        if is_stopping(conversation):
            print(f"{let_go(conversation, seconds)} connections were closed one after the other", flush=True)
    conversation.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
