"""What the scripts of `cluster/lua/` do, by the pure rules of `domain/ownership.py`."""

from voltring_core.domain import ownership as rules
from voltring_core.domain.ownership import RouteState


def claim(data, keys, args):
    """owner_claim."""
    node, connection_id, least = args[0], args[1], int(args[2])
    before = data.route(keys[0])
    after = rules.claim(before, node, connection_id, least, data.now_us())
    data.put_route(keys[0], after)
    kicked = rules.to_kick(before, after)
    return [str(after.epoch), kicked or ""]


def release(data, keys, args):
    """owner_release."""
    after = rules.released(data.route(keys[0]), args[0], int(args[1]))
    if after is None:
        return 0
    data.put_route(keys[0], after)
    return 1


def reassert(data, keys, args):
    """owner_reassert."""
    after = rules.reasserted(data.route(keys[0]), args[0], args[1], int(args[2]))
    if after is None:
        return 0
    data.put_route(keys[0], after)
    return 1


def state(data, keys, args):
    """owner_state."""
    after = rules.moved(data.route(keys[0]), args[0], int(args[1]), RouteState(args[2]))
    if after is None:
        return 0
    data.put_route(keys[0], after)
    return 1


def look(data, keys, args):
    """owner_look."""
    route = data.route(keys[0])
    if route is None:
        return [None, None, None, None]
    return [route.node, route.connection_id, str(route.epoch), route.state.value]


SCRIPTS = {
    "owner_claim": claim,
    "owner_release": release,
    "owner_reassert": reassert,
    "owner_state": state,
    "owner_look": look,
}
