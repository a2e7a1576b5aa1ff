"""The static files: the dashboard at `/`, the API's documentation at `/docs`.

What no route took comes here. Files are revalidated by ETag each time, so that a new version is seen at once.
"""

import mimetypes
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from voltring_api.policy import is_guarded

HERE = Path(__file__).parent
DOCS = "/docs"
# The mimetypes of slim images lack some of these, and a browser refuses a script that is not called one.
TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
for _suffix, _type in TYPES.items():
    mimetypes.add_type(_type, _suffix)


class Site:
    """Serves what is not the API; 404 for everything under `/v1`."""

    def __init__(self) -> None:
        self._dashboard = StaticFiles(directory=HERE / "dashboard", html=True, check_dir=False)
        self._docs = StaticFiles(directory=HERE / "reference", html=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a file, or raise HTTPException."""
        path = scope["path"]
        if scope["type"] != "http" or is_guarded(path):
            raise HTTPException(404)
        files, rest = self._dashboard, path
        if path == DOCS or path.startswith(f"{DOCS}/"):
            files, rest = self._docs, path.removeprefix(DOCS) or "/"
        await files({**scope, "path": rest, "root_path": ""}, receive, _revalidated(send))


def _revalidated(send: Send) -> Send:
    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).setdefault("Cache-Control", "no-cache")
        await send(message)

    return adding
