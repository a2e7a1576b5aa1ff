-- name: find
-- Also in another case: for most chargers that is nobody, a few write their id as they like (TR-02).
SELECT id, status, secret_hash, registration, vendor, model, firmware_version, quirks, ping_interval_s, silence_limit_s,
    call_timeout_s, next_secret_hash, serial_number, time_zone, security_profile, certificate_name,
    -- What a newcomer would do to the socket that is there.
    coalesce(f.swaps, 0) AS takeovers, f.swaps_since, f.swapped_at,
    coalesce(f.disconnected_at IS NULL AND f.epoch IS NOT NULL, false) AS is_connected, now() AS asked_at
FROM chargers LEFT JOIN charger_connection f ON f.charger_id = chargers.id
WHERE lower(id) IN (SELECT lower(asked) FROM unnest($1::text[]) AS asked)

-- name: welcome
INSERT INTO chargers (id, status, secret_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- name: take_next
-- The pending secret is the only one from now on, unless another is pending by now or another node was quicker.
UPDATE chargers SET secret_hash = next_secret_hash, next_secret_hash = NULL, updated_at = now()
WHERE id = $1 AND next_secret_hash = $2
RETURNING id
