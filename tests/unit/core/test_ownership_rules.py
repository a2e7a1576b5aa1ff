"""The rules of ownership: epochs only grow, the newest claim wins, and what an old socket does late changes nothing."""

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from voltring_core.domain.ownership import (
    Fenced,
    Remedy,
    Route,
    RouteState,
    audit,
    claim,
    epoch_after,
    is_closed_by_mistake,
    is_overtaken,
    moved,
    passes,
    reasserted,
    reclaiming,
    released,
    to_kick,
)

EPOCHS = st.integers(1, 6)
CONNECTIONS = st.sampled_from(["x", "y", "z"])
NODES = st.sampled_from(["a", "b"])
OPEN = (RouteState.CLAIMED, RouteState.LIVE, RouteState.DRAINING)
HELD = st.builds(Route, CONNECTIONS, EPOCHS, st.sampled_from(OPEN), NODES)
TOMBSTONES = st.builds(Route, CONNECTIONS, EPOCHS, st.just(RouteState.OFFLINE), st.none())
ROUTES = HELD | TOMBSTONES
FENCED = st.builds(Fenced, CONNECTIONS, EPOCHS, st.booleans())
ANY_ROUTE, ANY_FENCED = st.none() | ROUTES, st.none() | FENCED


@given(EPOCHS, EPOCHS, EPOCHS)
def test_an_epoch_is_above_the_one_before_and_not_below_the_time_or_the_least(
    before: int, now: int, least: int
) -> None:
    epoch = epoch_after(before, now, least)
    assert epoch > before
    assert epoch in (before + 1, now, least)
    assert epoch >= max(now, least)


@given(ANY_ROUTE, NODES, CONNECTIONS, EPOCHS, EPOCHS)
def test_a_claim_always_gets_the_charger_with_a_higher_epoch_and_is_the_same_when_repeated(
    before: Route | None, node: str, connection: str, least: int, now: int
) -> None:
    after = claim(before, node, connection, least, now)
    assert (after.node, after.connection_id) == (node, connection)
    assert after.epoch >= least
    assert claim(after, node, connection, least, now + 9) is after
    if before is None or (before.node, before.connection_id) != (node, connection):
        assert after.state is RouteState.CLAIMED
        assert before is None or after.epoch > before.epoch


@given(ANY_ROUTE, NODES, CONNECTIONS, EPOCHS)
def test_who_held_the_charger_is_told_and_nobody_else(
    before: Route | None, node: str, connection: str, now: int
) -> None:
    told = to_kick(before, claim(before, node, connection, 0, now))
    if (
        before is None
        or before.state is RouteState.OFFLINE
        or (before.node, before.connection_id) == (node, connection)
    ):
        assert told is None
    else:
        assert told == before.node


@given(ROUTES, CONNECTIONS, EPOCHS, st.sampled_from(OPEN))
def test_only_the_socket_whose_route_it_is_moves_or_releases_it(
    before: Route, connection: str, epoch: int, state: RouteState
) -> None:
    is_own = (before.connection_id, before.epoch) == (connection, epoch)
    after = moved(before, connection, epoch, state)
    assert after == (replace(before, state=state) if is_own and before.state is not RouteState.OFFLINE else None)
    tombstone = released(before, connection, epoch)
    assert (tombstone is not None) is is_own
    if tombstone is not None:
        assert (tombstone.epoch, tombstone.node, tombstone.state) == (epoch, None, RouteState.OFFLINE)


@given(ANY_ROUTE, NODES, CONNECTIONS, EPOCHS)
def test_a_route_is_put_back_over_nothing_newer_and_nobody_elses(
    before: Route | None, node: str, connection: str, epoch: int
) -> None:
    after = reasserted(before, node, connection, epoch)
    if before is not None and before.epoch > epoch:
        assert after is None
    if before is not None and before.epoch == epoch and before.connection_id != connection:
        assert after is None
    if after is not None:
        assert after == Route(connection, epoch, RouteState.LIVE, node)


