"""The router's configuration, rendered as the chart renders it: the few words of Helm's language that the form uses."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILES = Path(__file__).parents[2] / "charts" / "voltring" / "files"
FORM = FILES / "haproxy.cfg.tpl"
PACING = FILES / "pacing.py"
VALUES: dict[str, Any] = {
    "fleet": "street",
    "namespace": "test",
    "clusterDomain": "cluster.local",
    "nodeService": "street-node",
    "maxNodes": 4,
    "ocppPort": 9000,
    "adminPort": 9001,
    "listen": "127.0.0.1",
    "plainPort": 9002,
    "tlsPort": 0,
    "adminListen": "127.0.0.1",
    "metricsPort": 8404,
    "runtimeSocket": "/run/haproxy/haproxy.sock",
    "certificate": "",
    "clientCertificates": "",
    "clientCa": "",
    "clientCrl": "",
    "acceptProxy": False,
    "maxConnections": 3000,
    "connectionsPerSecond": 1000,
    "connectionsPerSource": 0,
    "stopSeconds": 20,
    "nameserver": "",
}
ACTION = re.compile(r"(?P<trim>\s*\{\{-|\{\{)\s*(?P<words>/\*.*?\*/|.*?)\s*(?P<after>-\}\}\s*|\}\})", re.DOTALL)
RANGE = re.compile(r"range \$i := until \(int \.(\w+)\)")


def rendered(**values: Any) -> str:
    """The configuration with these values in place of the usual ones."""
    text = FORM.read_text(encoding="utf-8")
    return "".join(_block(list(_parts(text)), VALUES | values))


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    """(is it an action?, words)."""
    at = 0
    for found in ACTION.finditer(text):
        yield False, text[at : found.start()]
        yield True, found["words"]
        at = found.end()
    yield False, text[at:]


def _block(parts: list[tuple[bool, str]], values: dict[str, Any]) -> Iterator[str]:
    """Carry out parts until they are used up."""
    while parts:
        is_action, words = parts.pop(0)
        if not is_action:
            yield words
        elif words.startswith("if "):
            yes, no = _branches(parts)
            yield from _block(yes if values[words.removeprefix("if .")] else no, values)
        elif over := RANGE.fullmatch(words):
            body, _ = _branches(parts)
            for number in range(int(values[over[1]])):
                yield from _block(list(body), values | {"$i": number})
        elif not words.startswith("/*"):
            yield str(_value(words, values))


def _branches(parts: list[tuple[bool, str]]) -> tuple[list[tuple[bool, str]], list[tuple[bool, str]]]:
    """What stands before and after `else`, up to the `end` that belongs to it; taken from `parts`."""
    branches: tuple[list[tuple[bool, str]], list[tuple[bool, str]]] = ([], [])
    depth, branch = 0, 0
    while True:
        is_action, words = parts.pop(0)
        if is_action and depth == 0 and words in ("else", "end"):
            if words == "end":
                return branches
            branch = 1
            continue
        depth += is_action and words.startswith(("if ", "range "))
        depth -= is_action and words == "end"
        branches[branch].append((is_action, words))


def _value(words: str, values: dict[str, Any]) -> Any:
    if words.startswith("add "):
        return sum(int(_value(one, values)) for one in words.split()[1:])
    if "." in words:
        return values[words.removeprefix("$").removeprefix(".")]
    return values[words] if words in values else int(words)
