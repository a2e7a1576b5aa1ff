-- name: find
SELECT id, status, secret_hash, registration FROM chargers WHERE id = ANY($1::text[])

-- name: welcome
INSERT INTO chargers (id, status, secret_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
