"""Settings: read once from the environment; a wrong one is named in one sentence."""

import os

import pytest

from voltring_core.errors import SettingsError
from voltring_core.settings import ApiSettings, DatabaseSettings, NodeSettings, UnknownChargers, WorkerSettings, load

GOOD = {"POSTGRES_DSN": "postgresql://u:p@h/db", "REDIS_URL": "redis://h:6379/0"}


@pytest.fixture
def environment(monkeypatch):
    for name in [name for name in os.environ if name.startswith("VOLTRING_")]:
        monkeypatch.delenv(name)

    def put(**values):
        for name, value in (GOOD | values).items():
            if value is None:
                monkeypatch.delenv("VOLTRING_" + name, raising=False)
            else:
                monkeypatch.setenv("VOLTRING_" + name, value)

    return put


def test_two_addresses_are_enough_to_start_a_node(environment):
    environment()
    settings = load(NodeSettings)
    assert (settings.ocpp_port, settings.unknown_chargers) == (9000, UnknownChargers.REJECT)


@pytest.mark.parametrize("kind", [NodeSettings, ApiSettings, WorkerSettings, DatabaseSettings])
def test_without_a_database_no_room_starts(environment, kind):
    environment(POSTGRES_DSN=None)
    with pytest.raises(SettingsError, match=r"^VOLTRING_POSTGRES_DSN is not set$"):
        load(kind)


WRONG = [
    (NodeSettings, "POSTGRES_DSN", "mysql://x"),
    (NodeSettings, "REDIS_URL", "localhost"),
    (NodeSettings, "LOG_LEVEL", "LOUD"),
    (NodeSettings, "ADMIN_PORT", "70000"),
    (NodeSettings, "OTLP_ENDPOINT", "collector:4318"),
    (NodeSettings, "OTLP_ENDPOINT", "http://"),
    (ApiSettings, "OTLP_ENDPOINT", "http://collector:port"),
    (ApiSettings, "OTLP_ENDPOINT", "http://user:password@collector:4318"),
    (WorkerSettings, "OTLP_ENDPOINT", "http://collector:4318/?a=b"),
    (NodeSettings, "TRACE_SAMPLE", "1.1"),
    (ApiSettings, "TRACE_SAMPLE", "-0.1"),
    (NodeSettings, "TRACE_SAMPLE", "nan"),
    (NodeSettings, "NODE_NAME", "my node"),
    (NodeSettings, "NODE_NAME", "-a"),
    (NodeSettings, "OCPP_PORT", "nine"),
    (NodeSettings, "OCPP_PORT", "-1"),
    (NodeSettings, "OCPP_REUSE_PORT", "perhaps"),
    (NodeSettings, "OCPP_LISTEN_FD", "x"),
    (NodeSettings, "UNKNOWN_CHARGERS", "maybe"),
    (NodeSettings, "HEARTBEAT_INTERVAL", "0"),
    (NodeSettings, "PENDING_INTERVAL", "0"),
    (NodeSettings, "PING_INTERVAL", "0"),
    (NodeSettings, "SILENCE_LIMIT", "-1"),
    (NodeSettings, "CALL_TIMEOUT", "nan"),
    (NodeSettings, "ANSWER_DEADLINE", "soon"),
    (NodeSettings, "MAX_MESSAGE_BYTES", "10"),
    (NodeSettings, "INBOX_LIMIT", "0"),
    (NodeSettings, "TRUSTED_PROXIES", "10.0.0.0/33"),
    (NodeSettings, "TRUSTED_PROXIES", "10.0.0.7/8"),  # is it the one machine, or all of its network?
    (NodeSettings, "TRUSTED_PROXIES", "router"),
    (NodeSettings, "COMMIT_WINDOW_MS", "-1"),
    (NodeSettings, "COMMIT_MAX_ROWS", "0"),
    (NodeSettings, "LEASE_SECONDS", "1"),
    (ApiSettings, "API_PORT", "http"),
    (ApiSettings, "BOOTSTRAP_TOKEN", "short"),
    (ApiSettings, "SELLER_NAME", "  "),
    (ApiSettings, "SELLER_ADDRESS", "12 Quay Street"),  # whose?
    (ApiSettings, "SELLER_VAT_ID", "DE1"),
    (WorkerSettings, "SWEEP_INTERVAL", "0"),
    (WorkerSettings, "RETENTION_DAYS", "0"),
    (WorkerSettings, "PARTITIONS_AHEAD", "1"),
]


@pytest.mark.parametrize(("kind", "name", "value"), WRONG)
def test_a_wrong_setting_is_named_and_its_value_is_not_repeated(environment, kind, name, value):
    environment(**{name: value})
    with pytest.raises(SettingsError) as caught:
        load(kind)
    sentence = caught.value.message
    assert sentence.startswith(f"VOLTRING_{name} is wrong: ")
    assert "\n" not in sentence
    assert name not in ("POSTGRES_DSN", "REDIS_URL", "BOOTSTRAP_TOKEN") or value not in sentence


def test_two_wrong_settings_are_both_named(environment):
    environment(OCPP_PORT="x", REDIS_URL=None)
    with pytest.raises(SettingsError) as caught:
        load(NodeSettings)
    assert set(caught.value.message.split("; ")) >= {"VOLTRING_REDIS_URL is not set"}
    assert "VOLTRING_OCPP_PORT is wrong" in caught.value.message


@pytest.mark.parametrize("kind", [NodeSettings, ApiSettings])
def test_secrets_are_not_shown_when_settings_are_printed(environment, kind):
    environment(
        POSTGRES_DSN="postgresql://u:hunter2@h/db", REDIS_URL="redis://:hunter2@h", BOOTSTRAP_TOKEN="hunter2" * 5
    )
    assert "hunter2" not in repr(load(kind))


@pytest.mark.parametrize(
    ("given", "networks"),
    [
        ("", []),
        ("10.42.0.0/16", ["10.42.0.0/16"]),
        ("10.42.0.0/16, fd00::/64 127.0.0.1", ["10.42.0.0/16", "fd00::/64", "127.0.0.1/32"]),
    ],
)
def test_the_networks_of_routers_are_given_in_a_list(environment, given, networks):
    environment(TRUSTED_PROXIES=given)
    assert [str(one) for one in load(NodeSettings).trusted_proxies] == networks


def test_nobody_is_trusted_unless_it_is_said(environment):
    environment()
    assert load(NodeSettings).trusted_proxies == ()


@pytest.mark.parametrize(
    "given", ["12 Quay Street; 20457 Hamburg", "12 Quay Street\n20457 Hamburg\n", "12 Quay Street;;20457 Hamburg"]
)
def test_a_sellers_address_is_given_in_lines(environment, given):
    environment(SELLER_NAME="Harbour Charging Ltd", SELLER_ADDRESS=given)
    assert load(ApiSettings).seller_address == ("12 Quay Street", "20457 Hamburg")


def test_an_address_without_a_line_is_refused(environment):
    environment(SELLER_NAME="Harbour Charging Ltd", SELLER_ADDRESS=" ; ")
    with pytest.raises(SettingsError, match=r"^VOLTRING_SELLER_ADDRESS is wrong: "):
        load(ApiSettings)
