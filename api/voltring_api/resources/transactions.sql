-- name: page
-- By when they were first heard of, which never changes; start_received_at is set whatever came first. The states stand
-- in words: a plan for any state would not use the index of those that are few.
SELECT t.*, start_received_at AS heard_at,
    {account}
WHERE start_received_at IS NOT NULL
    AND charger_id = :charger_id -- if charger_id
    AND state = 'Active' AND :active::boolean -- if active
    AND state = 'Ended' AND :ended::boolean -- if ended
    AND state = 'Orphan' AND :orphan::boolean -- if orphan
    AND a.flags <> '{}' -- if flagged
    AND coalesce(a.flags, '{}') = '{}' -- if unflagged
    AND (start_received_at, id) < (:before, :before_id) -- if before
ORDER BY start_received_at DESC, id DESC
LIMIT :limit

-- name: get
SELECT t.*,
    {account}
WHERE t.id = $1

-- name: account
-- What the reconciler has found of sessions; nothing until it has looked at them.
a.energy_method, a.by_method AS energy_by_method_wh, a.difference_wh, a.exported_wh, a.flags AS check_flags,
    a.missing_seq_nos, a.clock_skew_s, a.checked_at, a.billing
FROM transactions t LEFT JOIN transaction_accounts a ON a.transaction_id = t.id

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
