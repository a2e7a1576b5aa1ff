-- name: chargers
-- Where these sessions of OCPP 1.6, or stops without one, are, and where there are stops that name no session.
SELECT DISTINCT t.charger_id FROM transactions t
WHERE t.id IN (SELECT transaction_id FROM transactions_changed WHERE id = ANY($1::bigint[]) UNION ALL SELECT unnest($2::uuid[]))
    AND t.ocpp_version = '1.6' AND EXISTS (
        SELECT FROM transactions o WHERE o.charger_id = t.charger_id AND o.state = 'Orphan'
            AND o.resolution IS DISTINCT FROM 'dismissed' AND o.start_received_at > now() - $3::interval
    )

-- name: lock_charger
-- As nodes do before they write a session: nobody else writes one of this charger until the commit.
SELECT FROM charger_connection WHERE charger_id = $1 FOR NO KEY UPDATE

-- name: stops
-- Stops that belong to nobody yet, and those that were joined to a session by themselves: what an operator has attached
-- was said by its session since then.
SELECT o.* FROM transactions o
WHERE o.charger_id = $1 AND o.state = 'Orphan' AND o.resolution IS DISTINCT FROM 'dismissed' AND o.ocpp_version = '1.6'
    AND o.start_received_at > now() - $2::interval AND o.ended_at IS NOT NULL
    AND EXISTS (SELECT FROM transaction_events e WHERE e.transaction_id = o.id)
ORDER BY o.start_received_at DESC, o.id LIMIT $3

-- name: sessions
-- Sessions that may have had one of those stops ($5; since $3), or have one ($4), and none that is too old to be looked
-- at: when the start came, what the session itself said of its end, when the next one on its connector began, and
-- whether it was charged for.
SELECT t.*, t.xmin AS version, begun.heard_at, own.event_at AS own_stop_at, own.meter AS own_stop_meter,
    next.started_at AS next_at, next.start_received_at AS next_heard_at,
    EXISTS (SELECT FROM charge_detail_records c WHERE c.transaction_id = t.id) AS is_billed
FROM transactions t
CROSS JOIN LATERAL (
    SELECT min(e.received_at) AS heard_at FROM transaction_events e
    WHERE e.transaction_id = t.id AND e.kind = 'Started'
) AS begun
LEFT JOIN LATERAL (
    SELECT e.event_at, e.payload ->> 'meterStop' AS meter FROM transaction_events e
    WHERE e.transaction_id = t.id AND e.kind = 'Ended' ORDER BY e.id LIMIT 1
) AS own ON true
LEFT JOIN LATERAL (
    SELECT n.started_at, n.start_received_at FROM transactions n
    WHERE n.charger_id = t.charger_id AND n.evse_id = t.evse_id AND n.started_at > t.started_at
        AND n.start_received_at > t.start_received_at - $2::interval
        AND n.state <> 'Orphan' AND NOT n.flags && '{clock,start_replayed}'
    ORDER BY n.started_at LIMIT 1
) AS next ON true
WHERE t.charger_id = $1 AND t.ocpp_version = '1.6' AND t.state <> 'Orphan' AND t.resolution IS NULL
    AND (t.start_received_at >= $3 OR t.id = ANY($4::uuid[])) AND begun.heard_at IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM transactions o WHERE o.attached_to = t.id AND o.state = 'Orphan' AND o.id <> ALL($5::uuid[])
            AND EXISTS (SELECT FROM transaction_events e WHERE e.transaction_id = o.id)
    )

-- name: lock_rows
SELECT FROM transactions WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE

-- name: leave
UPDATE transactions SET resolution = NULL, attached_to = NULL, updated_at = now() WHERE id = ANY($1::uuid[])

-- name: join
UPDATE transactions t SET resolution = 'attached', attached_to = new.session_id, updated_at = now()
FROM unnest($1::uuid[], $2::uuid[]) AS new (stop_id, session_id) WHERE t.id = new.stop_id

-- name: version
SELECT xmin FROM transactions WHERE id = $1
