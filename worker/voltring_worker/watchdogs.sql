-- In all of these $1 are the nodes that live, or NULL where nobody knows: then each may. Who is online is as the API
-- says it (TR-29).

-- name: away
-- Running sessions whose charger is not online.
SELECT t.id AS transaction_id, t.charger_id, t.evse_id, t.start_received_at AS heard_at,
    coalesce(k.disconnected_at, k.last_seen_at) AS gone_at
FROM transactions t JOIN charger_connection k ON k.charger_id = t.charger_id
WHERE t.state = 'Active' AND (k.disconnected_at IS NOT NULL OR NOT k.node_uid = ANY($1::text[])
    OR k.last_seen_at <= now() - k.online_limit_s * interval '1 second')

-- name: accepted_starts
-- Remote starts of the last while ($1 seconds) that were accepted, and of which nothing came.
SELECT id AS command_id, charger_id, coalesce(payload ->> 'evseId', payload ->> 'connectorId') AS evse_id, sent_at
FROM commands
WHERE state = 'ACCEPTED' AND action IN ('RemoteStartTransaction', 'RequestStartTransaction')
    AND sent_at > now() - $1::float8 * interval '1 second'

-- name: unread
-- Running sessions of chargers that are online, which perhaps have no reading of the last $2 seconds. Whether they have
-- one is looked up only where the register's own time does not say so.
SELECT t.id AS transaction_id, t.charger_id, t.evse_id, t.start_received_at AS heard_at, k.connected_at, (
    SELECT max(m.received_at) FROM meter_values m
    WHERE m.transaction_id = t.id AND m.received_at > now() - $2::float8 * interval '1 second'
) AS read_at
FROM transactions t JOIN charger_connection k ON k.charger_id = t.charger_id
WHERE t.state = 'Active' AND coalesce(t.register_at, t.start_received_at) < now() - $2 * interval '1 second'
    AND t.start_received_at < now() - $2 * interval '1 second'
    AND k.connected_at < now() - $2 * interval '1 second'
    AND k.disconnected_at IS NULL AND ($1::text[] IS NULL OR k.node_uid = ANY($1))
    AND k.last_seen_at > now() - k.online_limit_s * interval '1 second'

-- name: faulted
SELECT charger_id, evse_id, connector_id, status_at, error_code, info, vendor_error_code
FROM connectors WHERE status = 'Faulted'

-- name: rebooted
-- Running sessions that began before the latest boot of their charger, which is online, and of which nothing was heard
-- that happened since. What was queued before the boot and comes after it says nothing.
SELECT t.id AS transaction_id, t.charger_id, t.evse_id, t.connector_id, t.start_received_at AS heard_at,
    t.ocpp_version, t.ocpp_transaction_id, c.booted_at
FROM transactions t
JOIN chargers c ON c.id = t.charger_id AND c.registration = 'Accepted'
JOIN charger_connection k ON k.charger_id = t.charger_id
WHERE t.state = 'Active' AND c.booted_at > t.start_received_at
    AND c.booted_at <= now() - $2::float8 * interval '1 second'
    AND k.disconnected_at IS NULL AND ($1::text[] IS NULL OR k.node_uid = ANY($1))
    AND k.last_seen_at > now() - k.online_limit_s * interval '1 second'
    AND (t.register_at IS NULL OR t.register_at <= c.booted_at)
    AND NOT EXISTS (
        SELECT FROM transaction_events e WHERE e.transaction_id = t.id AND e.received_at > c.booted_at
            AND e.event_at > c.booted_at - interval '30 seconds' AND NOT e.offline
    )

