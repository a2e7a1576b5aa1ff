-- name: create
INSERT INTO tariffs (id, name, currency, valid_from, valid_until, content, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING *

-- name: get
SELECT * FROM tariffs WHERE id = $1

-- name: lock
SELECT id FROM tariffs WHERE id = $1 FOR UPDATE

-- name: page
-- The newest first; $1, $2: after the tariff created then, with that id (NULL: from the newest on).
SELECT * FROM tariffs
WHERE $1::timestamptz IS NULL OR (created_at, id) < ($1, $2::uuid)
ORDER BY created_at DESC, id DESC
LIMIT $3

-- name: delete
DELETE FROM tariffs WHERE id = $1

-- name: uses
-- What rests on a tariff: how many assignments, and whether any session was priced by it.
SELECT
    (SELECT count(*) FROM tariff_assignments WHERE tariff_id = $1) AS assignments,
    EXISTS (SELECT FROM transaction_accounts WHERE tariff_id = $1) AS has_sessions

-- name: assign
-- A group has one spelling: that of its tokens, else of the first tariff that was assigned to it.
INSERT INTO tariff_assignments (id, tariff_id, charger_id, site_id, token_group, created_by)
VALUES ($1, $2, $3, $4, coalesce(
    (SELECT group_id_token FROM id_tokens WHERE lower(group_id_token) = lower($5) LIMIT 1),
    (SELECT token_group FROM tariff_assignments WHERE lower(token_group) = lower($5) LIMIT 1),
    $5
), $6)
RETURNING *

-- name: assignments
-- The newest first, those of a tariff, a charger, a site or a group (NULL: of any); $5, $6: after the one created then,
-- with that id.
SELECT * FROM tariff_assignments
WHERE ($1::uuid IS NULL OR tariff_id = $1)
    AND ($2::text IS NULL OR charger_id = $2)
    AND ($3::text IS NULL OR site_id = $3)
    AND ($4::text IS NULL OR lower(token_group) = lower($4))
    AND ($5::timestamptz IS NULL OR (created_at, id) < ($5, $6::uuid))
ORDER BY created_at DESC, id DESC
LIMIT $7

-- name: assignment
SELECT * FROM tariff_assignments WHERE id = $1

-- name: unassign
DELETE FROM tariff_assignments WHERE id = $1 RETURNING *

-- name: in_force
-- The tariff of a session that starts at $3, at charger $1, with a token of group $2 (or none): the group's before the
-- charger's before its site's before everybody's; of several the one that is valid since the latest. The site is the
-- charger's present one, or ($4) the one that the session had: $5, or none.
SELECT t.id, t.content, coalesce(s.time_zone, c.time_zone, 'UTC') AS time_zone,
    CASE
        WHEN a.token_group IS NOT NULL THEN 'token_group'
        WHEN a.charger_id IS NOT NULL THEN 'charger'
        WHEN a.site_id IS NOT NULL THEN 'site'
        ELSE 'everybody'
    END AS by
FROM (VALUES ($1::text)) AS asked (charger_id)
LEFT JOIN chargers c ON c.id = asked.charger_id
LEFT JOIN sites s ON s.id = CASE WHEN $4::boolean THEN $5::text ELSE c.site_id END
-- One look into an index for each kind: with OR between them all assignments would be read.
CROSS JOIN LATERAL (
    SELECT * FROM tariff_assignments WHERE lower(token_group) = lower($2)
    UNION ALL SELECT * FROM tariff_assignments WHERE charger_id = c.id
    UNION ALL SELECT * FROM tariff_assignments WHERE site_id = s.id
    UNION ALL SELECT * FROM tariff_assignments WHERE num_nonnulls(token_group, charger_id, site_id) = 0
) AS a
JOIN tariffs t ON t.id = a.tariff_id AND t.valid_from <= $3 AND (t.valid_until IS NULL OR t.valid_until > $3)
ORDER BY a.token_group IS NULL, a.charger_id IS NULL, a.site_id IS NULL, t.valid_from DESC, t.created_at DESC, t.id DESC
LIMIT 1

-- name: zone_of
-- Whose clock prices at a charger go by; no row for a charger that is not known.
SELECT coalesce(s.time_zone, c.time_zone, 'UTC') AS time_zone
FROM chargers c LEFT JOIN sites s ON s.id = c.site_id
WHERE c.id = $1

-- name: group_of
SELECT group_id_token FROM id_tokens WHERE lower(id_token) = lower($1)
