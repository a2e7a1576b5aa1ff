"""The energy of the day is that of sessions that count."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest


async def session(api: Any, wh: int, billing: str | None, *waits_for: str) -> None:
    identity = uuid4()
    await api.database.execute(
        "INSERT INTO transactions (id, charger_id, ocpp_version, ocpp_transaction_id, state, energy_wh,"
        " start_received_at) VALUES ($1, 'CP', '1.6', '7', 'Ended', $2, $3)",
        identity,
        wh,
        datetime.now(UTC),
    )
    if billing is not None:
        await api.database.execute(
            "INSERT INTO transaction_accounts (transaction_id, checked_at, of_version, billing, waits_for)"
            " VALUES ($1, now(), 1, $2, $3)",
            identity,
            billing,
            list(waits_for),
        )


@pytest.mark.parametrize("site", [None, "depot"])
async def test_what_is_void_is_no_energy_of_today_unless_only_a_tariff_was_missing(api: Any, site: str | None) -> None:
    await api.database.execute("INSERT INTO sites (id, name) VALUES ('depot', 'Depot')")
    await api.database.execute("INSERT INTO chargers (id, site_id) VALUES ('CP', 'depot')")
    await session(api, 1, None)
    await session(api, 10, "open")
    await session(api, 100, "held", "clock")
    await session(api, 1_000, "final")
    await session(api, 10_000, "void", "no_tariff")
    for why in ("voided", "phantom", "dismissed"):
        await session(api, 100_000, "void", why)
    fleet = (await api.client.get("/v1/fleet", params={} if site is None else {"site": site})).json()
    assert fleet["energy_today_wh"] == 11_111