-- name: suspects
-- Running sessions with a sign that they are over (TX-19), and what the charger said when it was asked.
WITH signed AS MATERIALIZED (
    SELECT t.id, t.xmin AS version, t.charger_id, t.evse_id, t.connector_id, t.start_received_at, t.started_at, t.register_at, t.ocpp_version,
        t.ocpp_transaction_id, k.connected_at, coalesce(k.disconnected_at, k.last_seen_at) AS gone_at,
        k.disconnected_at IS NULL AND ($1::text[] IS NULL OR k.node_uid = ANY($1))
            AND k.last_seen_at > now() - k.online_limit_s * interval '1 second' AS is_online,
        available.at AS available_at, newer.at AS newer_started_at,
        stop.at AS stop_rejected_at, asked.at AS asked_at, asked.state AS asked_state,
        asked.ongoing, asked.waiting
    FROM transactions t
    JOIN charger_connection k ON k.charger_id = t.charger_id
    LEFT JOIN LATERAL (
        -- Every connector that may be the session's.
        SELECT max(n.status_at) AS at FROM connectors n
        WHERE n.charger_id = t.charger_id AND n.evse_id = t.evse_id
            AND (t.connector_id IS NULL OR n.connector_id = t.connector_id)
        HAVING bool_and(n.status = 'Available')
    ) AS available ON true
    LEFT JOIN LATERAL (
        SELECT min(n.started_at) AS at FROM transactions n
        WHERE n.charger_id = t.charger_id AND n.start_received_at > t.start_received_at
            AND n.evse_id = t.evse_id AND n.started_at > t.started_at AND n.state <> 'Orphan'
    ) AS newer ON true
    LEFT JOIN LATERAL (
        SELECT CASE WHEN c.state = 'REJECTED' THEN c.finished_at END AS at FROM commands c
        WHERE c.charger_id = t.charger_id AND c.payload ->> 'transactionId' = t.ocpp_transaction_id
            AND c.action IN ('RemoteStopTransaction', 'RequestStopTransaction', 'GetTransactionStatus')
            AND c.action <> 'GetTransactionStatus' AND c.created_at > t.start_received_at
        ORDER BY c.seq DESC LIMIT 1
    ) AS stop ON true
    LEFT JOIN LATERAL (
        SELECT coalesce(c.finished_at, c.sent_at, c.created_at) AS at, c.state,
            (c.outcome ->> 'ongoing')::boolean AS ongoing, (c.outcome ->> 'messages_in_queue')::boolean AS waiting
        FROM commands c
        WHERE c.charger_id = t.charger_id AND c.payload ->> 'transactionId' = t.ocpp_transaction_id
            AND c.action IN ('RemoteStopTransaction', 'RequestStopTransaction', 'GetTransactionStatus')
            AND c.action = 'GetTransactionStatus' AND c.created_at > t.start_received_at
        ORDER BY c.seq DESC LIMIT 1
    ) AS asked ON true
    WHERE t.state = 'Active' AND (available.at IS NOT NULL OR newer.at IS NOT NULL OR stop.at IS NOT NULL
        OR NOT asked.ongoing)
)
SELECT id AS transaction_id, version, charger_id, evse_id, connector_id, start_received_at AS heard_at, ocpp_version,
    ocpp_transaction_id,
    connected_at, gone_at, is_online, available_at, newer_started_at, stop_rejected_at, asked_at, asked_state,
    ongoing, waiting,
    coalesce(greatest((SELECT max(e.event_at) FROM transaction_events e WHERE e.transaction_id = signed.id),
        register_at, started_at), start_received_at) AS said_at,
    (SELECT max(e.received_at) FROM transactions o JOIN transaction_events e ON e.transaction_id = o.id
        WHERE o.charger_id = signed.charger_id AND o.updated_at > now() - interval '2 hours'
            AND e.received_at > now() - interval '2 hours'
            AND e.received_at > e.event_at + interval '5 minutes') AS late_at
FROM signed

-- name: lost
-- Running sessions of chargers that nobody has seen for $1 seconds. When one was that is not there any more, nobody knows:
-- then it counts when its session was written last.
SELECT t.id AS transaction_id, t.xmin AS version, t.charger_id,
    coalesce(greatest(k.last_seen_at, k.disconnected_at), t.updated_at) AS seen_at,
    coalesce(greatest((SELECT max(e.event_at) FROM transaction_events e WHERE e.transaction_id = t.id),
        t.register_at, t.started_at), t.start_received_at) AS said_at
