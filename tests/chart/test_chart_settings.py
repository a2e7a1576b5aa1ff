"""The chart speaks to the rooms by settings: each variable is one that the room reads."""

from pathlib import Path

import chart_schema
import pytest
import yaml
from chart_render import EXTERNAL, TRIAL, Helm, containers, variables

from voltring_core.settings import PREFIX, DatabaseSettings
from voltring_loadtest.load.cli import loadtest

FILES = sorted((Path(__file__).parent / "values").glob("*.yaml"))


def known(room: str) -> set[str]:
    if room == "loadtest":  # a command, whose options may come from the environment
        return {str(one.envvar) for one in loadtest.params if one.envvar}
    kind = DatabaseSettings if room == "migrate" else chart_schema.settings_of(room)
    return {f"{PREFIX}{name.upper()}" for name in kind.model_fields}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_variable_is_a_setting_of_the_room(helm: Helm, file: Path) -> None:
    rooms = {"node", "api", "worker", "operator", "migrate", "loadtest"}
    for name, container in containers(helm.template(yaml.safe_load(file.read_text(encoding="utf-8")))):
        given = variables(container)
        room = container["name"]
        assert not given or room in rooms, name
        assert given <= known(room) if room in rooms else True, (name, given - known(room))


def test_the_rooms_are_given_what_they_need(helm: Helm) -> None:
    rendered = helm.template(EXTERNAL)
    given = {container["name"]: variables(container) for _, container in containers(rendered)}
    for room in ("node", "api", "worker"):
        assert given[room] >= {"VOLTRING_POSTGRES_DSN", "VOLTRING_REDIS_URL", "VOLTRING_REDIS_CLUSTER"}
    assert given["migrate"] == {"VOLTRING_POSTGRES_DSN"}
    assert given["node"] >= {"VOLTRING_NODE_NAME", "VOLTRING_ADMIN_URL", "VOLTRING_ADMIN_TOKEN"}
    assert not given["operator"] & {"VOLTRING_POSTGRES_DSN", "VOLTRING_REDIS_URL"}


def test_what_the_chart_gives_itself_are_settings() -> None:
    for room, names in chart_schema.OWN.items():
        assert names <= set(chart_schema.settings_of(room).model_fields), room


def test_a_setting_is_given_once(helm: Helm) -> None:
    for _, container in containers(helm.template(TRIAL)):
        names = [one["name"] for one in container.get("env", ())]
        assert len(names) == len(set(names))
