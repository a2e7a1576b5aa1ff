"""Named SQL statements, read from the `.sql` files of a package.

A statement starts at `-- name: its_name` and ends at the next one; the comment lines below the name say what it
is for. Each room may keep statements of its own beside its code with `load(__package__, "file.sql")`.
"""

from functools import cache
from importlib.resources import files
from types import MappingProxyType

MARK = "-- name:"
_HOMES: dict[str, str] = {}


@cache
def load(package: str, filename: str) -> MappingProxyType[str, str]:
    """The statements of one file by name. Raises ValueError when a name stands twice."""
    statements: dict[str, str] = {}
    text = files(package).joinpath(filename).read_text(encoding="utf-8")
    for block in text.split(MARK)[1:]:
        name, _, body = block.partition("\n")
        if name.strip() in statements:
            raise ValueError(f"{package}/{filename} names {name.strip()!r} twice")
        statements[name.strip()] = body.strip()
    _HOMES.update(dict.fromkeys(statements.values(), filename.removesuffix(".sql")))
    return MappingProxyType(statements)


def home(statement: str) -> str | None:
    """The file that a statement was read from, without its ending; None for one of nobody's."""
    return _HOMES.get(statement)
