-- name: fence
-- The compare-and-set that decides who owns: only a higher epoch takes a charger over. Whoever takes over from a socket
-- that is open is a swap; several within a minute are two chargers of one identity (TR-30). `took_over` counts the
-- open sockets that were closed here for this one: they may be written down as gone by now.
INSERT INTO charger_connection AS f
    (charger_id, epoch, connection_id, node_uid, ocpp_version, remote_address, online_limit_s, swaps, swaps_since,
    connected_at, last_seen_at)
SELECT charger_id, epoch, connection_id, $4, ocpp_version, remote_address, online_limit_s, took_over, now(), now(), now()
FROM unnest($1::text[], $2::bigint[], $3::uuid[], $5::text[], $6::text[], $7::real[], $8::smallint[])
    AS mine (charger_id, epoch, connection_id, ocpp_version, remote_address, online_limit_s, took_over)
ORDER BY charger_id
ON CONFLICT (charger_id) DO UPDATE SET
    epoch = excluded.epoch, connection_id = excluded.connection_id, node_uid = excluded.node_uid,
    ocpp_version = excluded.ocpp_version, remote_address = excluded.remote_address,
    online_limit_s = excluded.online_limit_s,
    connected_at = excluded.connected_at, disconnected_at = NULL, last_seen_at = excluded.last_seen_at,
    swaps = least(greatest(excluded.swaps, (f.disconnected_at IS NULL)::int)
        + CASE WHEN f.swaps_since > now() - interval '60 seconds' THEN f.swaps ELSE 0 END, 32767),
    swaps_since = CASE WHEN f.swaps_since > now() - interval '60 seconds' THEN f.swaps_since ELSE now() END
WHERE f.epoch < excluded.epoch
RETURNING charger_id, swaps

-- name: epochs
SELECT charger_id, epoch FROM charger_connection WHERE charger_id = ANY($1::text[])

-- name: set_version
-- What is known of its device may be of another world then (TR-08).
UPDATE chargers SET ocpp_version = mine.ocpp_version, updated_at = now(),
    device_model_stale = device_model_stale OR chargers.ocpp_version IS NOT NULL
FROM unnest($1::text[], $2::text[]) AS mine (charger_id, ocpp_version)
WHERE chargers.id = mine.charger_id AND chargers.ocpp_version IS DISTINCT FROM mine.ocpp_version

-- name: disconnect
-- A socket is gone; nothing changes where a newer one owns.
UPDATE charger_connection SET disconnected_at = now(), last_seen_at = now()
FROM unnest($1::text[], $2::bigint[]) AS mine (charger_id, epoch)
WHERE charger_connection.charger_id = mine.charger_id AND charger_connection.epoch = mine.epoch
    AND disconnected_at IS NULL

-- name: seen
-- Last-seen times, written in batches, of those chargers that are still this node's.
UPDATE charger_connection SET last_seen_at = greatest(last_seen_at, mine.at)
FROM (SELECT * FROM unnest($1::text[], $2::bigint[], $3::timestamptz[]) AS u (charger_id, epoch, at) ORDER BY 1) AS mine
WHERE charger_connection.charger_id = mine.charger_id AND charger_connection.epoch = mine.epoch
