-- name: running
-- Running sessions whose tokens may not charge, or were refused when they began (what the rule makes of them is its own).
-- By the sessions that run, each token by its index: LIMIT keeps the tokens, of which there may be a million, from being
-- read as a whole.
SELECT t.id, t.charger_id, t.ocpp_version, t.ocpp_transaction_id, t.flags, t.started_at, t.start_received_at,
    k.id_token, k.status, k.group_id_token, k.expires_at
FROM transactions t
CROSS JOIN LATERAL (SELECT * FROM id_tokens WHERE lower(id_token) = lower(t.id_token) LIMIT 1) AS k
WHERE t.state = 'Active' AND NOT 'deauthorised' = ANY(t.flags)
    AND (k.status <> 'Accepted' OR k.expires_at <= now() OR 'token_refused' = ANY(t.flags))

-- name: lock_charger
-- As nodes do it: whoever writes a session waits, and reads it anew.
SELECT FROM charger_connection WHERE charger_id = $1 FOR NO KEY UPDATE

-- name: flag
UPDATE transactions SET flags = array_append(flags, 'deauthorised'), updated_at = now()
WHERE id = $1 AND state = 'Active' AND NOT 'deauthorised' = ANY(flags)
