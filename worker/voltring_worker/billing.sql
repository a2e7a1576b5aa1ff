-- name: is_registered
SELECT EXISTS (SELECT FROM id_tokens WHERE lower(id_token) = lower($1))

-- name: charger
SELECT vendor, model, serial_number FROM chargers WHERE id = $1

-- name: site
SELECT s.id, s.name, s.place FROM chargers c JOIN sites s ON s.id = c.site_id WHERE c.id = $1

-- name: to_tell
-- Running sessions whose cost is no longer what their charger was last asked to show, at chargers that are here and
-- can show it: 2.x by its device model or by the charger's setting, 1.6 by the setting alone.
SELECT t.id, t.charger_id, t.ocpp_version, t.ocpp_transaction_id, t.charging_state, t.register_wh, c.cost_display,
    a.cost, a.total, false AS is_over
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
LIMIT $3
FOR UPDATE OF a SKIP LOCKED

-- name: to_tell_at_the_end
-- Sessions that were charged for the first time just now, at 1.6 chargers that are told what a session has cost.
SELECT t.id, t.charger_id, t.ocpp_version, t.ocpp_transaction_id, t.charging_state, t.register_wh, c.cost_display,
    a.cost, a.total, true AS is_over
FROM charge_detail_records r
JOIN transactions t ON t.id = r.transaction_id
JOIN transaction_accounts a ON a.transaction_id = t.id
JOIN chargers c ON c.id = t.charger_id
JOIN charger_connection f ON f.charger_id = t.charger_id AND f.disconnected_at IS NULL
WHERE r.issued_at > $1::timestamptz - $2::interval AND r.revision = 1 AND c.cost_display ->> 'mode' = 'DataTransfer'
    AND (a.told_at IS NULL OR a.told_at < r.issued_at)
LIMIT $3
FOR UPDATE OF a SKIP LOCKED

-- name: told
UPDATE transaction_accounts SET told_total = $2, told_at = $3 WHERE transaction_id = $1
