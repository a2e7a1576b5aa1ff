-- name: chargers
-- $1: the nodes that live; $2: nobody knows which, so that all count as living.
SELECT CASE
        WHEN k.charger_id IS NULL THEN 'never'
        WHEN k.disconnected_at IS NOT NULL THEN 'offline'
        WHEN ($2::boolean OR k.node_uid = ANY($1::text[]))
            AND k.last_seen_at > now() - k.online_limit_s * interval '1 second' THEN 'online'
        ELSE 'silent'
    END AS label, count(*) AS number
FROM chargers c LEFT JOIN charger_connection k ON k.charger_id = c.id
WHERE c.status = 'registered'
GROUP BY 1

-- name: sessions
SELECT count(*) FROM transactions WHERE state = 'Active'

-- name: unknown
SELECT count(*) FROM commands WHERE state = 'UNKNOWN'

-- name: queued
SELECT count(*) FROM commands WHERE state = 'QUEUED' AND deadline_at > now()

-- name: alarms
SELECT rule AS label, count(*) AS number FROM alarms WHERE cleared_at IS NULL GROUP BY 1

-- name: bills
SELECT billing AS label, count(*) AS number FROM transaction_accounts
WHERE billing IN ('provisional', 'held') GROUP BY 1

-- name: reasons
SELECT reason AS label, count(*) AS number FROM transaction_accounts, unnest(waits_for) AS reason
WHERE billing IN ('provisional', 'held') GROUP BY 1
