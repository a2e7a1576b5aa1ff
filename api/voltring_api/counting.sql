-- name: count
-- One pass over each table of what is now: 20,000 chargers in a few tens of milliseconds.
WITH live AS (
    SELECT * FROM unnest(:uids::text[], :names::text[]) AS l (uid, name)
), online AS (
    SELECT coalesce(live.name, k.node_uid) AS node, k.ocpp_version AS version, count(*) AS chargers
    FROM charger_connection k LEFT JOIN live ON live.uid = k.node_uid
    WHERE {online}
    GROUP BY 1, 2
), known AS (
    SELECT count(*) AS total, count(*) FILTER (WHERE status = 'quarantined') AS quarantined FROM chargers
), running AS (
    -- A session of an absent charger may go on, but nobody sees power flow: it counts as a session only.
    SELECT count(*) AS active_transactions,
        count(DISTINCT t.charger_id) FILTER (WHERE k.charger_id IS NOT NULL) AS charging,
        sum(power_w) FILTER (WHERE k.charger_id IS NOT NULL) AS power_w
    FROM transactions t
    LEFT JOIN (SELECT k.charger_id FROM charger_connection k WHERE {online}) AS k ON k.charger_id = t.charger_id
    WHERE t.state = 'Active'
), statuses AS (
    SELECT status, count(*) AS connectors FROM connectors WHERE evse_id > 0 GROUP BY status
), faults AS (
    SELECT charger_id, evse_id, connector_id, error_code, status_at AS at
    FROM connectors WHERE status = 'Faulted' ORDER BY status_at DESC, charger_id LIMIT 100
)
SELECT known.total, known.quarantined, running.active_transactions, running.charging,
    coalesce(running.power_w, 0) AS power_w,
    coalesce((SELECT sum(chargers) FROM online), 0)::bigint AS online,
    (SELECT json_object_agg(node, chargers) FROM (SELECT node, sum(chargers) AS chargers FROM online GROUP BY node) AS n)
        AS by_node,
    (SELECT json_object_agg(version, chargers)
        FROM (SELECT version, sum(chargers) AS chargers FROM online GROUP BY version) AS v) AS by_version,
    (SELECT json_object_agg(status, connectors) FROM statuses) AS by_status,
    (SELECT json_agg(faults) FROM faults) AS faults
FROM known, running

-- name: energy_today
-- Reads every transaction of the day, so it is asked for less often.
SELECT coalesce(sum(energy_wh), 0) FROM transactions
WHERE start_received_at >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
