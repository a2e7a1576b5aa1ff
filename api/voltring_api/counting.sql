-- name: count
-- One pass over each table of what is now: 20,000 chargers in a few tens of milliseconds.
WITH live AS (
    SELECT * FROM unnest(:uids::text[], :names::text[]) AS l (uid, name)
), present AS (
    SELECT k.charger_id, k.node_uid, k.ocpp_version
    FROM charger_connection k
    WHERE {online}
        AND k.charger_id IN (SELECT id FROM chargers WHERE site_id = :site) -- if site
), online AS (
    SELECT coalesce(live.name, present.node_uid) AS node, present.ocpp_version AS version, count(*) AS chargers
    FROM present LEFT JOIN live ON live.uid = present.node_uid
    GROUP BY 1, 2
), known AS (
    SELECT count(*) AS total, count(*) FILTER (WHERE status = 'quarantined') AS quarantined FROM chargers
    WHERE true
        AND site_id = :site -- if site
), running AS (
    -- A session of an absent charger may go on, but nobody sees power flow: it counts as a session only.
    SELECT count(*) AS active_transactions,
        count(DISTINCT t.charger_id) FILTER (WHERE present.charger_id IS NOT NULL) AS charging,
        sum(power_w) FILTER (WHERE present.charger_id IS NOT NULL) AS power_w
    FROM transactions t
    LEFT JOIN present ON present.charger_id = t.charger_id
    WHERE t.state = 'Active'
        AND t.charger_id IN (SELECT id FROM chargers WHERE site_id = :site) -- if site
), statuses AS (
    SELECT status, count(*) AS connectors FROM connectors
    WHERE evse_id > 0
        AND charger_id IN (SELECT id FROM chargers WHERE site_id = :site) -- if site
    GROUP BY status
), broken AS (
    SELECT n.charger_id, n.evse_id, n.connector_id, n.error_code, n.status_at AS at, c.vendor
    FROM connectors n JOIN chargers c ON c.id = n.charger_id
    WHERE n.status = 'Faulted'
        AND c.site_id = :site -- if site
), faults AS (
    SELECT charger_id, evse_id, connector_id, error_code, at FROM broken ORDER BY at DESC, charger_id LIMIT 100
), by_code AS (
    -- 1.6 has a code, and 2.x none; NoError beside Faulted says as little.
    SELECT nullif(error_code, 'NoError') AS code, count(*) AS connectors, count(DISTINCT charger_id) AS chargers
    FROM broken GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 100
), by_vendor AS (
    SELECT vendor, count(*) AS connectors, count(DISTINCT charger_id) AS chargers
    FROM broken GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 100
)
SELECT known.total, known.quarantined, running.active_transactions, running.charging,
    coalesce(running.power_w, 0) AS power_w,
    coalesce((SELECT sum(chargers) FROM online), 0)::bigint AS online,
    (SELECT json_object_agg(node, chargers) FROM (SELECT node, sum(chargers) AS chargers FROM online GROUP BY node) AS n)
        AS by_node,
    (SELECT json_object_agg(version, chargers)
        FROM (SELECT version, sum(chargers) AS chargers FROM online GROUP BY version) AS v) AS by_version,
    (SELECT json_object_agg(status, connectors) FROM statuses) AS by_status,
    (SELECT json_agg(faults) FROM faults) AS faults,
    (SELECT count(*) FROM broken) AS faulted_connectors,
    (SELECT json_agg(by_code) FROM by_code) AS faults_by_code,
    (SELECT json_agg(by_vendor) FROM by_vendor) AS faults_by_vendor
FROM known, running

-- name: energy
-- Reads every transaction of the day. What is void was none, or is not to count: a phantom, a part of another session,
-- what a person made void. That no tariff was in force makes a session void as well, and its energy flowed all the same.
SELECT coalesce(sum(t.energy_wh), 0) AS energy_today_wh FROM transactions t
WHERE t.start_received_at >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
    AND t.id NOT IN (
        SELECT a.transaction_id FROM transaction_accounts a
        WHERE a.billing = 'void' AND NOT a.waits_for && '{no_tariff}'
            AND a.over_at >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
    )
    AND t.charger_id IN (SELECT id FROM chargers WHERE site_id = :site) -- if site

-- name: answers
-- How long chargers took to answer what was sent in the last hour; what nobody answered has no time.
WITH answered AS (
    SELECT charger_id, extract(epoch FROM finished_at - sent_at)::float8 * 1000 AS ms
    FROM commands
    WHERE finished_at > now() - interval '1 hour' AND sent_at IS NOT NULL
        AND state IN ('ACCEPTED', 'REJECTED', 'CALLERROR', 'COMPLETED', 'FAILED')
        AND (response IS NOT NULL OR error IS NOT NULL)
        AND charger_id IN (SELECT id FROM chargers WHERE site_id = :site) -- if site
), slowest AS (
    SELECT charger_id, count(*) AS commands, percentile_disc(0.5) WITHIN GROUP (ORDER BY ms) AS p50_ms,
        percentile_disc(0.95) WITHIN GROUP (ORDER BY ms) AS p95_ms
    FROM answered GROUP BY charger_id ORDER BY 4 DESC, 1 LIMIT 10
)
SELECT json_build_object(
    'commands', count(*),
    'p50_ms', percentile_disc(0.5) WITHIN GROUP (ORDER BY ms),
    'p95_ms', percentile_disc(0.95) WITHIN GROUP (ORDER BY ms),
    'slowest', coalesce((SELECT json_agg(slowest) FROM slowest), '[]')
) AS answers
FROM answered

