"""When a wanted registration takes effect, in words."""

from typing import Any

import pytest

from voltring_api.resources.registration import takes_effect


def charger(now: str, wanted: str, *, online: bool = True, status: str = "registered") -> dict[str, Any]:
    return {"registration": now, "registration_wanted": wanted, "online": online, "status": status}


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (charger("Accepted", "Accepted"), "holds already"),
        (charger("Pending", "Accepted"), "In a moment"),
        (charger("Pending", "Accepted", online=False), "boots next"),
        (charger("Rejected", "Accepted"), "boots next"),
        (charger("none", "Pending"), "boots next"),
        (charger("Accepted", "Pending"), "A Reset makes it boot"),
        (charger("Pending", "Accepted", status="quarantined"), "admitted"),
    ],
)
def test_operators_are_told_when_it_takes_effect(known: dict[str, Any], said: str) -> None:
    assert said in takes_effect(known)
