-- name: sessions
-- What was decided of a session stands in its row alone.
SELECT * FROM transactions WHERE id = ANY($1::uuid[])

-- name: events
-- What a session said, and what an orphan that was attached to it did.
SELECT t.session_id, e.kind, e.received_at, e.payload::text AS payload
FROM (
    SELECT id, id AS session_id FROM unnest($1::uuid[]) AS id
    UNION ALL
    SELECT id, attached_to FROM transactions WHERE attached_to = ANY($1::uuid[])
) AS t
JOIN transaction_events e ON e.transaction_id = t.id
ORDER BY e.id

-- name: readings
-- Those that came in messages of their own; what a session's messages carry stands in their payloads.
SELECT m.transaction_id, m.received_at, m.evse_id, m.sampled_at, m.measurand, m.value, m.unit, m.raw, m.phase,
    m.location, m.context
FROM meter_values m
WHERE m.transaction_id = ANY($1::uuid[]) AND NOT EXISTS (
    SELECT FROM transaction_events e WHERE e.transaction_id = m.transaction_id AND e.received_at = m.received_at
)
ORDER BY m.transaction_id, m.received_at, m.sampled_at, m.ctid

-- name: rated
-- The most that an EVSE gives, as its device model says.
SELECT v.charger_id, v.evse_id, (v.characteristics ->> 'maxLimit')::numeric AS most, v.characteristics ->> 'unit' AS unit
FROM variables v
WHERE v.charger_id = ANY($1::text[]) AND lower(v.component) = 'evse' AND lower(v.variable) = 'power'
    AND (v.characteristics ->> 'maxLimit') ~ '^[0-9]{1,9}([.][0-9]+)?$'

-- name: page
-- The next sessions, by when the first message of each came. What was attached to another is part of that one.
SELECT id, start_received_at FROM transactions
WHERE (start_received_at, id) > ($1::timestamptz, $2::uuid) AND attached_to IS NULL
ORDER BY start_received_at, id LIMIT $3

-- name: attached_to
SELECT attached_to FROM transactions WHERE id = $1