-- name: commands
-- Those that are not over; a partial index holds the few of each state.
WITH queued AS (
    SELECT count(*) AS n FROM commands WHERE state = 'QUEUED'
        AND charger_id IN (SELECT id FROM chargers WHERE site_id = :site) -- if site
), sent AS (
    SELECT count(*) AS n FROM commands WHERE state = 'SENT'
        AND charger_id IN (SELECT id FROM chargers WHERE site_id = :site) -- if site
), unknown AS (
    SELECT count(*) AS n FROM commands WHERE state = 'UNKNOWN'
        AND charger_id IN (SELECT id FROM chargers WHERE site_id = :site) -- if site
)
SELECT json_build_object('open', queued.n + sent.n, 'unknown', unknown.n) AS commands FROM queued, sent, unknown

-- name: firmware
SELECT coalesce(json_agg(spread), '[]') AS firmware FROM (
    SELECT vendor, model, firmware_version, count(*) AS chargers FROM chargers
    WHERE status = 'registered'
        AND site_id = :site -- if site
    GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT 100
) AS spread

-- name: flagged
-- Sessions of the last days that a check found something odd about. Older ones stay in the list of transactions.
WITH flagged AS (
    SELECT a.transaction_id, a.flags, a.billing, a.over_at FROM transaction_accounts a
    WHERE a.flags <> '{}' AND a.over_at > now() - interval '7 days'
        AND a.transaction_id IN (SELECT t.id FROM transactions t JOIN chargers c ON c.id = t.charger_id -- if site
            WHERE c.site_id = :site) -- if site
), by_flag AS (
    SELECT flag, count(*) AS sessions FROM flagged, unnest(flags) AS flag GROUP BY flag
), newest AS (
    SELECT f.transaction_id AS id, t.charger_id, t.state, t.started_at, f.flags, f.billing
    FROM (SELECT * FROM flagged ORDER BY over_at DESC, transaction_id LIMIT 10) AS f
    JOIN transactions t ON t.id = f.transaction_id
    ORDER BY f.over_at DESC, f.transaction_id
)
SELECT json_build_object(
    'sessions', (SELECT count(*) FROM flagged),
    'by_flag', coalesce((SELECT json_object_agg(flag, sessions) FROM by_flag), '{}'),
    'newest', coalesce((SELECT json_agg(newest) FROM newest), '[]')
) AS flagged

-- name: waiting
-- What waits for somebody: open alarms, sessions that nobody could assign, bills that were not let go.
SELECT coalesce((
    SELECT json_object_agg(rule, open) FROM (
        SELECT a.rule, count(*) AS open FROM alarms a
        WHERE a.cleared_at IS NULL
            AND a.charger_id IN (SELECT id FROM chargers WHERE site_id = :site) -- if site
        GROUP BY a.rule
    ) AS r
), '{}') AS alarms, (
    SELECT count(*) FROM transactions t
    WHERE t.resolution IS NULL AND (t.state = 'Orphan' OR t.flags && '{start_lost,unknown_transaction}')
        AND t.charger_id IN (SELECT id FROM chargers WHERE site_id = :site) -- if site
) AS unresolved, coalesce((
    SELECT json_object_agg(billing, bills) FROM (
        SELECT a.billing, count(*) AS bills FROM transaction_accounts a
        WHERE a.billing IN ('provisional', 'held')
            AND a.transaction_id IN (SELECT t.id FROM transactions t JOIN chargers c ON c.id = t.charger_id -- if site
            WHERE c.site_id = :site) -- if site
        GROUP BY a.billing
    ) AS b
), '{}') AS bills_waiting

-- name: site
SELECT id, name, place, time_zone FROM sites WHERE id = $1

-- name: sites
-- Each site, and what belongs to none.
WITH present AS (
    SELECT k.charger_id FROM charger_connection k WHERE {online}
), known AS (
    SELECT coalesce(c.site_id, '') AS site, count(*) AS total, count(present.charger_id) AS online
    FROM chargers c LEFT JOIN present ON present.charger_id = c.id
    GROUP BY 1
), running AS (
    SELECT coalesce(c.site_id, '') AS site, count(*) AS active_transactions,
        count(DISTINCT t.charger_id) FILTER (WHERE present.charger_id IS NOT NULL) AS charging,
        sum(t.power_w) FILTER (WHERE present.charger_id IS NOT NULL) AS power_w
    FROM transactions t
    JOIN chargers c ON c.id = t.charger_id
    LEFT JOIN present ON present.charger_id = t.charger_id
    WHERE t.state = 'Active'
    GROUP BY 1
), broken AS (
    SELECT coalesce(c.site_id, '') AS site, count(*) AS faults
    FROM connectors n JOIN chargers c ON c.id = n.charger_id
    WHERE n.status = 'Faulted'
    GROUP BY 1
), alarmed AS (
    SELECT coalesce(c.site_id, '') AS site, count(*) AS alarms
    FROM alarms a JOIN chargers c ON c.id = a.charger_id
    WHERE a.cleared_at IS NULL
    GROUP BY 1
), named AS (
    SELECT id AS site, id, name, place, time_zone FROM sites
    UNION ALL
    SELECT '', NULL, NULL, NULL, NULL WHERE EXISTS (SELECT FROM chargers WHERE site_id IS NULL)
)
SELECT named.id, named.name, named.place, named.time_zone,
    coalesce(known.total, 0) AS total, coalesce(known.online, 0) AS online,
    coalesce(running.charging, 0) AS charging, coalesce(running.active_transactions, 0) AS active_transactions,
    coalesce(running.power_w, 0) AS power_w, coalesce(broken.faults, 0) AS faults, coalesce(alarmed.alarms, 0) AS alarms
FROM named
LEFT JOIN known USING (site) LEFT JOIN running USING (site) LEFT JOIN broken USING (site) LEFT JOIN alarmed USING (site)
