"""`voltring replay` over recorded sessions of every kind: what PostgreSQL holds of them, by a node's own recorder."""

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
from click.testing import Result
from recorded_sessions import NOON, Recorded, recorded
from recorded_site import Site, open_site

from voltring_core.store.evidence import load

STORIES = [pytest.param(one, id=one.name) for one in recorded()]
WRONG = "UPDATE transactions SET energy_wh = 4000, flags = '{odd}' WHERE id = $1"


@pytest.fixture
async def site(postgres_dsn: str, database: asyncpg.Connection) -> AsyncIterator[Site]:
    async with open_site(postgres_dsn, database) as made:
        yield made


def differing(result: Result) -> set[str]:
    """The fields of a table of differences."""
    return {line.split()[0] for line in result.output.splitlines() if line.startswith("  ")} - {"field"}


@pytest.mark.parametrize("story", STORIES)
async def test_a_recorded_session_comes_out_as_it_is_stored_but_for_what_its_file_names(
    site: Site, story: Recorded
) -> None:
    sessions = await site.play(story)
    assert len(sessions) == len(story.sessions)
    for session, named, expected in zip(sessions, story.node_differs, story.sessions, strict=True):
        result = await site.replay(str(session))
        assert (result.exit_code, differing(result)) == (1 if named else 0, named), result.output
        row = await site.database.fetchrow("SELECT * FROM transactions WHERE id = $1", session)
        for name, word in expected.items():
            found = set(row[name]) if name == "flags" else row[name]
            assert name in named or found == (set(word) if name == "flags" else word), name


@pytest.mark.parametrize("story", STORIES)
async def test_once_the_worker_has_looked_nothing_differs(site: Site, story: Recorded) -> None:
    sessions = await site.play(story)
    await site.worker.cycle()
    result = await site.replay("--all")
    assert result.exit_code == 0, result.output
    for session, expected in zip(sessions, story.sessions, strict=True):
        row = await site.database.fetchrow("SELECT * FROM transactions WHERE id = $1", session)
        found = {name: set(row[name]) if name == "flags" else row[name] for name in expected}
        assert found == {name: set(word) if name == "flags" else word for name, word in expected.items()}


async def test_the_evidence_of_a_session_is_every_message_of_it_once_and_its_readings(site: Site) -> None:
    (story,) = (one for one in recorded() if one.name == "clean-16")
    (session,) = await site.play(story)
    evidence = (await load(site.database, [session, uuid4()]))[session]
    assert [type(one.said).__name__ for one in evidence.heard] == [
        "TransactionReported",
        "Metered",
        "Metered",
        "TransactionReported",
    ]
    assert [len(one.said.samples) for one in evidence.heard] == [0, 2, 1, 2]
    assert [one.received_at for one in evidence.heard] == [story.said(row, [1])[0] for row in range(4)]


async def test_an_attached_stops_message_is_evidence_of_its_session(site: Site) -> None:
    (story,) = (one for one in recorded() if one.name == "stop-before-start")
    (session,) = await site.play(story)
    attached = await site.database.fetchrow("SELECT * FROM transactions WHERE attached_to = $1", session)
    assert (attached["state"], attached["resolution"]) == ("Orphan", "attached")
    assert len((await load(site.database, [session]))[session].heard) == 3
    result = await site.replay(str(attached["id"]))
    assert (result.exit_code, f"part of session {session}" in result.output) == (0, True)
    every = await site.replay("--all")
    assert (every.exit_code, every.output) == (0, "1 session, and nothing differs.\n")


async def test_a_session_that_is_stored_wrong_is_shown_field_by_field(site: Site) -> None:
    (story,) = (one for one in recorded() if one.name == "clean-16")
    (session,) = await site.play(story)
    right = await site.replay(str(session))
    assert (right.exit_code, len(right.output.splitlines())) == (0, 1)
    await site.database.execute(WRONG, session)
    wrong = await site.replay(str(session))
    assert (wrong.exit_code, differing(wrong)) == (1, {"energy_wh", "flags"})
    assert [line.split() for line in wrong.output.splitlines()[2:]] == [
        ["energy_wh", "4000", "5000"],
        ["flags", "odd", "-"],
    ]


async def test_all_sessions_since_a_time_are_worked_out_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voltring_core.store.replay.BATCH", 1)
    (story,) = (one for one in recorded() if one.name == "missing-stop")
    first, second = await site.play(story)
    clean = await site.replay("--all")
    assert (clean.exit_code, clean.output) == (0, "2 sessions, and nothing differs.\n")
    await site.database.execute(WRONG, first)
    found = await site.replay("--all")
    assert (found.exit_code, found.output.splitlines()[-1]) == (1, "1 of 2 sessions differ.")
    assert str(first) in found.output
    assert str(second) not in found.output
    later = await site.replay("--all", "--since", NOON.replace(minute=30).isoformat())
    assert (later.exit_code, later.output) == (0, "1 session, and nothing differs.\n")


@pytest.mark.parametrize(
    ("words", "status"),
    [([], 2), (["--all", str(uuid4())], 2), ([str(uuid4())], 2), (["--all", "--since", "yesterday"], 2), (["x"], 2)],
)
async def test_what_names_no_session_is_said_so(site: Site, words: list[str], status: int) -> None:
    assert (await site.replay(*words)).exit_code == status


async def test_a_session_of_which_no_message_is_kept_is_said_to_be_one(site: Site) -> None:
    (story,) = (one for one in recorded() if one.name == "clean-16")
    (session,) = await site.play(story)
    await site.database.execute("DELETE FROM transaction_events")
    result = await site.replay(str(session))
    assert (result.exit_code, "no message of it is kept" in result.output) == (1, True)


async def test_a_nul_in_a_tag_is_shown_alike_in_the_row_and_in_what_comes_out(site: Site) -> None:
    (story,) = (one for one in recorded() if one.name == "tag-refused")
    story.content["said"][0]["StartTransaction"]["idTag"] = "A\0B"
    (session,) = await site.play(story)
    assert await site.database.fetchval("SELECT id_token FROM transactions") == "A\N{SYMBOL FOR NULL}B"
    result = await site.replay(str(session))
    assert result.exit_code == 0, result.output
