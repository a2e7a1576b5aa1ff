from pathlib import Path

import pytest

from voltring_core.settings import UnknownChargers
from voltring_local.errors import StartFailed
from voltring_local.options import Options, default_data_dir, is_loopback, unknown_chargers

HOME = Path("/home/ada")
EVERYWHERE = "0.0.0.0"


def test_data_go_to_the_users_place_for_data() -> None:
    assert default_data_dir({}, HOME) == Path("/home/ada/.local/share/voltring")


def test_xdg_data_home_is_heeded_when_it_is_absolute() -> None:
    assert default_data_dir({"XDG_DATA_HOME": "/data"}, HOME) == Path("/data/voltring")
    assert default_data_dir({"XDG_DATA_HOME": "data"}, HOME) == Path("/home/ada/.local/share/voltring")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_on_loopback_anybody_may_connect(host: str) -> None:
    assert unknown_chargers(host, None) is UnknownChargers.ACCEPT


@pytest.mark.parametrize("host", [EVERYWHERE, "192.168.1.4", "::", "charge.example"])
def test_elsewhere_only_registered_chargers_connect(host: str) -> None:
    assert not is_loopback(host)
    assert unknown_chargers(host, None) is UnknownChargers.REJECT


def test_the_environment_may_be_stricter_or_hold_strangers_in_quarantine() -> None:
    assert unknown_chargers("127.0.0.1", "reject") is UnknownChargers.REJECT
    assert unknown_chargers(EVERYWHERE, "quarantine") is UnknownChargers.QUARANTINE


def test_an_open_door_to_the_network_is_refused() -> None:
    with pytest.raises(StartFailed, match=r"accept would let anybody in through --host 0\.0\.0\.0"):
        unknown_chargers(EVERYWHERE, "accept")


def test_an_unknown_policy_is_named_with_those_that_exist() -> None:
    with pytest.raises(StartFailed, match="'maybe', which is none of reject, quarantine, accept"):
        unknown_chargers("127.0.0.1", "maybe")


def test_links_name_an_address_that_can_be_reached() -> None:
    assert Options(HOME, host=EVERYWHERE, api_port=80).api_url == "http://127.0.0.1:80"
    assert Options(HOME, host="::", ocpp_port=9001).ocpp_url == "ws://[::1]:9001/ocpp"
    assert Options(HOME, host="10.0.0.7").ocpp_url == "ws://10.0.0.7:9000/ocpp"


@pytest.mark.parametrize(
    ("host", "chargers", "unknown", "priced"),
    [
        ("127.0.0.1", 12, UnknownChargers.ACCEPT, True),
        ("localhost", 12, UnknownChargers.QUARANTINE, True),
        ("127.0.0.1", 0, UnknownChargers.ACCEPT, False),
        ("127.0.0.1", 12, UnknownChargers.REJECT, False),
        (EVERYWHERE, 12, UnknownChargers.QUARANTINE, False),
    ],
)
def test_demo_prices_come_with_simulated_chargers_on_loopback_alone(
    host: str, chargers: int, unknown: UnknownChargers, priced: bool
) -> None:
    options = Options(HOME, chargers=chargers, host=host, unknown_chargers=unknown)
    assert options.plays_prices is priced
