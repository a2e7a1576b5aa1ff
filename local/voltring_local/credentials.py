"""What an embedded server keeps from start to start: its port and its password, in a file of mode 0600."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from voltring_local.errors import StartFailed
from voltring_local.ports import free_port, is_free


@dataclass(frozen=True)
class Credentials:
    """Where a server listens on loopback, and the password that it asks for."""

    port: int
    password: str


def keep(file: Path) -> Credentials:
    """Read the credentials, or make them; another port is taken when a stranger has the old one meanwhile."""
    kept = _read(file)
    if kept and is_free("127.0.0.1", kept.port):
        return kept
    port = free_port()
    fresh = replace(kept, port=port) if kept else Credentials(port, secrets.token_urlsafe(24))
    write_private(file, json.dumps(asdict(fresh)))
    return fresh


def keep_token(file: Path) -> str:
    """Read the token of the first administrator, or make it."""
    if not file.exists():
        write_private(file, secrets.token_urlsafe(32))
    return file.read_text().strip()


def write_private(file: Path, text: str) -> None:
    """Write `text` for this user's eyes alone; a reader sees the old text or the new one, never a part."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


def _read(file: Path) -> Credentials | None:
    try:
        return Credentials(**json.loads(file.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        raise StartFailed(f"{file} is damaged: restore it, or start with another --data-dir") from None