@given(ANY_FENCED, EPOCHS, st.none() | EPOCHS)
def test_the_fence_lets_only_a_higher_epoch_through_and_a_reclaim_only_over_what_it_saw(
    fenced: Fenced | None, epoch: int, over: int | None
) -> None:
    if passes(fenced, epoch, over):
        assert fenced is None or fenced.epoch < epoch
        assert over is None or (fenced is not None and fenced.epoch == over)
    elif fenced is None:
        assert over is not None
    else:
        assert fenced.epoch >= epoch or over not in (None, fenced.epoch)


@given(EPOCHS, ANY_ROUTE, FENCED)
def test_who_takes_its_charger_back_passes_the_fence_and_its_route_alike(
    epoch: int, route: Route | None, fenced: Fenced
) -> None:
    again = reclaiming(epoch, route, fenced)
    assert again > epoch
    assert passes(fenced, again, fenced.epoch)
    assert reasserted(route, "a", "mine", again) is not None
    assert not passes(replace(fenced, epoch=again), route.epoch if route else 0), "the stuck claimant is shut out"


@given(ANY_ROUTE, ANY_FENCED, CONNECTIONS, EPOCHS)
def test_a_refused_claim_is_dropped_only_for_a_claim_that_came_after_it(
    route: Route | None, fenced: Fenced | None, connection: str, epoch: int
) -> None:
    if is_overtaken(route, fenced, connection, epoch):
        assert route is not None
        assert route.connection_id != connection
        assert route.epoch >= epoch


def test_a_claim_loses_to_a_newer_one_but_not_to_an_older_socket_that_took_its_charger_back() -> None:
    newer, mine = Route("newer", 7, RouteState.LIVE, "b"), Route("mine", 5, RouteState.CLAIMED, "a")
    assert is_overtaken(newer, Fenced("newer", 7, True), "mine", 5)
    assert not is_overtaken(mine, Fenced("unknown", 9, True), "mine", 5), "Redis had lost 9"
    assert not is_overtaken(None, Fenced("unknown", 9, True), "mine", 5)
    old = Route("old", 6, RouteState.LIVE, "b")
    assert not is_overtaken(old, Fenced("old", 6, True, first_epoch=1), "mine", 5)


@given(CONNECTIONS, EPOCHS, ANY_ROUTE, ANY_FENCED, st.booleans())
def test_an_audit_lets_go_of_what_the_fence_gives_to_another_and_of_nothing_else(
    connection: str, epoch: int, route: Route | None, fenced: Fenced | None, heard: bool
) -> None:
    remedy = audit(connection, epoch, route, fenced, is_heard=heard)
    is_own = fenced is not None and (fenced.connection_id, fenced.epoch) == (connection, epoch)
    is_newer = fenced is None or (not is_own and fenced.epoch >= epoch)
    assert (remedy is Remedy.LET_GO) is is_newer
    if remedy is Remedy.REASSERT:
        assert is_own
        assert reasserted(route, "a", connection, epoch) is not None
    if remedy is Remedy.NOTHING and heard:
        assert is_own
        assert route is not None
        assert (route.connection_id, route.epoch) == (connection, epoch)
        assert route.state in (RouteState.LIVE, RouteState.DRAINING)


@given(CONNECTIONS, EPOCHS, HELD, st.booleans())
def test_an_owner_whose_route_another_one_claimed_takes_it_back_if_it_is_heard(
    connection: str, epoch: int, route: Route, heard: bool
) -> None:
    assume(route.epoch > epoch or (route.epoch == epoch and route.connection_id != connection))
    remedy = audit(connection, epoch, route, Fenced(connection, epoch, True), is_heard=heard)
    assert remedy is (Remedy.RECLAIM if heard else Remedy.NOTHING)


@given(CONNECTIONS, EPOCHS, ANY_FENCED)
def test_only_the_owner_is_ever_written_down_as_closed_by_mistake(
    connection: str, epoch: int, fenced: Fenced | None
) -> None:
    if is_closed_by_mistake(connection, epoch, fenced):
        assert fenced == Fenced(connection, epoch, False)
