-- name: page
-- The newest first. The condition with 3 stands as a number, because an index of severe events has it so.
SELECT * FROM station_events
WHERE true
    AND charger_id = :charger_id -- if charger_id
    AND kind = :kind -- if kind
    AND severity <= :severity -- if severity
    AND severity <= 3 AND :severe::boolean -- if severe
    AND received_at >= :since -- if since
    AND id < :before -- if before
ORDER BY id DESC
LIMIT :limit
