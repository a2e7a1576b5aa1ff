"""`local_room.py COMMAND`: what a room shows to the launcher: its health, and its settings on /env. Starts at once."""

import http.server
import json
import os
import signal
import sys
import time


def room(command: str) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    if command == "simulate":
        time.sleep(3600)
    elif command != "migrate":
        port = os.environ["VOLTRING_API_PORT" if command == "api" else "VOLTRING_ADMIN_PORT"]
        http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), _Health).serve_forever()


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
