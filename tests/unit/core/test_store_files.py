"""SQL in files: named statements, numbered migrations."""

import re
import sys
from importlib.resources import files

import pytest

from voltring_core.store.migrate import available
from voltring_core.store.queries import MARK, load

FILES = [
    (package, file.name)
    for package in ("voltring_core.store", "voltring_node", "voltring_api", "voltring_worker")
    for file in files(package).iterdir()
    if file.name.endswith(".sql")
]


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An importable package `some_room` with one file of statements."""

    def make(text):
        folder = tmp_path / "some_room"
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
        (folder / "room.sql").write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "some_room", raising=False)
        load.cache_clear()
        return load("some_room", "room.sql")

    yield make
    load.cache_clear()


def test_a_file_is_split_into_statements_by_name(package):
    found = package("-- about the file\n-- name: one\n-- What it does.\nSELECT 1\n\n-- name: two\nSELECT 2\n")
    assert dict(found) == {"one": "-- What it does.\nSELECT 1", "two": "SELECT 2"}


def test_a_name_that_stands_twice_is_refused(package):
    with pytest.raises(ValueError, match=r"some_room/room.sql names 'one' twice"):
        package("-- name: one\nSELECT 1\n-- name: one\nSELECT 2\n")


@pytest.mark.parametrize(("package_name", "filename"), FILES)
def test_every_file_of_the_rooms_can_be_loaded_and_holds_one_statement_each(package_name, filename):
    text = files(package_name).joinpath(filename).read_text(encoding="utf-8")
    statements = load(package_name, filename)
    assert len(statements) == text.count(MARK) > 0
    for name, body in statements.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        code = "\n".join(line.partition("--")[0] for line in body.splitlines())
        assert code.strip(), name
        assert ";" not in code.rstrip().rstrip(";"), name


def test_migrations_are_numbered_without_gaps_from_one():
    assert [one.number for one in available()] == list(range(1, len(available()) + 1))
    assert all(one.sql.strip() and re.fullmatch(r"\w+", one.name) for one in available())
