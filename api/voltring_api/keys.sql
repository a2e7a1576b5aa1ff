-- name: find
SELECT id, name, role FROM api_keys WHERE key_hash = $1 AND (expires_at IS NULL OR expires_at > now())

-- name: install
INSERT INTO api_keys (name, role, key_hash) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET role = excluded.role, key_hash = excluded.key_hash, expires_at = NULL
