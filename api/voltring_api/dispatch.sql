-- name: target
SELECT status, ocpp_version FROM chargers WHERE id = $1

-- name: by_key
SELECT * FROM commands WHERE created_by = $1 AND idempotency_key = $2
