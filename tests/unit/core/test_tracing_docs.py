"""docs/tracing.md names every span and attribute that the rooms make, and no others."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "tracing.md").read_text(encoding="utf-8")
SOURCES = [
    text
    for room in ("core", "ocpp_node", "api", "worker")
    for path in (ROOT / room).rglob("*.py")
    if "tracing" in (text := path.read_text(encoding="utf-8"))
]
MADE = re.compile(r'(?:tracing\.(?:span|begin|mark)|\.part)\(\s*f?"([^"]+)"')
ATTRIBUTE = re.compile(r'"((?:ocpp|voltring|http)\.[a-z_]+(?:\.[a-z_]+)*)"')
LOGGER = re.compile(r'getLogger\("[^"]+"\)')


def column(title):
    """The first cells of the table that begins with this title."""
    table = PAGE.split(f"| {title} |", 1)[1].split("\n\n", 1)[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_span_is_in_the_docs_and_every_one_of_the_docs_is_made():
    made = {name for text in SOURCES for name in MADE.findall(text)}
    named = {re.sub(r"\{[^}]+\}", "ACTION", name) for name in made}
    assert len(named) > 10
    assert named | {"METHOD route"} == column("span")


def test_every_attribute_is_in_the_docs_and_every_one_of_the_docs_is_given():
    given = {name for text in SOURCES for name in ATTRIBUTE.findall(LOGGER.sub("", text))}
    assert given - {"http.response.start"} == column("attribute")  # that one is ASGI's
