-- name: showing
-- Of these chargers those that show what a session costs, by their setting or by their device model (as for
-- CostUpdated), each with the currency that it shows, where it says one.
SELECT c.id, (
    SELECT nullif(upper(v.value), '') FROM variables v
    WHERE v.charger_id = c.id AND lower(v.component) = 'tariffcostctrlr' AND lower(v.variable) = 'currency'
        AND v.attribute = 'Actual'
    LIMIT 1
) AS currency
FROM chargers c
WHERE c.id = ANY($1::text[]) AND CASE
    WHEN c.cost_display IS NOT NULL THEN (c.cost_display ->> 'mode') = 'CostUpdated'
    ELSE EXISTS (
        SELECT FROM variables v WHERE v.charger_id = c.id AND lower(v.component) = 'tariffcostctrlr'
            AND lower(v.variable) = 'available' AND lower(v.instance) = 'cost' AND v.attribute = 'Actual'
            AND lower(v.value) = 'true')
END

-- name: running
-- What a running session costs, as the worker has worked it out last.
SELECT t.id, a.total, a.cost ->> 'currency' AS currency
FROM transactions t JOIN transaction_accounts a ON a.transaction_id = t.id
WHERE t.charger_id = $1 AND t.ocpp_transaction_id = $2 AND t.state = 'Active' AND a.billing = 'open'
    AND a.total IS NOT NULL
ORDER BY t.start_received_at DESC LIMIT 1

-- name: ending
-- A session that is about to end, if its terms are frozen and nobody has decided about it; of its readings no more are
-- counted than matter ($3), and it may not be older than $4.
SELECT t.id, t.evse_id, a.tariff, a.time_zone,
    (SELECT count(*) FROM (SELECT FROM meter_values m WHERE m.transaction_id = t.id LIMIT $3) AS counted) AS readings,
    EXISTS (SELECT FROM id_tokens k WHERE lower(k.id_token) = lower(t.id_token)) AS is_registered
FROM transactions t JOIN transaction_accounts a ON a.transaction_id = t.id
WHERE t.charger_id = $1 AND t.ocpp_transaction_id = $2 AND t.state = 'Active' AND t.resolution IS NULL
    AND a.billing = 'open' AND a.ruling IS NULL AND a.tariff_id IS NOT NULL
    AND t.start_received_at > now() - $4::interval
ORDER BY t.start_received_at DESC LIMIT 1
