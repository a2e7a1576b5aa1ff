-- name: group_of
SELECT group_id_token FROM id_tokens WHERE lower(id_token) = lower($1)
