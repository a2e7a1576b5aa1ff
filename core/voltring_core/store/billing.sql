-- The books of a session: what the worker and the API write of its bill.

-- name: open_book
-- Locked: whoever bills, releases or credits comes one after another.
SELECT * FROM transaction_accounts WHERE transaction_id = $1 FOR UPDATE

-- name: new_book
INSERT INTO transaction_accounts (transaction_id, checked_at, of_version)
SELECT id, now(), 0 FROM transactions WHERE id = $1
ON CONFLICT (transaction_id) DO NOTHING

-- name: issued
SELECT * FROM charge_detail_records WHERE transaction_id = $1 ORDER BY revision

-- name: issue
INSERT INTO charge_detail_records (id, transaction_id, revision, kind, corrects, charger_id, id_token, currency,
                                   energy_wh, net, tax, total, content, issued_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
RETURNING *

-- name: freeze_site
-- Once, when a session is first accounted: where it was. What was billed before this was kept stands in its record.
UPDATE transaction_accounts a SET at_site = coalesce(
    a.at_site,
    (SELECT json_build_object('site', r.content -> 'site',
            'time_zone', coalesce(a.time_zone, r.content #>> '{times,time_zone}', 'UTC'))
        FROM charge_detail_records r WHERE r.transaction_id = a.transaction_id ORDER BY r.revision LIMIT 1),
    (SELECT json_build_object('site', CASE WHEN s.id IS NOT NULL
                THEN json_build_object('id', s.id, 'name', s.name, 'place', s.place) END,
            'time_zone', coalesce(a.time_zone, s.time_zone, c.time_zone, 'UTC'))
        FROM transactions t LEFT JOIN chargers c ON c.id = t.charger_id LEFT JOIN sites s ON s.id = c.site_id
        WHERE t.id = a.transaction_id)
)
WHERE transaction_id = $1
RETURNING at_site

-- name: freeze
-- Once: what a session costs goes by the tariff that was in force at its start, whatever is assigned later.
UPDATE transaction_accounts SET tariff_id = $2, tariff = $3, time_zone = $4
WHERE transaction_id = $1 AND time_zone IS NULL

-- name: keep
UPDATE transaction_accounts SET billing = $2, waits_for = $3, cost = $4, total = $5, over_at = coalesce((
    SELECT coalesce(end_received_at, start_received_at) FROM transactions WHERE id = $1
), over_at)
WHERE transaction_id = $1

-- name: release
-- Looked at again at once (of_version), and billed by that.
UPDATE transaction_accounts SET ruling = 'released', in_spite_of = $2, released_by = $3, released_at = $4, note = $5,
    of_version = 0
WHERE transaction_id = $1

-- name: void
UPDATE transaction_accounts SET ruling = 'voided', billing = 'void', waits_for = '{voided}', released_by = $2,
    released_at = $3, note = $4, of_version = 0
WHERE transaction_id = $1

-- name: terms
-- By what sessions are priced, where it is known already.
SELECT transaction_id, time_zone, tariff_id, tariff, at_site, ruling FROM transaction_accounts
WHERE transaction_id = ANY($1::uuid[])

-- name: keep_running
-- A ruling that comes meanwhile counts: this looks at the row as it is when it is written.
UPDATE transaction_accounts a SET cost = new.cost, total = new.total,
    billing = CASE WHEN a.ruling = 'voided' THEN 'void' ELSE 'open' END,
    waits_for = CASE WHEN a.ruling = 'voided' THEN '{voided}'::text[] ELSE '{}' END
FROM unnest($1::uuid[], $2::json[], $3::numeric[]) AS new (id, cost, total)
WHERE a.transaction_id = new.id
