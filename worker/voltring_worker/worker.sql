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
