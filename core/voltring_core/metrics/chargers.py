"""Of a node: its chargers, from the handshake to the goodbye, and who owns them."""

from voltring_core.domain.ownership import Remedy
from voltring_core.metrics.naming import SECONDS, counter, gauge, histogram
from voltring_core.ocpp.versions import Version

VERSIONS = tuple(version.value for version in Version)
REFUSALS = (
    "credentials",
    "drain",
    "full",
    "postgres",
    "request too long",
    "subprotocol",
    "takeovers",
    "the node stops",
    "unknown",
    "waited too long",
)
STATUSES = ("400", "401", "404", "431", "503")
CLAIMS = ("overtaken", "owns", "refused", "unproven")
"""What comes of a claim."""
GOODBYES = ("dismissed", "drain", "ended", "overtaken", "recall", "refused", "silent", "superseded", "unproven")
"""Of sockets: those that are owned end as `ended`, beside what else ended them."""

CONNECTIONS = gauge(
    "voltring_node_connections",
    "Chargers connected to this node.",
    "Compare nodes; a sudden fall of all is the router, the network or a fault of ours.",
    {"version": VERSIONS},
    zero=True,
)
ACCEPTED = counter(
    "voltring_node_accepted_total",
    "Chargers whose handshake ended well.",
    "A storm shows here; compare it with the refusals.",
    {"version": VERSIONS},
)
REFUSED = counter(
    "voltring_node_refused_total",
    "Handshakes refused.",
    "Many 503: more nodes, or a calmer return; many 401: a secret was changed.",
    {"status": STATUSES, "reason": REFUSALS},
    zero=False,
)
for _status, _reason in (
    *(("503", reason) for reason in ("drain", "full", "postgres", "takeovers", "the node stops", "waited too long")),
    *(("400", "subprotocol"), ("401", "credentials"), ("404", "unknown"), ("431", "request too long")),
):
    REFUSED.labels(_status, _reason)
HANDSHAKES = counter(
    "voltring_node_handshakes_total",
    "Handshakes that had their turn, whatever came of them.",
    "What this node has to do for those who come.",
)
HANDSHAKE_SECONDS = histogram(
    "voltring_node_handshake_seconds",
    "From a connection's first moment to its charger being owned, for those who got in.",
    "Its tail is what chargers wait in a storm.",
    buckets=(*SECONDS, 30),
)
FAULTS = counter(
    "voltring_node_faults_total",
    "What chargers asked for and did not get, or not as meant, by a fault of ours.",
    "Any is worth a look at the log; an upgrade pauses by it.",
    {"of": ("message", "handshake")},
)
CLOSED = counter(
    "voltring_node_closed_total",
    "Sockets closed, by who or what ended them.",
    "`silent` in numbers is a network that cuts; `superseded` chargers that come twice.",
    {"reason": GOODBYES},
)
CLAIMED = counter(
    "voltring_node_claims_total",
    "Claims of chargers by what came of them; `failed`: PostgreSQL was away.",
    "Many that do not own: two sockets fight for a charger, or the fence is slow.",
    {"outcome": (*CLAIMS, "failed")},
)
CLAIM_SECONDS = histogram(
    "voltring_node_claim_seconds",
    "From a claim to its outcome: the epoch from Redis, the fence in PostgreSQL, its welcome.",
    "The part of a handshake that the servers take.",
)
TAKEOVERS = counter(
    "voltring_node_takeovers_total",
    "Chargers taken over from another socket.",
    "A steady rate without a reason: chargers that lose their network.",
)
KICKS = counter(
    "voltring_node_kicks_total",
    "Chargers that another node was told it has lost (sent), or this one was (heard).",
    "Sent and heard of all nodes go together; else doorbells are lost.",
    {"way": ("sent", "heard")},
)
REMEDIES = counter(
    "voltring_node_remedies_total",
    "Owners put right by anti-entropy.",
    "A few after Redis was away; a steady rate is a fault.",
    {"remedy": tuple(one.value for one in Remedy if one is not Remedy.NOTHING)},
)
DUPLICATES = counter(
    "voltring_node_duplicate_identities_total",
    "Alarms that several chargers seem to go by one identity.",
    "Look for the charger among the alarms.",
)
MISPLACED = gauge(
    "voltring_node_misplaced",
    "Chargers here that the router would send to another node by now; 0 also where that is not known.",
    "Rebalance when it is many for long.",
)
