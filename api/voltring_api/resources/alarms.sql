-- name: page
SELECT * FROM alarms
WHERE true
    AND cleared_at IS NULL AND :open::boolean -- if open
    AND cleared_at IS NOT NULL AND :cleared::boolean -- if cleared
    AND rule = :rule -- if rule
    AND charger_id = :charger_id -- if charger_id
    AND (raised_at, id) < (:before, :before_id) -- if before
ORDER BY raised_at DESC, id DESC
LIMIT :limit

-- name: get
SELECT * FROM alarms WHERE id = $1

-- name: counts
SELECT rule, count(*) AS alarms FROM alarms WHERE cleared_at IS NULL GROUP BY rule
