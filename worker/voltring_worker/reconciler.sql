-- name: due
SELECT id FROM transactions_changed WHERE due_at <= now() ORDER BY due_at LIMIT $1

-- name: begun
-- Running sessions of OCPP 1.6 that were never checked: their stops may be there already.
SELECT t.id FROM transactions t LEFT JOIN transaction_accounts a ON a.transaction_id = t.id
WHERE t.state = 'Active' AND t.ocpp_version = '1.6' AND a.transaction_id IS NULL LIMIT $1

-- name: changed
-- Sessions that are not running (or whose account somebody has touched), the one that waits longest first. `marks` are
-- the notes of it: what is added meanwhile is another note.
SELECT c.transaction_id AS id, t.id IS NOT NULL AS is_there, coalesce(a.flags, '{}') AS flags, c.marks,
    extract(epoch FROM now() - c.due_at)::float8 AS waited
FROM (
    SELECT transaction_id, array_agg(id) AS marks, min(due_at) AS due_at
    FROM transactions_changed WHERE id = ANY($1::bigint[])
    GROUP BY transaction_id
) AS c
LEFT JOIN transactions t ON t.id = c.transaction_id
LEFT JOIN transaction_accounts a ON a.transaction_id = c.transaction_id
ORDER BY c.due_at

-- name: looked_at
DELETE FROM transactions_changed WHERE id = ANY($1::bigint[])

-- name: look_again
INSERT INTO transactions_changed (transaction_id, due_at) SELECT id, now() + $2::interval FROM unnest($1::uuid[]) AS id

-- name: running
-- Running sessions that were written since they were checked, at most every $1 each; and those that nobody has written
-- for $2, which may have fallen silent, every $3 until that is said. The one that waits longest first.
SELECT t.id, t.xmin AS version, t.register_wh, t.register_at, t.flags AS session_flags, coalesce(a.flags, '{}') AS flags,
    t.ocpp_version = '1.6' AND a.transaction_id IS NULL AS has_begun,
    extract(epoch FROM now() - greatest(t.updated_at, coalesce(a.checked_at + $1::interval, t.start_received_at)))::float8 AS waited
FROM transactions t
LEFT JOIN transaction_accounts a ON a.transaction_id = t.id
WHERE t.state = 'Active' AND (
    a.transaction_id IS NULL
    OR (a.of_version <> t.xmin::text::bigint AND a.checked_at <= now() - $1::interval)
    OR (t.updated_at <= now() - $2::interval AND a.checked_at <= now() - $3::interval AND NOT a.flags && '{readings_stopped}')
)
ORDER BY a.checked_at NULLS FIRST
LIMIT $4

-- name: now
SELECT clock_timestamp()

-- name: own_note
-- Who puts a row right need not be told of it. Written within a savepoint, both have one number.
WITH written AS (SELECT xmin FROM transactions WHERE id = $1), gone AS (
    DELETE FROM transactions_changed c USING written WHERE c.transaction_id = $1 AND c.xmin = written.xmin
)
SELECT xmin FROM written

-- name: rows
SELECT *, xmin AS version FROM transactions WHERE id = ANY($1::uuid[])

-- name: read_since
-- What was read in each session since a time of the charger's and one of receipt: energy and power only.
SELECT m.transaction_id, m.received_at, m.sampled_at, m.measurand, m.value, m.unit, m.phase, m.location, m.context
FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) AS k (id, sampled_at, received_at)
JOIN meter_values m ON m.transaction_id = k.id AND m.sampled_at > k.sampled_at AND m.received_at > k.received_at
WHERE m.received_at > $4 AND m.measurand = ANY($5::text[])
ORDER BY m.transaction_id, m.received_at, m.sampled_at

-- name: said_since
-- What sessions said since the last message that was counted. `brings` something that comes once.
SELECT e.transaction_id, e.id, e.kind, e.event_at, e.received_at, e.seq_no, e.offline,
    e.payload -> 'transactionInfo' ->> 'chargingState' AS charging_state,
    coalesce(e.payload -> 'idToken', e.payload -> 'reservationId', e.payload -> 'transactionInfo' -> 'remoteStartId')
        IS NOT NULL AS brings
