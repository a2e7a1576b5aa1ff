-- name: page
SELECT id, received_at AS at, direction, message_type, message_id, action, frame, reply, flags
FROM ocpp_messages
WHERE charger_id = :charger_id
    AND id < :before -- if before
    AND action = :action -- if action
ORDER BY id DESC
LIMIT :limit

-- name: charger_exists
SELECT EXISTS (SELECT FROM chargers WHERE id = $1)
