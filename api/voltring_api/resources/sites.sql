-- name: page
SELECT * FROM sites
WHERE true
    AND id > :after -- if after
    AND strpos(lower(concat_ws(' ', id, name, place)), lower(:q)) > 0 -- if q
ORDER BY id
LIMIT :limit

-- name: get
SELECT * FROM sites WHERE id = $1

-- name: create
INSERT INTO sites (id, name, place, latitude, longitude, time_zone) VALUES ($1, $2, $3, $4, $5, $6)
RETURNING *

-- name: put
-- xmax is 0 on a row that was inserted.
INSERT INTO sites (id, name, place, latitude, longitude, time_zone) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, place = excluded.place, latitude = excluded.latitude, longitude = excluded.longitude,
    time_zone = excluded.time_zone
RETURNING *, xmax = 0 AS is_new

-- name: lock
SELECT id FROM sites WHERE id = $1 FOR UPDATE

-- name: tariffs
SELECT count(*) FROM tariff_assignments WHERE site_id = $1

-- name: delete
DELETE FROM sites WHERE id = $1
