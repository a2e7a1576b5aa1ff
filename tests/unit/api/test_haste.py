"""Commands whose insert does not wait for the disk: who may be, and who is told of them when."""

import asyncio
from types import SimpleNamespace
from uuid import uuid4

import pytest

from voltring_api.dispatch import Dispatch, Terms
from voltring_core.cluster.watching import Looks
from voltring_core.domain.commands import State, command_class
from voltring_core.store.commands import Commands, NewCommand


class Pool:
    def __init__(self):
        self.asked = []

    async def fetchrow(self, statement, *values):
        self.asked.append(values)
        return {"replaced": None}


@pytest.mark.parametrize(
    ("action", "payload", "in_haste"),
    [
        ("UnlockConnector", {"connectorId": 1}, True),
        ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}, False),
    ],
)
async def test_what_replaces_another_command_is_on_the_disk_before_its_waiters_are_told(action, payload, in_haste):
    pool = Pool()
    kind = command_class(action)
    new = NewCommand(uuid4(), "CP", action, payload, kind, 1, 60.0, "me", in_haste=True)
    await Commands(pool).queue(new)
    assert pool.asked[0][15] is in_haste


class Table:
    def __init__(self, row):
        self.row = row
        self.settled = []

    async def get(self, command_id):
        return self.row

    async def settle_down(self, command_id):
        self.settled.append(command_id)


@pytest.mark.parametrize(("state", "settled"), [(State.QUEUED, True), (State.SENT, False), (State.ACCEPTED, False)])
async def test_a_client_is_told_of_what_is_still_queued_only_once_it_is_on_the_disk(state, settled):
    row = {"id": uuid4(), "state": state.value, "charger_id": "CP"}
    table = Table(row)
    audience = SimpleNamespace(looks=Looks())
    dispatch = Dispatch(None, table, None, None, None, audience, "api", asyncio.Event())
    sent = await dispatch._wait(row, Terms(None, wait_s=0), asyncio.Event())
    assert (sent.row, table.settled) == (row, [row["id"]] * settled)
