-- name: page
-- The one issued last first.
SELECT id, number, transaction_id, revision, kind, corrects, charger_id, id_token, currency, energy_wh, net, tax, total,
    issued_at
FROM charge_detail_records
WHERE true
    AND charger_id = :charger_id -- if charger_id
    AND lower(id_token) = lower(:id_token) -- if id_token
    AND transaction_id = :transaction_id -- if transaction_id
    AND issued_at >= :since -- if since
    AND issued_at < :until -- if until
    AND (issued_at, number) < (:before, :before_number) -- if before
ORDER BY issued_at DESC, number DESC
LIMIT :limit

-- name: get
SELECT * FROM charge_detail_records WHERE id = $1

-- name: account
SELECT t.id AS transaction_id, a.billing, a.waits_for, a.ruling, a.in_spite_of, a.released_by, a.released_at, a.note,
    a.tariff_id, a.cost
FROM transactions t LEFT JOIN transaction_accounts a ON a.transaction_id = t.id
WHERE t.id = $1

-- name: billed
-- The charge that stands, and what all of its records come to.
SELECT
    (SELECT c.id FROM charge_detail_records c WHERE c.transaction_id = $1 AND c.kind = 'charge'
        AND NOT EXISTS (SELECT FROM charge_detail_records k WHERE k.corrects = c.id)) AS record_id,
    (SELECT sum(CASE kind WHEN 'charge' THEN total ELSE -total END) FROM charge_detail_records
        WHERE transaction_id = $1) AS billed

-- name: held
-- The one that ended last first.
SELECT t.id AS transaction_id, t.charger_id, t.id_token, t.started_at, t.ended_at, a.billing, a.waits_for, a.ruling,
    a.cost, a.over_at AS heard_at
FROM transaction_accounts a JOIN transactions t ON t.id = a.transaction_id
WHERE a.billing IN ('provisional', 'held')
    AND a.billing = :state -- if state
    AND t.charger_id = :charger_id -- if charger_id
    AND :reason = ANY(a.waits_for) -- if reason
    AND (a.over_at, a.transaction_id) < (:before, :before_id) -- if before
ORDER BY a.over_at DESC, a.transaction_id DESC
LIMIT :limit

-- name: cost_display
SELECT cost_display FROM chargers WHERE id = $1

-- name: set_cost_display
UPDATE chargers SET cost_display = $2 WHERE id = $1

-- name: now
SELECT now()
