"""Every key in Redis.

    o:{charger}   hash    owner: node, cid (connection), ep (epoch), st (claimed|live|draining|offline), at
    node:<uid>    string  the lease of one node incarnation: JSON, PX
    nodes         set     the uids that may have a lease
    s:<uid>       stream  doorbells for that incarnation
    rs:<api>      stream  result doorbells for that API replica
    events        stream  the live feed
    listened      zset    chargers whose events somebody listens to, `*` for all, by the second until which
    watched       zset    chargers whose messages somebody watches, likewise
    looks         stream  wakes the nodes when somebody begins to listen or to watch
The braces are a Cluster hash tag: all keys of one charger share a slot.
"""

EVENTS = "events"


def owner(charger_id: str) -> str:
    """The owner record of a charger."""
    return f"o:{{{charger_id}}}"


def node(uid: str) -> str:
    """The lease of a node incarnation."""
    return f"node:{uid}"


NODES = "nodes"


def doorbells(node_uid: str) -> str:
    """The stream that wakes a node."""
    return f"s:{node_uid}"


def results(api_uid: str) -> str:
    """The stream that wakes an API replica."""
    return f"rs:{api_uid}"