FROM unnest($1::uuid[], $2::bigint[]) AS k (id, after)
JOIN transaction_events e ON e.transaction_id = k.id AND e.id > k.after
ORDER BY e.id

-- name: last_events
SELECT k.id, coalesce((SELECT max(e.id) FROM transaction_events e WHERE e.transaction_id = k.id), 0) AS last
FROM unnest($1::uuid[]) AS k (id)

-- name: correct
-- The session as its evidence has it; only over the version that was read, and never waiting for a node that writes it.
UPDATE transactions SET
    state = $3, charging_state = $4, evse_id = $5, connector_id = $6, id_token = $7, id_token_type = $8,
    started_at = $9, ended_at = $10, end_received_at = $11, meter_start_wh = $12, meter_stop_wh = $13,
    register_wh = $14, register_at = $15, energy_wh = $16, energy_before_wh = $17, segment_start_wh = $18,
    power_w = $19, soc_percent = $20, stop_reason = $21, remote_start_id = $22, reservation_id = $23,
    last_seq_no = $24, stop_id_token = $25, flags = $26, updated_at = now()
WHERE id IN (SELECT id FROM transactions WHERE id = $1 AND xmin = $2::xid FOR NO KEY UPDATE SKIP LOCKED)

-- name: mended
-- The account is of the row as it is now.
UPDATE transaction_accounts SET of_version = $3 WHERE transaction_id = $1 AND of_version = $2

-- name: keep_accounts
-- What billing makes of a session is written by billing alone.
INSERT INTO transaction_accounts AS a (transaction_id, of_version, checked_at, energy_wh, energy_method, by_method,
    difference_wh, flags, missing_seq_nos, clock_skew_s, exported_wh)
SELECT id, of_version, now(), energy_wh, energy_method, by_method::json, difference_wh, string_to_array(flags, ','),
    missing_seq_nos::json, clock_skew_s, exported_wh
FROM unnest($1::uuid[], $2::bigint[], $3::numeric[], $4::text[], $5::text[], $6::numeric[], $7::text[], $8::text[],
    $9::float8[], $10::numeric[])
    AS new (id, of_version, energy_wh, energy_method, by_method, difference_wh, flags, missing_seq_nos, clock_skew_s,
    exported_wh)
ON CONFLICT (transaction_id) DO UPDATE SET
    of_version = excluded.of_version, checked_at = excluded.checked_at, energy_wh = excluded.energy_wh,
    energy_method = excluded.energy_method, by_method = excluded.by_method, difference_wh = excluded.difference_wh,
    flags = excluded.flags, missing_seq_nos = excluded.missing_seq_nos, clock_skew_s = excluded.clock_skew_s,
    exported_wh = excluded.exported_wh

-- name: kept_account
SELECT energy_wh, energy_method FROM transaction_accounts WHERE transaction_id = $1 AND energy_method IS NOT NULL

-- name: evidence_gone
-- Its readings are older than they are kept: what was found while they were there stays.
UPDATE transaction_accounts SET of_version = $2, checked_at = now(),
    flags = CASE WHEN 'evidence_gone' = ANY(flags) THEN flags ELSE flags || '{evidence_gone}' END
WHERE transaction_id = $1

-- name: not_checked
-- A fault of ours: what was found before stays, and nobody takes it for what is true now.
INSERT INTO transaction_accounts AS a (transaction_id, of_version, checked_at, flags)
SELECT id, xmin::text::bigint, now(), '{not_checked}' FROM transactions WHERE id = ANY($1::uuid[])
ON CONFLICT (transaction_id) DO UPDATE SET of_version = excluded.of_version, checked_at = excluded.checked_at,
    flags = CASE WHEN 'not_checked' = ANY(a.flags) THEN a.flags ELSE a.flags || '{not_checked}' END
