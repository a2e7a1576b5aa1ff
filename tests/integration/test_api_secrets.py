"""Secrets that chargers have already: given by operators, kept as digests, repeated by nobody."""

from typing import Any

import pytest

from voltring_core.domain.secrets import digest

GIVEN = "a given: password"
HEX = "00FFEE0102030405060708090A0B0C0D0E0F1011"
PLACE = "/v1/chargers/CP-1"


async def stored(api: Any) -> tuple[bytes | None, bytes | None]:
    row = await api.database.fetchrow("SELECT secret_hash, next_secret_hash FROM chargers WHERE id = 'CP-1'")
    return row["secret_hash"], row["next_secret_hash"]


async def kept_by_the_api(api: Any) -> str:
    """All that was written about it, as text."""
    rows = [*await api.database.fetch("SELECT * FROM chargers"), *await api.database.fetch("SELECT * FROM audit_log")]
    return str(rows)


@pytest.mark.parametrize(
    ("secret", "digested"),
    [(GIVEN, GIVEN), (HEX, HEX.lower()), ("Säulenpasswort 1", "Säulenpasswort 1"), ("x" * 64, "x" * 64)],
    ids=["text", "hex digits", "no ASCII", "the longest"],
)
async def test_a_charger_is_registered_with_the_secret_it_has(api: Any, secret: str, digested: str) -> None:
    made = await api.client.post("/v1/chargers", json={"id": "CP-1", "secret": secret})
    assert (made.status_code, made.json()["secret"], made.json()["has_secret"]) == (201, None, True)
    assert secret not in made.text
    assert await stored(api) == (digest(digested), None)
    assert secret not in await kept_by_the_api(api)


@pytest.mark.parametrize("body", [{}, {"secret": None}])
async def test_without_a_secret_one_is_made_and_shown(api: Any, body: Any) -> None:
    made = await api.client.post("/v1/chargers", json={"id": "CP-1", **body})
    assert await stored(api) == (digest(made.json()["secret"]), None)
    renewed = await api.client.post(f"{PLACE}/secret", json=body)
    assert renewed.status_code == 200
    assert renewed.json()["secret"] != made.json()["secret"]
    assert await stored(api) == (digest(renewed.json()["secret"]), None)


async def test_a_given_secret_replaces_the_one_it_has(api: Any) -> None:
    await api.client.post("/v1/chargers", json={"id": "CP-1"})
    changed = await api.client.post(f"{PLACE}/secret", json={"secret": GIVEN})
    assert (changed.status_code, changed.json()) == (200, {"secret": None})
    assert await stored(api) == (digest(GIVEN), None)
    assert GIVEN not in await kept_by_the_api(api)


@pytest.mark.parametrize("body", [None, {"secret": GIVEN}], ids=["made", "given"])
async def test_what_a_command_has_sent_and_nobody_used_is_no_longer_good(api: Any, body: Any) -> None:
    await api.client.post("/v1/chargers", json={"id": "CP-1"})
    await api.database.execute("UPDATE chargers SET next_secret_hash = $1", digest("pending"))
    secret = (await api.client.post(f"{PLACE}/secret", json=body)).json()["secret"] or GIVEN
    assert await stored(api) == (digest(secret), None)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "fifteen-letters",
        "x" * 65,
        "a tab\tis not printable",
        " a space before it",
        "a space behind it ",
        1234567890123456,
    ],
    ids=["empty", "too short", "too long", "not printable", "space before", "space behind", "number"],
)
async def test_a_secret_that_no_charger_can_have_is_refused_without_repeating_it(api: Any, secret: Any) -> None:
    await api.client.post("/v1/chargers", json={"id": "CP-1"})
    before = await stored(api)
    for path, more in (("/v1/chargers", {"id": "CP-2"}), (f"{PLACE}/secret", {})):
        refused = await api.client.post(path, json={"secret": secret, **more})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "secret")
        assert not str(secret) or str(secret) not in refused.text
    assert await stored(api) == before
    assert (await api.client.get("/v1/chargers/CP-2")).status_code == 404


async def test_a_secret_for_a_charger_that_is_not_there_is_404(api: Any) -> None:
    assert (await api.client.post("/v1/chargers/NOBODY/secret", json={"secret": GIVEN})).status_code == 404
