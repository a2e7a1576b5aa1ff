-- name: select
-- A page of chargers with their connection, connectors and running transactions, in one statement.
-- :names are the names of the nodes in :uids.
WITH page AS (
    SELECT c.id, c.description, c.status, c.ocpp_version, c.registration, c.vendor, c.model, c.serial_number,
        c.firmware_version, c.booted_at, c.secret_hash IS NOT NULL AS has_secret, c.security_profile, c.certificate_name, c.created_at, c.updated_at,
        c.registration_wanted, c.quirks, c.device_model_stale, c.site_id, c.time_zone,
        -- By numeric, so that 0.3 is not 0.30000001192092896.
        c.ping_interval_s::numeric::float8 AS ping_interval_s, c.silence_limit_s::numeric::float8 AS silence_limit_s,
        c.call_timeout_s::numeric::float8 AS call_timeout_s,
        k.connected_at, k.disconnected_at, k.last_seen_at, s.online,
        CASE WHEN s.online THEN
            coalesce((:names::text[])[array_position(:uids::text[], k.node_uid)], k.node_uid)
        END AS node
    FROM chargers c
    LEFT JOIN charger_connection k ON k.charger_id = c.id
    CROSS JOIN LATERAL (
        SELECT k.charger_id IS NOT NULL AND {online} AS online
    ) AS s
    WHERE true
        AND c.id = :id -- if id
        AND c.id > :after -- if after
        AND c.status = :status -- if status
        AND c.site_id = :site -- if site
        AND s.online = :online -- if online
        AND strpos(lower(concat_ws(' ', c.id, c.description, c.vendor, c.model)), lower(:q)) > 0 -- if q
        AND :charging::boolean AND c.id IN (SELECT charger_id FROM transactions WHERE state = 'Active') -- if charging
        AND :faulted::boolean AND c.id IN (SELECT charger_id FROM connectors WHERE status = 'Faulted') -- if faulted
    ORDER BY c.id
    LIMIT :limit
)
SELECT page.*, (
    SELECT json_agg(json_build_object(
        'evse_id', n.evse_id, 'connector_id', n.connector_id, 'status', n.status, 'error_code', n.error_code,
        'info', n.info, 'vendor_error_code', n.vendor_error_code, 'at', n.status_at
    ) ORDER BY n.evse_id, n.connector_id)
    FROM connectors n WHERE n.charger_id = page.id
) AS connectors, (
    SELECT json_agg(json_build_object(
        'id', t.id, 'state', t.state, 'charging_state', t.charging_state, 'started_at', t.started_at,
        'energy_wh', t.energy_wh, 'power_w', t.power_w, 'soc_percent', t.soc_percent, 'id_token', t.id_token,
        'evse_id', t.evse_id
    ) ORDER BY t.start_received_at, t.id)
    FROM transactions t WHERE t.charger_id = page.id AND t.state = 'Active'
) AS transactions
FROM page
ORDER BY page.id

-- name: exists
SELECT EXISTS (SELECT FROM chargers WHERE id = $1)

-- name: create
INSERT INTO chargers (id, description, secret_hash, security_profile, certificate_name) VALUES ($1, $2, $3, $4, $5)

-- name: change
-- Only the columns that :named names.
UPDATE chargers SET
    description = CASE WHEN 'description' = ANY(:named::text[]) THEN :description ELSE description END,
    quirks = CASE WHEN 'quirks' = ANY(:named) THEN :quirks ELSE quirks END,
    ping_interval_s = CASE WHEN 'ping_interval_s' = ANY(:named) THEN :ping_interval_s ELSE ping_interval_s END,
    silence_limit_s = CASE WHEN 'silence_limit_s' = ANY(:named) THEN :silence_limit_s ELSE silence_limit_s END,
    call_timeout_s = CASE WHEN 'call_timeout_s' = ANY(:named) THEN :call_timeout_s ELSE call_timeout_s END,
    site_id = CASE WHEN 'site_id' = ANY(:named) THEN :site_id ELSE site_id END,
    time_zone = CASE WHEN 'time_zone' = ANY(:named) THEN :time_zone ELSE time_zone END,
    security_profile = CASE WHEN 'security_profile' = ANY(:named) THEN :security_profile ELSE security_profile END,
    certificate_name = CASE WHEN 'certificate_name' = ANY(:named) THEN :certificate_name ELSE certificate_name END,
    certificate_is_shared = certificate_is_shared AND NOT :named && '{security_profile,certificate_name}',
    updated_at = now()
WHERE id = :id
RETURNING ping_interval_s, silence_limit_s

-- name: want_registration
UPDATE chargers SET registration_wanted = $2, updated_at = now() WHERE id = $1

-- name: set_secret
-- The only one from now on.
UPDATE chargers SET secret_hash = $2, next_secret_hash = NULL, updated_at = now() WHERE id = $1

-- name: end_sessions
-- Nobody will tell how the running sessions of a charger that is deleted end: they end at their last reading, flagged.
UPDATE transactions SET state = 'Ended', ended_at = coalesce(register_at, now()), end_received_at = now(),
    meter_stop_wh = register_wh, power_w = 0, flags = flags || '{charger_deleted}', updated_at = now()
WHERE charger_id = $1 AND state = 'Active'

-- name: delete
DELETE FROM chargers WHERE id = $1

-- name: admit
-- What it presented when it came stays its secret.
WITH before AS (
    SELECT id, secret_hash FROM chargers WHERE id = $1 AND status = 'quarantined' FOR UPDATE
)
UPDATE chargers SET status = 'registered', secret_hash = coalesce(before.secret_hash, $2), updated_at = now()
FROM before WHERE chargers.id = before.id
RETURNING before.secret_hash IS NOT NULL AS had_secret
