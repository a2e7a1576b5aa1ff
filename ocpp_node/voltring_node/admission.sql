-- name: find
-- Also in another case: for most chargers that is nobody, a few write their id as they like (TR-02).
SELECT id, status, secret_hash, registration, vendor, model, firmware_version, quirks, ping_interval_s, silence_limit_s,
    call_timeout_s
FROM chargers WHERE lower(id) IN (SELECT lower(asked) FROM unnest($1::text[]) AS asked)

-- name: welcome
INSERT INTO chargers (id, status, secret_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
