-- name: put
-- A key by its name; an older one of that name ends here.
INSERT INTO api_keys (name, role, key_hash) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET role = excluded.role, key_hash = excluded.key_hash, created_at = now()
