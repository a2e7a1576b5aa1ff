"""The command line loads rooms by entry points; errors speak in sentences."""

from importlib.metadata import EntryPoint

import click
import pytest
from click.testing import CliRunner

from voltring_core import cli, errors
from voltring_core.cli import GROUP, main


@pytest.fixture
def rooms(monkeypatch):
    """Replace the installed rooms by entry points of the test's own."""

    def put(**values):
        points = [EntryPoint(name, value, GROUP) for name, value in values.items()]
        monkeypatch.setattr(
            cli, "entry_points", lambda group, name=None: [one for one in points if name in (None, one.name)]
        )

    return put


def invoke(*words):
    return CliRunner().invoke(main, list(words))


def test_the_installed_rooms_are_listed():
    result = invoke("--help")
    assert result.exit_code == 0
    for name in ("up", "simulate", "migrate", "api-key", "node", "api", "worker", "operator"):
        assert name in result.output


def test_the_version_is_told():
    assert invoke("--version").output.startswith("voltring, version ")


def test_an_unknown_command_is_refused_by_name():
    result = invoke("fly")
    assert result.exit_code == 2
    assert "fly" in result.output


def test_a_room_that_is_not_installed_says_how_to_install_it_and_the_others_still_work(rooms):
    rooms(balloon="voltring_balloon.cli:fly", migrate="voltring_core.store.cli:migrate")
    result = invoke("balloon")
    assert result.exit_code == 1
    assert "needs voltring_balloon: install it with pip install 'voltring[balloon]'" in result.output
    listing = invoke("--help")
    assert listing.exit_code == 0
    assert "Bring the database schema up to date" in listing.output


def test_an_entry_point_that_is_no_command_is_named(rooms):
    rooms(wrong="voltring_core.cli:GROUP")
    assert "'wrong' is not a command" in invoke("wrong").output


@pytest.mark.parametrize("command", ["migrate", "api-key"])
def test_an_administrators_command_without_a_database_ends_with_status_2_and_one_sentence(command, monkeypatch):
    monkeypatch.delenv("VOLTRING_POSTGRES_DSN", raising=False)
    result = invoke(command, *(["me"] if command == "api-key" else []))
    assert result.exit_code == 2
    assert result.stderr == "voltring: VOLTRING_POSTGRES_DSN is not set\n"


def tree(kind):
    return [kind, *(one for sub in kind.__subclasses__() for one in tree(sub))]


def test_every_error_of_the_tree_is_drawn_at_the_top_of_its_file():
    ours = [kind for kind in tree(errors.VoltringError) if kind.__module__ == errors.__name__]
    assert len(ours) == 14
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in ours)


@pytest.mark.parametrize("kind", [errors.SettingsError, errors.CallTimedOut, errors.NotFound, errors.Unavailable])
def test_a_docstring_is_the_message_when_none_is_given(kind):
    assert str(kind()) == kind.__doc__
    assert str(kind("because")) == "because"


def test_a_refused_call_says_code_and_description():
    assert str(errors.CallRefused("NotSupported", "no", {})) == "NotSupported: no"
    assert str(errors.CallRefused("NotSupported", "", {})) == "NotSupported"


def test_the_room_of_a_command_is_loaded_only_when_it_is_called(rooms):
    rooms(broken="voltring_core.no_such_module:x")
    assert isinstance(main, click.Group)
    assert main.list_commands(click.Context(main)) == ["broken"]
