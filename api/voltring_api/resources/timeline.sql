-- name: session
-- Its site is the one that it had: as it was accounted, else as it was billed, else (it was heard of just now) the
-- charger's.
SELECT t.*, a.energy_wh AS best_wh, a.energy_method, a.by_method, a.difference_wh, a.flags AS found_flags,
    a.missing_seq_nos, a.clock_skew_s, a.tariff_id, a.tariff, a.time_zone, a.cost, a.billing, a.waits_for,
    a.released_by, a.released_at, a.note, a.checked_at, concat_ws(' ', c.vendor, c.model) AS charger_model,
    coalesce(a.at_site -> 'site', r.site, present.site) AS site,
    coalesce(a.at_site ->> 'time_zone', present.time_zone) AS site_zone,
    (SELECT count(*) FROM signed_meter_values v WHERE v.transaction_id = t.id) AS signed_meter_values,
    ARRAY(SELECT o.id FROM transactions o WHERE o.charger_id = t.charger_id AND o.attached_to = t.id
        AND o.start_received_at > t.start_received_at - interval '30 days') AS attached
FROM transactions t
LEFT JOIN transaction_accounts a ON a.transaction_id = t.id
LEFT JOIN chargers c ON c.id = t.charger_id
LEFT JOIN LATERAL (
    SELECT content -> 'site' AS site FROM charge_detail_records WHERE transaction_id = t.id ORDER BY revision LIMIT 1
) AS r ON true
LEFT JOIN LATERAL (
    SELECT json_build_object('id', id, 'name', name, 'place', place) AS site, time_zone FROM sites WHERE id = c.site_id
) AS present ON true
WHERE t.id = $1

-- name: told
-- What the charger said of the session; the payload is in the frame, as long as that is kept.
SELECT id, kind, seq_no, event_at, received_at, trigger_reason, offline FROM transaction_events
WHERE transaction_id = $1 ORDER BY id LIMIT $2

-- name: payloads
SELECT id, payload FROM transaction_events WHERE transaction_id = $1 AND id = ANY($2::bigint[])

-- name: own
-- Frames that the node has joined to the session. Their texts stay where they are until they are shown; only what
-- follows the first "timestamp" is taken along, without a regular expression: that costs ten times as much as the rest.
SELECT id, received_at, direction, message_type, action, verdict,
    CASE WHEN direction = 'in' THEN substr(frame, nullif(strpos(frame, '"timestamp"'), 0) + 11, 60) END AS said_at
FROM ocpp_messages
WHERE transaction_id = $1 AND received_at >= $2 AND received_at < $3
ORDER BY id LIMIT $4

-- name: near
-- Other frames of the charger in that time, but for heartbeats and answers, which stand beside their calls. Those of
-- other sessions are not read, unless they may have begun this one; nor are reports, which are long. By id: an index has a charger's frames so.
SELECT m.id, m.received_at, m.direction, m.message_type, m.action, m.verdict, m.transaction_id, o.evse_id AS other_evse,
    CASE WHEN (m.transaction_id IS NULL OR m.action = 'StartTransaction') AND pg_column_size(m.frame) < 16384
        THEN m.frame END AS frame,
    CASE WHEN m.action = 'StartTransaction' THEN m.reply END AS reply,
    CASE WHEN m.direction = 'in' THEN substr(m.frame, nullif(strpos(m.frame, '"timestamp"'), 0) + 11, 60) END AS said_at
FROM ocpp_messages m LEFT JOIN transactions o ON o.id = m.transaction_id
WHERE m.charger_id = :charger_id AND m.received_at >= :since AND m.received_at < :until
    AND m.transaction_id IS DISTINCT FROM :id
    AND m.id > :after -- if after
    AND m.id < :before -- if before
    AND m.action IS DISTINCT FROM 'Heartbeat'
    AND (m.direction = 'out' OR m.message_type IS NULL OR m.message_type NOT IN (3, 4) OR m.verdict = 'stray')
ORDER BY m.id {direction} LIMIT :limit

-- name: frames
WITH m AS (
    SELECT {columns} FROM ocpp_messages m
    WHERE m.charger_id = :charger_id AND m.id = ANY(:ids::bigint[]) AND m.received_at >= :since AND m.received_at <= :until
)
SELECT {shown} FROM m {answers}

-- name: commands
SELECT * FROM commands WHERE charger_id = $1 AND created_at >= $2 AND created_at < $3 ORDER BY seq LIMIT $4

-- name: events
SELECT * FROM station_events WHERE charger_id = $1 AND received_at >= $2 AND received_at < $3 ORDER BY id LIMIT $4

-- name: decisions
-- Of the session whenever they were taken, of what is around it in its time.
SELECT * FROM audit_log WHERE subject = ANY($1::text[]) OR (subject = ANY($2::text[]) AND at >= $3 AND at < $4)
ORDER BY id LIMIT $5

-- name: alarms
SELECT * FROM alarms WHERE charger_id = $1 AND raised_at >= $2
    AND (transaction_id = $3 OR (transaction_id IS NULL AND raised_at < $4))
ORDER BY raised_at LIMIT $5

-- name: records
SELECT id, number, revision, kind, currency, total, issued_at FROM charge_detail_records
WHERE transaction_id = $1 ORDER BY revision

-- name: readings
-- One row a moment. Totals; where there is none, the sum of all three phases. Other places than outlet and cable are
-- not what the driver pays for.
SELECT sampled_at AS at,
    max(value) FILTER (WHERE phase IS NULL AND measurand = 'Energy.Active.Import.Register' AND unit = 'Wh') AS energy,
    max(value) FILTER (WHERE phase IS NULL AND measurand = 'Power.Active.Import' AND unit = 'W') AS power,
    max(value) FILTER (WHERE measurand = 'SoC' AND unit = 'Percent') AS soc,
    sum(value) FILTER (WHERE phase IN ('L1', 'L2', 'L3', 'L1-N', 'L2-N', 'L3-N')
        AND measurand = 'Energy.Active.Import.Register' AND unit = 'Wh') AS energy_of_phases,
    sum(value) FILTER (WHERE phase IN ('L1', 'L2', 'L3', 'L1-N', 'L2-N', 'L3-N')
        AND measurand = 'Power.Active.Import' AND unit = 'W') AS power_of_phases
FROM meter_values
WHERE transaction_id = $1 AND received_at >= $2 AND received_at < $3 AND value IS NOT NULL
    AND measurand IN ('Energy.Active.Import.Register', 'Power.Active.Import', 'SoC')
    AND (measurand = 'SoC' OR location IS NULL OR location IN ('Outlet', 'Cable'))
GROUP BY sampled_at ORDER BY sampled_at LIMIT $4
