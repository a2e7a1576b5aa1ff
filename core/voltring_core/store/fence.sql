-- name: fence
-- The compare-and-set that decides who owns: only a higher epoch takes a charger over. Whoever takes over from a socket
-- that is open is a swap; several within a minute are two chargers of one identity (TR-30; domain/takeovers.py: counted,
-- with $9 its MOST and $10 its WINDOW in seconds). `took_over` counts the open sockets that end here for this one.
-- A charger that was deleted meanwhile is not owned.
INSERT INTO charger_connection AS f
    (charger_id, epoch, connection_id, node_uid, ocpp_version, remote_address, online_limit_s, swaps, swaps_since,
    swapped_at, connected_at, last_seen_at)
SELECT charger_id, epoch, connection_id, $4, mine.ocpp_version, remote_address, online_limit_s, took_over, now(),
    CASE WHEN took_over > 0 THEN now() END, now(), now()
FROM unnest($1::text[], $2::bigint[], $3::uuid[], $5::text[], $6::text[], $7::real[], $8::smallint[])
    AS mine (charger_id, epoch, connection_id, ocpp_version, remote_address, online_limit_s, took_over)
JOIN chargers ON chargers.id = mine.charger_id
ORDER BY charger_id
ON CONFLICT (charger_id) DO UPDATE SET
    epoch = excluded.epoch, connection_id = excluded.connection_id, node_uid = excluded.node_uid,
    ocpp_version = excluded.ocpp_version, remote_address = excluded.remote_address,
    online_limit_s = excluded.online_limit_s, first_epoch = NULL,
    connected_at = excluded.connected_at, disconnected_at = NULL, last_seen_at = excluded.last_seen_at,
    (swaps, swaps_since, swapped_at) = (
        SELECT CASE WHEN took = 0 THEN f.swaps ELSE least(took + CASE WHEN goes_on THEN f.swaps ELSE 0 END, 32767) END,
            CASE WHEN took = 0 OR goes_on THEN f.swaps_since ELSE now() END,
            CASE WHEN took = 0 THEN f.swapped_at ELSE now() END
        FROM (SELECT
            greatest(excluded.swaps, (f.disconnected_at IS NULL)::int) AS took,
            coalesce(f.swapped_at > now() - $10::float8 * interval '1 second'
                AND (f.swaps > $9 OR f.swaps_since > now() - $10::float8 * interval '1 second'), false) AS goes_on
        ) AS swap
    )
WHERE f.epoch < excluded.epoch
RETURNING charger_id, CASE WHEN swapped_at = now() THEN swaps ELSE 0 END AS swaps

-- name: reclaim
-- A live socket takes its charger back, over the epoch that it saw and no other: what passed the fence since is newer.
-- What it wrote under its first epoch stays good (`first_epoch`).
WITH mine AS MATERIALIZED (
    SELECT u.* FROM charger_connection AS owned
    JOIN unnest($1::text[], $2::bigint[], $3::uuid[], $5::text[], $6::text[], $7::real[], $8::bigint[], $9::bigint[])
        AS u (charger_id, epoch, connection_id, ocpp_version, remote_address, online_limit_s, over, first_epoch)
        ON u.charger_id = owned.charger_id AND u.over = owned.epoch
    ORDER BY owned.charger_id FOR NO KEY UPDATE OF owned
)
UPDATE charger_connection AS f SET
    epoch = mine.epoch, connection_id = mine.connection_id, node_uid = $4, ocpp_version = mine.ocpp_version,
    remote_address = mine.remote_address, online_limit_s = mine.online_limit_s, first_epoch = mine.first_epoch,
    disconnected_at = NULL, last_seen_at = now()
FROM mine WHERE f.charger_id = mine.charger_id AND f.epoch < mine.epoch
RETURNING f.charger_id

-- name: owners
SELECT charger_id, connection_id::text, epoch, disconnected_at IS NULL, first_epoch
FROM charger_connection WHERE charger_id = ANY($1::text[])

-- name: set_version
-- What is known of its device may be of another world then (TR-08).
UPDATE chargers SET ocpp_version = mine.ocpp_version, updated_at = now(),
    device_model_stale = device_model_stale OR chargers.ocpp_version IS NOT NULL
FROM unnest($1::text[], $2::text[]) AS mine (charger_id, ocpp_version)
WHERE chargers.id = mine.charger_id AND chargers.ocpp_version IS DISTINCT FROM mine.ocpp_version

-- name: disconnect
-- A socket is gone; nothing changes where a newer one owns. Rows are locked in one order, as by everybody who locks more
-- than one: a plain UPDATE takes them as they come, and deadlocks with a group of messages.
WITH mine AS MATERIALIZED (
    SELECT owned.charger_id FROM charger_connection AS owned
    JOIN unnest($1::text[], $2::bigint[]) AS u (charger_id, epoch) USING (charger_id, epoch)
    WHERE owned.disconnected_at IS NULL ORDER BY owned.charger_id FOR NO KEY UPDATE OF owned
)
UPDATE charger_connection SET disconnected_at = now(), last_seen_at = now()
FROM mine WHERE charger_connection.charger_id = mine.charger_id

-- name: reopen
-- A socket lives that was written down as gone; nothing changes where a newer one owns.
WITH mine AS MATERIALIZED (
    SELECT owned.charger_id FROM charger_connection AS owned
    JOIN unnest($1::text[], $2::bigint[]) AS u (charger_id, epoch) USING (charger_id, epoch)
    ORDER BY owned.charger_id FOR NO KEY UPDATE OF owned
)
UPDATE charger_connection SET disconnected_at = NULL, last_seen_at = now()
FROM mine WHERE charger_connection.charger_id = mine.charger_id

-- name: seen
-- Last-seen times, written in batches, of those chargers that are still this node's; and which of them are not. Nobody
-- waits for the disk: the next ones are seconds away, and commands' commits would wait behind it.
WITH haste AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true)
), said AS MATERIALIZED (
    SELECT u.* FROM unnest($1::text[], $2::bigint[], $3::timestamptz[]) AS u (charger_id, epoch, at), haste
), mine AS MATERIALIZED (
    SELECT said.charger_id, said.at FROM charger_connection AS owned JOIN said USING (charger_id, epoch)
    ORDER BY owned.charger_id FOR NO KEY UPDATE OF owned
), written AS (
    UPDATE charger_connection SET last_seen_at = greatest(last_seen_at, mine.at) FROM mine
    WHERE charger_connection.charger_id = mine.charger_id
)
SELECT charger_id FROM said EXCEPT SELECT charger_id FROM mine
