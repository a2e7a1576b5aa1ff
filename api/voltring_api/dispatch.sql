-- name: target
-- What is known of a charger and binds what it may be sent. The command that $3 made before by key $4 does not stand in
-- its own way.
SELECT c.status, c.ocpp_version, c.registration,
    -- In a CASE, so that no index of all live connections is ever taken for it.
    (SELECT CASE WHEN f.disconnected_at IS NULL THEN f.node_uid END FROM charger_connection f
     WHERE f.charger_id = c.id) AS node_uid,
    (SELECT b.id FROM commands b WHERE b.created_by = $3 AND b.idempotency_key = $4) AS earlier,
    (SELECT coalesce(json_agg(json_build_array(v.component, v.variable, v.instance, v.value, v.characteristics)), '[]')
     FROM variables v
     WHERE v.charger_id = c.id AND v.attribute = 'Actual' AND v.evse_id = 0 AND lower(v.variable) = ANY($2)
    ) AS variables,
    (SELECT r.content ->> 'version' FROM station_records r
     WHERE r.charger_id = c.id AND r.kind = 'LocalList' AND r.key = '') AS list_version,
    (SELECT coalesce(json_agg(json_build_array(m.action, m.request_id)), '[]')
     FROM commands m
     WHERE m.charger_id = c.id AND m.request_id IS NOT NULL AND m.state IN ('QUEUED', 'SENT', 'ACCEPTED', 'UNKNOWN')
         AND (m.state IN ('QUEUED', 'SENT')
             OR m.state IN ('ACCEPTED', 'UNKNOWN') AND m.created_at > now() - interval '2 minutes')
         AND ($4::text IS NULL OR m.idempotency_key IS DISTINCT FROM $4 OR m.created_by <> $3)
    ) AS open_ids
FROM chargers c WHERE c.id = $1

-- name: next_request_id
SELECT nextval('request_id')

-- name: token_statuses
SELECT lower(id_token) AS token,
    CASE WHEN status = 'Accepted' AND expires_at <= now() THEN 'Expired' ELSE status END AS status
FROM id_tokens WHERE lower(id_token) = ANY($1::text[])
