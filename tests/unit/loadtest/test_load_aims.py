"""Where a load test goes, what it orders there, and what the command refuses."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from voltring_loadtest.load import aims
from voltring_loadtest.load.cli import loadtest
from voltring_loadtest.load.orders import STEPS, fault, order
from voltring_loadtest.load.profiles import PROFILES
from voltring_loadtest.load.trial import Trial

URL = "ws://127.0.0.1:9000/ocpp"


def test_an_up_on_this_machine_is_found_by_its_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    assert aims.of_this_machine(tmp_path, None) == aims.Aim(aims.OCPP, aims.API, "secret")


def test_without_an_up_only_the_usual_address_is_known(tmp_path: Path) -> None:
    assert aims.of_this_machine(tmp_path, None) == aims.Aim(aims.OCPP, None, None)


def test_a_ready_file_says_more_than_the_defaults(tmp_path: Path) -> None:
    ready = tmp_path / "some.json"
    ready.write_text(json.dumps({"ocpp": "ws://127.0.0.1:1/ocpp", "api": "http://127.0.0.1:2", "token": "t"}))
    assert aims.of_this_machine(tmp_path, ready) == aims.Aim("ws://127.0.0.1:1/ocpp", "http://127.0.0.1:2", "t")


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_a_ready_file_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "some.json").write_text(text)
    with pytest.raises(aims.NoAim, match=r"some\.json is no ready file"):
        aims.of_this_machine(tmp_path, tmp_path / "some.json")


@pytest.mark.parametrize("url", [URL, "ws://localhost:9000/ocpp", "ws://[::1]:9000/ocpp", "http://127.9.9.9"])
def test_this_machine_may_be_loaded(url: str) -> None:
    aims.refuse_strangers([url], [])


@pytest.mark.parametrize("url", ["ws://10.0.0.1/ocpp", "wss://csms.example.com/ocpp", "http://localhost.example.com"])
def test_another_machine_is_refused_until_its_host_is_named(url: str) -> None:
    with pytest.raises(aims.NoAim, match="--i-may-load"):
        aims.refuse_strangers([URL, url], ["example.com"])
    aims.refuse_strangers([URL, url], ["10.0.0.1", "csms.example.com", "localhost.example.com"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["steady", "--url", "ws://10.0.0.1/ocpp"], "--i-may-load 10.0.0.1"),
        (["steady", "--url", URL, "--api", "http://10.0.0.1", "--api-token", "t"], "--i-may-load 10.0.0.1"),
        (["rolling-restart", "--url", URL, "--node-admin", "http://10.0.0.1", "--admin-token", "t"], "--i-may-load"),
        (["rolling-restart", "--url", URL, "--node-admin", "http://127.0.0.1:1"], "--admin-token"),
        (["steady", "--url", "http://127.0.0.1"], "is not a WebSocket URL"),
        (["steady", "--url", URL, "--api", "127.0.0.1", "--api-token", "t"], "is not an HTTP URL"),
        (["steady", "--url", URL, "--api", "http://127.0.0.1"], "go together"),
        (["steady", "--url", "ws://me:secret@127.0.0.1/ocpp"], "a password in it"),
        (["tls", "--url", URL], "wss://"),
        (["tls", "--url", "wss://127.0.0.1:9443/ocpp"], "--password"),
        (["command-storm", "--url", URL], "REST API"),
        (["steady", "--url", URL, "--register"], "REST API"),
        (["steady", "--url", URL, "--chargers", "1000000"], "--chargers"),
        (["steady", "--url", URL, "--minutes", "100000"], "--minutes"),
        (["no-such-profile"], "no-such-profile"),
    ],
)
def test_what_does_not_go_together_ends_with_a_sentence(words: list[str], said: str) -> None:
    done = CliRunner().invoke(loadtest, words)
    assert done.exit_code == 2
    assert said in done.output


def test_the_help_names_every_profile() -> None:
    said = CliRunner().invoke(loadtest, ["--help"]).output
    assert all(name in said for name in PROFILES)


def test_the_page_names_every_profile_and_only_options_that_exist() -> None:
    page = (Path(__file__).parents[3] / "docs" / "loadtest.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in page for name in PROFILES)
    known = {name for option in loadtest.params for name in option.opts} | {"--reuse-values", "--set"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", page)) <= known


@pytest.mark.parametrize("module", ["voltring_loadtest.load.cli", "voltring_loadtest.cli", "voltring_local.cli"])
def test_nothing_is_patched_or_drawn_before_a_load_test_runs(module: str) -> None:
    heavy = ("locust", "gevent", "matplotlib")
    if module.endswith("load.cli"):
        # gevent must come before it, or it can't patch it.
        heavy = (*heavy, "ssl", "asyncio")
    program = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"


def test_every_charger_gets_every_step_in_its_own_versions_words() -> None:
    trial = Trial("command-storm", 2, URL)
    orders = [order(trial, number) for number in range(2 * len(STEPS))]
    mine = {charger: [one.action for one in orders if one.charger == charger] for charger in ("LOAD-0001", "LOAD-0002")}
    assert mine == {
        "LOAD-0001": [
            *("TriggerMessage", "RemoteStartTransaction", "GetConfiguration"),
            *("RemoteStopTransaction", "UnlockConnector", "GetConfiguration"),
        ],
        "LOAD-0002": [
            *("TriggerMessage", "RequestStartTransaction", "GetVariables"),
            *("RequestStopTransaction", "UnlockConnector", "GetVariables"),
        ],
    }


@pytest.mark.parametrize(
    ("status", "state", "action", "wrong"),
    [
        (200, "ACCEPTED", "UnlockConnector", None),
        (200, "REJECTED", "UnlockConnector", None),
        (409, None, "RemoteStopTransaction", None),
        (409, None, "UnlockConnector", "the API answered with status 409"),
        (0, None, "UnlockConnector", "the API did not answer"),
        (500, None, "UnlockConnector", "the API answered with status 500"),
        (201, "SENT", "UnlockConnector", "the API answered with status 201"),
        (200, "CALLERROR", "UnlockConnector", "the command is CALLERROR"),
        (200, None, "UnlockConnector", "the command is None"),
    ],
)
def test_an_answer_of_the_api_is_judged(status: int, state: str | None, action: str, wrong: str | None) -> None:
    assert fault(status, state, action) == wrong
