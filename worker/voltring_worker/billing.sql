-- name: is_registered
SELECT EXISTS (SELECT FROM id_tokens WHERE lower(id_token) = lower($1))

-- name: charger
SELECT vendor, model, serial_number FROM chargers WHERE id = $1

-- name: to_tell
-- Running sessions whose cost is no longer what their charger was last asked to show, at chargers that are here and
-- can show it: 2.x by its device model or by the charger's setting, 1.6 by the setting alone. Not in a currency that is
-- another one than a 2.x charger says it shows: CostUpdated names none.
SELECT t.id, t.charger_id, t.ocpp_version, t.ocpp_transaction_id, t.started_at, t.register_wh, c.cost_display,
    a.cost, a.total, a.time_zone, CASE WHEN t.ocpp_version = '1.6' THEN a.tariff END AS tariff, false AS is_over
FROM transactions t
JOIN transaction_accounts a ON a.transaction_id = t.id
JOIN chargers c ON c.id = t.charger_id
JOIN charger_connection f ON f.charger_id = t.charger_id AND f.disconnected_at IS NULL
WHERE t.state = 'Active' AND a.billing = 'open' AND a.total IS DISTINCT FROM a.told_total AND a.total IS NOT NULL
    AND (a.told_at IS NULL OR a.told_at <= $1::timestamptz - $2::interval)
    AND CASE
        WHEN c.cost_display IS NOT NULL THEN (c.cost_display ->> 'mode') <> 'none'
        ELSE t.ocpp_version <> '1.6' AND EXISTS (
            SELECT FROM variables v WHERE v.charger_id = t.charger_id AND lower(v.component) = 'tariffcostctrlr'
                AND lower(v.variable) = 'available' AND lower(v.instance) = 'cost' AND v.attribute = 'Actual'
                AND lower(v.value) = 'true')
    END
    AND (t.ocpp_version = '1.6' OR NOT EXISTS (
        SELECT FROM variables v WHERE v.charger_id = t.charger_id AND lower(v.component) = 'tariffcostctrlr'
            AND lower(v.variable) = 'currency' AND v.attribute = 'Actual'
            AND upper(nullif(v.value, '')) <> (a.cost ->> 'currency')))
LIMIT $3
FOR UPDATE OF a SKIP LOCKED

-- name: to_tell_at_the_end
-- Sessions that were charged for the first time just now, at chargers that are told what a session has cost. Of those
-- of 2.x only what ended a moment ago, and was not told so in the answer to its end.
SELECT t.id, t.charger_id, t.ocpp_version, t.ocpp_transaction_id, t.started_at, t.register_wh, c.cost_display,
    a.cost, a.total, a.time_zone, NULL::json AS tariff, true AS is_over
FROM charge_detail_records r
JOIN transactions t ON t.id = r.transaction_id
JOIN transaction_accounts a ON a.transaction_id = t.id
JOIN chargers c ON c.id = t.charger_id
JOIN charger_connection f ON f.charger_id = t.charger_id AND f.disconnected_at IS NULL
WHERE r.issued_at > $1::timestamptz - $2::interval AND r.revision = 1
    AND (a.told_at IS NULL OR a.told_at < r.issued_at)
    AND CASE
        WHEN t.ocpp_version = '1.6' THEN c.cost_display ->> 'mode' = 'DataTransfer'
        WHEN t.ended_at < $1::timestamptz - interval '5 minutes' THEN false
        WHEN c.cost_display IS NOT NULL THEN c.cost_display ->> 'mode' = 'CostUpdated'
        ELSE EXISTS (
            SELECT FROM variables v WHERE v.charger_id = t.charger_id AND lower(v.component) = 'tariffcostctrlr'
                AND lower(v.variable) = 'available' AND lower(v.instance) = 'cost' AND v.attribute = 'Actual'
                AND lower(v.value) = 'true')
    END
    AND (t.ocpp_version = '1.6' OR NOT EXISTS (
        SELECT FROM variables v WHERE v.charger_id = t.charger_id AND lower(v.component) = 'tariffcostctrlr'
            AND lower(v.variable) = 'currency' AND v.attribute = 'Actual'
            AND upper(nullif(v.value, '')) <> (a.cost ->> 'currency')))
    AND (t.ocpp_version = '1.6' OR a.total IS DISTINCT FROM (
        SELECT (m.reply::json -> 2 ->> 'totalCost')::numeric FROM ocpp_messages m
        WHERE m.transaction_id = t.id AND m.received_at = t.end_received_at AND m.action = 'TransactionEvent'
            AND m.direction = 'in' AND m.reply LIKE '[3,%'
        LIMIT 1))
LIMIT $3
FOR UPDATE OF a SKIP LOCKED

-- name: told
UPDATE transaction_accounts SET told_total = $2, told_at = $3 WHERE transaction_id = $1

-- name: settled_at
-- When the stop that was joined to a session, without naming it, will have been its stop for so long ($2); NULL when it
-- has. What an operator has attached was said by the session itself since then.
SELECT max(o.updated_at) + $2::interval FROM transactions o
WHERE o.attached_to = $1 AND o.state = 'Orphan' AND o.updated_at > now() - $2::interval
    AND EXISTS (SELECT FROM transaction_events e WHERE e.transaction_id = o.id)

-- name: look_then
INSERT INTO transactions_changed (transaction_id, due_at) VALUES ($1, $2)
