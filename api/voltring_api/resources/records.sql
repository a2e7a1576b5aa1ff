-- name: page
SELECT * FROM station_records
WHERE charger_id = :charger_id
    AND kind = ANY(:kinds::text[]) -- if kinds
    AND evse_id = :evse_id -- if evse_id
    AND state = :state -- if state
    AND (kind, key) > (:after_kind, :after_key) -- if after_kind
ORDER BY kind, key
LIMIT :limit

-- name: one
SELECT * FROM station_records WHERE charger_id = $1 AND kind = $2 AND key = $3

-- name: stream_values
-- Values have no key of their own. They are only ever appended, so a row's place in its partition is one.
SELECT at, received_at, value, tableoid::bigint AS table_oid, ctid AS place FROM stream_values
WHERE charger_id = :charger_id AND stream_id = :stream_id
    AND at >= :since -- if since
    AND at < :until -- if until
    AND (at, tableoid::bigint, ctid) < (:before, :before_table, :before_place::tid) -- if before
ORDER BY at DESC, tableoid::bigint DESC, ctid DESC
LIMIT :limit
