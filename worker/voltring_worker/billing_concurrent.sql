-- name: let_charge
-- Sessions that run, or began just now ($2), of tokens that may charge at one place only, where there are several of a
-- token at different chargers; of a group of which one may charge at a time, only what began just now. $1: how it is
-- with tokens that do not say; $3: what is told so late was not seen to begin. Each token by its index: LIMIT keeps the
-- tokens, of which there may be a million, from being read as a whole.
WITH begun AS MATERIALIZED (
    SELECT id, charger_id, lower(id_token) AS token, 'concurrent' = ANY(flags) AS is_flagged, start_received_at
    FROM transactions
    WHERE state = 'Active' AND id_token IS NOT NULL AND NOT flags && '{concurrent_token,token_refused,offline}'
        AND (started_at IS NULL OR started_at > start_received_at - $3::interval)
    UNION ALL
    SELECT id, charger_id, lower(id_token), 'concurrent' = ANY(flags), start_received_at FROM transactions
    WHERE start_received_at > now() - $2::interval AND state = 'Ended' AND id_token IS NOT NULL
        AND NOT flags && '{concurrent_token,token_refused,offline}'
        AND (started_at IS NULL OR started_at > start_received_at - $3::interval)
), several AS (
    SELECT *, min(charger_id) OVER same <> max(charger_id) OVER same AS is_several FROM begun
    WINDOW same AS (PARTITION BY token)
), of_token AS (
    SELECT s.id, s.charger_id, s.is_flagged, s.start_received_at, 'token ' || s.token AS key FROM several s
    CROSS JOIN LATERAL (SELECT * FROM id_tokens WHERE lower(id_token) = s.token LIMIT 1) AS k
    WHERE s.is_several AND coalesce(k.concurrent, $1) <> 'allowed'
), of_group AS (
    SELECT b.id, b.charger_id, b.is_flagged, b.start_received_at, 'group ' || lower(k.group_id_token) AS key,
        count(*) OVER (PARTITION BY lower(k.group_id_token)) AS sessions
    FROM begun b
    CROSS JOIN LATERAL (SELECT * FROM id_tokens WHERE lower(id_token) = b.token LIMIT 1) AS k
    WHERE b.start_received_at > now() - $2::interval
        AND coalesce(k.concurrent, $1) = 'refused_in_group' AND k.group_id_token IS NOT NULL
), found AS (
    SELECT id, charger_id, is_flagged, start_received_at, key FROM of_token
    UNION ALL
    SELECT id, charger_id, is_flagged, start_received_at, key FROM of_group WHERE sessions > 1
)
SELECT f.id, f.charger_id, f.key, f.is_flagged, coalesce((
    SELECT min(e.received_at) FROM transaction_events e
    WHERE e.transaction_id = f.id AND coalesce(e.payload ->> 'idTag', e.payload -> 'idToken' ->> 'idToken') IS NOT NULL
), f.start_received_at) AS at
FROM found f
ORDER BY f.key LIMIT $4

-- name: flag
UPDATE transactions SET flags = array_append(flags, 'concurrent'), updated_at = now()
WHERE id = $1 AND NOT 'concurrent' = ANY(flags)
