"""A stop before its start, as PostgreSQL keeps it: joined by one commit, and never against an operator's word."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from recorded_sessions import Recorded, message, moment, recorded
from recorded_site import Site, open_site

from voltring_core.ocpp.versions import Version
from voltring_node import writing
from voltring_node.deciding import Asked

DISMISS = "UPDATE transactions SET resolution = 'dismissed' WHERE state = 'Orphan'"
STATES = "SELECT state, resolution FROM transactions ORDER BY start_received_at, state"
STOP, START, STOP_AGAIN = range(3)


@pytest.fixture
async def site(postgres_dsn: str, database: asyncpg.Connection) -> AsyncIterator[Site]:
    async with open_site(postgres_dsn, database) as made:
        await made.begin()
        yield made


@pytest.fixture
def story() -> Recorded:
    return next(one for one in recorded() if one.name == "stop-before-start")


async def states(site: Site) -> list[tuple[str, str | None]]:
    return [tuple(row) for row in await site.database.fetch(STATES)]


async def test_a_start_takes_the_stop_that_came_first(site: Site, story: Recorded) -> None:
    await site.tell(story, [STOP, START], [])
    assert await states(site) == [("Ended", None), ("Orphan", "attached")]
    rows = await site.database.fetch("SELECT id, attached_to FROM transactions ORDER BY state")
    assert [row["attached_to"] for row in rows] == [None, rows[0]["id"]]


async def test_a_stop_that_an_operator_has_dismissed_is_not_joined(site: Site, story: Recorded) -> None:
    await site.tell(story, [STOP], [])
    await site.database.execute(DISMISS)
    await site.tell(story, [START], [])
    assert await states(site) == [("Orphan", "dismissed"), ("Active", None)]


async def test_a_stop_that_is_dismissed_while_its_start_is_decided_is_not_joined(
    site: Site, story: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.tell(story, [STOP], [])
    attach, met = writing._attach, []

    async def overtaken(connection: asyncpg.Connection, found: Any) -> None:
        met.append(found)
        await site.database.execute(DISMISS)
        await attach(connection, found)

    monkeypatch.setattr(writing, "_attach", overtaken)
    given: list[int] = []
    await site.tell(story, [START], given)
    assert len(met) == 1
    assert await states(site) == [("Orphan", "dismissed"), ("Active", None)]
    await site.tell(story, [STOP_AGAIN], given)
    assert await states(site) == [("Orphan", "dismissed"), ("Ended", None)]


async def test_a_stop_that_was_joined_and_is_said_again_in_other_words_is_not_joined_again(
    site: Site, story: Recorded
) -> None:
    await site.tell(story, [STOP, START], [])
    _, action, stop = story.said(STOP, [])
    _, _, start = story.said(START, [])
    again = [(action, stop | {"reason": "Other"}), ("StartTransaction", start | {"connectorId": 2})]
    asked = [Asked(message(Version.V16, 9 + number, moment(40), *said)) for number, said in enumerate(again)]
    await asyncio.gather(*map(site.recorder.record, asked))
    assert sorted(await states(site)) == [("Active", None), ("Ended", None), ("Orphan", "attached")]
