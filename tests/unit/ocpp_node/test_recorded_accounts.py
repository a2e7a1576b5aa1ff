"""Every recorded session's account: the energy that its messages come to, whichever way and in whatever order."""

import random
from datetime import timedelta

import pytest
from recorded_sessions import played, recorded

from voltring_core.domain.folding import fold
from voltring_core.domain.reckoning import ENERGY_MISMATCH, reckon
from voltring_core.domain.transactions import IMPLAUSIBLE_ENERGY
from voltring_core.domain.values import changed

STORIES = [pytest.param(one, id=one.name) for one in recorded()]
UNORDERED = [pytest.param(one, id=one.name) for one in recorded() if one.any_order]


def accounts(story):
    """Of each of its sessions: the evidence, the session it comes to, the account."""
    scene = played(story)
    for session in scene.own:
        evidence = scene.evidence(session)
        now = max(one.received_at for one in evidence.heard)
        folded = fold(evidence)
        yield evidence, folded.transaction, reckon(evidence, folded, now), now


@pytest.mark.parametrize("story", STORIES)
def test_the_energy_of_a_recorded_session_is_that_of_its_account_and_nothing_contradicts_it(story):
    for _, session, account, _ in accounts(story):
        assert account.energy_wh == session.energy_wh
        assert not {ENERGY_MISMATCH, IMPLAUSIBLE_ENERGY} & set(account.flags)
        assert account.usage is not None
        assert sum(one.energy_wh for one in account.usage.spans) == (account.energy_wh or 0)


@pytest.mark.parametrize("story", UNORDERED)
@pytest.mark.parametrize("seed", range(4))
def test_the_account_of_a_recorded_session_is_the_same_in_any_order(story, seed):
    for evidence, _, account, now in accounts(story):
        heard, times = list(evidence.heard), [one.received_at + timedelta(days=1) for one in evidence.heard]
        random.Random(seed).shuffle(heard)
        mixed = tuple(changed(one, number=n, received_at=times[n]) for n, one in enumerate(heard))
        other = changed(evidence, heard=mixed)
        found = reckon(other, fold(other), now + timedelta(days=1))
        assert (found.energy_wh, found.method, found.by_method) == (
            account.energy_wh,
            account.method,
            account.by_method,
        )
        assert found.usage == account.usage
