-- name: page
-- By when they were first heard of, which never changes; start_received_at is set whatever came first.
SELECT *, start_received_at AS heard_at FROM transactions
WHERE start_received_at IS NOT NULL
    AND charger_id = :charger_id -- if charger_id
    AND state = :state -- if state
    AND (start_received_at, id) < (:before, :before_id) -- if before
ORDER BY start_received_at DESC, id DESC
LIMIT :limit

-- name: get
SELECT * FROM transactions WHERE id = $1

-- name: exists
SELECT EXISTS (SELECT FROM transactions WHERE id = $1)

-- name: meter_values
-- Samples have no key of their own. They are only ever appended, so a row's place in its partition is one.
SELECT sampled_at AS at, received_at, measurand, phase, location, context, unit, value, raw,
    tableoid::bigint AS table_oid, ctid AS place
FROM meter_values
WHERE transaction_id = :id
    AND measurand = :measurand -- if measurand
    AND (sampled_at, tableoid::bigint, ctid) > (:after, :after_table, :after_place::tid) -- if after
ORDER BY sampled_at, tableoid::bigint, ctid
LIMIT :limit
