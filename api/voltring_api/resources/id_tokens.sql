-- name: page
SELECT * FROM id_tokens
WHERE true
    AND id_token > :after -- if after
    AND status = :status -- if status
    AND strpos(lower(concat_ws(' ', id_token, group_id_token, description)), lower(:q)) > 0 -- if q
ORDER BY id_token
LIMIT :limit

-- name: get
SELECT * FROM id_tokens WHERE lower(id_token) = lower($1)

-- name: group
-- The spelling of a group: that of any other token of it, else of a tariff that is assigned to it, else as it is given.
coalesce(
    (SELECT g.group_id_token FROM id_tokens g
        WHERE lower(g.group_id_token) = lower($4) AND lower(g.id_token) <> lower($1) LIMIT 1),
    (SELECT a.token_group FROM tariff_assignments a WHERE lower(a.token_group) = lower($4) LIMIT 1),
    $4
)

-- name: create
INSERT INTO id_tokens (id_token, type, status, group_id_token, expires_at, concurrent, description)
VALUES ($1, $2, $3, {group}, $5, $6, $7)
RETURNING *

-- name: put
-- The spelling that came first stays. xmax is 0 on a row that was inserted.
INSERT INTO id_tokens (id_token, type, status, group_id_token, expires_at, concurrent, description)
VALUES ($1, $2, $3, {group}, $5, $6, $7)
ON CONFLICT (lower(id_token)) DO UPDATE SET
    type = excluded.type, status = excluded.status, group_id_token = excluded.group_id_token,
    expires_at = excluded.expires_at, concurrent = excluded.concurrent,
    description = excluded.description, updated_at = now()
RETURNING *, xmax = 0 AS is_new

-- name: delete
DELETE FROM id_tokens WHERE lower(id_token) = lower($1)