FROM transactions t LEFT JOIN charger_connection k ON k.charger_id = t.charger_id
WHERE t.state = 'Active'
    AND coalesce(greatest(k.last_seen_at, k.disconnected_at), t.updated_at) < now() - $1::float8 * interval '1 second'

-- name: gaps
-- Ended 2.x sessions of which messages are missing, and what the charger said when it was asked (TX-12); once somebody
-- has ruled on the bill, and after a month, nobody waits for them.
SELECT t.id AS transaction_id, t.charger_id, t.ocpp_version, t.ocpp_transaction_id, t.evse_id, t.connector_id,
    t.start_received_at AS heard_at, t.end_received_at AS ended_at, a.missing_seq_nos,
    k.disconnected_at IS NULL AND ($1::text[] IS NULL OR k.node_uid = ANY($1))
        AND k.last_seen_at > now() - k.online_limit_s * interval '1 second' AS is_online,
    asked.at AS asked_at, asked.state AS asked_state, asked.ongoing, asked.waiting
FROM transaction_accounts a
JOIN transactions t ON t.id = a.transaction_id
JOIN charger_connection k ON k.charger_id = t.charger_id
LEFT JOIN LATERAL (
    SELECT coalesce(c.finished_at, c.sent_at, c.created_at) AS at, c.state,
        (c.outcome ->> 'ongoing')::boolean AS ongoing, (c.outcome ->> 'messages_in_queue')::boolean AS waiting
    FROM commands c
    WHERE c.charger_id = t.charger_id AND c.payload ->> 'transactionId' = t.ocpp_transaction_id
        AND c.action IN ('RemoteStopTransaction', 'RequestStopTransaction', 'GetTransactionStatus')
        AND c.action = 'GetTransactionStatus' AND c.created_at > t.end_received_at
    ORDER BY c.seq DESC LIMIT 1
) AS asked ON true
WHERE a.missing_seq_nos::text <> '[]' AND a.ruling IS NULL AND t.state = 'Ended'
    AND t.ocpp_version <> '1.6' AND t.ocpp_transaction_id <> '-1'
    AND t.end_received_at < now() - $2::float8 * interval '1 second'
    AND t.end_received_at > now() - interval '30 days'

-- name: open_alarms
SELECT id, rule, charger_id, transaction_id, evse_id, subject, detail FROM alarms WHERE cleared_at IS NULL

-- name: raise
-- One alarm of a rule is open for each subject, whoever raises it. A charger that was deleted has none.
INSERT INTO alarms (id, rule, charger_id, transaction_id, evse_id, subject, detail)
SELECT new.id, rule, charger_id, transaction_id, evse_id, subject, detail
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::int[], $6::text[], $7::json[])
    AS new (id, rule, charger_id, transaction_id, evse_id, subject, detail)
WHERE EXISTS (SELECT FROM chargers c WHERE c.id = charger_id FOR KEY SHARE)
ON CONFLICT (rule, subject) WHERE cleared_at IS NULL DO NOTHING
RETURNING id, rule, subject

-- name: change
UPDATE alarms SET detail = new.detail
FROM unnest($1::uuid[], $2::json[]) AS new (id, detail)
WHERE alarms.id = new.id AND cleared_at IS NULL

-- name: clear
UPDATE alarms SET cleared_at = now() WHERE id = ANY($1::uuid[]) AND cleared_at IS NULL RETURNING id

-- name: lock_charger
-- As nodes do before they write a session: nobody else writes one of this charger until the commit.
SELECT FROM charger_connection WHERE charger_id = $1 FOR NO KEY UPDATE

-- name: session
-- As it was judged.
SELECT * FROM transactions WHERE id = $1 AND xmin = $2::xid AND state = 'Active'

-- name: end_session
UPDATE transactions SET state = $2, ended_at = $3, end_received_at = $4, meter_stop_wh = $5, power_w = $6, flags = $7,
    updated_at = now()
WHERE id = $1
