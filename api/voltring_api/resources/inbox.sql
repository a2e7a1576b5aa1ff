-- name: page
-- What nobody could assign, and nobody has resolved: the words of its index.
SELECT * FROM transactions
WHERE resolution IS NULL AND (state = 'Orphan' OR flags && '{start_lost,unknown_transaction}')
    AND id = :id -- if id
    AND charger_id = :charger_id -- if charger_id
    AND (start_received_at, id) < (:before, :before_id) -- if before
ORDER BY start_received_at DESC, id DESC
LIMIT :limit

-- name: said
SELECT e.* FROM unnest($1::uuid[]) AS item (id)
CROSS JOIN LATERAL (
    SELECT transaction_id, kind, seq_no, event_at AS at, received_at, offline, payload
    FROM transaction_events WHERE transaction_id = item.id ORDER BY id LIMIT 20
) AS e

-- name: candidates
-- The sessions of the same charger that were heard of before it, or not long after: a start may come after its stop.
SELECT item.id AS item_id, t.* FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS item (id, charger_id, heard_at)
CROSS JOIN LATERAL (
    SELECT * FROM transactions
    WHERE charger_id = item.charger_id AND start_received_at < item.heard_at + interval '1 day'
        AND state <> 'Orphan' AND resolution IS NULL AND id <> item.id
    ORDER BY start_received_at DESC LIMIT 20
) AS t

-- name: lock_charger
-- As nodes do before they write a session: nobody else writes one of this charger until the commit.
SELECT FROM charger_connection WHERE charger_id = (SELECT charger_id FROM transactions WHERE id = $1) FOR NO KEY UPDATE

-- name: lock_rows
SELECT FROM transactions WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE

-- name: item
SELECT id, charger_id, state, flags, resolution,
    state = 'Orphan' OR flags && '{start_lost,unknown_transaction}' AS is_unassigned
FROM transactions WHERE id = $1

-- name: move_events
UPDATE transaction_events SET transaction_id = $2 WHERE transaction_id = $1

-- name: move_readings
UPDATE meter_values SET transaction_id = $2 WHERE transaction_id = $1

-- name: move_signed_readings
UPDATE signed_meter_values s SET transaction_id = $2 WHERE transaction_id = $1
    AND NOT EXISTS (SELECT FROM signed_meter_values o WHERE o.transaction_id = $2 AND o.digest = s.digest)

-- name: move_frames
UPDATE ocpp_messages SET transaction_id = $2 WHERE transaction_id = $1

-- name: touch
-- A new version of the row: the worker looks at it again, and nodes read it.
UPDATE transactions SET updated_at = now() WHERE id = $1

-- name: resolve
UPDATE transactions SET resolution = $2, attached_to = $3, updated_at = now() WHERE id = $1
RETURNING id, resolution, attached_to
