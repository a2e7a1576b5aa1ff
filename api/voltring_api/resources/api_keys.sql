-- name: page
SELECT id, name, role, created_at, expires_at FROM api_keys
WHERE true
    AND name > :after -- if after
ORDER BY name
LIMIT :limit

-- name: get
SELECT id, name, role, created_at, expires_at FROM api_keys WHERE id = $1

-- name: get_locked
SELECT id, name, role, created_at, expires_at FROM api_keys WHERE id = $1 FOR UPDATE

-- name: create
INSERT INTO api_keys (name, role, key_hash, expires_at) VALUES ($1, $2, $3, $4)
RETURNING id, name, role, created_at, expires_at

-- name: change
UPDATE api_keys SET name = $2, role = $3, expires_at = $4 WHERE id = $1
RETURNING id, name, role, created_at, expires_at

-- name: delete
DELETE FROM api_keys WHERE id = $1 RETURNING id, name, role, created_at, expires_at
