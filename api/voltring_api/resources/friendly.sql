-- name: token_type
SELECT type FROM id_tokens WHERE lower(id_token) = lower($1)

-- name: running
-- Two are enough to know that there are several.
SELECT ocpp_transaction_id FROM transactions WHERE charger_id = $1 AND state = 'Active' LIMIT 2

-- name: transaction
SELECT state, ocpp_transaction_id FROM transactions WHERE id = $1 AND charger_id = $2
