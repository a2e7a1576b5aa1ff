-- name: expect
-- The new password beside the old one, before its command is written. One that is good already is not pending.
WITH before AS (
    SELECT c.id, c.secret_hash, c.next_secret_hash
    FROM chargers c JOIN charger_connection f ON f.charger_id = c.id
        AND $3 BETWEEN coalesce(f.first_epoch, f.epoch) AND f.epoch
    WHERE c.id = $1
    FOR UPDATE OF c
)
UPDATE chargers SET next_secret_hash = nullif($2::bytea, before.secret_hash)
FROM before WHERE chargers.id = before.id
RETURNING nullif(before.next_secret_hash, $2) AS previous

-- name: forget
-- Unless another one is pending by now, or it was used.
UPDATE chargers SET next_secret_hash = $3 WHERE id = $1 AND next_secret_hash = $2
