-- name: be_alone
-- True for the one worker that does this chore now; the lock ends with the transaction.
SELECT pg_try_advisory_xact_lock(hashtext('voltring'), hashtext($1))

-- name: today
SELECT (now() AT TIME ZONE 'UTC')::date

-- name: partitions
SELECT child.relname AS name FROM pg_inherits
JOIN pg_class child ON child.oid = inhrelid
JOIN pg_class parent ON parent.oid = inhparent
WHERE parent.relname = ANY($1::text[])

-- name: make_partition
SELECT make_day_partition($1, $2, $3)

-- name: drop_partition
SELECT drop_day_partition($1)

-- name: now
SELECT now()

-- name: silent_reports
-- Locked, so that a part that comes now waits and then counts.
SELECT * FROM reports WHERE state = 'Receiving' AND updated_at <= now() - $1::interval
ORDER BY updated_at LIMIT $2 FOR UPDATE SKIP LOCKED

-- name: end_reports
UPDATE reports SET state = $2 WHERE id = ANY($1::uuid[])

-- name: fail_commands
-- What was asked for did not come in full; what another report has brought about stays.
UPDATE commands SET state = 'FAILED', outcome = new.outcome, completed_at = now(),
    finished_at = coalesce(finished_at, now())
FROM unnest($1::uuid[], $2::json[]) AS new (id, outcome)
WHERE commands.id = new.id AND state IN ('SENT', 'ACCEPTED', 'UNKNOWN')

-- name: prune_reports
WITH gone AS (
    DELETE FROM reports WHERE id IN (
        SELECT id FROM reports WHERE updated_at < now() - $1::int * interval '1 day' LIMIT 5000
    ) RETURNING 1
)
SELECT count(*) FROM gone

-- name: expire_reservations
-- A minute late, so that the charger's own word on it comes first.
UPDATE station_records SET state = 'Expired', at = now()
WHERE kind = 'Reservation' AND state = 'Accepted' AND CASE
    WHEN coalesce(content ->> 'expiryDate', content ->> 'expiryDateTime') ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d'
    THEN coalesce(content ->> 'expiryDate', content ->> 'expiryDateTime')::timestamptz < now() - interval '1 minute'
END
RETURNING charger_id, key
