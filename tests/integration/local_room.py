"""`local_room.py COMMAND`: what a room shows to the launcher: its health, and its settings on /env. Starts at once."""

import http.server
import json
import os
import signal
import sys
import threading
import time


def room(command: str) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    if command == "simulate":
        time.sleep(3600)
    elif command != "migrate":
        if command == "api":
            threading.Thread(target=_serve, args=("VOLTRING_API_PORT",), daemon=True).start()
        _serve("VOLTRING_ADMIN_PORT")


def _serve(setting: str) -> None:
    http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ[setting])), _Health).serve_forever()


class _Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(json.dumps({**os.environ, "online": 20_000, "items": []}).encode())

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b'{"id": "made"}')

    do_POST = do_PUT

    def _answer(self, body: bytes) -> None:
        self.send_response(http.HTTPStatus.OK)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


room(sys.argv[1])
