-- name: columns
m.id, m.charger_id, m.received_at, m.direction, m.message_type, m.message_id, m.action, m.frame, m.reply, m.verdict,
    m.error_code, m.flags, m.latency_ms, m.transaction_id

-- name: filters
    AND m.direction = :direction -- if direction
    AND m.action = :action -- if action
    AND m.message_type = :message_type -- if message_type
    AND m.verdict = :verdict -- if verdict
    AND m.error_code IS NOT NULL AND :failed::boolean -- if failed
    AND m.error_code = :error_code -- if error_code
    AND :flag = ANY(m.flags) -- if flag
    AND m.message_id = :message_id -- if message_id
    AND strpos(lower(concat_ws(' ', m.frame, m.reply)), lower(:q)) > 0 -- if q
    AND m.received_at >= :since -- if since
    AND m.received_at < :until -- if until

-- name: answers
-- The charger's answer to a CALL of ours; it comes within a day or never. The times let all other partitions be.
LEFT JOIN LATERAL (
    SELECT a.frame, a.error_code, a.latency_ms FROM ocpp_messages a
    WHERE m.direction = 'out' AND m.message_type = 2
        AND a.charger_id = m.charger_id AND a.message_id = m.message_id
        AND a.direction = 'in' AND a.message_type IN (3, 4)
        AND a.received_at >= m.received_at - interval '1 minute' AND a.received_at < m.received_at + interval '1 day'
    ORDER BY a.id LIMIT 1
) AS answer ON true

-- name: shown
m.id, m.charger_id, m.received_at AS at, m.direction, m.message_type, m.message_id, m.action, m.frame,
    coalesce(m.reply, answer.frame) AS reply, m.verdict, coalesce(m.error_code, answer.error_code) AS error_code, m.flags,
    -- By numeric, so that 0.3 is not 0.30000001192092896.
    coalesce(m.latency_ms, answer.latency_ms)::numeric::float8 AS latency_ms, m.transaction_id

-- name: page
-- Of one charger or one transaction: the index gives them in order.
WITH m AS (
    SELECT {columns} FROM ocpp_messages m
    WHERE true
        AND m.charger_id = :charger_id -- if charger_id
        AND m.transaction_id = :transaction_id -- if transaction_id
        AND m.id < :before_id -- if before_id
    {filters}
    ORDER BY m.id DESC
    LIMIT :limit
)
SELECT {shown} FROM m {answers} ORDER BY m.id DESC

-- name: window
-- Of all chargers between two times: what lies there is read by BRIN and sorted.
WITH m AS (
    SELECT {columns} FROM ocpp_messages m
    WHERE m.received_at >= :first AND m.received_at < :last
        AND (m.received_at, m.id) < (:before_at, :before_id) -- if before_at
    {filters}
    ORDER BY m.received_at DESC, m.id DESC
    LIMIT :limit
)
SELECT {shown} FROM m {answers} ORDER BY m.received_at DESC, m.id DESC

-- name: any_before
SELECT EXISTS (SELECT FROM ocpp_messages WHERE received_at < $1)
